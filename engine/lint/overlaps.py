"""Decision tables whose rows contradict each other, or leave a case without an answer: found by trying real values.

Every value that a column's cells speak of is tried, and one between and beyond each two of them. What is reported has
been seen to happen; a cell that asks for more than its own input, or for the day, is left out of it.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, pairwise, product
from typing import Any

from lxml import etree

from config.errors import JiqunError
from engine import expressions, vocabulary, xml
from engine.errors import ExpressionInvalid
from engine.lint.dmn import INPUT, condition
from engine.lint.findings import Report
from engine.lint.surroundings import Surroundings

MOST = 20_000  # combinations that are tried for a gap
MOST_ROWS = 300  # compared with each other
_OF_THE_DAY = frozenset({"today", "working_days", "deadline"})
_WHOLE = ("integer", "long")  # types of an input that has no values between two numbers
_OTHER = "（其他）"  # a text that no cell names


@dataclass(frozen=True)
class _Column:
    """An input: what it asks for, and each row's answer for each value that is tried."""

    label: str
    asked: str
    values: Sequence[Any]
    met: Sequence[Sequence[bool | None]]  # by row, then by value; None: cannot be told


def check(report: Report, root: etree._Element, around: Surroundings) -> None:
    """Report rows of a UNIQUE table that hold together, and inputs of a table for which no row holds."""
    table = next(root.iter(_tag(root, "decisionTable")))
    policy = table.get("hitPolicy", "UNIQUE")
    rules = table.findall(_tag(root, "rule"))
    if policy == "COLLECT" or len(rules) > MOST_ROWS:
        return
    columns = [_column(number, entry, rules, around) for number, entry in enumerate(table.findall(_tag(root, "input")))]
    if _entangled(columns):
        return
    if policy == "UNIQUE":
        _check_pairs(report, rules, columns)
    _check_gaps(report, table, columns)


def _check_pairs(report: Report, rules: Sequence[etree._Element], columns: Sequence[_Column]) -> None:
    for one, other in combinations(range(len(rules)), 2):
        both = [_first(column, one, other) for column in columns]
        if None not in both:
            example = _told(columns, [at for at in both if at is not None])
            why = (
                f"第 {one + 1} 行与第 {other + 1} 行会同时成立（如{example}），而命中策略 UNIQUE 只许一行成立；"
                "请改窄其中一行的条件，或把命中策略改为 FIRST（取先成立的一行）"
            )
            report.error(rules[other], "dmn-overlap", why)


def _first(column: _Column, *rows: int) -> int | None:
    """The place of the first value for which all these rows hold."""
    found = (at for at in range(len(column.values)) if all(column.met[row][at] for row in rows))
    return next(found, None)


def _check_gaps(report: Report, table: etree._Element, columns: Sequence[_Column]) -> None:
    combinations_ = 1
    for column in columns:
        combinations_ *= len(column.values)
    if combinations_ > MOST:
        return
    rows = range(len(columns[0].met)) if columns else range(0)
    for places in product(*(range(len(column.values)) for column in columns)):
        answers = [[column.met[row][at] for column, at in zip(columns, places, strict=True)] for row in rows]
        if all(False in answer for answer in answers):
            why = f"没有一行适用于{_told(columns, places)}，判断会没有结果；请补上一行，或加一行条件全为“-”的兜底"
            report.warning(table, "dmn-gap", why)
            return  # one is enough to show that there are some


def _told(columns: Sequence[_Column], places: Sequence[int]) -> str:
    return "、".join(
        f"{column.label}为 {_shown(column.values[at])}" for column, at in zip(columns, places, strict=True)
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "是", False: "否", None: "空"}[value]
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _column(number: int, entry: etree._Element, rules: Sequence[etree._Element], around: Surroundings) -> _Column:
    expression = entry.find(_tag(entry, "inputExpression"))
    asked = (entry.findtext(f"{_tag(entry, 'inputExpression')}/{_tag(entry, 'text')}") or "").strip()
    whole = expression is not None and expression.get("typeRef") in _WHOLE
    cells = [rule.findall(_tag(rule, "inputEntry"))[number].findtext(_tag(rule, "text")) or "" for rule in rules]
    conditions = [condition(cell) for cell in cells]
    values = _values([text for text in conditions if text], asked, whole, around)
    met = [[_holds(text, value, around) for value in values] for text in conditions]
    return _Column(entry.get("label") or asked, asked, values, met)


def _holds(text: str | None, value: Any, around: Surroundings) -> bool | None:
    if text is None:
        return True
    try:
        used = expressions.check(text, words=vocabulary.WORDS)
        if used != {INPUT} or _calls(text) & _OF_THE_DAY:
            return None
        answer = expressions.evaluate(text, {INPUT: value}, around.words)
    except JiqunError:
        return None
    return answer if isinstance(answer, bool) else None


def _values(conditions: Sequence[str], asked: str, whole: bool, around: Surroundings) -> list[Any]:
    """What is tried of a column: its constants and what lies between; of a question with choices, the choices."""
    if choices := _choices(asked, around):
        return list(choices)
    plain = [each for text in conditions for each in _constants(text, around)]
    numbers = sorted(
        {Decimal(each) for each in plain if isinstance(each, int | Decimal) and not isinstance(each, bool)}
    )
    values: list[Any] = [False, True] if any(isinstance(each, bool) for each in plain) else []
    if numbers:
        between = [(before + after) / 2 for before, after in pairwise(numbers)]
        tried = {*numbers, *between, numbers[0] - 1, numbers[-1] + 1}
        values += sorted({Decimal(int(each)) for each in tried} if whole else tried)
    texts = sorted({each for each in plain if isinstance(each, str)})
    values += [*texts, _OTHER] if texts else []
    values += [None] if None in plain else []
    return values or [_OTHER]


def _choices(asked: str, around: Surroundings) -> dict[str, None]:
    """The values that a form lets this question have."""
    forms = [form for form in around.forms.values() if form is not None and asked in form.fields()]
    return dict.fromkeys(value for form in forms for value in form.choices(asked))


def _constants(text: str, around: Surroundings) -> Iterator[Any]:
    """The value of each part of an expression that is the same whatever the input."""
    try:
        expressions.check(text, words=vocabulary.WORDS)
        tree = ast.parse(text.strip(), mode="eval")
    except (ExpressionInvalid, SyntaxError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr) or any(
            isinstance(part, ast.Name) and part.id == INPUT for part in ast.walk(node)
        ):
            continue
        source = ast.get_source_segment(text.strip(), node) or ""
        try:
            value = expressions.evaluate(source, {}, around.words) if not _calls(source) & _OF_THE_DAY else None
        except JiqunError:
            continue
        yield from (value if isinstance(value, list | tuple) else [value])


def _calls(text: str) -> set[str]:
    calls = (node.func for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Call))
    return {called.id for called in calls if isinstance(called, ast.Name)}


def _entangled(columns: Sequence[_Column]) -> bool:
    """Do two columns ask of the same name? Then not every pair of their values can come together."""
    seen: set[str] = set()
    for column in columns:
        try:
            names = expressions.check(column.asked, words=vocabulary.WORDS)
        except ExpressionInvalid:
            return True
        if names & seen:
            return True
        seen |= names
    return False


def _tag(element: etree._Element, name: str) -> str:
    return f"{{{xml.namespace(element)}}}{name}"
