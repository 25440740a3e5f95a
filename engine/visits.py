"""Visits: appointments of inspectors, as those who may see them read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, seats
from engine.access import Actor
from engine.errors import NotFound
from engine.models import Case, Inspection, Organisation, Panel, Person, PoolMember, Round, Seat, Task


@dataclass(frozen=True)
class Inspector:
    """Who holds a seat of the team."""

    seat: int  # its number: 1 leads
    member_id: int
    name: str  # as people call them
    employer: str


@dataclass(frozen=True)
class Visit:
    """An appointment as its page and its calendar file tell it."""

    inspection: Inspection
    title: str  # of the cluster's case
    regime: str
    round_title: str
    office: str  # the name of who arranged it
    team: tuple[Inspector, ...]
    reported: bool

    @property
    def state(self) -> str:
        """reported, cancelled or arranged."""
        return "reported" if self.reported else "cancelled" if self.inspection.cancelled_at else "arranged"


def visit(session: Session, actor: Actor, inspection_id: int) -> Visit:
    """An appointment the actor may see. Raises NotFound."""
    inspection = session.get(Inspection, inspection_id)
    if inspection is None:
        raise NotFound(said("没有这次抽查安排，或者您无权查看"))
    access.require(actor, "inspection.read", inspection)
    return _visits(session, [inspection])[0]


def visits(session: Session, actor: Actor, *, mine: bool = False, case_id: int | None = None) -> list[Visit]:
    """The appointments the actor may see, the next one first, then those that are over. `mine`: on whose team I am."""
    query = select(Inspection).where(access.visible_inspections(actor))
    if case_id is not None:
        query = query.where(Inspection.case_id == case_id)
    if mine:
        query = query.where(Inspection.panel_id.in_(select(Seat.panel_id).where(Seat.person_id == actor.person_id)))
    found = _visits(session, session.scalars(query.order_by(Inspection.starts_at, Inspection.id)).all())
    return sorted(found, key=lambda each: each.state != "arranged")


def report_task(session: Session, actor: Actor, visited: Visit) -> str:
    """The open task in which the actor reports this visit; empty where it is not theirs."""
    seats = select(Seat.id).where(Seat.panel_id == visited.inspection.panel_id)
    mine = select(Task.id).where(Task.seat_id.in_(seats), access.tasks_for(actor)).limit(1)
    return session.scalar(mine) or ""


def team(session: Session, seat_id: int) -> list[tuple[int, str]]:
    """The team with this seat, the leader first: number in the pool, and name with employer."""
    panel = select(Seat.panel_id).where(Seat.id == seat_id).scalar_subquery()
    rows = session.execute(_TEAM.where(Seat.panel_id == panel))
    return [(row.member_id, f"{row.display_name}（{row.employer}）") for row in rows]


def arranged_by(session: Session, visited: Visit) -> str:
    """The code of the office that arranged it, of whose pool its team is."""
    return session.scalars(seats.sender(visited.inspection.panel_id)).one()


def shows_team(actor: Actor, visited: Visit) -> bool:
    """Whether the names of the inspectors are for this person: the bureau's own people and the team itself."""
    return access.may(actor, "inspection.team", visited.inspection)


def _visits(session: Session, inspections: Sequence[Inspection]) -> list[Visit]:
    panels = [inspection.panel_id for inspection in inspections]
    team: dict[int, list[Inspector]] = {}
    for seat in session.execute(_TEAM.where(Seat.panel_id.in_(panels))):
        who = Inspector(seat.number, seat.member_id, seat.display_name, seat.employer)
        team.setdefault(seat.panel_id, []).append(who)
    about = {row.id: row for row in session.execute(_ABOUT.where(Inspection.panel_id.in_(panels)))}
    found = []
    for inspection in inspections:
        row = about[inspection.id]
        people = tuple(team.get(inspection.panel_id, ()))
        over = row.concluded_at is not None
        found.append(Visit(inspection, row.title, row.regime, row.round_title or "", row.office, people, over))
    return found


_TEAM = (
    select(Seat.panel_id, Seat.number, Seat.member_id, Person.display_name, PoolMember.employer)
    .join(PoolMember, PoolMember.id == Seat.member_id)
    .join(Person, Person.id == Seat.person_id)
    .order_by(Seat.panel_id, Seat.number)
)
_ABOUT = (
    select(
        Inspection.id,
        Case.title,
        Case.regime,
        Round.title.label("round_title"),
        Organisation.name.label("office"),
        Panel.concluded_at,
    )
    .join(Case, Case.id == Inspection.case_id)
    .join(Panel, Panel.id == Inspection.panel_id)
    .join(Organisation, Organisation.code == seats.sender(Inspection.panel_id).correlate(Inspection).scalar_subquery())
    .outerjoin(Round, Round.id == Case.round_id)
)
