"""The days on which reminders leave, for every regime from its in-force date to the end of 2027.

Written by hand from the regulations and the State Council's notices (for 2027 there is none yet): 60, 30, 14, 7, 3
days before the date, the day before, the day, 1, 7 and 14 days after; "eve" is the last working day before a date
that is none.
"""

from datetime import date

import pytest

from config import regime
from engine import calendar, due_dates, reminders
from engine.clock import SHANGHAI

UNTIL = date(2027, 12, 31)
DAYS = calendar.shipped()

PRINTED = {
    # 第十七条: 15 March; in force from 2025-03-04
    "qingyuan": """
        2025-03-08 2025-03-12 2025-03-14 2025-03-15 2025-03-16 2025-03-22 2025-03-29
        2026-01-14 2026-02-13 2026-03-01 2026-03-08 2026-03-12 2026-03-13 2026-03-14 2026-03-15 2026-03-16
        2026-03-22 2026-03-29
        2027-01-14 2027-02-13 2027-03-01 2027-03-08 2027-03-12 2027-03-14 2027-03-15 2027-03-16 2027-03-22 2027-03-29
    """,  # 2025: a Saturday, its eve is the day before; 2026: a Sunday, eve Friday the 13th; 2027: a Monday
    # 三（二）: 31 January; in force from 2025-03-12, so not in 2025
    "shantou": """
        2025-12-02 2026-01-01 2026-01-17 2026-01-24 2026-01-28 2026-01-30 2026-01-31 2026-02-01 2026-02-07 2026-02-14
        2026-12-02 2027-01-01 2027-01-17 2027-01-24 2027-01-28 2027-01-29 2027-01-30 2027-01-31 2027-02-01
        2027-02-07 2027-02-14
        2027-12-02
    """,  # 2026: a Saturday; 2027: a Sunday, eve Friday the 29th unless the notice has the 30th worked; 2028's first
    # 第十六条: 30 March; in force from 2022-12-06
    "guangxi": """
        2023-01-29 2023-02-28 2023-03-16 2023-03-23 2023-03-27 2023-03-29 2023-03-30 2023-03-31 2023-04-06 2023-04-13
        2024-01-30 2024-02-29 2024-03-16 2024-03-23 2024-03-27 2024-03-29 2024-03-30 2024-03-31 2024-04-06 2024-04-13
        2025-01-29 2025-02-28 2025-03-16 2025-03-23 2025-03-27 2025-03-28 2025-03-29 2025-03-30 2025-03-31
        2025-04-06 2025-04-13
        2026-01-29 2026-02-28 2026-03-16 2026-03-23 2026-03-27 2026-03-29 2026-03-30 2026-03-31 2026-04-06 2026-04-13
        2027-01-29 2027-02-28 2027-03-16 2027-03-23 2027-03-27 2027-03-29 2027-03-30 2027-03-31 2027-04-06 2027-04-13
    """,  # 2024: a leap year, a Saturday; 2025: a Sunday, eve Friday the 28th
    # 第十六条: 30 April; in force from 2022-09-13
    "national": """
        2023-03-01 2023-03-31 2023-04-16 2023-04-23 2023-04-27 2023-04-28 2023-04-29 2023-04-30 2023-05-01
        2023-05-07 2023-05-14
        2024-03-01 2024-03-31 2024-04-16 2024-04-23 2024-04-27 2024-04-29 2024-04-30 2024-05-01 2024-05-07 2024-05-14
        2025-03-01 2025-03-31 2025-04-16 2025-04-23 2025-04-27 2025-04-29 2025-04-30 2025-05-01 2025-05-07 2025-05-14
        2026-03-01 2026-03-31 2026-04-16 2026-04-23 2026-04-27 2026-04-29 2026-04-30 2026-05-01 2026-05-07 2026-05-14
        2027-03-01 2027-03-31 2027-04-16 2027-04-23 2027-04-27 2027-04-29 2027-04-30 2027-05-01 2027-05-07 2027-05-14
    """,  # 2023: the second day of 劳动节 (29 April to 3 May), eve Friday the 28th
}

