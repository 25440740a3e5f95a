"""Suspensions (中止): a case stands still by a leader's decision, and the time limits of its steps with it.

Days are counted as dates: of a case suspended on a Monday and resumed on the Wednesday two days do not count, as the
day of an event never does (民法典 第二百零一条). What stands still is the time of a step that has a limit of its own.
A statutory date, a round's closing minute and a published period do not move: others rely on them.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, calendars, cases, clock, deployments, events, moving, retiming, vocabulary
from engine.access import APPLICANTS, BUREAU, Actor
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import Case, Obligation, Organisation, Round, Suspension, Task
from engine.moving import Move

Row: TypeAlias = Mapping[str, Any]

REASON, CLAUSE = 500, 100  # characters
SUSPENDED: Final = "suspended"  # as in `case_run.status`

# Why a case is suspended. 行政许可法 第四十五条 leaves the time of 鉴定 and 专家评审 out of a limit; the others are the
# bureau's own decision, whose article it writes beside.
GROUNDS: Mapping[str, str] = MappingProxyType(
    {
        "supplement": said("等待补正材料"),
        "appraisal": said("等待鉴定、检测或者专家评审"),
        "superior": said("等待上级机关决定或者答复"),
        "dispute": said("等待复议、诉讼或者其他案件的结果"),
        "force_majeure": said("不可抗力"),
        "other": said("其他情形"),
    }
)


def suspend(session: Session, actor: Actor, case_id: int, *, ground: str, reason: str, clause: str = "") -> Suspension:
    """Let a case stand still: nothing of it is finished, no timer fires, no reminder leaves, no message is heard.

    Raises Forbidden, NotFound, FormInvalid, Refused for a round's own run and for a case that is not under way.
    """
    case = _locked(session, actor, case_id)
    problems = list(_problems(ground, reason.strip(), clause.strip()))
    if problems:
        raise FormInvalid(problems)
    if case.status != "open":
        raise Refused(_WHY_NOT.get(case.status, said("该办件已经结束，不能中止办理")), case=case.id)
    if session.scalar(select(Round.id).where(Round.case_id == case.id)):
        raise Refused(said("批次的截止时间和公示期已经对外公布，不能中止；请中止批次中的办件"), case=case.id)
    case.status = SUSPENDED
    made = Suspension(
        case_id=case.id,
        ground=ground,
        clause=clause.strip(),
        reason=reason.strip(),
        suspended_at=clock.now(),
        suspended_by=actor.name,
    )
    session.add(made)
    session.flush()
    _plan_anew(session, case)  # which is to plan nothing as long as the case is suspended
    payload = {"ground": ground, "clause": made.clause, "reason": made.reason}
    events.append(session, case.bureau_code, actor.name, [events.Entry("case.suspended", case.id, payload=payload)])
    return made


def resume(session: Session, actor: Actor, case_id: int, note: str = "") -> Suspension:
    """Let the case go on: its steps' limits end as many working days later as it stood still, each recorded old → new.

    Their own timers fire so much later too. Everybody who was told of an old date hears of the new one, and what is
    due by then is reminded of anew. Raises Forbidden, NotFound, FormInvalid, Refused.
    """
    case = _locked(session, actor, case_id)
    if case.status != SUSPENDED:
        raise Refused(said("该办件没有中止，无需恢复办理"), case=case.id)
    if len(note) > REASON:
        raise FormInvalid([_too_long("note")])
    suspension = session.scalars(select(Suspension).where(*_open_of(case))).one()
    days = counted(session, case, suspension)
    suspension.resumed_at, suspension.resumed_by, suspension.note = clock.now(), actor.name, note.strip()
    suspension.working_days = days
    workflow = cases.instance(session, case)
    moves = _moves(session, case, suspension, days)
    timers = workflow.delay({task_id: (move.old, move.new) for task_id, move in moves.items()})
    places = {step.id: step.path + step.element for step in workflow.ready()}  # a replay has other ids
    case.status = "open"
    kept = cases.keep(session, case, workflow)
    moved = list(moving.move_tasks(session, moves, calendars.of(session, case.bureau_code)))
    _plan_anew(session, case)
    payload: dict[str, Any] = {"working_days": days, "note": suspension.note, "since": suspension.suspended_at}
    if timers:
        delayed = {places[task_id]: [move.old, move.new] for task_id, move in moves.items()}
        payload |= {"delayed": delayed, "timers": timers}
    resumed = events.Entry("case.resumed", case.id, payload=payload)
    events.append(session, case.bureau_code, actor.name, [resumed, *moved, *kept])
    return suspension


def counted(session: Session, case: Case, suspension: Suspension, until: date | None = None) -> int:
    """The working days that a suspension has lasted: those after its first day, up to and with the last or today."""
    began = suspension.suspended_at.astimezone(clock.SHANGHAI).date()
    return calendars.of(session, case.bureau_code).working_days(began, until or clock.today())


def moved_today(session: Session, case: Case) -> list[Row]:
    """What becomes of the open steps' limits if the suspended case goes on today: title, old and new, or none."""
    suspension = session.scalars(select(Suspension).where(*_open_of(case))).one()
    days = counted(session, case, suspension)
    tasks = select(Task).where(Task.case_id == case.id, Task.state == "open").order_by(Task.opened_at, Task.id)
    return [
        {"title": task.title, "old": task.due_at, "new": _later(session, case, task, days) or task.due_at}
        for task in session.scalars(tasks)
    ]


