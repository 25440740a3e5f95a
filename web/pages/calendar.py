"""工作日历: the year as it is worked, notices imported by one and confirmed by another, and the bureau's decisions."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine import access, calendars, clock, day_overrides, holiday_notices
from engine.access import BUREAU
from engine.errors import FormInvalid
from web import guard
from web.guard import guard as guarded
from web.pages import frame, months
from web.wording import N_, _

routes = Blueprint("calendar_pages", __name__)

STATES = {  # of a notice → (title, level of its badge)
    "proposed": (N_("待确认"), "soon"),
    "confirmed": (N_("使用中"), "done"),
    "rejected": (N_("未采用"), "quiet"),
    "replaced": (N_("已被替代"), "quiet"),
}


@routes.get("/calendar")
@guarded("calendar.read")
def show() -> Response:
    """The year as the bureau works it."""
    return _shown()


@routes.post("/calendar/notices")
@guarded("calendar.import")
def propose() -> BaseResponse:
    """Import the file of a notice; it counts when somebody else has confirmed it."""
    given = {"number": request.form.get("number", "").strip()}
    sent = request.files.get("file")
    content = sent.stream.read(holiday_notices.MOST_BYTES + 1) if sent else b""
    if not content:
        return _shown({"file": _("请选择放假通知的数据文件")}, given, 422)
    try:
        with frame.writing() as session:
            notice = holiday_notices.propose(session, guard.actor(), content, given["number"])
            notice_id = notice.id
    except JiqunError as error:
        return _shown({"file": error.message}, given, 422)
    frame.say(_("已导入，请另一人核对后确认。确认之前不影响任何日期。"))
    return frame.go("calendar_pages.notice", holiday_notice_id=notice_id)


@routes.get("/calendar/notices/<number:holiday_notice_id>")
@guarded("calendar.read")
def notice(holiday_notice_id: int) -> Response:
    """What a notice would change, for who confirms it."""
    actor = guard.actor()
    with frame.reading() as session:
        found = holiday_notices.find(session, actor, holiday_notice_id)
        changes = holiday_notices.difference(session, found) if found.state == "proposed" else []
    names = {date.fromisoformat(on): name for on, (name, _working) in found.days.items()}
    return frame.page(
        "calendar/notice.html",
        here="year",
        notice=found,
        changes=changes,
        names=names,
        states=STATES,
        turned=sum(change.turns for change in changes),
        may_decide=found.state == "proposed" and access.may(actor, "calendar.import"),
        own=found.proposed_by == actor.name,
    )


@routes.post("/calendar/notices/<number:holiday_notice_id>/confirm")
@guarded("calendar.import")
def confirm(holiday_notice_id: int) -> BaseResponse:
    """The notice counts; open dates are counted anew."""
    with frame.writing() as session:
        year = holiday_notices.confirm(session, guard.actor(), holiday_notice_id).year
    frame.say(_("已确认。未办结事项的日期已重新计算，变动的日期记入办理记录。"))
    return frame.go("calendar_pages.show", year=year)


@routes.post("/calendar/notices/<number:holiday_notice_id>/reject")
@guarded("calendar.import")
def reject(holiday_notice_id: int) -> BaseResponse:
    """The notice is put aside."""
    with frame.writing() as session:
        holiday_notices.reject(session, guard.actor(), holiday_notice_id)
    frame.say(_("这份放假通知不采用。"))
    return frame.go("calendar_pages.show")


@routes.post("/calendar/overrides")
@guarded("calendar.override")
def put() -> BaseResponse:
    """The bureau works on a day, or not, by its own decision."""
    given = {name: request.form.get(name, "").strip() for name in ("day", "working", "reason", "document")}
    try:
        day = date.fromisoformat(given["day"])
    except ValueError:
        return _shown({"day": _("请按年月日填写日期")}, given, 422)
    if given["working"] not in {"0", "1"}:
        return _shown({"working": _("请选择上班或放假")}, given, 422)
    try:
        with frame.writing() as session:
            day_overrides.put(
                session,
                guard.actor(),
                _bureau(),
                day,
                working=given["working"] == "1",
                reason=given["reason"],
                number=given["document"],
            )
    except FormInvalid as error:
        names = {"number": "document"}
        return _shown({names.get(each.field, each.field): each.message for each in error.problems}, given, 422)
    except JiqunError as error:
        return _shown({"day": error.message}, given, 409)
    frame.say(_("已调整，未办结事项的日期已重新计算。"))
    return frame.go("calendar_pages.show", year=day.year)


@routes.post("/calendar/overrides/<number:override_id>/withdraw")
@guarded("calendar.override")
def withdraw(override_id: int) -> BaseResponse:
    """The decision counts no longer."""
    with frame.writing() as session:
        year = day_overrides.withdraw(session, guard.actor(), override_id).day.year
    frame.say(_("已撤回，未办结事项的日期已重新计算。"))
    return frame.go("calendar_pages.show", year=year)


def asked_year() -> int:
    """The year that the address asks for; this one without."""
    text = request.args.get("year", "")
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else 0
    return year if holiday_notices.YEARS[0] <= year <= holiday_notices.YEARS[1] else clock.today().year


def _bureau() -> str:
    """The bureau whose calendar the reader keeps: the first of those where they may."""
    return next(iter(sorted(access.offices(guard.actor(), BUREAU))), "")


def _shown(
    wrong: Mapping[str, str] | None = None, given: Mapping[str, Any] | None = None, status: int = 200
) -> Response:
    actor, year, wrong = guard.actor(), asked_year(), wrong or {}
    bureau = _bureau()
    with frame.reading() as session:
        days = calendars.of(session, bureau) if bureau else calendars.for_actor(session, actor)
        drawn = months.of_year(days, year)
        return frame.page(
            "calendar/show.html",
            status,
            here="year",
            year=year,
            years=holiday_notices.YEARS,
            months=drawn,
            weekdays=months.WEEKDAYS,
            revision=days.revision,
            missing=holiday_notices.missing(session),
            notices=holiday_notices.listed(session, actor) if access.may(actor, "calendar.import") else [],
            overrides=day_overrides.listed(session, actor, bureau, year) if bureau else [],
            states=STATES,
            may_keep=access.may(actor, "calendar.import"),
            wrong=wrong,
            problems=[{"href": f"#{name}", "message": message} for name, message in wrong.items()],
            given=given or {},
        )
