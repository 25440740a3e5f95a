"""Going on without somebody: an open panel does not wait for ever for a stance, or for its chair.

Before the opening a seat is given to the next by lot (`panels.replace`); afterwards its opinion stays, and only what
is still missing is left out or said by another.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import cases, events, incidents, panels
from engine.access import Actor
from engine.errors import FormInvalid, Refused
from engine.forms import Problem
from engine.models import Case, Panel, Person, Seat, Task

_REASON = 200  # characters


def pass_over(session: Session, actor: Actor, seat_id: int, reason: str) -> Seat:
    """Wait no longer for the holder of this seat: a stance is left out, the chair's part goes to the next seat.

    Raises Forbidden, NotFound, FormInvalid without a reason, Refused where the panel does not wait for this seat.
    """
    seat = panels.find_seat(session, actor, seat_id)
    panel = session.get_one(Panel, seat.panel_id)
    reason = " ".join(reason.split())
    if not reason or len(reason) > _REASON:
        raise FormInvalid([Problem("reason", "required", said("请写明理由，不超过 %(limit)s 字", limit=_REASON))])
    case, workflow = cases.lock(session, panel.case_id)
    if case.status != "open":
        raise Refused(said("该办件处于异常状态，待流程管理人员处理后方可继续办理"), case=case.id)
    task = session.scalar(select(Task).where(Task.seat_id == seat.id, Task.state == "open").limit(1))
    step = workflow.step(task.id) if task else None
    if task is None or step is None or panel.opened_at is None:
        raise Refused(said("该席位没有等待办理的事项；意见公开之前不履行职责的，请更换专家"), seat=seat.id)
    facts = {"panel": panel.id, "seat": seat.number, "reason": reason}
    place = task.instance_path + task.element
    if step.properties.get("does") == "take_stance":
        with incidents.guarded(case, actor.name):
            workflow.complete(task.id, {"concurred": seat.id})
        left = events.Entry("seat.passed_over", case.id, task.id, place, facts)
        cases.save(session, case, workflow, actor.name, left)
        return seat
    other = _next_chair(session, panel, seat, case)
    task.seat_id, task.assignee_id = other.id, other.person_id
    kept = events.Entry("chair.passed_on", case.id, task.id, place, {**facts, "to": other.number})
    cases.save(session, case, workflow, actor.name, kept)
    return other


def _next_chair(session: Session, panel: Panel, seat: Seat, case: Case) -> Seat:
    """The seat after this one, and the first after the last, whose holder can sign in."""
    query = select(Seat).join(Person, Person.id == Seat.person_id).where(Seat.panel_id == panel.id)
    able = session.scalars(query.where(Person.disabled_at.is_(None), Seat.id != seat.id)).all()
    order = sorted(able, key=lambda each: (each.number < seat.number, each.number))
    if not order:
        raise Refused(said("专家组没有其他专家可以代为填写专家组意见"), case=case.id)
    return order[0]
