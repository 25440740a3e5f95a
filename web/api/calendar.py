"""工作日历和年度事项."""

from datetime import datetime, timedelta

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import calendars, day_overrides, holiday_notices, year
from engine.access import Actor
from web.api import paging
from web.given_days import DaysAsked, NoticeGiven, OverrideGiven, YearAsked
from web.guard import guard
from web.operations import operation
from web.told_days import DayList, DayTold, NoticeList, NoticeTold, OverrideTold, UrgedTold, YearPage

routes = Blueprint("calendar", __name__)


@routes.get("/calendar/days")
@guard("calendar.read")
@operation(problems={409})
def list_days(session: Session, actor: Actor, query: DaysAsked) -> DayList:
    """工作日历

    从 first 起的各天：是否工作日、是否已有放假通知、依据。按调用者所在主管部门的日历，含其本局调整。
    """
    days = calendars.for_actor(session, actor)
    found = [days.day(query.first + timedelta(days=n)) for n in range(query.count)]
    return DayList(items=[DayTold.model_validate(day, from_attributes=True) for day in found])


@routes.get("/calendar/notices")
@guard("calendar.read")
@operation()
def list_holiday_notices(session: Session, actor: Actor) -> NoticeList:
    """导入的放假通知"""
    found = holiday_notices.listed(session, actor)
    return NoticeList(items=[NoticeTold.model_validate(each, from_attributes=True) for each in found])


@routes.post("/calendar/notices")
@guard("calendar.import")
@operation(status=201, problems={409}, location="/api/v1/calendar/notices/{id}")
def propose_holiday_notice(session: Session, actor: Actor, body: NoticeGiven) -> NoticeTold:
    """导入放假通知

    holiday-cn 格式。由另一人确认后才起作用。
    """
    made = holiday_notices.propose(session, actor, body.content.encode(), body.number)
    return NoticeTold.model_validate(made, from_attributes=True)


@routes.get("/calendar/notices/<number:holiday_notice_id>")
@guard("calendar.read")
@operation(problems={404})
def show_holiday_notice(session: Session, actor: Actor, holiday_notice_id: int) -> NoticeTold:
    """一份放假通知"""
    return NoticeTold.model_validate(holiday_notices.find(session, actor, holiday_notice_id), from_attributes=True)


@routes.post("/calendar/notices/<number:holiday_notice_id>/confirm")
@guard("calendar.import")
@operation(problems={404, 409})
def confirm_holiday_notice(session: Session, actor: Actor, holiday_notice_id: int) -> NoticeTold:
    """确认放假通知

    确认人不得与导入人相同。未办结事项的日期随即重新计算。
    """
    return NoticeTold.model_validate(holiday_notices.confirm(session, actor, holiday_notice_id), from_attributes=True)


@routes.post("/calendar/notices/<number:holiday_notice_id>/reject")
@guard("calendar.import")
@operation(problems={404, 409})
def reject_holiday_notice(session: Session, actor: Actor, holiday_notice_id: int) -> NoticeTold:
    """不采用放假通知"""
    return NoticeTold.model_validate(holiday_notices.reject(session, actor, holiday_notice_id), from_attributes=True)


@routes.post("/calendar/overrides")
@guard("calendar.override")
@operation(status=201, problems={409})
def put_override(session: Session, actor: Actor, body: OverrideGiven) -> OverrideTold:
    """本局调整一天

    写明理由和文号；只影响本局的期限，未办结事项的日期随即重新计算。
    """
    made = day_overrides.put(
        session,
        actor,
        body.bureau_code,
        body.day,
        working=body.working,
        reason=body.reason,
        number=body.number,
    )
    return OverrideTold.model_validate(made, from_attributes=True)


@routes.post("/calendar/overrides/<number:override_id>/withdraw")
@guard("calendar.override")
@operation(problems={404, 409})
def withdraw_override(session: Session, actor: Actor, override_id: int) -> OverrideTold:
    """撤回本局调整"""
    return OverrideTold.model_validate(day_overrides.withdraw(session, actor, override_id), from_attributes=True)


@routes.get("/year")
@guard("year.read")
@operation()
def list_year(session: Session, actor: Actor, query: YearAsked) -> YearPage:
    """年度事项

    一个主管部门一年内到期的事项，按日期排列。
    """
    mark = paging.marked(query.after, _moment, paging.number)
    after = (mark[0], mark[1]) if mark else None
    most = query.limit + 1
    rows = year.listed(
        session, actor, query.bureau_code, query.year, kind=query.kind, state=query.state, limit=most, after=after
    )
    told = paging.page([vars(row) for row in rows], query, lambda row: [row["due_at"].isoformat(), row["id"]])
    return YearPage.model_validate(told)


@routes.post("/obligations/<number:obligation_id>/urge")
@guard("obligation.urge")
@operation(problems={404, 409})
def urge_obligation(session: Session, actor: Actor, obligation_id: int) -> UrgedTold:
    """催办年度事项

    每个工作日至多一次，记入办理记录。
    """
    return UrgedTold.model_validate(year.urge(session, actor, obligation_id), from_attributes=True)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("not one of our cursors")
    return moment
