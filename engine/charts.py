"""Charts: where the columns of a few years and the line of a target lie; drawn as SVG on pages, by Typst on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

WIDTH, HEIGHT = 360, 200  # units of the drawing; all numbers below are such
MOST_YEARS: Final = 6  # the newest; more would not be read, and a table stands beside
_TOP, _BOTTOM = 42, 164  # between them the columns; the target's number stands above, the years below
_LEFT, _RIGHT = 10, 350
_FULL: Final = Decimal("0.6")  # of a year's room that its column takes
_ABOVE = 6  # from a column to its number
_LETTER = 13  # its height


@dataclass(frozen=True)
class Column:
    """The number of a year. x and y are its upper left corner."""

    year: int
    text: str
    x: int
    y: int
    width: int
    height: int
    middle: int
    text_y: int  # the line on which its number stands


@dataclass(frozen=True)
class Chart:
    """A chart of one figure."""

    columns: tuple[Column, ...]
    zero: int  # the height of the line at nought
    goal: int | None = None  # of the target's line
    goal_text: str = ""


def of(values: Mapping[int, Decimal], goal: Decimal | None = None) -> Chart | None:
    """The chart of these years; None for fewer than two, which show no course."""
    years = sorted(values)[-MOST_YEARS:]
    if len(years) < 2:  # two points make a course
        return None
    shown = [values[year] for year in years]
    bounds = [*shown, Decimal(0), *([goal] if goal is not None else [])]
    low, high = min(bounds), max(bounds)
    if low == high:
        high = Decimal(1)
    zero = _y(Decimal(0), low, high)
    room = Decimal(_RIGHT - _LEFT) / len(years)
    columns = tuple(
        _column(year, values[year], _LEFT + room * place, room, (low, high, zero)) for place, year in enumerate(years)
    )
    if goal is None:
        return Chart(columns, zero)
    return Chart(columns, zero, _y(goal, low, high), spoken(goal))


def spoken(value: Decimal) -> str:
    """The exact number."""
    return format(value, "f")


def _column(year: int, value: Decimal, left: Decimal, room: Decimal, scale: tuple[Decimal, Decimal, int]) -> Column:
    low, high, zero = scale
    y = _y(value, low, high)
    top, below = min(y, zero), max(y, zero)
    width = _round(room * _FULL)
    text_y = top - _ABOVE if value >= 0 else below + _LETTER
    return Column(
        year, spoken(value), _round(left + (room - width) / 2), top, width, below - top, _round(left + room / 2), text_y
    )


def _y(value: Decimal, low: Decimal, high: Decimal) -> int:
    return _round(_TOP + (high - value) / (high - low) * (_BOTTOM - _TOP))


def _round(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
