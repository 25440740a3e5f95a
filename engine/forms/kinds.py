"""The kinds of answers: what each is as a schema, and how a posted value is read."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from jsonschema import FormatChecker

from engine import numerals, vocabulary

Schema: TypeAlias = Mapping[str, Any]

NOTHING = "无"  # 填报说明 2: 各必填栏目不得空缺，无相关情况时应填写“无”

# Every kind of answer there is. A form takes the ones it uses into its `$defs`, letter by letter, so that it stays
# a JSON Schema anybody can read; owners choose a kind and never write a pattern of their own.
KINDS: Final[dict[str, dict[str, Any]]] = {
    "line": {"type": "string", "minLength": 1, "maxLength": 200, "format": "one-line"},
    "text": {"type": "string", "minLength": 1, "maxLength": 200},
    "long_text": {"type": "string", "minLength": 1, "maxLength": 3000},
    "notice_text": {"type": "string", "minLength": 1, "maxLength": 20000},
    "cluster_name": {
        "type": "string",
        "minLength": 1,
        "maxLength": 100,
        "pattern": "^[^（）()\\n]*中小企业特色产业集群（[^（）()\\n]+产业）$",
    },
    "choice": {"type": "string", "minLength": 1},
    "yes_no": {"type": "boolean"},
    "decimal": {"type": ["string", "number"], "format": "decimal2", "minimum": -999999999999, "maximum": 999999999999},
    "decimal_or_none": {
        "type": ["string", "number"],
        "format": "decimal2-or-none",
        "minimum": -999999999999,
        "maximum": 999999999999,
    },
    "percent": {"type": ["string", "number"], "format": "decimal2", "minimum": 0, "maximum": 100},
    "whole": {"type": "integer", "minimum": 0, "maximum": 999999999999},
    "year": {"type": "integer", "minimum": 2000, "maximum": 2100},
    "year_key": {"type": "string", "pattern": "^20[0-9][0-9]$"},
    "date": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "case": {"type": "integer", "minimum": 1, "maximum": 2147483647},
    "member": {"type": "integer", "minimum": 1, "maximum": 2147483647},  # of a bureau's pool
    "file": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}

# What a field may say beyond its kind. A bound may be drawn tighter than the kind's, never wider.
NARROWING: Final[dict[str, frozenset[str]]] = {
    "line": frozenset({"maxLength"}),
    "text": frozenset({"maxLength"}),
    "long_text": frozenset({"maxLength"}),
    "notice_text": frozenset({"maxLength"}),
    "choice": frozenset({"enum"}),
    "yes_no": frozenset({"const"}),
    "decimal": frozenset({"minimum", "maximum"}),
    "decimal_or_none": frozenset({"minimum", "maximum"}),
    "percent": frozenset({"minimum", "maximum"}),
    "whole": frozenset({"minimum", "maximum"}),
}

# The facts of the precheck that a field may carry (`jiqun precheck`, FACTS.json).
FACTS: Final = frozenset({
    "area_km2", "output_100m_yuan", "sme_share_pct", "leading_share_pct", "output_growth_pct", "champions_and_giants",
    "quality_smes.high_tech", "quality_smes.specialised", "quality_smes.innovative", "quality_smes.chain_leader",
    "quality_smes.champion", "above_scale_share_pct", "rd_growth_pct", "patent_growth_pct", "patents_per_10k",
    "industrial_internet_pct", "co2_intensity", "energy_intensive", "energy_benchmark_met", "water_intensive",
    "water_benchmark_met", "no_major_incidents", "no_violations", "plan_provided", "higher_level_recognition",
    "industrial_software_rising", "industry_permitted", "rd_growth_by_year_pct",
})  # fmt: skip

FACTS_OF_THE_ROUND: Final = ("first_batch",)  # an exception that the round's notice makes: False where it does not

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")
_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})")

FORMATS: Final = FormatChecker(formats=())


def kind_of(schema: Schema) -> str | None:
    """The kind a field or cell refers to, None for tables, lists, groups and values by year."""
    reference = schema.get("$ref")
    return reference.removeprefix("#/$defs/") if isinstance(reference, str) else None


def shape_of(schema: Schema) -> str:
    """The kind of a single answer, else table, list, by_year or group."""
    if schema.get("type") == "array":
        return "list" if "$ref" in schema["items"] else "table"
    if schema.get("type") == "object":
        return "by_year" if "propertyNames" in schema else "group"
    return kind_of(schema) or ""


def reserved(key: str) -> bool:
    """Is this a key no answer may have: it would shadow a word, or break a stored state when read again?"""
    return key == "typename" or "__" in key or key in vocabulary.WORDS


def inlined(schema: Schema) -> dict[str, Any]:
    """The schema with its kinds written out, so that checking follows no references."""
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("items", "additionalProperties", "propertyNames") and isinstance(value, Mapping):
            result[key] = inlined(value)
        elif key == "properties":
            result[key] = {name: inlined(column) for name, column in value.items()}
        elif key != "$ref":
            result[key] = value
    kind = kind_of(schema)
    return {**KINDS[kind], **result, "x-kind": kind} if kind else result


def read(schema: Schema, value: Any) -> Any:
    """The posted value as its inlined schema means it: folded text, exact Decimal, int, bool. None: nothing was given.

    A value that cannot be read stays as it is, for the schema to refuse it by name. Numbers come as JSON numbers or
    as text, also in full width and with thousands separators, and nothing is rounded (填报说明 2: 保留小数点后2位).
    """
    if "x-kind" in schema:
        return _answer(schema["x-kind"], value)
    if isinstance(value, list) and "items" in schema:
        # An empty item stays, as empty text, so that the row keeps its number and is asked for by name.
        return ["" if (item := read(schema["items"], part)) is None else item for part in value]
    if isinstance(value, Mapping):
        columns, years = schema.get("properties", {}), schema.get("additionalProperties")
        parts = {}
        for name, part in value.items():
            column = columns.get(name, years if isinstance(years, Mapping) else None)
            read_part = part if column is None else read(column, part)
            if read_part is not None or column is None:
                parts[name] = read_part
        return parts
    return value


def _answer(kind: str, value: Any) -> Any:
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        if not value:
            return None
    match KINDS[kind]:
        case {"format": "decimal2" | "decimal2-or-none"}:
            return _decimal(value)
        case {"type": "integer"}:
            return _whole(value)
        case {"type": "boolean"} if value in ("true", "false"):
            return value == "true"
    return value


def _decimal(value: Any) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(plain := numerals.plain(value)):
        return Decimal(plain)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float):  # the shortest digits that mean this float are the ones somebody typed
        return Decimal(repr(value))
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(plain := numerals.plain(value)) and "." not in plain:
        return int(plain)
    if isinstance(value, float | Decimal) and -(10**15) < value < 10**15 and value == int(value):
        return int(value)
    return value


def places(value: Decimal) -> int:
    """How many digits stand behind the point, zeros too: 21.300 has three. Below zero for 1E+3."""
    return -int(value.as_tuple().exponent)


def are_words(words: Any) -> bool:
    """Whether this is what an `x-i18n` says: by language, texts by name, and under `choices` texts by value."""
    return isinstance(words, dict) and all(
        isinstance(own, dict)
        and all(
            isinstance(text, dict) and all(isinstance(choice, str) for choice in text.values())
            if name == "choices"
            else isinstance(text, str)
            for name, text in own.items()
        )
        for own in words.values()
    )


@FORMATS.checks("one-line")
def _is_one_line(value: Any) -> bool:
    return not isinstance(value, str) or len(value.splitlines()) <= 1


@FORMATS.checks("decimal2")
def _is_decimal2(value: Any) -> bool:
    return isinstance(value, Decimal) and places(value) <= 2


@FORMATS.checks("decimal2-or-none")
def _is_decimal2_or_none(value: Any) -> bool:
    return value == NOTHING or _is_decimal2(value)


@FORMATS.checks("date", raises=ValueError)
def _is_date(value: Any) -> bool:
    return not isinstance(value, str) or bool(_DATE.fullmatch(value) and date.fromisoformat(value))


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: Any) -> bool:
    return not isinstance(value, str) or bool(_MOMENT.fullmatch(value) and datetime.fromisoformat(value))