def of_case(session: Session, actor: Actor, case: Case) -> list[Row]:
    """The suspensions of a case, the newest first. Why, the applicant's side and the bureau learn, no visitors."""
    told = bool(actor.as_any_of(APPLICANTS | BUREAU))
    query = select(Suspension).where(Suspension.case_id == case.id).order_by(Suspension.id.desc())
    return [
        {
            "ground": GROUNDS[each.ground],
            "clause": each.clause,
            "reason": each.reason if told else "",
            "suspended_at": each.suspended_at,
            "resumed_at": each.resumed_at,
            "note": (each.note or "") if told else "",
            "working_days": counted(session, case, each) if each.working_days is None else each.working_days,
            "is_open": each.resumed_at is None and case.status == SUSPENDED,
        }
        for each in session.scalars(query)
    ]


def listed(session: Session, actor: Actor, *, limit: int = 50, after: int = 0) -> list[Row]:
    """The suspended cases of the actor's bureaus that they see, those that have stood longest first."""
    return _listed(session, [access.visible_cases(actor), Suspension.id > after], limit)


def waiting(session: Session) -> list[Row]:
    """Every suspended case: for the operator of the installation, without what the case is about."""
    kept = ("case_id", "regime", "process", "ground", "clause", "suspended_at", "working_days")
    return [{name: row[name] for name in kept} for row in _listed(session, [], None)]


def _listed(session: Session, rules: Iterable[Any], limit: int | None) -> list[Row]:
    query = (
        select(Suspension, Case, Organisation.name)
        .join(Case, Case.id == Suspension.case_id)
        .join(Organisation, Organisation.code == Case.organisation_code)
        .where(Suspension.resumed_at.is_(None), Case.status == SUSPENDED, *rules)
        .order_by(Suspension.id)
        .limit(limit)
    )
    return [
        {
            "id": each.id,
            "case_id": case.id,
            "title": case.title,
            "applicant": applicant,
            "regime": case.regime,
            "process": case.process,
            "ground": GROUNDS[each.ground],
            "clause": each.clause,
            "suspended_at": each.suspended_at,
            "working_days": counted(session, case, each),
        }
        for each, case, applicant in session.execute(query)
    ]


def _locked(session: Session, actor: Actor, case_id: int) -> Case:
    query = select(Case).where(Case.id == case_id).with_for_update(key_share=True)
    case = session.scalar(query.execution_options(populate_existing=True))
    if case is None:
        raise NotFound(said("没有这个办件，或者您无权查看"))
    access.require(actor, "case.suspend", case)
    return case


def _open_of(case: Case) -> tuple[Any, ...]:
    return Suspension.case_id == case.id, Suspension.resumed_at.is_(None)


def _problems(ground: str, reason: str, clause: str) -> Iterable[Problem]:
    if ground not in GROUNDS:
        yield Problem("ground", "required", said("请选择中止的情形"))
    if not reason:
        yield Problem("reason", "required", said("请写明中止的理由"))
    elif len(reason) > REASON:
        yield _too_long("reason")
    if len(clause) > CLAUSE or not clause.isprintable():
        yield Problem("clause", "too_long", said("依据不超过 %(limit)s 字，不能换行", limit=CLAUSE))


def _too_long(field: str) -> Problem:
    return Problem(field, "too_long", said("不超过 %(limit)s 字", limit=REASON))


def _moves(session: Session, case: Case, suspension: Suspension, days: int) -> dict[str, Move]:
    """By task, where its limit ends now."""
    tasks = select(Task).where(Task.case_id == case.id, Task.state == "open").order_by(Task.id).with_for_update()
    moves = {}
    for task in session.scalars(tasks).all() if days else ():
        if (new := _later(session, case, task, days)) and task.due_at:
            task.put_off += days
            rule = (
                f"办件自 {_day(suspension.suspended_at)} 起中止，{_day(clock.now())} 恢复办理，期限顺延 {days} 个工作日"
            )
            source = moving.source_of(calendars.of(session, case.bureau_code), new)
            moves[task.id] = Move(task.due_at, new, rule, suspension.clause or GROUNDS[suspension.ground], source)
    session.flush()
    return moves


def _later(session: Session, case: Case, task: Task, days: int) -> datetime | None:
    """When its time limit ends so many working days later; a step that ends with its round or with what is owed has
    none of its own."""
    deployed = deployments.deployed(session, case.deployment_id)
    limit = deployed.step(case.process, task.process, task.element).get("limit")
    if limit is None or task.due_at is None:
        return None
    began = task.opened_at.astimezone(clock.SHANGHAI).date()
    calendar = calendars.of(session, case.bureau_code)
    return vocabulary.reckoned(deployed.regime, calendar, limit, began, task.put_off + days)


def _plan_anew(session: Session, case: Case) -> None:
    """Withdraw what is still to be reminded of, of its open steps and of what the case is to meet."""
    tasks = select(Task.id).where(Task.case_id == case.id, Task.state == "open")
    retiming.plan_tasks_anew(session, session.scalars(tasks.order_by(Task.id)).all())
    owed = select(Obligation.id).where(Obligation.case_id == case.id, Obligation.state == "open")
    retiming.plan_obligations_anew(session, session.scalars(owed.order_by(Obligation.id)).all())


def _day(moment: datetime) -> str:
    return moment.astimezone(clock.SHANGHAI).date().isoformat()


_WHY_NOT = {
    SUSPENDED: said("该办件已经中止办理"),
    "incident": said("该办件处于异常状态，请先处理异常"),
}
