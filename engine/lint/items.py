"""Multi-instance steps: SpiffWorkflow gathers their results only under rules that no modeller tells."""

from collections.abc import Iterator

from lxml import etree

from engine import conventions, expressions, vocabulary, xml
from engine.lint.expressions import check_text
from engine.lint.findings import Report, joined
from engine.lint.graph import Scope, scopes
from engine.lint.surroundings import Surroundings, listed, properties

MOST = 1000  # items at once, well within the tasks that engine.bpmn lets one instance have


def check(report: Report, root: etree._Element, around: Surroundings, names: set[str]) -> None:
    """Report multi-instance marks that fail or hang. `names` are those the data may hold."""
    for scope in scopes(root):
        for name, node in scope.nodes.items():
            marks = node.find(xml.tag("multiInstanceLoopCharacteristics"))
            if marks is not None:
                for why in (*_wrong(scope, name, marks, names), *_without_result(node, marks, around)):
                    report.error(node, "multi-instance", f"多实例任务：{why}")
                _check_condition(report, node, marks, around)


def _wrong(scope: Scope, name: str, marks: etree._Element, names: set[str]) -> Iterator[str]:
    collection, results = (marks.findtext(xml.tag(key)) for key in ("loopDataInputRef", "loopDataOutputRef"))
    item, result = (_item(marks, key) for key in ("inputDataItem", "outputDataItem"))
    if (collection is None) == (marks.find(xml.tag("loopCardinality")) is None):
        yield "应写明逐项处理的列表，或写明个数，二者择一"
    count = (marks.findtext(xml.tag("loopCardinality")) or "").strip()
    if count.isdecimal() and (len(count) > 4 or int(count) > MOST):
        yield f"一次超过 {MOST} 项；请分批办理"
    if collection is not None and collection not in names:
        yield f"逐项处理的列表 {collection} 没有任何环节写入；请在前面环节的 variables 中列出"
    if (results is None) != (result is None):
        yield "汇总列表与每项的结果须一起写明；请补上另一个"
    in_place = results is not None and results == collection
    if results is not None and not in_place and name in scope.cyclic():
        yield "处在循环里，第二遍时汇总列表已不为空，会卡住；请把这一轮放进调用活动，或让汇总列表就用逐项处理的列表"
    if results is None and item is not None and name in scope.cyclic():
        yield f"处在循环里，而没有汇总，第一遍会把 {item} 留在数据里，第二遍即卡住；请让汇总列表就用逐项处理的列表"
    given = [each for each in (collection, item, result, None if in_place else results) if each is not None]
    if len(set(given)) != len(given):
        yield "列表、每项和每项结果的名称不能相同，汇总列表只能另取名称或就用逐项处理的列表；请改名"
    reserved = set(conventions.GIVEN_NAMES) | set(vocabulary.WORDS) | _set_by_others(scope.nodes[name])
    for taken in (item, None if in_place else results):
        if taken in reserved:
            yield f"名称 {taken} 已有别的环节或系统使用；请改名"


def _without_result(node: etree._Element, marks: etree._Element, around: Surroundings) -> Iterator[str]:
    """SpiffWorkflow stops where an item is done and its result is not there."""
    result = _item(marks, "outputDataItem")
    if result is None:
        return
    own = set(listed(properties(node).get("variables", "")))
    given = own | conventions.ACTS.get(properties(node).get("does", ""), frozenset())
    if node.tag == xml.tag("callActivity"):
        given = around.given_by(node.get("calledElement", ""))
    if result not in given and node.tag in {xml.tag("userTask"), xml.tag("callActivity")}:
        yield f"每项的结果 {result} 没有环节写入，办完一项即卡住；请在该任务的 variables 中列出，或由所调用的流程写入"


def _check_condition(report: Report, node: etree._Element, marks: etree._Element, around: Surroundings) -> None:
    """SpiffWorkflow asks it with the last finished item's data alone: how many are done, it cannot know."""
    condition = marks.find(xml.tag("completionCondition"))
    if condition is None or not check_text(report, condition, condition.text, around, None, what="提前结束的条件"):
        return
    items = {found for key in ("inputDataItem", "outputDataItem") if (found := _item(marks, key))}
    mine = items | set(listed(properties(node).get("variables", "")))
    if others := sorted(expressions.check(condition.text or "", words=vocabulary.WORDS) - mine):
        why = f"提前结束的条件只能看刚办完的那一项（可用的有 {joined(mine)}），不能用 {others[0]}；请改写或删除"
        report.error(condition, "completion-condition", why)


def _set_by_others(node: etree._Element) -> set[str]:
    others = (task for task in node.getroottree().getroot().iter(xml.tag("userTask")) if task is not node)
    return {variable for task in others for variable in listed(properties(task).get("variables", ""))}


def _item(marks: etree._Element, kind: str) -> str | None:
    found = marks.find(xml.tag(kind))
    return None if found is None else found.get("id")
