"""Reminders: the ladder of a date written down as rows, each of which is a timer; and whom a new task is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, exists, insert, literal_column, or_, select, update
from sqlalchemy.orm import Session

from config.ladders import Ladder
from config.regime import Regime
from engine import assessments, calendars, clock, deployments, due_dates, obligations, once, particulars, singly, urging
from engine.calendar import Calendar
from engine.conventions import OBLIGATION
from engine.models import Case, Letter, Obligation, Reminder, Task

EVE: Final = "eve"  # the rung on the last working day before a printed date that is none
AGAIN: Final = timedelta(days=7)  # a rung that went out for the old date goes for the new one only so much later

# The letter of a rung, by the kind of date; a fixed date of the regime goes out as the annual report does.
_TEMPLATES: Final = {
    due_dates.RENEWAL: "validity",
    due_dates.EXPIRY: "validity",
    assessments.FORM: "assessment",
    due_dates.PUBLICITY: "publicity_ends",
    due_dates.ROUND_CLOSING: "round_closing",
}
_AS_READ: Final = {"synchronize_session": False}


@dataclass(frozen=True)
class Rung:
    """When one rung of a ladder is for one date."""

    name: str  # as in `reminder.rung`
    fire_at: datetime
    late: bool  # after the date
    escalates: bool


def rungs(ladder: Ladder, due_at: datetime, calendar: Calendar, printed_on: date | None = None) -> list[Rung]:
    """The rungs for a date, in the order of time. Before the date none is later than its last moment.

    A printed date that is no working day has one rung more, on the last working day before it.
    """
    day = due_at.astimezone(clock.SHANGHAI).date()
    found = []
    for rung in ladder.rungs:
        on = due_dates.rung_day(day, rung, ladder.in_working_days, calendar)
        at = datetime.combine(on, ladder.at, ladder.zone)
        found.append(Rung(ladder.name(rung), min(at, due_at) if rung >= 0 else at, rung < 0, ladder.escalates(rung)))
    eve = due_dates.eve_of(printed_on, calendar) if printed_on else None
    if eve:  # it stands before the others of its hour, so that of two the ladder's own goes out
        found.insert(0, Rung(EVE, datetime.combine(eve, ladder.at, ladder.zone), False, False))
    return sorted(found, key=lambda rung: rung.fire_at)


def plan_obligations(session: Session, limit: int) -> int:
    """Write down the reminders of what is owed where they are not; answers how many were looked at."""
    rows = obligations.unplanned(session, limit)
    regimes: dict[str, Regime | None] = {}

    def plan(row: Obligation) -> None:
        if row.regime not in regimes:
            regimes[row.regime] = deployments.rules(session, row.regime)
        regime = regimes[row.regime]
        ladder = regime.ladders.get(row.kind) if regime else None
        if row.case_id is not None and session.get_one(Case, row.case_id).status == "suspended":
            ladder = None  # nobody can do it now; it is planned anew when the case goes on
        calendar = calendars.of(session, row.bureau_code)
        planned = rungs(ladder, row.due_at, calendar, row.printed_on) if ladder else []
        _write(session, {"obligation_id": row.id}, row.kind, ladder, planned)
        row.planned_at = clock.now()

    singly.each(session, rows, plan)
    return len(rows)


def plan_tasks(session: Session, limit: int) -> int:
    """Tell of the tasks that nobody was told of, and write down their reminders; answers how many were looked at.

    A completion writes neither: it would wait for them. Tasks that another node has in hand are left to it.
    """
    query = (
        select(Task, Case)
        .join(Case, Case.id == Task.case_id)
        .where(Task.state == literal_column("'open'"), Task.planned_at.is_(None), singly.not_aside(session, Task))
        .order_by(Task.id)
        .limit(limit)
        .with_for_update(of=Task, skip_locked=True, key_share=True)
    )
    found = session.execute(query).all()
    cases = {task.id: case for task, case in found}

    def plan(task: Task) -> None:
        case = cases[task.id]
        if case.status == "suspended":  # nobody is told anything until it goes on, and planned anew
            _write(session, {"task_id": task.id}, "task", None, [])
            return
        _tell(session, task, case)
        deployed = deployments.deployed(session, case.deployment_id)
        closes_with = deployed.step(case.process, task.process, task.element).get("closes_with")
        # The date of what is owed has a ladder of its own.
        ladder = None if closes_with == OBLIGATION else deployed.regime.ladders.get("task")
        calendar = calendars.of(session, case.bureau_code)
        planned = rungs(ladder, task.due_at, calendar) if ladder and task.due_at else []
        begun = [rung for rung in planned if rung.fire_at > task.opened_at]
        _write(session, {"task_id": task.id}, "task", ladder, begun)

    done = singly.each(session, [task for task, _ in found], plan)
    if done:
        still = update(Task).where(Task.id.in_([task.id for task in done])).values(planned_at=clock.now())
        session.execute(still, execution_options=_AS_READ)
    return len(found)


def _tell(session: Session, task: Task, case: Case) -> None:
    """A letter to who has the task, unless the change that opened it wrote one to them already."""
    told = exists().where(
        Letter.case_id == task.case_id,
        Letter.organisation_code == task.organisation_code,
        Letter.created_at == task.opened_at,  # one command, one moment
        or_(Letter.person_id.is_(None), Letter.person_id == task.assignee_id),
    )
    if session.scalar(select(told)):
        return
    fields = particulars.of_task(session, task)
    roles = urging.roles(session, task)
    for role in roles[:1] if task.assignee_id else roles:
        once.insert(
            session,
            Letter,
            dedupe_key=f"assigned:{task.id}:{role}",
            case_id=case.id,
            deployment_id=case.deployment_id,
            template=particulars.assigning(task),
            organisation_code=task.organisation_code,
            role=role,
            person_id=task.assignee_id,
            task_id=task.id,
            fields=fields,
            created_at=clock.now(),
        )


def _write(session: Session, key: dict[str, Any], kind: str, ladder: Ladder | None, planned: Iterable[Rung]) -> None:
    """Put these rungs in the place of those still to come.

    What is past when a date is first planned nobody is reminded of, but for a task: its ladder begins with it,
    however late it is planned. A rung that was still to come when the date moved goes out at once if it is late now.
    """
    now = clock.now()
    of = and_(*(getattr(Reminder, name) == value for name, value in key.items()))
    waiting = and_(of, Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None))
    session.execute(update(Reminder).where(waiting).values(withdrawn_at=now), execution_options=_AS_READ)
    if ladder is None:
        return
    before = session.scalars(select(Reminder).where(of).order_by(Reminder.id)).all()
    revision = max((row.revision for row in before), default=0)
    sent = {row.rung: row.fire_at for row in before if _was_sent(row)}
    taken_back = {row.rung for row in before if row.revision == revision and row.expanded_at is None}
    first = not before and "task_id" in key

    def is_to_come(rung: Rung) -> bool:
        if rung.name in sent and rung.fire_at - sent[rung.name] < AGAIN:
            return False
        return first or rung.fire_at > now or rung.name in taken_back

    coming = [rung for rung in planned if is_to_come(rung)]
    rows = [
        {
            **key,
            "rung": rung.name,
            "revision": revision + 1,
            "template": _template(kind, rung),
            "statutory": ladder.statutory,
            "escalates": rung.escalates,
            "fire_at": rung.fire_at,
            "next_at": coming[at + 1].fire_at if at + 1 < len(coming) else None,
        }
        for at, rung in enumerate(coming)
    ]
    if rows:
        session.execute(insert(Reminder), rows)


def _was_sent(row: Reminder) -> bool:
    return row.expanded_at is not None and row.superseded_by is None and row.withdrawn_at is None


def _template(kind: str, rung: Rung) -> str:
    if kind == "task":
        return "task_overdue" if rung.late else "task_due"
    return template_of(kind)


def template_of(kind: str) -> str:
    """The letter that tells of what is owed, by its kind."""
    return _TEMPLATES.get(kind, "annual_report")
