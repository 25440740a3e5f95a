"""The words of expressions answer with the law's days and the regime's numbers, and refuse in Chinese."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from config.regime import Period, Regime, Threshold
from engine import calendar, expressions, vocabulary
from engine.errors import ExpressionFailed
from engine.values import MEMBERS, UNKNOWN
from tests.clock import StandingClock

REGIME = cast(
    Regime,
    SimpleNamespace(
        thresholds={"area": Threshold(Decimal("100.50"), "平方公里", "第一条", advisory=False)},
        limits={"first_review": Period(10, False, None)},
        periods={"publicity": Period(7, False, "第二条"), "publicity_from_today": Period(7, True, "第三条")},
    ),
)
WORDS = vocabulary.words(REGIME, calendar.shipped())


def say(text: str, **names: Any) -> Any:
    """What the expression answers, by the real evaluator."""
    return expressions.evaluate(text, names, WORDS)


def test_every_word_is_there_and_no_other() -> None:
    assert set(WORDS) == vocabulary.WORDS
    in_order = "count deadline falls highest length limit lowest rises today total without working_days"
    assert " ".join(sorted(vocabulary.WORDS)) == in_order


# ---- days ----


def test_today_is_shanghais(clock: StandingClock) -> None:
    clock.move_to("2025-09-25T16:30:00+00:00")  # half past midnight on the 26th in Shanghai
    assert say("today()") == "2025-09-26"


def test_working_days_end_at_the_end_of_the_last(clock: StandingClock) -> None:
    """28 September and 11 October 2025 are worked, 1–8 October are not; today is not counted."""
    clock.move_to("2025-09-26 15:00")
    assert say("working_days(7)") == "2025-10-13T23:59:59+08:00"
    clock.move_to("2025-09-26 00:00")
    assert say("working_days(7)") == "2025-10-13T23:59:59+08:00"


def test_a_timer_on_that_text_fires_with_the_next_day_and_not_before(clock: StandingClock) -> None:
    """SpiffWorkflow's timer is due as soon as its moment is smaller than now."""
    clock.move_to("2025-09-26 15:00")
    ends = datetime.fromisoformat(say("working_days(7)"))
    midnight = datetime.fromisoformat("2025-10-14T00:00:00+08:00")
    assert ends < midnight
    assert not ends < midnight - timedelta(seconds=1)


def test_a_deadline_is_the_regimes(clock: StandingClock) -> None:
    clock.move_to("2025-09-26 15:00")
    assert say('deadline("publicity")') == "2025-10-13T23:59:59+08:00"
    assert say('deadline("publicity_from_today")') == "2025-10-11T23:59:59+08:00"
    assert say('deadline("first_review")') == "2025-10-16T23:59:59+08:00"  # three more: 14 15 16


def test_on_an_estimate_the_public_gets_the_late_day_and_a_step_the_early_one(clock: StandingClock) -> None:
    """From 25 December 2026: seven working days end between 4 and 8 January 2027, ten between 7 and 13 January."""
    clock.move_to("2026-12-25 09:00")
    assert say('deadline("publicity")') == "2027-01-08T23:59:59+08:00"
    assert say("working_days(7)") == "2027-01-08T23:59:59+08:00"
    # 28 29 30 31 December, 2 and 3 January if worked, 4 5 6 7.
    assert say('deadline("first_review")') == "2027-01-07T23:59:59+08:00"


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("working_days(0)", "1 至 1000"),
        ("working_days(-3)", "1 至 1000"),
        ("working_days(1001)", "1 至 1000"),
        ("working_days(2.5)", "整数"),
        ('working_days("7")', "这里要用数字"),
        ("working_days(True)", "这里要用数字"),
        ("working_days()", r"working_days\(n\)"),
        ("working_days(1, 2)", r"working_days\(n\)"),
        ('deadline("survey")', "survey.*first_review"),
        ("deadline(7)", "加上引号"),
        ('limit("areas")', "areas.*area"),
        ("limit([1])", "加上引号"),
        ("today(1)", r"today\(\)"),
    ],
)
def test_a_word_that_is_misused_says_what_it_wants(text: str, way_out: str, clock: StandingClock) -> None:
    with pytest.raises(ExpressionFailed, match=way_out):
        say(text)


def test_whole_decimals_are_whole_days(clock: StandingClock) -> None:
    clock.move_to("2025-09-26 15:00")
    assert say("working_days(n)", n=Decimal("7.0")) == "2025-10-13T23:59:59+08:00"


def test_a_limit_is_the_exact_number() -> None:
    assert say('limit("area")') == Decimal("100.50")
    assert say('x <= limit("area")', x=Decimal("100.50")) is True
    assert say('x <= limit("area")', x=Decimal("100.51")) is False


# ---- lists ----


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('without(["c", "a", "b"], ["a", "x"])', ["c", "b"]),
        ('without(["a"], None)', ["a"]),  # nothing was chosen on the form
        ('without(["a", "a"], [])', ["a", "a"]),
        ("without([], [1])", []),
        ("without([1, 2, True], [1.0])", [2, True]),  # True is not 1
        ('without(["a", u], ["a"])', UNKNOWN),
        ('without(["a"], [u])', UNKNOWN),
    ],
)
def test_what_was_chosen_is_taken_from_the_list(text: str, answer: Any) -> None:
    assert say(text, u=UNKNOWN) == answer


