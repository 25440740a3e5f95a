"""The tree of an instance's tasks: the last one above all of some, and forgetting what lies before it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

WAITING, UNFINISHED = 8, 63  # SpiffWorkflow's TaskState.WAITING and NOT_FINISHED_MASK; a test compares


def common_ancestor(tasks: list[Any]) -> Any:
    """The lowest task above every one of `tasks`."""
    lines = []
    for task in tasks:
        line = [task.parent]
        while line[-1].parent is not None:
            line.append(line[-1].parent)
        lines.append(line[::-1])
    return [level[0] for level in zip(*lines, strict=False) if all(task is level[0] for task in level)][-1]


def path(task: Any) -> str:
    """Call activities and multi-instance indices above a task: "publicity/", "reviews[2]/"."""
    parts = []
    place = task
    while True:
        index = place.internal_data.get("key_or_index", place.internal_data.get("item"))
        if place is not task:
            parts.append(place.task_spec.bpmn_id + (f"[{index}]" if index is not None else "") + "/")
        elif index is not None:
            parts.append(f"[{index}]/")
        if place.workflow.parent_task_id is None:
            return "".join(reversed(parts))
        place = place.workflow.top_workflow.get_task_from_id(place.workflow.parent_task_id)


def known(inner: Any) -> set[UUID]:
    """The ids of all tasks, those of sub-processes too."""
    return set(inner.tasks).union(*(sub.tasks for sub in inner.subprocesses.values()))


def put(tasks: Iterable[Any], variables: Mapping[str, Any]) -> None:
    """Let these tasks know the variables."""
    for task in tasks:
        task.data.update(variables)
        if task.parent is not None:  # a waiting step takes its data from there again whenever it is looked at
            task.parent.data.update(variables)


def known_to(tasks: Iterable[Any]) -> dict[str, Any]:
    """What these tasks know; where two know different things, what the later one knows."""
    found: dict[str, Any] = {}
    for task in tasks:
        found |= task.data
    return found


def delay(inner: Any, waiting: Iterable[Any], steps: Mapping[str, tuple[datetime, datetime]]) -> list[str]:
    """Give the boundary timers of these steps that fire at the first moment the second; answers where they stand."""
    delayed = []
    beside = {id(inner.get_task_from_id(UUID(step)).parent): moments for step, moments in steps.items()}
    for task in waiting:
        old, new = beside.get(id(task.parent), (None, None))
        value = task.internal_data.get("event_value")
        if new is not None and isinstance(value, str) and _moment(value) == old:
            task.internal_data["event_value"] = new.isoformat()
            delayed.append(path(task) + task.task_spec.bpmn_id)
    return delayed


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # a length of time
        return None


def postpone(waiting: Iterable[Any], variable: str, moment: str) -> None:
    """Give the timers that read their moment from this variable another one; SpiffWorkflow asks for it but once."""
    for task in waiting:
        if task.internal_data.get("event_value") == task.data.get(variable):
            task.internal_data["event_value"] = moment


def forget(task: Any) -> None:
    """Nothing waits any more for a task that was removed, nor runs for it."""
    top = task.workflow.top_workflow
    top.event_manager.remove_task(task)
    sub = top.subprocesses.pop(task.id, None)
    for inner in list(sub.tasks.values()) if sub else ():
        forget(inner)


def prune(inner: Any) -> None:
    """Forget the finished history of an instance, and the sub-processes that are over.

    History above an open split stays until its join. Data is whole
    in every task, so nothing is lost. Without this a completion grows to 120 ms at 2,000 steps.
    """
    for workflow in (inner, *inner.subprocesses.values()):
        _prune(workflow)
    for task_id, sub in list(inner.subprocesses.items()):
        if sub.completed or task_id not in known(inner):
            del inner.subprocesses[task_id]


def _prune(workflow: Any) -> None:
    """Hang the last finished task above all unfinished ones under the root."""
    root = workflow.task_tree
    keep = _last_above_all(root, _at_or_above_open(workflow))
    if keep is root:
        return
    kept, queue = {root.id}, [keep]
    while queue:
        task = queue.pop()
        kept.add(task.id)
        queue.extend(task.children)
    root._children = [keep.id]
    keep._parent = root.id
    for task_id in [task_id for task_id in workflow.tasks if task_id not in kept]:
        del workflow.tasks[task_id]


def _at_or_above_open(workflow: Any) -> set[UUID]:
    found: set[UUID] = set()
    for task in workflow.tasks.values():
        place = task if task.has_state(UNFINISHED) else None
        while place is not None and place.id not in found:
            found.add(place.id)
            place = place.parent
    return found


def _last_above_all(root: Any, leads_on: set[UUID]) -> Any:
    keep = root
    while True:
        onward = [child for child in keep.children if child.id in leads_on]
        if len(onward) != 1 or onward[0].has_state(UNFINISHED):
            return keep
        keep = onward[0]
