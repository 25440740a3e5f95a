"""The pages and the API of a round's opening, its closing minute and the exceptions to it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import select

from engine import timers
from engine.clock import SHANGHAI
from engine.db import Database
from engine.models import LateFiling, Round, Task
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.office import COUNTY

OPENS, CLOSES = "2025-05-06T09:00:00+08:00", datetime(2025, 6, 30, 17, 30, tzinfo=SHANGHAI)
SECOND = timedelta(seconds=1)
Reading: TypeAlias = Callable[[str], reader.Reader]


@pytest.fixture
def at(sqlite_database: Database, tmp_path: Path, clock: StandingClock) -> Desk:
    clock.move_to(samples.MOMENT)
    return desk.furnish(sqlite_database, tmp_path)


@pytest.fixture
def as_(at: Desk) -> Reading:
    return lambda who: reader.reader(at.app, reader.signed_in(at.database, who) if who else "")


@pytest.fixture
def round_(at: Desk) -> Round:
    """A round that opens in May and closes in June."""
    made = at.office.open_round()
    task = at.office.open_task(made.case_id or 0, "call_notice")
    at.office.complete("city", task, samples.ANSWERS["call_notice"] | {"opens_at": OPENS})
    return made


def test_the_call_tells_the_public_when_whom_to_ask_and_what_is_required(as_: Reading, round_: Round) -> None:
    shown = as_("").get("/notices/1").text
    assert "2025-05-06 09:00 至 2025-06-30 17:30（北京时间）" in shown
    assert "清远市工业和信息化局（中小企业服务科 0000000）" in shown
    assert "占地面积（平方公里）不超过 100" in shown
    assert "第十四条（九）" in shown
    assert "自 2025-05-06 09:00 起申报" in as_("").get("/").text
    assert round_.again is None


def test_a_county_sees_the_round_before_it_opens_and_cannot_apply_yet(
    as_: Reading, round_: Round, clock: StandingClock
) -> None:
    county = as_("county")
    shown = county.get("/rounds").text
    assert "尚未开始" in shown
    assert f"/cases/new?round={round_.id}" not in shown
    assert "自2025年5月6日09:00起接受申报" in county.get(f"/cases/new?round={round_.id}").text
    clock.move_to(datetime.fromisoformat(OPENS))
    county = as_("county")  # weeks later
    assert f"/cases/new?round={round_.id}" in county.get("/rounds").text
    assert "认定条件" in county.get(f"/rounds/{round_.id}").text


def test_who_comes_too_late_reads_why_and_what_can_be_done(
    at: Desk, as_: Reading, round_: Round, clock: StandingClock
) -> None:
    clock.move_to(CLOSES + SECOND)
    timers.tick(at.database)
    county = as_("county")
    told = county.get(f"/cases/new?round={round_.id}").text
    assert "申报已于2025年6月30日17:30截止" in told
    assert "补报" in told
    start = samples.ANSWERS["application_start"] | {"round_id": str(round_.id)}
    refused = county.post("/cases/new", start)
    assert (refused.status_code, "申报已于2025年6月30日17:30截止" in refused.text) == (409, True)
    api = at.as_("county").post(
        "/cases", {"regime": "qingyuan", "process": "application", "data": start | {"round_id": round_.id}}
    )
    assert (api.status_code, api.get_json()["code"]) == (409, "refused")


def test_the_bureau_lets_an_office_in_late_on_the_page(
    at: Desk, as_: Reading, round_: Round, clock: StandingClock
) -> None:
    clock.move_to(CLOSES + SECOND)
    timers.tick(at.database)
    city, path = as_("city"), f"/rounds/{round_.id}/late-filings"
    assert f'href="{path}"' in city.get(f"/rounds/{round_.id}").text
    wrong = city.post(path, {"organisation_code": COUNTY, "until": "十号", "reason": "台风"})
    assert (wrong.status_code, "请填写补报期限" in wrong.text) == (422, True)
    early = city.post(path, {"organisation_code": COUNTY, "until": "2025-06-30T17:30", "reason": "台风"})
    assert (early.status_code, "应晚于" in early.text) == (422, True)
    done = city.post(path, {"organisation_code": COUNTY, "until": "2025-07-10T17:30", "reason": "台风"})
    assert done.status_code == 303
    assert "台风" in city.get(f"/rounds/{round_.id}").text
    shown = as_("county").get("/rounds").text
    assert "本单位的补报期限" in shown
    assert f"/cases/new?round={round_.id}" in shown
    assert "台风" not in as_("sibling").get(f"/rounds/{round_.id}").text
    with at.database.read() as session:
        assert session.scalars(select(LateFiling.until)).all() == [datetime(2025, 7, 10, 17, 30, tzinfo=SHANGHAI)]


def test_a_second_round_in_the_year_asks_for_its_reason_on_the_page(as_: Reading, round_: Round) -> None:
    city = as_("city")
    given = {"regime": "qingyuan", "year": str(round_.year), "title": "第二批"}
    asked = city.post("/rounds/new", given)
    assert asked.status_code == 422
    assert 'name="again"' in asked.text
    assert "第十三条" in asked.text
    opened = city.post("/rounds/new", given | {"again": "省厅要求补报"})
    assert opened.status_code == 303
    assert "省厅要求补报" in city.get(opened.headers["Location"]).text


def test_the_api_says_the_same(at: Desk, round_: Round, clock: StandingClock) -> None:
    city = at.as_("city")
    given = {"regime": "qingyuan", "year": round_.year, "title": "第二批"}
    refused = city.post("/rounds", given)
    assert (refused.status_code, refused.get_json()["problems"][0]["field"]) == (422, "again")
    second = city.post("/rounds", given | {"again": "省厅要求补报"})
    assert (second.status_code, second.get_json()["again"]) == (201, "省厅要求补报")
    detail = city.get(f"/rounds/{round_.id}").get_json()
    assert (detail["opens_at"], detail["source"]) == ("2025-05-06T01:00:00Z", "清工信函〔2025〕16号")
    assert detail["conditions"][1]["clause"] == "第十四条（二）"
    clock.move_to(CLOSES + SECOND)
    timers.tick(at.database)
    late = {"organisation_code": COUNTY, "until": "2025-07-10T17:30", "reason": "台风"}
    path = f"/rounds/{round_.id}/late-filings"
    assert city.post(path, late).get_json()["problems"][0]["field"] == "until"  # without its zone
    granted = city.post(path, late | {"until": "2025-07-10T17:30:00+08:00"})
    assert [row["organisation_code"] for row in granted.get_json()["items"]] == [COUNTY]
    assert at.as_("sibling").get(path).get_json()["items"] == []
    start = samples.ANSWERS["application_start"] | {"round_id": round_.id}
    opened = at.as_("county").post("/cases", {"regime": "qingyuan", "process": "application", "data": start})
    assert opened.status_code == 201
    (row,) = city.get(f"/rounds/{round_.id}/cases").get_json()["items"]
    assert (row["at"], row["holds"][0]["title"], row["result"]["rank"]) == ("fill_in", "填写申报表", None)
    (own,) = at.as_("county").get(f"/rounds/{round_.id}/cases").get_json()["items"]
    assert own["result"] is None


def test_the_api_urges_and_hands_over(at: Desk, round_: Round, clock: StandingClock) -> None:
    clock.move_to(datetime.fromisoformat(OPENS))
    start = samples.ANSWERS["application_start"] | {"round_id": round_.id}
    case = at.office.open_case("county", start)
    at.office.complete("county", at.office.open_task(case.id, "fill_in"), samples.application_data())
    task = at.office.open_task(case.id, "acceptance").id
    assert at.as_("leader").post(f"/tasks/{task}/urge").status_code == 200
    again = at.as_("leader").post(f"/tasks/{task}/urge")
    assert (again.status_code, "每个工作日" in again.get_json()["detail"]) == (409, True)
    for nobody in ("county", "no-such-account"):
        assert at.as_("city").post(f"/tasks/{task}/assign", {"person": nobody}).status_code == 409
    assert at.as_("city").post(f"/tasks/{task}/assign", {"person": "city2"}).status_code == 200
    with at.database.read() as session:
        assert session.get_one(Task, task).assignee_id == at.office.actors["city2"].person_id
