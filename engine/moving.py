"""Moving dates: what is open is counted anew by another calendar or rule, recorded old → new, and told."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from config.regime import Regime
from engine import (
    calendars,
    clock,
    deployments,
    due_dates,
    events,
    hearers,
    listed,
    obligations,
    once,
    particulars,
    retiming,
    vocabulary,
)
from engine.calendar import Calendar
from engine.due_dates import Owed, Placed
from engine.expansion import BUREAU_ROLE
from engine.hearers import Hearer
from engine.models import Case, Cluster, Letter, Notice, Obligation, Round, Task

TEMPLATE, TOO_SHORT = "date_changed", "publicity_too_short"
BY = "system"  # who moves a date, in the record
OVERDUE = timedelta(days=30)  # a limit that ran out longer ago is not opened again by a decision about its days

_MOVE_TASK = (
    update(Task.__table__)  # type: ignore[arg-type]  # a Table
    .where(Task.id == bindparam("moved"), Task.state == "open")
    .values(due_at=bindparam("new"))
)

_MOVE_STEP = (  # that closes with the date
    update(Task.__table__)  # type: ignore[arg-type]  # a Table
    .where(Task.case_id == bindparam("of"), Task.state == "open", Task.due_at == bindparam("old"))
    .values(due_at=bindparam("new"))
)


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


def after_deployment(session: Session, before: Regime | None, now: Regime, by: str) -> None:
    """What is owed follows the regime as it is deployed now; each bureau's record says what moved.

    A changed date counts for the years that `FixedDate.of_year` says; one that was changed without `applies_from`, and
    a renewal window, for what lies ahead. What is past, and what is met, stays. A ladder that is another is climbed
    from now on. Tasks keep to the deployment of their case. `before` is None where it can no longer be read.
    """
    if before == now:
        return
    old = before.ladders if before else {}
    changed = {kind for kind in {*old, *now.ladders} if old.get(kind) != now.ladders.get(kind)}
    if changed:
        retiming.climb_anew(session, now.name, changed)
    owing = select(Obligation.bureau_code).where(Obligation.regime == now.name, Obligation.state == "open")
    for code in sorted(set(session.scalars(owing))):
        entries = list(_by_rules(session, code, now))
        session.flush()
        if entries:
            events.append(session, code, by, entries)


# ---- time limits of steps -----------------------------------------------------------------------


def _tasks(session: Session, bureau_code: str, days: Calendar) -> Iterator[events.Entry]:
    retiming.plan_tasks_anew(session, retiming.stale_tasks(session, bureau_code, days))
    query = (
        select(Task.id, Task.due_at, Task.opened_at, Task.process, Task.element, Task.put_off)
        .add_columns(Case.process.label("runs"), Case.deployment_id)
        .join(Case, Case.id == Task.case_id)
        .where(Task.state == "open", Task.due_at > clock.now() - OVERDUE, Case.bureau_code == bureau_code)
    )
    reckoned: dict[tuple[int, str, date, int], datetime] = {}
    moves: dict[str, Move] = {}
    for task in session.execute(query):
        deployed = deployments.deployed(session, task.deployment_id)
        limit = deployed.step(task.runs, task.process, task.element).get("limit")
        if limit is None:  # it ends with its round
            continue
        began = task.opened_at.astimezone(clock.SHANGHAI).date()
        key = task.deployment_id, limit, began, task.put_off
        if key not in reckoned:
            reckoned[key] = vocabulary.reckoned(deployed.regime, days, limit, began, task.put_off)
        if reckoned[key] != task.due_at:
            period = {**deployed.regime.limits, **deployed.regime.periods}[limit]
            rule = f"办理时限 {period.working_days} 个工作日，自 {began} {'起' if period.count_first else '次日起'}计算"
            moves[task.id] = Move(task.due_at, reckoned[key], rule, period.basis, source_of(days, reckoned[key]))
    yield from move_tasks(session, moves, days)


def move_tasks(session: Session, moves: Mapping[str, Move], days: Calendar) -> Iterator[events.Entry]:
    """Move the time limits of these tasks, have their reminders planned anew and tell who was told the old date."""
    if not moves:
        return
    rows = [{"moved": task_id, "new": move.new} for task_id, move in sorted(moves.items())]
    session.connection().execute(_MOVE_TASK, rows)
    columns = (Task.id, Task.case_id, Task.instance_path, Task.element)
    still = select(*columns).where(Task.state == "open", listed.among(session, Task.id, list(moves)))
    moved = session.execute(still.order_by(Task.id)).all()  # without what was done meanwhile
    hearers_of = hearers.of_tasks(session, {task.id: moves[task.id].old for task in moved})
    retiming.plan_tasks_anew(session, [task.id for task in moved])
    for task in moved:
        move = moves[task.id]
        if told := hearers_of[task.id]:
            case = session.get_one(Case, task.case_id)
            fields = particulars.of_task(session, session.get_one(Task, task.id, populate_existing=True))
            _tell(session, told, {"task_id": task.id}, fields, move=move, case=case)
        yield events.Entry("task.moved", task.case_id, task.id, task.instance_path + task.element, move.payload(days))


# ---- what is owed -------------------------------------------------------------------------------


def _obligations(session: Session, bureau_code: str, days: Calendar) -> Iterator[events.Entry]:
    regimes: dict[str, Regime | None] = {}
    retiming.plan_obligations_anew(session, retiming.stale_obligations(session, bureau_code, days, regimes))
    query = select(Obligation).where(
        Obligation.bureau_code == bureau_code,
        Obligation.state == "open",
        Obligation.calendar_revision != days.revision,
    )
    moves: list[tuple[Obligation, Move]] = []
    for owed in session.scalars(query.order_by(Obligation.id).with_for_update(key_share=True)).all():
        rules = retiming.rules(session, owed.regime, regimes)
        rule = rules.obligations[owed.kind].of_year(owed.year) if rules and owed.kind in rules.obligations else None
        if owed.notice_id is not None:
            yield from _counted_publicity(session, owed, days)
        elif rule is None:
            obligations.move(owed, due_dates.certain(owed.effective_on), days)
        else:
            old = owed.due_at
            if obligations.move(owed, due_dates.placed(rule, owed.printed_on, days), days):
                why = f"印定日期 {owed.printed_on}，遇非工作日顺延至下一个工作日"
                moves.append((owed, Move(old, owed.due_at, why, owed.clause, source_of(days, owed.due_at))))
    yield from _moved_obligations(session, moves, days)


def _by_rules(session: Session, bureau_code: str, regime: Regime) -> Iterator[events.Entry]:
    """The clusters' open rows put where the rules have them now."""
    days = calendars.of(session, bureau_code)
    query = (
        select(Obligation, Cluster.last_day)
        .join(Cluster, Cluster.id == Obligation.cluster_id)
        .where(Obligation.regime == regime.name, Obligation.bureau_code == bureau_code, Obligation.state == "open")
        .order_by(Obligation.id)
        .with_for_update(of=Obligation, key_share=True)
    )
    rows = session.execute(query).all()
    window = {owed.cluster_id: owed.id for owed, _ in rows if owed.kind == due_dates.RENEWAL}  # its last, if renewed
    known: dict[tuple[str, int, date], Owed | None] = {}
    moves: list[tuple[Obligation, Move]] = []
    for owed, last_day in rows:
        obligations.schedule(owed, regime)
        assert last_day is not None, "only what is recognised owes"  # noqa: S101  # for the type checker
        if owed.kind == due_dates.RENEWAL and window[owed.cluster_id] != owed.id:
            continue
        key = owed.kind, owed.year, last_day
        if key not in known:
            known[key] = due_dates.by_rule(regime, days, *key)
        due = known[key]
        if due is None or min(owed.effective_on, due.placed.effective_on) < (due.applies_from or clock.today()):
            continue
        old, printed = owed.due_at, owed.printed_on
        if obligations.amend(owed, due, days):
            why = "规则变更：" + (f"自 {due.applies_from} 起适用，" if due.applies_from else "")
            if printed != due.printed_on:
                why += f"印定日期由 {printed} 改为 {due.printed_on}"
            else:
                why += f"印定日期 {printed} 遇非工作日的处理有变"
            moves.append((owed, Move(old, owed.due_at, why, owed.clause, source_of(days, owed.due_at))))
    yield from _moved_obligations(session, moves, days)


