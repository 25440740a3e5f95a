"""The shipped diagrams as drawings: what a clerk sees in any modeller is whole, legible and Chinese."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree

import processes
from engine import bundle, lint

FOLDER = Path(processes.__file__).parent
SHIPPED = sorted(FOLDER.rglob("*.bpmn"))
COMMON = {"application", "round", "publicity", "publication", "expert_review", "site_inspection"}

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
NS = {
    "bpmn": BPMN[1:-1],
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

Point = tuple[float, float]


class Box(NamedTuple):
    """Where something is drawn, in pixels, from the upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def holds(self, inner: "Box") -> bool:
        return (
            self.x <= inner.x
            and self.y <= inner.y
            and inner.x + inner.width <= self.x + self.width
            and inner.y + inner.height <= self.y + self.height
        )

    def overlaps(self, other: "Box") -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True)
class Drawing:
    """A diagram: its elements and where they stand."""

    stem: str
    root: etree._Element

    @cached_property
    def process(self) -> etree._Element:
        (process,) = self.root.findall("bpmn:process", NS)
        return process

    @cached_property
    def lanes(self) -> list[etree._Element]:
        return self.process.findall("bpmn:laneSet/bpmn:lane", NS)

    @cached_property
    def flows(self) -> list[etree._Element]:
        return self.process.findall("bpmn:sequenceFlow", NS)

    @cached_property
    def nodes(self) -> dict[str, etree._Element]:
        others = {f"{BPMN}{tag}" for tag in ("documentation", "extensionElements", "laneSet", "sequenceFlow")}
        return {node.get("id"): node for node in self.process if node.tag not in others}

    @cached_property
    def boxes(self) -> dict[str, Box]:
        return {shape.get("bpmnElement"): _box(shape.find("dc:Bounds", NS)) for shape in self._drawn("BPMNShape")}

    @cached_property
    def routes(self) -> dict[str, list[Point]]:
        return {
            edge.get("bpmnElement"): [(float(p.get("x")), float(p.get("y"))) for p in edge.findall("di:waypoint", NS)]
            for edge in self._drawn("BPMNEdge")
        }

    @cached_property
    def labels(self) -> dict[str, Box]:
        drawn = [*self._drawn("BPMNShape"), *self._drawn("BPMNEdge")]
        places = {thing.get("bpmnElement"): thing.find("bpmndi:BPMNLabel/dc:Bounds", NS) for thing in drawn}
        return {element: _box(bounds) for element, bounds in places.items() if bounds is not None}

    def kind(self, element: str) -> str:
        return self.nodes[element].tag.removeprefix(BPMN)

    def _drawn(self, kind: str) -> list[etree._Element]:
        return self.root.findall(f"bpmndi:BPMNDiagram/bpmndi:BPMNPlane/bpmndi:{kind}", NS)


def _box(bounds: etree._Element) -> Box:
    return Box(*(float(bounds.get(side)) for side in ("x", "y", "width", "height")))


# ---- what makes a drawing a good one: each check yields what is wrong ----------------------------


def names(drawing: Drawing) -> Iterator[str]:
    """People read Chinese everywhere; ways out of a question say which answer they are."""
    (pool,) = drawing.root.findall("bpmn:collaboration/bpmn:participant", NS)
    splits = {node for node in drawing.nodes if drawing.kind(node) == "exclusiveGateway"}
    answers = [flow for flow in drawing.flows if flow.get("sourceRef") in splits]
    for thing in [pool, drawing.process, *drawing.lanes, *drawing.nodes.values(), *answers]:
        name = thing.get("name", "")
        if not CHINESE.search(name) or re.search(r"[A-Za-z_]", name):
            yield f"{thing.get('id')}: name {name!r}"


def identifiers(drawing: Drawing) -> Iterator[str]:
    """Ids are English snake_case and unlike those of effects; the process is called like its file."""
    if drawing.process.get("id") != drawing.stem:
        yield f"process {drawing.process.get('id')} in {drawing.stem}.bpmn"
    ids = [element.get("id", "") for element in drawing.root.iter(f"{BPMN}*", "{*}BPMNShape", "{*}BPMNEdge")]
    yield from (f"id {name}" for name in ids if name and not SNAKE_CASE.fullmatch(name))
    # SpiffWorkflow looks a flow's target up by its id alone, and would take an operator or parameter for the step.
    operations = {e.get("id") for e in drawing.root.iter("{*}serviceTaskOperator", "{*}parameter")}
    yield from (f"{name} is an effect's name, too" for name in drawing.nodes if name in operations)


