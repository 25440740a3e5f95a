"""Forms: one JSON Schema file each; answers come back normalised, or with everything that is wrong with them."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from engine.errors import BundleInvalid, FormInvalid
from engine.forms import messages as form_messages
from engine.forms import profile as form_profile
from engine.forms import rules as form_rules
from engine.forms import scores as form_scores
from engine.forms.kinds import FORMATS, NOTHING, Schema, inlined, read, reserved

MAX_BYTES = 1_000_000  # of posted text and keys, as UTF-8
MAX_NODES = 50_000
MAX_DEPTH = 4  # answers, table, row, cell
MAX_PROBLEMS = 500  # more of them help nobody

# Control characters, halves of surrogate pairs, marks that turn the direction of writing: nobody can read them.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

form_problems = form_profile.problems


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an answer. `field` is its path: "cluster_name", "enterprises[3].output_1"."""

    field: str
    code: str  # stable, for machines
    message: str  # for the person who fills in: what is wrong and the way out


@lru_cache(maxsize=256)
def parse(content: bytes) -> "Form":
    """The form of a file of a deployment. Raises BundleInvalid where the file leaves the profile."""
    found = form_problems(content)
    if found:
        raise BundleInvalid([f"{pointer or '/'}：{message}" for pointer, message in found])
    return Form(content)


