"""What the token game knows of a diagram: its steps, the ways between them, what each waits for, runs and raises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from lxml import etree

from engine import xml
from engine.bundle import Files
from engine.lint.graph import Scope, scopes

JOINS = {"parallelGateway", "inclusiveGateway"}
RUNS = {"callActivity", "subProcess", "transaction"}
CATCHES = {"intermediateCatchEvent", "receiveTask"}
RACE = "eventBasedGateway"

# Names that an element's expressions read, where a case may lack them: (process or sub-process, element) → names.
Need: TypeAlias = Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True)
class Place:
    """A step, an event or a gateway."""

    id: str
    name: str  # the id where the drawing has no words
    kind: str  # BPMN's own
    targets: tuple[str, ...]  # where its flows lead, in their order
    default: str = ""  # the target of its default flow
    sources: frozenset[str] = frozenset()  # where the flows come from that lead here
    events: tuple[str, ...] = ()  # boundary events that sit on it
    host: str = ""  # of a boundary event: what it sits on
    interrupts: bool = True
    runs: str = ""  # the process that is called, or the sub-process itself
    several: bool = False  # multi-instance
    early: bool = False  # which may be over before all are done
    trigger: str = ""  # timer, message, signal, error, escalation, terminate, cancel
    name_of_trigger: str = ""  # of a message or a signal; of an error or an escalation its code
    writes: frozenset[str] = frozenset()  # variables that are there once it is done

    @property
    def waits(self) -> bool:
        """Does a token stop here until something happens that no person does?"""
        return self.kind in CATCHES or self.kind == RACE or (self.kind == "startEvent" and self.trigger != "")


@dataclass(frozen=True)
class Net:
    """One process or sub-process."""

    id: str
    start: str
    places: Mapping[str, Place] = field(hash=False)
    throws: frozenset[str] = frozenset()  # signals that something in the same file sends


def nets(files: Files) -> dict[str, Net]:
    """The processes and sub-processes of a bundle by their ids. Raises XmlRefused."""
    found: dict[str, Net] = {}
    for name, content in sorted(files.items()):
        if name.endswith(".bpmn"):
            found |= _read(name, content)
    return found


@lru_cache(maxsize=256)
def _read(name: str, content: bytes) -> dict[str, Net]:
    root = xml.read(name, content)
    named = {each.get("id", ""): each for each in root.iter() if isinstance(each.tag, str) and each.get("id")}
    found = {}
    for scope in scopes(root):
        own = scope.element.get("id", "")
        starts = scope.of_kind("startEvent")
        places = {node: _place(scope, node, named) for node in scope.nodes}
        thrown = {
            place.name_of_trigger
            for place in places.values()
            if place.trigger == "signal" and place.kind in {"intermediateThrowEvent", "endEvent"}
        }
        found[own] = Net(own, starts[0] if starts else "", places, frozenset(thrown))
    return found


def _place(scope: Scope, node: str, named: Mapping[str, etree._Element]) -> Place:
    element, kind = scope.nodes[node], scope.kind(node)
    flows = scope.outgoing[node]
    default = next((flow for flow in flows if flow.get("id") == element.get("default")), None)
    marks = element.find(xml.tag("multiInstanceLoopCharacteristics"))
    trigger, name = _trigger(element, named)
    return Place(
        id=node,
        name=element.get("name") or node,
        kind=kind,
        targets=tuple(flow.get("targetRef", "") for flow in flows),
        default="" if default is None else default.get("targetRef", ""),
        sources=frozenset(flow.get("sourceRef", "") for flow in scope.incoming[node]),
        events=tuple(scope.attached[node]),
        host=element.get("attachedToRef", ""),
        interrupts=element.get("cancelActivity") != "false",
        runs={"callActivity": element.get("calledElement", "")}.get(kind, node if kind in RUNS else ""),
        several=marks is not None,
        early=marks is not None and marks.find(xml.tag("completionCondition")) is not None,
        trigger=trigger,
        name_of_trigger=name,
        writes=frozenset(_written(element, marks)),
    )


def _trigger(element: etree._Element, named: Mapping[str, etree._Element]) -> tuple[str, str]:
    for child in element:
        kind = xml.local(child)
        if not kind.endswith("EventDefinition"):
            continue
        short = kind.removesuffix("EventDefinition")
        referred = named.get(child.get(f"{short}Ref", ""))
        given = [] if referred is None else [referred.get(key) for key in (f"{short}Code", "name", "id")]
        code = next((each for each in given if each), "")
        return short, code
    return "", ""


def _written(element: etree._Element, marks: etree._Element | None) -> set[str]:
    """What the step itself puts into the data: variables of its form, of a message, of a decision."""
    found: set[str] = set()
    for row in element.iterfind(f"{xml.tag('extensionElements')}/*/{{{xml.SPIFF}}}property"):
        if row.get("name") == "variables":
            found |= {part.strip() for part in row.get("value", "").split(",") if part.strip()}
    for variable in element.iter(f"{{{xml.SPIFF}}}messageVariable"):
        found.add((variable.text or "").strip())
    results = None if marks is None else marks.findtext(xml.tag("loopDataOutputRef"))
    return found | ({results} if results else set())