def _moved_obligations(
    session: Session, moves: Sequence[tuple[Obligation, Move]], days: Calendar
) -> Iterator[events.Entry]:
    if not moves:
        return
    ids = [owed.id for owed, _ in moves]
    session.connection().execute(
        _MOVE_STEP, [{"of": owed.case_id, "old": move.old, "new": move.new} for owed, move in moves]
    )
    hearers_of = hearers.of_obligations(session, ids)
    retiming.plan_obligations_anew(session, ids)
    for owed, move in moves:
        if move.old != move.new and (told := hearers_of[owed.id]):
            _tell(session, told, {"obligation_id": owed.id}, particulars.of_obligation(session, owed), move=move)
        yield events.Entry("obligation.moved", payload=_named(owed) | move.payload(days))


def _counted_publicity(session: Session, owed: Obligation, days: Calendar) -> Iterator[events.Entry]:
    """A published period stays as it was printed: the public was promised its last day, which was the latest.

    What is known of it now is kept beside it. Where a decision about its days makes it too short, the record says so
    and the bureau's officers are told, for only another publication can mend it.
    """
    notice = session.get_one(Notice, owed.notice_id)
    basis = notice.basis
    begun = date.fromisoformat(basis["published_on"])
    counted = days.nth_working_day(begun, basis["working_days"], basis["count_first"])
    obligations.move(owed, Placed(owed.effective_on, counted.earliest, counted.latest, counted.provisional), days)
    if counted.earliest > owed.effective_on:
        told = {"printed": owed.effective_on, "counted": counted.date, "calendar": days.revision}
        round_ = session.get(Round, notice.round_id) if notice.round_id else None
        case = session.get(Case, round_.case_id) if round_ else None
        sources = "、".join(dict.fromkeys(day.source for day in counted.days))
        changed = {"期限": particulars.in_words(counted.date), "变更依据": sources}
        once.insert(
            session,
            Letter,
            dedupe_key=f"short:{owed.id}:{counted.date}",
            case_id=case.id if case else None,
            deployment_id=case.deployment_id if case else None,
            template=TOO_SHORT,
            organisation_code=owed.bureau_code,
            role=BUREAU_ROLE,
            fields=particulars.of_obligation(session, owed) | changed,
            created_at=clock.now(),
        )
        yield events.Entry("publicity.too_short", case.id if case else None, payload=_named(owed) | told)


def _named(owed: Obligation) -> dict[str, Any]:
    subject = {"cluster": owed.cluster_id, "notice": owed.notice_id, "round": owed.round_id}
    known = {name: each for name, each in subject.items() if each is not None}
    return {"obligation": owed.id, "kind": owed.kind, "year": owed.year, "printed": owed.printed_on, **known}


# ---- telling ------------------------------------------------------------------------------------


def _tell(
    session: Session,
    told: Collection[Hearer],
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


def source_of(days: Calendar, moment: datetime) -> str:
    """Who says that the day of this moment is worked."""
    return days.day(moment.astimezone(clock.SHANGHAI).date()).source
