"""A notice counts when a second person has confirmed it, a bureau's own decision at once; open dates follow."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import Settings
from engine import (
    bundle,
    calendar,
    calendars,
    day_overrides,
    deliveries,
    events,
    expansion,
    holiday_notices,
    moving,
    organisations,
    reminders,
)
from engine.calendar import Announced, Calendar, Estimate
from engine.clock import SHANGHAI
from engine.db import Database
from engine.errors import Conflict, Forbidden, FormInvalid, NotFound, Refused
from engine.models import Delivery, HolidayNotice, Letter, Person, Reminder, Task
from tests import holidays, samples
from tests.clock import StandingClock
from tests.office import BUREAU, COUNTY, REGIME, Office, furnish
from tests.owing import letters, owed, recognised, recorded, rungs
from tests.publicised import publicised
from web.worker import Worker

OTHER = "440500"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    clock.move_to(samples.MOMENT)
    return furnish(database)


def propose(office: Office, who: str = "city", year: int = 2027, number: str = holidays.NUMBER) -> int:
    with office.database.write() as session:
        content = holidays.file(holidays.told(year))
        return holiday_notices.propose(session, office.actors[who], content, number).id


def confirm(office: Office, notice_id: int, who: str = "leader") -> None:
    with office.database.write() as session:
        holiday_notices.confirm(session, office.actors[who], notice_id)


def put(office: Office, day: date, *, working: bool, who: str = "city", bureau: str = BUREAU) -> int:
    with office.database.write() as session:
        return day_overrides.put(
            session,
            office.actors[who],
            bureau,
            day,
            working=working,
            reason="台风停工",
            number="示例〔2025〕3号",
        ).id


def day_of(office: Office, on: date, bureau: str = BUREAU) -> calendar.Day:
    with office.database.read() as session:
        return calendars.of(session, bureau).day(on)


# ---- a notice -----------------------------------------------------------------------------------


def test_a_notice_counts_only_when_another_person_has_confirmed_it(office: Office) -> None:
    notice = propose(office)
    assert not day_of(office, date(2027, 2, 20)).official
    with pytest.raises(Refused, match="另一人"):
        confirm(office, notice, "city")
    assert not day_of(office, date(2027, 2, 20)).official
    confirm(office, notice)
    found = day_of(office, date(2027, 2, 20))
    assert (found.working, found.official, found.source) == (True, True, holidays.NUMBER)
    assert [event.actor for event in recorded(office, "calendar.proposed")] == ["city"]
    (confirmed,) = recorded(office, "calendar.confirmed")
    assert (confirmed.actor, confirmed.chain, confirmed.payload["number"]) == ("leader", events.SYSTEM, holidays.NUMBER)
    with pytest.raises(Conflict):
        confirm(office, notice)


def test_a_notice_that_is_put_aside_never_counts(office: Office) -> None:
    notice = propose(office)
    with office.database.write() as session:
        holiday_notices.reject(session, office.actors["city"], notice)
    with pytest.raises(Conflict):
        confirm(office, notice)
    assert not day_of(office, date(2027, 2, 20)).official
    propose(office)  # the same file may come again


def test_a_later_notice_for_a_year_takes_the_place_of_the_earlier(office: Office) -> None:
    confirm(office, propose(office))
    told = holidays.told()
    told["days"].append(holidays.day("2027-02-15", off=True, name="春节"))
    with office.database.write() as session:
        second = holiday_notices.propose(
            session, office.actors["leader"], holidays.file(told), "国办发明电〔2027〕1号"
        ).id
    confirm(office, second, "city")
    assert day_of(office, date(2027, 2, 15)).working is False
    with office.database.read() as session:
        states = session.scalars(select(HolidayNotice.state).order_by(HolidayNotice.id)).all()
    assert states == ["replaced", "confirmed"]


def test_the_same_file_is_not_imported_twice(office: Office) -> None:
    propose(office)
    with pytest.raises(Conflict, match="已经导入"):
        propose(office, "leader")


@pytest.mark.parametrize("who", ["county", "expert", "publisher", "owner"])
def test_who_does_not_keep_the_calendar_imports_nothing(office: Office, who: str) -> None:
    with pytest.raises(Forbidden):
        propose(office, who)


def test_the_difference_shows_what_the_notice_turns(office: Office) -> None:
    notice_id = propose(office)
    with office.database.read() as session:
        notice = holiday_notices.find(session, office.actors["leader"], notice_id)
        changes = {change.before.date: change for change in holiday_notices.difference(session, notice)}
    assert changes[date(2027, 2, 20)].turns, "a Saturday that nobody expected to be worked"
    assert not changes[date(2027, 10, 1)].turns, "it is named, and was expected"
    assert date(2027, 3, 1) not in changes
    assert changes[date(2027, 10, 1)].after.official


def test_another_process_learns_of_a_notice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Database(office.database.engine.url.render_as_string(hide_password=False))
    try:
        with elsewhere.read() as session:
            assert not calendars.of(session, BUREAU).day(date(2027, 2, 20)).official
        confirm(office, propose(office))
        monkeypatch.setattr(calendars, "RECHECK_SECONDS", 0.0)
        with elsewhere.read() as session:
            assert calendars.of(session, BUREAU).day(date(2027, 2, 20)).official
    finally:
        elsewhere.close()


def test_a_command_that_fails_changes_nobodys_calendar(office: Office) -> None:
    notice = propose(office)
    seen = []

    def fail() -> None:
        with office.database.write() as session:
            holiday_notices.confirm(session, office.actors["leader"], notice)
            seen.append(calendars.of(session, BUREAU).day(date(2027, 2, 20)).official)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert seen == [True]
    assert not day_of(office, date(2027, 2, 20)).official


@pytest.mark.parametrize(
    ("today", "warned"),
    [("2025-10-31 23:59", None), ("2026-10-31 23:59", None), ("2026-11-01 00:00", 2027), ("2026-12-31 12:00", 2027)],
)
def test_from_the_first_of_november_a_missing_year_is_warned_of(
    office: Office, clock: StandingClock, today: str, warned: int | None
) -> None:
    clock.move_to(today)
    with office.database.read() as session:
        assert holiday_notices.missing(session) == warned
    confirm(office, propose(office))
    with office.database.read() as session:
        assert holiday_notices.missing(session) is None


def test_the_bureaus_officers_are_written_to_once_while_next_years_notice_is_missing(
    office: Office, clock: StandingClock, tmp_path: Path
) -> None:
    worker = Worker(office.database, Settings(data=tmp_path))
    for today, written in (
        ("2026-10-31 23:59", []),
        ("2026-11-01 00:00", ["2027"]),
        ("2026-11-01 01:00", ["2027"]),
        ("2026-12-31 23:00", ["2027"]),
        ("2027-11-02 08:00", ["2027", "2028"]),
    ):
        clock.move_to(today)
        worker.hourly()
        assert [letter.fields["年份"] for letter in letters(office, "calendar_missing")] == written, today
    ticked(office)
    with office.database.read() as session:
        query = select(Person.name).join(Delivery, Delivery.person_id == Person.id)
        assert sorted(session.scalars(query.where(Delivery.template == "calendar_missing"))) == [
            *("city", "city"),
            *("city2", "city2"),
        ]


def test_nobody_is_asked_for_a_notice_that_is_there(office: Office, clock: StandingClock, tmp_path: Path) -> None:
    clock.move_to("2026-10-20 09:00")
    confirm(office, propose(office))
    clock.move_to("2026-11-01 00:00")
    Worker(office.database, Settings(data=tmp_path)).hourly()
    assert letters(office, "calendar_missing") == []


# ---- a bureau's own decision ---------------------------------------------------------------------


def test_a_decision_counts_for_its_bureau_alone_and_until_it_is_withdrawn(office: Office) -> None:
    on = date(2025, 4, 14)  # a Monday
    override = put(office, on, working=False)
    found = day_of(office, on)
    assert (found.working, found.official, found.source) == (False, True, "示例〔2025〕3号")
    assert calendar.reason(found) == "本局调整放假：台风停工"
    assert day_of(office, on, OTHER).working is True
    with pytest.raises(FormInvalid):
        put(office, on, working=False)
    with office.database.write() as session:
        day_overrides.withdraw(session, office.actors["leader"], override)
    assert day_of(office, on).working is True
    with office.database.write() as session, pytest.raises(Conflict):
        day_overrides.withdraw(session, office.actors["leader"], override)
    assert len(recorded(office, "day.overridden")) == len(recorded(office, "day.override_withdrawn")) == 1
    put(office, on, working=False)  # decided once more


def test_a_decision_stands_above_a_notice(office: Office) -> None:
    on = date(2027, 2, 20)
    confirm(office, propose(office))
    put(office, on, working=False)
    assert day_of(office, on).source == "示例〔2025〕3号"


def test_a_standing_decision_is_not_decided_over(office: Office) -> None:
    put(office, date(2025, 4, 14), working=False)
    with pytest.raises(Conflict, match="先撤回"):
        put(office, date(2025, 4, 14), working=True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day": date(2025, 3, 1)}, "day"),  # long past
        ({"day": date(2028, 4, 10)}, "day"),
        ({"reason": "  "}, "reason"),
        ({"reason": "字" * 201}, "reason"),
        ({"number": ""}, "number"),
        ({"working": True}, "day"),  # it is worked anyway
    ],
)
def test_a_decision_needs_its_day_its_reason_and_its_number(office: Office, changes: Any, field: str) -> None:
    given: Any = {"day": date(2025, 4, 14), "working": False, "reason": "台风停工", "number": "示例〔2025〕3号"}
    with office.database.write() as session, pytest.raises(FormInvalid) as refused:
        day_overrides.put(session, office.actors["city"], BUREAU, **(given | changes))
    assert [problem.field for problem in refused.value.problems] == [field]


def test_nobody_decides_for_another_bureau(office: Office) -> None:
    with office.database.write() as session:
        organisations.add(session, OTHER, "又一市工业和信息化局", "city", "440000")
    with pytest.raises(Forbidden):
        put(office, date(2025, 4, 14), working=False, bureau=OTHER)
    with pytest.raises(Forbidden):
        put(office, date(2025, 4, 14), working=False, who="county")
    override = put(office, date(2025, 4, 14), working=False)
    with office.database.write() as session, pytest.raises(Forbidden):
        day_overrides.withdraw(session, office.actors["county"], override)
    with office.database.write() as session, pytest.raises(NotFound):
        day_overrides.withdraw(session, office.actors["city"], 999)


# ---- open dates ---------------------------------------------------------------------------------

BEFORE = Calendar([Announced(until=2024), Estimate()])


@pytest.fixture
def unannounced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation as it was before the notice for 2025 came."""
    monkeypatch.setattr(calendar, "shipped", lambda: BEFORE)
    monkeypatch.setattr(calendars, "Announced", lambda: Announced(until=2024))


