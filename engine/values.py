"""Values: what an expression may touch, and what comparing and computing mean there: exact, and never a guess."""

import ast
from collections.abc import Callable, Iterable, Mapping
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, InvalidOperation, Overflow
from enum import Enum
from typing import Any, Final, Literal, NoReturn, TypeAlias

from engine.errors import ExpressionFailed

DIGITS = 100  # significant digits of a number; its size stays below 10 ** 18
MEMBERS = 1000  # of one list or map that is searched, compared or handed to a word
WORK = 20_000  # members looked at in one evaluation
DEPTH = 20  # lists within lists that are compared

_LIMIT = 10**18
_EXACT = Context(DIGITS, Emin=-DIGITS, Emax=17, traps=[Inexact, Overflow, InvalidOperation])
_QUOTIENT = Context(28, Emin=-DIGITS, Emax=17, traps=[Overflow, InvalidOperation, DivisionByZero])


class Unknown(Enum):
    """A fact that is missing: neither true nor false, and so is what depends on it."""

    UNKNOWN = "unknown"

    def __bool__(self) -> NoReturn:
        raise TypeError("UNKNOWN is neither true nor false; ask `is UNKNOWN`")


UNKNOWN: Final = Unknown.UNKNOWN
Truth: TypeAlias = bool | Literal[Unknown.UNKNOWN]

_KINDS: Final[Mapping[type, str]] = {
    int: "数字",
    Decimal: "数字",
    str: "文字",
    bool: "是否值",
    type(None): "空值",
    list: "列表",
    tuple: "列表",
    dict: "对照表",
    Unknown: "未知值",
}
_CONTAINERS = (list, tuple, dict)


class Budget:
    """What one evaluation may still look at."""

    __slots__ = ("work",)

    def __init__(self) -> None:
        self.work = WORK

    def spend(self, *values: Any) -> None:
        """Pay for looking at every member of those values that have members. Raises ExpressionFailed."""
        for value in values:
            if type(value) in _CONTAINERS:
                self.work -= len(value)
                if len(value) > MEMBERS or self.work < 0:
                    raise ExpressionFailed(f"列表太长（每个至多 {MEMBERS} 项，一次共 {WORK} 项）；请先汇总再比较")


def kind(value: object) -> str:
    """What the office calls this value: 数字, 文字 … Raises ExpressionFailed for what no expression may touch."""
    if type(value) in _KINDS:
        return _KINDS[type(value)]
    if type(value) is float:
        # Not converted: 60.1 as somebody wrote it and 60.1 after a computation differ in the last bit, and a
        # threshold would be met or missed by it. Whoever wrote the data must write Decimals.
        raise ExpressionFailed("有一项数据是二进制小数，不精确；请按十进制（Decimal）写入数据")
    raise ExpressionFailed(f"有一项数据不是表达式可用的（{type(value).__name__}）；请写成文字或数字")


def let_in(value: Any) -> Any:
    """The value itself, if its kind is one of ours. Raises ExpressionFailed."""
    kind(value)
    return value


def number(value: object) -> int | Decimal:
    """The value, if it is an exact number within the bounds; a bool is none. Raises ExpressionFailed."""
    if kind(value) != "数字":
        raise ExpressionFailed(f"这里要用数字，不能用{kind(value)}；请核对数据或改写表达式")
    if isinstance(value, int) and -_LIMIT < value < _LIMIT:
        return value
    if isinstance(value, Decimal) and value.is_finite():
        try:
            return _EXACT.plus(value)
        except DecimalException:
            pass
    raise ExpressionFailed(f"数字超出范围；绝对值须小于 10 的 18 次方，有效数字不超过 {DIGITS} 位")


def truth(value: Any) -> Truth:
    """The value, if it is True, False or UNKNOWN. Raises ExpressionFailed: nothing else is taken for a yes."""
    if value is UNKNOWN or isinstance(value, bool):
        return value
    raise ExpressionFailed(f'and、or、not 和 if 要用是否值，不能用{kind(value)}；请写成比较，如 x == "yes"')


def negated(answer: Truth) -> Truth:
    """Kleene's not."""
    return UNKNOWN if answer is UNKNOWN else not answer


