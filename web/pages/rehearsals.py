"""推演: ask for a rehearsal, see how far it is, and read what it came to."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request, send_file, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from config.regime import Regime
from engine import access, bundle, clock, deployments
from engine.access import REHEARSERS, ROLES
from engine.errors import NotFound, Refused
from engine.forms import Problem
from web import context, guard
from web.guard import guard as guarded
from web.pages import charts, frame
from web.rehearsal import runs
from web.rehearsal.run import Asked
from web.rehearsal.runs import Run
from web.rehearsal.scenario import MOST_SEED, WORDS, Scenario
from web.wording import N_, _

routes = Blueprint("rehearsals", __name__)

MOST = 200  # clusters that are invented for a page
ON_PAGE = 100  # lines
A_YEAR = timedelta(days=365)

STATES = {
    "starting": (N_("正在准备"), "soon"),
    "running": (N_("进行中"), "soon"),
    "done": (N_("已完成"), "done"),
    "cancelled": (N_("已取消"), "quiet"),
    "failed": (N_("未能完成"), "late"),
    "killed": (N_("已中断"), "late"),
}
TITLES = {  # of the words of a scenario
    "reports": N_("年度报告"),
    "checks": N_("报告的审核"),
    "renewals": N_("复核申请"),
    "reviews": N_("复核结果"),
    "objections": N_("公示期间的异议"),
}
CHOICES = {
    "on_time": N_("按时"),
    "late": N_("迟十日"),
    "never": N_("不办理"),
    "apply": N_("申请"),
    "pass": N_("通过"),
    "fail": N_("不通过"),
    "none": N_("没有"),
    "one": N_("每次公示一件"),
}
KINDS = {
    "case.opened": N_("发起办件"),
    "task.opened": N_("新待办"),
    "task.completed": N_("办结待办"),
    "task.overdue": N_("待办超期"),
    "timer.fired": N_("到时"),
    "letter.sent": N_("通知"),
    "cluster.recognised": N_("认定"),
    "cluster.renewed": N_("复核通过"),
    "cluster.expired": N_("有效期届满"),
    "cluster.revoked": N_("撤销认定"),
    "obligation.met": N_("已报送"),
    "finding.noted": N_("登记线索"),
    "case.ended": N_("办件结束"),
}


@routes.get("/rehearsals")
@guarded("rehearsal.list")
def list_() -> Response:
    """The rehearsals that the reader may see, and the form for another."""
    return _list({}, ())


@routes.post("/rehearsals")
@guarded("rehearsal.run")
def start() -> BaseResponse:
    """Begin a rehearsal."""
    given = {name: value.strip() for name, value in request.form.items()}
    here, actor = context.current(), guard.actor()
    with frame.reading() as session:
        offered = _offered(session)
    problems: list[Problem] = []
    asked = _asked(given, offered, problems)
    if asked is None:
        return _list(given, problems, 422)
    regime = offered[asked.regime]
    access.require(actor, "rehearsal.live" if asked.clusters is None else "rehearsal.run", regime.bureau)
    try:
        number = runs.start(
            here.settings.data, asked, title=regime.title, bureau=regime.bureau, by=actor.name, url=here.database.url
        )
    except Refused as error:
        return _list(given, [Problem("regime", error.code, error.message)], 409)
    return frame.go("rehearsals.show", rehearsal_id=number)


@routes.get("/rehearsals/<number:rehearsal_id>")
@guarded("rehearsal.list")
def show(rehearsal_id: int) -> Response:
    """How far it is; and, once it has ended, what it came to."""
    run = _run(rehearsal_id)
    asked = {name: request.args.get(name, "") for name in ("kind", "role", "month", "words")}
    after = request.args.get("after", 0, type=int)
    found = enumerate(run.told(), 1) if not run.under_way else iter(())
    rows = [(at, each) for at, each in islice(_matching(found, asked, after), ON_PAGE + 1)]
    kept: dict[str, Any] = {name: value for name, value in asked.items() if value}
    more = len(rows) > ON_PAGE
    next_at = rows[ON_PAGE - 1][0] if more else 0
    weeks: Mapping[str, int] = run.outcome.get("weeks", {})
    months: Mapping[str, Mapping[str, int]] = run.outcome.get("months", {})
    roles = sorted({role for month in months.values() for role in month})
    return frame.page(
        "rehearsals/show.html",
        here="rehearsals",
        **told(run),
        rows=[each for _at, each in rows[:ON_PAGE]],
        asked=asked,
        kinds={kind: _(title) for kind, title in KINDS.items() if run.outcome.get("kinds", {}).get(kind)},
        desks={role: _(ROLES.get(role, role)) for role in roles},
        months=list(months),
        weeks=charts.columns([(week, {"": weeks.get(week, 0)}) for week in _weeks(run)] if weeks else [], [""]),
        load=charts.columns([(month, months.get(month, {})) for month in _months(run)] if months else [], roles),
        next_href=url_for("rehearsals.show", rehearsal_id=run.number, after=next_at, **kept) if more else None,
        first_href=url_for("rehearsals.show", rehearsal_id=run.number, **kept) if after else None,
    )


@routes.get("/rehearsals/<number:rehearsal_id>/lines.jsonl")
@guarded("rehearsal.list")
def download_lines(rehearsal_id: int) -> Response:
    """All its lines, as `jiqun rehearse` writes them."""
    return _download(_run(rehearsal_id), runs.LINES, "application/jsonl")


@routes.get("/rehearsals/<number:rehearsal_id>/letters.txt")
@guarded("rehearsal.list")
def download_letters(rehearsal_id: int) -> Response:
    """The letters, as they would be read."""
    return _download(_run(rehearsal_id), runs.LETTERS, "text/plain; charset=utf-8")


@routes.post("/rehearsals/<number:rehearsal_id>/cancel")
@guarded("rehearsal.run")
def cancel(rehearsal_id: int) -> BaseResponse:
    """Let it end now."""
    runs.cancel(_run(rehearsal_id))
    frame.say(_("已要求结束；正在办的一步办完就停。"))
    return frame.go("rehearsals.show", rehearsal_id=rehearsal_id)


@routes.post("/rehearsals/<number:rehearsal_id>/delete")
@guarded("rehearsal.run")
def delete(rehearsal_id: int) -> BaseResponse:
    """Take it away with all its files."""
    runs.delete(_run(rehearsal_id))
    frame.say(_("推演及其全部文件已删除。"))
    return frame.go("rehearsals.list_")


def _run(number: int) -> Run:
    run = runs.find(context.current().settings.data, number)
    access.require(guard.actor(), "rehearsal.read", run)
    return run


def _list(given: Mapping[str, str], problems: Any, status: int = 200) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        offered = _offered(session)
    first = clock.today()
    begun = {"first": first.isoformat(), "last": (first + A_YEAR).isoformat(), "of": "invented", "clusters": "10"}
    found = [run for run in runs.listed(context.current().settings.data) if access.may(actor, "rehearsal.read", run)]
    return frame.page(
        "rehearsals/list.html",
        status,
        here="rehearsals",
        runs=[told(run) for run in found],
        regimes=[(name, regime.title) for name, regime in offered.items()],
        may_live=any(access.may(actor, "rehearsal.live", regime.bureau) for regime in offered.values()),
        words=[(word, _(TITLES[word]), [(value, _(CHOICES[value])) for value in WORDS[word]]) for word in WORDS],
        given={"seed": "1", **begun, **given},
        wrong={each.field: each.message for each in problems},
        problems=[{"href": f"#{each.field}", "message": each.message} for each in problems],
        days=context.current().settings.rehearsal_days,
    )


def _offered(session: Session) -> dict[str, Regime]:
    """The regimes of the reader's bureaus that are deployed here."""
    own = access.offices(guard.actor(), REHEARSERS)
    found = {name: deployments.rules(session, name) for name in bundle.regimes()}
    return {name: regime for name, regime in found.items() if regime and regime.bureau in own}


def _asked(given: Mapping[str, str], offered: Mapping[str, Regime], problems: list[Problem]) -> Asked | None:
    """What was asked for; None where something of it is wrong."""
    if given.get("regime") not in offered:
        problems.append(Problem("regime", "not_a_choice", _("请选择一个办法")))
    first, last = (_date(given, name, problems) for name in ("first", "last"))
    live = given.get("of") == "live"
    clusters = None if live else _whole(given, "clusters", 1, MOST, problems)
    seed = _whole(given, "seed", 0, MOST_SEED, problems)
    words = {word: given[word] for word in WORDS if given.get(word) in WORDS[word]}
    if problems or first is None or last is None or seed is None:
        return None
    asked = Asked(given["regime"], first, last, clusters, Scenario(seed, words))
    try:
        asked.require()
    except Refused as error:
        problems.append(Problem("first" if live and first < clock.today() else "last", error.code, error.message))
        return None
    return asked


def _date(given: Mapping[str, str], name: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError:
        problems.append(Problem(name, "date", _("请按年月日填写日期")))
        return None


def _whole(given: Mapping[str, str], name: str, least: int, most: int, problems: list[Problem]) -> int | None:
    text = given.get(name, "")
    if text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most:
        return int(text)
    problems.append(Problem(name, "range", _("请填写 %(least)s 至 %(most)s 的整数", least=least, most=most)))
    return None


def _weeks(run: Run) -> list[str]:
    """Every week of the period, as the outcome names them: those without a letter have their place in a chart too."""
    days = range(0, (run.last - run.first).days + 7, 7)
    weeks = [(run.first + timedelta(days=day)).isocalendar() for day in days]
    last = run.last.isocalendar()
    return [f"{year}-W{week:02}" for year, week, _day in weeks if (year, week) <= (last.year, last.week)]


def _months(run: Run) -> list[str]:
    """Every month of the period."""
    first, last = (12 * day.year + day.month - 1 for day in (run.first, run.last))
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(first, last + 1)]


def _matching(found: Any, asked: Mapping[str, str], after: int) -> Any:
    """The lines behind this one that answer to the filter."""
    for at, each in found:
        texts = (each["subject"], each["to"], each["clause"])
        if (
            at > after
            and asked["kind"] in {"", each["kind"]}
            and (not asked["role"] or asked["role"] in (each["role"] or "").split())
            and each["at"].startswith(asked["month"])
            and (not asked["words"] or any(asked["words"] in text for text in texts if text))
        ):
            yield at, each


def told(run: Run) -> dict[str, Any]:
    """A rehearsal with its state in words."""
    title, level = STATES[run.state]
    differs = {word: value for word, value in run.words.items() if value != WORDS[word][0]}
    said = [_("%(word)s：%(value)s", word=_(TITLES[word]), value=_(CHOICES[value])) for word, value in differs.items()]
    return {"run": run, "state": _(title), "level": level, "behaviour": said}


def _download(run: Run, name: str, mimetype: str) -> Response:
    file: Path = run.folder / name
    if not file.is_file():
        raise NotFound(_("这次推演没有这个文件"))
    answer = send_file(file.resolve(), mimetype=mimetype, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