def end_of(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T23:59:59").replace(tzinfo=SHANGHAI)


def filed(office: Office, clock: StandingClock, at: str) -> Task:
    """An application that was filed at that moment: it waits for its acceptance, five working days by setting."""
    round_ = office.open_round()
    office.complete("city", office.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    case = office.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id})
    clock.move_to(at)
    office.complete("county", office.open_task(case.id, "fill_in"), samples.application_data())
    return office.open_task(case.id, "acceptance")


def ticked(office: Office) -> None:
    """Reminders are written down, letters spread, and what is due goes out."""
    with office.database.write() as session:
        reminders.plan_tasks(session, 100)
        reminders.plan_obligations(session, 100)
        expansion.expand(session, 100)
        deliveries.spread(session, 100)


def waiting(office: Office, task_id: str) -> dict[str, date]:
    """The rungs that are to come, with their days."""
    with office.database.read() as session:
        query = select(Reminder).where(
            Reminder.task_id == task_id, Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None)
        )
        return {row.rung: row.fire_at.astimezone(SHANGHAI).date() for row in session.scalars(query)}


@pytest.mark.usefixtures("unannounced")
def test_a_notice_moves_the_limits_of_open_tasks_with_their_reminders_and_tells_who_knew_the_old_day(
    office: Office, clock: StandingClock
) -> None:
    """Five working days from Friday 25 April 2025.

    Before the notice, at the earliest 26, 27, 28, 29 and 30 April: the weekend may be made up. By the notice only
    the 27th is, and 1 to 5 May are free: 27, 28, 29, 30 April, 6 May.
    """
    task = filed(office, clock, "2025-04-25 10:00")
    assert task.due_at == end_of("2025-04-30")
    ticked(office)
    assert waiting(office, task.id)["0w"] == date(2025, 4, 30)
    confirm(office, propose(office, year=2025, number=holidays.NUMBER_2025))
    moved = office.open_task(task.case_id, "acceptance")
    assert moved.due_at == end_of("2025-05-06")
    ticked(office)
    assert waiting(office, task.id)["0w"] == date(2025, 5, 6)
    assert waiting(office, task.id)["3w"] == date(2025, 4, 28)  # 30, 29 and 28 April lie before
    (event,) = recorded(office, "task.moved")
    assert (event.chain, event.actor, event.case_id, event.task_id) == (BUREAU, "system", task.case_id, task.id)
    assert datetime.fromisoformat(event.payload["old"]) == task.due_at
    assert datetime.fromisoformat(event.payload["new"]) == moved.due_at
    assert "5 个工作日" in event.payload["rule"]
    assert event.payload["clause"] == "本局设置"
    assert event.payload["source"] == holidays.NUMBER_2025
    (letter,) = letters(office, "date_changed")
    assert (letter.organisation_code, letter.role) == (BUREAU, "bureau_officer")
    assert (letter.fields["原期限"], letter.fields["期限"]) == ("2025年4月30日", "2025年5月6日")
    assert holidays.NUMBER_2025 in letter.fields["变更依据"]
    with office.database.read() as session:
        assert events.verify(session) == []


