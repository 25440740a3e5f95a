"""Small BPMN texts for tests: say the elements, say the paths, get the bytes of a file.

    Diagram("application").start().user("fill_in", "填写申报表").end().path("filed", "fill_in", "done").text()

Each element stands on lines of its own and `line("fill_in")` is where it begins. `text()` has no drawing (DI) at all,
`text(drawn=True)` has one. What the methods do not offer is written by hand: `raw("<bpmn:complexGateway …/>")`.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{MODEL}" xmlns:spiffworkflow="{SPIFF}"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
    id="definitions" targetNamespace="https://jiqun.example/bpmn">"""


@dataclass
class _Node:
    tag: str
    id: str
    attributes: dict[str, str]
    extensions: list[str] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)  # event definitions, loop characteristics, a sub-process's content
    documentation: str = ""


@dataclass
class _Flow:
    source: str
    target: str
    condition: str | None
    default: bool

    @property
    def id(self) -> str:
        return f"{self.source}_to_{self.target}"


class Diagram:
    """One process that grows element by element. Every method but `text` and `line` gives the diagram back."""

    def __init__(self, process: str = "application", name: str = "集群申报", *, executable: bool = True) -> None:
        self.process, self.name, self.executable = process, name, executable
        self.nodes: list[_Node] = []
        self.flows: list[_Flow] = []
        self.lanes: dict[str, list[str]] = {}
        self.people: list[str] = []  # user tasks
        self.messages: dict[str, str] = {}  # id → name
        self.raws: list[str] = []

    # -- elements ------------------------------------------------------------------------------------------------------

    def start(self, element: str = "filed", name: str = "收到申报", inner: str = "", **properties: str) -> "Diagram":
        return self.node("startEvent", element, name, inner, properties)

    def end(self, element: str = "done", name: str = "办结", inner: str = "") -> "Diagram":
        return self.node("endEvent", element, name, inner)

    def user(
        self,
        element: str,
        name: str = "办理",
        lane: str | None = "市工业和信息化局",
        inner: str = "",
        **properties: str,
    ) -> "Diagram":
        """A person's task; form, role and at have defaults, `form=""` leaves the property away."""
        given = {"form": "opinion", "role": "bureau_officer", "at": "bureau"} | properties
        self.people.append(element)
        if lane is not None:
            self.lanes.setdefault(lane, []).append(element)
        return self.node("userTask", element, name, inner, {key: text for key, text in given.items() if text})

    def exclusive(self, element: str, name: str = "如何处理") -> "Diagram":
        return self.node("exclusiveGateway", element, name)

    def inclusive(self, element: str, name: str = "哪些需要办理") -> "Diagram":
        return self.node("inclusiveGateway", element, name)

    def parallel(self, element: str, name: str = "") -> "Diagram":
        return self.node("parallelGateway", element, name)

    def event_gateway(self, element: str, name: str = "先到先走") -> "Diagram":
        return self.node("eventBasedGateway", element, name)

    def service(self, element: str, operator: str | None, name: str = "通知", **parameters: str) -> "Diagram":
        """An effect; parameters are expressions, so a text carries its own quotes: `template="'accepted'"`."""
        self.node("serviceTask", element, name)
        if operator is not None:
            rows = "".join(
                f'<spiffworkflow:parameter id="{key}" type="str" value="{escape(value)}"/>'
                for key, value in parameters.items()
            )
            self.nodes[-1].extensions.append(
                f'<spiffworkflow:serviceTaskOperator id="{escape(operator)}">'
                f"<spiffworkflow:parameters>{rows}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
            )
        return self

    def decide(self, element: str, decision: str, name: str = "查表") -> "Diagram":
        self.node("businessRuleTask", element, name)
        self.nodes[-1].extensions.append(
            f"<spiffworkflow:calledDecisionId>{escape(decision)}</spiffworkflow:calledDecisionId>"
        )
        return self

    def call(self, element: str, process: str, name: str = "子流程", inner: str = "") -> "Diagram":
        return self.node("callActivity", element, name, inner, calledElement=process)

    def sub(self, element: str, content: "Diagram", name: str = "环节", **attributes: str) -> "Diagram":
        """An embedded sub-process; `content` is a diagram whose own process id does not matter."""
        self.messages |= content.messages
        self.people += content.people
        for lane, ids in content.lanes.items():
            self.lanes.setdefault(lane, []).extend(ids)
        return self.node("subProcess", element, name, content.content(), **attributes)

    def throw(self, element: str, message: str, to: str, payload: str, name: str = "告知") -> "Diagram":
        inner = self._message(
            message, f"<spiffworkflow:messagePayload>{escape(payload)}</spiffworkflow:messagePayload>"
        )
        return self.node("intermediateThrowEvent", element, name, inner, {"to": to})

    def catch(self, element: str, message: str, variable: str, name: str = "等待消息") -> "Diagram":
        inner = self._message(message, f"<spiffworkflow:messageVariable>{variable}</spiffworkflow:messageVariable>")
        return self.node("intermediateCatchEvent", element, name, inner)

    def wait(self, element: str, until: str, name: str = "等待", kind: str = "timeDate") -> "Diagram":
        """A timer on the way; `until` is an expression."""
        return self.node("intermediateCatchEvent", element, name, timer(until, kind))

    def boundary(
        self, element: str, attached_to: str, until: str, name: str = "逾期", interrupting: bool = True
    ) -> "Diagram":
        cancel = "true" if interrupting else "false"
        return self.node("boundaryEvent", element, name, timer(until), attachedToRef=attached_to, cancelActivity=cancel)

    def node(
        self,
        tag: str,
        element: str,
        name: str = "",
        inner: str = "",
        properties: dict[str, str] | None = None,
        **attributes: str,
    ) -> "Diagram":
        """Any flow node: BPMN tag, id, Chinese name, XML inside, our properties, further attributes."""
        node = _Node(tag, element, ({"name": name} if name else {}) | attributes, inner=[inner] if inner else [])
        if properties:
            rows = "".join(
                f'<spiffworkflow:property name="{key}" value="{escape(value)}"/>' for key, value in properties.items()
            )
            node.extensions.append(f"<spiffworkflow:properties>{rows}</spiffworkflow:properties>")
        self.nodes.append(node)
        return self

    def extend(self, xml: str) -> "Diagram":
        """More extension elements for the element said last."""
        self.nodes[-1].extensions.append(xml)
        return self

    def document(self, text: str) -> "Diagram":
        """Instructions for the element said last."""
        self.nodes[-1].documentation = text
        return self

    def copy(self) -> "Diagram":
        """A diagram of its own that begins where this one stands."""
        return deepcopy(self)

    def raw(self, xml: str) -> "Diagram":
        """XML that stands as it is at the end of the process."""
        self.raws.append(xml)
        return self

    # -- flows ---------------------------------------------------------------------------------------------------------

    def path(self, *ids: str) -> "Diagram":
        """Plain flows from each element to the next."""
        for source, target in pairwise(ids):
            self.flow(source, target)
        return self

    def flow(self, source: str, target: str, condition: str | None = None, *, default: bool = False) -> "Diagram":
        """One flow; its id is `source_to_target`. `default` makes it the gateway's way out when nothing else holds."""
        self.flows.append(_Flow(source, target, condition, default))
        return self

    # -- the text ------------------------------------------------------------------------------------------------------

    def text(self, *, drawn: bool = False) -> bytes:
        lanes = [
            "<bpmn:laneSet>",
            *(
                f'<bpmn:lane id="lane_{number}" name="{lane}">'
                + "".join(f"<bpmn:flowNodeRef>{member}</bpmn:flowNodeRef>" for member in members)
                + "</bpmn:lane>"
                for number, (lane, members) in enumerate(self.lanes.items())
            ),
            "</bpmn:laneSet>",
        ]
        rows = [
            HEAD,
            *(f'<bpmn:message id="{key}" name="{name}"/>' for key, name in self.messages.items()),
            f'<bpmn:process id="{self.process}" name="{self.name}" isExecutable="{str(self.executable).lower()}">',
            *(lanes if self.lanes else []),
            self.content(),
            "</bpmn:process>",
            *([self._drawing()] if drawn else []),
            "</bpmn:definitions>",
        ]
        return "\n".join(rows).encode()

    def line(self, element: str) -> int:
        """The line of `text()` on which this element begins."""
        lines = self.text().decode().splitlines()
        return next(number for number, line in enumerate(lines, 1) if f' id="{element}"' in line)

    def content(self) -> str:
        """Nodes, flows and raw XML, as they stand inside a process or sub-process."""
        return "\n".join([*(self._rendered(node) for node in self.nodes), *map(_arrow, self.flows), *self.raws])

    def _rendered(self, node: _Node) -> str:
        default = next((flow.id for flow in self.flows if flow.source == node.id and flow.default), None)
        attributes = node.attributes | ({"default": default} if default else {})
        opening = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
        rows = [
            f'<bpmn:{node.tag} id="{node.id}"{opening}>',
            *([f"<bpmn:documentation>{escape(node.documentation)}</bpmn:documentation>"] if node.documentation else []),
            *(
                [f"<bpmn:extensionElements>{''.join(node.extensions)}</bpmn:extensionElements>"]
                if node.extensions
                else []
            ),
            *(f"<bpmn:incoming>{flow.id}</bpmn:incoming>" for flow in self.flows if flow.target == node.id),
            *(f"<bpmn:outgoing>{flow.id}</bpmn:outgoing>" for flow in self.flows if flow.source == node.id),
            *node.inner,
            f"</bpmn:{node.tag}>",
        ]
        return "\n".join(rows)

    def _message(self, name: str, extension: str) -> str:
        key = f"message_{name}"
        self.messages[key] = name
        return (
            f'<bpmn:messageEventDefinition messageRef="{key}">'
            f"<bpmn:extensionElements>{extension}</bpmn:extensionElements></bpmn:messageEventDefinition>"
        )

    def _drawing(self) -> str:
        shapes = (
            f'<bpmndi:BPMNShape id="{node.id}_di" bpmnElement="{node.id}">'
            f'<dc:Bounds x="{150 * number + 40}" y="120" width="100" height="80"/></bpmndi:BPMNShape>'
            for number, node in enumerate(self.nodes)
        )
        edges = (
            f'<bpmndi:BPMNEdge id="{flow.id}_di" bpmnElement="{flow.id}">'
            f'<di:waypoint x="100" y="160"/><di:waypoint x="200" y="160"/></bpmndi:BPMNEdge>'
            for flow in self.flows
        )
        return "\n".join(
            [
                f'<bpmndi:BPMNDiagram id="drawing"><bpmndi:BPMNPlane id="plane" bpmnElement="{self.process}">',
                *shapes,
                *edges,
                "</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>",
            ]
        )


