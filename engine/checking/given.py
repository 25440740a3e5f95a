"""What a trial is given in the place of people, records and other cases: start data, answers, messages."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from config.errors import JiqunError
from engine import clock, conventions, expressions, panels, specimens, vocabulary, xml
from engine.errors import FormInvalid, Refused
from engine.forms import Form
from engine.forms.kinds import kind_of, shape_of
from engine.instance.journal import Step
from engine.lint.surroundings import Surroundings, listed

# What an act gives beside the form's answers; a test holds that every act that gives anything stands here.
ACTS: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = MappingProxyType(
    {
        "convene_panel": ({"seats": {"1": 11, "2": 12}, "all_seats": {"1": 11, "2": 12}, "chair": 11},),
        "give_opinion": ({"scored": 11},),
        "open_opinions": ({"seats": {"1": 11}, "all_seats": {"1": 11, "2": 12}},),
        "take_stance": ({"concurred": 11},),
        "draw_sample": (
            {"sampled": [1], "drawn_from": [1]},
            {"sampled": [], "drawn_from": [1]},
            {"sampled": [], "drawn_from": []},
        ),
        "decide_visit": ({"sample": {"cases": [1], "listed": [1]}}, {"sample": {"cases": [], "listed": [1]}}),
        "arrange_inspection": ({"lead": 21},),
    }
)
# What another page than the step's own form does to it: an expert who has the step is replaced.
BESIDE: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = MappingProxyType(
    {"declare_interest": ({"decision": panels.REPLACED},), "give_opinion": ({"decision": panels.REPLACED},)}
)
THINGS: Final[specimens.Things] = MappingProxyType({"case": [1, 2], "member": [1, 2, 3, 4, 5], "file": ["0" * 32]})
MOST: Final = 16  # ways to answer one step, or contents of one message
_LISTS: Final[tuple[Any, ...]] = ([1], [], None)  # of cases, in a message
_ACTED: Final = {name: [act[name] for act in acts] for acts in ACTS.values() for name in acts[0]}
_NUMBER: Final = re.compile(r"(?<![\w.])\d{1,9}(?![\w.])", re.ASCII)
_IDS: Final = frozenset({"case", "member"})


class Given:
    """The sample data of one bundle."""

    def __init__(self, around: Surroundings, at: datetime) -> None:
        self._around = around
        self._answered: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
        self.unwritable: dict[str, str] = {}  # form → why nobody can fill it in
        self._at = at

    def starts(self, process: str) -> list[dict[str, Any]]:
        """What a case begins with: for a county and for a park."""
        office = {conventions.OFFICE: "bureau"} if self._around.asks_office(process) else {}
        closes_at = (self._at + timedelta(days=30)).isoformat()
        same = {"case_id": 1, "round_id": 1, "cluster_id": 1, "closes_at": closes_at, **office}
        return [{**same, "applicant_level": level} for level in conventions.OFFICERS]

    def answers(self, step: Step) -> list[Mapping[str, Any]]:
        """The variables that a step may leave behind, each by answers that its form takes."""
        about = step.properties
        asked = (about.get("form", ""), about.get("variables", ""), about.get("does", ""))
        if asked not in self._answered:
            written = list(itertools.islice(self._written(asked[0], listed(asked[1])), MOST))
            acts = ACTS.get(asked[2], ({},))
            beside = BESIDE.get(asked[2], ())
            self._answered[asked] = [*({**each, **act} for act in acts for each in written), *beside]
        return self._answered[asked]

    def payloads(self, message: str) -> list[Any]:
        """What a message may bring: every content that a throw of it in this bundle can work out."""
        return self._payloads.get(message) or [None]

    def _written(self, name: str, variables: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        form = self._around.forms.get(name)
        if form is None:
            yield dict.fromkeys(variables)
            return
        known = [variable for variable in variables if variable in form.fields()]
        found, refused = False, ""
        for values in itertools.islice(
            itertools.product(*(self._values(form, variable) for variable in known)), 4 * MOST
        ):
            said = {variable: value for variable, value in zip(known, values, strict=True) if value is not None}
            answers, why = self._filled_in(form, said)
            refused = refused or why
            if answers is not None:
                found = True
                yield {variable: answers.get(variable) for variable in variables}
        if not found:
            self.unwritable[name] = refused
            yield dict.fromkeys(variables)

    def _filled_in(self, form: Form, said: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
        """Answers with these among them, and with what a rule wants beside them; or why the form takes none."""
        refused = ""
        for more in itertools.chain([{}], self._beside(form, said)):
            try:
                with clock.replaced_by(lambda: self._at):
                    return specimens.answers(form, {**more, **said}, things=THINGS), ""
            except (FormInvalid, Refused) as error:
                refused = refused or _first(error)
        return None, refused

    def _beside(self, form: Form, said: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Each other choice that the form has, and each other list filled: one at a time."""
        if not said:
            return
        for name in sorted(form.fields() - said.keys()):
            schema = form.document["properties"][name]
            if "enum" in schema:
                yield from ({name: choice} for choice in schema["enum"])
            elif shape_of(schema) in {"table", "list"}:
                yield {name: specimens.one(form, name, things=THINGS)}

    def _values(self, form: Form, name: str) -> list[Any]:
        """What may be written in a field; None leaves it to a specimen."""
        schema = form.document["properties"][name]
        if "enum" in schema:
            return list(schema["enum"])
        kind, shape = kind_of(schema), shape_of(schema)
        if kind == "yes_no":
            return [True, False]
        if shape == "list":
            inner = kind_of(schema["items"])
            return [THINGS[inner][:1], []] if inner in _IDS else [None]
        if kind in {"whole", "decimal", "percent"}:
            return [None, *(str(each) if kind != "whole" else each for each in self._near(name))]
        return [None]

    def _near(self, name: str) -> list[int]:
        """Numbers at, above and below those that stand beside this name in an expression."""
        beside = [text for text in self._expressions if re.search(rf"\b{re.escape(name)}\b", text)]
        found = {int(number) for text in beside for number in _NUMBER.findall(text)}
        return sorted({each + step for each in found for step in (-1, 0, 1) if each + step >= 0})

    @cached_property
    def _expressions(self) -> list[str]:
        tags = (xml.tag("conditionExpression"), f"{{{xml.SPIFF}}}messagePayload")
        found = [each.text or "" for root in self._around.diagrams.values() for each in root.iter(*tags)]
        return found + [
            text.text or ""
            for root in self._around.tables.values()
            for text in root.iter("{*}inputExpression", "{*}text")
        ]

    @cached_property
    def _payloads(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for root in self._around.diagrams.values():
            names = {each.get("id"): each.get("name", "") for each in root.iter(xml.tag("message"))}
            for definition in root.iter(xml.tag("messageEventDefinition")):
                for said in definition.iter(f"{{{xml.SPIFF}}}messagePayload"):
                    known = found.setdefault(names.get(definition.get("messageRef"), ""), [])
                    known += [each for each in self._worked_out(said.text or "") if each not in known]
        return found

    def _worked_out(self, expression: str) -> Iterator[Any]:
        try:
            names = sorted(expressions.check(expression, words=vocabulary.WORDS))
        except JiqunError:
            return
        found = []
        rows = itertools.product(*(_ACTED.get(name, _LISTS) for name in names))
        for values in itertools.islice(rows, MOST * MOST):
            try:
                answer = expressions.evaluate(expression, dict(zip(names, values, strict=True)), self._around.words)
            except JiqunError:
                continue
            if answer not in found:
                found.append(answer)
        yield from found[:MOST]


def _first(error: JiqunError) -> str:
    if isinstance(error, FormInvalid) and error.problems:
        return f"{error.problems[0].field} {error.problems[0].message}"
    return error.message
