"""年度事项: what is due to a bureau in a year, on a calendar and in a list, and one click to urge who has not acted."""

from collections import Counter
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import access, calendars, clock, holiday_notices, particulars, rule_ends, year
from engine.access import BUREAU
from engine.errors import Refused
from engine.year import Item
from web import guard
from web.guard import guard as guarded
from web.pages import frame, months
from web.pages.calendar import asked_year
from web.wording import _

routes = Blueprint("year_pages", __name__)

ON_PAGE = 50


@routes.get("/year")
@guarded("year.read")
def show() -> Response:
    """The bureau's year."""
    actor, asked = guard.actor(), asked_year()
    bureau = sorted(access.offices(actor, BUREAU))[0]
    state = next((each for each in year.STATES if each == request.args.get("state")), year.STATES[0])
    kind = request.args.get("kind", "")
    shows_limits = not kind and state != "done" and "after" not in request.args  # with the first page of what is owed
    with frame.reading() as session:
        counts = year.counts(session, actor, bureau, asked)
        due = year.days(session, actor, bureau, asked)
        rows = year.listed(
            session, actor, bureau, asked, kind=kind, state=state, limit=ON_PAGE + 1, after=_after(request.args)
        )
        in_all, unfinished = Counter[date](), Counter[date]()
        running = year.limits(session, actor, bureau, asked, late=state == "late") if shows_limits else []
        for each in due:
            in_all[each.on] += each.count
            unfinished[each.on] += each.open
        drawn = months.of_year(
            calendars.of(session, bureau), asked, {on: (in_all[on], unfinished[on]) for on in in_all}
        )
        missing = holiday_notices.missing(session)
        ending = [each for each in rule_ends.coming(session) if each.rules.bureau == bureau]
    kept: dict[str, Any] = {name: value for name, value in (("state", state), ("kind", kind)) if value}
    more = len(rows) > ON_PAGE
    return frame.page(
        "year/show.html",
        here="year",
        year=asked,
        years=holiday_notices.YEARS,
        months=drawn,
        weekdays=months.WEEKDAYS,
        counts=counts,
        items=rows[:ON_PAGE],
        limits=running,
        kinds={each.kind: particulars.DUTIES.get(each.kind, each.kind) for each in due},
        duties=particulars.DUTIES,
        kind=kind,
        state=state,
        missing=missing,
        ending=ending,
        kept=kept,
        next_href=url_for("year_pages.show", year=asked, **kept, **_mark(rows[ON_PAGE - 1])) if more else None,
        first_href=url_for("year_pages.show", year=asked, **kept) if "after" in request.args else None,
    )


@routes.post("/year/<number:obligation_id>/urge")
@guarded("obligation.urge")
def urge(obligation_id: int) -> BaseResponse:
    """Ask those who owe it to get on with it."""
    try:
        with frame.writing() as session:
            owed = year.urge(session, guard.actor(), obligation_id)
            asked = owed.due_at.astimezone(clock.SHANGHAI).year
    except Refused as error:
        frame.say(error.message)
        return frame.go("year_pages.show")
    frame.say(_("已催办，通知将送达申报主体。"))
    return frame.go("year_pages.show", year=asked)


def _mark(row: Item) -> dict[str, Any]:
    return {"after": f"{row.due_at.isoformat()} {row.id}"}


def _after(args: Any) -> tuple[datetime, int] | None:
    at, _space, number = str(args.get("after", "")).partition(" ")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    usable = moment.tzinfo is not None and number.isascii() and number.isdigit() and len(number) < 10
    return (moment, int(number)) if usable else None
