"""Steps that the engine does by itself: effects, messages, decision tables and calls of other processes."""

from collections.abc import Collection

from lxml import etree

from engine import conventions, xml
from engine.lint.expressions import check_text, constant
from engine.lint.findings import Report, joined
from engine.lint.surroundings import Surroundings, properties

_SENDING = {"sendTask", "intermediateThrowEvent", "endEvent"}


def check(report: Report, root: etree._Element, around: Surroundings, names: set[str]) -> None:
    """Report every effect, message, table and process that these steps ask for and the bundle lacks."""
    for node in root.iter(xml.tag("serviceTask")):
        for operator in _operators(report, node):
            _check_parameters(report, operator, around, names)
    for node in root.iter(xml.tag("callActivity")):
        if (called := node.get("calledElement")) not in around.processes:
            why = f"没有流程 {called}；请选择已有的流程，可用的有 {joined(around.processes)}"
            report.error(node, "unknown-process", why)
    for node in root.iter(xml.tag("businessRuleTask")):
        called = node.findtext(f"{xml.tag('extensionElements')}/{{{xml.SPIFF}}}calledDecisionId")
        if called not in around.decisions:
            why = f"没有决策表 {called}；请选择已有的决策表，可用的有 {joined(around.decisions)}"
            report.error(node, "unknown-decision", why)
    for node in filter(xml.is_flow_node, root.iter()):
        _check_message(report, node, xml.local(node))


def _operators(report: Report, node: etree._Element) -> list[etree._Element]:
    """The service task's operator, if it is one of ours with the parameters it needs."""
    operator = node.find(f"{xml.tag('extensionElements')}/{{{xml.SPIFF}}}serviceTaskOperator")
    if operator is None:
        why = f"服务任务没有说明做什么；请选择一种操作：{joined(conventions.EFFECTS)}"
        report.error(node, "operator-missing", why)
        return []
    effect = operator.get("id", "")
    if effect not in conventions.EFFECTS:
        why = f"没有操作 {effect}；请选择一种操作：{joined(conventions.EFFECTS)}"
        report.error(node, "operator-unknown", why)
        return []
    rows = list(operator.iter(f"{{{xml.SPIFF}}}parameter"))
    needed = conventions.EFFECTS[effect]
    if sorted(row.get("id", "") for row in rows) != sorted(needed) or any(row.get("type") is None for row in rows):
        why = f"操作 {effect} 的参数应为 {joined(needed)}；请各写一次，并注明类型 type"
        report.error(node, "operator-parameters", why)
        return []
    return [operator]


def _check_parameters(report: Report, operator: etree._Element, around: Surroundings, names: set[str]) -> None:
    """A parameter that names something of the bundle is a text in quotes; the others are expressions."""
    choices: dict[tuple[str, str], tuple[str, Collection[str] | None]] = {
        ("letter", "template"): ("unknown-letter", around.letters),
        ("letter", "to"): ("unknown-place", {*conventions.ADDRESSEES, *around.levels}),
        ("announce", "kind"): ("operator-parameters", conventions.NOTICE_FORMS),
        ("open_publicity", "period"): ("unknown-period", None if around.regime is None else around.regime.periods),
        ("set_round", "state"): ("operator-parameters", conventions.ROUND_STATES),
    }
    for row in operator.iter(f"{{{xml.SPIFF}}}parameter"):
        key, text = row.get("id", ""), row.get("value")
        if (operator.get("id", ""), key) not in choices:
            check_text(report, row, text, around, names, what=f"参数 {key}")
            continue
        rule, known = choices[operator.get("id", ""), key]
        if (value := constant(text)) is None:
            why = f"参数 {key} 应为加引号的文字，现为 {text}；请写成 '{text}' 的样子"
            report.error(row, "operator-parameters", why)
        elif known is not None and value not in known:
            report.error(row, rule, f"参数 {key} 的 {value} 不存在；可用的有 {joined(known)}")


def _check_message(report: Report, node: etree._Element, kind: str) -> None:
    definitions = [] if kind in ("sendTask", "receiveTask") else node.findall(xml.tag("messageEventDefinition"))
    holders = [node] if kind in ("sendTask", "receiveTask") else definitions
    if not holders:
        return
    root = node.getroottree().getroot()
    named = {message.get("id"): message.get("name") for message in root.iter(xml.tag("message"))}
    if any(not named.get(holder.get("messageRef")) for holder in holders):
        report.error(node, "message", "没有说明是哪一个消息；请选择一个有名称的消息")
    if kind in _SENDING and (to := properties(node).get("to")) not in conventions.AUDIENCES:
        report.error(node, "message", f"消息发给谁没有写对（to={to}）；可用的有 {joined(conventions.AUDIENCES)}")
