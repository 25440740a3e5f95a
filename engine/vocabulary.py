"""The vocabulary: the few words that expressions may call, and their only way to the day and to a regime's numbers."""

import ast
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

from config.regime import Regime
from engine import clock, values
from engine.calendar import Counted, Counting
from engine.errors import ExpressionFailed, Refused
from engine.values import UNKNOWN, Truth, Unknown

Number: TypeAlias = int | Decimal
Word: TypeAlias = Callable[..., Any]
_Named = TypeVar("_Named")
_UNKNOWN_KEY = (values.kind(UNKNOWN), UNKNOWN)


def today() -> str:
    """The civil date in Asia/Shanghai (ISO 8601)."""
    return clock.today().isoformat()


def lowest(series: Any) -> Number | Unknown:
    """The smallest of a list's or map's numbers; UNKNOWN of none, or where one is unknown."""
    return _chosen("lowest", min, series)


def highest(series: Any) -> Number | Unknown:
    """The largest of a list's or map's numbers; UNKNOWN of none, or where one is unknown."""
    return _chosen("highest", max, series)


def total(series: Any) -> Number | Unknown:
    """The exact sum of a list's or map's numbers, 0 of none; UNKNOWN where one is unknown."""
    answer: Number | Unknown = reduce(lambda a, b: values.computed(ast.Add, a, b), _members("total", series), 0)
    return answer


def count(conditions: Any) -> int | Unknown:
    """How many of the conditions hold; UNKNOWN where one is unknown. How many members there are says `length`."""
    answers = [values.truth(member) for member in _members("count", conditions)]
    return UNKNOWN if UNKNOWN in answers else answers.count(True)


def falls(series: Any) -> Truth:
    """Is each number below the one before, the oldest first? A map is read in the order of its years.

    One that is not decides, whatever is unknown. Fewer than two numbers, or a year left out, say nothing: UNKNOWN.
    """
    return _steadily("falls", lambda before, after: after < before, series)


def rises(series: Any) -> Truth:
    """Is each number above the one before, the oldest first? Otherwise as `falls`."""
    return _steadily("rises", lambda before, after: after > before, series)


def length(whole: Any) -> int:
    """How many members a list or map has, how many characters a text."""
    if not isinstance(whole, list | tuple | dict | str):
        raise ExpressionFailed(f"length 要用列表、对照表或文字，不能用{values.kind(whole)}；请核对数据")
    return len(whole)


def without(whole: Any, part: Any) -> list[Any] | Unknown:
    """The texts and numbers of a list that are not in another, in their order; None takes nothing away.

    UNKNOWN where a member of either is unknown.
    """
    keys = _identities("without", whole)
    gone = set() if part is None else set(_identities("without", part))
    if _UNKNOWN_KEY in {*keys, *gone}:
        return UNKNOWN
    return [member for member, key in zip(whole, keys, strict=True) if key not in gone]


_SAME_EVERYWHERE: Mapping[str, Word] = {
    word.__name__: word for word in (today, lowest, highest, total, count, falls, rises, length, without)
}
WORDS = frozenset(_SAME_EVERYWHERE) | {"working_days", "deadline", "limit"}


def words(regime: Regime, calendar: Counting) -> dict[str, Word]:
    """Every word of WORDS for one regime's numbers and one calendar. All are pure but for the clock.

    They answer what an expression may hold and raise ExpressionFailed, in Chinese and with the way out.
    """

    def working_days(n: Any) -> str:
        """The end of the n-th working day after today (ISO 8601, +08:00), today not counted: 民法典 第二百零一条.

        Where the calendar is an estimate, the latest day it can be: a timer must not cut anybody's time short.
        """
        days = values.number(n)
        if days != int(days):
            raise ExpressionFailed("working_days 的天数应为整数；请改为整数")
        return _end(_counted(calendar, clock.today(), int(days), False).latest).isoformat()

    def deadline(name: Any) -> str:
        """The end of the last day of this period or time limit of the regime, begun today (ISO 8601, +08:00).

        In working days, from tomorrow on unless the regime counts the first (民法典 第二百零一条、第二百零四条).
        Where the calendar is an estimate: for a period of the public the latest day, for a step's limit the earliest.
        """
        return reckoned(regime, calendar, name, clock.today()).isoformat()

    def limit(name: Any) -> Decimal:
        """The regime's number of this name, in its own unit."""
        return _named(name, regime.thresholds, "数值").value

    return {**_SAME_EVERYWHERE, "working_days": working_days, "deadline": deadline, "limit": limit}


