"""办理用时: where the cases of a bureau wait, on the diagram and in a table, and how long its steps take."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from sqlalchemy.orm import Session

from engine import access, clock, overview, sheets, waits
from engine.access import Actor
from engine.documents import Column
from engine.errors import Forbidden
from engine.waits import Filters, Took, Wait
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.figures import XLSX, taken
from web.wording import _

routes = Blueprint("waits_pages", __name__)

_COLUMNS = (
    *(Column("流程", 4), Column("环节", 6), Column("月份", 3, centred=True), Column("时限（工作日）", 3, centred=True)),
    *(Column("办结件数", 3, centred=True), Column("中位数", 2, centred=True), Column("九成不超过", 3, centred=True)),
    *(Column("最长", 2, centred=True), Column("逾期件数", 3, centred=True)),
)


@dataclass(frozen=True)
class _Asked:
    """What the address asks for; what cannot be read is not asked."""

    bureau: str
    regimes: dict[str, str]
    processes: dict[str, str]
    filters: Filters
    year: int

    @property
    def kept(self) -> dict[str, Any]:
        given = {"regime": self.filters.regime, "process": self.filters.process, "round": self.filters.round_id}
        return {**{name: value for name, value in given.items() if value}, "year": self.year}


@routes.get("/waits")
@guarded("waits.read")
def show() -> Response:
    """Where cases wait, and how long steps take."""
    actor = guard.actor()
    with frame.reading() as session:
        asked = _asked(session, actor)
        standing = waits.heat(session, actor, asked.bureau, asked.filters) if asked.regimes else []
        done = waits.took(session, actor, asked.bureau, asked.filters, asked.year) if asked.regimes else []
        years = waits.years(session, asked.bureau)
        rounds = [(row["id"], row["title"]) for row in overview.round_choices(session, actor)]
        names = waits.names(session, asked.filters.regime) if asked.regimes else {}
    months: dict[tuple[str, str], list[Took]] = {}
    for each in done:
        if each.month:
            months.setdefault((each.process, each.element), []).append(each)
    return frame.page(
        "waits/show.html",
        here="waits",
        asked=asked,
        standing=[each for each in standing if not each.called],
        done=[each for each in done if not each.month],
        months=months,
        names=names,
        years=[(year, str(year)) for year in years],
        rounds=rounds,
        drawing=url_for("waits_pages.drawing", **asked.kept),
        export=url_for("waits_pages.table", **asked.kept),
    )


@routes.get("/waits/diagram")
@guarded("waits.read")
def drawing() -> Response:
    """What the viewer draws: the diagrams of a process, and at each step how many wait there and how long."""
    actor = guard.actor()
    with frame.reading() as session:
        asked = _asked(session, actor)
        process = asked.filters.process or next(iter(asked.processes), "")
        standing = waits.heat(session, actor, asked.bureau, asked.filters) if asked.regimes else []
        there = waits.drawn(session, asked.filters.regime, process) if asked.regimes else []
    drawn = [
        {
            "path": path,
            "name": diagram.name,
            "xml": diagram.text,
            "passed": {"elements": {}, "flows": {}},
            "current": [_flag(each) for each in standing if each.process == diagram.process],
        }
        for path, diagram in there
    ]
    if not drawn:
        return jsonify({"title": _("没有可以显示的流程图")}), 404  # type: ignore[return-value]  # Flask takes both
    shown = [drawn[0], *(each for each in drawn[1:] if each["current"])]
    answer = jsonify({**shown[0], "called": shown[1:]})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.get("/waits.xlsx")
@guarded("waits.read")
def table() -> Response:
    """How long steps took, by month, as a spreadsheet."""
    actor = guard.actor()
    with frame.reading() as session:
        asked = _asked(session, actor)
        done = waits.took(session, actor, asked.bureau, asked.filters, asked.year) if asked.regimes else []
        names = waits.names(session, asked.filters.regime) if asked.regimes else {}
    title = f"{asked.year}年各环节办理用时"
    above = [asked.regimes.get(asked.filters.regime, ""), "按工作日计，起算当日和中止的工作日不计"]
    rows = [
        [
            *(names.get(each.process, each.process), each.name, each.month or "全年", str(each.limit or "")),
            *(str(number) for number in (each.count, each.median, each.ninth, each.longest, each.late)),
        ]
        for each in done
    ]
    return taken(sheets.summary(title, above, _COLUMNS, rows, None), f"{title}.xlsx", XLSX)


def _asked(session: Session, actor: Actor) -> _Asked:
    """Raises Forbidden for who serves in no bureau."""
    bureaus = sorted(access.offices(actor, waits.READERS))
    if not bureaus:
        raise Forbidden(_("您的岗位不能查看办理用时"))
    given = request.args
    regimes = waits.regimes(session, bureaus[0])
    regime = given.get("regime", "")
    regime = regime if regime in regimes else next(iter(regimes), "")
    processes = waits.processes(session, regime) if regime else {}
    process, round_id, year = given.get("process", ""), given.get("round", ""), given.get("year", "")
    return _Asked(
        bureaus[0],
        regimes,
        processes,
        Filters(
            regime,
            int(round_id) if round_id.isascii() and round_id.isdigit() and len(round_id) < 10 else None,
            process if process in processes else "",
        ),
        int(year) if year.isascii() and year.isdigit() and 2000 <= int(year[:5]) <= 2100 else clock.today().year,
    )


def _flag(each: Wait) -> dict[str, Any]:
    told = _("%(count)s 件，最长 %(days)s 日", count=each.count, days=each.longest)
    if each.late:
        told = _("%(told)s，逾期 %(late)s 件", told=told, late=each.late)
    level = "late" if each.late else "fine"
    return {"element": each.element, "name": each.name, "told": told, "level": level, "heat": each.level}
