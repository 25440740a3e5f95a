"""The shape of a process: where it begins and ends, how its flows part and join, and whether it can run at all."""

import re

from lxml import etree

from engine import xml
from engine.lint.findings import Report
from engine.lint.graph import Scope, scopes

MAX_PREDICTED = 3000  # tasks of one instance, as engine.bpmn bounds it
MAX_DESCENT = 150  # steps in a row; SpiffWorkflow recurses, and with a request beneath it gives up not far below 400

_CONDITIONAL = {"exclusiveGateway", "inclusiveGateway"}
_CATCHING = {"intermediateCatchEvent", "receiveTask"}
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def check(report: Report, root: etree._Element) -> None:
    """Report what SpiffWorkflow would accept and then run wrongly, for ever, or not at all."""
    _check_process(report, root)
    for scope in scopes(root):
        _check_ends(report, scope)
        _check_reached(report, scope)
        for node in scope.nodes:
            _check_ways_out(report, scope, node)
            _check_name(report, scope, node)
        _check_joins(report, scope)
        _check_cycles(report, scope)
        _check_size(report, scope)


def _check_process(report: Report, root: etree._Element) -> None:
    processes = root.findall(xml.tag("process"))
    if not processes:
        report.error(root, "process-count", "文件里没有流程；请画一个流程", element="")
    for process in processes[1:]:
        report.error(process, "process-count", "一个文件只能有一个流程；请把其余的流程移到各自的文件，用调用活动连接")
    for process in processes[:1]:
        expected = report.file.rpartition("/")[2].removesuffix(".bpmn")
        if process.get("id") != expected:
            why = f"流程编号 {process.get('id')} 应与文件名 {expected} 一致；请改编号或文件名"
            report.error(process, "process-name", why)
    for process in processes:
        if process.get("isExecutable") != "true":
            report.error(process, "not-executable", "流程没有标为可执行；请勾选“可执行”（isExecutable）")


def _check_ends(report: Report, scope: Scope) -> None:
    starts = scope.of_kind("startEvent")
    if not starts:
        report.error(scope.element, "start-count", "没有开始事件；请添加一个，并连到第一个环节")
    for start in starts[1:]:
        report.error(scope.nodes[start], "start-count", "只能有一个开始事件；请删除多余的")
    if not scope.of_kind("endEvent"):
        report.error(scope.element, "end-missing", "没有结束事件；请添加，并把最后的环节连过去")


def _check_reached(report: Report, scope: Scope) -> None:
    if not scope.of_kind("startEvent"):
        return  # nothing can be reached, and that was said
    reachable = scope.reachable()
    for name, node in scope.nodes.items():
        if node.get("triggeredByEvent") == "true" or node.get("isForCompensation") == "true":
            continue  # no flow leads there, and they are refused as such
        if name not in reachable:
            report.error(node, "unreachable", "从开始事件到不了这里；请连上，或删除这一环节")
        elif scope.kind(name) != "endEvent" and not scope.outgoing[name]:
            report.error(node, "dead-end", "流程到这里就断了；请连到下一环节或结束事件")


def _check_ways_out(report: Report, scope: Scope, name: str) -> None:
    node, kind, flows = scope.nodes[name], scope.kind(name), scope.outgoing[name]
    conditions = [flow for flow in flows if flow.find(xml.tag("conditionExpression")) is not None]
    if kind == "endEvent" and flows:
        report.error(node, "several-flows-out", "结束事件之后不能再有连线；请删除")
    elif kind not in xml.GATEWAYS and len(flows) > 1:
        why = f"有 {len(flows)} 条连线离开这一环节；请在后面加一个网关，再从网关分出"
        report.error(node, "several-flows-out", why)
    if kind in _CONDITIONAL:
        _check_choice(report, node, flows, conditions)
        return
    for flow in conditions:
        report.error(flow, "condition-outside-gateway", "条件只在排他网关或包容网关之后起作用；请加网关，或删除条件")
    if node.get("default") is not None:
        report.error(node, "condition-outside-gateway", "默认连线只对排他网关和包容网关起作用；请删除这一设定")
    if kind == "eventBasedGateway":
        _check_event_gateway(report, scope, name)


