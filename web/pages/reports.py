"""年度报告: who has filed the report of a year and who has not, urging them, the table and the evaluation report."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine import access, clock, deployments, evaluation, sheets, yearly_reports
from engine.access import BUREAU
from engine.documents import Column
from engine.errors import Refused
from engine.yearly_reports import Report
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.figures import XLSX, taken
from web.wording import N_, _

routes = Blueprint("reports", __name__)

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
STATES = {
    yearly_reports.RECEIVED: (N_("已报送，已接收"), "done"),
    yearly_reports.AT_BUREAU: (N_("已报送，审核中"), "done"),
    yearly_reports.CHECKED: (N_("逐级审核中"), "soon"),
    yearly_reports.BEGUN: (N_("填报中"), "soon"),
    yearly_reports.OPENED: (N_("未开始填报"), "soon"),
    yearly_reports.AHEAD: (N_("尚未开办"), "quiet"),
    yearly_reports.LAPSED: (N_("已失效"), "quiet"),
}
COUNTS = {
    "all": N_("应报送"),
    "filed": N_("已报送"),
    "filed_late": N_("其中逾期报送"),
    "unfiled": N_("未报送"),
    "late": N_("其中已逾期"),
}
_COLUMNS = (
    *(Column("登记编号", 4), Column("集群", 8), Column("申报主体", 6), Column("应报送日期", 3, centred=True)),
    *(Column("报送日期", 3, centred=True), Column("报送单位", 6), Column("逾期天数", 2, centred=True)),
    *(Column("报送情况", 4), Column("现在办理单位", 6)),
)


@routes.get("/reports")
@guarded("report.list")
def list_() -> Response:
    """The reports of a year."""
    actor = guard.actor()
    with frame.reading() as session:
        regimes = yearly_reports.regimes(session, actor)
        regime, about = _asked(regimes)
        found = yearly_reports.of_year(session, actor, regime, about)
        rules = {name: deployments.rules(session, name) for name in regimes}
        asked = rules.get(regime)
        years = yearly_reports.years(session, actor, regime)
    return frame.page(
        "lives/reports.html",
        here="clusters",
        found=found,
        rows=[{**asdict(each), "state": _(STATES[each.state][0]), "look": _look(each)} for each in found.reports],
        counts=[(_(title), found.counts[name]) for name, title in COUNTS.items()],
        regimes=[(name, known.title if known else name) for name, known in rules.items()],
        years=years,
        dates=sorted({(each.printed_on, each.effective_on, each.clause) for each in found.reports}),
        unfiled=sum(each.may_urge for each in found.reports),
        evaluates=asked is not None
        and asked.evaluation is not None
        and any(access.may(actor, "evaluation.make", each.bureau_code) for each in found.reports),
    )


@routes.get("/reports.xlsx")
@guarded("report.list")
def table() -> Response:
    """The same as a spreadsheet."""
    actor = guard.actor()
    with frame.reading() as session:
        found = yearly_reports.of_year(session, actor, *_asked(yearly_reports.regimes(session, actor)))
    title = f"{found.year}年度报告报送情况"
    above = [f"{COUNTS[name]} {count} 个" for name, count in found.counts.items()]
    rows = [_row(each) for each in found.reports]
    return taken(sheets.summary(title, ["，".join(above)], _COLUMNS, rows, None), f"{title}.xlsx", XLSX)


@routes.post("/reports/urge")
@guarded("obligation.urge")
def urge_all() -> BaseResponse:
    """Ask everybody who has not filed."""
    about = request.form.get("year", type=int) or 0
    regime = request.form.get("regime", "")
    with frame.writing() as session:
        asked, left = yearly_reports.urge_all(session, guard.actor(), regime, about)
    frame.say(_("已催办 %(asked)s 个；%(left)s 个今日已催办过或者没有经办人账号。", asked=asked, left=left))
    return frame.go("reports.list_", regime=regime, year=about)


@routes.post("/reports/<number:obligation_id>/urge")
@guarded("obligation.urge")
def urge(obligation_id: int) -> BaseResponse:
    """Ask whoever has this one."""
    try:
        with frame.writing() as session:
            yearly_reports.urge(session, guard.actor(), obligation_id)
        frame.say(_("已催办。"))
    except Refused as error:
        frame.say(error.message)
    return frame.go("reports.list_", **_back())


@routes.get("/reports/evaluation.docx")
@guarded("evaluation.make")
def evaluation_report() -> Response:
    """The draft of the 集群发展评估报告, to be finished by people."""
    actor = guard.actor()
    with frame.reading() as session:
        regime, about = _asked(yearly_reports.regimes(session, actor))
        bureau = sorted(access.offices(actor, BUREAU))[0]
        made = evaluation.draft(session, actor, bureau, regime, about)
    return taken(made, f"{about}年度集群发展评估报告（草稿）.docx", DOCX)


def _asked(regimes: list[str]) -> tuple[str, int]:
    """The regime and the year in question; without any the first regime, and the year before this one."""
    regime = request.args.get("regime", "")
    about = request.args.get("year", type=int)
    return (
        regime if regime in regimes else next(iter(regimes), ""),
        about if about is not None and about in range(2000, 2101) else clock.today().year - 1,
    )


def _back() -> dict[str, Any]:
    return {name: request.form[name] for name in ("regime", "year") if request.form.get(name)}


def _look(each: Report) -> str:
    return "late" if each.days_late and not each.filed_on else STATES[each.state][1]


def _row(each: Report) -> list[str]:
    return [
        *(each.number, each.cluster, each.county, each.effective_on.isoformat()),
        *(each.filed_on.isoformat() if each.filed_on else "", each.filed_by),
        *(str(each.days_late) if each.days_late else "", STATES[each.state][0], each.office),
    ]