def timer(expression: str, kind: str = "timeDate") -> str:
    """A timer definition: kind timeDate, timeDuration or timeCycle."""
    return (
        f'<bpmn:timerEventDefinition><bpmn:{kind} xsi:type="bpmn:tFormalExpression">{escape(expression)}</bpmn:{kind}>'
        "</bpmn:timerEventDefinition>"
    )


def for_each(
    collection: str, item: str, *, results: str = "", result: str = "", until: str = "", one_by_one: bool = False
) -> str:
    """Multi-instance marks: one task for each item of a collection, its `result` gathered into `results`.

    SpiffWorkflow's name of an item's variable is the id of its element, so the ids here are variables.
    """
    gathered = f"<bpmn:loopDataOutputRef>{results}</bpmn:loopDataOutputRef>" if results else ""
    produced = f'<bpmn:outputDataItem id="{result}" name="{result}"/>' if result else ""
    stop = f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>" if until else ""
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(one_by_one).lower()}">'
        f"<bpmn:loopDataInputRef>{collection}</bpmn:loopDataInputRef>{gathered}"
        f'<bpmn:inputDataItem id="{item}" name="{item}"/>{produced}{stop}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def _arrow(flow: _Flow) -> str:
    opening = f'<bpmn:sequenceFlow id="{flow.id}" sourceRef="{flow.source}" targetRef="{flow.target}"'
    if flow.condition is None:
        return opening + "/>"
    condition = escape(flow.condition, quote=False)
    return (
        f'{opening}><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
        "</bpmn:sequenceFlow>"
    )
