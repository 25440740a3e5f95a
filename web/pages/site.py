"""公开页面: what anybody may read without signing in."""

from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, Response, request, url_for

from engine import bulletin, clock, organisations
from engine.bulletin import NOTICE_KINDS, STATES
from web.api import paging
from web.api.public import sheet
from web.guard import guard
from web.pages import frame
from web.wording import _

routes = Blueprint("site", __name__)

ON_HOME = 6  # notices
ON_PAGE = 20
LEVELS = {"recognised": "done", "expired": "soon", "revoked": "quiet"}  # of a badge


@routes.get("/")
@guard("public.read")
def home() -> Response:
    """What this is, what is open, what was announced last."""
    with frame.reading() as session:
        notices = bulletin.notices(session, limit=ON_HOME)
        rounds = bulletin.open_rounds(session)
        recognised = bulletin.how_many(session)
    return frame.page("site/home.html", notices=[_row(row) for row in notices], rounds=rounds, recognised=recognised)


@routes.get("/notices")
@guard("public.read")
def notices() -> Response:
    """All notices, or those of a kind, newest first."""
    kind = request.args.get("kind", "")
    kind = kind if kind in NOTICE_KINDS else ""
    (after,) = paging.marked(request.args.get("after"), paging.number) or (None,)
    with frame.reading() as session:
        rows = bulletin.notices(session, kind=kind or None, limit=ON_PAGE + 1, after=after)
    next_href = _next("site.notices", rows, lambda row: [row["id"]], kind=kind)
    return frame.page(
        "site/notices.html",
        here="notices",
        notices=[_row(row) for row in rows[:ON_PAGE]],
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
    basis = found["basis"] or {}
    days = [{**row, "date": date.fromisoformat(row["date"])} for row in basis.get("days", ())]
    return frame.page(
        "site/notice.html",
        here="notices",
        notice=_row(found),
        paragraphs=[line.strip() for line in found["body"].splitlines() if line.strip()],
        bureau=bureau,
        basis=basis,
        days=days,
    )


@routes.get("/register")
@guard("public.read")
def register() -> Response:
    """The register of recognised clusters; `format=csv` gives what is shown as a file for spreadsheets."""
    asked = {name: request.args.get(name, "").strip() for name in ("words", "division", "state")}
    asked["state"] = asked["state"] if asked["state"] in STATES else ""
    whole = request.args.get("format") == "csv"
    after = paging.marked(request.args.get("after"), str, str, paging.number)
    with frame.reading() as session:
        rows = bulletin.register(session, **asked, limit=None if whole else ON_PAGE + 1, after=None if whole else after)
        if whole:
            return sheet(rows)
        divisions = bulletin.divisions(session)
        titles = {row["regime"]: bulletin.regime_title(session, row["regime"]) for row in rows}
    next_href = _next("site.register", rows, lambda row: [row["regime"], row["division"], row["id"]], **asked)
    kept: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return frame.page(
        "site/register.html",
        here="register",
        clusters=[_cluster(row, titles) for row in rows[:ON_PAGE]],
        asked=asked,
        divisions=divisions,
        states={name: _(title) for name, title in STATES.items()},
        next_href=next_href,
        first_href=url_for("site.register", **kept) if after else None,
        csv_href=url_for("site.register", format="csv", **kept),
    )


@routes.get("/register/<number:cluster_id>")
@guard("public.read")
def cluster(cluster_id: int) -> Response:
    """A recognised cluster: its validity, and the notices that named it."""
    with frame.reading() as session:
        found = bulletin.cluster(session, cluster_id)
    shown = _cluster(found, {found["regime"]: found["regime_title"]})
    return frame.page(
        "site/cluster.html", here="register", cluster=shown, notices=[_row(row) for row in found["notices"]]
    )


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


def _row(notice: bulletin.Row) -> dict[str, Any]:
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


def _cluster(row: bulletin.Row, titles: dict[str, str]) -> dict[str, Any]:
    state = row["state"]
    return {
        **row,
        "regime_title": titles[row["regime"]],
        "state_title": _(STATES.get(state, state)),
        "level": LEVELS.get(state, "quiet"),
    }


def _next(endpoint: str, rows: list[bulletin.Row], mark: Any, **kept: str) -> str | None:
    """The address of the page after this one; `rows` has one more than a page if there is one."""
    if len(rows) <= ON_PAGE:
        return None
    given: dict[str, Any] = {name: value for name, value in kept.items() if value}
    return url_for(endpoint, after=paging.cursor(mark(rows[ON_PAGE - 1])), **given)
