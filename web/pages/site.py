"""公开页面: what anybody may read without signing in."""

from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, Response, request, url_for

from engine import bulletin, clock, conditions, organisations, register
from engine.bulletin import NOTICE_KINDS
from web import context
from web.api import paging
from web.api.files import sent
from web.guard import guard
from web.pages import frame
from web.wording import _

routes = Blueprint("site", __name__)

ON_HOME = 6  # notices
ON_PAGE = 20


@routes.get("/")
@guard("public.read")
def home() -> Response:
    """What this is, what is open, what was announced last."""
    with frame.reading() as session:
        notices = bulletin.notices(session, limit=ON_HOME)
        rounds = bulletin.open_rounds(session)
        recognised = register.how_many(session)
    return frame.page("site/home.html", notices=[row_of(row) for row in notices], rounds=rounds, recognised=recognised)


@routes.get("/notices")
@guard("public.read")
def notices() -> Response:
    """All notices, or those of a kind, newest first."""
    kind = request.args.get("kind", "")
    kind = kind if kind in NOTICE_KINDS else ""
    (after,) = paging.marked(request.args.get("after"), paging.number) or (None,)
    with frame.reading() as session:
        rows = bulletin.notices(session, kind=kind or None, limit=ON_PAGE + 1, after=after)
    next_href = following("site.notices", rows, lambda row: [row["id"]], kind=kind)
    return frame.page(
        "site/notices.html",
        here="notices",
        notices=[row_of(row) for row in rows[:ON_PAGE]],
        kind=kind,
        kinds={name: _(title) for name, title in NOTICE_KINDS.items()},
        next_href=next_href,
        first_href=url_for("site.notices", kind=kind or None) if after else None,
    )


@routes.get("/notices/<number:notice_id>")
@guard("public.read")
def notice(notice_id: int) -> Response:
    """A notice as it was published, and how its days are counted."""
    with frame.reading() as session:
        found = bulletin.notice(session, notice_id)
        bureau = organisations.get(session, found["bureau_code"]).name
        call = conditions.of_call(session, found["round_id"]) if found["kind"] == "call" else None
    basis = found["basis"] or {}
    days = [{**row, "date": date.fromisoformat(row["date"])} for row in basis.get("days", ())]
    return frame.page(
        "site/notice.html",
        here="notices",
        notice=row_of(found),
        paragraphs=[line.strip() for line in found["body"].splitlines() if line.strip()],
        bureau=bureau,
        call=call,
        over=found["last_day"] is not None and clock.today() > found["last_day"],
        basis=basis,
        days=days,
    )


@routes.get("/notices/<number:notice_id>/files/<file_id>")
@guard("public.read")
def notice_file(notice_id: int, file_id: str) -> Response:
    """A file that hangs on a notice."""
    with frame.reading() as session:
        return sent(context.current(), bulletin.file(session, notice_id, file_id))


@routes.get("/accessibility")
@guard("public.read")
def accessibility() -> Response:
    """无障碍声明."""
    return frame.page("site/accessibility.html")


@routes.get("/help")
@guard("public.read")
def help_() -> Response:
    """How to use these pages."""
    return frame.page("site/help.html")


def row_of(notice: bulletin.Row) -> dict[str, Any]:
    """A notice with its kind in words, and for a publicity period how long it still runs."""
    last, badge = notice["last_day"], None
    if last is not None:
        today = clock.today()
        if today > last:
            badge = (_("公示期满"), "quiet")
        else:
            left = frame.remaining(datetime.combine(last, time(23, 59, 59), clock.SHANGHAI))
            badge = (left.text if left.days else _("今日截止"), left.level)
    return {**notice, "kind_title": _(NOTICE_KINDS.get(notice["kind"], notice["kind"])), "badge": badge}


def following(endpoint: str, rows: list[bulletin.Row], mark: Any, **kept: str) -> str | None:
    """The address of the page after this one; `rows` has one more than a page if there is one."""
    if len(rows) <= ON_PAGE:
        return None
    given: dict[str, Any] = {name: value for name, value in kept.items() if value}
    return url_for(endpoint, after=paging.cursor(mark(rows[ON_PAGE - 1])), **given)
