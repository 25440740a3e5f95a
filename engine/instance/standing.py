"""Where an instance stands: its tokens as plain values, and the moments its timers wait for."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.instance import tree
from engine.instance.marking import Marking, Token, marking, side_by_side

OPEN = 8 | 16 | 32  # SpiffWorkflow's WAITING, READY and STARTED
FINISHED = 64  # its COMPLETED
_SPLIT, _JOIN = ".BoundaryEventSplit", ".BoundaryEventJoin"


def of(inner: Any) -> Marking:
    """Its tokens, and those of what they run; nothing once it is over."""
    return _within(inner, inner)


def timers(inner: Any) -> dict[str, list[Any]]:
    """What its waiting timers wait for, by path and element: an ISO text each, of a repeated one a mapping."""
    found: dict[str, list[Any]] = {}
    for here, task in _timed(inner):
        found.setdefault(here, []).append(task.internal_data["event_value"])
    return found


def set_timers(inner: Any, moments: Mapping[str, list[Any]]) -> None:
    """Let the waiting timers at these places wait for these moments, in the order of `timers`."""
    left = {here: list(values) for here, values in moments.items()}
    for here, task in _timed(inner):
        if left.get(here):
            task.internal_data["event_value"] = left[here].pop(0)


def _timed(inner: Any) -> Iterator[tuple[str, Any]]:
    for task in list(inner.event_manager.tasks.values()):
        if task.internal_data.get("event_value"):
            yield tree.path(task) + task.task_spec.bpmn_id, task


def _within(inner: Any, workflow: Any) -> Marking:
    open_ones = [task for task in workflow.tasks.values() if task.has_state(OPEN) and task.task_spec.bpmn_id]
    return marking(
        _token(inner, task)
        for task in open_ones
        if not _is_event(task.task_spec) and not _is_one_of_several(task)  # those are told with what they belong to
    )


def _token(inner: Any, task: Any) -> Token:
    spec = task.task_spec
    if hasattr(spec, "merge_child"):  # several at a time, or one after the other
        each = [child for child in task.children if child.task_spec.name == spec.task_spec and child.has_state(OPEN)]
        runs = tuple(_within(inner, inner.subprocesses[one.id]) for one in each if one.id in inner.subprocesses)
        return Token(spec.bpmn_id, inside=side_by_side(runs), items=0 if runs else len(each), fired=_fired(task))
    if task.id in inner.subprocesses:
        return Token(spec.bpmn_id, inside=(_within(inner, inner.subprocesses[task.id]),), fired=_fired(task))
    by = ""
    if type(spec).__name__ in {"ParallelGateway", "InclusiveGateway"}:
        came = task.parent.task_spec
        by = came.bpmn_id or came.name.removesuffix(_JOIN).removesuffix(_SPLIT)
    return Token(spec.bpmn_id, by=by, fired=_fired(task))


def _fired(task: Any) -> frozenset[str]:
    """Which boundary events of a step have fired without ending it."""
    split = task.parent
    if split is None or not split.task_spec.name.endswith(_SPLIT):
        return frozenset()
    return frozenset(
        each.task_spec.bpmn_id for each in split.children if _is_event(each.task_spec) and each.has_state(FINISHED)
    )


def _is_event(spec: Any) -> bool:
    """A boundary event."""
    return hasattr(spec, "cancel_activity")


def _is_one_of_several(task: Any) -> bool:
    return task.parent is not None and getattr(task.parent.task_spec, "task_spec", None) == task.task_spec.name
