"""Decision tables: SpiffWorkflow takes cells for Python, so what is only FEEL would silently never match."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from lxml import etree

from engine import expressions, vocabulary, xml
from engine.errors import ExpressionInvalid
from engine.forms import kinds as form_kinds
from engine.lint.expressions import check_text
from engine.lint.findings import Report
from engine.lint.surroundings import Surroundings

POLICIES = ("UNIQUE", "FIRST", "COLLECT")  # SpiffWorkflow treats all others as FIRST

CRITERIA = "criteria.dmn"
# What it may name: the same as engine.criteria.NAMES, without loading the engine for a check.
FACT_NAMES = {fact.partition(".")[0] for fact in form_kinds.FACTS} | {"criteria", "advisory"}
FACT_NAMES |= {*form_kinds.FACTS_OF_THE_ROUND}

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_QUOTED = re.compile(r"""\"[^"]*\"|'[^']*'""")
# SpiffWorkflow asks each of them for its id.
_NUMBERED = ("decisionTable", "input", "output", "rule", "inputEntry", "outputEntry")
INPUT = "dmninputexpr"  # what SpiffWorkflow writes in the place of ?
# An input that is one thing, so that an operator written behind it takes all of it: a, a["b"], word(a)
_SINGLE = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*(\[[^\[\]]*\]|\([^()]*\))*\s*", re.ASCII)
_NEGATED = re.compile(r"\A\s*not\b")
_FEEL = (
    (re.compile(r"\.\."), "区间 [a..b] 不起作用；请写成 a <= ? and ? <= b"),
    (re.compile(r"(?<!\w)(true|false|null)(?!\w)"), "true、false、null 应写作 True、False、None"),
    (re.compile(r"(?<!\w)(date|time|date and time|duration)\s*\("), "FEEL 的日期函数不能用；请用引号内的 ISO 日期比较"),
)


def check(report: Report, root: etree._Element, around: Surroundings) -> None:
    """Report what keeps the table from being read, or from matching as it looks."""
    shape = list(_misshapen(root, around))
    for where, why in shape:
        report.error(where, "dmn-shape", why)
    if shape:
        return
    table = next(root.iter(_tag(root, "decisionTable")))
    policy = table.get("hitPolicy", "UNIQUE")
    if policy not in POLICIES or table.get("aggregation") is not None:
        why = f"命中策略 {policy} 或其汇总方式不起作用；请用 {'、'.join(POLICIES)}，不设汇总"
        report.error(table, "dmn-hit-policy", why)
    names = _names(root, around)
    inputs = [expression.findtext(_tag(root, "text")) for expression in table.iter(_tag(root, "inputExpression"))]
    for expression in table.iter(_tag(root, "inputExpression")):
        check_text(report, expression, expression.findtext(_tag(root, "text")), around, names, what="输入")
    for rule in table.iter(_tag(root, "rule")):
        asked = around if _is_asked(rule, report.file, around) else replace(around, regime=None)
        for cell, given in zip(rule.iter(_tag(root, "inputEntry")), inputs, strict=True):
            _check_input_cell(report, cell, given or "", asked, names)
        for cell in rule.iter(_tag(root, "outputEntry")):
            text = cell.findtext(_tag(root, "text")) or ""
            if text and not _is_feel(report, cell, text):
                check_text(report, cell, text, asked, names, what="结果")


def condition(text: str) -> str | None:
    """What an input's cell asks, as an expression of the name INPUT; None where it asks nothing."""
    if text.strip() in ("", "-"):
        return None
    if "?" in _QUOTED.sub('""', text):
        return "".join(part if part[0] in "\"'" else part.replace("?", INPUT) for part in _parts(text))
    return f"{INPUT} {text}" if _begins_with_operator(text) else f"{INPUT} == ({text})"


def _is_asked(rule: etree._Element, file: str, around: Surroundings) -> bool:
    """Of the criteria a regime takes some rows; it need not have the numbers of the others."""
    return file != CRITERIA or around.regime is None or rule.get("id") in around.regime.criteria


def _misshapen(root: etree._Element, around: Surroundings) -> Iterator[tuple[etree._Element, str]]:
    if None not in root.nsmap and "dmn" not in root.nsmap:
        yield root, "DMN 的命名空间前缀应为空或 dmn；请用决策表编辑器重新导出"
    decisions, tables = (list(root.iter(_tag(root, name))) for name in ("decision", "decisionTable"))
    if len(decisions) != 1 or len(tables) != 1 or tables[0].getparent() is not decisions[0]:
        yield root, "一个文件应有一张决策表；请把其余的移到各自的文件"
        return
    for part in [decisions[0], *tables[0].iter(*(_tag(root, name) for name in _NUMBERED))]:
        if not part.get("id"):
            yield part, f"{xml.local(part)} 没有编号 id；请补上"
    before = takewhile(lambda other: other is not root, around.tables.values())
    if any(decisions[0].get("id") in _decisions(other) for other in before):
        yield decisions[0], f"决策编号 {decisions[0].get('id')} 在另一个文件里也有；请换一个编号"
    yield from _misshapen_columns(tables[0])
    for rule in tables[0].findall(_tag(root, "rule")):
        for entry, column in (("inputEntry", "input"), ("outputEntry", "output")):
            if len(rule.findall(_tag(root, entry))) != len(tables[0].findall(_tag(root, column))):
                yield rule, "这一行的单元格与列数不符；请用决策表编辑器重新导出"


