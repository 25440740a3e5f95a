"""Keeping an example: made of the record of a case that is over, or of a walk of the smoke run."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.columns import dump_json
from engine.errors import Refused
from engine.examples import MAX_STEPS
from engine.models import Case, Event, Task

_TOLD: Final = ("case.opened", "task.closed", "timer.fired", "message.received")


def recorded(session: Session, case: Case, title: str, *, with_answers: bool) -> bytes:
    """The example that the record of an ended case makes. `with_answers` only where no person wrote them.

    Raises Refused for a case that is not over, or of which its record cannot make one.
    """
    if case.status != "ended" or not case.outcome:
        raise Refused("只有已经办结的办件可以存为示例")
    query = select(Event).where(Event.case_id == case.id, Event.kind.in_(_TOLD)).order_by(Event.seq)
    record = session.scalars(query).all()
    steps: list[dict[str, Any]] = []
    for event in record[1:]:
        told, at = event.payload, event.at.astimezone(clock.SHANGHAI).isoformat()
        if event.kind == "timer.fired":
            steps.append({"timer": True})
        elif event.kind == "message.received":
            steps.append({"message": told["name"], "at": at, "brings": told["payload"]})
        else:
            task = session.get_one(Task, event.task_id)
            answers = {"answers": task.answers} if with_answers else {}
            steps.append({"element": event.element, "at": at, **answers, "given": told["variables"]})
    if not record or record[0].kind != "case.opened" or len(steps) > MAX_STEPS:
        raise Refused(f"这个办件不能存为示例：记录不全，或步骤超过 {MAX_STEPS} 个")
    begins_at = record[0].at.astimezone(clock.SHANGHAI)
    about = {"title": title, "process": case.process, "begins_at": begins_at.isoformat()}
    return _written(about, record[0].payload["start"], steps, case.outcome)


def of_way(title: str, process: str, way: Sequence[Mapping[str, Any]], begins_at: datetime, end: str) -> bytes:
    """The example that a walk of the smoke run makes; `way` as it tells it."""
    steps: list[dict[str, Any]] = []
    for deed in way[1:]:
        if deed["kind"] == "answered":
            steps.append({"element": deed["element"], "given": deed["given"]})
        elif deed["kind"] == "message":
            steps.append({"message": deed["element"], "brings": deed["given"]})
        else:
            steps.append({"timer": True})
    about = {"title": title, "process": process, "begins_at": begins_at.isoformat()}
    return _written(about, way[0]["given"], steps, end)


def _written(about: Mapping[str, str], start: Mapping[str, Any], steps: Sequence[Any], end: str) -> bytes:
    told = {**about, "start": dict(start), "steps": steps, "expect": {"end": end}}
    return json.dumps(json.loads(dump_json(told)), ensure_ascii=False, indent=1).encode() + b"\n"


def titled(content: bytes, title: str) -> bytes:
    """The same example under another title."""
    return json.dumps(json.loads(content) | {"title": title}, ensure_ascii=False, indent=1).encode() + b"\n"
