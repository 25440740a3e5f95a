"""Specimen answers (示例答案): what somebody might write into any form, from its own schema; for trials without people.

They are right answers, not likely ones: numbers within their bounds, today's date, the first choice that goes on.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from engine import clock
from engine.errors import FormInvalid
from engine.forms import Form
from engine.forms.kinds import kind_of, shape_of

Things: TypeAlias = Mapping[str, Sequence[Any]]

BACK: Final = frozenset({"return", "refuse", "reject", "fail", "recuse", "ask"})  # choices that do not go on
_WORDS: Final = "按实际情况填写"
_NAMED: Final = ("file", "member", "case")  # kinds whose answers name something that is there
_AHEAD: Final = timedelta(days=30)  # of a moment that somebody sets
_ROUNDS: Final = 6  # of mending what the form's rules say is wrong


def answers(form: Form, given: Mapping[str, Any], *, things: Things = MappingProxyType({})) -> dict[str, Any]:
    """Answers that the form takes; `given` are those that somebody chose. Raises FormInvalid where none are found.

    `things` are ids by kind ("file", "member", "case") that may be named where a form asks for some.
    """
    document = form.document
    wanted: dict[str, Any] = {}
    chosen = dict(given)
    for _ in range(_ROUNDS):
        asked = form.asked(wanted | chosen)
        required = asked & (set(document.get("required", [])) | set(_lists(document)))
        for name in document["properties"]:
            if name in required and name not in chosen and name not in wanted:
                wanted[name] = _one(name, document["properties"][name], document, things, wanted | chosen)
        wanted = {name: value for name, value in wanted.items() if name in asked and value is not None}
        try:
            return form.clean(wanted | chosen)
        except FormInvalid as error:
            if not _mended(error, wanted, document, things):
                raise
    return form.clean(wanted | chosen)


def one(form: Form, name: str, *, things: Things = MappingProxyType({})) -> Any:
    """What might be written in one field of a form."""
    return _one(name, form.document["properties"][name], form.document, things, {})


def _lists(document: Mapping[str, Any]) -> list[str]:
    """Lists say by `minItems` that something has to stand in them."""
    return [name for name, schema in document["properties"].items() if schema.get("minItems", 0) > 0]


def _mended(error: FormInvalid, wanted: dict[str, Any], document: Mapping[str, Any], things: Things) -> bool:
    """What a rule asks for beside the required fields is given too. False where that is not what is wrong."""
    mended = False
    for problem in error.problems:
        name = problem.field.partition(".")[0].partition("[")[0]
        if name in document["properties"] and name not in wanted:
            wanted[name] = _one(name, document["properties"][name], document, things, wanted)
            mended = mended or wanted[name] is not None
    return mended


def _one(name: str, schema: Mapping[str, Any], document: Mapping[str, Any], things: Things, said: Any) -> Any:
    shape = shape_of(schema)
    if shape == "group":
        return {part: _one(part, inner, document, things, said) for part, inner in schema["properties"].items()}
    if shape == "by_year":
        return {str(year): _single(schema["additionalProperties"], things) for year in _years(name, document, said)}
    if shape == "table":
        row = schema["items"]
        cells = row["properties"].items()
        return [{cell: _single(inner, things) for cell, inner in cells if cell in row.get("required", [])}]
    if shape == "list":
        least = max(1, schema.get("minItems", 1))
        there = things.get(kind_of(schema["items"]) or "")
        return list(there[:least]) if there else [_single(schema["items"], things)]
    return _single(schema, things)


def _years(name: str, document: Mapping[str, Any], said: Mapping[str, Any]) -> list[int]:
    """The three years before the one that the form's rule names, else before this one."""
    for rule in document.get("x-rules", []):
        if rule["rule"] == "years_before" and name in rule["fields"] and rule["year"] in said:
            return [int(said[rule["year"]]) - back for back in (3, 2, 1)]
    return [clock.today().year - back for back in (3, 2, 1)]


def _single(schema: Mapping[str, Any], things: Things) -> Any:
    kind = kind_of(schema) or ""
    if "enum" in schema:
        return next((value for value in schema["enum"] if value not in BACK), schema["enum"][0])
    if kind in _NAMED:
        return next(iter(things.get(kind, ())), None)
    if kind in {"whole", "decimal", "decimal_or_none", "percent"}:
        least, most = schema.get("minimum", 0), schema.get("maximum", 50)
        value = min(max(1, least if isinstance(least, int) else 1), most if isinstance(most, int) else 50)
        return value if kind == "whole" else f"{value}.00"
    return {
        "yes_no": True,
        "year": clock.today().year,
        "date": clock.today().isoformat(),
        "moment": (clock.now() + _AHEAD).isoformat(),
        "cluster_name": "示例中小企业特色产业集群（示例产业）",
    }.get(kind, _WORDS[: schema.get("maxLength", len(_WORDS))])
