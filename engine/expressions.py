"""Expressions: what a diagram or a table may compute. Python's grammar reads them, Python itself never runs them."""

import ast
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Final, NoReturn, TypeAlias

from engine import values
from engine.errors import ExpressionFailed, ExpressionInvalid
from engine.symbols import LENGTH, refuse, scan
from engine.values import UNKNOWN, Truth, Unknown

__all__ = ["UNKNOWN", "Unknown", "asked", "check", "evaluate"]


def check(text: str, *, names: Collection[str] | None = None, words: Collection[str]) -> set[str]:
    """The names of data that this expression uses, once it is known to be allowed.

    Allowed: names, numbers, texts, True, False, None, comparisons, and/or/not, in, + - * / on numbers, x["a"],
    x[0], lists, maps with text keys, `a if b else c`, calls of `words`. `names`, where given, are the data there are.
    Raises ExpressionInvalid with `column`, and `syntax=True` where the text is no expression by itself (`>= 5`).
    """
    read = _allowed(text)
    for name, column in read.names.items():
        if name in words:
            refuse(f"{name} 是词汇，要写成 {name}(…)", column)
        if names is not None and name not in names:
            refuse(f"没有名为 {name} 的数据；可用的有 {_listed(names)}", column)
    for name, column in read.calls.items():
        if name not in words:
            refuse(f"没有名为 {name} 的词汇；可用的有 {_listed(words)}", column)
    return set(read.names)


def asked(text: str) -> set[tuple[str, str]]:
    """Word and text of every call with one constant text, like deadline("publicity"). Raises ExpressionInvalid."""
    return set(_allowed(text).asked)


def evaluate(text: str, names: Mapping[str, Any], words: Mapping[str, Callable[..., Any]]) -> Any:
    """What the expression says of these data: an int, Decimal, text, bool, None, list, map or UNKNOWN.

    Numbers are exact; only a quotient is rounded, half-even to 28 digits. Different kinds are never equal
    (a bool is no number), and comparing their order fails rather than being False. What depends on UNKNOWN is
    UNKNOWN; and, or, not follow Kleene. Raises ExpressionFailed, and ExpressionInvalid for a text `check` refuses.
    """
    step = _allowed(text).step
    try:
        return step(_Run(names, words))
    except ExpressionFailed as failed:
        shown = text if len(text) <= 80 else text[:79] + "…"
        raise ExpressionFailed(f"表达式 {shown} 无法计算：{failed.message}", **failed.facts) from failed


