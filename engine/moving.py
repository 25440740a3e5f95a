"""Moving dates: when the calendar changes, what is still open is counted anew, recorded old → new, and told."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from config.ladders import Ladder
from config.regime import Regime
from engine import (
    calendars,
    clock,
    deployments,
    due_dates,
    events,
    obligations,
    once,
    particulars,
    reminders,
    vocabulary,
)
from engine.calendar import Calendar
from engine.due_dates import Placed
from engine.models import Case, Delivery, Letter, Membership, Notice, Obligation, Reminder, Round, Task

TEMPLATE = "date_changed"
BY = "system"  # who moves a date, in the record
OVERDUE = timedelta(days=30)  # a limit that ran out longer ago is not opened again by a decision about its days

_AS_READ = {"synchronize_session": False}


class Addressee(NamedTuple):
    """Who was told a date: the officers of an office, or one person."""

    organisation_code: str
    role: str
    person_id: int | None


@dataclass(frozen=True)
class Move:
    """A date that lies elsewhere now."""

    old: datetime
    new: datetime
    rule: str  # what is counted, for people
    clause: str
    source: str  # who says so of the new day: the 文号 of a notice, or of the bureau's decision

    @property
    def basis(self) -> str:
        """Why the date moved, as the letter tells it."""
        return f"{self.rule}（{self.clause}）；工作日依据：{self.source}"

    def payload(self, days: Calendar) -> dict[str, Any]:
        """What the record keeps of it."""
        told = {"old": self.old, "new": self.new, "rule": self.rule, "clause": self.clause}
        return {**told, "source": self.source, "calendar": days.revision}


def everywhere(session: Session, but: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Count the open dates of every bureau anew; each bureau's record says what moved. Answers their calendars.

    `but` names bureaus with the calendar they were counted by already. Doing it again moves nothing. Call it last in
    a command: two such commands lock the bureaus' records in the same order.
    """
    owing = select(Obligation.bureau_code).where(Obligation.state == "open")
    codes = {*session.scalars(select(Case.bureau_code).distinct()), *session.scalars(owing.distinct())}
    revisions = {code: calendars.of(session, code).revision for code in sorted(codes)}
    written = {code: of_bureau(session, code) for code in revisions if but.get(code) != revisions[code]}
    for code, entries in written.items():
        events.append(session, code, BY, entries)
    return revisions


def of_bureau(session: Session, bureau_code: str) -> list[events.Entry]:
    """Count the bureau's open dates anew by its calendar. Answers what to record; nothing where nothing moved."""
    days = calendars.of(session, bureau_code)
    moved = [*_tasks(session, bureau_code, days), *_obligations(session, bureau_code, days)]
    session.flush()
    return moved


# ---- time limits of steps -----------------------------------------------------------------------


def _tasks(session: Session, bureau_code: str, days: Calendar) -> Iterator[events.Entry]:
    query = (
        select(Task, Case)
        .join(Case, Case.id == Task.case_id)
        .where(Task.state == "open", Task.due_at > clock.now() - OVERDUE, Case.bureau_code == bureau_code)
        .order_by(Task.id)
    )
    reckoned: dict[tuple[int, str, date], datetime] = {}
    stale = _stale_tasks(session, bureau_code, days)
    for task, case in session.execute(query).all():
        deployed = deployments.deployed(session, case.deployment_id)
        limit = deployed.step(case.process, task.process, task.element).get("limit")
        if limit is None or task.due_at is None:  # it ends with its round
            continue
        began = task.opened_at.astimezone(clock.SHANGHAI).date()
        key = case.deployment_id, limit, began
        if key not in reckoned:
            reckoned[key] = vocabulary.reckoned(deployed.regime, days, limit, began)
        if reckoned[key] == task.due_at:
            if task.id in stale:
                _plan_anew(session, Reminder.task_id == task.id)
                task.planned_at = None
            continue
        period = {**deployed.regime.limits, **deployed.regime.periods}[limit]
        rule = f"办理时限 {period.working_days} 个工作日，自 {began} {'起' if period.count_first else '次日起'}计算"
        move = Move(task.due_at, reckoned[key], rule, period.basis, _source(days, reckoned[key]))
        yield from _moved_task(session, case, task, move, days)


def _moved_task(session: Session, case: Case, task: Task, move: Move, days: Calendar) -> Iterator[events.Entry]:
    still = update(Task).where(Task.id == task.id, Task.state == "open").values(due_at=move.new, planned_at=None)
    session.execute(still, execution_options=_AS_READ)
    session.refresh(task)
    if task.state != "open":
        return  # it was done meanwhile
    told = _told_of_task(session, task, move.old)
    _plan_anew(session, Reminder.task_id == task.id)
    _tell(session, told, {"task_id": task.id}, particulars.of_task(session, task), move=move, case=case)
    yield events.Entry("task.moved", case.id, task.id, task.instance_path + task.element, move.payload(days))


