"""A diagram's differences: steps, flows, lanes, and every property of each; where only the drawing moved, that."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from lxml import etree

from config.sentences import Said, said
from engine import xml
from engine.workshop.changes.parts import PLACES, Change, Known, Side, of_thing, roles, united

KINDS: Final = {  # of an element, as people call it
    "userTask": said("环节"),
    "serviceTask": said("系统动作"),
    "scriptTask": said("脚本"),
    "businessRuleTask": said("决策"),
    "manualTask": said("线下环节"),
    "task": said("环节"),
    "sendTask": said("发送"),
    "receiveTask": said("接收"),
    "callActivity": said("调用的流程"),
    "subProcess": said("子流程"),
    "startEvent": said("开始"),
    "endEvent": said("结束"),
    "intermediateCatchEvent": said("等候"),
    "intermediateThrowEvent": said("发出消息"),
    "boundaryEvent": said("附着的事件"),
    "exclusiveGateway": said("判断"),
    "parallelGateway": said("并行"),
    "inclusiveGateway": said("多选分支"),
    "eventBasedGateway": said("等候其一"),
    "complexGateway": said("复杂网关"),
    "sequenceFlow": said("连线"),
    "process": said("流程"),
    "lane": said("泳道"),
    "participant": said("泳池"),
    "message": said("消息"),
    "textAnnotation": said("批注"),
    "definitions": said("文件"),
}
WORDS: Final = {  # of a fact
    "name": said("名称"),
    "kind": said("种类"),
    "lane": said("所在泳道"),
    "documentation": said("办理说明"),
    "@sourceRef": said("起点"),
    "@targetRef": said("终点"),
    "@default": said("默认路径"),
    "@calledElement": said("调用的流程"),
    "@attachedToRef": said("附着的环节"),
    "@cancelActivity": said("是否中断环节"),
    "@isExecutable": said("是否可执行"),
    "conditionExpression": said("条件"),
    "timerEventDefinition/timeDate": said("到期时刻"),
    "timerEventDefinition/timeDuration": said("等候时长"),
    "timerEventDefinition/timeCycle": said("循环"),
    "messageEventDefinition@messageRef": said("消息"),
    "script": said("脚本"),
    "property form": said("表单"),
    "property role": said("岗位"),
    "property at": said("办理单位"),
    "property limit": said("办理时限"),
    "property closes_with": said("随何日期截止"),
    "property variables": said("用于判断的栏目"),
    "property assigned_to": said("由何环节的人员办理"),
    "property not_by": said("何环节的人员回避"),
    "property prechecks": said("再次对照条件的表单"),
    "property consequence": said("逾期的后果"),
    "property does": said("办成的事"),
    "property held_by": said("按席位"),
    "property sealed": said("是否保密"),
    "property tells": said("告知下一环节的栏目"),
    "property opened_by": said("由谁发起"),
    "property office": said("为哪一级办理"),
    "property to": said("发给谁"),
    "operator": said("服务"),
}
_SKIPPED: Final = {"incoming", "outgoing", "flowNodeRef", "extensionElements"}  # the last one's parts stand alone
_REFERENCES: Final = {"sourceRef", "targetRef", "default", "attachedToRef", "messageRef"}
_DRAWN: Final = "http://www.omg.org/spec/BPMN/20100524/DI"


def changes(name: str, old: Side, new: Side) -> Iterator[Change]:
    """What is other in a diagram that both sides have. Raises XmlRefused where one cannot be read."""
    before, after = _Drawn(old.tree(name)), _Drawn(new.tree(name))
    found = 0
    for own in united(before, after):
        it, known = (after[own], after) if own in after else (before[own], before)
        kind = "flow" if xml.local(it) == "sequenceFlow" else "element"
        like = Change(name, kind, own, _label(it, known), carrier=f"{_process_of(it)}.{own}")
        facts = [_facts(side[own], side, of) if own in side else None for side, of in ((before, old), (after, new))]
        for change in of_thing(like, facts[0], facts[1], _word):
            found += 1
            yield change
    if not found and _drawing(old.tree(name)) != _drawing(new.tree(name)):
        yield Change(name, "drawing", "", said("图形的位置"))


class _Drawn(dict[str, etree._Element]):
    """What a diagram tells by itself, by id, in its order: what people have a word for, and what stands on top."""

    def __init__(self, root: etree._Element) -> None:
        super().__init__({root.get("id", ""): root})
        for element in root.iter():
            named = xml.namespace(element) == xml.BPMN and xml.local(element) in KINDS
            on_top = element.getparent() is root and xml.namespace(element) != _DRAWN
            if (named or on_top) and element is not root:
                self[element.get("id") or f"{xml.local(element)} {len(self)}"] = element
        self.parts = frozenset(map(id, self.values()))
        lanes = (element for element in self.values() if xml.local(element) == "lane")
        self.lanes = {node: lane for lane in lanes for node in _members(lane)}


def _label(element: etree._Element, known: Mapping[str, etree._Element]) -> Said:
    kind, called = _kind(element), _called(element)
    if xml.local(element) == "sequenceFlow":
        ends = {side: _called(known.get(element.get(side, ""))) for side in ("sourceRef", "targetRef")}
        name = element.get("name", "")
        if name:
            return said("从“%(sourceRef)s”到“%(targetRef)s”的连线“%(name)s”", name=name, **ends)
        return said("从“%(sourceRef)s”到“%(targetRef)s”的连线", **ends)
    return said("%(kind)s“%(name)s”", kind=kind, name=called)


def _kind(element: etree._Element) -> str:
    return KINDS.get(xml.local(element), xml.local(element))


def _called(element: etree._Element | None) -> str:
    if element is None:
        return "—"
    if xml.local(element) == "textAnnotation":
        return " ".join("".join(str(part) for part in element.itertext()).split())[:20]
    return str(element.get("name") or element.get("id", ""))


def _facts(element: etree._Element, known: _Drawn, side: Side) -> dict[str, str]:
    """All that a thing says of itself, in people's words; what stands in a thing of its own is that one's."""
    own = element.get("id", "")
    found: dict[str, str] = {"kind": _kind(element)}
    lane = known.lanes.get(own)
    if lane is not None:
        found["lane"] = Known(lane.get("id", ""), _called(lane))
    _gather(element, "", found, known)
    return {
        key: value if isinstance(value, Known) else Known(value, _spoken(key, value, side))
        for key, value in found.items()
    }


def _gather(element: etree._Element, path: str, found: dict[str, str], known: _Drawn) -> None:
    """The attributes and texts of an element and of its parts, by their path; ids of parts say nothing."""
    for key, value in element.attrib.items():
        local = etree.QName(str(key)).localname
        if local != "id":
            name = "name" if not path and local == "name" else f"{path}@{local}"
            _put(found, name, _pointed(local, str(value), known))
    for child in element:
        local = xml.local(child)
        if xml.namespace(child) == xml.BPMN and local in _SKIPPED:
            if local == "extensionElements":
                _extensions(child, found)
            continue
        if local == "laneSet" or xml.namespace(child) == _DRAWN or id(child) in known.parts:
            continue
        at = f"{path}/{local}" if path else local
        text = (child.text or "").strip()
        if text or (not len(child) and not child.attrib):
            _put(found, at, text)
        _gather(child, at, found, known)


def _pointed(local: str, value: str, known: Mapping[str, etree._Element]) -> str:
    """A reference by what it points to: a flow by where it leads."""
    target = known.get(value) if local in _REFERENCES else None
    if target is None:
        return value
    if local == "default":
        return Known(value, said("到“%(name)s”", name=_called(known.get(target.get("targetRef", "")))))
    return Known(value, _called(target))


def _extensions(element: etree._Element, found: dict[str, str]) -> None:
    """SpiffWorkflow's own words by what they are called; those of other systems by their path."""
    for child in element.iter():
        if child is element or xml.local(child) in ("properties", "parameters"):
            continue
        local = xml.local(child)
        if local == "property":
            _put(found, f"property {child.get('name', '')}", child.get("value", ""))
        elif local == "parameter":
            _put(found, f"parameter {child.get('id', '')}", child.get("value", ""))
        elif local == "serviceTaskOperator":
            _put(found, "operator", child.get("id", ""))
        else:
            told = [f"{etree.QName(str(key)).localname}={value!s}" for key, value in child.attrib.items()]
            text = (child.text or "").strip()
            _put(found, f"extension {local}", " ".join([*told, text] if text else told))


