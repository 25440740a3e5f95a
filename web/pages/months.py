"""A year drawn as twelve months: which days are worked, which of them are estimates, and what is due on them."""

from calendar import Calendar as Weeks
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from engine import calendar
from engine.calendar import Calendar, Day
from web.wording import N_, _

WEEKDAYS = (N_("一"), N_("二"), N_("三"), N_("四"), N_("五"), N_("六"), N_("日"))  # Monday first
_OFF, _WORKED, _DECIDED = N_("休"), N_("班"), N_("调")


@dataclass(frozen=True)
class Cell:
    """A day of a month, as the table shows it."""

    on: date
    mark: str  # besides its number: off though a weekday, worked though a weekend, decided by the bureau
    kind: str  # work, rest, holiday, made_up: its colour
    official: bool
    why: str
    due: int  # how much is due on it
    open: int  # of it not done


@dataclass(frozen=True)
class Month:
    """A month: weeks of seven, None for days of its neighbours."""

    number: int
    weeks: Sequence[Sequence[Cell | None]]


def of_year(days: Calendar, year: int, due: Mapping[date, tuple[int, int]] | None = None) -> list[Month]:
    """The twelve months. `due`: how much lies on a day, and how much of it is not done."""
    return [Month(month, _weeks(days, year, month, due or {})) for month in range(1, 13)]


def _weeks(days: Calendar, year: int, month: int, due: Mapping[date, tuple[int, int]]) -> list[list[Cell | None]]:
    return [
        [_cell(days.day(on), due.get(on, (0, 0))) if on.month == month else None for on in week]
        for week in Weeks().monthdatescalendar(year, month)
    ]


def _cell(day: Day, due: tuple[int, int]) -> Cell:
    weekday = day.date.weekday() < 5
    kind = ("work" if weekday else "made_up") if day.working else ("holiday" if weekday or day.why else "rest")
    mark = {"holiday": _OFF, "made_up": _WORKED}.get(kind, "")
    if day.why.startswith(_DECIDED_BY_BUREAU):
        mark = _DECIDED
    return Cell(day.date, _(mark) if mark else "", kind, day.official, calendar.reason(day), *due)


_DECIDED_BY_BUREAU = "本局调整"  # as engine.calendars says it