def _told_of_task(session: Session, task: Task, old: datetime) -> Collection[Addressee]:
    """Who had a letter with the old date: of the office that has the task, or by one of its reminders."""
    letters = select(Letter).where(
        Letter.case_id == task.case_id,
        Letter.organisation_code == task.organisation_code,
        Letter.created_at >= task.opened_at,
    )
    found = {
        Addressee(each.organisation_code, each.role, each.person_id)
        for each in session.scalars(letters)
        if each.fields.get("期限") == particulars.in_words(old)
    }
    return found | _reminded(session, Reminder.task_id == task.id, _reached(session, found))


# ---- what is owed -------------------------------------------------------------------------------


def _obligations(session: Session, bureau_code: str, days: Calendar) -> Iterator[events.Entry]:
    query = select(Obligation).where(Obligation.bureau_code == bureau_code, Obligation.state == "open")
    regimes: dict[str, Regime | None] = {}
    stale = _stale_obligations(session, bureau_code, days, regimes)
    for owed in session.scalars(query.order_by(Obligation.id).with_for_update(key_share=True)).all():
        if owed.id in stale:
            _plan_anew(session, Reminder.obligation_id == owed.id)
            owed.planned_at = None
        if owed.calendar_revision == days.revision:
            continue
        rules = _regime(session, owed.regime, regimes)
        rule = rules.obligations.get(owed.kind) if rules else None
        if owed.notice_id is not None:
            yield from _counted_publicity(session, owed, days)
        elif rule is None:
            obligations.move(owed, due_dates.certain(owed.effective_on), days)
        else:
            old = owed.due_at
            if obligations.move(owed, due_dates.placed(rule, owed.printed_on, days), days):
                why = f"印定日期 {owed.printed_on}，遇非工作日顺延至下一个工作日"
                move = Move(old, owed.due_at, why, owed.clause, _source(days, owed.due_at))
                yield from _moved_obligation(session, owed, move, days)


def _moved_obligation(session: Session, owed: Obligation, move: Move, days: Calendar) -> Iterator[events.Entry]:
    told = _reminded(session, Reminder.obligation_id == owed.id, set())
    _plan_anew(session, Reminder.obligation_id == owed.id)
    _tell(session, told, {"obligation_id": owed.id}, particulars.of_obligation(session, owed), move=move)
    yield events.Entry("obligation.moved", payload=_named(owed) | move.payload(days))


def _counted_publicity(session: Session, owed: Obligation, days: Calendar) -> Iterator[events.Entry]:
    """A published period stays as it was printed: the public was promised its last day, which was the latest.

    What is known of it now is kept beside it. Where a decision about its days makes it too short, the record says
    so, for only another publication can mend it.
    """
    notice = session.get_one(Notice, owed.notice_id)
    basis = notice.basis
    begun = date.fromisoformat(basis["published_on"])
    counted = days.nth_working_day(begun, basis["working_days"], basis["count_first"])
    obligations.move(owed, Placed(owed.effective_on, counted.earliest, counted.latest, counted.provisional), days)
    if counted.earliest > owed.effective_on:
        told = {"printed": owed.effective_on, "counted": counted.date, "calendar": days.revision}
        round_ = session.get(Round, notice.round_id) if notice.round_id else None
        yield events.Entry("publicity.too_short", round_.case_id if round_ else None, payload=_named(owed) | told)


def _named(owed: Obligation) -> dict[str, Any]:
    subject = {"cluster": owed.cluster_id, "notice": owed.notice_id, "round": owed.round_id}
    known = {name: each for name, each in subject.items() if each is not None}
    return {"obligation": owed.id, "kind": owed.kind, "year": owed.year, "printed": owed.printed_on, **known}


# ---- reminders that are still to come ------------------------------------------------------------


def _stale_tasks(session: Session, bureau_code: str, days: Calendar) -> set[str]:
    """The tasks with a reminder at another moment than the calendar would have it."""
    query = (
        _pending(Task.id, Task.due_at, Case.deployment_id)
        .join(Task, Task.id == Reminder.task_id)
        .join(Case, Case.id == Task.case_id)
        .where(Case.bureau_code == bureau_code, Task.state == "open", Task.due_at.is_not(None))
    )
    rungs = _Rungs(days)
    stale: set[str] = set()
    for row in session.execute(query):
        ladder = deployments.deployed(session, row.deployment_id).regime.ladders.get("task")
        if ladder and rungs.at(ladder, row.due_at).get(row.rung) != row.fire_at:
            stale.add(row.id)
    return stale


