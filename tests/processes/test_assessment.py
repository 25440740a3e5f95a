"""Supervision and assessment: opened by itself once a year, concluded in words (清远 第五条、第十七条)."""

from datetime import date

import pytest
from sqlalchemy import func, select

from engine import assessments, feeds, timers, year
from engine.clock import SHANGHAI
from engine.db import Database
from engine.errors import FormInvalid, Refused
from engine.models import Case, Task
from engine.worksheet import returned, worksheet
from tests import owing, yearly
from tests.clock import StandingClock
from tests.office import BUREAU, Office, furnish

PUBLISHED, LAST = date(2026, 6, 20), date(2029, 6, 20)
OPENS = "2027-04-01 00:00"  # sixty days before 31 May, after the reports of 15 March
ASKED = {"decision": "rectify", "rectify_what": "共享检测中心的收费公示牌未更新。", "rectify_by": "2027-06-15"}


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A bureau with a cluster that was recognised in June 2026."""
    clock.move_to("2026-06-20 10:00")
    furnished = furnish(database)
    owing.recognised(furnished, PUBLISHED, LAST)
    return furnished


def opened(office: Office, clock: StandingClock) -> Task:
    clock.move_to(OPENS)
    timers.post(office.database)
    return step(office, "assess")


def step(office: Office, element: str) -> Task:
    with office.database.read() as session:
        return session.scalars(select(Task).where(Task.element == element, Task.state == "open")).one()


def said_of(office: Office, case_id: int) -> assessments.Assessment:
    with office.database.read() as session:
        (found,) = assessments.of_cluster(session, session.get_one(Case, case_id).cluster_id or 0)
        return found


def test_it_opens_by_itself_on_its_day_and_once(office: Office, clock: StandingClock) -> None:
    query = select(func.count()).select_from(Case).where(Case.process == "assessment")
    clock.move_to("2027-03-31 23:59")
    timers.post(office.database)
    with office.database.read() as session:
        assert session.scalar(query) == 0
    task = opened(office, clock)
    clock.move_to("2027-05-01 09:00")
    timers.post(office.database)
    with office.database.read() as session:
        assert session.scalar(query) == 1
    assert (task.organisation_code, task.roles.split()) == (BUREAU, ["bureau_officer"])
    assert task.due_at
    assert task.due_at.astimezone(SHANGHAI).isoformat() == "2027-05-31T23:59:59+08:00"


def test_a_conclusion_in_words_ends_it_and_the_county_is_told(office: Office, clock: StandingClock) -> None:
    task = opened(office, clock)
    with office.database.read() as session:
        assert worksheet(session, office.actors["city"], task.id).known == {"year": 2026}
    case = office.complete("city", task, yearly.ASSESSED)
    assert (case.status, case.outcome) == ("ended", "assessment_over")
    assert owing.owed(office, "assessment", 2027).state == "met"
    (letter,) = owing.letters(office, "assessed")
    assert (letter.role, letter.fields["意见"]) == ("county_officer", yearly.ASSESSED["opinion"])
    assert "第五条" in letter.fields["条款"]
    found = said_of(office, case.id)
    assert (found.year, found.on, found.rectify_by) == (2026, date(2027, 4, 1), None)


def test_what_is_to_be_put_right_has_its_day_and_is_checked(office: Office, clock: StandingClock) -> None:
    case = office.complete("city", opened(office, clock), yearly.ASSESSED | ASKED)
    task = step(office, "rectify")
    assert task.due_at
    assert task.due_at.astimezone(SHANGHAI).isoformat() == "2027-06-15T23:59:59+08:00"
    with office.database.read() as session:
        told = returned(session, office.actors["county"], task.id)
    assert told
    assert ASKED["rectify_what"] in told.opinion
    done = {"measures": "公示牌已更换。", "result": "完成。"}
    office.complete("county", task, done)
    again = {"decision": "return", "opinion": "照片不清楚。", "rectify_by": "2027-07-01"}
    remark = {"remarks": [{"field": "attachments", "remark": "请补交照片"}]}
    office.complete("city", step(office, "check_rectification"), again | remark)
    assert said_of(office, case.id).rectify_by == date(2027, 7, 1)
    office.complete("county", step(office, "rectify"), done)
    clock.move_to("2027-06-20 09:00")
    case = office.complete("city", step(office, "check_rectification"), {"decision": "forward", "opinion": "无"})
    assert (case.status, case.outcome) == ("ended", "assessment_over")
    assert said_of(office, case.id).rectified_on == date(2027, 6, 20)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"year": 2027}, "year"), (ASKED | {"rectify_by": "2027-04-01"}, "rectify_by")],
    ids=["a year that has not ended", "a day that has come"],
)
def test_a_wrong_conclusion_is_refused_at_its_field(
    wrong: dict[str, object], field: str, office: Office, clock: StandingClock
) -> None:
    task = opened(office, clock)
    with pytest.raises(FormInvalid) as refused:
        office.complete("city", task, yearly.ASSESSED | wrong)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert owing.owed(office, "assessment", 2027).state == "open"


def test_the_bureau_owes_it_and_is_reminded_not_the_county(office: Office, clock: StandingClock) -> None:
    owed = owing.owed(office, "assessment", 2027)
    assert (owed.owed_by, owed.clause) == (BUREAU, "本局设置")
    timers.post(office.database)  # its reminders are planned
    clock.move_to("2027-05-24 09:00")  # seven days before
    timers.post(office.database)
    told = owing.reminded(office, "assessment")
    assert told
    assert told <= {"city", "city2"}
    with office.database.write() as session, pytest.raises(Refused, match="由本局办理"):
        year.urge(session, office.actors["city"], owed.id)
    with office.database.read() as session:
        rows = year.listed(session, office.actors["city"], BUREAU, 2027, kind="assessment")
        assert [(row.office, row.may_urge) for row in rows] == [("清远市工业和信息化局", False)]
        dates = {who: feeds.dates(session, office.actors[who]).obligations for who in ("city", "county")}
    assert "assessment" in {row.kind for row, _ in dates["city"]}
    assert "assessment" not in {row.kind for row, _ in dates["county"]}
