"""Seats as conditions on rows: who sits on which case's panel now, and which opinions are still under seal.

engine.access builds its rules from these. They know nothing of roles and take a person's id.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from engine.models import Case, Opinion, Panel, PoolMember, Seat, Task


def held(person_id: int) -> ColumnElement[bool]:
    """Tasks that are no seat's, or those of a seat that this person holds now.

    Whoever has left a seat, by recusal or because somebody took over, has lost sight of all they did there.
    """
    return or_(
        Task.seat_id.is_(None),
        exists().where(Seat.id == Task.seat_id, Seat.person_id == person_id).correlate(Task),
    )


def judged(person_id: int) -> ColumnElement[bool]:
    """Cases on whose panel this person sits and may look inside: experts once they have declared (先声明、后查看)."""
    inside = or_(Seat.state != "invited", Panel.kind != "expert")
    sits = exists().where(Panel.case_id == Case.id, Seat.panel_id == Panel.id, Seat.person_id == person_id, inside)
    return sits.correlate(Case)


def sender(panel_id: Any) -> Select[str]:
    """The office whose people a panel's members are: of a visit, who arranged it."""
    members = select(PoolMember.bureau_code).join(Seat, Seat.member_id == PoolMember.id)
    return members.where(Seat.panel_id == panel_id).limit(1)


def under_seal(person_id: int) -> ColumnElement[bool]:
    """Tasks whose answers are an opinion that only its author may read: the panel is not opened yet.

    Blind means blind for all: colleagues, the bureau's officers and leaders, whoever exports or ranks.
    """
    return (
        exists()
        .where(
            and_(
                Opinion.task_id == Task.id,
                Opinion.person_id != person_id,
                Seat.id == Opinion.seat_id,
                Panel.id == Seat.panel_id,
                Panel.opened_at.is_(None),
            )
        )
        .correlate(Task)
    )


def same_hand(task: Task) -> list[ColumnElement[bool]]:
    """Tasks of the same office; of a seat, those of the same holder on the same seat."""
    if task.seat_id is None:
        return [Task.organisation_code == task.organisation_code, Task.seat_id.is_(None)]
    return [Task.seat_id == task.seat_id, Task.assignee_id == task.assignee_id]


def for_eyes_of(person_id: int, task: Task) -> bool:
    """Whether what was answered before at this step may be shown to this person: of a seat, to its holder alone."""
    return task.seat_id is None or task.assignee_id == person_id


def begun(session: Session, task: Task, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """What the holder of a seat begins with: a question asked is no answer; what was written beside it is kept."""
    kept: Mapping[str, Any] | None = session.scalar(
        select(Seat.kept).where(Seat.id == task.seat_id, Seat.person_id == task.assignee_id)
    )
    if earlier.get("decision") != "ask":
        return dict(earlier)
    return dict(kept or {})