def _stale_obligations(
    session: Session, bureau_code: str, days: Calendar, regimes: dict[str, Regime | None]
) -> set[int]:
    """The same of what is owed; also where a working day before the date is to be added."""
    columns = (Obligation.id, Obligation.kind, Obligation.regime, Obligation.printed_on, Obligation.due_at)
    planned = (Obligation.bureau_code == bureau_code, Obligation.state == "open", Obligation.planned_at.is_not(None))
    rungs = _Rungs(days)
    stale: set[int] = set()
    for row in session.execute(
        _pending(*columns).join(Obligation, Obligation.id == Reminder.obligation_id).where(*planned)
    ):
        ladder = _ladder(_regime(session, row.regime, regimes), row.kind)
        if ladder and rungs.at(ladder, row.due_at, row.printed_on).get(row.rung) != row.fire_at:
            stale.add(row.id)
    with_eve = select(Reminder.obligation_id).where(Reminder.rung == reminders.EVE, Reminder.withdrawn_at.is_(None))
    for row in session.execute(select(*columns).where(*planned, Obligation.id.not_in(with_eve))):
        ladder = _ladder(_regime(session, row.regime, regimes), row.kind)
        eve = rungs.at(ladder, row.due_at, row.printed_on).get(reminders.EVE) if ladder else None
        if eve and eve > clock.now():
            stale.add(row.id)
    return stale


def _ladder(rules: Regime | None, kind: str) -> Ladder | None:
    return rules.ladders.get(kind) if rules else None


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


def _pending(*columns: Any) -> Select[Any]:
    still = (Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None), Reminder.fire_at > clock.now())
    return select(Reminder.rung, Reminder.fire_at, *columns).where(*still)


def _plan_anew(session: Session, of: Any) -> None:
    """Withdraw the reminders that are still to come; whoever empties `planned_at` has them planned anew."""
    still = update(Reminder).where(of, Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None))
    session.execute(still.values(withdrawn_at=clock.now()), execution_options=_AS_READ)


# ---- telling ------------------------------------------------------------------------------------


def _reminded(session: Session, of: Any, already: Collection[int]) -> set[Addressee]:
    """The persons who had a reminder of it, but for those who are told already; each in one of their offices."""
    people = select(Delivery.person_id).join(Reminder, Reminder.id == Delivery.reminder_id).where(of).distinct()
    found = set()
    for person in sorted(set(session.scalars(people)) - set(already)):
        offices = select(Membership).where(Membership.person_id == person)
        office = session.scalars(offices.order_by(Membership.granted_at, Membership.role)).first()
        if office is not None:  # who has none any more is told nothing
            found.add(Addressee(office.organisation_code, office.role, person))
    return found


def _reached(session: Session, addressees: Collection[Addressee]) -> set[int]:
    """The persons that letters to these reach."""
    found: set[int] = set()
    for code, role, person in addressees:
        members = select(Membership.person_id).where(Membership.organisation_code == code, Membership.role == role)
        found |= {person} if person else set(session.scalars(members))
    return found


def _tell(
    session: Session,
    told: Collection[Addressee],
    what: Mapping[str, Any],
    fields: Mapping[str, str],
    *,
    move: Move,
    case: Case | None = None,
) -> None:
    """One letter to each who had one with the old date; nobody else learns of a date that they never knew."""
    name = ":".join(f"{kind}:{thing}" for kind, thing in what.items())
    changed = {"原期限": particulars.in_words(move.old), "变更依据": move.basis}
    for code, role, person in sorted(told, key=str):
        once.insert(
            session,
            Letter,
            dedupe_key=f"moved:{name}:{clock.now().isoformat()}:{code}:{role}:{person or ''}",
            case_id=case.id if case else None,
            deployment_id=case.deployment_id if case else None,
            template=TEMPLATE,
            organisation_code=code,
            role=role,
            person_id=person,
            **what,
            fields={**fields, **changed},
            created_at=clock.now(),
        )


def _source(days: Calendar, moment: datetime) -> str:
    return days.day(moment.astimezone(clock.SHANGHAI).date()).source


def _regime(session: Session, name: str, known: dict[str, Regime | None]) -> Regime | None:
    """The regime that is in force now, by its newest deployment."""
    if name not in known:
        known[name] = deployments.rules(session, name)
    return known[name]
