"""Which BPMN elements a diagram may use: SpiffWorkflow ignores, breaks or runs as Python a good part of the rest."""

from lxml import etree

from engine import conventions, xml
from engine.lint.findings import Report
from engine.scripts import sources

_RESERVED = {"Start", "End", "Root", "StartEventSplit", "StartEventJoin"}  # SpiffWorkflow's own names of steps
_RESERVED_ENDS = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin")

_EXTENSIONS = {  # of SpiffWorkflow, and where they mean something to us
    "properties": {"userTask", "callActivity", "startEvent", "endEvent", "intermediateThrowEvent", "sendTask"},
    "calledDecisionId": {"businessRuleTask"},
    "serviceTaskOperator": {"serviceTask"},
    "messagePayload": {"messageEventDefinition", "sendTask"},
    "messageVariable": {"messageEventDefinition", "receiveTask"},
    "instructionsForEndUser": xml.TASKS,
    **{kind: {"userTask", "serviceTask", "businessRuleTask", "callActivity"} for kind in sources.EXTENSIONS},
}

# What SpiffWorkflow cannot run, runs wrongly, or lets pass without doing it.
_REFUSED = {
    "complexGateway": ("complex-gateway", "不支持复杂网关；请改用排他网关或并行网关"),
    "adHocSubProcess": ("ad-hoc", "不支持特别（ad hoc）子流程；请改用普通子流程"),
    "task": ("plain-task", "没有类型的任务没有人办理；请改为用户任务（userTask），并写明表单和岗位"),
    "manualTask": ("manual-task", "手工任务没有表单和记录；请改为用户任务（userTask）"),
    "standardLoopCharacteristics": ("standard-loop", "不支持标准循环；请画出返回的连线，或改用多实例任务"),
    "compensateEventDefinition": ("compensation", "补偿事件不会执行；请把补救的步骤画在流程里"),
    "linkEventDefinition": ("link-event", "链接事件会使流程在此中断；请直接画出连线"),
    "conditionalEventDefinition": ("conditional-event", "条件事件不会触发；请改用消息、定时器或排他网关"),
    **dict.fromkeys(
        ("dataObject", "dataObjectReference", "dataStore", "dataStoreReference"),
        ("data-object", "数据对象和数据存储不参与办理；请删除，业务数据写在表单里"),
    ),
    **dict.fromkeys(
        ("dataInputAssociation", "dataOutputAssociation", "ioSpecification", "property"),
        ("data-object", "数据输入、输出的连接不参与办理；请删除，业务数据写在表单里"),
    ),
    **dict.fromkeys(
        ("correlationKey", "correlationProperty", "correlationSubscription"),
        ("unsupported-element", "不支持消息关联；消息按批次与办件的编号送达，请删除"),
    ),
}
_PROCESSES = (xml.tag("process"), xml.tag("subProcess"), xml.tag("transaction"))
_OF_A_PROCESS = xml.FLOW_NODES.union(
    ("sequenceFlow", "laneSet", "documentation", "extensionElements", "incoming", "outgoing"),
    ("textAnnotation", "association", "group", "multiInstanceLoopCharacteristics"),
)

_DEFINITIONS = {  # what each kind of event may wait for or cause
    "startEvent": {"message", "signal", "timer"},
    "endEvent": {"message", "error", "escalation", "terminate", "cancel"},
    "intermediateCatchEvent": {"message", "signal", "timer"},
    "intermediateThrowEvent": {"message", "signal", "escalation"},
    "boundaryEvent": {"message", "signal", "timer", "error", "escalation", "cancel"},
}
_NEED_DEFINITION = {"intermediateCatchEvent", "boundaryEvent"}


def check(report: Report, root: etree._Element) -> None:
    """Report every element, extension and attribute that would not be carried out as drawn."""
    for element in root.iter():
        if xml.namespace(element) == xml.BPMN:
            _check_kind(report, element)
        _check_camunda(report, element)
        if xml.namespace(element) == xml.SPIFF:
            _check_extension(report, element)
    for event in root.iter(*(xml.tag(kind) for kind in _DEFINITIONS)):
        _check_event(report, event)