@pytest.mark.usefixtures("unannounced")
def test_nobody_is_told_of_a_day_that_they_never_knew(office: Office, clock: StandingClock) -> None:
    task = filed(office, clock, "2025-04-25 10:00")
    with office.database.write() as session:  # no letter has told of it yet
        for letter in session.scalars(select(Letter)):
            session.delete(letter)
    confirm(office, propose(office, year=2025, number=holidays.NUMBER_2025))
    assert office.open_task(task.case_id, "acceptance").due_at == end_of("2025-05-06")
    assert letters(office, "date_changed") == []


@pytest.mark.usefixtures("unannounced")
def test_counting_anew_once_more_moves_nothing(office: Office, clock: StandingClock) -> None:
    filed(office, clock, "2025-04-25 10:00")
    ticked(office)
    confirm(office, propose(office, year=2025, number=holidays.NUMBER_2025))
    ticked(office)
    with office.database.write() as session:
        planned = session.scalars(select(Task.planned_at)).all()
        seen = moving.everywhere(session)
        assert moving.everywhere(session, seen) == seen
    with office.database.read() as session:
        assert session.scalars(select(Task.planned_at)).all() == planned
    assert len(recorded(office, "task.moved")) == len(letters(office, "date_changed")) == 1


def test_a_limit_moves_with_the_bureaus_decision_and_back(office: Office, clock: StandingClock) -> None:
    """From Thursday 10 April 2025: 11, 14, 15, 16, 17 April; without the 14th it ends on the 18th."""
    task = filed(office, clock, "2025-04-10 10:00")
    assert task.due_at == end_of("2025-04-17")
    override = put(office, date(2025, 4, 14), working=False)
    assert office.open_task(task.case_id, "acceptance").due_at == end_of("2025-04-18")
    with office.database.write() as session:
        day_overrides.withdraw(session, office.actors["city"], override)
    assert office.open_task(task.case_id, "acceptance").due_at == end_of("2025-04-17")
    assert [event.payload["new"][:10] for event in recorded(office, "task.moved")] == ["2025-04-18", "2025-04-17"]