def links(drawing: Drawing) -> Iterator[str]:
    """What a node says about its flows is what the flows say."""
    for element, node in drawing.nodes.items():
        for side, end in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
            said = sorted(link.text or "" for link in node.findall(f"bpmn:{side}", NS))
            if said != sorted(flow.get("id") for flow in drawing.flows if flow.get(end) == element):
                yield f"{element}: {side} {said}"


def lanes(drawing: Drawing) -> Iterator[str]:
    """Lanes are bands of one width below each other; every node belongs to one and stands inside it."""
    (pool,) = drawing.root.findall("bpmn:collaboration/bpmn:participant", NS)
    whole = drawing.boxes[pool.get("id")]
    bands = {lane.get("id"): drawing.boxes[lane.get("id")] for lane in drawing.lanes}
    if {(b.x, b.x + b.width) for b in bands.values()} != {(whole.x + 30, whole.x + whole.width)}:
        yield "lanes and pool differ in width"
    tops = [whole.y, *(band.y + band.height for band in bands.values())]
    if [band.y for band in bands.values()] != tops[:-1] or tops[-1] != whole.y + whole.height:
        yield "lanes leave a gap"
    home = [(ref.text, lane.get("id")) for lane in drawing.lanes for ref in lane.findall("bpmn:flowNodeRef", NS)]
    if sorted(element or "" for element, _ in home) != sorted(drawing.nodes):
        yield "not every node is in one lane"
    yield from (f"{node} outside {lane}" for node, lane in home if not bands[lane].holds(drawing.boxes[node or ""]))


def shapes(drawing: Drawing) -> Iterator[str]:
    """Every node is drawn, and nothing covers anything but a boundary event its own step."""
    if missing := set(drawing.nodes) - set(drawing.boxes):
        yield f"not drawn: {sorted(missing)}"
    for one, other in combinations(sorted(set(drawing.nodes) & set(drawing.boxes)), 2):
        attached = other == drawing.nodes[one].get("attachedToRef") or one == drawing.nodes[other].get("attachedToRef")
        if not attached and drawing.boxes[one].overlaps(drawing.boxes[other]):
            yield f"{one} covers {other}"