# A cluster of each: the day its recognition was published, and when it is told that its renewal may be applied for
# (30 and 7 days before and on the first day of the window) and that it expires (180, 90, 60, 30, 7 days before).
CLUSTERS = {
    # valid until Tuesday 2028-06-20; the window opens on Monday 2027-12-20
    "qingyuan": ("2025-06-20", "2027-11-20 2027-12-13 2027-12-20", "2027-12-23"),
    # until Saturday 2028-04-01; the window opens on 2027-10-01, a holiday: eve Thursday 30 September
    "shantou": ("2025-04-01", "2027-09-01 2027-09-24 2027-09-30 2027-10-01", "2027-10-04"),
    # until Sunday 2026-03-01, eve Saturday 28 February, which the notice for 2026 has worked; window from 2025-09-01
    "guangxi": (
        "2023-03-01",
        "2025-08-02 2025-08-25 2025-09-01",
        "2025-09-02 2025-12-01 2025-12-31 2026-01-30 2026-02-22 2026-02-28",
    ),
    # until Saturday 2025-11-01, eve Friday 31 October; the window opens on 1 May 2025, eve 30 April
    "national": (
        "2022-11-01",
        "2025-04-01 2025-04-24 2025-04-30 2025-05-01",
        "2025-05-05 2025-08-03 2025-09-02 2025-10-02 2025-10-25 2025-10-31",
    ),
}
# When the bureau is told that the assessment of that cluster is due: 30 and 7 days before, on the day and 7 days after.
ASSESSED = {
    # 31 May (setting): 2026 a Sunday, eve Friday the 29th; 2027 a Monday
    "qingyuan": "2026-05-01 2026-05-24 2026-05-29 2026-05-31 2026-06-07 2027-05-01 2027-05-24 2027-05-31 2027-06-07",
    "shantou": "",  # its text asks for none
    # 30 June (setting): 2024 a Sunday, eve Friday the 28th; 2025 a Monday
    "guangxi": "2024-05-31 2024-06-23 2024-06-28 2024-06-30 2024-07-07 2025-05-31 2025-06-23 2025-06-30 2025-07-07",
    # 31 July (setting): a Monday, a Wednesday and a Thursday
    "national": """
        2023-07-01 2023-07-24 2023-07-31 2023-08-07 2024-07-01 2024-07-24 2024-07-31 2024-08-07
        2025-07-01 2025-07-24 2025-07-31 2025-08-07
    """,
}
REPORTS = {
    "qingyuan": [2026, 2027, 2028],
    "shantou": [2026, 2027, 2028],
    "guangxi": [2024, 2025],
    "national": [2023, 2024, 2025],
}


def days(text: str) -> list[date]:
    return [date.fromisoformat(each) for each in text.split()]


def test_every_regime_that_ships_stands_in_the_tables() -> None:
    assert set(PRINTED) == set(CLUSTERS) == set(regime.names())


@pytest.mark.parametrize("name", PRINTED)
def test_the_reminders_of_the_printed_dates_leave_on_these_days(name: str) -> None:
    rules = regime.shipped(name)
    found = [
        on
        for year in range(rules.in_force_from.year, UNTIL.year + 2)
        for due in due_dates.printed(rules, year, DAYS)
        for on in due.reminders
        if on <= UNTIL
    ]
    assert found == days(PRINTED[name])


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_reminders_of_a_cluster_leave_on_these_days(name: str) -> None:
    """Each at 09:00 in Shanghai. Its annual reports are those of the table above, from the year after publication."""
    published, renewal, expiry = CLUSTERS[name]
    rules = regime.shipped(name)
    _, last = rules.validity_days(date.fromisoformat(published))
    found: dict[str, list[date]] = {}
    years, assessed = [], list[date]()
    for owed in due_dates.owed(rules, DAYS, date.fromisoformat(published), last):
        rungs = reminders.rungs(
            rules.ladders[owed.kind], due_dates.end_of(owed.placed.effective_on), DAYS, owed.printed_on
        )
        moments = [rung.fire_at.astimezone(SHANGHAI) for rung in rungs]
        assert {(moment.hour, moment.minute) for moment in moments} == {(9, 0)}
        on = sorted({moment.date() for moment in moments if moment.date() <= UNTIL})
        if owed.kind == "annual_report":
            years.append(owed.year)
            assert set(on) <= set(days(PRINTED[name]))
            assert len([each for each in days(PRINTED[name]) if each in on]) == len(on)
        elif owed.kind == "assessment":
            assert owed.by_bureau
            assessed += on
        else:
            found[owed.kind] = on
    assert found == {"renewal": days(renewal), "expiry": days(expiry)}
    assert years == REPORTS[name]
    assert assessed == days(ASSESSED[name])


@pytest.mark.parametrize(
    ("name", "first", "before"),
    [
        ("qingyuan", date(2025, 3, 15), 2024),
        ("shantou", date(2026, 1, 31), 2025),
        ("guangxi", date(2023, 3, 30), 2022),
        ("national", date(2023, 4, 30), 2022),
    ],
)
def test_no_date_is_owed_before_its_text_was_in_force(name: str, first: date, before: int) -> None:
    rules = regime.shipped(name)
    assert due_dates.printed(rules, before, DAYS) == []
    assert [due.date for due in due_dates.printed(rules, first.year, DAYS)] == [first]