def test_a_new_task_is_counted_by_the_bureaus_calendar(office: Office, clock: StandingClock) -> None:
    put(office, date(2025, 4, 14), working=False)
    assert filed(office, clock, "2025-04-10 10:00").due_at == end_of("2025-04-18")
    assert recorded(office, "task.moved") == []


def test_a_rung_in_working_days_moves_though_its_date_stays(office: Office, clock: StandingClock) -> None:
    """The round's closing time stays whatever days are worked, and a task that closes with it, too."""
    task = filed(office, clock, "2025-04-10 10:00")
    ticked(office)
    assert waiting(office, task.id)["3w"] == date(2025, 4, 14)
    put(office, date(2025, 4, 12), working=True)  # a Saturday: 11, 12, 14, 15, 16 April
    assert office.open_task(task.case_id, "acceptance").due_at == end_of("2025-04-16")
    ticked(office)
    assert waiting(office, task.id)["3w"] == date(2025, 4, 12)


# ---- what is owed -------------------------------------------------------------------------------


@pytest.fixture
def rolling(database: Database, clock: StandingClock) -> Office:
    """A bureau whose regime moves a report that falls on no working day to the next one. It is 20 December 2024."""
    clock.move_to("2024-12-20 09:00")
    files = dict(bundle.shipped(REGIME))
    text = files["regime.toml"].decode().replace('roll = "none"', 'roll = "next_working_day"')
    files["regime.toml"] = text.replace("month = 3\nday = 15", "month = 1\nday = 26").encode()
    return furnish(database, files)


