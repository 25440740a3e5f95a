"""Working days are those of the State Council's notices, and what is not announced yet is never sold as a fact."""

from datetime import date, datetime, timedelta
from fractions import Fraction

import holidays
import pytest

from engine import clock
from engine.calendar import LONGEST, Announced, Calendar, Counted, Day, Estimate, shipped
from engine.errors import Refused

ANNOUNCED = Calendar([Announced()])


def every_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def hidden(year: int) -> Calendar:
    """The calendar as it was before the notice for `year` came."""
    return Calendar([Announced(until=year - 1), Estimate()])


# ---- periods ----


@pytest.mark.parametrize(
    ("start", "n", "count_first", "ends"),
    [
        # 28 September and 11 October 2025 are worked, 1–8 October are not: 28 29 30 9 10 11 13.
        (date(2025, 9, 26), 7, False, date(2025, 10, 13)),
        (date(2025, 9, 26), 7, True, date(2025, 10, 11)),  # the Friday is the first: 26 28 29 30 9 10 11
        # 25–27 September and 1–7 October 2026 are holidays, Saturday 10 October is worked: 28 29 30 8 9 10 12.
        (date(2026, 9, 24), 7, False, date(2026, 10, 12)),
        (date(2026, 9, 24), 7, True, date(2026, 10, 10)),
        (date(2025, 10, 4), 1, True, date(2025, 10, 9)),  # a holiday is not counted even as the first day
        (date(2025, 10, 4), 1, False, date(2025, 10, 9)),
        (date(2024, 2, 8), 2, False, date(2024, 2, 18)),  # 除夕 2024 was a working day; Sunday the 18th is made up
        (date(2026, 3, 2), 5, False, date(2026, 3, 9)),  # an ordinary week
        (date(2026, 3, 2), 5, True, date(2026, 3, 6)),
    ],
)
def test_a_period_ends_on_its_last_working_day(start: date, n: int, count_first: bool, ends: date) -> None:
    counted = shipped().nth_working_day(start, n, count_first)
    assert (counted.date, counted.earliest, counted.latest, counted.provisional) == (ends, ends, ends, False)


def test_a_period_shows_every_day_it_walked_over() -> None:
    days = shipped().nth_working_day(date(2025, 9, 26), 7).days
    assert [day.date for day in days] == every_day(date(2025, 9, 27), date(2025, 10, 13))
    assert [day.date.day for day in days if day.working] == [28, 29, 30, 9, 10, 11, 13]
    assert all(day.official and "chinesecalendar" in day.source for day in days)


def test_with_the_first_day_counted_it_is_shown_too() -> None:
    assert shipped().nth_working_day(date(2025, 9, 26), 7, count_first=True).days[0].date == date(2025, 9, 26)


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2026, 1, 31), date(2026, 1, 30)),  # a Saturday
        (date(2026, 3, 15), date(2026, 3, 13)),  # a Sunday
        (date(2025, 10, 9), date(2025, 9, 30)),  # over the whole holiday
        (date(2025, 9, 29), date(2025, 9, 28)),  # a Sunday that is worked
        (date(2026, 3, 4), date(2026, 3, 3)),
    ],
)
def test_the_working_day_before_is_found(day: date, before: date) -> None:
    assert shipped().previous_working_day(day) == before


@pytest.mark.parametrize("n", [0, -1, LONGEST + 1])
def test_a_period_of_no_days_or_of_years_is_refused(n: int) -> None:
    with pytest.raises(Refused, match="1 至 1000"):
        shipped().nth_working_day(date(2026, 3, 2), n)


@pytest.mark.parametrize("day", [date(2003, 12, 31), date(2061, 1, 1)])
def test_a_date_outside_the_calendar_is_refused(day: date) -> None:
    with pytest.raises(Refused, match="2004 年至 2060 年"):
        shipped().day(day)


def test_a_period_that_leaves_the_calendar_is_refused() -> None:
    with pytest.raises(Refused, match="2061-01-01"):
        shipped().nth_working_day(date(2060, 12, 30), 7)


def test_a_moment_is_not_taken_for_a_date() -> None:
    """20:00 UTC on 7 October is 8 October in Shanghai; cut to its own date it would be a day early."""
    with pytest.raises(TypeError):
        shipped().day(datetime(2025, 10, 7, 20, tzinfo=clock.UTC))


