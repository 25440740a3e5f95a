"""The cases that the reader may see: a page of them, and the same as a table."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from engine import access, overview
from engine.overview import STATUSES, Filters
from web import guard, tables
from web.api import paging
from web.given import Paged
from web.guard import guard as guarded
from web.pages import frame
from web.wording import _

routes = Blueprint("case_pages", __name__)

PAGE = 50  # cases
MOST_EXPORTED = 10_000
WORDS = 100  # characters of a keyword


@routes.get("/cases")
@guarded("case.list")
def list_() -> Response:
    """A page of the cases that the reader may see."""
    actor, filters = guard.actor(), _filters()
    paged = Paged(limit=PAGE, after=request.args.get("after") or None)
    (before,) = paging.marked(paged.after, paging.number) or (None,)
    with frame.reading() as session:
        found = overview.cases(session, actor, filters, limit=PAGE + 1, before=before)
        steps = overview.steps(session, actor, own=False)
        rounds = [(row["id"], row["title"]) for row in overview.round_choices(session, actor)]
    shown = paging.page(found, paged, lambda row: [row["id"]])
    return frame.page(
        "cases/list.html",
        here="cases",
        rows=shown["items"],
        next_href=shown["next"],
        first_href=url_for("case_pages.list_", **_kept(filters)) if before else None,
        filters=filters,
        filtered=filters != Filters(),
        statuses={status: state(status) for status in STATUSES},
        steps=steps,
        rounds=rounds,
        export=url_for("case_pages.export", **_kept(filters)),
        may_open=bool(actor.as_any_of(access.APPLICANTS)) and access.may(actor, "case.open"),
    )


@routes.get("/cases.csv")
@guarded("case.list")
def export() -> Response:
    """What the filters let through, as a table."""
    with frame.reading() as session:
        rows = [as_cells(row) for row in overview.cases(session, guard.actor(), _filters(), limit=MOST_EXPORTED)]
    return tables.answer(_("办件"), columns(), rows)


def columns() -> dict[str, str]:
    """The columns of a table of cases."""
    return {
        "id": _("编号"),
        "title": _("集群"),
        "applicant": _("申报主体"),
        "round": _("批次"),
        "stage": _("当前环节"),
        "holder": _("办理人"),
        "since": _("到达时间"),
        "due_at": _("办理期限"),
        "status": _("状态"),
    }


def as_cells(row: overview.Row) -> dict[str, Any]:
    """A case as the cells of such a table."""
    who = dict.fromkeys(task["holder"] or task["office"] for task in row["tasks"])
    return {**row, "holder": _("、").join(who), "status": state(row["status"])}


def _filters() -> Filters:
    """What the address asks for; what cannot be read is not asked."""
    given = request.args
    round_id, status = given.get("round", ""), given.get("status", "")
    return Filters(
        round_id=int(round_id) if round_id.isascii() and round_id.isdigit() and len(round_id) < 10 else None,
        stage=given.get("stage", "")[:WORDS],
        status=status if status in STATUSES else "",
        words=given.get("q", "").strip()[:WORDS],
    )


def _kept(filters: Filters) -> dict[str, Any]:
    given = {"round": filters.round_id, "stage": filters.stage, "status": filters.status, "q": filters.words}
    return {name: value for name, value in given.items() if value}


def state(status: str) -> str:
    return {
        "open": _("办理中"),
        "incident": _("异常"),
        "suspended": _("已中止"),
        "ended": _("已办结"),
        "cancelled": _("已终止"),
    }[status]
