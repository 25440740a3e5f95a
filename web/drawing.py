"""A case's diagrams for a viewer: the drawing itself, what was passed, and where the case stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from engine.progress import Progress, Run, Stop
from web.told import Count, Told


class Standing(Told):
    """办件停留之处。"""

    element: str
    name: str
    task_id: Annotated[str | None, Field(description="待办；等候时间、消息或其他分支的没有")]
    holder: Annotated[str, Field(description="办理人；无权知道的给出单位")]
    due_at: datetime | None


class Passed(Told):
    """经过的元素和连线，各经过几次。"""

    elements: dict[str, Count]
    flows: dict[str, Count]


class Diagram(Told):
    """一张流程图和办件在其中走过的路。"""

    path: Annotated[str, Field(description="上级调用活动；办件自己的图为空")]
    process: str
    name: str
    inside: Annotated[bool, Field(description="办件现在停留在这张图中")]
    xml: Annotated[str, Field(description="BPMN 2.0，含图形")]
    passed: Passed
    current: list[Standing]


class CaseDiagram(Diagram):
    """办件的流程图，以及各环节所调用的流程。"""

    called: list[Diagram]


def drawing(come: Progress) -> dict[str, Any]:
    """The case's own diagram; those that its steps have called stand under `called`."""
    drawn = [_drawn(run, {stop.element: stop for stop in come.stops if stop.path == run.path}) for run in come.runs]
    return {**drawn[0], "called": drawn[1:]}


def _drawn(run: Run, stops: Mapping[str, Stop]) -> dict[str, Any]:
    return {
        "path": run.path,
        "process": run.diagram.process,
        "name": run.diagram.name,
        "inside": run.inside,
        "xml": run.diagram.text,
        "passed": {"elements": dict(run.way.passed), "flows": dict(run.way.flows)},
        "current": [_current(run, element, stops.get(element)) for element in run.current],
    }


def _current(run: Run, element: str, stop: Stop | None) -> dict[str, Any]:
    return {
        "element": element,
        "name": run.diagram.nodes[element].name,
        "task_id": stop.task_id if stop else None,
        "holder": stop.holder if stop else "",
        "due_at": stop.due_at if stop else None,
    }
