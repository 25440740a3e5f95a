"""Overrides (本局调整): days that a bureau works or not, whatever the notices say. Never changed, only withdrawn."""

from datetime import date, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, calendars, clock, events, moving
from engine.access import Actor
from engine.errors import Conflict, FormInvalid, NotFound
from engine.forms import Problem
from engine.models import DayOverride

MOST_BACK = timedelta(days=30)  # a storm is decided on afterwards; what is longer ago is over
MOST_AHEAD = timedelta(days=800)
MOST_CHARACTERS = 200


def put(
    session: Session, actor: Actor, bureau_code: str, day: date, *, working: bool, reason: str, number: str
) -> DayOverride:
    """The bureau works on that day, or not, by this decision; open dates are counted anew at once.

    Raises Forbidden, FormInvalid, Conflict where a decision about the day stands: it is to be withdrawn first.
    """
    access.require(actor, "calendar.override", bureau_code)
    problems = _problems(day, reason, number)
    if problems:
        raise FormInvalid(problems)
    if calendars.of(session, bureau_code).day(day).working == working:
        said_now = said("这一天本来就是工作日，不必调整") if working else said("这一天本来就放假，不必调整")
        raise FormInvalid([Problem("day", "same", said_now)])
    if session.scalar(_standing(bureau_code, day)) is not None:
        raise Conflict(said("本局对这一天已有调整；请先撤回原来的调整"))
    override = DayOverride(
        bureau_code=bureau_code,
        day=day,
        working=working,
        reason=reason.strip(),
        number=number.strip(),
        set_at=clock.now(),
        set_by=actor.name,
    )
    session.add(override)
    session.flush()
    calendars.changed(session)
    moved = moving.of_bureau(session, bureau_code)
    _record(session, actor, "day.overridden", override, moved)
    return override


def withdraw(session: Session, actor: Actor, override_id: int) -> DayOverride:
    """The decision counts no longer; open dates are counted anew at once. Raises NotFound, Forbidden, Conflict."""
    override = session.scalar(select(DayOverride).where(DayOverride.id == override_id).with_for_update())
    if override is None or not access.may(actor, "calendar.override", override.bureau_code):
        access.require(actor, "calendar.override")
        raise NotFound(said("没有这项调整，或者它不是本局的"))
    if override.withdrawn_at is not None:
        raise Conflict(said("这项调整已经撤回"))
    override.withdrawn_at, override.withdrawn_by = clock.now(), actor.name
    session.flush()
    calendars.changed(session)
    moved = moving.of_bureau(session, override.bureau_code)
    _record(session, actor, "day.override_withdrawn", override, moved)
    return override


def listed(session: Session, actor: Actor, bureau_code: str, year: int) -> list[DayOverride]:
    """The bureau's decisions about days of that year, those withdrawn too. Raises Forbidden."""
    access.require(actor, "calendar.read")
    within = DayOverride.day.between(date(year, 1, 1), date(year, 12, 31))
    query = select(DayOverride).where(DayOverride.bureau_code == bureau_code, within)
    return list(session.scalars(query.order_by(DayOverride.day, DayOverride.id)))


def _standing(bureau_code: str, day: date) -> Select[int]:
    return select(DayOverride.id).where(
        DayOverride.bureau_code == bureau_code, DayOverride.day == day, DayOverride.withdrawn_at.is_(None)
    )


def _problems(day: date, reason: str, number: str) -> list[Problem]:
    problems = []
    today = clock.today()
    if not today - MOST_BACK <= day <= today + MOST_AHEAD:
        problems.append(Problem("day", "range", said("日期应在三十天前至两年之内")))
    if not 0 < len(reason.strip()) <= MOST_CHARACTERS:
        problems.append(Problem("reason", "required", said("请写明理由，不超过 %(most)s 个字", most=MOST_CHARACTERS)))
    if not 0 < len(number.strip()) <= MOST_CHARACTERS:
        problems.append(Problem("number", "required", said("请填写所依据文件的文号，没有文号的写明文件名称")))
    return problems


def _record(session: Session, actor: Actor, kind: str, override: DayOverride, moved: list[events.Entry]) -> None:
    payload = {
        "override": override.id,
        "day": override.day,
        "working": override.working,
        "reason": override.reason,
        "number": override.number,
    }
    events.append(session, override.bureau_code, actor.name, [events.Entry(kind, payload=payload), *moved])
