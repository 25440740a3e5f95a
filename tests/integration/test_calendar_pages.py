"""The pages of the working-day calendar and of a bureau's year, and what scripts learn and do about them."""

import re
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.db import Database
from engine.models import Event, HolidayNotice, Letter, Obligation
from tests import holidays, owing, samples
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.integration.reader import Reader
from tests.office import BUREAU, COUNTY


@pytest.fixture
def at(sqlite_database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    clock.move_to("2026-11-05 09:00")
    return desk.furnish(sqlite_database, tmp_path / "data")


def as_(at: Desk, who: str) -> Reader:
    return reader.reader(at.app, reader.signed_in(at.database, who))


def words(page: Any) -> str:
    assert page.status_code < 500, page.text
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def imported(who: Reader, content: bytes, number: str = holidays.NUMBER) -> Any:
    return who.post("/calendar/notices", {"number": number, "file": (BytesIO(content), "2027.json")})


def owes(at: Desk, published: str = "2025-06-20", last: str = "2028-06-20") -> int:
    """A recognised cluster of the county; what it owes is in the register."""
    return owing.recognised(at.office, date.fromisoformat(published), date.fromisoformat(last))


def report(at: Desk, year: int) -> Obligation:
    with at.database.read() as session:
        query = select(Obligation).where(Obligation.kind == "annual_report", Obligation.year == year)
        return session.scalars(query).one()


# ---- the calendar -------------------------------------------------------------------------------


def test_a_notice_is_imported_by_one_and_confirmed_by_another(at: Desk) -> None:
    city, leader = as_(at, "city"), as_(at, "leader")
    assert "2027 年的放假通知尚未导入" in words(city.get("/calendar"))
    answer = imported(city, holidays.file())
    assert answer.status_code == 303
    path = answer.headers["Location"]
    page = words(city.get(path))
    assert "您是导入人，须由另一人确认。" in page
    assert "核对无误，确认" not in page
    assert city.post(f"{path}/confirm").status_code == 409
    page = words(leader.get(path))
    assert "2027年2月20日 春节 放假 （估计） 上班 变" in page
    assert "核对无误，确认" in page
    assert leader.post(f"{path}/confirm").status_code == 303
    shown = words(leader.get("/calendar?year=2027"))
    assert "尚未导入" not in shown
    assert holidays.NUMBER in shown
    assert "使用中" in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (holidays.file({**holidays.told(), "days": []}), "没有任何日期"),
        (b"not json", "不是有效的 JSON"),
        (b"", "请选择放假通知的数据文件"),
    ],
)
def test_a_file_that_is_no_notice_is_named_and_changes_nothing(at: Desk, content: bytes, said: str) -> None:
    answer = imported(as_(at, "city"), content)
    assert answer.status_code == 422
    assert said in words(answer)
    with at.database.read() as session:
        assert session.scalars(select(HolidayNotice)).all() == []


def test_a_day_is_decided_on_and_withdrawn(at: Desk) -> None:
    city = as_(at, "city")
    given = {"day": "2026-11-16", "working": "0", "reason": "台风停工", "document": "示例〔2026〕3号"}
    assert city.post("/calendar/overrides", given).status_code == 303
    page = city.get("/calendar")
    assert "台风停工 示例〔2026〕3号" in words(page) or "台风停工" in words(page)
    path = re.search(r'action="(/calendar/overrides/\d+/withdraw)"', page.text)
    assert path
    assert city.post(path[1]).status_code == 303
    assert "已撤回" in words(city.get("/calendar"))


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"day": "16.11.2026"}, 422, "请按年月日填写日期"),
        ({"working": ""}, 422, "请选择上班或放假"),
        ({"reason": ""}, 422, "请写明理由"),
        ({"document": ""}, 422, "请填写所依据文件的文号"),
        ({"working": "1"}, 422, "本来就是工作日"),
        ({"day": "2036-11-16"}, 422, "三十天前至两年之内"),
    ],
)
def test_what_is_wrong_with_a_decision_stands_at_its_field(at: Desk, changes: Any, status: int, said: str) -> None:
    given = {"day": "2026-11-16", "working": "0", "reason": "台风停工", "document": "示例〔2026〕3号"}
    answer = as_(at, "city").post("/calendar/overrides", given | changes)
    assert answer.status_code == status
    assert said in words(answer)


def test_an_applicant_reads_the_calendar_and_changes_nothing(at: Desk) -> None:
    page = words(as_(at, "county").get("/calendar?year=2026"))
    assert "2026 年工作日历" in page
    assert "导入放假通知" not in page
    assert "调整一天" not in page


@pytest.mark.parametrize("year", ["", "x", "1999", "2061", "20260", "２０２６"])
def test_a_year_that_is_none_shows_this_one(at: Desk, year: str) -> None:
    assert "2026 年工作日历" in words(as_(at, "city").get(f"/calendar?year={year}"))


# ---- the year -----------------------------------------------------------------------------------


