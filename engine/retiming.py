"""Retiming: which reminders that are still to come lie at another moment now, and that they are planned anew."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Select, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from config.ladders import Ladder
from config.regime import Regime
from engine import clock, deployments, listed, reminders
from engine.calendar import Calendar
from engine.models import Case, Obligation, Reminder, Task

Id = TypeVar("Id", int, str)

_AS_READ = {"synchronize_session": False}


def stale_tasks(session: Session, bureau_code: str, days: Calendar) -> set[str]:
    """The tasks with a reminder at another moment than the calendar would have it."""
    query = (
        _pending()
        .join(Task, Task.id == Reminder.task_id)
        .join(Case, Case.id == Task.case_id)
        .where(Case.bureau_code == bureau_code, Task.state == "open", Task.due_at.is_not(None))
    )
    rungs = _Rungs(days)

    def is_stale(row: Any) -> bool:
        ladder = deployments.deployed(session, row.deployment_id).regime.ladders.get("task")
        return ladder is not None and rungs.at(ladder, row.due_at).get(row.rung) != row.fire_at

    columns = (Case.deployment_id, Task.due_at, Reminder.rung, Reminder.fire_at)
    return _which(session, query, Task.id, columns, is_stale)


def stale_obligations(
    session: Session, bureau_code: str, days: Calendar, regimes: dict[str, Regime | None]
) -> set[int]:
    """The same of what is owed; also where a working day before the date is to be added."""
    planned = (Obligation.bureau_code == bureau_code, Obligation.state == "open", Obligation.planned_at.is_not(None))
    rungs = _Rungs(days)

    def at(row: Any) -> Mapping[str, datetime] | None:
        regime = rules(session, row.regime, regimes)
        ladder = regime.ladders.get(row.kind) if regime else None
        return rungs.at(ladder, row.due_at, row.printed_on) if ladder else None

    def is_stale(row: Any) -> bool:
        right = at(row)
        return right is not None and right.get(row.rung) != row.fire_at

    def lacks_its_eve(row: Any) -> bool:
        eve = (at(row) or {}).get(reminders.EVE)
        return eve is not None and eve > clock.now()

    columns = (Obligation.kind, Obligation.regime, Obligation.printed_on, Obligation.due_at)
    reminded = _pending().join(Obligation, Obligation.id == Reminder.obligation_id).where(*planned)
    stale = _which(session, reminded, Obligation.id, (*columns, Reminder.rung, Reminder.fire_at), is_stale)
    with_eve = select(Reminder.obligation_id).where(Reminder.rung == reminders.EVE, Reminder.withdrawn_at.is_(None))
    without = select(Obligation.id).where(*planned, Obligation.id.not_in(with_eve))
    return stale | _which(session, without, Obligation.id, columns, lacks_its_eve)


def plan_tasks_anew(session: Session, ids: Collection[str]) -> None:
    """Withdraw the reminders of these tasks that are still to come, and have them planned at the next tick."""
    _plan_anew(session, Reminder.task_id, Task, ids)


def plan_obligations_anew(session: Session, ids: Collection[int]) -> None:
    """The same of what is owed."""
    _plan_anew(session, Reminder.obligation_id, Obligation, ids)


def climb_anew(session: Session, regime: str, kinds: Collection[str]) -> None:
    """Have the open dates of these kinds planned by another ladder."""
    query = select(Obligation.id).where(
        Obligation.regime == regime, Obligation.kind.in_(kinds), Obligation.state == "open"
    )
    plan_obligations_anew(session, session.scalars(query).all())


def rules(session: Session, name: str, known: dict[str, Regime | None]) -> Regime | None:
    """The regime that is in force now, by its newest deployment."""
    if name not in known:
        known[name] = deployments.rules(session, name)
    return known[name]


def _plan_anew(session: Session, reminded: Any, thing: Any, ids: Collection[Any]) -> None:
    if not ids:
        return
    of, these = (listed.among(session, column, list(ids)) for column in (reminded, thing.id))
    waiting = update(Reminder).where(of, Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None))
    session.execute(waiting.values(withdrawn_at=clock.now()), execution_options=_AS_READ)
    session.execute(update(thing).where(these).values(planned_at=None), execution_options=_AS_READ)


def _which(
    session: Session,
    query: Select[Any],
    key: InstrumentedAttribute[Id],
    columns: Sequence[Any],
    applies: Callable[[Any], bool],
) -> set[Id]:
    """The ids of the rows to which it applies. Those that share all columns are asked about once: there are many."""
    kinds = session.execute(query.with_only_columns(*columns).distinct()).all()
    found = {tuple(row) for row in kinds if applies(row)}
    if not found:
        return set()
    return {row[0] for row in session.execute(query.with_only_columns(key, *columns)) if tuple(row[1:]) in found}


class _Rungs:
    """The moments of a date's rungs, worked out once for all that share the date."""

    def __init__(self, days: Calendar) -> None:
        self._days = days
        self._known: dict[tuple[int, datetime, date | None], dict[str, datetime]] = {}

    def at(self, ladder: Ladder, due_at: datetime, printed_on: date | None = None) -> Mapping[str, datetime]:
        key = id(ladder), due_at, printed_on
        if key not in self._known:
            rungs = reminders.rungs(ladder, due_at, self._days, printed_on)
            self._known[key] = {rung.name: rung.fire_at for rung in rungs}
        return self._known[key]


def _pending() -> Select[Any]:
    still = (Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None), Reminder.fire_at > clock.now())
    return select(Reminder.id).where(*still)