def _check_choice(
    report: Report, node: etree._Element, flows: list[etree._Element], conditions: list[etree._Element]
) -> None:
    default = node.get("default")
    if default is None and (len(flows) > 1 or conditions):
        why = "没有默认连线：所有条件都不成立时办件会卡住；请把其中一条设为默认连线"
        report.error(node, "no-default", why)
    for flow in flows:
        if flow.get("id") == default and flow in conditions:
            report.error(flow, "condition-on-default", "默认连线上的条件不起作用；请删除条件，或另设默认连线")
        elif flow.get("id") != default and flow not in conditions and len(flows) > 1:
            report.error(flow, "condition-missing", "从网关分出的连线没有条件；请写明条件，或设为默认连线")


def _check_event_gateway(report: Report, scope: Scope, name: str) -> None:
    timers = 0
    for flow in scope.outgoing[name]:
        target = scope.nodes[flow.get("targetRef", "")]
        if xml.local(target) not in _CATCHING or len(scope.incoming[target.get("id", "")]) > 1:
            report.error(flow, "event-gateway", "事件网关之后只能直接连到各自的捕获事件；请调整")
        timers += target.find(xml.tag("timerEventDefinition")) is not None
    if timers > 1:
        why = "一个事件网关之后只能有一个定时器，否则几个定时器共用一个时间；请合并，或改用边界定时器"
        report.error(scope.nodes[name], "event-gateway-timers", why)


def _check_joins(report: Report, scope: Scope) -> None:
    cyclic = scope.cyclic()
    for name in scope.of_kind("inclusiveGateway", "parallelGateway"):
        if name in cyclic and len(scope.incoming[name]) > 1:
            advice = "请把会重复的一轮放进调用活动，或改用多实例任务"
            if scope.kind(name) == "inclusiveGateway":
                report.error(scope.nodes[name], "inclusive-join-in-cycle", f"循环里的包容汇聚会提前放行；{advice}")
            else:
                why = f"循环里有并行汇聚，各分支的数据可能相互覆盖；{advice}"
                report.warning(scope.nodes[name], "parallel-join-in-cycle", why)


def _check_cycles(report: Report, scope: Scope) -> None:
    if endless := scope.definite_cycle():
        why = f"{_named(scope, endless)}首尾相连，没有网关可以离开；请加一个排他网关，画出离开的连线"
        report.error(scope.nodes[endless[0]], "endless-loop", why)
    elif busy := scope.busy_cycle():
        why = f"{_named(scope, busy)}构成的循环里没有人办理，也不等待，会一直空转；请加用户任务、消息或定时器"
        report.error(scope.nodes[busy[0]], "busy-loop", why)


def _check_size(report: Report, scope: Scope) -> None:
    predicted = scope.predicted()
    if too_many := [node for node, size in predicted.items() if size > MAX_PREDICTED]:
        node = min(too_many, key=lambda name: predicted[name])
        why = f"从这里往后推演会产生超过 {MAX_PREDICTED} 个节点；请减少连续的并行分支，或把后一段放进调用活动"
        report.error(scope.nodes[node], "too-many-predicted", why)
    if scope.longest_descent() > MAX_DESCENT:
        why = f"首尾相连的环节超过 {MAX_DESCENT} 个，引擎无法读取；请把其中一段放进子流程或调用活动"
        report.error(scope.element, "too-long", why)


def _check_name(report: Report, scope: Scope, name: str) -> None:
    node, kind = scope.nodes[name], scope.kind(name)
    asked = kind == "userTask" or (kind in _CONDITIONAL and len(scope.outgoing[name]) > 1)
    if asked and not _CHINESE.search(node.get("name", "")):
        report.warning(node, "unnamed", "没有中文名称，办理人员看不懂；请在图上写明")


def _named(scope: Scope, nodes: list[str]) -> str:
    return "、".join(scope.nodes[node].get("name") or node for node in nodes[:5])