def test_the_year_shows_what_is_due_and_one_click_urges_once_a_day(at: Desk, clock: StandingClock) -> None:
    owes(at)
    clock.move_to("2027-03-18 09:00")
    city = as_(at, "city")
    page = city.get("/year?year=2027")
    assert "年度报告" in words(page)
    assert "已逾期" in words(page)
    path = f"/year/{report(at, 2027).id}/urge"
    assert f'action="{path}"' in page.text
    assert city.post(path).status_code == 303
    assert "已催办" in words(city.get("/year?year=2027"))
    page = city.get("/year?year=2027")
    assert "今日已催办" in words(page)
    assert f'action="{path}"' not in page.text
    assert city.post(path).status_code == 303
    assert "每个工作日至多催办一次" in words(city.get("/year"))
    with at.database.read() as session:
        letters = session.scalars(select(Letter).where(Letter.template == "annual_report")).all()
        urged = session.scalars(select(Event).where(Event.kind == "obligation.urged")).all()
    assert [(letter.organisation_code, letter.role) for letter in letters] == [(COUNTY, "county_officer")]
    assert [event.actor for event in urged] == ["city"]
    clock.move_to("2027-03-19 09:00")
    assert as_(at, "city").post(path).status_code == 303
    with at.database.read() as session:
        assert len(session.scalars(select(Letter).where(Letter.template == "annual_report")).all()) == 2


def test_the_year_shows_the_limits_of_steps_until_they_are_done(at: Desk, clock: StandingClock) -> None:
    clock.move_to("2025-05-20 09:00")
    office = at.office
    round_ = office.open_round()
    office.complete("city", office.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    case = office.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id})
    office.complete("county", office.open_task(case.id, "fill_in"), samples.ANSWERS["application"])
    told = f"2025年5月27日 受理 {case.title} 清远市工业和信息化局"  # five working days after 20 May

    def year(asked: str) -> str:
        return words(as_(at, "city").get(f"/year?year={asked}"))

    assert told in year("2025")
    assert told not in year("2025&state=late")
    assert told not in year("2025&state=done")
    assert told not in year("2026")
    clock.move_to("2025-05-28 09:00")
    assert told in year("2025&state=late")
    office.complete("city", office.open_task(case.id, "acceptance"), samples.ANSWERS["acceptance"])
    assert told not in year("2025")


def test_the_year_is_filtered_by_kind_and_state(at: Desk, clock: StandingClock) -> None:
    owes(at)
    city = as_(at, "city")
    assert "年度报告" in words(city.get("/year?year=2027&kind=annual_report&state=open"))
    assert "没有符合条件的事项。" in words(city.get("/year?year=2027&state=late"))
    assert "没有符合条件的事项。" in words(city.get("/year?year=2027&kind=nothing"))
    assert "暂定" in words(city.get("/year?year=2027"))
    assert city.get("/year?year=2027&state=nonsense&after=nonsense").status_code == 200
    clock.move_to("2027-03-16 00:00:00")
    assert "年度报告 云溪县" in words(as_(at, "city").get("/year?year=2027&state=late"))


# ---- scripts ------------------------------------------------------------------------------------


def test_a_script_reads_days_and_imports_and_confirms(at: Desk) -> None:
    days = at.as_("city").get("/calendar/days?first=2025-10-09&count=3").get_json()["items"]
    assert [(day["date"], day["working"]) for day in days] == [
        ("2025-10-09", True),
        ("2025-10-10", True),
        ("2025-10-11", True),
    ]
    assert all("国办发明电〔2024〕12号" in day["source"] and day["official"] for day in days)
    body = {"number": holidays.NUMBER, "content": holidays.file().decode()}
    made = at.as_("city").post("/calendar/notices", body)
    assert (made.status_code, made.get_json()["state"]) == (201, "proposed")
    path = f"/calendar/notices/{made.get_json()['id']}"
    assert at.as_("city").post(f"{path}/confirm").status_code == 409
    assert at.as_("leader").post(f"{path}/confirm").get_json()["state"] == "confirmed"
    assert at.as_("county").get("/calendar/days?first=2027-02-20&count=1").get_json()["items"][0]["working"] is True
    wrong = at.as_("city").post("/calendar/notices", body | {"content": "{}"})
    assert wrong.status_code == 422


def test_a_script_pages_through_the_year_and_urges(at: Desk) -> None:
    for _ in range(3):
        owes(at)
    city = at.as_("city")
    asked = f"bureau_code={BUREAU}&year=2027&limit=2"
    seen, path = [], f"/year?{asked}"
    while path:
        page = city.get(path.removeprefix("/api/v1")).get_json()
        seen += [row["id"] for row in page["items"]]
        path = page["next"]
    assert len(seen) == len(set(seen)) == 9, "three reports, three assessments, three windows of renewal"
    assert city.post(f"/obligations/{seen[0]}/urge").status_code == 200
    again = city.post(f"/obligations/{seen[0]}/urge")
    assert (again.status_code, again.get_json()["code"]) == (409, "refused")
    assert city.get("/year?bureau_code=440500&year=2027").status_code in {403, 404}


def test_a_bureaus_decision_by_a_script(at: Desk) -> None:
    body = {"bureau_code": BUREAU, "day": "2026-11-16", "working": False, "reason": "台风停工", "number": "示例3号"}
    made = at.as_("leader").post("/calendar/overrides", body)
    assert made.status_code == 201
    assert at.as_("county").get("/calendar/days?first=2026-11-16&count=1").get_json()["items"][0]["working"] is False
    gone = at.as_("city").post(f"/calendar/overrides/{made.get_json()['id']}/withdraw")
    assert gone.get_json()["withdrawn_by"] == "city"
    assert at.as_("county").get("/calendar/days?first=2026-11-16&count=1").get_json()["items"][0]["working"] is True