class Form:
    """表单: its fields, and what they ask of the answers."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        document = form_profile.read(content)
        self.title: str = document["title"]
        self._fields: dict[str, Schema] = {name: inlined(schema) for name, schema in document["properties"].items()}
        self._required: list[str] = document.get("required", [])
        self._rules: list[Mapping[str, Any]] = document.get("x-rules", [])

    @property
    def document(self) -> dict[str, Any]:
        """The file's JSON Schema as it is given to pages and programs; a fresh copy."""
        document: dict[str, Any] = json.loads(self._content)
        return document

    def fields(self) -> set[str]:
        """The names of the answers."""
        return set(self._fields)

    def title_of(self, field: str) -> str:
        """What people call a field; a name that this form does not have stays as it is."""
        return str(self._fields[field]["title"]) if field in self._fields else field

    def points_to(self) -> dict[str, str]:
        """The answers that name a field of another form: "field" or "table.column" → that form's id."""
        found: dict[str, str] = {}
        for name, schema in self._fields.items():
            columns = schema.get("items", schema).get("properties", {})
            for path, part in ((name, schema), *((f"{name}.{column}", part) for column, part in columns.items())):
                if part.get("x-ui", {}).get("widget") == "field_of":
                    found[path] = part["x-ui"]["form"]
        return found

    def besides(self) -> dict[str, tuple[str, list[str]]]:
        """The fields beside which filed answers are shown: name → the form they were filed in, and its fields."""
        besides = {name: schema.get("x-ui", {}).get("beside") for name, schema in self._fields.items()}
        return {name: (words["form"], list(words["fields"])) for name, words in besides.items() if words}

    def choices(self, field: str) -> list[str]:
        """The values a field of one choice may have; empty for every other field."""
        return list(self._fields[field].get("enum", []))

    def label_of(self, field: str, value: str) -> str:
        """What people call one of the choices of a field; a value that it does not have stays as it is."""
        return str(self._fields[field].get("x-ui", {}).get("choices", {}).get(value, value))

    @property
    def has_facts(self) -> bool:
        """Whether its answers can be held against the criteria (`facts`)."""
        return any("x-fact" in schema for schema in self._fields.values())

    def field(self, name: str) -> Schema:
        """A field's schema with its kinds written out: what its answers are read by."""
        return self._fields[name]

    @property
    def returns(self) -> bool:
        """Whether a task with this form can be handed back: its decision may be "return"."""
        return "decision" in self._fields and "return" in self.choices("decision")

    def asked(self, answers: Mapping[str, Any]) -> set[str]:
        """The names of the fields that these answers, a draft's as well, ask for: no other answer hides them."""
        return set(self._visible(self._read(answers)))

    def clean(self, data: Any) -> dict[str, Any]:
        """The answers as they are kept: text folded, decimals as exact text, lists never missing, form's order.

        Fields that the other answers hide take no part: they are not asked for, and an answer given to one is refused.
        Raises FormInvalid with every problem, the first one of each answer, up to 500.
        """
        problems = _bounded(data)
        answers = self._read(data)
        visible = self._visible(answers)
        for name in self._fields.keys() - visible.keys():
            if answers.pop(name, None) not in (None, [], {}):
                problems.setdefault(name, Problem(name, "hidden_field", form_messages.hidden(self._label(name))))
        for name, schema in visible.items():
            if schema.get("type") == "array":
                answers.setdefault(name, [])
            elif schema.get("type") == "object" and name in self._required:
                answers.setdefault(name, {})  # so that each missing part is asked for by its own name
        for error in self._errors(answers, visible):
            for problem in _explained(error, visible):
                problems.setdefault(problem.field, problem)
        for problem in self._broken_rules(self._rules, answers, visible, {_top(path) for path in problems}):
            problems.setdefault(problem.field, problem)
        if problems:
            place = {name: number for number, name in enumerate(self._fields)}
            in_order = sorted(problems.values(), key=lambda problem: place.get(_top(problem.field), len(place)))
            raise FormInvalid(in_order[:MAX_PROBLEMS])
        return {name: _plain(answers[name]) for name in self._fields if name in answers}

    def draft(self, data: Any) -> dict[str, Any]:
        """Unfinished answers as they are kept: what can be read is folded, the rest stays as it was typed.

        Nothing is asked for; raises FormInvalid for unknown and reserved names, unprintable text and too much of it.
        """
        problems = _bounded(data)
        for name in data:
            if name not in self._fields:
                path, message = form_messages.path("", name), form_messages.unknown(name)
                problems.setdefault(path, Problem(path, "unknown_field", message))
        if problems:
            raise FormInvalid(list(problems.values())[:MAX_PROBLEMS])
        return {name: _plain(value) for name, value in self._read(data).items()}

    def check(self, name: str, value: Any) -> tuple[Any, list[Problem]]:
        """One answer as a draft keeps it, and what is wrong with it by itself: its kind, and the rules on it alone."""
        problems = _bounded({name: value})
        answers = self._read({name: value})
        visible = {name: self._fields[name]}
        for error in self._errors(answers, visible):
            for problem in _explained(error, visible):
                problems.setdefault(problem.field, problem)
        if not problems:
            alone = [rule for rule in self._rules if set(form_rules.fields_of(rule)) == {name}]
            for problem in self._broken_rules(alone, answers, visible, set()):
                problems.setdefault(problem.field, problem)
        return _plain(answers.get(name)), list(problems.values())[:MAX_PROBLEMS]

    def facts(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """What cleaned answers say to the precheck (FACTS.json). “无” and what was not asked are left out."""
        facts: dict[str, Any] = {}
        for name, schema in self._fields.items():
            words = schema.get("x-fact", [])
            for word in words if isinstance(words, list) else [words]:
                if word.get("given"):
                    facts[word["fact"]] = name in answers
                elif name in answers:
                    value = answers[name]
                    if word.get("latest"):
                        value = value[max(value)]  # of the years, which are four digits each
                    if value != NOTHING:
                        _put(facts, word["fact"], word["values"][value] if "values" in word else value)
        return facts

    def scored(self, answers: Mapping[str, Any]) -> list[form_scores.Scored]:
        """The scores that a sheet's cleaned answers give; empty for every other form."""
        return form_scores.scored(self._fields, answers)

    def files_in(self, answers: Mapping[str, Any]) -> list[str]:
        """The ids of the files that the answers name, each once."""
        return list(dict.fromkeys(_files(self._fields, answers)))

    def cases_in(self, answers: Mapping[str, Any]) -> dict[str, list[int]]:
        """The cases that the answers choose, by field."""
        chosen = {name for name, schema in self._fields.items() if schema.get("x-ui", {}).get("widget") == "cases"}
        return {name: answers[name] for name in self._fields if name in chosen and name in answers}

    def _read(self, data: Mapping[str, Any]) -> dict[str, Any]:
        answers = {name: read(self._fields.get(name, {}), value) for name, value in data.items()}
        return {name: value for name, value in answers.items() if value is not None or name not in self._fields}

    def _errors(self, answers: Mapping[str, Any], visible: Mapping[str, Schema]) -> Iterator[ValidationError]:
        schemas = {
            # Whether the items of a list are unique is a square of its length: a list over its bound is only told so.
            name: {**schema, "uniqueItems": False, "items": True} if _overlong(schema, answers.get(name)) else schema
            for name, schema in visible.items()
        }
        required = [name for name in self._required if name in visible]
        whole = {"type": "object", "properties": schemas, "required": required, "additionalProperties": False}
        told = set[tuple[Any, ...]]()
        for error in Draft202012Validator(whole, format_checker=FORMATS).iter_errors(answers):
            if error.validator == "required":  # one error for each missing answer, and each would name them all
                place = tuple(error.absolute_path)
                if place in told:
                    continue
                told.add(place)
            yield error

    def _visible(self, answers: Mapping[str, Any]) -> dict[str, Schema]:
        visible: dict[str, Schema] = {}
        for name, schema in self._fields.items():  # a condition looks at an earlier field: one pass is enough
            condition = schema.get("x-show-when", {})
            controller = condition.get("field")
            if not controller or (controller in visible and answers.get(controller) in condition["in"]):
                visible[name] = schema
        return visible

    def _broken_rules(
        self,
        rules: list[Mapping[str, Any]],
        answers: Mapping[str, Any],
        visible: Mapping[str, Schema],
        bad: set[str],
    ) -> Iterator[Problem]:
        for rule in rules:
            names = form_rules.fields_of(rule)
            if bad.isdisjoint(names) and all(name in visible for name in names):
                for path, code, message in form_rules.broken(rule, answers, self._label):
                    yield Problem(path, code, message)

    def _label(self, name: str) -> str:
        return form_messages.label_of(self._fields[name])


def _bounded(data: Any) -> dict[str, Problem]:
    """Problems of keys and characters, by path; found without recursion, before anything else looks.

    Raises FormInvalid at once for what is no object, too deep or too much: looking further is what is to be spared.
    """
    if not isinstance(data, Mapping):
        raise FormInvalid([Problem("", "not_an_object", form_messages.NOT_AN_OBJECT)])
    problems: dict[str, Problem] = {}
    size = nodes = 0
    pending: list[tuple[str, Any, int]] = [("", data, 0)]
    while pending:
        path, value, depth = pending.pop()
        inside = _parts(path, value, problems)
        pending.extend((inner, part, depth + 1) for inner, part in inside)
        nodes += 1
        size += _size(value)
        if inside and depth == MAX_DEPTH:
            raise FormInvalid([Problem("", "too_deep", form_messages.TOO_DEEP)])
        if size > MAX_BYTES or nodes + len(pending) > MAX_NODES:
            raise FormInvalid([Problem("", "too_large", form_messages.TOO_LARGE)])
    return problems


def _parts(path: str, value: Any, problems: dict[str, Problem]) -> list[tuple[str, Any]]:
    """What lies inside a value, by path; notes the keys and characters that no answer may have."""
    if isinstance(value, Mapping):
        parts = [(form_messages.path(path, key), part) for key, part in value.items()]
        for (inner, _), key in zip(parts, value, strict=True):
            if not isinstance(key, str) or reserved(key):
                problems[inner] = Problem(inner, "reserved_key", form_messages.reserved(key))
        return parts
    if isinstance(value, list):
        return [(f"{path}[{number}]", part) for number, part in enumerate(value)]
    if isinstance(value, str) and _UNPRINTABLE.search(value):
        problems[path] = Problem(path, "unprintable", form_messages.UNPRINTABLE)
    if isinstance(value, float | Decimal) and not math.isfinite(value):  # JSON has none, but Python's reader does
        raise FormInvalid([Problem(path, "not_a_number", form_messages.NOT_A_NUMBER)])
    return []


def _size(value: Any) -> int:
    """Bytes of a text, or of a mapping's keys."""
    if isinstance(value, Mapping):
        return sum(_size(key) for key in value)
    return len(value.encode("utf-8", "replace")) if isinstance(value, str) else 0


def _explained(error: ValidationError, fields: Mapping[str, Schema]) -> Iterator[Problem]:
    """A validator's error in the words of the form; a missing field gets its own path."""
    steps = list(error.absolute_path)
    value: Any = error.instance
    bound: Any = error.validator_value
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    if error.validator == "required":
        found = [([*steps, name], "required") for name in bound if name not in value]
    elif error.validator == "additionalProperties":
        found = [([*steps, name], "unknown_field") for name in value if name not in known]
    elif "propertyNames" in error.absolute_schema_path:
        found = [([*steps, value], "wrong_year")]
    else:
        found = [(steps, str(error.validator))]
    for where, validator in found:
        code, message = form_messages.explain(validator, error, where, fields)
        yield Problem(form_messages.joined(where), code, message)


def _overlong(schema: Schema, value: Any) -> bool:
    return isinstance(value, list) and "maxItems" in schema and len(value) > schema["maxItems"]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return value


def _files(fields: Mapping[str, Schema], answers: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in fields.items():
        value = answers.get(name)
        if value is None:
            continue
        if schema.get("x-kind") == "file":
            yield value
        elif "items" in schema:
            for part in value:
                yield from _files({"item": schema["items"]}, {"item": part})
        elif "properties" in schema:
            yield from _files(schema["properties"], value)


def _put(facts: dict[str, Any], path: str, value: Any) -> None:
    *groups, name = path.split(".")
    for group in groups:
        facts = facts.setdefault(group, {})
    facts[name] = value


def _top(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]
