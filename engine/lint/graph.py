"""A process as a graph: its steps, the ways between them, what can be reached and what runs in circles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from engine import xml

CHOICES = {"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"}  # what lies behind them is only a possibility
WAITING = {"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway", "callActivity", "boundaryEvent"}


@dataclass
class Scope:
    """One process or embedded sub-process: the steps directly in it, by id, and the flows between them."""

    element: etree._Element
    nodes: dict[str, etree._Element] = field(default_factory=dict)
    flows: list[etree._Element] = field(default_factory=list)

    @cached_property
    def outgoing(self) -> dict[str, list[etree._Element]]:
        return {node: [flow for flow in self.flows if flow.get("sourceRef") == node] for node in self.nodes}

    @cached_property
    def incoming(self) -> dict[str, list[etree._Element]]:
        return {node: [flow for flow in self.flows if flow.get("targetRef") == node] for node in self.nodes}

    @cached_property
    def attached(self) -> dict[str, list[str]]:
        """The boundary events of each step."""
        events: dict[str, list[str]] = {node: [] for node in self.nodes}
        for name, node in self.nodes.items():
            if self.kind(name) == "boundaryEvent":
                events[node.get("attachedToRef", "")].append(name)
        return events

    @cached_property
    def next(self) -> dict[str, list[str]]:
        """Where a token may go from each step, its boundary events included."""
        return {node: [*self._targets(node), *self.attached[node]] for node in self.nodes}

    def kind(self, node: str) -> str:
        """The BPMN name of a step."""
        return xml.local(self.nodes[node])

    def of_kind(self, *kinds: str) -> list[str]:
        return [node for node in self.nodes if self.kind(node) in kinds]

    def reachable(self) -> set[str]:
        """The steps that a token can come to from a start event."""
        return _closure(self.of_kind("startEvent"), self.next)

    def cyclic(self) -> set[str]:
        """The steps that lie on a circle."""
        return {node for node in self.nodes if node in _closure(self.next[node], self.next)}

    def definite_cycle(self) -> list[str]:
        """Steps on a circle without a gateway to leave it by; SpiffWorkflow would predict it for ever."""
        return self._cycle_among(lambda node: self.kind(node) not in CHOICES, self._definite)

    def busy_cycle(self) -> list[str]:
        """Steps on a circle in which nobody and nothing is waited for."""
        return self._cycle_among(lambda node: not waits(self.nodes[node]), self.next)

    def predicted(self) -> dict[str, int]:
        """How many tasks SpiffWorkflow creates looking ahead from each step: what follows a join, once a branch."""
        sizes: dict[str, int] = {}
        for node in self._deepest_first():
            events = self.attached[node]
            own = 3 + 3 * len(events) if events else 1  # a split and a join are put around a step with boundary events
            own += 2 * (self.kind(node) == "endEvent")  # and two tasks of SpiffWorkflow's own behind every end
            ahead = sum(sizes.get(target, 1) for target in self._definite[node])
            sizes[node] = own + (ahead if self.kind(node) not in CHOICES else 2 * len(self._definite[node]))
        return sizes

    def longest_descent(self) -> int:
        """How deep SpiffWorkflow's parser goes: it follows the flows in their order and never enters a step twice."""
        seen: set[str] = set()
        deepest = 0
        stack = [(node, 1) for node in reversed(self.of_kind("startEvent"))]
        while stack:
            node, depth = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            deepest = max(deepest, depth)
            onward = [*self.attached[node], *self._targets(node)]
            stack.extend((target, depth + 1) for target in reversed(onward))
        return deepest

    def _targets(self, node: str) -> list[str]:
        return [flow.get("targetRef", "") for flow in self.outgoing[node]]

    @cached_property
    def _definite(self) -> dict[str, list[str]]:
        return {node: self._targets(node) for node in self.nodes}

    def _cycle_among(self, wanted: Callable[[str], bool], ways: dict[str, list[str]]) -> list[str]:
        inner = {node: [n for n in ways[node] if wanted(n)] for node in self.nodes if wanted(node)}
        return [node for node in inner if node in _closure(inner[node], inner)]

    def _deepest_first(self) -> Iterator[str]:
        """Every step after those that surely follow it. Circles must have been refused before, or are cut somewhere."""
        done: set[str] = set()
        for root in self.nodes:
            stack = [(root, False)]
            while stack:
                node, ready = stack.pop()
                if ready:
                    yield node
                elif node not in done:
                    done.add(node)
                    stack.append((node, True))
                    if self.kind(node) not in CHOICES:
                        stack.extend((target, False) for target in self._definite[node])


def scopes(root: etree._Element) -> list[Scope]:
    """The processes and sub-processes of a document, outer ones first."""
    found = []
    for element in root.iter(xml.tag("process"), xml.tag("subProcess"), xml.tag("transaction")):
        scope = Scope(element)
        for child in element:
            if xml.is_flow_node(child):
                scope.nodes[child.get("id", "")] = child
            elif child.tag == xml.tag("sequenceFlow"):
                scope.flows.append(child)
        found.append(scope)
    return found


def waits(node: etree._Element) -> bool:
    """Does a token stop here until somebody acts, a message comes or time passes?"""
    if xml.local(node) in xml.SUBPROCESSES:
        return any(waits(child) for child in node if xml.is_flow_node(child))
    return xml.local(node) in WAITING


def _closure(begin: list[str], ways: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    queue = list(begin)
    while queue:
        node = queue.pop()
        if node not in found:
            found.add(node)
            queue.extend(ways[node])
    return found
