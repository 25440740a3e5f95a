"""The inbox (待办): what is waiting for the reader, due first; taking a task and giving it back."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from engine import access, inbox, overview, tasks
from engine.access import Actor
from engine.inbox import MOST, STATES, Filters, Pile
from web import guard, tables
from web.api import paging
from web.given import Paged
from web.guard import guard as guarded
from web.pages import frame
from web.wording import _

routes = Blueprint("inbox", __name__)

PAGE = 50  # tasks
MOST_EXPORTED = 10_000  # rows of a table
WORDS = 100  # characters of a keyword


@routes.get("/tasks")
@guarded("task.list")
def list_() -> Response:
    """A page of the inbox. All filters stand in the address, so that it can be kept and sent."""
    actor, filters = guard.actor(), _filters()
    paged = Paged(limit=PAGE, after=request.args.get("after") or None)
    after = paging.marked(paged.after, _due, _moment, str)
    with frame.reading() as session:
        on = inbox.piles(session, actor)
        counted = inbox.counts(session, actor, on)
        found = inbox.tasks(session, actor, on, filters, limit=PAGE + 1, after=after)
        steps = overview.steps(session, actor, own=True)
        rounds = [(row["id"], row["title"]) for row in overview.round_choices(session, actor)]
    shown = paging.page(found, paged, _mark)
    return frame.page(
        "inbox/list.html",
        here="tasks",
        rows=shown["items"],
        next_href=shown["next"],
        first_href=_address(filters) if after else None,
        tiles=_tiles(filters, counted),
        filters=filters,
        filtered=filters != Filters(state=filters.state),
        steps=steps,
        rounds=rounds,
        back=request.query_string.decode("ascii", "replace"),
        export=url_for("inbox.export", **_kept(filters)),
        most_exported=MOST_EXPORTED,
        may_open=access.may(actor, "case.open") and bool(actor.as_any_of(access.APPLICANTS)),
    )


@routes.get("/tasks.csv")
@guarded("task.list")
def export() -> Response:
    """What the filters let through, as a table."""
    actor, filters = guard.actor(), _filters()
    columns = {
        "case_id": _("办件编号"),
        "case_title": _("办件"),
        "applicant": _("申报主体"),
        "title": _("当前环节"),
        "opened_at": _("收到时间"),
        "due_at": _("办理期限"),
        "left": _("剩余时间"),
        "holder": _("办理人"),
    }
    with frame.reading() as session:
        on = inbox.piles(session, actor)
        rows = [{**row, "left": frame.remaining(row["due_at"]).text} for row in _all(session, actor, on, filters)]
    return tables.answer(_("待办"), columns, rows)


@routes.post("/tasks/<task_id>/claim")
@guarded("task.claim")
def claim(task_id: str) -> BaseResponse:
    """Take a task, so that no colleague does it meanwhile."""
    with frame.writing() as session:
        title = tasks.claim(session, guard.actor(), task_id).title
    frame.say(_("已认领：%(title)s。该待办现由您办理。", title=title))
    return _back(task_id)


@routes.post("/tasks/<task_id>/release")
@guarded("task.release")
def release(task_id: str) -> BaseResponse:
    """Give a task back to the office."""
    with frame.writing() as session:
        title = tasks.release(session, guard.actor(), task_id).title
    frame.say(_("已释放：%(title)s。同岗位的同事可以认领。", title=title))
    return _back(task_id)


def _back(task_id: str) -> BaseResponse:
    """Where the reader came from: the task's own page, or the inbox with the filters it had."""
    if request.form.get("then") == "task":
        return redirect(f"/tasks/{task_id}", 303)
    kept = request.form.get("back", "")
    return redirect(
        url_for("inbox.list_") + (f"?{kept}" if kept.isascii() and kept.isprintable() and kept else ""), 303
    )


def _filters() -> Filters:
    """What the address asks for; what cannot be read is not asked."""
    given = request.args
    state, round_id = given.get("state", ""), given.get("round", "")
    return Filters(
        state=state if state in STATES else "all",
        own=given.get("own") == "1" and state != "free",
        round_id=int(round_id) if round_id.isascii() and round_id.isdigit() and len(round_id) < 10 else None,
        step=given.get("step", "")[:WORDS],
        words=given.get("q", "").strip()[:WORDS],
    )


def _kept(filters: Filters) -> dict[str, Any]:
    """The filters as they stand in an address; what is not asked does not."""
    given = {
        "state": filters.state if filters.state != "all" else "",
        "own": "1" if filters.own else "",
        "round": filters.round_id,
        "step": filters.step,
        "q": filters.words,
    }
    return {name: value for name, value in given.items() if value}


def _address(filters: Filters, **other: str) -> str:
    kept = {name: value for name, value in {**_kept(filters), **other}.items() if value}
    return url_for("inbox.list_") + (f"?{urlencode(kept)}" if kept else "")


def _tiles(filters: Filters, counted: dict[str, int]) -> list[dict[str, Any]]:
    """The four numbers above the list; each leads to its tasks."""
    labels = {"all": _("全部待办"), "late": _("已逾期"), "soon": _("三日内到期"), "free": _("待认领")}
    return [
        {
            "label": label,
            "count": f"{MOST}+" if counted[state] > MOST else str(counted[state]),
            "href": _address(Filters(), state=state if state != "all" else ""),
            "level": state if counted[state] and state in {"late", "soon"} else "",
            "current": filters.state == state,
        }
        for state, label in labels.items()
    ]


def _all(session: Session, actor: Actor, on: list[Pile], filters: Filters) -> Iterator[inbox.Row]:
    """The filtered tasks, up to what a table takes."""
    after, size = None, 500
    for _page in range(MOST_EXPORTED // size):
        rows = inbox.tasks(session, actor, on, filters, limit=size, after=after)
        yield from rows
        if len(rows) < size:
            return
        after = (rows[-1]["due_at"], rows[-1]["opened_at"], rows[-1]["id"])


def _mark(row: inbox.Row) -> tuple[str, str, str]:
    return row["due_at"].isoformat() if row["due_at"] else "", row["opened_at"].isoformat(), row["id"]


def _due(text: str) -> datetime | None:
    return _moment(text) if text else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment
