"""The working-day calendar: layers that say of each day whether it is worked, and the counting of 工作日 on them."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.metadata import version
from itertools import islice
from typing import Protocol

from chinese_calendar import Holiday, get_solar_terms, holidays, workdays

from config.sentences import said
from engine.errors import Refused

LONGEST = 1000  # working days that one period may have, some four years
DAY = timedelta(days=1)
_LAST_DAYS = 12, 28  # month and day from which on the next year's notice may still say otherwise

_FEASTS = {feast.value: feast.chinese + ("" if feast.chinese[-1] in "节旦日" else "节") for feast in Holiday}
_ANNOUNCED = f"chinesecalendar {version('chinesecalendar')}"
FIRST_YEAR, _LAST_YEAR = min(holidays).year, max(holidays).year
_NUMBERS = {  # 文号 of the notice for the year
    2020: "国办发明电〔2019〕16号、〔2020〕1号",  # the second made 春节 longer
    2021: "国办发明电〔2020〕27号",
    2022: "国办发明电〔2021〕11号",
    2023: "国办发明电〔2022〕16号",
    2024: "国办发明电〔2023〕7号",
    2025: "国办发明电〔2024〕12号",
    2026: "国办发明电〔2025〕7号",
}

# 春节 (正月初一), 端午 and 中秋 of the years that may have to be estimated, as year, MMDD, MMDD, MMDD.
_LUNAR = """
    2021 0212 0614 0921  2022 0201 0603 0910  2023 0122 0622 0929  2024 0210 0610 0917
    2025 0129 0531 1006  2026 0217 0619 0925  2027 0206 0609 0915  2028 0126 0528 1003
    2029 0213 0616 0922  2030 0203 0605 0912  2031 0123 0624 1001  2032 0211 0612 0919
    2033 0131 0601 0908  2034 0219 0620 0927  2035 0208 0610 0916  2036 0128 0530 1004
    2037 0215 0618 0924  2038 0204 0607 0913  2039 0124 0527 1002  2040 0212 0614 0920
    2041 0201 0603 0910  2042 0122 0622 0928  2043 0210 0611 0917  2044 0130 0531 1005
    2045 0217 0619 0925  2046 0206 0608 0915  2047 0126 0529 1004  2048 0214 0615 0922
    2049 0202 0604 0911  2050 0123 0623 0930  2051 0211 0613 0919  2052 0201 0601 0907
    2053 0219 0620 0926  2054 0208 0610 0916  2055 0128 0530 1005  2056 0215 0617 0924
    2057 0204 0606 0913  2058 0124 0625 1002  2059 0212 0614 0921  2060 0202 0603 0909
""".split()  # noqa: SIM905 — a table is checked by eye, a list of 160 literals is not


@dataclass(frozen=True)
class Day:
    """Whether a civil date in Asia/Shanghai is a working day (工作日), and who says so."""

    date: dt.date
    working: bool  # make-up days (调休) are, weekends and statutory holidays are not
    official: bool  # False: no notice for it yet, an estimate
    source: str  # 文号, or what stands for it
    certain: bool = True  # False: the notice to come may well say the opposite
    why: str = ""  # what the source says of this very day: 国庆节放假


@dataclass(frozen=True)
class Counted:
    """The last day of a period in working days, and how it came about."""

    date: dt.date  # by the estimate, where there is no notice
    earliest: dt.date  # before it the period cannot end, whatever the notices to come say
    latest: dt.date  # by then it has ended
    provisional: bool  # a day without a notice was counted or passed over
    days: tuple[Day, ...]  # every day walked over until `date`, holidays too


class Layer(Protocol):
    """One authority on days. It answers None for those it knows nothing final of."""

    revision: str  # changes whenever an answer of the layer does

    def day(self, on: date) -> Day | None: ...


class Counting(Protocol):
    """Whatever counts working days: a calendar, or one that follows another."""

    def nth_working_day(self, start: date, n: int, count_first: bool = False) -> Counted: ...


class Calendar:
    """Asks its layers in their order; the first to answer is right."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = tuple(layers)
        self.revision = "；".join(layer.revision for layer in self._layers)  # stands with every date worked out

    def day(self, on: date) -> Day:
        """What is known of this date. Raises Refused for a date that no layer reaches."""
        if isinstance(on, dt.datetime):
            raise TypeError("a moment has no working day until it is converted to a date in Asia/Shanghai")
        for layer in self._layers:
            if answer := layer.day(on):
                return answer
        raise Refused(
            said(
                "工作日历不含 %(day)s；可用的日期为 %(first)s 年至 %(last)s 年",
                day=on,
                first=FIRST_YEAR,
                last=max(_lunar()),
            ),
            date=on.isoformat(),
        )

    def is_working(self, on: date) -> bool:
        """Is this a 工作日, by a notice or by the estimate? Raises Refused as `day` does."""
        return self.day(on).working

    def previous_working_day(self, on: date) -> date:
        """The last working day before this date. Raises Refused as `day` does."""
        on -= DAY
        while not self.is_working(on):
            on -= DAY
        return on

    def working_days(self, after: date, until: date) -> int:
        """How many working days lie after one date, up to and with another. Raises Refused as `day` does."""
        days = (until - after).days
        return sum(self.is_working(after + number * DAY) for number in range(1, days + 1))

    def nth_working_day(self, start: date, n: int, count_first: bool = False) -> Counted:
        """The n-th working day after `start`; with `count_first`, `start` is the first where it is worked.

        The period ends at 24:00 of that day. The day of the event is not counted (民法典 第二百零一条) unless a
        rule says otherwise (第二百零四条). A period cannot end on a holiday (第二百零三条): holidays are never counted.
        Raises Refused for n outside 1..LONGEST and for a period that leaves the calendar.
        """
        if not 1 <= n <= LONGEST:
            raise Refused(
                said("工作日数应为 1 至 %(most)s 的整数，现为 %(given)s", most=LONGEST, given=n), working_days=n
            )
        on = start if count_first else start + DAY
        days, surely = [], 0
        while surely < n:
            days.append(self.day(on))
            surely += days[-1].working and days[-1].certain
            on += DAY
        earliest = _nth(days, n, lambda day: day.working or not day.certain)
        likely = _nth(days, n, lambda day: day.working)
        walked = tuple(days[: likely + 1])
        return Counted(
            date=days[likely].date,
            earliest=days[earliest].date,
            latest=days[-1].date,
            provisional=not all(day.official for day in walked),
            days=walked,
        )


