"""What is due when: dates worked out by hand from the text and the State Council's notices."""

from datetime import date

import pytest

from config import regime
from engine import calendar, due_dates
from engine.due_dates import Owed, Placed

QINGYUAN = regime.shipped("qingyuan")
CALENDAR = calendar.shipped()


def on(day: date, *, provisional: bool = False) -> Placed:
    """A fixed date that does not move."""
    return Placed(day, day, day, provisional)


def test_in_2026_the_fifteenth_of_march_is_a_sunday_so_friday_is_reminded_of_too() -> None:
    (due,) = due_dates.printed(QINGYUAN, 2026, CALENDAR)
    assert (due.kind, due.clause) == ("annual_report", "第十七条")
    assert (due.date, due.effective_date) == (date(2026, 3, 15), date(2026, 3, 15)), "a fixed date does not move"
    assert not due.provisional
    assert due.reminders == (
        date(2026, 1, 14),  # 60 days before
        date(2026, 2, 13),  # 30
        date(2026, 3, 1),  # 14
        date(2026, 3, 8),  # 7
        date(2026, 3, 12),  # 3
        date(2026, 3, 13),  # Friday, the last working day; 14 March 2026 is an ordinary Saturday
        date(2026, 3, 14),  # 1
        date(2026, 3, 15),  # the day itself
        date(2026, 3, 16),  # 1 after
        date(2026, 3, 22),  # 7
        date(2026, 3, 29),  # 14
    )


def test_before_the_text_was_in_force_nobody_is_reminded() -> None:
    (due,) = due_dates.printed(QINGYUAN, 2025, CALENDAR)  # in force from 2025-03-04
    assert due.date == date(2025, 3, 15)  # a Saturday: Friday the 14th is the rung of one day before as well
    assert due.reminders == (
        date(2025, 3, 8),
        date(2025, 3, 12),
        date(2025, 3, 14),
        date(2025, 3, 15),
        date(2025, 3, 16),
        date(2025, 3, 22),
        date(2025, 3, 29),
    )


def test_no_date_is_printed_before_the_text_is_in_force() -> None:
    assert due_dates.printed(QINGYUAN, 2024, CALENDAR) == []


def test_a_year_without_a_holiday_notice_is_provisional() -> None:
    (due,) = due_dates.printed(QINGYUAN, 2031, CALENDAR)  # 15 March 2031 is a Saturday
    assert due.provisional
    assert date(2031, 3, 14) in due.reminders


def test_what_is_owed_goes_on_when_the_texts_own_time_is_over() -> None:
    assert QINGYUAN.in_force_until == date(2028, 3, 3)
    (due,) = due_dates.printed(QINGYUAN, 2028, CALENDAR)
    assert due.date == date(2028, 3, 15)


@pytest.mark.parametrize(
    ("year", "effective"),
    [
        (2024, date(2024, 3, 15)),  # a Friday stays
        (2025, date(2025, 3, 17)),  # Saturday → Monday
        (2026, date(2026, 3, 16)),  # Sunday → Monday
    ],
)
def test_a_regime_may_roll_its_date_to_the_next_working_day(year: int, effective: date) -> None:
    text = regime.content("qingyuan").decode().replace('"none"', '"next_working_day"')
    rolling = regime.load(text.replace("in_force_from = 2025-03-04", "in_force_from = 2022-03-04"))
    (due,) = due_dates.printed(rolling, year, CALENDAR)
    assert (due.date, due.effective_date) == (date(year, 3, 15), effective)
    if effective.day != 15:
        assert CALENDAR.previous_working_day(date(year, 3, 15)) in due.reminders


def test_what_is_owed_of_a_cluster_published_in_june_2025() -> None:
    assert due_dates.owed(QINGYUAN, CALENDAR, date(2025, 6, 20), date(2028, 6, 20)) == [
        Owed("annual_report", 2026, date(2026, 3, 15), on(date(2026, 3, 15)), "第十七条"),
        Owed("assessment", 2026, date(2026, 5, 31), on(date(2026, 5, 31)), "本局设置", by_bureau=True),
        Owed(
            "annual_report", 2027, date(2027, 3, 15), on(date(2027, 3, 15), provisional=True), "第十七条"
        ),  # no notice for 2027 yet
        Owed(
            "assessment", 2027, date(2027, 5, 31), on(date(2027, 5, 31), provisional=True), "本局设置", by_bureau=True
        ),
        Owed("renewal", 2027, date(2027, 12, 20), on(date(2027, 12, 20)), "本局设置"),
        Owed("annual_report", 2028, date(2028, 3, 15), on(date(2028, 3, 15), provisional=True), "第十七条"),
        Owed(
            "assessment", 2028, date(2028, 5, 31), on(date(2028, 5, 31), provisional=True), "本局设置", by_bureau=True
        ),
        Owed("expiry", 2028, date(2028, 6, 20), on(date(2028, 6, 20)), "第十六条"),
    ]


def test_a_report_is_first_due_in_the_year_after_publication_and_never_after_the_last_day() -> None:
    january = due_dates.owed(QINGYUAN, CALENDAR, date(2026, 1, 10), date(2029, 1, 10))
    years = [row.year for row in january if row.kind == "annual_report"]
    assert years == [2027, 2028], "not 2026, the year of publication; 15 March 2029 lies after the last day"


def test_a_bureau_may_ask_for_the_first_report_in_the_year_of_publication() -> None:
    text = regime.content("qingyuan").decode().replace("first_due_years_after = 1", "first_due_years_after = 0")
    early = regime.load(text)
    assert due_dates.owed(early, CALENDAR, date(2026, 1, 10), date(2029, 1, 10))[0].printed_on == date(2026, 3, 15)
    late = due_dates.owed(early, CALENDAR, date(2026, 6, 10), date(2029, 6, 10))
    assert late[0].printed_on == date(2027, 3, 15), "15 March had passed when it was published"


def test_after_a_renewal_the_rows_before_it_are_the_same() -> None:
    before = due_dates.owed(QINGYUAN, CALENDAR, date(2025, 6, 20), date(2028, 6, 20))
    after = due_dates.owed(QINGYUAN, CALENDAR, date(2025, 6, 20), date(2031, 6, 20))
    reports = [row for row in before if row.kind == "annual_report"]
    assert [row for row in after if row.kind == "annual_report"][:3] == reports
    assert len([row for row in after if row.kind == "annual_report"]) == 6