class _Run(values.Budget):
    """One evaluation: what it sees, and what it may still spend."""

    __slots__ = ("names", "words")

    def __init__(self, names: Mapping[str, Any], words: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__()
        self.names, self.words = names, words


_Step: TypeAlias = Callable[[_Run], Any]


@dataclass(frozen=True)
class _Read:
    """An expression that was read: its steps, or why it was refused. Both are remembered."""

    step: _Step = lambda _: None
    names: Mapping[str, int] = field(default_factory=dict)  # name → column where it first stands
    calls: Mapping[str, int] = field(default_factory=dict)
    asked: Collection[tuple[str, str]] = ()
    refused: tuple[str, dict[str, Any]] | None = None  # message and facts


def _allowed(text: str) -> _Read:
    if not isinstance(text, str) or len(text) > LENGTH:  # before the text becomes a key of the cache
        refuse(f"表达式应为不超过 {LENGTH} 个字符的文字；请拆成几步，或改用决策表", 1)
    read = _read(text)
    if read.refused:
        message, facts = read.refused
        raise ExpressionInvalid(message, **facts)
    return read


@lru_cache(maxsize=1024)
def _read(text: str) -> _Read:
    try:
        scan(text)
        line = text.translate({ord(space): " " for space in "\t\r\n"})
        lead = len(line) - len(line.lstrip(" "))
        reader = _Reader(line[lead:], lead)
        return _Read(reader.step(reader.tree), reader.names, reader.calls, reader.asked)
    except ExpressionInvalid as refused:
        return _Read(refused=(refused.message, refused.facts))


class _Reader:
    """Makes steps of a syntax tree. A construct without an entry in `_CONSTRUCTS` is refused."""

    def __init__(self, source: str, lead: int) -> None:
        try:
            self.tree = ast.parse(source, mode="eval").body
        except SyntaxError as error:
            wrong = "这不是一个完整的表达式；请检查括号、逗号和运算符的两边" if source else "表达式是空的；请填写"
            refuse(wrong, lead + max(error.offset or 1, 1), syntax=True)
        self.source = source.encode()  # ast counts columns in UTF-8 bytes
        self.lead = lead  # spaces cut off in front
        self.names: dict[str, int] = {}
        self.calls: dict[str, int] = {}
        self.asked: set[tuple[str, str]] = set()

    def step(self, node: ast.expr) -> _Step:
        make = self._CONSTRUCTS.get(type(node))
        if make is None:
            self._refuse(node, f"不能用{_FOREIGN.get(type(node), f'这种写法（{type(node).__name__}）')}")
        return make(self, node)

    def _column(self, node: ast.expr) -> int:
        return self.lead + len(self.source[: node.col_offset].decode()) + 1

    def _refuse(self, node: ast.expr, message: str) -> NoReturn:
        refuse(message, self._column(node))

    def _constant(self, node: ast.Constant) -> _Step:
        value: Any = node.value
        if type(value) in {int, float}:
            written = self.source[node.col_offset : node.end_col_offset].decode()  # 60.1, not the float nearest to it
            try:
                value = values.number(Decimal(written) if "." in written else int(written))
            except ExpressionFailed as failed:
                self._refuse(node, failed.message)
        return lambda _: value

    def _name(self, node: ast.Name) -> _Step:
        name = node.id
        self.names.setdefault(name, self._column(node))

        def look_up(run: _Run) -> Any:
            try:
                return values.let_in(run.names[name])
            except KeyError:
                raise ExpressionFailed(f"没有名为 {name} 的数据；请检查名称，或在此之前填写它", name=name) from None

        return look_up

    def _bool_op(self, node: ast.BoolOp) -> _Step:
        steps = [self.step(operand) for operand in node.values]
        combine = values.every if isinstance(node.op, ast.And) else values.some
        return lambda run: combine(values.truth(step(run)) for step in steps)

    def _unary_op(self, node: ast.UnaryOp) -> _Step:
        step = self.step(node.operand)
        if isinstance(node.op, ast.Not):
            return lambda run: values.negated(values.truth(step(run)))
        if not isinstance(node.op, ast.USub):
            self._refuse(node, "不必写正号，请删去")
        return lambda run: values.computed(ast.Sub, 0, step(run))

    def _bin_op(self, node: ast.BinOp) -> _Step:
        operator, left, right = type(node.op), self.step(node.left), self.step(node.right)
        if operator not in values.ARITHMETIC:
            self._refuse(node, "只能用 + - * / 计算")
        return lambda run: values.computed(operator, left(run), right(run))

    def _compare(self, node: ast.Compare) -> _Step:
        first, rest = self.step(node.left), []
        for op, right in zip(node.ops, node.comparators, strict=True):
            if type(op) not in values.COMPARISONS:
                self._refuse(node, "只能用 == != < <= > >= in 和 not in 比较")
            if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.Constant):
                self._refuse(right, 'in 的右边应为列表；只有一项时也要写逗号，如 ("county",)')
            rest.append((type(op), self.step(right)))

        def pairs(run: _Run) -> Iterable[Truth]:
            left = first(run)
            for operator, step in rest:
                right = step(run)
                yield values.compared(run, operator, left, right)
                left = right

        return lambda run: values.every(pairs(run))

    def _if_exp(self, node: ast.IfExp) -> _Step:
        test, then, otherwise = self.step(node.test), self.step(node.body), self.step(node.orelse)

        def choose(run: _Run) -> Any:
            answer = values.truth(test(run))
            return UNKNOWN if answer is UNKNOWN else then(run) if answer else otherwise(run)

        return choose

    def _call(self, node: ast.Call) -> _Step:
        if not isinstance(node.func, ast.Name) or node.keywords:
            self._refuse(node, '只能调用词汇，参数不带名称，如 limit("area")')
        name = node.func.id
        self.calls.setdefault(name, self._column(node))
        steps = [self.step(argument) for argument in node.args]
        if len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            self.asked.add((name, node.args[0].value))

        def call(run: _Run) -> Any:
            word = run.words.get(name)
            if word is None:
                raise ExpressionFailed(f"没有名为 {name} 的词汇；可用的有 {_listed(run.words)}", name=name)
            arguments = [step(run) for step in steps]
            if any(argument is UNKNOWN for argument in arguments):
                return UNKNOWN
            run.spend(*arguments)
            try:
                return values.let_in(word(*arguments))
            except TypeError as error:
                if _takes(word, len(arguments)):
                    raise
                raise ExpressionFailed(f"{name} 的参数个数不对；请写成 {name}{_parameters(word)}") from error

        return call

    def _subscript(self, node: ast.Subscript) -> _Step:
        whole, at = self.step(node.value), self._key(node.slice)
        sorts = (dict,) if isinstance(at, str) else (list, tuple)

        def pick(run: _Run) -> Any:
            value = whole(run)
            if value is UNKNOWN:
                return UNKNOWN
            if type(value) not in sorts:
                raise ExpressionFailed(f"不能从{values.kind(value)}里取 [{at!r}]；列表用整数，对照表用文字")
            try:
                return values.let_in(value[at])
            except LookupError:
                raise ExpressionFailed(f"没有 [{at!r}] 这一项；请核对数据，或改用别的项") from None

        return pick

    def _key(self, node: ast.expr) -> int | str:
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        constant = node.operand if isinstance(node, ast.UnaryOp) and negative else node
        key = constant.value if isinstance(constant, ast.Constant) else None
        if isinstance(key, str) and not negative:
            return key
        if isinstance(key, bool) or not isinstance(key, int):
            self._refuse(node, '方括号里只能写文字或整数，不能用切片和名称；请写成 x["a"]、x[0] 或 x[-1]')
        return -key if negative else key

    def _sequence(self, node: ast.List | ast.Tuple) -> _Step:
        steps = [self.step(member) for member in node.elts]
        return lambda run: [step(run) for step in steps]

    def _dict(self, node: ast.Dict) -> _Step:
        steps = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                self._refuse(key or value, "对照表的键只能是加引号的文字")
            steps[key.value] = self.step(value)
        return lambda run: {key: step(run) for key, step in steps.items()}

    _CONSTRUCTS: ClassVar[Mapping[type[ast.expr], Callable[..., _Step]]] = {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.BoolOp: _bool_op,
        ast.UnaryOp: _unary_op,
        ast.BinOp: _bin_op,
        ast.Compare: _compare,
        ast.IfExp: _if_exp,
        ast.Call: _call,
        ast.Subscript: _subscript,
        ast.List: _sequence,
        ast.Tuple: _sequence,
        ast.Dict: _dict,
    }


_FOREIGN: Final[Mapping[type[ast.expr], str]] = {
    ast.Starred: "星号展开 *；请逐项写出",
    ast.Set: "花括号写的集合；请用方括号写成列表",
}


def _takes(word: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(word).bind(*[None] * count)
    except TypeError:
        return False
    return True


def _parameters(word: Callable[..., Any]) -> str:
    return f"({', '.join(inspect.signature(word).parameters)})"


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ("、".join(shown[:20]) + ("…" if len(shown) > 20 else "")) if shown else "（无）"
