"""Branches: the ways on from a step as its diagram draws them, and what its gateways must read for each to be taken."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from lxml import etree

from config.sentences import said
from engine import expressions, xml
from engine.bundle import Files
from engine.errors import ExpressionFailed, ExpressionInvalid

DEPTH = 6  # exclusive gateways in a row
MOST = 4096  # combinations of values that are tried

Words = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Way:
    """One way on: the flows that gateways choose, or the step's own where none does."""

    flows: tuple[str, ...]
    title: str  # in the diagram's words: 不予受理 → 通知不予受理
    target: str  # the element that it leads to


@dataclass(frozen=True)
class _Flow:
    id: str
    name: str
    target: str
    condition: str


class Branches:
    """The part of a diagram behind one step."""

    def __init__(self, files: Files, process: str, element: str) -> None:
        self._element = element
        self._flows: dict[str, list[_Flow]] = {}
        self._names: dict[str, str] = {}
        self._gateways: dict[str, str] = {}  # exclusive ones, with their default flow
        for drawn in _drawn(files, process):
            for each in drawn.iter(xml.tag("sequenceFlow")):
                told = each.find(xml.tag("conditionExpression"))
                condition = (told.text or "").strip() if told is not None else ""
                flow = _Flow(each.get("id", ""), each.get("name", ""), each.get("targetRef", ""), condition)
                self._flows.setdefault(each.get("sourceRef", ""), []).append(flow)
            for each in drawn.iter():
                if isinstance(each.tag, str) and each.get("id"):
                    self._names[str(each.get("id"))] = each.get("name") or str(each.get("id"))
            for each in drawn.iter(xml.tag("exclusiveGateway")):
                self._gateways[each.get("id", "")] = each.get("default", "")

    def ways(self) -> list[Way]:
        """Every way on, whether or not it can be taken."""
        return list(self._from(self._element, (), ()))

    def leads(self, data: Mapping[str, Any], words: Words) -> tuple[str, ...]:
        """The flows of the way that these data take. Raises ExpressionFailed, ExpressionInvalid."""
        flows = self._flows.get(self._element, [])
        if len(flows) != 1 or flows[0].target not in self._gateways:
            return tuple(flow.id for flow in flows)
        taken: list[str] = []
        place = flows[0].target
        while place in self._gateways and len(taken) < DEPTH:
            chosen = self._chosen(place, data, words)
            if chosen is None:
                raise ExpressionFailed(said("没有一条去向的条件成立"), element=place)
            taken.append(chosen.id)
            place = chosen.target
        return tuple(taken)

    def reads(self, words: Words) -> set[str]:
        """The names that the gateways on any of the ways read."""
        found: set[str] = set()
        for condition in self._conditions():
            found |= expressions.check(condition, words=words)
        return found

    def values(
        self, names: Sequence[str], known: Mapping[str, Sequence[Any]], data: Mapping[str, Any], words: Words
    ) -> dict[tuple[str, ...], dict[str, Any]]:
        """By way, values of these names that lead along it, with the other data as they are.

        Tried are the values that a form offers (`known`), those that the conditions speak of, yes, no and nothing.
        """
        spoken = list(self._constants())
        tried = [[*dict.fromkeys(_keyed([*known.get(name, ()), *spoken, True, False, None]))] for name in names]
        found: dict[tuple[str, ...], dict[str, Any]] = {}
        for combination in islice(product(*tried), MOST):
            given = {name: value for name, (_kind, value) in zip(names, combination, strict=True)}
            try:
                found.setdefault(self.leads({**data, **given}, words), given)
            except (ExpressionFailed, ExpressionInvalid):
                continue
        return found

    def _from(self, place: str, taken: tuple[_Flow, ...], seen: tuple[str, ...]) -> Iterator[Way]:
        flows = self._flows.get(place, [])
        if not taken and (len(flows) != 1 or flows[0].target not in self._gateways):
            targets = "、".join(self._names.get(flow.target, flow.target) for flow in flows)
            if flows:
                yield Way(tuple(flow.id for flow in flows), targets, flows[0].target)
            return
        if not taken and place == self._element:
            place = flows[0].target
        for flow in self._flows.get(place, []):
            way = (*taken, flow)
            if flow.target in self._gateways and flow.target not in seen and len(way) < DEPTH:
                yield from self._from(flow.target, way, (*seen, place))
            else:
                named = [each.name for each in way if each.name]
                title = " → ".join([*named, self._names.get(flow.target, flow.target)])
                yield Way(tuple(each.id for each in way), title, flow.target)

    def _chosen(self, gateway: str, data: Mapping[str, Any], words: Words) -> _Flow | None:
        default = self._gateways[gateway]
        for flow in self._flows.get(gateway, []):
            if flow.id != default and flow.condition and expressions.evaluate(flow.condition, data, words) is True:
                return flow
        return next((flow for flow in self._flows.get(gateway, []) if flow.id == default), None)

    def _conditions(self) -> Iterator[str]:
        ids = {flow for way in self.ways() for flow in way.flows}
        gateways = [place for place, flows in self._flows.items() if any(flow.id in ids for flow in flows)]
        for place in gateways:
            yield from (flow.condition for flow in self._flows[place] if flow.condition)

    def _constants(self) -> Iterator[Any]:
        for condition in self._conditions():
            for node in ast.walk(ast.parse(condition, mode="eval")):
                if isinstance(node, ast.Constant) and isinstance(node.value, str | int):
                    yield node.value


def _keyed(values: Sequence[Any]) -> list[tuple[str, Any]]:
    """With their kinds, so that 1 and True are two."""
    return [(type(value).__name__, value) for value in values]


def _drawn(files: Files, process: str) -> Iterator[etree._Element]:
    for name, content in sorted(files.items()):
        if name.endswith(".bpmn"):
            yield from (each for each in xml.read(name, content).iter(xml.tag("process")) if each.get("id") == process)
