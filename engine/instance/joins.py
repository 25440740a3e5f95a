"""Joins that count tokens: one of each incoming flow is consumed, and each branch brings what it changed.

SpiffWorkflow 3.2.0 counts stale tokens inside loops and fires early, and lets the last branch's copy of all data win.
"""

from typing import Any

from engine.instance import merging, tree


def _arrivals(join: Any, task: Any) -> list[Any]:
    """The tokens that stand before `join`, in order of arrival: every waiting one, and `task` itself."""
    waiting = [t for t in task.workflow.tasks.values() if t.task_spec is join and t.state == tree.WAITING]
    return [*sorted((t for t in waiting if t is not task), key=lambda t: t.last_state_change), task]


def update(join: Any, task: Any) -> bool:
    """Fire when the join's rule is met: consume one token of each incoming flow, keep the others."""
    if not join._check_threshold_unstructured(task):
        task._set_state(tree.WAITING)
        return False
    used: dict[str, Any] = {task.parent.task_spec.name: task}
    for arrival in _arrivals(join, task):
        used.setdefault(arrival.parent.task_spec.name, arrival)
    consumed = sorted(used.values(), key=lambda t: t.parent.last_state_change)
    fork = tree.common_ancestor(consumed)
    task.data = merging.three_way(fork.data, [t.parent.data for t in consumed])
    for other in consumed:
        if other is not task:
            other.cancel()
    return True


def every_flow_arrived(join: Any, task: Any) -> bool:
    return {t.parent.task_spec.name for t in _arrivals(join, task)} >= {spec.name for spec in join.inputs}
