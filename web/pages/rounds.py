"""Rounds (批次): the list, one with every case by stage and what holds it up, and opening a new one."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine import access, bulletin, clock, deployments, overview, progress, queries, rounds
from engine.access import Actor
from engine.errors import NotFound, Refused
from engine.models import Case
from web import guard, tables
from web.api import paging
from web.given import Paged
from web.guard import guard as guarded
from web.pages import frame
from web.pages.cases.lists import as_cells, columns
from web.wording import _

routes = Blueprint("round_pages", __name__)

PAGE = 50  # rounds
YEARS = range(2000, 2101)
TITLE = 100  # characters


@routes.get("/rounds")
@guarded("round.list")
def list_() -> Response:
    """The rounds that the reader may see, newest first."""
    actor = guard.actor()
    paged = Paged(limit=PAGE, after=request.args.get("after") or None)
    (after,) = paging.marked(paged.after, paging.number) or (None,)
    with frame.reading() as session:
        found = queries.list_rounds(session, actor, limit=PAGE + 1, after=after)
        titles = _titles(session, found)
    shown = paging.page(found, paged, lambda row: [row["id"]])
    return frame.page(
        "rounds/list.html",
        here="rounds",
        rows=shown["items"],
        next_href=shown["next"],
        first_href=url_for("round_pages.list_") if after else None,
        titles=titles,
        states=_states(),
        may_open=access.may(actor, "round.open"),
        may_apply=_may_apply(actor),
    )


@routes.get("/rounds/<number:round_id>")
@guarded("round.read")
def show(round_id: int) -> Response:
    """One round: its dates, what it waits for, and its cases by stage."""
    actor = guard.actor()
    with frame.reading() as session:
        round_ = queries.round_detail(session, actor, round_id)
        listed = overview.round_cases(session, actor, round_id)
        notices = overview.round_notices(session, actor, round_id)
        own = _own_case(session, actor, round_["case_id"])
        titles = _titles(session, [round_])
        return frame.page(
            "rounds/show.html",
            here="rounds",
            round=round_,
            regime=titles[round_["regime"]],
            state=_states()[round_["state"]],
            stages=_stages(listed),
            total=len(listed),
            notices=notices,
            kinds=bulletin.NOTICE_KINDS,
            publicity=_publicity(notices),
            own=own,
            stops=progress.of_case(session, actor, own.id).stops if own else (),
            mine=overview.tasks_of(session, actor, own.id) if own else (),
            applies=_may_apply(actor) and _open_now(round_),
            bureau=own is not None,
        )


@routes.get("/rounds/<number:round_id>.csv")
@guarded("round.read")
def export(round_id: int) -> Response:
    """The cases of a round as a table."""
    with frame.reading() as session:
        found = rounds.find(session, guard.actor(), round_id)
        rows = [as_cells(row) for row in overview.round_cases(session, guard.actor(), round_id)]
        return tables.answer(found.title, columns(), rows)


@routes.get("/rounds/new")
@guarded("round.open")
def new() -> Response:
    """The form for a new round."""
    return _form({"year": str(clock.today().year), "title": "", "regime": ""}, [])


@routes.post("/rounds/new")
@guarded("round.open")
def open_() -> BaseResponse:
    """Open a round; its call for applications is the first task."""
    actor = guard.actor()
    given = {name: request.form.get(name, "").strip() for name in ("regime", "year", "title")}
    problems = list(_problems(given))
    if problems:
        return _form(given, problems, 422)
    try:
        with frame.writing() as session:
            round_ = rounds.open_round(session, actor, given["regime"], int(given["year"]), given["title"])
            round_id = round_.id
    except (NotFound, Refused) as error:
        return _form(given, [_problem("regime", error)], 409)
    frame.say(_("批次已开启。请填写申报通知；通知发布后，申报主体即可申报。"))
    return frame.go("round_pages.show", round_id=round_id)


def _form(given: dict[str, str], problems: list[dict[str, str]], status: int = 200) -> Response:
    with frame.reading() as session:
        regimes = overview.regimes(session, guard.actor())
    said = {problem["field"]: problem["message"] for problem in problems}
    return frame.page(
        "rounds/new.html", status, here="rounds", given=given, problems=problems, wrong=said, regimes=regimes
    )


def _problems(given: dict[str, str]) -> Iterable[dict[str, str]]:
    """What is wrong with the form of a new round, a problem a field."""
    year = given["year"]
    if not given["regime"]:
        yield {"field": "regime", "href": "#regime", "message": _("请选择认定依据")}
    if not (year.isascii() and year.isdigit() and int(year[:9]) in YEARS):
        yield {"field": "year", "href": "#year", "message": _("请填写四位数的年度，例如 2026")}
    if not given["title"]:
        yield {"field": "title", "href": "#title", "message": _("请填写批次名称")}
    elif len(given["title"]) > TITLE or not given["title"].isprintable():
        message = _("批次名称不超过 %(most)s 字，不能换行", most=TITLE)
        yield {"field": "title", "href": "#title", "message": message}


def _problem(field: str, error: JiqunError) -> dict[str, str]:
    return {"field": field, "href": f"#{field}", "message": error.message}


def _stages(listed: list[overview.Row]) -> list[dict[str, Any]]:
    """The cases by stage, in the order of the diagram, what is due first on top."""
    found: dict[tuple[Any, str], list[overview.Row]] = {}
    for row in listed:
        found.setdefault((row["place"], row["stage"]), []).append(row)
    return [
        {
            "name": name or _("已终止"),
            "rows": sorted(rows, key=lambda row: (row["due_at"] is None, row["due_at"] or row["opened_at"], row["id"])),
            "late": sum(1 for row in rows if row["due_at"] and row["due_at"] < clock.now()),
        }
        for (_place, name), rows in sorted(found.items(), key=lambda item: item[0])
    ]


def _publicity(notices: list[overview.Row]) -> dict[str, Any] | None:
    """The latest publicity period: its days, and how many of them have come."""
    notice = next((each for each in reversed(notices) if each["kind"] == "publicity" and each["last_day"]), None)
    if notice is None:
        return None
    counted = [str(day) for day in notice["basis"].get("counted", ())]
    today = clock.today()
    return {
        **notice,
        "running": notice["first_day"] <= today <= notice["last_day"],
        "days": len(counted),
        "come": sum(1 for day in counted if day <= today.isoformat()),
        "counted": counted,
    }


def _own_case(session: Session, actor: Actor, case_id: int | None) -> Case | None:
    """The round's own run, for those who may read it."""
    case = session.get(Case, case_id) if case_id else None
    return case if case and access.may(actor, "case.read", case) else None


def _open_now(round_: queries.Row) -> bool:
    return round_["state"] == "open" and (round_["closes_at"] is None or round_["closes_at"] > clock.now())


def _may_apply(actor: Actor) -> bool:
    return access.may(actor, "case.open") and bool(actor.as_any_of(access.APPLICANTS))


def _titles(session: Session, rows: Iterable[queries.Row]) -> dict[str, str]:
    """What clusters are called in the regimes of these rounds."""
    names = {row["regime"] for row in rows}
    return {name: deployments.deployed(session, deployments.current(session, name).id).regime.title for name in names}


def _states() -> dict[str, str]:
    return {
        "draft": _("拟稿"),
        "open": _("申报中"),
        "closed": _("审核中"),
        "published": _("已办结"),
        "cancelled": _("已取消"),
    }
