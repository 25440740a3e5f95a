"""Diagrams as they are drawn, for people to look at: steps in reading order, lanes, and the flows between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from engine import conventions, xml
from engine.bundle import Files

_DI = "http://www.omg.org/spec/BPMN/20100524/DI"
_DC = "http://www.omg.org/spec/DD/20100524/DC"


@dataclass(frozen=True)
class Node:
    """A step, an event or a gateway."""

    id: str
    name: str  # the id where the drawing has no words
    kind: str  # BPMN's own: userTask, exclusiveGateway …
    lane: str  # whose step it is, in the diagram's words
    calls: str = ""  # the process a call activity runs
    host: str = ""  # the step a boundary event sits on
    interrupts: bool = True  # whether that event ends its host
    message: str = ""  # what a catching event waits for
    timer: bool = False  # it waits for a moment
    roles: frozenset[str] = frozenset()  # who may do the step


@dataclass(frozen=True)
class Flow:
    id: str
    name: str
    source: str
    target: str


@dataclass(frozen=True)
class Diagram:
    """One process. `nodes` are in reading order: from left to right as they are drawn."""

    process: str
    name: str
    text: str  # the whole file, for a viewer
    nodes: Mapping[str, Node]
    flows: tuple[Flow, ...]


def of(files: Files) -> dict[str, Diagram]:
    """The diagrams of a deployment by their process."""
    found: dict[str, Diagram] = {}
    for name, content in sorted(files.items()):
        if name.endswith(".bpmn"):
            found |= {diagram.process: diagram for diagram in _read(name, content)}
    return found


def in_order(diagrams: Mapping[str, Diagram]) -> Iterator[Diagram]:
    """Each diagram that a case may come to, before those that it calls, which follow in the order of the calls."""
    called = {node.calls for diagram in diagrams.values() for node in diagram.nodes.values()}
    queue, seen = [*conventions.BEGUN, *sorted(diagrams.keys() - called)], set[str]()
    while queue:
        process = queue.pop(0)
        if process in diagrams and process not in seen:
            seen.add(process)
            yield diagrams[process]
            queue = [node.calls for node in diagrams[process].nodes.values() if node.calls] + queue


def within(diagrams: Mapping[str, Diagram], process: str, path: str) -> Diagram | None:
    """The diagram in which the elements of an instance path stand: "publicity/" is what `publicity` calls."""
    diagram = diagrams.get(process)
    for part in path.split("/")[:-1]:
        node = diagram.nodes.get(part.partition("[")[0]) if diagram else None
        if diagram is None or (node is None and not part.startswith("[")):
            return None
        if node is not None and node.calls:
            diagram = diagrams.get(node.calls)
    return diagram


@lru_cache(maxsize=256)
def _read(name: str, content: bytes) -> tuple[Diagram, ...]:
    root = xml.read(name, content)
    places = {shape.get("bpmnElement", ""): _place(shape) for shape in root.iter(f"{{{_DI}}}BPMNShape")}
    messages = {message.get("id", ""): message.get("name", "") for message in root.iter(xml.tag("message"))}
    return tuple(
        Diagram(
            process=process.get("id", ""),
            name=process.get("name", "") or process.get("id", ""),
            text=content.decode("utf-8", "replace"),
            nodes={
                node.id: node
                for node in sorted(_nodes(process, messages), key=lambda node: places.get(node.id, (0.0, 0.0)))
            },
            flows=tuple(
                Flow(flow.get("id", ""), flow.get("name", ""), flow.get("sourceRef", ""), flow.get("targetRef", ""))
                for flow in process.iter(xml.tag("sequenceFlow"))
            ),
        )
        for process in root.iter(xml.tag("process"))
    )


def _nodes(process: etree._Element, messages: Mapping[str, str]) -> Iterator[Node]:
    lanes = {
        (reference.text or "").strip(): lane.get("name", "")
        for lane in process.iter(xml.tag("lane"))
        for reference in lane.iter(xml.tag("flowNodeRef"))
    }
    for element in process.iter():
        if not isinstance(element.tag, str) or not xml.is_flow_node(element):
            continue
        own = element.get("id", "")
        waits = element.find(xml.tag("messageEventDefinition"))
        yield Node(
            id=own,
            name=element.get("name") or own,
            kind=xml.local(element),
            lane=lanes.get(own, ""),
            calls=element.get("calledElement", ""),
            host=element.get("attachedToRef", ""),
            interrupts=element.get("cancelActivity") != "false",
            message=messages.get(waits.get("messageRef", ""), "") if waits is not None else "",
            timer=element.find(xml.tag("timerEventDefinition")) is not None,
            roles=frozenset(_roles(element)),
        )


def _roles(element: etree._Element) -> Iterator[str]:
    for given in element.iterfind(f"{xml.tag('extensionElements')}/*/{{{xml.SPIFF}}}property[@name='role']"):
        yield from (role.strip() for role in given.get("value", "").split(","))


def _place(shape: etree._Element) -> tuple[float, float]:
    bounds = shape.find(f"{{{_DC}}}Bounds")
    return (0.0, 0.0) if bounds is None else (float(bounds.get("x", "0")), float(bounds.get("y", "0")))
