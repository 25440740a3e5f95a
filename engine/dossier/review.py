"""Of panels, visits and objections what a dossier says: no opinion before its panel is opened, no objector ever."""

from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Case, Inspection, Objection, Opinion, Panel, Person, Sample, Seat, Stance

Rows: TypeAlias = list[dict[str, Any]]


def blind_seats(session: Session, case: Case) -> set[int]:
    """The seats of expert panels that are not opened yet: what they wrote is nobody's to read."""
    query = select(Seat.id).join(Panel, Panel.id == Seat.panel_id)
    return set(
        session.scalars(query.where(Panel.case_id == case.id, Panel.kind == "expert", Panel.opened_at.is_(None)))
    )


def panels(session: Session, case: Case) -> Rows:
    """Each panel, how it was drawn, and who sat on it."""
    found = session.scalars(select(Panel).where(Panel.case_id == case.id).order_by(Panel.id)).all()
    seated = (
        select(Seat, Person.name)
        .join(Person, Person.id == Seat.person_id)
        .where(Seat.panel_id.in_([panel.id for panel in found]))
        .order_by(Seat.number)
    )
    seats: dict[int, Rows] = {}
    for seat, name in session.execute(seated):
        told = {"number": seat.number, "member": seat.member_id, "person": name, "origin": seat.origin}
        seats.setdefault(seat.panel_id, []).append({**told, "state": seat.state, "since": seat.since})
    return [
        {
            "panel": panel.id,
            "kind": panel.kind,
            "number": panel.number,
            "wanted": panel.wanted,
            "seed": panel.seed,
            "candidates": panel.candidates,
            "drawn_at": panel.drawn_at,
            "drawn_by": panel.drawn_by,
            "opened_at": panel.opened_at,
            "concluded_at": panel.concluded_at,
            "seats": seats.get(panel.id, []),
        }
        for panel in found
    ]


def opinions(session: Session, case: Case) -> Rows:
    """The opinions of opened panels, each with what colleagues said to it."""
    query = (
        select(Opinion, Seat.number, Panel.number.label("panel"), Person.name)
        .join(Seat, Seat.id == Opinion.seat_id)
        .join(Panel, Panel.id == Seat.panel_id)
        .join(Person, Person.id == Opinion.person_id)
        .where(Opinion.case_id == case.id, Panel.opened_at.is_not(None))
        .order_by(Panel.number, Seat.number, Opinion.made_at, Opinion.task_id)
    )
    found = session.execute(query).all()
    said = (
        select(Stance, Seat.number)
        .join(Seat, Seat.id == Stance.seat_id)
        .where(Stance.opinion_id.in_([row.Opinion.task_id for row in found]))
        .order_by(Seat.number, Stance.made_at)
    )
    stances: dict[str, Rows] = {}
    for stance, seat in session.execute(said):
        told = {"seat": seat, "agrees": stance.agrees, "remark": stance.remark, "made_at": stance.made_at}
        stances.setdefault(stance.opinion_id, []).append(told)
    return [
        {
            "task": row.Opinion.task_id,
            "panel": row.panel,
            "seat": row.number,
            "person": row.name,
            "revision": row.Opinion.revision,
            "scores": row.Opinion.scores,
            "total": row.Opinion.total,
            "conclusion": row.Opinion.conclusion,
            "made_at": row.Opinion.made_at,
            "stances": stances.get(row.Opinion.task_id, []),
        }
        for row in found
    ]


def samples(session: Session, case: Case) -> Rows:
    """The draws that this case was part of."""
    query = select(Sample).where(Sample.round_id == (case.round_id or 0)).order_by(Sample.id)
    return [
        {
            "rule": row.rule,
            "seed": row.seed,
            "listed": row.listed,
            "drawn": row.drawn,
            "added": [added for added in row.added if added.get("case") == case.id],
            "drawn_at": row.drawn_at,
            "drawn_by": row.drawn_by,
        }
        for row in session.scalars(query)
        if case.id in row.listed or any(added.get("case") == case.id for added in row.added)
    ]


def inspections(session: Session, case: Case) -> Rows:
    """The appointments of visits; what was found stands with the step's answers."""
    query = select(Inspection).where(Inspection.case_id == case.id).order_by(Inspection.id)
    return [
        {
            "panel": row.panel_id,
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "place": row.place,
            "contact": row.contact,
            "sequence": row.sequence,
            "cancelled_at": row.cancelled_at,
        }
        for row in session.scalars(query)
    ]


def objections(session: Session, case: Case) -> Rows:
    """That something was objected and what became of it. Who said it, and in which words, is for its handlers."""
    query = select(Objection).where(Objection.target_case_id == case.id).order_by(Objection.id)
    return [
        {
            "notice": row.notice_id,
            "received_at": row.received_at,
            "late": row.late,
            "state": row.state,
            "decided_at": row.decided_at,
        }
        for row in session.scalars(query)
    ]