def _put(found: dict[str, str], key: str, value: str) -> None:
    number, free = 1, key
    while free in found:
        number += 1
        free = f"{key} {number}"
    found[free] = value


def _word(key: str) -> str:
    if key in WORDS:
        return WORDS[key]
    kind, _space, name = key.partition(" ")
    if kind == "parameter":
        return said("参数 %(name)s", name=name)
    if kind == "extension":
        return said("扩展 %(name)s", name=name)
    return key.lstrip("@")


def _spoken(key: str, value: str, side: Side) -> str:
    """A fact's value by what people call it."""
    spoken: dict[str, Callable[[str], str]] = {
        "property form": side.form,
        "property prechecks": side.form,
        "property role": roles,
        "property opened_by": roles,
        "property limit": side.limit,
        "property at": lambda place: PLACES.get(place, place),
        "@calledElement": side.process,
        "parameter template": lambda template: side.letter(template.strip("'\"")),
    }
    return spoken.get(key, str)(value)


def _members(lane: etree._Element) -> set[str]:
    return {(reference.text or "").strip() for reference in lane.iter(xml.tag("flowNodeRef"))}


def _process_of(element: etree._Element) -> str:
    process = next((each for each in element.iterancestors() if xml.local(each) == "process"), None)
    return "" if process is None else process.get("id", "")


def _drawing(root: etree._Element) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    drawn = (each for plane in root.iter(f"{{{_DRAWN}}}BPMNDiagram") for each in plane.iter())
    return [
        (xml.local(each), tuple(sorted((str(key), str(value)) for key, value in each.attrib.items()))) for each in drawn
    ]
