"""What is due when: the fixed dates of a regime, and what a recognised cluster owes. Printed dates never move."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from config.regime import FixedDate, Regime
from engine.calendar import Calendar

RENEWAL, EXPIRY = "renewal", "expiry"
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
class Owed:
    """A row of one cluster's register."""

    kind: str  # a key of the regime's obligations, RENEWAL (its window opens) or EXPIRY (the last valid day)
    year: int  # in which the printed date falls
    printed_on: date
    effective_on: date
    provisional: bool
    clause: str  # or 本局设置


def printed(regime: Regime, year: int, calendar: Calendar) -> list[Due]:
    """The fixed dates that fall into `year` and into the regime's force, with their reminders, in their order.

    Where the printed date is no working day, one reminder more goes out on the last working day before it.
    Days before the regime was in force are not reminded of. There is no upper end: when a text's time is
    over no new round opens, but what recognised clusters owe goes on.
    """
    found = []
    for kind, rule in regime.obligations.items():
        day = rule.in_year(year)
        if day < regime.in_force_from:
            continue
        effective, provisional, before = _placed(rule, day, calendar)
        ladder = {effective - timedelta(days=days) for days in rule.reminders} | before
        reminders = tuple(sorted(on for on in ladder if on >= regime.in_force_from))
        found.append(Due(kind, day, effective, provisional, reminders, rule.clause))
    return sorted(found, key=lambda due: due.date)


def owed(regime: Regime, calendar: Calendar, published_on: date, last_day: date) -> list[Owed]:
    """What a cluster published on `published_on` and valid until `last_day` owes, in the order of the dates.

    The fixed dates of each year within its validity, from the first that the regime's setting names; the day
    its renewal window opens; the last valid day. After a renewal, called with the new last day, it names the
    same rows for the years before: (kind, year) is the key.
    """
    opens = regime.renewal.opens_on(last_day)
    rows = [
        Owed(RENEWAL, opens.year, opens, opens, False, regime.renewal.basis),
        Owed(EXPIRY, last_day.year, last_day, last_day, False, regime.validity.clause),
    ]
    for kind, rule in regime.obligations.items():
        for year in range(published_on.year + rule.first_due_years_after, last_day.year + 1):
            day = rule.in_year(year)
            if published_on < day <= last_day:
                effective, provisional, _ = _placed(rule, day, calendar)
                rows.append(Owed(kind, year, day, effective, provisional, rule.clause))
    return sorted(rows, key=lambda row: (row.printed_on, row.kind))


def _placed(rule: FixedDate, day: date, calendar: Calendar) -> tuple[date, bool, set[date]]:
    """The day after the regime's roll, whether that rests on an estimate, and the working day before it to remind on.

    Fixed dates are no periods: 民法典 第二百零三条 does not move them, only a regime's own rule does.
    """
    if calendar.is_working(day):
        return day, not calendar.day(day).official, set()
    before = calendar.previous_working_day(day)
    looked_at = [before + timedelta(days=n) for n in range((day - before).days + 1)]
    provisional = not all(calendar.day(on).official for on in looked_at)
    if rule.roll == "none":
        return day, provisional, {before}
    rolled = calendar.nth_working_day(day, 1)  # counted from the day after
    return rolled.date, provisional or rolled.provisional, {before}