def every(answers: Iterable[Truth]) -> Truth:
    """Kleene's and: one False decides, whatever is unknown."""
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is UNKNOWN
    return UNKNOWN if unknown else True


def some(answers: Iterable[Truth]) -> Truth:
    """Kleene's or: one True decides, whatever is unknown."""
    return negated(every(negated(answer) for answer in answers))


def computed(operator: type[ast.operator], left: Any, right: Any) -> Any:
    """The sum, difference, product or quotient. Raises ExpressionFailed for what is no number or grows too large.

    Whole numbers stay whole (a loop's cardinality is one), except in a quotient. Nothing but a quotient is rounded.
    """
    if _missing(left, right):
        return UNKNOWN
    left, right = number(left), number(right)
    plain, exact = ARITHMETIC[operator]
    try:
        return number(plain(left, right) if type(left) is type(right) is int else exact(left, right))
    except DecimalException as error:
        wrong = "不能除以零" if isinstance(error, DivisionByZero | InvalidOperation) else "结果太大或位数太多"
        raise ExpressionFailed(f"{wrong}；请核对数据") from error


ARITHMETIC: Final[Mapping[type[ast.operator], tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]]] = {
    ast.Add: (int.__add__, _EXACT.add),
    ast.Sub: (int.__sub__, _EXACT.subtract),
    ast.Mult: (int.__mul__, _EXACT.multiply),
    ast.Div: (_QUOTIENT.divide, _QUOTIENT.divide),
}


def compared(budget: Budget, operator: type[ast.cmpop], left: Any, right: Any) -> Truth:
    """Whether the two stand so to each other. Raises ExpressionFailed where their order means nothing."""
    if _missing(left, right):
        return UNKNOWN
    return COMPARISONS[operator](budget, left, right)


def _missing(*operands: Any) -> bool:
    return any(operand is UNKNOWN for operand in operands)


def _equal(budget: Budget, left: Any, right: Any, depth: int = 0) -> Truth:
    if _missing(left, right):
        return UNKNOWN
    if kind(left) != kind(right):
        return False
    if type(left) in _CONTAINERS:
        return _members_equal(budget, left, right, depth + 1)
    return bool(number(left) == number(right)) if kind(left) == "数字" else bool(left == right)


def _members_equal(budget: Budget, left: Any, right: Any, depth: int) -> Truth:
    if depth > DEPTH:
        raise ExpressionFailed(f"数据嵌套超过 {DEPTH} 层，不能比较；请取出要比较的一项")
    budget.spend(left, right)
    if len(left) != len(right):
        return False
    if type(left) is not dict:
        return every(_equal(budget, *pair, depth) for pair in zip(left, right, strict=True))
    return every(key in right and _equal(budget, left[key], right[key], depth) for key in left)


def _contains(budget: Budget, member: Any, whole: Any) -> Truth:
    if type(whole) not in _CONTAINERS:
        raise ExpressionFailed(f'in 的右边应为列表，不能用{kind(whole)}；请写成 ("甲", "乙")')
    budget.spend(whole)
    return some(_equal(budget, member, other) for other in whole)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Budget, Any, Any], Truth]:
    def answer(_budget: Budget, left: Any, right: Any) -> Truth:
        if type(left) is type(right) is str:  # by code point: ISO dates come in their order
            return compare(left, right)
        if kind(left) != "数字" or kind(right) != "数字":
            raise ExpressionFailed(f"{kind(left)}和{kind(right)}不能比大小；请让两边都是数字或都是文字")
        return compare(number(left), number(right))

    return answer


COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[Budget, Any, Any], Truth]]] = {
    ast.Eq: _equal,
    ast.NotEq: lambda budget, left, right: negated(_equal(budget, left, right)),
    ast.Lt: _ordered(lambda left, right: left < right),
    ast.LtE: _ordered(lambda left, right: left <= right),
    ast.Gt: _ordered(lambda left, right: left > right),
    ast.GtE: _ordered(lambda left, right: left >= right),
    ast.In: _contains,
    ast.NotIn: lambda budget, left, right: negated(_contains(budget, left, right)),
}
