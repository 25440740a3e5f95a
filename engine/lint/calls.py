"""Processes that call each other: no circles, not too deep, each for an office there is, and every id but once."""

from collections.abc import Iterator

from lxml import etree

from engine import conventions, xml
from engine.lint.findings import Report, joined
from engine.lint.surroundings import Surroundings, properties

MAX_DEPTH = 10  # of sub-processes and calls within each other, as engine.bpmn bounds it


def check(report: Report, root: etree._Element, around: Surroundings) -> None:
    """Report calls that come back to their process, go too deep, and ids that two processes share."""
    for process in root.findall(xml.tag("process")):
        own = process.get("id", "")
        for call in process.iter(xml.tag("callActivity")):
            called = call.get("calledElement", "")
            _check_office(report, call, around)
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


def _check_office(report: Report, call: etree._Element, around: Surroundings) -> None:
    """A call says for which office it is made, where something in the called process is done by it."""
    office, known = properties(call).get(conventions.OFFICE), ("bureau", *around.levels)
    if office is not None and office not in known:
        report.error(call, "unknown-place", f"调用写明的办理单位 office={office} 不存在；可用的有 {joined(known)}")
    callers = (each.get("id", "") for each in call.iterancestors(xml.tag("process")))
    given = office is not None or any(around.asks_office(caller) for caller in callers)  # who was told hands it on
    if not given and around.asks_office(call.get("calledElement", "")):
        why = f"所调用的流程由 office 办理，调用时没有写明 office；可用的有 {joined(known)}"
        report.error(call, "office-missing", why)


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
