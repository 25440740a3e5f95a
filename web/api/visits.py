"""实地抽查."""

from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import inspections, samples, visits
from engine.access import Actor
from engine.inspections import Appointment
from engine.visits import Visit
from web.api import moments
from web.given import CancelGiven, VisitGiven
from web.guard import guard
from web.operations import operation
from web.told_visits import SampleList, VisitList, VisitRow

routes = Blueprint("api_visits", __name__)


@routes.get("/visits")
@guard("inspection.list")
@operation()
def list_visits(session: Session, actor: Actor) -> VisitList:
    """实地抽查安排

    已安排的在前，按时间排列；抽查人员只列本人参加的。
    """
    return VisitList.model_validate({"items": [_told(actor, visit) for visit in visits.visits(session, actor)]})


@routes.get("/visits/<number:inspection_id>")
@guard("inspection.read")
@operation(problems={404})
def show_visit(session: Session, actor: Actor, inspection_id: int) -> VisitRow:
    """一次实地抽查安排"""
    return _one(session, actor, inspection_id)


@routes.post("/visits/<number:inspection_id>/change")
@guard("inspection.change")
@operation(problems={404, 409})
def change_visit(session: Session, actor: Actor, inspection_id: int, body: VisitGiven) -> VisitRow:
    """变更抽查安排

    改时间、地点或人员；已取消的，由此重新安排。申报主体随即收到通知。
    """
    starts_at, ends_at = moments.read("starts_at", body.starts_at), moments.read("ends_at", body.ends_at)
    appointment = Appointment(starts_at, ends_at, body.place, body.contact)
    inspections.change(
        session,
        actor,
        inspection_id,
        appointment,
        body.reason,
        inspectors=body.inspectors or (),
        leader=body.leader,
    )
    return _one(session, actor, inspection_id)


@routes.post("/visits/<number:inspection_id>/cancel")
@guard("inspection.change")
@operation(problems={404, 409})
def cancel_visit(session: Session, actor: Actor, inspection_id: int, body: CancelGiven) -> VisitRow:
    """取消抽查安排

    重新安排之前，抽查记录不能提交。申报主体随即收到通知。
    """
    inspections.cancel(session, actor, inspection_id, body.reason)
    return _one(session, actor, inspection_id)


@routes.get("/rounds/<number:round_id>/samples")
@guard("sample.read")
@operation(problems={404})
def round_samples(session: Session, actor: Actor, round_id: int) -> SampleList:
    """批次的抽查样本

    只对本局人员；种子、名单和规则齐全，可以重算。
    """
    drawn = samples.of_round(session, actor, round_id)
    return SampleList.model_validate({"items": [each.sample for each in drawn]})


def _one(session: Session, actor: Actor, inspection_id: int) -> VisitRow:
    return VisitRow.model_validate(_told(actor, visits.visit(session, actor, inspection_id)))


def _told(actor: Actor, visit: Visit) -> dict[str, Any]:
    shown = visits.shows_team(actor, visit)
    about = {name: getattr(visit.inspection, name) for name in ("id", "case_id", "starts_at", "ends_at", "place")}
    about |= {"contact": visit.inspection.contact, "sequence": visit.inspection.sequence}
    return about | {"title": visit.title, "state": visit.state, "inspectors": list(visit.team) if shown else None}