def edges(drawing: Drawing) -> Iterator[str]:
    """Flows run upright or level from border to border, and around every other shape."""
    for flow in drawing.flows:
        element, ends = flow.get("id"), (flow.get("sourceRef"), flow.get("targetRef"))
        route = drawing.routes.get(element, [])
        if len(route) < 2:
            yield f"{element}: no waypoints"
            continue
        for end, point in zip(ends, (route[0], route[-1]), strict=True):
            if not _on_border(drawing.kind(end), drawing.boxes[end], point):
                yield f"{element}: does not touch {end}"
        for (x0, y0), (x1, y1) in pairwise(route):
            if (x0 == x1) == (y0 == y1):
                yield f"{element}: runs aslant"
            inked = Box(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
            yield from (f"{element}: crosses {node}" for node in drawing.nodes if inked.overlaps(drawing.boxes[node]))


def labels(drawing: Drawing) -> Iterator[str]:
    """Names that stand beside a shape are placed, in free room and apart from each other."""
    beside = {node for node in drawing.nodes if drawing.kind(node).endswith(("Event", "Gateway"))}
    beside |= {flow.get("id") for flow in drawing.flows if flow.get("name")}
    if missing := beside - set(drawing.labels):
        yield f"no place for the names of {sorted(missing)}"
    for element, place in drawing.labels.items():
        yield from (
            f"{element}: its name lies on {node}" for node in drawing.nodes if place.overlaps(drawing.boxes[node])
        )
    for one, other in combinations(sorted(drawing.labels), 2):
        if drawing.labels[one].overlaps(drawing.labels[other]):
            yield f"the names of {one} and {other} overlap"


def instructions(drawing: Drawing) -> Iterator[str]:
    """A person's step says who, with which form, how it is done, and what happens if it is not."""
    for element, node in drawing.nodes.items():
        if drawing.kind(element) == "userTask":
            said = {p.get("name"): p.get("value") for p in node.iterfind(".//spiffworkflow:property", NS)}
            said["instructions"] = node.findtext("bpmn:documentation", "", NS)
            if missing := [key for key in ("form", "role", "at", "consequence", "instructions") if not said.get(key)]:
                yield f"{element}: says nothing of {missing}"
            strange = [key for key in ("consequence", "instructions") if not CHINESE.search(said.get(key) or "中")]
            yield from (f"{element}: {key}" for key in strange)


def _on_border(kind: str, box: Box, point: Point) -> bool:
    """Whether a flow that ends here touches the outline: a diamond, a circle or a rectangle."""
    right, down = point[0] - box.x - box.width / 2, point[1] - box.y - box.height / 2
    if kind.endswith("Gateway"):
        return abs(abs(right) / (box.width / 2) + abs(down) / (box.height / 2) - 1) < 0.05
    if kind.endswith("Event"):
        return abs((right**2 + down**2) ** 0.5 - box.width / 2) < 1
    across, along = abs(right) - box.width / 2, abs(down) - box.height / 2
    return max(across, along) == 0


Check = Callable[[Drawing], Iterator[str]]
CHECKS: list[Check] = [names, identifiers, links, lanes, shapes, edges, labels, instructions]


def test_the_common_diagrams_are_shipped() -> None:
    assert {path.stem for path in SHIPPED if path.parent == FOLDER} >= COMMON


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_shipped_diagram_is_drawn_for_people(path: Path, check: Check) -> None:
    assert list(check(Drawing(path.stem, etree.fromstring(path.read_bytes())))) == []


@pytest.mark.parametrize("regime", bundle.regimes())
def test_a_regimes_diagrams_leave_the_linter_nothing_to_say(regime: str) -> None:
    assert [str(found) for found in lint.problems(bundle.shipped(regime)) if found.file.endswith(".bpmn")] == []


# A small drawing without fault, and the same spoilt in one place: (check, text, what it becomes, what the check says).
SOUND = """<bpmn:definitions NAMESPACES id="survey_definitions">
<bpmn:collaboration id="survey_pools"><bpmn:participant id="pool" name="调查" processRef="survey"/></bpmn:collaboration>
<bpmn:process id="survey" name="调查">
<bpmn:laneSet id="bands">
<bpmn:lane id="top" name="县级"><bpmn:flowNodeRef>begun</bpmn:flowNodeRef></bpmn:lane>
<bpmn:lane id="low" name="市级"><bpmn:flowNodeRef>answer</bpmn:flowNodeRef></bpmn:lane>
</bpmn:laneSet>
<bpmn:startEvent id="begun" name="开始"><bpmn:outgoing>ask</bpmn:outgoing></bpmn:startEvent>
<bpmn:userTask id="answer" name="答复"><bpmn:documentation>请答复。</bpmn:documentation><bpmn:extensionElements>
<spiffworkflow:properties><spiffworkflow:property name="form" value="answer"/>
<spiffworkflow:property name="role" value="bureau_officer"/><spiffworkflow:property name="at" value="bureau"/>
<spiffworkflow:property name="consequence" value="不答复的，列为逾期。"/></spiffworkflow:properties>
</bpmn:extensionElements><bpmn:incoming>ask</bpmn:incoming></bpmn:userTask>
<bpmn:sequenceFlow id="ask" name="询问" sourceRef="begun" targetRef="answer"/>
</bpmn:process>
<bpmndi:BPMNDiagram id="drawing"><bpmndi:BPMNPlane id="plane" bpmnElement="survey_pools">
<bpmndi:BPMNShape id="pool_di" bpmnElement="pool"><dc:Bounds x="0" y="0" width="400" height="240"/></bpmndi:BPMNShape>
<bpmndi:BPMNShape id="top_di" bpmnElement="top"><dc:Bounds x="30" y="0" width="370" height="120"/></bpmndi:BPMNShape>
<bpmndi:BPMNShape id="low_di" bpmnElement="low"><dc:Bounds x="30" y="120" width="370" height="120"/></bpmndi:BPMNShape>
<bpmndi:BPMNShape id="begun_di" bpmnElement="begun"><dc:Bounds x="60" y="42" width="36" height="36"/>
<bpmndi:BPMNLabel><dc:Bounds x="66" y="85" width="24" height="14"/></bpmndi:BPMNLabel></bpmndi:BPMNShape>
<bpmndi:BPMNShape id="answer_di" bpmnElement="answer">
<dc:Bounds x="200" y="140" width="100" height="80"/></bpmndi:BPMNShape>
<bpmndi:BPMNEdge id="ask_di" bpmnElement="ask"><di:waypoint x="96" y="60"/><di:waypoint x="250" y="60"/>
<di:waypoint x="250" y="140"/><bpmndi:BPMNLabel><dc:Bounds x="120" y="42" width="24" height="14"/></bpmndi:BPMNLabel>
</bpmndi:BPMNEdge></bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>""".replace(
    "NAMESPACES", " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NS.items())
)
SPOILT = [
    (names, 'name="答复"', 'name="Task 答复"', "answer: name 'Task 答复'"),
    (names, 'id="top" name="县级"', 'id="top"', "top: name ''"),
    (identifiers, 'process id="survey"', 'process id="survey2023"', "process survey2023 in survey.bpmn"),
    (identifiers, 'id="ask_di"', 'id="Flow_1"', "id Flow_1"),
    (
        identifiers,
        "</bpmn:extensionElements>",
        '<spiffworkflow:parameter id="answer"/></bpmn:extensionElements>',
        "answer is an effect's name, too",
    ),
    (links, "<bpmn:incoming>ask</bpmn:incoming>", "", "answer: incoming []"),
    (lanes, "<bpmn:flowNodeRef>answer</bpmn:flowNodeRef>", "", "not every node is in one lane"),
    (lanes, 'x="200" y="140"', 'x="200" y="110"', "answer outside low"),
    (lanes, 'x="30" y="120" width="370"', 'x="30" y="120" width="360"', "lanes and pool differ in width"),
    (lanes, 'y="120" width="370" height="120"', 'y="130" width="370" height="110"', "lanes leave a gap"),
    (shapes, 'bpmnElement="answer"', 'bpmnElement="nothing"', "not drawn: ['answer']"),
    (shapes, 'x="200" y="140"', 'x="90" y="70"', "answer covers begun"),
    (edges, 'bpmnElement="ask"', 'bpmnElement="nothing"', "ask: no waypoints"),
    (edges, 'x="96" y="60"', 'x="110" y="60"', "ask: does not touch begun"),
    (edges, 'x="250" y="140"', 'x="250" y="150"', "ask: does not touch answer"),
    (edges, 'x="250" y="140"', 'x="260" y="140"', "ask: runs aslant"),
    (edges, 'x="250" y="60"/>', 'x="250" y="60"/><di:waypoint x="250" y="180"/>', "ask: crosses answer"),
    (labels, 'x="66" y="85"', 'x="66" y="50"', "begun: its name lies on begun"),
    (labels, 'x="120" y="42"', 'x="80" y="90"', "the names of ask and begun overlap"),
    (labels, 'bpmnElement="ask"', 'bpmnElement="nothing"', "no place for the names of ['ask']"),
    (instructions, 'name="form" value="answer"', 'name="form" value=""', "answer: says nothing of ['form']"),
    (instructions, "请答复。", "Answer.", "answer: instructions"),
]


def test_a_sound_drawing_passes() -> None:
    assert [found for check in CHECKS for found in check(Drawing("survey", etree.fromstring(SOUND)))] == []


@pytest.mark.parametrize(("check", "text", "becomes", "said"), SPOILT)
def test_a_spoilt_drawing_is_noticed(check: Check, text: str, becomes: str, said: str) -> None:
    assert SOUND.count(text) == 1
    assert said in list(check(Drawing("survey", etree.fromstring(SOUND.replace(text, becomes)))))
