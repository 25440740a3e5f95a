"""Where cases wait and how long steps take, in working days, for the people of the bureau."""

from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from engine import suspensions, waits
from engine.db import Database
from engine.errors import Forbidden
from engine.models import Round
from engine.waits import Filters
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk
from tests.office import BUREAU, REGIME, furnish
from tests.pages import read
from tests.stopped import ANSWERS, as_, assert_sound, at_acceptance, opened_round


@pytest.fixture
def at(database: Database, clock: StandingClock, tmp_path: Path) -> Desk:
    """Three applications: two accepted after two and four working days, the third waits; one waits for review."""
    clock.move_to("2025-05-20 10:00")  # a Tuesday
    office = furnish(database)
    round_ = opened_round(office)
    first, second, third = (at_acceptance(office, round_) for _ in range(3))
    clock.move_to("2025-05-22 10:00")
    office.complete("city", first, ANSWERS["acceptance"])
    clock.move_to("2025-05-29 10:00")  # seven working days: two late, its limit is five
    office.complete("city", second, ANSWERS["acceptance"])
    office.complete("city", office.open_task(first.case_id, "first_review"), ANSWERS["first_review"])
    clock.move_to("2025-06-04 10:00")  # a Wednesday; 端午 was from 31 May to 2 June
    assert_sound(office)
    assert third.case_id
    return desk.of(office, tmp_path)


def test_waits_and_durations_are_counted_in_working_days(at: Desk) -> None:
    with at.database.read() as session:
        leader = at.office.actors["leader"]
        standing = {each.element: each for each in waits.heat(session, leader, BUREAU, Filters(REGIME))}
        done = waits.took(session, leader, BUREAU, Filters(REGIME), 2025)
        empty = waits.took(session, leader, BUREAU, Filters(REGIME), 2024)
        none = waits.heat(session, leader, BUREAU, Filters(REGIME, round_id=99))
        rounds = waits.heat(session, leader, BUREAU, Filters(REGIME, process="round"))
    # 20 May to 4 June: 21, 22, 23, 26, 27, 28, 29, 30 May and 3, 4 June
    third = standing["acceptance"]
    assert (third.count, third.median, third.longest, third.late, third.called) == (1, 10, 10, 1, False)
    assert third.name == "受理"
    assert (standing["first_review"].count, standing["first_review"].longest) == (1, 3)  # since 29 May: 30, 3, 4
    assert (standing["intake"].called, standing["intake"].count, standing["intake"].late) == (True, 1, 1)
    assert third.level == 4
    assert standing["first_review"].level == 2  # four of eleven, where four levels are to the most
    told = {(each.element, each.month): each for each in done}
    acceptance = told["acceptance", ""]
    assert (acceptance.limit, acceptance.count, acceptance.late) == (5, 2, 1)
    assert (acceptance.median, acceptance.ninth, acceptance.longest) == (2, 7, 7)
    assert told["acceptance", "2025-05"].count == 2
    assert (told["first_review", ""].count, told["first_review", ""].median) == (1, 5)  # 23, 26, 27, 28, 29
    assert told["fill_in", ""].limit is None  # it closes with the round
    assert (empty, none) == ([], [])
    assert {each.element for each in rounds} == set()  # the round itself waits for its closing


def test_days_of_suspension_do_not_count(at: Desk, clock: StandingClock) -> None:
    with at.database.read() as session:
        leader = at.office.actors["leader"]
        before = {
            each.element: each.count
            for each in waits.took(session, leader, BUREAU, Filters(REGIME), 2025)
            if not each.month
        }
        round_ = session.get_one(Round, 1)
    task = at_acceptance(at.office, round_)
    clock.move_to("2025-06-05 10:00")
    with at.database.write() as session:
        suspensions.suspend(session, leader, task.case_id, ground="other", reason="待查")
    clock.move_to("2025-06-11 10:00")  # 6, 9, 10, 11 June
    as_(at.office, "leader", suspensions.resume, task.case_id)
    clock.move_to("2025-06-12 10:00")
    at.office.complete("city", task, ANSWERS["acceptance"])
    with at.database.read() as session:
        done = {(each.element, each.month): each for each in waits.took(session, leader, BUREAU, Filters(REGIME), 2025)}
    june = done["acceptance", "2025-06"]
    assert (june.count, june.median, june.late) == (1, 2, 0)  # 5 and 12 June
    assert done["acceptance", ""].count == before["acceptance"] + 1


def test_only_officers_and_leaders_of_the_bureau_look(at: Desk) -> None:
    with at.database.read() as session:
        for who in ("county", "publisher", "expert", "owner"):
            with pytest.raises(Forbidden):
                waits.heat(session, at.office.actors[who], BUREAU, Filters(REGIME))
        with pytest.raises(Forbidden):
            waits.took(session, at.office.actors["city"], "440000", Filters(REGIME), 2025)


def test_the_page_the_diagram_and_the_table_say_the_same(at: Desk) -> None:
    leader = reader.reader(at.app, reader.signed_in(at.database, "leader"))
    page = leader.get("/waits?year=2025")
    assert page.status_code == 200
    text = read(page.text).text
    assert "受理受理 1 10 个工作日 10 个工作日 1 件" in text
    assert "九成不超过" in text
    drawn = leader.get("/waits/diagram?process=application", headers={"Accept": "application/json"}).get_json()
    flags = {flag["element"]: (flag["told"], flag["heat"]) for flag in drawn["current"]}
    assert flags["intake"] == ("1 件，最长 10 日，逾期 1 件", 4)
    assert [each["path"] for each in drawn["called"]] == ["intake/", "examination/", "expert_review/"]
    sheet = load_workbook(BytesIO(leader.get("/waits.xlsx?year=2025").data)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert ["受理", "受理", "2025-05", "5", "2", "2", "7", "7", "1"] in rows
    assert leader.get("/waits?year=x&round=y&process=z&regime=w").status_code == 200
