"""Inspections (实地抽查): who visits a cluster, when and where. What they find is engine.site_reports' part.

清远 第十五条（二） asks for the visit. How many go, and that none of them has a tie to the cluster, is the bureau's
own rule, as is the appointment.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config.sentences import enumerated, said
from engine import access, clock, deployments, engagements, events, organisations, outbox, seats, ties
from engine.access import Actor
from engine.conventions import OFFICERS
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import Case, Cluster, Inspection, Panel, PoolMember, Round, Seat, Task
from engine.ties import Candidate

if TYPE_CHECKING:
    from engine.acts import Answered

FORM: Final = "arrange_inspection"
KIND: Final = "inspector"
LEAST: Final = 2  # inspectors on a visit
MOST: Final = 10
_CHANGED: Final = "inspection_changed"  # the letter to the applicant
_STEP: Final = "arrange"  # the diagram's step that made the appointment
_LINE, _REASON = 200, 500  # characters


@dataclass(frozen=True)
class Appointment:
    """When and where; `contact` is an office and its number, never a person."""

    starts_at: datetime
    ends_at: datetime
    place: str
    contact: str


def arrange(answered: "Answered") -> Mapping[str, Any]:
    """Seat the inspectors and make the appointment; gives `lead`, the seat of who leads and reports.

    Raises FormInvalid for fewer than two, for one who is not in the pool or not free of ties to the cluster, for a
    leader from outside the team and for a visit that ends before it begins.
    """
    session, case, answers = answered.session, answered.case, answered.answers
    chosen, leader = list(answers["inspectors"]), answers["leader"]
    appointment = appointment_of(answers)
    candidates = ties.candidates(session, case, KIND, office=answered.task.organisation_code)
    problems = [*_wrong_team(candidates, chosen, leader), *_wrong_times(appointment)]
    if problems:
        raise FormInvalid(problems)
    last = select(func.max(Panel.number)).where(Panel.case_id == case.id, Panel.kind == KIND)
    panel = Panel(
        case_id=case.id,
        round_id=case.round_id,
        kind=KIND,
        number=(session.scalar(last) or 0) + 1,
        wanted={"size": len(chosen)},
        seed="",
        candidates=_listed(candidates),
        drawn_at=clock.now(),
        drawn_by=answered.actor.name,
    )
    session.add(panel)
    session.flush()
    _seat(session, panel, _leader_first(chosen, leader))
    inspection = Inspection(
        case_id=case.id,
        panel_id=panel.id,
        uid=secrets.token_hex(16),
        sequence=0,
        arranged_at=clock.now(),
        **_columns(appointment),
    )
    session.add(inspection)
    session.flush()
    _record(session, answered.actor, inspection, "inspection.arranged", case=case, candidates=_listed(candidates))
    lead = select(Seat.id).where(Seat.panel_id == panel.id, Seat.number == 1)
    return {"lead": session.scalars(lead).one()}


def change(
    session: Session,
    actor: Actor,
    inspection_id: int,
    appointment: Appointment,
    reason: str,
    *,
    inspectors: Sequence[int] = (),
    leader: int | None = None,
) -> Inspection:
    """Another time, place or team; a cancelled visit is on again. The applicant is told.

    Without `inspectors` the team stays. Raises NotFound, Forbidden, FormInvalid, Refused once the report is made.
    """
    case, inspection = _open(session, actor, inspection_id)
    office = session.scalar(seats.sender(inspection.panel_id))
    candidates = ties.candidates(session, case, KIND, office=office) if inspectors else []
    problems = [*_wrong_times(appointment), *_wrong_lines(appointment, reason)]
    if appointment.starts_at <= clock.now():
        problems.append(Problem("starts_at", "after_now", said("开始时间应晚于现在，请改为将来的时间")))
    if inspectors:
        problems += _wrong_team(candidates, inspectors, leader)
    if problems:
        raise FormInvalid(problems)
    if inspectors:
        _seat(session, session.get_one(Panel, inspection.panel_id), _leader_first(inspectors, leader))
    for name, value in _columns(appointment).items():
        setattr(inspection, name, value)
    inspection.cancelled_at = None
    _changed(session, actor, case, inspection, kind="inspection.changed", reason=reason)
    return inspection


def cancel(session: Session, actor: Actor, inspection_id: int, reason: str) -> Inspection:
    """Call the visit off; the case waits until `change` puts it on again. The applicant is told.

    Raises NotFound, Forbidden, FormInvalid without a reason, Refused once the report is made or if it is off already.
    """
    case, inspection = _open(session, actor, inspection_id)
    if inspection.cancelled_at is not None:
        raise Refused(said("本次抽查安排已经取消"), inspection=inspection.id)
    if problem := _wrong_text("reason", reason, _REASON, said("请写明取消的原因")):
        raise FormInvalid([problem])
    inspection.cancelled_at = clock.now()
    _changed(session, actor, case, inspection, kind="inspection.cancelled", reason=reason)
    return inspection


def choices(session: Session, case: Case, office: str) -> list[tuple[int, str, str | None]]:
    """Who may be chosen for a visit: id, name with employer and the visits they are on already, the reason why not."""
    found = ties.candidates(session, case, KIND, office=office)
    engaged = engagements.to_come(session, [each.member_id for each in found], without=case.id)
    return [(each.member_id, _called(each, engaged.get(each.member_id, ())), each.excluded) for each in found]


def _called(each: Candidate, visits: Sequence[Inspection]) -> str:
    name = f"{each.name}（{each.employer}）"
    if not visits:
        return name
    return said("%(name)s，另有抽查：%(visits)s", name=name, visits=enumerated(when(visit) for visit in visits))


def appointment_of(answers: Mapping[str, Any]) -> Appointment:
    """The appointment that cleaned answers make."""
    starts_at, ends_at = (datetime.fromisoformat(answers[name]) for name in ("starts_at", "ends_at"))
    return Appointment(starts_at, ends_at, answers["place"], answers["contact"])


def when(visit: "Appointment | Inspection") -> str:
    """From when until when, in Shanghai; the day of the end only where it is another."""
    starts, ends = (moment.astimezone(clock.SHANGHAI) for moment in (visit.starts_at, visit.ends_at))
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{_day(ends)}{ends:%H:%M}"
    return f"{_day(starts)}{starts:%H:%M}至{until}"


def appointed(answers: Mapping[str, Any]) -> str:
    """The appointment that these answers made, as the letter to the applicant says it."""
    return _lines(appointment_of(answers))


def _lines(appointment: Appointment) -> str:
    """One thing a line."""
    return f"时间：{when(appointment)}\n地点：{appointment.place}\n联系：{appointment.contact}"


def _day(moment: datetime) -> str:
    return f"{moment.year}年{moment.month}月{moment.day}日"


def _wrong_team(candidates: Sequence[Candidate], chosen: Sequence[int], leader: int | None) -> Iterator[Problem]:
    listed = {each.member_id: each.excluded for each in candidates}
    if not LEAST <= len(set(chosen)) <= MOST:
        yield Problem(
            "inspectors",
            "too_few",
            said("实地抽查应有 %(least)s 至 %(most)s 名抽查人员，请重新选择", least=LEAST, most=MOST),
        )
    for place, member in enumerate(chosen):
        if member not in listed:
            why = said("抽查人员名录中没有 %(member)s，请从名录中选择", member=member)
            yield Problem(f"inspectors[{place}]", "not_in_pool", why)
        elif listed[member]:
            why = said("该人员不能参加本次抽查：%(reason)s；请另选人员", reason=listed[member])
            yield Problem(f"inspectors[{place}]", "conflict", why)
    if leader not in chosen:
        yield Problem("leader", "not_in_team", said("组长应是所选的抽查人员之一"))


def _wrong_times(appointment: Appointment) -> Iterator[Problem]:
    if appointment.ends_at <= appointment.starts_at:
        yield Problem("ends_at", "before_start", said("结束时间应晚于开始时间，请核对"))


def _wrong_lines(appointment: Appointment, reason: str) -> Iterator[Problem]:
    """What a form of a diagram would see by itself."""
    asked = (
        ("place", appointment.place, _LINE, said("请填写集合地点")),
        ("contact", appointment.contact, _LINE, said("请填写联系科室和电话")),
        ("reason", reason, _REASON, said("请写明变更的原因")),
    )
    for field, text, most, why in asked:
        if problem := _wrong_text(field, text, most, why):
            yield problem


def _wrong_text(field: str, text: str, most: int, why: str) -> Problem | None:
    fits = text.strip() and len(text) <= most and text.isprintable()
    if fits:
        return None
    return Problem(field, "required", said("%(asked)s，不超过 %(limit)s 字，不能换行", asked=why, limit=most))


def _listed(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """As the panel and the record keep them."""
    return [{"member": each.member_id, "excluded": each.excluded, "wanted": True, "later": 0} for each in candidates]


def _leader_first(chosen: Sequence[int], leader: int | None) -> list[int]:
    return sorted(chosen, key=lambda member: member != leader)


def _seat(session: Session, panel: Panel, members: Sequence[int]) -> None:
    """Give the seats to these members, in this order; an open step of a seat goes to its new holder."""
    people = {row.id: row.person_id for row in session.execute(_PEOPLE.where(PoolMember.id.in_(members)))}
    there = {seat.number: seat for seat in session.scalars(select(Seat).where(Seat.panel_id == panel.id))}
    for number, member in enumerate(members, 1):
        seat = there.pop(number, None)
        if seat is not None and seat.member_id == member:
            continue
        given = {"member_id": member, "person_id": people[member], "since": clock.now()}
        if seat is None:
            session.add(Seat(panel_id=panel.id, number=number, origin="chosen", state="invited", **given))
            continue
        for name, value in given.items():
            setattr(seat, name, value)
        held = update(Task).where(Task.seat_id == seat.id, Task.state == "open")
        session.execute(held.values(assignee_id=people[member]))
    for seat in there.values():  # never the first: a team has two
        session.delete(seat)
    session.flush()


def _open(session: Session, actor: Actor, inspection_id: int) -> tuple[Case, Inspection]:
    """A visit that is not over, under the lock of its case."""
    inspection = session.get(Inspection, inspection_id)
    if inspection is None:
        raise NotFound(said("没有这次抽查安排，或者您无权查看"))
    access.require(actor, "inspection.change", inspection)
    case = session.get_one(Case, inspection.case_id, with_for_update=True, populate_existing=True)
    session.refresh(inspection, with_for_update=True)
    if session.get_one(Panel, inspection.panel_id).concluded_at is not None:
        raise Refused(said("抽查记录已经提交，抽查安排不能再变更"), inspection=inspection.id)
    if case.status != "open":
        raise Refused(said("该办件已办结或处于异常状态，抽查安排不能变更"), case=case.id)
    return case, inspection


def _changed(session: Session, actor: Actor, case: Case, inspection: Inspection, *, kind: str, reason: str) -> None:
    """What every change leads to: a higher sequence, a letter to the applicant, an entry in the record."""
    inspection.sequence += 1
    inspection.arranged_at = clock.now()
    session.flush()
    deployed = deployments.deployed(session, case.deployment_id)
    off = inspection.cancelled_at is not None
    cluster = session.get(Cluster, case.cluster_id) if case.cluster_id else None
    round_ = session.get(Round, case.round_id) if case.round_id else None
    fields = {
        "办件标题": case.title,
        "办件编号": str(case.id),
        "集群名称": cluster.name if cluster else case.title,
        "批次": round_.title if round_ else "",
        "机构": organisations.get(session, session.scalars(seats.sender(inspection.panel_id)).one()).name,
        "意见": reason.strip(),
        "安排": "原定的抽查已取消。" if off else _lines(_kept(inspection)),
        "条款": deployed.clauses.clause_of(_CHANGED, "letter") or "",
    }
    outbox.put(
        session,
        case,
        _CHANGED,
        key=f"inspection:{inspection.id}:{inspection.sequence}:{_STEP}",
        organisation_code=case.organisation_code,
        role=OFFICERS[organisations.get(session, case.organisation_code).level],
        fields=fields,
    )
    told = {"template": _CHANGED, "to": "applicant", "organisation": case.organisation_code}
    queued = events.Entry("letter.queued", case.id, element=_STEP, payload=told)
    events.append(session, case.bureau_code, actor.name, [queued])
    _record(session, actor, inspection, kind, case=case, reason=reason.strip())


def _record(session: Session, actor: Actor, inspection: Inspection, kind: str, *, case: Case, **more: Any) -> None:
    seated = select(Seat.member_id).where(Seat.panel_id == inspection.panel_id).order_by(Seat.number)
    payload = {
        "inspection": inspection.id,
        "sequence": inspection.sequence,
        "members": list(session.scalars(seated)),
        "starts_at": inspection.starts_at,
        "ends_at": inspection.ends_at,
        "place": inspection.place,
        "at_the_same_time": sorted({other.id for _name, other in engagements.overlapping(session, inspection)}),
        **more,
    }
    events.record(session, case.bureau_code, actor.name, kind, case_id=case.id, payload=payload)


def _columns(appointment: Appointment) -> dict[str, Any]:
    return {
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "place": appointment.place.strip(),
        "contact": appointment.contact.strip(),
    }


def _kept(inspection: Inspection) -> Appointment:
    return Appointment(inspection.starts_at, inspection.ends_at, inspection.place, inspection.contact)


_PEOPLE = select(PoolMember.id, PoolMember.person_id)