def _decisions(root: etree._Element) -> set[str | None]:
    return {decision.get("id") for decision in root.iter(_tag(root, "decision"))}


def _misshapen_columns(table: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    for child in table:
        if xml.local(child) not in ("input", "output", "rule"):
            yield child, f"不支持决策表里的 {xml.local(child)}；请删除"
    for given in table.findall(_tag(table, "input")):
        if given.find(f"{_tag(table, 'inputExpression')}/{_tag(table, 'text')}") is None:
            yield given, "输入列没有表达式；请写明取哪个数据"
    for output in table.findall(_tag(table, "output")):
        if not _IDENTIFIER.fullmatch(output.get("name", "")):
            yield output, f"结果列的名称 {output.get('name', '')!r} 应为小写英文；它是结果写入的变量"
    if table.find(_tag(table, "output")) is None or table.find(_tag(table, "rule")) is None:
        yield table, "决策表没有结果列或没有行；请补上"


def _check_input_cell(report: Report, cell: etree._Element, given: str, around: Surroundings, names: set[str]) -> None:
    text = cell.findtext(_tag(cell, "text")) or ""
    if text in ("", "-") or _is_feel(report, cell, text):
        return
    outside = _QUOTED.sub('""', text)
    if _is_list(outside):
        report.error(cell, "dmn-feel", f"单元格 {text!r}：几个值用逗号分开不起作用；请写成 ? in (…)")
    elif _NEGATED.search(outside) and "?" not in outside:
        report.error(cell, "dmn-feel", f"单元格 {text!r}：not(…) 不起作用；请写成 ? != … 或 ? not in (…)")
    elif "?" in outside:
        check_text(report, cell, condition(text), around, {*names, INPUT}, what="条件")
    elif not _begins_with_operator(text):
        check_text(report, cell, text, around, names, what="条件")
    elif text[0].isalpha() or not _SINGLE.fullmatch(given):
        why = f"条件 {text!r} 接在输入 {given!r} 之后会被读错；请用 ? 写明，如 ? {text.strip()}"
        report.error(cell, "dmn-feel", why)
    else:
        check_text(report, cell, f"{given}{text}", around, names, what="条件")


def _is_feel(report: Report, cell: etree._Element, text: str) -> bool:
    outside = _QUOTED.sub('""', text)
    found = [why for pattern, why in _FEEL if pattern.search(outside)]
    if found:
        report.error(cell, "dmn-feel", f"单元格 {text!r}：{found[0]}")
    return bool(found)


def _is_list(outside: str) -> bool:
    """Values side by side, without brackets of their own, as FEEL lists alternatives."""
    depth = 0
    for sign in outside:
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            return True
    return False


def _begins_with_operator(text: str) -> bool:
    """Is it no expression by itself, but one once something stands before it, like `>= 5`?"""
    try:
        expressions.check(text, words=vocabulary.WORDS)
    except ExpressionInvalid as invalid:
        if not invalid.facts.get("syntax"):
            return False
    else:
        return False
    try:
        expressions.check(f"v {text}", words=vocabulary.WORDS)
    except ExpressionInvalid:
        return False
    return True


def _names(root: etree._Element, around: Surroundings) -> set[str]:
    """What the cells may name: the facts of the precheck, and the data of the processes that ask this table."""
    decision = next(root.iter(_tag(root, "decision"))).get("id")
    names = set(FACT_NAMES)
    for process, file in around.processes.items():
        if any(asked.text == decision for asked in around.diagrams[file].iter(f"{{{xml.SPIFF}}}calledDecisionId")):
            names |= around.names(process)
    return names


def _parts(text: str) -> list[str]:
    """The text cut into quoted pieces and the rest."""
    pieces, at = [], 0
    for quoted in _QUOTED.finditer(text):
        pieces += [text[at : quoted.start()], quoted.group()]
        at = quoted.end()
    return [piece for piece in (*pieces, text[at:]) if piece]


def _tag(element: etree._Element, name: str) -> str:
    return f"{{{xml.namespace(element)}}}{name}"