@pytest.mark.usefixtures("unannounced")
def test_a_report_rolls_anew_when_the_notice_comes_and_the_printed_date_stays(
    rolling: Office, clock: StandingClock
) -> None:
    """26 January 2025 is a Sunday. Before the notice nobody knew that it would be worked: due on Monday."""
    recognised(rolling, date(2024, 6, 20), date(2027, 6, 20))
    before = owed(rolling, "annual_report", 2025)
    assert (before.printed_on, before.effective_on, before.provisional) == (date(2025, 1, 26), date(2025, 1, 27), True)
    assert (before.earliest_on, before.latest_on) == (
        date(2025, 1, 26),
        date(2025, 2, 7),
    )  # 27 January to 6 February may be given
    ticked(rolling)
    clock.move_to("2025-01-13 10:00")
    ticked(rolling)  # 14 days before Monday the 27th: the county is told
    confirm(rolling, propose(rolling, year=2025, number=holidays.NUMBER_2025))
    after = owed(rolling, "annual_report", 2025)
    assert (after.printed_on, after.effective_on, after.provisional) == (date(2025, 1, 26), date(2025, 1, 26), False)
    assert after.due_at == end_of("2025-01-26")
    (event,) = recorded(rolling, "obligation.moved")
    assert event.payload["kind"] == "annual_report"
    assert (event.payload["old"][:10], event.payload["new"][:10]) == ("2025-01-27", "2025-01-26")
    assert (event.payload["clause"], event.payload["source"]) == ("第十七条", holidays.NUMBER_2025)
    ticked(rolling)
    assert rungs(rolling, after.id)["7"] == date(2025, 1, 19)
    told = letters(rolling, "date_changed")
    assert sorted(letter.organisation_code for letter in told) == [COUNTY, COUNTY], "both officers had the reminder"
    assert {letter.fields["原期限"] for letter in told} == {"2025年1月27日"}
    with rolling.database.read() as session:
        names = session.scalars(select(Person.name).where(Person.id.in_([each.person_id for each in told])))
        assert set(names) == {"county", "county2"}


