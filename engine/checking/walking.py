"""Walking a diagram without an office: a real instance, what can be done to it next, and which flows that crossed."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

from engine import bpmn, clock
from engine.checking.given import Given
from engine.instance import tree
from engine.instance.journal import Specs, Words

Crossed: TypeAlias = tuple[str, str, str]  # the process or sub-process, and the two elements a flow lies between

_INDEX = re.compile(r"\[[^\]]*\]")
COMPLETED = 64  # SpiffWorkflow's TaskState.COMPLETED; a test compares


@dataclass(frozen=True)
class Deed:
    """One thing that somebody did, or that time or another case did, on the way."""

    kind: Literal["begun", "answered", "message", "timer"]
    element: str  # with the calls above it: "intake/acceptance"; the message's name
    name: str  # of the step, in the diagram's words
    given: Any  # variables, or what the message brings
    beside: str = ""  # what else is open where it is done

    @cached_property
    def key(self) -> str:
        """The same deed at a like place, whichever of several side by side it was done to."""
        return f"{self.kind} {_INDEX.sub('[]', self.element)} {_plain(self.given)} {self.beside}"

    def plain(self) -> dict[str, Any]:
        return {"kind": self.kind, "element": self.element, "name": self.name, "given": self.given}


class Walk(bpmn.Workflow):
    """An instance that tells which flows its last run crossed, and whether it stands where another one stood."""

    def crossed(self) -> set[Crossed]:
        """The flows that tokens went along, as far as the tree still holds them: ask before `dump`."""
        return {
            (workflow.spec.name, source, task.task_spec.bpmn_id)
            for workflow in (self._inner, *self._inner.subprocesses.values())
            for task in workflow.tasks.values()
            if task.state >= tree.WAITING and task.task_spec.bpmn_id and (source := _came_from(task))
        }

    def entered(self) -> set[tuple[str, str]]:
        """The processes and elements that tokens came to, as far as the tree still holds them."""
        return {
            (workflow.spec.name, task.task_spec.bpmn_id)
            for workflow in (self._inner, *self._inner.subprocesses.values())
            for task in workflow.tasks.values()
            if tree.WAITING <= task.state <= COMPLETED and task.task_spec.bpmn_id
        }

    def stands(self) -> str:
        """Where it is and what it knows there, in a few letters."""
        found = [(tree.path(task), task.task_spec.name, task.state, _plain(task.data)) for task in self._open()]
        return hashlib.blake2b(repr(sorted(found)).encode(), digest_size=16).hexdigest()

    def knows(self) -> dict[str, Any]:
        """What stands in the data of all that is open."""
        found: dict[str, Any] = {}
        for task in self._open():
            found |= task.data
        return found

    def holds(self) -> list[str]:
        """The elements at which a token stands, with the calls above them."""
        return sorted(tree.path(task) + task.task_spec.bpmn_id for task in self._open() if task.task_spec.bpmn_id)

    def _open(self) -> list[Any]:
        return [
            task
            for workflow in (self._inner, *self._inner.subprocesses.values())
            for task in workflow.tasks.values()
            if tree.WAITING <= task.state < COMPLETED
        ]


@dataclass(frozen=True)
class Place:
    """Where a walk has come to: to go on from there as often as one likes."""

    state: bytes
    at: datetime
    deed: Deed
    before: "Place | None" = None
    depth: int = 0
    knows: Mapping[str, Any] = field(default_factory=dict)  # what its open steps have in their data

    def way(self) -> list[Deed]:
        """What was done to come here, the first thing first."""
        found: list[Deed] = []
        place: Place | None = self
        while place is not None:
            found.append(place.deed)
            place = place.before
        return found[::-1]


@dataclass
class Arrived:
    """What a deed led to."""

    crossed: set[Crossed]
    place: Place
    stands: str
    ended_at: str | None
    next: list[Deed] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)  # elements at which a token stands


def begin(specs: Specs, words: Words, given: Given, data: Mapping[str, Any], at: datetime) -> Arrived:
    """A new instance, run up to where somebody has to do something. Raises what the engine does."""
    deed = Deed("begun", specs.process, "", dict(data))
    with clock.replaced_by(lambda: at):
        walk = Walk.start(specs, data, words)
        return _arrived(walk, given, deed, None, at)


def go(specs: Specs, words: Words, given: Given, place: Place, deed: Deed) -> Arrived:
    """Do one thing more. Raises what the engine does."""
    at = place.at
    with clock.replaced_by(lambda: at):
        walk = cast(Walk, Walk.load(specs, place.state, bpmn.STATE_FORMAT, words))
        if deed.kind == "answered":
            step = next(step for step in walk.ready() if step.path + step.element == deed.element)
            walk.complete(step.id, deed.given)
        elif deed.kind == "message":
            walk.deliver(deed.element, deed.given)
        elif walk.wake_at is not None:
            at = max(at, walk.wake_at)
            with clock.replaced_by(lambda: at):
                walk.wake()
        return _arrived(walk, given, deed, place, at)


def _arrived(walk: Walk, given: Given, deed: Deed, before: Place | None, at: datetime) -> Arrived:
    crossed, stands, holds = walk.crossed(), walk.stands(), walk.holds()
    ended, ended_at = walk.ended, walk.journal.ended_at
    following = [] if ended else list(_deeds(walk, given))
    knows, depth = walk.knows(), before.depth + 1 if before else 0
    place = Place(b"" if ended else walk.dump(), at, deed, before, depth, knows)
    return Arrived(crossed, place, stands, (ended_at or "") if ended else None, following, holds)


def _deeds(walk: Walk, given: Given) -> Iterator[Deed]:
    """All that may be done here; of several steps side by side only the first one's answers differ."""
    seen, ready = set(), walk.ready()
    beside = " ".join(sorted(_INDEX.sub("[]", step.path + step.element) for step in ready))
    for step in ready:
        element = step.path + step.element
        alike = _INDEX.sub("[]", element)
        if alike not in seen:
            seen.add(alike)
            for variables in given.answers(step):
                yield Deed("answered", element, step.name, dict(variables), beside)
    for message in sorted(walk.awaits):
        for payload in given.payloads(message):
            yield Deed("message", message, "", payload)
    if walk.wake_at is not None:
        yield Deed("timer", "", "", None)


def _came_from(task: Any) -> str | None:
    """The element before: what SpiffWorkflow puts between two elements has no id of its own."""
    place = task.parent
    while place is not None and place.state == COMPLETED:
        if place.task_spec.bpmn_id:
            return str(place.task_spec.bpmn_id)
        place = place.parent
    return None


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
