"""The pages of the cultivation pool and of typical cases, and the assessment on the cluster's page."""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import openpyxl
import pytest
from sqlalchemy import select

from engine import timers, typical_cases
from engine.db import Database
from engine.models import Case, Prospect, Task
from tests import owing, samples, yearly
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.office import COUNTY

Reading: TypeAlias = Callable[[str], reader.Reader]
CARD = {
    "cluster_name": "中小企业特色产业集群（陶瓷产业）",
    "leading_industry": "陶瓷",
    "niche": "建筑陶瓷",
    "organisation_code": COUNTY,
    "plan[0].direction": "激发集群创新活力",
    "plan[0].measures": "建设公共检测平台",
}
FIGURES = {"application_year": "2027", "area_km2": "100.01", "industrial_internet": "10.00"}


@pytest.fixture
def at(sqlite_database: Database, tmp_path: Path, clock: StandingClock) -> Desk:
    """A bureau with a cluster that was recognised in June 2026."""
    clock.move_to("2026-06-20 10:00")
    furnished = desk.furnish(sqlite_database, tmp_path)
    owing.recognised(furnished.office, date(2026, 6, 20), date(2029, 6, 20))
    return furnished


@pytest.fixture
def as_(at: Desk) -> Reading:
    return lambda who: reader.reader(at.app, reader.signed_in(at.database, who) if who else "")


def test_a_county_adds_one_and_sees_what_is_missing(as_: Reading) -> None:
    county = as_("county")
    assert "加入培育库" in county.get("/cultivation").text
    assert county.post("/cultivation/new", CARD).status_code == 303
    assert county.post("/cultivation/1/measure", FIGURES).status_code == 303
    shown = county.get("/cultivation/1").text
    for told in ("在库", "第十四条（二）", "超出 0.01", "缺少数据", "建设公共检测平台", "2026 年"):
        assert told in shown
    assert "陶瓷" in as_("city").get("/cultivation").text
    assert "填写测评数据" not in as_("city").get("/cultivation/1").text
    assert "陶瓷" not in as_("sibling").get("/cultivation").text
    assert as_("sibling").get("/cultivation/1").status_code == 404


def test_a_wrong_card_comes_back_with_what_was_typed(at: Desk, as_: Reading) -> None:
    answer = as_("county").post("/cultivation/new", CARD | {"cluster_name": "陶瓷", "plan[0].direction": ""})
    assert answer.status_code == 422
    for told in ("第 1 条：请写明培育方向和措施", "建设公共检测平台", "有 2 处需要修改"):
        assert told in answer.text
    with at.database.read() as session:
        assert session.scalars(select(Prospect.id)).all() == []


def test_a_wrong_figure_is_told_at_its_field(as_: Reading) -> None:
    as_("county").post("/cultivation/new", CARD)
    answer = as_("county").post("/cultivation/1/measure", FIGURES | {"area_km2": "一百"})
    assert answer.status_code == 422
    assert "集群占地面积" in answer.text
    assert "尚未测评" in as_("county").get("/cultivation/1").text


def test_it_is_changed_filtered_and_taken_out_with_a_reason(as_: Reading) -> None:
    county = as_("county")
    county.post("/cultivation/new", CARD)
    assert county.post("/cultivation/1/edit", CARD | {"niche": "卫生陶瓷"}).status_code == 303
    assert "卫生陶瓷" in county.get("/cultivation/1/edit").text
    assert county.post("/cultivation/1/withdraw", {"reason": ""}).status_code == 422
    assert county.post("/cultivation/1/withdraw", {"reason": "主导产业外迁"}).status_code == 303
    assert "已出库。理由：主导产业外迁" in county.get("/cultivation/1").text
    assert "陶瓷" in county.get("/cultivation?state=out").text
    assert "卫生陶瓷" not in county.get("/cultivation?state=growing").text


