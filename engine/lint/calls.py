"""Processes that call each other: no circles, not too deep, and every id the name of one process only."""

from collections.abc import Iterator

from lxml import etree

from engine import xml
from engine.lint.findings import Report
from engine.lint.surroundings import Surroundings

MAX_DEPTH = 10  # of sub-processes and calls within each other, as engine.bpmn bounds it


def check(report: Report, root: etree._Element, around: Surroundings) -> None:
    """Report calls that come back to their process, go too deep, and ids that two processes share."""
    for process in root.findall(xml.tag("process")):
        own = process.get("id", "")
        for call in process.iter(xml.tag("callActivity")):
            called = call.get("calledElement", "")
            if own == called or own in around.called_by(called):
                why = f"流程 {own} 经过这里又调用到自己，会无休止地重复；请用连线画出返回，或拆成不相互调用的流程"
                report.error(call, "call-cycle", why)
        if own in around.called_by(own):
            continue
        if (deepest := _depth(process, around, {})) > MAX_DEPTH:
            why = f"子流程和调用一共嵌套 {deepest} 层，超过 {MAX_DEPTH} 层；请合并几层"
            report.error(process, "call-depth", why)
    for other in _named_like_a_process(root, around):
        why = f"编号 {other.get('id')} 与另一个流程相同；请给子流程换一个编号"
        report.error(other, "duplicate-process", why)


def _depth(scope: etree._Element, around: Surroundings, known: dict[str, int]) -> int:
    """How many levels of sub-processes and calls a token can be in, below this process or sub-process."""
    deepest = 0
    for child in scope:
        if xml.is_flow_node(child) and xml.local(child) in xml.SUBPROCESSES:
            deepest = max(deepest, 1 + _depth(child, around, known))
        elif child.tag == xml.tag("callActivity"):
            called = child.get("calledElement", "")
            if called not in known:
                known[called] = 0  # a circle ends here, and is reported of its own process
                known[called] = max((_depth(each, around, known) for each in around.process(called)), default=0)
            deepest = max(deepest, 1 + known[called])
    return deepest


def _named_like_a_process(root: etree._Element, around: Surroundings) -> Iterator[etree._Element]:
    """Sub-processes whose id another file has given: SpiffWorkflow keeps all of them, and processes, under one name."""
    kinds = [xml.tag(kind) for kind in ("process", *sorted(xml.SUBPROCESSES))]
    others = [other for other in around.diagrams.values() if other is not root]
    elsewhere = {element.get("id") for other in others for element in other.iter(*kinds)}
    return (element for element in root.iter(*kinds[1:]) if element.get("id") in elsewhere)
