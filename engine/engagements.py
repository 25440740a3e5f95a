"""Engagements (已有的抽查): on which visits an inspector is already, for whoever arranges another one.

No rule forbids two visits at one time, for one trip may take in neighbours: it is shown where people are chosen and
on the visit's page, it stands in the record, and a person decides.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.models import Inspection, Panel, Person, Seat


def to_come(session: Session, members: Collection[int], *, without: int) -> dict[int, list[Inspection]]:
    """Member → the visits to other cases than `without` that are not over, the next one first; no cancelled ones."""
    query = (
        select(Seat.member_id, Inspection)
        .join(Seat, Seat.panel_id == Inspection.panel_id)
        .where(Seat.member_id.in_(members), Inspection.cancelled_at.is_(None))
        .where(Inspection.ends_at > clock.now(), Inspection.case_id != without)
        .order_by(Inspection.starts_at, Inspection.id)
    )
    found: dict[int, list[Inspection]] = {}
    for member, visit in session.execute(query):
        found.setdefault(member, []).append(visit)
    return found


def overlapping(session: Session, visit: Inspection) -> list[tuple[str, Inspection]]:
    """Who of the team is on another visit at the same time: as people call them, and which. Done ones count no more."""
    if visit.cancelled_at is not None:
        return []
    team = select(Seat.person_id).where(Seat.panel_id == visit.panel_id)
    query = (
        select(Person.display_name, Inspection)
        .join(Seat, Seat.person_id == Person.id)
        .join(Panel, Panel.id == Seat.panel_id)
        .join(Inspection, Inspection.panel_id == Panel.id)
        .where(Seat.person_id.in_(team), Inspection.id != visit.id, Inspection.cancelled_at.is_(None))
        .where(Panel.concluded_at.is_(None))
        .where(Inspection.starts_at < visit.ends_at, Inspection.ends_at > visit.starts_at)
        .order_by(Inspection.starts_at, Inspection.id, Seat.number)
    )
    return [(row.display_name, row.Inspection) for row in session.execute(query)]
