"""A case lived again from its record, on other diagrams than those it was lived on.

The record decides what happened and when: a time limit that has fired fires, whatever the new diagram says of it, and
one that has not does not. What a step's own words compute is computed for the moment in which it happened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeAlias

from config.errors import JiqunError
from config.sentences import said
from engine import clock
from engine.bpmn import Workflow
from engine.deployments import Deployed
from engine.models import Event

PAST, NEVER = "1970-01-01T00:00:00+00:00", "9999-01-01T00:00:00+00:00"

# What of the record changes the instance; all other entries tell of something else. A suspension moves timers alone,
# and those wait for the moments that the case has now.
OPENED: Final = "case.opened"
EXTENDED: Final = "case.extended"
MESSAGE: Final = "message.received"
TIMER: Final = "timer.fired"
DONE: Final = "task.closed"
REPAIRED: Final = "incident.repaired"
REPLAYED: Final = frozenset({OPENED, EXTENDED, MESSAGE, TIMER, DONE, REPAIRED})

_Act: TypeAlias = Callable[[Workflow], None]


class Unreplayable(JiqunError):
    """The record does not lead anywhere on these diagrams; `element` is where it leaves them, with its path."""

    code = "unreplayable"

    def __init__(self, why: str, element: str, so_far: "Replayed | None") -> None:
        super().__init__(why, element=element)
        self.element, self.so_far = element, so_far


class RecordGone(JiqunError):
    """An entry that a replay needs was erased by law, or is not there."""

    code = "record_gone"


@dataclass
class Replayed:
    """How far a case was lived again."""

    workflow: Workflow
    passed: list[str] = field(default_factory=list)  # elements with their paths, in order
    skipped: list[str] = field(default_factory=list)  # of these, those that the case itself never passed


def replay(target: Deployed, process: str, record: Sequence[Event]) -> Replayed:
    """The case as it would stand on `target` now. Raises RecordGone, Unreplayable."""
    lived: Replayed | None = None
    for event in record:
        act = None if lived is None else _act(event)
        if lived is None and event.kind != OPENED:
            continue
        try:
            with clock.replaced_by(partial(_same, event.at)):
                if lived is None:
                    lived = Replayed(_start(target, process, event))
                elif act is not None:
                    _held(lived.workflow, act)
                else:
                    continue
        except RecordGone:
            raise
        except JiqunError as error:
            raise Unreplayable(error.message, event.element or process, lived) from error
        _note(lived, event)
    if lived is None:
        raise RecordGone(said("办理记录中没有办件的开始"))
    return lived


def _same(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _start(target: Deployed, process: str, event: Event) -> Workflow:
    return Workflow.start(target.specs(process), _payload(event)["start"], target.words)


def _act(event: Event) -> _Act | None:
    """What an entry of the record did to the instance."""
    told = event.payload
    if event.kind not in REPLAYED:
        return None
    if told is None:
        raise RecordGone(said("办理记录中有内容已依法删除，不能据此重演"), seq=event.seq)
    if event.kind == TIMER:
        return partial(_fire, told["passed"])
    if event.kind == MESSAGE:
        return partial(_hear, told["name"], told["payload"])
    if event.kind == EXTENDED:
        return lambda workflow: workflow.postpone("closes_at", told["closes_at"])
    if event.kind == DONE:
        return partial(_do, event.element or "", told)
    return lambda workflow: workflow.set_variables(told["variables"])


def _payload(event: Event) -> Mapping[str, Any]:
    if event.payload is None or "start" not in event.payload:
        raise RecordGone(said("办理记录中没有办件开始时的数据，不能据此重演"), seq=event.seq)
    return event.payload  # type: ignore[no-any-return]  # JSON


def _held(workflow: Workflow, act: _Act) -> None:
    """Do it while no timer fires but those that the record names; the others wait on for what they waited for."""
    before = workflow.timers()
    workflow.set_timers({here: [NEVER] * len(values) for here, values in before.items() if _is_moment(values)})
    act(workflow)
    held = {here: values for here, values in workflow.timers().items() if NEVER in values}
    workflow.set_timers({here: before[here] for here in held})


def _fire(passed: Sequence[str], workflow: Workflow) -> None:
    due = {here: [PAST] for here, values in workflow.timers().items() if here in passed and _is_moment(values)}
    workflow.set_timers(due)
    workflow.wake()


def _hear(name: str, payload: Any, workflow: Workflow) -> None:
    workflow.deliver(name, payload)


def _do(here: str, told: Mapping[str, Any], workflow: Workflow) -> None:
    if told.get("fired"):  # as a completion does: what was due fires first
        _fire(told["passed"], workflow)
    step = next((step for step in workflow.ready() if step.path + step.element == here), None)
    if step is None:
        raise JiqunError(said("按这一版本，此时没有这一环节可办"), element=here)
    workflow.complete(step.id, told["variables"])


def _is_moment(values: Sequence[Any]) -> bool:
    """A repeated timer counts by itself; all others wait for one moment."""
    return all(isinstance(value, str) for value in values)


def _note(lived: Replayed, event: Event) -> None:
    passed, told = list(lived.workflow.journal.passed), event.payload or {}
    before = list(told.get("passed", ()))
    by_hand = [event.element] if event.element and event.kind == DONE else []
    lived.passed += [*by_hand, *passed]  # the journal has what the engine did by itself
    lived.skipped += [here for here in passed if here not in before]
    lived.workflow.dump()  # as each command does: pruned, and the journal begins anew