# ---- what the notices say ----


@pytest.mark.parametrize(
    ("year", "made_up"),
    [  # 国办发明电〔2023〕7号, 〔2024〕12号, and the notice of 2025-11-04
        (2024, ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"]),
        (2025, ["01-26", "02-08", "04-27", "09-28", "10-11"]),
        (2026, ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]),
    ],
)
def test_the_make_up_days_of_the_notices_are_worked(year: int, made_up: list[str]) -> None:
    days = every_day(date(year, 1, 1), date(year, 12, 27))
    weekends = [day for day in days if day.weekday() >= 5 and shipped().is_working(day)]
    assert [f"{day:%m-%d}" for day in weekends] == made_up


@pytest.mark.parametrize(("year", "working_days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_as_many_working_days_as_announced(year: int, working_days: int) -> None:
    assert sum(map(shipped().is_working, every_day(date(year, 1, 1), date(year, 12, 31)))) == working_days


def test_another_library_agrees_on_every_day_from_2020_to_2026() -> None:
    """`holidays` reads the same notices by itself; there is no known disagreement in these years."""
    china = holidays.country_holidays("CN")
    days = every_day(date(2020, 1, 1), date(2026, 12, 31))
    assert [day for day in days if shipped().is_working(day) != china.is_working_day(day)] == []
    assert len(days) == 2557


# ---- layers ----


class Bureau:
    """A bureau that works on one Sunday: what a later layer will do."""

    revision = "本局 1"

    def day(self, on: date) -> Day | None:
        return Day(on, True, True, "本局通知") if on == date(2026, 3, 8) else None


def test_the_first_layer_that_answers_is_right() -> None:
    calendar = Calendar([Bureau(), Announced(), Estimate()])
    assert calendar.day(date(2026, 3, 8)) == Day(date(2026, 3, 8), True, True, "本局通知")
    assert calendar.nth_working_day(date(2026, 3, 2), 5).date == date(2026, 3, 8)  # 3 4 5 6 and the Sunday
    assert calendar.day(date(2026, 3, 15)).working is False


def test_the_revision_names_every_layer() -> None:
    assert shipped().revision == "chinesecalendar 1.11.0，至 2026 年；估计 1"
    assert Calendar([Bureau(), Announced(until=2025)]).revision == "本局 1；chinesecalendar 1.11.0，至 2025 年"


# ---- years without a notice ----


def test_a_period_into_next_year_is_provisional_until_its_notice_comes() -> None:
    """From Friday 25 December 2026: 28 29 30 31, New Year's Day is a Friday, then 4 5 6 January."""
    counted = shipped().nth_working_day(date(2026, 12, 25), 7)
    assert (counted.date, counted.provisional) == (date(2027, 1, 6), True)
    # At the earliest the notice has the weekend of 2 and 3 January worked; at the latest it frees 30 and 31 December.
    assert (counted.earliest, counted.latest) == (date(2027, 1, 4), date(2027, 1, 8))


def test_a_period_that_ends_before_the_open_days_is_not_provisional() -> None:
    assert shipped().nth_working_day(date(2026, 12, 21), 4).provisional is False  # ends on Friday the 25th
    assert shipped().nth_working_day(date(2026, 12, 21), 5).provisional is True  # ends on Monday the 28th


@pytest.mark.parametrize("made_up", [date(2006, 12, 30), date(2006, 12, 31), date(2011, 12, 31), date(2018, 12, 29)])
def test_the_last_days_of_december_wait_for_the_next_notice(made_up: date) -> None:
    """Each was a weekend by its own year's notice and was made a working day by the next one."""
    assert Announced(until=made_up.year).day(made_up) is None
    assert Announced(until=made_up.year + 1).day(made_up) is not None
    assert ANNOUNCED.is_working(made_up)


@pytest.mark.parametrize(
    ("day", "working", "certain"),
    [
        (date(2027, 6, 16), True, True),  # a Wednesday far from any holiday
        (date(2027, 6, 19), False, True),  # a Saturday far from any holiday
        (date(2027, 2, 5), False, True),  # 除夕, statutory since 2025
        (date(2027, 2, 8), False, True),  # 正月初三, a Monday
        (date(2027, 2, 12), False, False),  # 正月初七, the eighth day from 除夕
        (date(2027, 2, 14), False, False),  # the Sunday after: may be made up
        (date(2027, 5, 2), False, True),  # statutory since 2025
        (date(2027, 10, 1), False, True),
        (date(2027, 10, 7), False, False),  # a Thursday, probably the last of seven
        (date(2027, 10, 8), True, False),  # a Friday; eight days only with 中秋, which is on 15 September
        (date(2028, 10, 6), False, False),  # a Friday; 中秋 is on 3 October
        (date(2030, 6, 5), False, True),  # 端午 on a Wednesday: alone
        (date(2030, 6, 4), True, False),
        (date(2029, 4, 4), False, True),  # 清明
        (date(2031, 10, 8), False, False),  # 中秋 on 1 October: eight days
        (date(2033, 9, 8), False, True),  # 中秋 on a Thursday: Friday is free and Sunday is made up
        (date(2033, 9, 9), False, False),
        (date(2033, 9, 11), True, False),
        (date(2030, 1, 1), False, True),  # New Year's Day on a Tuesday: Monday is free and Saturday is made up
        (date(2029, 12, 31), False, False),
        (date(2029, 12, 29), True, False),
    ],
)
def test_an_estimated_day_follows_the_printed_principles(day: date, working: bool, certain: bool) -> None:
    """国办发明电〔2024〕12号 prints them; a day that a notice may turn round is not certain."""
    answer = shipped().day(day)
    assert (answer.working, answer.certain, answer.official) == (working, certain, False)
    assert "估计" in answer.source


def test_the_festivals_of_the_estimate_are_those_of_another_library() -> None:
    """Statutory days of every year that may be estimated, against the lunar tables of `holidays`."""
    named = ("New Year's Day", "Chinese New Year's Eve", "Chinese New Year", "Tomb-Sweeping", "Labor", "Dragon Boat")
    named += ("Mid-Autumn", "National Day")
    statutory = [
        day
        for day, name in holidays.country_holidays("CN", language="en_US", years=range(2027, 2061)).items()
        if any(part.startswith(named) and "observed" not in part for part in name.split("; ")) and day.year >= 2027
    ]
    assert len(statutory) > 34 * 12  # thirteen a year, one less where 中秋 falls on 1–3 October
    assert [day for day in statutory if shipped().day(day).working or not shipped().day(day).certain] == []
    certain_weekdays_off = [
        day
        for day in every_day(date(2027, 1, 1), date(2060, 12, 31))
        if day.weekday() < 5 and not shipped().is_working(day) and shipped().day(day).certain
    ]
    assert set(certain_weekdays_off) <= set(statutory)


def backtest(n: int) -> list[tuple[date, Counted]]:
    """The true end, and what was said before the year's notice came, of n working days from every date of 2022–2026."""
    found = []
    for year in range(2022, 2027):
        calendar = hidden(year)
        for start in every_day(date(year - 1, 12, 20), date(year, 12, 27)):
            try:
                truth = ANNOUNCED.nth_working_day(start, n).date
            except Refused:  # the notice for 2027 is still to come
                break
            if truth >= date(year, 12, 28):
                break
            found.append((truth, calendar.nth_working_day(start, n)))
    return found


@pytest.mark.parametrize("n", [1, 7, 20])
def test_the_truth_never_lay_outside_what_was_said_before_the_notice(n: int) -> None:
    tried = backtest(n)
    assert len(tried) > 1700
    assert [(truth, said) for truth, said in tried if not said.earliest <= truth <= said.latest] == []
    assert [said for _, said in tried if not said.earliest <= said.date <= said.latest] == []


def test_a_public_period_shown_by_its_late_date_was_never_too_short() -> None:
    assert [truth for truth, said in backtest(7) if said.latest < truth] == []


def test_the_range_of_an_estimate_is_worth_having() -> None:
    """A range of a year would never be wrong either. These are the figures of the docstring."""
    tried = backtest(7)
    exact = Fraction(sum(said.date == truth for truth, said in tried), len(tried))
    width = Fraction(sum((said.latest - said.earliest).days for _, said in tried), len(tried))
    assert exact > Fraction(4, 5)
    assert width < Fraction(5, 2)


def test_without_its_uncertain_days_the_estimate_would_be_wrong() -> None:
    """The backtest can fail: the plain estimate misses the truth on many days."""
    assert sum(said.date != truth for truth, said in backtest(7)) > 100
