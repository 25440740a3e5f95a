"""Diagrams and decision tables come in through here: bytes are read into a tree, or refused with line and reason.

SpiffWorkflow would read them with lxml's default settings and accept entities that hide text, attributes added
by a DOCTYPE, and two elements of one id. It is only ever handed what `read` has let in.
"""

import re
from typing import NoReturn

from lxml import etree

from engine.errors import XmlRefused

MAX_BYTES = 2 * 1024 * 1024
MAX_NODES = 20_000  # elements
MAX_DEPTH = 64
MAX_FLOW_NODES = 400  # SpiffWorkflow parses and predicts recursively
MAX_ID = 100  # characters

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
CAMUNDA = (
    "http://camunda.org/schema/1.0/bpmn"  # let in here and refused by engine.lint, which can say what would be lost
)
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DMN = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",  # 1.1
    "http://www.omg.org/spec/DMN/20180521/MODEL/",  # 1.2
    "https://www.omg.org/spec/DMN/20191111/MODEL/",  # 1.3
    "https://www.omg.org/spec/DMN/20211108/MODEL/",  # 1.4
    "https://www.omg.org/spec/DMN/20230324/MODEL/",  # 1.5
)
NAMESPACES = {
    *DMN,
    BPMN,
    SPIFF,
    CAMUNDA,
    XSI,
    "http://www.w3.org/XML/1998/namespace",
    "http://www.omg.org/spec/BPMN/20100524/DI",
    "http://www.omg.org/spec/DD/20100524/DC",
    "http://www.omg.org/spec/DD/20100524/DI",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
    "http://bpmn.io/schema/bpmn/biocolor/1.0",
    "http://bpmn.io/schema/bpmn",
    "http://bpmn.io/schema/dmn/biodi/1.0",
    "http://bpmn.io/schema/dmn/biodi/2.0",
    "http://camunda.org/schema/modeler/1.0",
    "http://www.omg.org/spec/DMN/20180521/DMNDI/",
    "http://www.omg.org/spec/DMN/20180521/DC/",
    "http://www.omg.org/spec/DMN/20180521/DI/",
    "https://www.omg.org/spec/DMN/20191111/DMNDI/",
    "https://www.omg.org/spec/DMN/20230324/DMNDI/",
}