@pytest.mark.usefixtures("unannounced")
def test_a_report_that_nobody_was_reminded_of_moves_without_a_letter(rolling: Office, clock: StandingClock) -> None:
    recognised(rolling, date(2024, 6, 20), date(2027, 6, 20))
    confirm(rolling, propose(rolling, year=2025, number=holidays.NUMBER_2025))
    assert owed(rolling, "annual_report", 2025).effective_on == date(2025, 1, 26)
    assert len(recorded(rolling, "obligation.moved")) == 1
    assert letters(rolling, "date_changed") == []


def test_a_date_that_is_no_working_day_any_more_gets_its_reminder_on_the_working_day_before(
    office: Office, clock: StandingClock
) -> None:
    """15 March 2027 is a Monday; the bureau closes on it, and Friday the 12th is the last working day before."""
    clock.move_to("2026-01-05 09:00")
    recognised(office, date(2025, 6, 20), date(2028, 6, 20))
    ticked(office)
    report = owed(office, "annual_report", 2027)
    assert "eve" not in rungs(office, report.id)
    override = put(office, date(2027, 3, 15), working=False)
    assert owed(office, "annual_report", 2027).effective_on == date(2027, 3, 15), "a fixed date does not move"
    ticked(office)
    assert rungs(office, report.id)["eve"] == date(2027, 3, 12)
    with office.database.write() as session:
        day_overrides.withdraw(session, office.actors["city"], override)
    ticked(office)
    assert "eve" not in rungs(office, report.id)
    assert rungs(office, report.id)["7"] == date(2027, 3, 8)
    assert recorded(office, "obligation.moved") == []


def test_dates_that_a_notice_makes_certain_are_no_longer_provisional(office: Office, clock: StandingClock) -> None:
    clock.move_to("2026-11-05 09:00")
    recognised(office, date(2025, 6, 20), date(2028, 6, 20))
    assert owed(office, "annual_report", 2027).provisional
    assert owed(office, "annual_report", 2028).provisional
    confirm(office, propose(office))
    assert not owed(office, "annual_report", 2027).provisional
    assert owed(office, "annual_report", 2028).provisional
    assert owed(office, "annual_report", 2027).calendar_revision.startswith(holidays.NUMBER)


def test_a_published_period_stays_and_the_record_says_when_it_is_too_short(
    office: Office, clock: StandingClock
) -> None:
    """Published on 1 July 2025 until the 10th. Without the 4th the seventh working day is the 11th."""
    list_ = publicised(office, clock)
    put(office, date(2025, 7, 4), working=False)
    shown = owed(office, "publicity", 2025)
    assert (shown.printed_on, shown.effective_on, shown.latest_on) == (
        date(2025, 7, 10),
        date(2025, 7, 10),
        date(2025, 7, 11),
    )
    assert list_.notice.last_day == date(2025, 7, 10)
    (letter,) = letters(office, "publicity_too_short")
    assert (letter.case_id, letter.organisation_code, letter.role) == (list_.round_case, BUREAU, "bureau_officer")
    assert letter.fields["期限"] == "2025年7月11日"
    assert letter.fields["变更依据"].endswith("、示例〔2025〕3号")
    assert letter.fields["公示期"] == "2025年7月1日至2025年7月10日"
    with office.database.write() as session:  # the hourly duty, on a node that knows nothing of it yet
        moving.everywhere(session)
    (event,) = recorded(office, "publicity.too_short")
    assert (event.case_id, event.payload["counted"]) == (list_.round_case, "2025-07-11")
    put(office, date(2025, 7, 5), working=True)  # a Saturday: by it the seventh is the 10th again
    assert owed(office, "publicity", 2025).latest_on == date(2025, 7, 10)
    assert len(recorded(office, "publicity.too_short")) == len(letters(office, "publicity_too_short")) == 1