# ---- numbers ----

YEARS = {"2022": Decimal("0.91"), "2023": Decimal("0.88"), "2024": Decimal("0.80")}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("lowest([3, 1.5, 2])", Decimal("1.5")),
        ("highest([3, 1.5, 2])", 3),
        ("total([0.1, 0.2, 3])", Decimal("3.3")),  # 0.30000000000000004 in binary
        ("total([])", 0),
        ("lowest([])", UNKNOWN),
        ("highest({})", UNKNOWN),
        ("lowest(years)", Decimal("0.80")),
        ("highest(years)", Decimal("0.91")),
        ("total(years)", Decimal("2.59")),
        ("length([1, 2, 3])", 3),
        ("length(years)", 3),
        ('length("清远市")', 3),
        ("count([1 < 2, 2 < 1, True])", 2),
        ("count([])", 0),
    ],
)
def test_lists_and_maps_are_summed_up(text: str, answer: Any) -> None:
    assert say(text, years=YEARS) == answer


@pytest.mark.parametrize(
    ("series", "falling", "rising"),
    [
        ([3, 2, 1], True, False),
        ([1, 2, 3], False, True),
        ([3, 3, 1], False, False),  # 逐年下降: the same is not below
        ([3, Decimal("2.99"), Decimal("2.98")], True, False),
        ([2, 1, 3], False, False),
        (YEARS, True, False),
        (dict(reversed(YEARS.items())), True, False),  # the order of the years, not of the file
        ([], UNKNOWN, UNKNOWN),
        ([5], UNKNOWN, UNKNOWN),  # one year is no trend
        ({"2022": 5, "2024": 3}, UNKNOWN, False),  # 2023 is missing, yet it cannot have risen throughout
        ({"2022": 3, "2024": 3}, False, False),
    ],
)
def test_a_series_falls_or_rises_strictly(series: Any, falling: Any, rising: Any) -> None:
    assert say("falls(x)", x=series) is falling
    assert say("rises(x)", x=series) is rising


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("lowest([1, u])", UNKNOWN),
        ("highest([1, u])", UNKNOWN),
        ("total([1, u])", UNKNOWN),
        ("count([True, u])", UNKNOWN),
        ("length([1, u])", 2),  # that it is unknown does not make it go away
        ("falls([3, 2, u])", UNKNOWN),
        ("falls([u, 3, 2])", UNKNOWN),
        ("falls([2, 3, u])", False),  # has risen already
        ("falls([2, u, 3])", False),  # nothing between 2 and 3 lets it fall throughout
        ("falls([3, u, 2])", UNKNOWN),
        ("rises([3, u, 2])", False),
        ("falls(u)", UNKNOWN),
        ("lowest(u)", UNKNOWN),
        ("working_days(u)", UNKNOWN),
        ('lowest({"2023": 4, "2024": u}) >= 3', UNKNOWN),
    ],
)
def test_a_missing_fact_makes_unknown_what_depends_on_it(text: str, answer: Any) -> None:
    result = say(text, u=UNKNOWN)
    assert result is answer if answer is UNKNOWN or isinstance(answer, bool) else result == answer


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ('lowest("123")', "列表或对照表"),
        ("lowest(3)", "列表或对照表"),
        ('lowest(["3"])', "这里要用数字"),
        ("total([True])", "这里要用数字"),
        ("total([None])", "这里要用数字"),
        ("total([big, big])", "数字超出范围"),
        ("count([1, 2])", "是否值"),
        ("length(3)", "length 要用"),
        ('falls({"a": 1, "b": 2})', "四位年份"),
        ('falls({"２０２４": 1})', "四位年份"),
        ("falls([1, None])", "这里要用数字"),
        ("falls([2, 1, None])", "这里要用数字"),
        ("lowest(f)", "二进制小数"),
        ("without(1, [1])", "列表或对照表"),
        ('without({"a": 1}, [1])', "要用列表"),
        ("without([1], [[1]])", "只能是文字和数字"),
        ("without([1], f)", "二进制小数"),
        ("without([1], long)", "列表太长"),
        ("lowest(long)", "列表太长"),
        ("length(long)", "列表太长"),
    ],
)
def test_what_cannot_be_summed_up_is_refused(text: str, way_out: str) -> None:
    with pytest.raises(ExpressionFailed, match=way_out):
        say(text, big=10**18 - 1, f=[0.5], long=[1] * (MEMBERS + 1))


@pytest.mark.parametrize("word", [vocabulary.lowest, vocabulary.total, vocabulary.count, vocabulary.falls])
def test_a_word_bounds_what_it_looks_at_by_itself(word: Callable[..., Any]) -> None:
    with pytest.raises(ExpressionFailed, match="列表太长"):
        word([1] * (MEMBERS + 1))


def test_no_word_changes_what_it_is_given() -> None:
    given = [Decimal(3), Decimal(1), Decimal(2)]
    for word in ("lowest", "highest", "total", "falls", "rises", "length"):
        say(f"{word}(x)", x=given)
    assert given == [3, 1, 2]
