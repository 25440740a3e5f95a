"""The register of what is owed by when: by clusters, and by the bureau to clusters, publicity periods and rounds."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import literal_column, select, update
from sqlalchemy.orm import Session

from config.regime import Regime
from engine import calendars, clock, due_dates, singly
from engine.calendar import Calendar, Counted
from engine.due_dates import PUBLICITY, ROUND_CLOSING, Owed, Placed
from engine.models import Cluster, Notice, Obligation, Round

# The ground that a date which was not met may be. Every other one a person has to see.
GROUND_OF: Final = {due_dates.EXPIRY: "renewal", "annual_report": "report"}


def of_cluster(session: Session, cluster: Cluster, regime: Regime, published_on: date, last_day: date) -> None:
    """Note what a cluster owes from its publication to its last valid day. Rows that are there stay as they are."""
    calendar = calendars.of(session, cluster.bureau_code)
    query = select(Obligation.kind, Obligation.year).where(Obligation.cluster_id == cluster.id)
    there = {(kind, year) for kind, year in session.execute(query)}
    for due in due_dates.owed(regime, calendar, published_on, last_day):
        if (due.kind, due.year) not in there:
            row = _row(regime.name, cluster.bureau_code, due, calendar)
            row.cluster_id = cluster.id
            schedule(row, regime)
            session.add(row)
    session.flush()


def schedule(row: Obligation, regime: Regime) -> None:
    """When the case of this row opens by the regime's rules, and when not having met it becomes a finding."""
    day = regime.opens_on(row.kind, row.printed_on)
    row.opens_at = due_dates.start_of(day) if day else None
    ground = regime.grounds.get(GROUND_OF.get(row.kind, ""))
    days = ground.days_after if ground else None
    row.finds_at = row.due_at + timedelta(days=days, seconds=1) if days is not None else None


def of_publicity(session: Session, notice: Notice, counted: Counted, clause: str, calendar: Calendar) -> None:
    """Note the end of a publicity period: the last day that the notice prints, which is the latest it can be."""
    last = counted.latest
    at = Placed(last, counted.earliest, last, counted.provisional)
    row = _row(notice.regime, notice.bureau_code, Owed(PUBLICITY, last.year, last, at, clause), calendar)
    row.notice_id = notice.id
    session.add(row)
    session.flush()


def of_round(session: Session, round_: Round, closes_at: datetime, clause: str) -> None:
    """Note the closing minute of a round, or that it was moved."""
    day = closes_at.astimezone(clock.SHANGHAI).date()
    row = session.scalar(select(Obligation).where(Obligation.round_id == round_.id))
    if row is None:
        due = Owed(ROUND_CLOSING, day.year, day, due_dates.certain(day), clause)
        row = _row(round_.regime, round_.bureau_code, due, calendars.of(session, round_.bureau_code))
        row.round_id = round_.id
        session.add(row)
    elif row.due_at == closes_at:
        return
    row.year, row.printed_on, row.effective_on, row.earliest_on, row.latest_on = day.year, day, day, day, day
    row.due_at, row.planned_at = closes_at, None
    session.flush()


def move(row: Obligation, at: Placed, calendar: Calendar) -> bool:
    """Put an open date where it lies by a new calendar; its reminders are planned anew. True if the day is another.

    The printed date stays as it is.
    """
    moved = row.effective_on != at.effective_on
    if moved:
        due_at = due_dates.end_of(at.effective_on)
        row.finds_at = row.finds_at + (due_at - row.due_at) if row.finds_at else None
        row.effective_on, row.due_at, row.planned_at = at.effective_on, due_at, None
    row.earliest_on, row.latest_on, row.provisional = at.earliest_on, at.latest_on, at.provisional
    row.calendar_revision = calendar.revision
    return moved


def amend(row: Obligation, due: Owed, calendar: Calendar) -> bool:
    """Put an open date where a changed rule has it. True if its printed or its effective day is another."""
    reprinted = row.printed_on != due.printed_on
    row.printed_on, row.year, row.clause = due.printed_on, due.year, due.clause
    moved = move(row, due.placed, calendar)
    if reprinted:
        row.planned_at = None
    return moved or reprinted


def settle(
    session: Session,
    state: str,
    *,
    round_id: int | None = None,
    publicity_of: int | None = None,
    cluster_id: int | None = None,
) -> None:
    """Close what is open of a round, of its publicity notices, or of a cluster: met or cancelled, reminders with it."""
    of = Obligation.round_id == round_id if cluster_id is None else Obligation.cluster_id == cluster_id
    if publicity_of is not None:
        of = Obligation.notice_id.in_(select(Notice.id).where(Notice.round_id == publicity_of))
    closed = update(Obligation).where(of, Obligation.state == "open").values(state=state, settled_at=clock.now())
    session.execute(closed, execution_options={"synchronize_session": False})


def unplanned(session: Session, limit: int) -> Sequence[Obligation]:
    """Open rows whose reminders are not written down, locked; what another node has in hand is left to it."""
    query = select(Obligation).where(Obligation.state == literal_column("'open'"), Obligation.planned_at.is_(None))
    query = query.where(singly.not_aside(session, Obligation))
    locked = query.order_by(Obligation.id).limit(limit).with_for_update(skip_locked=True, key_share=True)
    return session.scalars(locked).all()


def _row(regime: str, bureau_code: str, due: Owed, calendar: Calendar) -> Obligation:
    return Obligation(
        regime=regime,
        bureau_code=bureau_code,
        kind=due.kind,
        year=due.year,
        printed_on=due.printed_on,
        effective_on=due.placed.effective_on,
        due_at=due_dates.end_of(due.placed.effective_on),
        earliest_on=due.placed.earliest_on,
        latest_on=due.placed.latest_on,
        provisional=due.placed.provisional,
        calendar_revision=calendar.revision,
        clause=due.clause,
        owed_by=bureau_code if due.by_bureau else None,
        state="open",
    )