class Announced:
    """The State Council's yearly notices (国务院办公厅关于部分节假日安排的通知) as chinesecalendar has them, 2004 on.

    `until` is the last year whose notice counts as known. The last days of that December are left open: the next
    year's notice has put make-up days there (2006-12-30, 2006-12-31, 2011-12-31, 2018-12-29) and days off
    (2018-12-31). One such day is missing in the library, 2005-12-31.
    """

    def __init__(self, until: int = _LAST_YEAR) -> None:
        self._open_from = date(min(until, _LAST_YEAR), *_LAST_DAYS)
        self.revision = f"{_ANNOUNCED}，至 {self._open_from.year} 年"

    def day(self, on: date) -> Day | None:
        if on.year < FIRST_YEAR or on >= self._open_from:
            return None
        return announced(on)


class Imported:
    """Holiday notices that a bureau imported. Each answers for its year and for what it says of the December before.

    The last days of the newest year's December are left open, as `Announced` leaves them.
    """

    def __init__(self, notices: Mapping[int, "Notice"]) -> None:
        self._notices = notices
        self.revision = "、".join(
            f"{notices[year].number}（{year} 年，导入 {notices[year].id}）" for year in sorted(notices)
        )

    def day(self, on: date) -> Day | None:
        own, later = self._notices.get(on.year), self._notices.get(on.year + 1)
        for notice in (later, own):
            if notice and on in notice.days:
                name, working = notice.days[on]
                return Day(on, working, True, notice.number, why=_feast(name, working))
        last_days = (on.month, on.day) >= _LAST_DAYS
        if own and (later or not last_days or on.year < _LAST_YEAR):
            return Day(on, _is_weekday(on), True, own.number)
        if later and last_days and FIRST_YEAR <= on.year <= _LAST_YEAR:
            return announced(on)  # the later notice leaves it as the library has it
        return None


@dataclass(frozen=True)
class Notice:
    """放假通知: what it says of single days; all others follow the week."""

    id: int
    number: str
    days: Mapping[date, tuple[str, bool]]  # the holiday, and whether the day is worked


class Decided:
    """本局调整: days that one bureau works or not, whatever the notices say."""

    def __init__(self, days: Mapping[date, Day], revision: str) -> None:
        self._days = days
        self.revision = revision

    def day(self, on: date) -> Day | None:
        return self._days.get(on)


class Estimate:
    """What the next notices will probably say, and which days they can change. Up to 2060.

    Statutory days (全国年节及纪念日放假办法, as revised for 2025) are off for certain; other days follow the week
    except where a notice usually moves them. Likely, by the principles printed in the notice for 2025
    (国办发明电〔2024〕12号): 春节 eight days from 除夕; 国庆节 seven from 1 October, eight with 中秋节 among them;
    劳动节 five; the other four join the weekend into three days, with a make-up day at the weekend's other end if
    they fall on a Tuesday or Thursday, and stand alone on a Wednesday. Make-up days of the long holidays are not
    guessed: their weekends count as free, which errs towards the later date.

    Uncertain: weekdays that may be given and weekends that may be worked, in windows around each holiday a little
    wider than everything the notices of 2008–2026 did. Nobody foresees a day given once (2015-09-03) or an epidemic
    (2020-01-31). Over 2022–2026 with each year's notice hidden, seven working days from every date: the truth is
    never outside the range, the estimate is right five times in six, and the range is 2.1 days wide on average.
    """

    revision = "估计 1"

    def day(self, on: date) -> Day | None:
        if on.year not in _lunar():
            return None
        plan = _plan(on.year)
        working = on in plan.made_up or (_is_weekday(on) and on not in plan.free and on not in plan.statutory)
        return Day(on, working, False, "估计（尚无放假通知）", on in plan.statutory or on not in plan.open)


