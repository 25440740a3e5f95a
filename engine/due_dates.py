"""What is due when: the fixed dates of a regime, and what a recognised cluster owes. Printed dates never move."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from config import fixed_dates
from config.fixed_dates import FixedDate
from config.regime import Regime
from engine import clock
from engine.calendar import Calendar

RENEWAL, EXPIRY, PUBLICITY, ROUND_CLOSING = "renewal", "expiry", "publicity", "round_closing"
Day: TypeAlias = date  # `Due` has a field called date


@dataclass(frozen=True)
class Due:
    """A date that the regime prints for everybody."""

    kind: str  # a key of the regime's obligations
    date: Day  # as printed
    effective_date: Day  # after the regime's roll
    provisional: bool  # a day it was worked out with belongs to a year without a holiday notice
    reminders: tuple[Day, ...]
    clause: str


@dataclass(frozen=True)
class Placed:
    """Where a date comes to lie, and where it may yet come to lie."""

    effective_on: date
    earliest_on: date
    latest_on: date
    provisional: bool


@dataclass(frozen=True)
class Owed:
    """A row of one cluster's register."""

    kind: str  # a key of the regime's obligations, RENEWAL (its window opens) or EXPIRY (the last valid day)
    year: int  # in which the printed date falls
    printed_on: date
    placed: Placed
    clause: str  # or 本局设置
    applies_from: date | None = None  # of the amendment that it lies by
    by_bureau: bool = False  # it is the bureau that owes it, not the cluster


def printed(regime: Regime, year: int, calendar: Calendar) -> list[Due]:
    """The fixed dates that fall into `year` and into the regime's force, with their reminders, in their order.

    Where the printed date is no working day, one reminder more goes out on the last working day before it.
    Days before the regime was in force are not reminded of. What the bureau owes is its own affair. There is no upper
    end: when a text's time is over no new round opens, but what recognised clusters owe goes on.
    """
    found = []
    for kind, first in regime.obligations.items():
        rule = first.of_year(year)
        day = rule.in_year(year)
        if day < regime.in_force_from or rule.owed_by == fixed_dates.BUREAU:
            continue
        at = placed(rule, day, calendar)
        ladder = regime.ladders[kind]
        before = {eve} if (eve := eve_of(day, calendar)) else set()
        rungs = {rung_day(at.effective_on, rung, ladder.in_working_days, calendar) for rung in ladder.rungs} | before
        reminders = tuple(sorted(on for on in rungs if on >= regime.in_force_from))
        found.append(Due(kind, day, at.effective_on, at.provisional, reminders, rule.clause))
    return sorted(found, key=lambda due: due.date)


def owed(regime: Regime, calendar: Calendar, published_on: date, last_day: date) -> list[Owed]:
    """What a cluster published on `published_on` and valid until `last_day` owes, in the order of the dates.

    The fixed dates of each year within its validity, from the first that the regime's setting names; the day
    its renewal window opens; the last valid day. After a renewal, called with the new last day, it names the
    same rows for the years before: (kind, year) is the key.
    """
    rows = [
        _window(regime, last_day),
        Owed(EXPIRY, last_day.year, last_day, certain(last_day), regime.validity.clause),
    ]
    for kind, first in regime.obligations.items():
        for year in range(published_on.year + first.first_due_years_after, last_day.year + 1):
            if published_on < first.of_year(year).in_year(year) <= last_day:
                rows.append(_of_year(kind, first, year, calendar))
    return sorted(rows, key=lambda row: (row.printed_on, row.kind))


def by_rule(regime: Regime, calendar: Calendar, kind: str, year: int, last_day: date) -> Owed | None:
    """Where the rules have that row of a cluster which is valid until `last_day`; None for a kind they do not move."""
    if kind == RENEWAL:
        return _window(regime, last_day)
    return _of_year(kind, regime.obligations[kind], year, calendar) if kind in regime.obligations else None


def _window(regime: Regime, last_day: date) -> Owed:
    opens = regime.renewal.opens_on(last_day)
    return Owed(RENEWAL, opens.year, opens, certain(opens), regime.renewal.basis)


def _of_year(kind: str, first: FixedDate, year: int, calendar: Calendar) -> Owed:
    rule = first.of_year(year)
    day = rule.in_year(year)
    at = placed(rule, day, calendar)
    return Owed(kind, year, day, at, rule.clause, rule.applies_from, rule.owed_by == fixed_dates.BUREAU)


def placed(rule: FixedDate, day: date, calendar: Calendar) -> Placed:
    """The day after the regime's roll, and whether that rests on an estimate.

    Fixed dates are no periods: 民法典 第二百零三条 does not move them, only a regime's own rule does.
    """
    if calendar.is_working(day):
        provisional = not calendar.day(day).official
    else:
        before = calendar.previous_working_day(day)
        looked_at = [before + timedelta(days=n) for n in range((day - before).days + 1)]
        provisional = not all(calendar.day(on).official for on in looked_at)
    if rule.roll == "none" or (calendar.is_working(day) and not provisional):
        return Placed(day, day, day, provisional)
    rolled = calendar.nth_working_day(day, 1, count_first=True)
    return Placed(rolled.date, rolled.earliest, rolled.latest, provisional or rolled.provisional)


def eve_of(day: date, calendar: Calendar) -> date | None:
    """The last working day before a date that is none itself: it is reminded of then, too."""
    return None if calendar.is_working(day) else calendar.previous_working_day(day)


def rung_day(day: date, rung: int, in_working_days: bool, calendar: Calendar) -> date:
    """The day so many days, or working days, before a date; after it where `rung` is negative."""
    if not in_working_days or rung == 0:
        return day - timedelta(days=rung)
    if rung < 0:
        return calendar.nth_working_day(day, -rung).date
    for _ in range(rung):
        day = calendar.previous_working_day(day)
    return day


def end_of(day: date) -> datetime:
    """The last moment of a day in Asia/Shanghai, to the second, as the time limits of the steps have it."""
    return datetime.combine(day, time(23, 59, 59), clock.SHANGHAI)


def start_of(day: date) -> datetime:
    """The first moment of a day in Asia/Shanghai."""
    return datetime.combine(day, time(0), clock.SHANGHAI)


def certain(day: date) -> Placed:
    """A date that no calendar moves."""
    return Placed(day, day, day, False)