def reckoned(regime: Regime, calendar: Counting, name: Any, begun_on: date, put_off: int = 0) -> datetime:
    """The last moment of this period or time limit, begun on that day; what `deadline` answers, for any day.

    It ends `put_off` working days later, where it stood still for so many.
    """
    period = _named(name, {**regime.limits, **regime.periods}, "期限")
    counted = _counted(calendar, begun_on, period.working_days + put_off, period.count_first)
    return _end(counted.latest if name in regime.periods else counted.earliest)


def _counted(calendar: Counting, start: date, days: int, count_first: bool) -> Counted:
    try:
        return calendar.nth_working_day(start, days, count_first)
    except Refused as refused:
        raise ExpressionFailed(refused.message, **refused.facts) from refused


def _end(day: date) -> datetime:
    """24:00 of that day, to the second before. SpiffWorkflow's timer fires once this moment is past."""
    return datetime.combine(day, time(23, 59, 59), clock.SHANGHAI)


def _named(name: Any, things: Mapping[str, _Named], what: str) -> _Named:
    if not isinstance(name, str):
        raise ExpressionFailed(f"{what}的名称应为文字，不能用{values.kind(name)}；请加上引号")
    if name not in things:
        raise ExpressionFailed(f"规则中没有名为“{name[:40]}”的{what}；可用的有 {'、'.join(things) or '（无）'}")
    return things[name]


def _members(word: str, series: Any) -> list[Any]:
    if not isinstance(series, list | tuple | dict):
        raise ExpressionFailed(f"{word} 要用列表或对照表，不能用{values.kind(series)}；请核对数据")
    values.Budget().spend(series)
    return list(series.values() if isinstance(series, dict) else series)


def _identities(word: str, whole: Any) -> list[tuple[str, Any]]:
    """The members with their kinds, so that 1 and True differ, to be looked up without comparing each with each."""
    if isinstance(whole, dict):
        raise ExpressionFailed(f"{word} 要用列表，不能用对照表；请核对数据")
    members = _members(word, whole)
    if any(isinstance(member, list | tuple | dict) for member in members):
        raise ExpressionFailed(f"{word} 的列表里只能是文字和数字；请核对数据")
    return [(values.kind(member), member) for member in members]


def _numbers(members: Iterable[Any]) -> list[Number]:
    return [values.number(member) for member in members if member is not UNKNOWN]


def _chosen(word: str, choose: Callable[[list[Number]], Number], series: Any) -> Number | Unknown:
    members = _members(word, series)
    known = _numbers(members)
    return choose(known) if known and len(known) == len(members) else UNKNOWN


def _steadily(word: str, goes_on: Callable[[Number, Number], bool], series: Any) -> Truth:
    members = _members(word, series)
    gap = False
    if isinstance(series, dict):
        years = _years(word, series)
        members = [series[year] for year in years]
        gap = bool(years) and int(years[-1]) - int(years[0]) + 1 != len(years)
    known = _numbers(members)
    if not all(goes_on(before, after) for before, after in pairwise(known)):
        return False  # also across an unknown member: what lies between cannot mend it
    return UNKNOWN if gap or len(known) < max(2, len(members)) else True


def _years(word: str, series: Mapping[Any, Any]) -> list[str]:
    for key in series:
        if not isinstance(key, str) or len(key) != 4 or not key.isascii() or not key.isdigit():
            raise ExpressionFailed(f"{word} 的对照表应以四位年份为键，如 2024；请核对数据")
    return sorted(series)