def reason(day: Day) -> str:
    """Why the day is worked or not, in a word or two of Chinese."""
    if day.why:
        return day.why
    if day.working == _is_weekday(day.date):
        words = "工作日" if day.working else "周末"
    else:
        words = "预计调休上班" if day.working else "预计节假日放假"
    return words if day.certain else f"{words}（放假通知尚未公布）"


def announced(on: date) -> Day:
    """What the library says of a day of its years. Its own is_workday is right and a hundred times slower."""
    said_of = holidays.get(on) or workdays.get(on)
    number = _NUMBERS.get(on.year + (on.month == 12 and said_of is not None))  # December's were given with January's
    source = f"{number}（{_ANNOUNCED}）" if number else _ANNOUNCED
    if said_of is None:
        return Day(on, _is_weekday(on), True, source)
    return Day(on, on in workdays, True, source, why=_feast(_FEASTS.get(str(said_of), str(said_of)), on in workdays))


def statutory(year: int) -> frozenset[date]:
    """The statutory holidays of a year (全国年节及纪念日放假办法). Raises Refused outside what can be estimated."""
    if year not in _lunar():
        raise Refused(said("%(year)s 年的农历节日不在工作日历中", year=year), year=year)
    return frozenset(on for on in _plan(year).statutory if on.year == year)


@cache
def shipped() -> Calendar:
    """The calendar of an installation that has imported nothing."""
    return Calendar([Announced(), Estimate()])


@dataclass(frozen=True)
class _Plan:
    """A year as it will probably be."""

    statutory: frozenset[date]
    free: frozenset[date]  # weekdays that are probably given
    made_up: frozenset[date]  # weekends that are probably worked
    open: frozenset[date]  # what the notice may settle either way


@lru_cache(maxsize=64)
def _plan(year: int) -> _Plan:
    spring, dragon_boat, mid_autumn = _lunar()[year]
    terms = get_solar_terms(date(year, 4, 3), date(year, 4, 7))
    clear_bright: date = terms[0][0]  # 清明 falls on 4, 5 or 6 April and is the only one about then
    labour, national = date(year, 5, 1), date(year, 10, 1)
    together = 0 <= (mid_autumn - national).days <= 7  # 中秋 within 国庆: one day more
    more = 1 if year >= 2025 else 0  # 除夕 and 2 May have been statutory since 2025-01-01
    long = [  # holiday; offsets from it: statutory, probably free, weekdays it may free, weekends it may have worked
        (spring, range(-more, 3), range(-1, 7), range(-2, 9), [*range(-9, -1), *range(6, 15)]),
        (labour, range(1 + more), range(5), range(-2, 5), [*range(-9, -1), *range(4, 13)]),
        (national, range(3), range(7 + together), range(8), [*range(-12, 0), *range(5, 15)]),
    ]
    short = [date(year, 1, 1), clear_bright, dragon_boat, mid_autumn, date(year + 1, 1, 1)]

    statutory, free, made_up, open_ = set(short), set[date](), set[date](), set[date]()
    for holiday, off, usually, may_be_free, may_be_worked in long:
        statutory |= _around(holiday, off)
        free |= _around(holiday, usually)
        open_ |= {on for on in _around(holiday, may_be_free) if _is_weekday(on)}
        open_ |= {on for on in _around(holiday, may_be_worked) if not _is_weekday(on)}
    for holiday in short:
        bridge, worked = {1: (-1, -3), 3: (1, 3), 5: (2, 0), 6: (1, 0)}.get(holiday.weekday(), (0, 0))
        free |= _around(holiday, [bridge])
        made_up |= _around(holiday, [worked] if worked else [])
        open_ |= {on for on in _around(holiday, range(-2, 3)) if _is_weekday(on)}
        open_ |= {on for on in _around(holiday, [*range(-4, 0), *range(1, 6)]) if not _is_weekday(on)}
    # Where 国庆 is near, a weekend that 中秋 would have worked may lie within its days off.
    return _Plan(frozenset(statutory), frozenset(free), frozenset(made_up - free), frozenset(open_))


@cache
def _lunar() -> dict[int, tuple[date, date, date]]:
    found = {}
    for at in range(0, len(_LUNAR), 4):
        year, *days = _LUNAR[at : at + 4]
        spring, dragon_boat, mid_autumn = (date(int(year), int(day[:2]), int(day[2:])) for day in days)
        found[int(year)] = spring, dragon_boat, mid_autumn
    return found


def _feast(name: str, working: bool) -> str:
    return f"{name}调休上班" if working else f"{name}放假"


def _nth(days: Sequence[Day], n: int, counts: Callable[[Day], bool]) -> int:
    return next(islice((at for at, day in enumerate(days) if counts(day)), n - 1, None))


def _around(holiday: date, offsets: Iterable[int]) -> set[date]:
    return {holiday + timedelta(days=offset) for offset in offsets}


def _is_weekday(on: date) -> bool:
    return on.weekday() < 5  # Monday to Friday