def test_the_sheet_has_a_row_for_each(as_: Reading) -> None:
    as_("county").post("/cultivation/new", CARD)
    assert as_("city").get("/cultivation.xlsx").status_code == 200, "without figures, too"
    as_("county").post("/cultivation/1/measure", FIGURES)
    answer = as_("city").get("/cultivation.xlsx")
    rows = list(openpyxl.load_workbook(BytesIO(answer.data)).worksheets[0].values)
    assert rows[2][1:4] == ("中小企业特色产业集群（陶瓷产业）", "陶瓷", "建筑陶瓷")
    assert "超出 0.01" in str(rows[2][8])


def test_an_application_begins_with_one_click(at: Desk, as_: Reading) -> None:
    county = as_("county")
    county.post("/cultivation/new", CARD)
    county.post("/cultivation/1/measure", FIGURES)
    round_ = at.office.open_round(2026)
    call = samples.ANSWERS["call_notice"] | {"year": 2026, "closes_at": "2026-09-30T17:30:00+08:00"}
    at.office.complete("city", at.office.open_task(round_.case_id, "call_notice"), call)
    assert "在“2026年度认定批次”申报" in county.get("/cultivation/1").text
    assert county.post("/cultivation/1/apply", {"round_id": str(round_.id)}).status_code == 303
    with at.database.read() as session:
        (case,) = session.scalars(select(Case).where(Case.process == "application")).all()
    assert f"已申报：办件 {case.id}" in county.get("/cultivation/1").text
    assert county.post("/cultivation/1/apply", {"round_id": str(round_.id)}).status_code == 409


def told(at: Desk) -> None:
    """A typical case of the cluster, published."""
    office = at.office
    with at.database.write() as session:
        case = typical_cases.begin(session, office.actors["county"], 1)
    office.complete("county", office.open_task(case.id, "write_case"), yearly.TYPICAL)
    office.complete("publisher", office.open_task(case.id, "check_case"), yearly.PUBLISHED)


def test_citizens_read_a_published_case_and_learn_why_one_was_withdrawn(at: Desk, as_: Reading) -> None:
    assert "总结典型案例" in as_("county").get("/clusters/1").text
    assert as_("").get("/typical-cases/1").status_code == 404
    told(at)
    citizen = as_("")
    title = str(yearly.TYPICAL["title"])
    assert title in citizen.get("/typical-cases").text
    assert title in citizen.get("/register/1").text
    shown = citizen.get("/typical-cases/1").text
    assert all(str(yearly.TYPICAL[part]) in shown for part in ("practice", "effect", "lessons"))
    assert 'name="reason"' not in shown
    publisher = as_("publisher")
    assert publisher.post("/typical-cases/1/withdraw", {"reason": ""}).status_code == 422
    assert publisher.post("/typical-cases/1/withdraw", {"reason": "数据有误"}).status_code == 303
    assert title not in citizen.get("/typical-cases").text
    withdrawn = citizen.get("/typical-cases/1").text
    assert "数据有误" in withdrawn
    assert str(yearly.TYPICAL["practice"]) not in withdrawn
    assert title not in citizen.get("/register/1").text


def test_what_an_assessment_said_stands_on_the_page_of_the_cluster(
    at: Desk, as_: Reading, clock: StandingClock
) -> None:
    clock.move_to("2027-04-01 00:00")
    timers.post(at.database)
    with at.database.read() as session:
        task: Any = session.scalars(select(Task).where(Task.element == "assess")).one()
    beside = as_("city").get(f"/tasks/{task.id}").text
    assert "2026 年度报告尚未报送" in beside
    asked = {"decision": "rectify", "rectify_what": "更新收费公示牌", "rectify_by": "2027-06-15"}
    at.office.complete("city", task, yearly.ASSESSED | asked)
    for who in ("county", "city"):
        shown = as_(who).get("/clusters/1").text
        assert str(yearly.ASSESSED["opinion"]) in shown
        assert "整改期限：2027年6月15日" in shown