def _check_kind(report: Report, element: etree._Element) -> None:
    kind, parent = xml.local(element), element.getparent()
    if kind in _REFUSED:
        report.error(element, *_REFUSED[kind])
    elif parent is not None and parent.tag in _PROCESSES and kind not in _OF_A_PROCESS:
        report.error(element, "unsupported-element", f"不支持元素 {kind}；请删除")
    elif xml.is_flow_node(element) and (parent is None or parent.tag not in _PROCESSES):
        report.error(element, "unsupported-element", f"{kind} 不在任何流程里；请移进流程或删除")
    if element.get("triggeredByEvent") == "true":
        report.error(element, "event-sub-process", "不支持事件子流程；请改用附着在任务或子流程上的边界事件")
    if element.get("isForCompensation") == "true":
        report.error(element, "compensation", "补偿任务不会执行；请把补救的步骤画在流程里")
    own = element.get("id", "")
    if (xml.is_flow_node(element) or kind == "process") and (own in _RESERVED or own.endswith(_RESERVED_ENDS)):
        report.error(element, "reserved-id", f"编号 {own} 是引擎的内部名称，会使流程中断；请换一个编号")


def _check_camunda(report: Report, element: etree._Element) -> None:
    lost = [f"属性 {etree.QName(key).localname}" for key in element.attrib if etree.QName(key).namespace == xml.CAMUNDA]
    if xml.namespace(element) == xml.CAMUNDA and xml.namespace(_parent(element)) != xml.CAMUNDA:
        lost.append(f"元素 {xml.local(element)}")
    if lost:
        why = f"Camunda 的{'、'.join(lost)}不会执行；请删除，改写在本系统的属性（办理岗位、表单、时限）里"
        report.error(element, "camunda-dropped", why)


def _check_extension(report: Report, element: etree._Element) -> None:
    kind, holder = xml.local(element), _parent(_parent(element))
    if _parent(element).tag != xml.tag("extensionElements"):
        return  # a part of an extension that was looked at
    if xml.local(holder) not in _EXTENSIONS.get(kind, set()):
        report.error(element, "unknown-extension", f"扩展 {kind} 在此不起作用；请删除")
    elif kind == "properties":
        _check_properties(report, element, xml.local(holder))


def _check_properties(report: Report, element: etree._Element, holder: str) -> None:
    by_holder = {
        "userTask": conventions.STEP_PROPERTIES,
        "startEvent": conventions.START_PROPERTIES,
        "callActivity": conventions.CALL_PROPERTIES,
    }
    known = by_holder.get(holder, conventions.THROW_PROPERTIES)
    seen = set()
    for item in element:
        name, value = item.get("name", ""), item.get("value")
        if name not in known or value is None:
            report.error(item, "unknown-property", f"没有名为 {name!r} 的属性；可用的有 {'、'.join(sorted(known))}")
        elif name in seen:
            report.error(item, "unknown-property", f"属性 {name} 写了两次；请只留一处")
        seen.add(name)


def _check_event(report: Report, event: etree._Element) -> None:
    kind = xml.local(event)
    inner = _parent(event).tag != xml.tag("process") and _parent(event).get("triggeredByEvent") != "true"
    found = [xml.local(child) for child in event if xml.local(child).endswith("EventDefinition")]
    if any(name in _REFUSED for name in found):
        return
    if kind == "endEvent" and "signalEventDefinition" in found:
        report.error(event, "signal-end", "信号结束事件不会发出信号；请在结束之前放一个抛出信号的中间事件")
        return
    allowed = set() if kind == "startEvent" and inner else {f"{name}EventDefinition" for name in _DEFINITIONS[kind]}
    if wrong := [name for name in found if name not in allowed]:
        report.error(event, "event-definition", f"此处的事件不能是 {wrong[0]}；请换一种事件")
    elif len(found) > 1:
        report.error(event, "event-definition", "一个事件只能有一个触发条件；请拆成几个事件")
    elif not found and kind in _NEED_DEFINITION:
        report.error(event, "event-definition", "事件没有说明等待什么；请设为消息、定时器或信号事件")


def _parent(element: etree._Element) -> etree._Element:
    """The element around it; the root is around itself."""
    parent = element.getparent()
    return element if parent is None else parent


def refused() -> frozenset[str]:
    """The kinds of elements that no diagram may have: an editor does not offer them."""
    return frozenset(_REFUSED)


def events() -> dict[str, list[str]]:
    """What each kind of event may wait for or cause, and whether it may stand without: then "" is among them."""
    return {
        kind: [*([] if kind in _NEED_DEFINITION else [""]), *sorted(allowed)] for kind, allowed in _DEFINITIONS.items()
    }
