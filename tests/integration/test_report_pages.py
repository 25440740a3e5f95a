"""The pages of yearly reports and figures: who sees what, urging, the tables, and the evaluation report."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import docx
import openpyxl
import pytest
from sqlalchemy import func, select

from engine import evaluation, timers, yearly_reports
from engine.db import Database
from engine.errors import NotFound, Refused
from engine.models import Case, Letter, Obligation
from engine.yearly_reports import Report
from tests import followed, owing, yearly
from tests.clock import StandingClock
from tests.followed import IN_TIME, LAST, PUBLISHED
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.office import BUREAU, REGIME

Reading: TypeAlias = Callable[[str], reader.Reader]


@pytest.fixture
def at(database: Database, tmp_path: Path, clock: StandingClock) -> Desk:
    """A bureau whose cluster owes its first report, about 2025, by 15 March 2026."""
    clock.move_to("2025-06-20 10:00")
    furnished = desk.furnish(database, tmp_path)
    followed.recognised(furnished.office, clock)
    return furnished


@pytest.fixture
def as_(at: Desk) -> Reading:
    return lambda who: reader.reader(at.app, reader.signed_in(at.database, who) if who else "")


def listed(at: Desk, who: str = "city") -> list[Report]:
    with at.database.read() as session:
        return list(yearly_reports.of_year(session, at.office.actors[who], REGIME, 2025).reports)


def state(at: Desk) -> str:
    (only,) = listed(at)
    return only.state


def urged(at: Desk) -> int:
    with at.database.read() as session:
        query = select(func.count()).select_from(Letter).where(Letter.dedupe_key.startswith("urge:"))
        return session.scalar(query) or 0


# ---- who has filed -------------------------------------------------------------------------------


def test_a_report_is_seen_on_its_way(at: Desk, clock: StandingClock) -> None:
    clock.move_to("2026-01-13 23:59")
    assert state(at) == "ahead"
    clock.move_to("2026-01-14 00:00")
    timers.post(at.database)
    assert state(at) == "opened"
    task = followed.open_step(at.office, "fill_in_report")
    assert (
        at.as_("county").put(f"/tasks/{task.id}/draft", {"data": {"output": "26.51"}, "version": 0}).status_code < 300
    )
    assert state(at) == "begun"
    followed.reported(at.office, clock, IN_TIME)
    assert state(at) == "at_bureau"
    at.office.complete("city", followed.open_step(at.office, "check_report"), yearly.CHECKED)
    (only,) = listed(at)
    assert (only.state, str(only.filed_on), only.days_late) == ("received", "2026-02-02", 0)
    assert only.filed_by == "英德市中小企业主管部门 county"
    assert only.clause == "第十七条"


@pytest.mark.parametrize(("day", "late"), [("2026-03-15", 0), ("2026-03-16", 1), ("2026-04-14", 30)])
def test_a_late_report_says_by_how_many_days(day: str, late: int, at: Desk, clock: StandingClock) -> None:
    followed.reported(at.office, clock, f"{day} 09:00")
    assert [each.days_late for each in listed(at)] == [late]


def test_what_is_not_filed_grows_late_day_by_day(at: Desk, as_: Reading, clock: StandingClock) -> None:
    clock.move_to("2026-03-25 09:00")
    timers.post(at.database)
    assert [(each.state, each.days_late) for each in listed(at)] == [("opened", 10)]
    page = as_("city").get("/reports?year=2025").text
    for told in ("2025 年度报告报送情况", "2026年3月15日", "第十七条", "未开始填报", "催办全部未报（1 个）"):
        assert told in page


def test_each_sees_their_own(at: Desk, as_: Reading, clock: StandingClock) -> None:
    followed.reported(at.office, clock, IN_TIME)
    assert yearly.CLUSTER in as_("county").get("/reports?year=2025").text
    assert yearly.CLUSTER not in as_("sibling").get("/reports?year=2025").text
    assert as_("expert").get("/reports").status_code == 403
    assert as_("county").get("/clusters/1/figures").status_code == 200
    assert as_("sibling").get("/clusters/1/figures").status_code == 404
    assert as_("sibling").get("/clusters/1/figures.xlsx").status_code == 404


def test_the_table_can_be_taken_away(at: Desk, as_: Reading, clock: StandingClock) -> None:
    followed.reported(at.office, clock, "2026-03-18 09:00")
    taken = as_("city").get("/reports.xlsx?year=2025")
    sheet = openpyxl.load_workbook(io.BytesIO(taken.data)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[1][0] == "应报送 1 个，已报送 1 个，其中逾期报送 1 个，未报送 0 个，其中已逾期 0 个"
    assert rows[3][1:7] == [
        *(yearly.CLUSTER, "英德市中小企业主管部门", "2026-03-15", "2026-03-18"),
        *("英德市中小企业主管部门 county", "3"),
    ]


# ---- urging --------------------------------------------------------------------------------------


def test_all_who_have_not_filed_are_urged_once_a_working_day(at: Desk, as_: Reading, clock: StandingClock) -> None:
    clock.move_to("2026-03-02 09:00")  # a Monday
    timers.post(at.database)
    form = {"regime": REGIME, "year": "2025"}
    assert as_("city").post("/reports/urge", form).status_code == 303
    assert urged(at) == 1
    as_("leader").post("/reports/urge", form)
    assert urged(at) == 1
    clock.move_to("2026-03-03 09:00")
    as_("city").post("/reports/urge", form)
    assert urged(at) == 2
    assert [each.payload["kind"] for each in owing.recorded(at.office, "obligation.urged")] == ["annual_report"] * 2


def test_who_has_filed_is_not_urged(at: Desk, as_: Reading, clock: StandingClock) -> None:
    followed.reported(at.office, clock, IN_TIME)
    as_("city").post("/reports/urge", {"regime": REGIME, "year": "2025"})
    assert as_("city").post("/reports/1/urge").status_code == 303
    assert urged(at) == 0


def test_a_county_urges_nobody(at: Desk, as_: Reading, clock: StandingClock) -> None:
    clock.move_to("2026-03-02 09:00")
    assert as_("county").post("/reports/urge", {"regime": REGIME, "year": "2025"}).status_code == 403
    assert as_("county").post("/reports/1/urge").status_code == 403
    assert urged(at) == 0


def test_another_duty_is_not_urged_here(at: Desk) -> None:
    other = owing.owed(at.office, "expiry", 2028)
    with at.database.write() as session, pytest.raises(NotFound):
        yearly_reports.urge(session, at.office.actors["city"], other.id)


def test_a_report_that_lies_with_the_city_is_urged_there(database: Database, clock: StandingClock) -> None:
    offices, case_id = followed.in_chain(database, clock)
    with database.write() as session:
        region, county = offices.actors["region"], offices.actors["region_county"]
        (only,) = yearly_reports.of_year(session, region, "guangxi", 2026).reports
        assert (only.state, only.office, only.filed_on) == ("checked", "柳州市工业和信息化局", None)
        assert not yearly_reports.of_year(session, county, "guangxi", 2026).reports[0].may_urge
        assert yearly_reports.urge_all(session, region, "guangxi", 2026) == (1, 0)
        asked = session.scalars(select(Letter.organisation_code).where(Letter.dedupe_key.startswith("urge:"))).all()
    assert set(asked) == {"450200"}
    offices.answer(case_id, "check_report", **yearly.CHECKED)
    with database.read() as session:
        (only,) = yearly_reports.of_year(session, region, "guangxi", 2026).reports
        (seen,) = yearly_reports.of_year(session, county, "guangxi", 2026).reports
    assert (only.state, only.filed_by.split()[0]) == ("at_bureau", "柳州市工业和信息化局")
    assert seen.filed_by.split()[0] == "柳城县工业和信息化局"  # what is done above it does not read


# ---- beside the form -----------------------------------------------------------------------------


def test_who_fills_in_and_who_checks_see_the_changes(at: Desk, as_: Reading, clock: StandingClock) -> None:
    clock.move_to(IN_TIME)
    timers.post(at.database)
    filling = followed.open_step(at.office, "fill_in_report")
    at.as_("county").put(f"/tasks/{filling.id}/draft", {"data": yearly.report(output="26.51"), "version": 0})
    for page in (f"/tasks/{filling.id}", f"/tasks/{filling.id}/check"):
        assert "+2.41（+10.00%）" in as_("county").get(page).text
    followed.reported(at.office, clock, IN_TIME, output="21.69")
    checking = followed.open_step(at.office, "check_report")
    shown = as_("city").get(f"/tasks/{checking.id}").text
    assert "-2.41（-10.00%）" in shown
    assert "与上一年度和规划目标比较" in shown


# ---- the page of figures -------------------------------------------------------------------------


def test_the_figures_page_says_what_is_no_longer_met_and_that_nothing_follows(
    at: Desk, as_: Reading, clock: StandingClock
) -> None:
    followed.reported(at.office, clock, IN_TIME, output="19.99", co2_intensity="0.79")
    shown = as_("city").get("/clusters/1/figures").text
    for told in ("不再符合认定条件的有 1 项", "第十四条（二）", "本身不产生任何后果", "目标 98", "jq-chart-goal"):
        assert told in shown
    assert "/clusters/1/figures" in as_("city").get("/clusters/1").text


def test_the_figures_can_be_taken_away(at: Desk, as_: Reading, clock: StandingClock) -> None:
    followed.reported(at.office, clock, IN_TIME, output="26.51")
    sheet = openpyxl.load_workbook(io.BytesIO(as_("county").get("/clusters/1/figures.xlsx").data)).worksheets[0]
    rows = {row[0].value: [cell.value for cell in row[1:5]] for row in sheet.iter_rows()}
    assert rows["指标"] == ["2022年", "2023年", "2024年", "2025年"]
    assert rows["集群总产值（亿元）"] == ["21.30", "22.90", "24.10", "26.51"]


def test_a_cluster_without_figures_says_so(at: Desk, as_: Reading) -> None:
    with at.database.write() as session:
        session.query(Case).filter(Case.process == "application").update({"cluster_id": None})
    assert "还没有已报送的数据" in as_("county").get("/clusters/1/figures").text


# ---- the evaluation report -----------------------------------------------------------------------


def second(at: Desk) -> None:
    """Another cluster, which does not report."""
    number = owing.recognised(at.office, PUBLISHED, LAST)
    with at.database.write() as session:
        followed.rename(session, number, "云溪县中小企业特色产业集群（红茶产业）")


def made(at: Desk) -> bytes:
    with at.database.read() as session:
        return evaluation.draft(session, at.office.actors["city"], BUREAU, REGIME, 2025)


def test_the_evaluation_report_is_drafted_from_the_figures(at: Desk, as_: Reading, clock: StandingClock) -> None:
    second(at)
    followed.reported(at.office, clock, "2026-03-18 09:00", output="19.99", target_patents={"goal": 98, "now": 98})
    answer = as_("city").get("/reports/evaluation.docx?year=2025")
    assert answer.status_code == 200
    document = docx.Document(io.BytesIO(answer.data))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for told in (
        "2025年度清远市中小企业特色产业集群发展评估报告",
        "应报送2025年度报告的集群2个，已报送1个，其中逾期报送1个；未报送1个。",
        "未报送的：云溪县中小企业特色产业集群（红茶产业）。",
        "集群总产值（亿元）：1个集群合计19.99；可比的1个集群由24.10变为19.99，变化-17.05%。",  # 4.11 of 24.10
        "不再符合认定条件：",
        "【请填写：下一步工作建议】",
    ):
        assert told in text
    targets = next(table for table in document.tables if table.rows[0].cells[0].text == "规划目标")
    reached = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in targets.rows}
    assert reached["有效发明专利数量（个）"] == ["1", "1", "0", "0"]
    marked = [run for paragraph in document.paragraphs for run in paragraph.runs if run.font.highlight_color]
    assert len(marked) == text.count("【请填写：")
    # Eight sums and eight figures that the conditions ask for have a course, six charts a picture; 19.99 twice.
    assert len(document.inline_shapes) == 4


def test_sums_are_of_those_that_can_be_compared(at: Desk, clock: StandingClock) -> None:
    """The second cluster's first year is not held against the other's course."""
    second(at)
    clock.move_to(IN_TIME)
    timers.post(at.database)
    with at.database.read() as session:
        steps = session.scalars(select(Case.id).where(Case.process == "annual_report").order_by(Case.id)).all()
    for case_id, output in zip(steps, ("26.51", "10.49"), strict=True):
        task = at.office.open_task(case_id, "fill_in_report")
        answers = yearly.report(report_year=2025, signed_on="2026-02-02", output=output)
        at.office.complete("county", task, answers)
    document = docx.Document(io.BytesIO(made(at)))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "集群总产值（亿元）：2个集群合计37.00；可比的1个集群由24.10变为26.51，变化+10.00%。" in text


def test_the_same_figures_make_the_same_bytes(at: Desk, clock: StandingClock) -> None:
    followed.reported(at.office, clock, IN_TIME)
    first = made(at)
    clock.move_to("2026-05-04 09:00")
    assert made(at) == first


def test_only_the_bureau_drafts_it(at: Desk, as_: Reading) -> None:
    assert as_("county").get("/reports/evaluation.docx?year=2025").status_code == 403
    assert as_("city").get("/reports/evaluation.docx?year=2019").status_code == 409


def test_a_text_that_asks_for_none_gets_none(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with at.database.write() as session:
        session.query(Obligation).update({"regime": "shantou"})
        followed.deploy(session, "shantou")
        with pytest.raises(Refused, match="没有要求编制集群发展评估报告"):
            evaluation.draft(session, at.office.actors["city"], BUREAU, "shantou", 2025)
