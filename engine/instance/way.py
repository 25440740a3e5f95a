"""The way a case took through its diagram, found again from the record: which flows, how often, where it stands.

The record says which elements were passed and at which steps tasks were opened, in order. Flows are not in it: they
follow from the drawing, by moving tokens along it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.diagrams import Diagram, Flow

Move: TypeAlias = tuple[Literal["reached", "entered", "passed", "left"], str]  # what became of which element

_CHOICES = {"exclusiveGateway", "eventBasedGateway"}  # one token leaves them, by one of their flows
_JOINS = {"parallelGateway", "inclusiveGateway"}
_CALLS = {"callActivity", "subProcess"}
_WAITS = {"intermediateCatchEvent", "receiveTask", *_CALLS, *_JOINS}  # without a task of their own


@dataclass(frozen=True)
class Way:
    """What of a diagram a case has walked."""

    passed: Mapping[str, int]  # element → how often
    flows: Mapping[str, int]  # sequence flow → how often
    current: tuple[str, ...]  # elements at which it stands now


@dataclass(eq=False)
class _Token:
    """It has reached an element, or stands before the flows of which it takes one."""

    at: str = ""
    before: tuple[Flow, ...] = ()


def walked(diagram: Diagram, moves: Iterable[Move]) -> Way:
    """Follow the moves of one run of `diagram`. What the record does not say any more leaves a gap, no wrong flow."""
    walk = _Walk(diagram)
    for what, element in moves:
        if element in diagram.nodes:
            getattr(walk, what)(element)
    current = walk.standing()  # first: it follows the flows on which tokens wait
    return Way(dict(walk.visits), dict(walk.taken), current)


class _Walk:
    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.tokens: list[_Token] = []
        self.visits: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()

    def reached(self, element: str) -> None:
        """A step waits there from now on."""
        self._arrive(element)
        self.tokens.append(_Token(at=element))

    def entered(self, element: str) -> None:
        """What it calls has begun; of several at a time, one."""
        if all(token.at != element for token in self.tokens):
            self.reached(element)

    def passed(self, element: str) -> None:
        node = self.diagram.nodes[element]
        if node.kind == "startEvent":
            self.tokens.clear()  # a called process may be run again
        if node.host and node.interrupts:
            self._arrive(node.host)
        elif not node.host and not self._leave(element):
            self._arrive(element)
        self.visits[element] += 1
        onward = tuple(flow for flow in self.diagram.flows if flow.source == element)
        if node.kind in _CHOICES and onward:
            self.tokens.append(_Token(before=onward))
        else:
            self.tokens += [_Token(before=(flow,)) for flow in onward]

    def left(self, element: str) -> None:
        """Its task was taken back."""
        self._leave(element)

    def standing(self) -> tuple[str, ...]:
        """Where the tokens are; one that went on without a trace is where its flow leads."""
        found: dict[str, None] = {}
        for token in self.tokens:
            if token.at:
                found[token.at] = None
                continue
            waiting = [flow for flow in token.before if self.diagram.nodes[flow.target].kind in _WAITS]
            # A call that had begun would have been entered: what can be silent beside it is where the token is.
            silent = [flow for flow in waiting if self.diagram.nodes[flow.target].kind not in _CALLS]
            waiting = silent if len(silent) == 1 else waiting
            if len(token.before) == 1 or len(waiting) == 1:
                flow = (waiting or token.before)[0]
                self.taken[flow.id] += 1
                found[flow.target] = None
            else:
                found |= dict.fromkeys(flow.target for flow in waiting)
        return tuple(found)

    def _leave(self, element: str) -> bool:
        there = next((token for token in self.tokens if token.at == element), None)
        if there:
            self.tokens.remove(there)
        return there is not None

    def _arrive(self, element: str) -> None:
        """Take the tokens that come to this element: of a join one by each flow, else the one that waits longest."""
        if self._leave(element):
            return
        arrived: set[str] = set()
        for token in list(self.tokens):
            flow = next((flow for flow in token.before if flow.target == element), None)
            if flow is None or flow.id in arrived:
                continue
            arrived.add(flow.id)
            self.taken[flow.id] += 1
            self.tokens.remove(token)
            if self.diagram.nodes[element].kind not in _JOINS:
                return