TASKS = {"task", "userTask", "manualTask", "scriptTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask"}
SUBPROCESSES = {"subProcess", "transaction", "adHocSubProcess"}
ACTIVITIES = TASKS | SUBPROCESSES | {"callActivity"}
EVENTS = {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
GATEWAYS = {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"}
FLOW_NODES = ACTIVITIES | EVENTS | GATEWAYS

_ENCODINGS = {"utf-8", "utf8", "us-ascii", "ascii", "gb18030", "gbk", "gb2312"}
_DECLARED = re.compile(rb"""\A<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_BEFORE_ROOT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,20})?", re.ASCII)

_REFERENCES: dict[str, set[str] | None] = {  # attribute → what it must point at; None: any element
    "sourceRef": None,
    "targetRef": None,
    "attachedToRef": ACTIVITIES,
    "messageRef": {"message"},
    "signalRef": {"signal"},
    "errorRef": {"error"},
    "escalationRef": {"escalation"},
    "processRef": {"process"},
    "default": {"sequenceFlow"},
}
_UNSEEN = ("EventDefinition", "Expression", "Characteristics", "DataItem")  # parts of a step that no editor shows by id
_TEXT_REFERENCES: dict[str, set[str]] = {
    "incoming": {"sequenceFlow"},
    "outgoing": {"sequenceFlow"},
    "flowNodeRef": FLOW_NODES,
}


def read(name: str, content: bytes) -> etree._Element:
    """The root of the document, a tree of its own for every call. `name` ends in .bpmn or .dmn.

    Raises XmlRefused with the facts file, line, element (an id or "") and rule.
    """
    root = admitted(name, content)
    _check_namespaces(name, root)
    if local(root) == "definitions" and root.tag == tag("definitions"):
        ids = {element.get("id", ""): element for element in root.iter() if namespace(element) != SPIFF}
        _check_references(name, root, ids)
        _check_flows(name, root, ids)
        _check_drawing(name, root)
    return root


def admitted(name: str, content: bytes) -> etree._Element:
    """The root of a document that harms nobody who looks at it, though the engine may not run it.

    What other systems have written into it is let in, and so are references that lead nowhere: a draft may hold both.
    Raises XmlRefused.
    """
    if len(content) > MAX_BYTES:
        _refuse(
            name, None, "too-large", f"文件有 {len(content)} 字节，上限为 {MAX_BYTES}；请拆成几个流程，用调用活动连接"
        )
    root = _parsed(name, _text(name, content))
    _check_size(name, root)
    _check_root(name, root)
    _check_ids(name, root)
    return root


def tag(name: str) -> str:
    """The full name of a BPMN element."""
    return f"{{{BPMN}}}{name}"


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    return etree.QName(element).namespace or ""


def line(element: etree._Element) -> int | None:
    """The line on which the element begins."""
    found = element.sourceline
    return found if isinstance(found, int) else None


def is_flow_node(element: etree._Element) -> bool:
    """Is it a task, an event, a gateway, a sub-process or a call?"""
    return namespace(element) == BPMN and local(element) in FLOW_NODES


def nearest_id(element: etree._Element) -> str:
    """The id a person can look for: the element's own, or that of the step or flow it stands in, or ""."""
    for each in (element, *element.iterancestors()):
        own = each.get("id", "")
        if _ID.fullmatch(own) and namespace(each) != SPIFF and not local(each).endswith(_UNSEEN):
            return own
    return ""


def _text(name: str, content: bytes) -> str:
    """The document as text, whatever its encoding: nothing hides in bytes that we and the parser read differently."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif content[:2] in (b"<\x00", b"\x00<"):
        encoding = "utf-16-le" if content[:1] == b"<" else "utf-16-be"
    else:
        declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
        encoding = declared[1].decode().lower() if declared else "utf-8"
        if encoding not in _ENCODINGS:
            _refuse(name, 1, "encoding", f"不支持 {encoding} 编码，请另存为 UTF-8")
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        _refuse(name, None, "encoding", f"内容不是有效的 {encoding} 文本，请另存为 UTF-8")
    at = 0
    while skipped := _BEFORE_ROOT.match(text, at):
        at = skipped.end()
    if text.startswith("<!", at):
        _refuse(
            name, text.count("\n", 0, at) + 1, "doctype", "含有 DOCTYPE 声明，可能夹带实体或隐藏内容；请删除这一声明"
        )
    return text


def _parsed(name: str, text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",  # we decoded it; a declaration of another encoding no longer counts
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,  # a comment inside an expression would hide its second half from the engine
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        _refuse(
            name, error.lineno, "unreadable-xml", f"不是完整的 XML：{error.msg or '没有内容'}；请用流程编辑器重新导出"
        )
    if root.getroottree().docinfo.internalDTD is not None:
        _refuse(name, 1, "doctype", "含有 DOCTYPE 声明，可能夹带实体或隐藏内容；请删除这一声明")
    return root


def _check_size(name: str, root: etree._Element) -> None:
    count = flow_nodes = depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if event == "end":
            continue
        count += 1
        flow_nodes += is_flow_node(element)
        if depth > MAX_DEPTH:
            _refuse(name, element, "too-large", f"元素嵌套超过 {MAX_DEPTH} 层；请减少子流程的嵌套")
        if count > MAX_NODES:
            _refuse(name, element, "too-large", f"元素超过 {MAX_NODES} 个；请拆成几个流程，用调用活动连接")
        if flow_nodes > MAX_FLOW_NODES:
            _refuse(name, element, "too-large", f"环节超过 {MAX_FLOW_NODES} 个；请拆成几个流程，用调用活动连接")


def _check_root(name: str, root: etree._Element) -> None:
    expected = {f"{{{space}}}definitions" for space in DMN} if name.endswith(".dmn") else {tag("definitions")}
    if root.tag not in expected:
        kind = "DMN 决策表" if name.endswith(".dmn") else "BPMN 2.0 流程图"
        _refuse(
            name, root, "wrong-root", f"不是{kind}：根元素为 {local(root)}，应为 definitions；请用流程编辑器重新导出"
        )


def _check_namespaces(name: str, root: etree._Element) -> None:
    for element in root.iter():
        spaces = [namespace(element), *(etree.QName(key).namespace for key in element.attrib)]
        for space in spaces:
            if space and space not in NAMESPACES:
                _refuse(name, element, "foreign-namespace", f"含有其他系统的扩展 {space}，本系统不执行；请删除")
        if not spaces[0]:
            _refuse(name, element, "foreign-namespace", f"元素 {local(element)} 没有命名空间；请用流程编辑器重新导出")


def _check_ids(name: str, root: etree._Element) -> None:
    ids: dict[str, etree._Element] = {}
    for element in root.iter():
        id = element.get("id")  # noqa: A001  # the attribute's own name
        if id is None or namespace(element) == SPIFF:  # a parameter's id is its name and comes again elsewhere
            continue
        if len(id) > MAX_ID or not _ID.fullmatch(id):
            _refuse(name, element, "bad-id", f"编号 {id[:MAX_ID]!r} 应以英文字母或 _ 开头，只含英文字母、数字、_ . -")
        if id in ids:
            _refuse(
                name,
                element,
                "duplicate-id",
                f"编号 {id} 重复（另一处在第 {ids[id].sourceline} 行）；请给其中一个换编号",
            )
        ids[id] = element
    for element in root.iter(*(tag(kind) for kind in sorted(FLOW_NODES | {"process", "sequenceFlow"}))):
        if element.get("id") is None:
            _refuse(name, element, "bad-id", f"{local(element)} 没有编号 id；请补上")


def _check_references(name: str, root: etree._Element, ids: dict[str, etree._Element]) -> None:
    for element in root.iter():
        if namespace(element) != BPMN:
            continue
        told = [(key, value, kinds) for key, kinds in _REFERENCES.items() if (value := element.get(key)) is not None]
        if (kinds := _TEXT_REFERENCES.get(local(element))) is not None:
            element.text = (element.text or "").strip()  # SpiffWorkflow finds a lane's tasks by the exact text
            told.append((local(element), element.text, kinds))
        for key, value, kinds in told:
            target = ids.get(value)
            if target is None or (kinds and (namespace(target) != BPMN or local(target) not in kinds)):
                why = f"{key} 指向的 {value!r} 不存在或不是合适的元素；请重新连接或删除"
                _refuse(name, element, "dangling-reference", why)


def _check_flows(name: str, root: etree._Element, ids: dict[str, etree._Element]) -> None:
    """Every sequence flow joins two flow nodes of its own process or sub-process, and both know of it if they tell."""
    for flow in root.iter(tag("sequenceFlow")):
        for side in ("sourceRef", "targetRef"):
            end = ids.get(flow.get(side, ""))
            if end is None or not is_flow_node(end) or end.getparent() is not flow.getparent():
                _refuse(name, flow, "dangling-reference", f"连线的 {side} 没有接在同一流程的环节上；请重新连接或删除")
    for told in root.iter(tag("incoming"), tag("outgoing")):
        node, side = told.getparent(), "targetRef" if local(told) == "incoming" else "sourceRef"
        if node is not None and ids[told.text or ""].get(side) != node.get("id"):
            _refuse(name, told, "dangling-reference", f"{local(told)} 所列的连线 {told.text} 不接本环节；请重新连接")
    for node in root.iter():
        default = node.get("default") if is_flow_node(node) else None
        if default is not None and ids[default].get("sourceRef") != node.get("id"):
            _refuse(name, node, "dangling-reference", f"默认连线 {default} 不从本环节出发；请重新设定默认连线")
    for event in root.iter(tag("boundaryEvent")):
        host = ids.get(event.get("attachedToRef", ""))
        if host is None or host.getparent() is not event.getparent():
            _refuse(name, event, "dangling-reference", "边界事件没有附着在同一流程的任务上；请拖到任务的边框上")


def _check_drawing(name: str, root: etree._Element) -> None:
    """Bounds are numbers: SpiffWorkflow orders a gateway's conditions by them."""
    for bounds in root.iter("{http://www.omg.org/spec/DD/20100524/DC}Bounds"):
        for side in ("x", "y", "width", "height"):
            if not _NUMBER.fullmatch(bounds.get(side, "0")):
                _refuse(name, bounds, "bad-drawing", f"图形的坐标 {side} 不是数字；请用流程编辑器重新导出")


def _refuse(name: str, where: etree._Element | int | None, rule: str, why: str) -> NoReturn:
    at, element = (line(where), nearest_id(where)) if isinstance(where, etree._Element) else (where, "")
    place = f"{name} 第 {at} 行" if at else name
    raise XmlRefused(f"{place}：{why}", file=name, line=at, element=element, rule=rule, why=why)
