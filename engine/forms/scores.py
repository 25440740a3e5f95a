"""Score sheets: fields that ask for a score of a hundred with its reason, and how much each counts (`x-score`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.forms.kinds import Schema

FULL = Decimal(100)  # of a score, and of all weights together


@dataclass(frozen=True)
class Scored:
    """One indicator of a sheet that was filled in."""

    indicator: str  # the field
    score: Decimal  # 0 to 100, two decimals at most
    weight: Decimal  # of 100
    reason: str


def weights(fields: Mapping[str, Schema]) -> dict[str, Decimal]:
    """The indicators among a form's fields, each with its weight, in the form's order."""
    return {name: Decimal(schema["x-score"]["weight"]) for name, schema in fields.items() if "x-score" in schema}


def scored(fields: Mapping[str, Schema], answers: Mapping[str, Any]) -> list[Scored]:
    """The scores in a sheet's cleaned answers; indicators that were not asked are left out."""
    return [
        Scored(name, Decimal(answers[name]["score"]), weight, answers[name]["reason"])
        for name, weight in weights(fields).items()
        if name in answers
    ]


def total(scores: list[Scored]) -> Decimal:
    """The weighted total of a hundred, exact: each score times its weight, over a hundred. Nothing is rounded."""
    return sum((each.score * each.weight for each in scores), Decimal(0)) / FULL


def problems(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the `x-score` of a form file: (JSON pointer, message)."""
    together = Decimal(0)
    sheet = False
    for name, schema in document["properties"].items():
        if "x-score" not in schema:
            continue
        sheet, at = True, f"/properties/{name}"
        weight = _weight(schema["x-score"])
        if weight is None:
            yield f"{at}/x-score", 'x-score 应写作 {"weight": "12"}，权重是大于零的数，最多两位小数'
        else:
            together += weight
        yield from ((at, why) for why in _wrong(schema))
    if sheet and together != FULL:
        yield "/properties", f"各项 x-score 的权重合计应为 100，现为 {together}"


def _weight(word: Any) -> Decimal | None:
    if not isinstance(word, dict) or set(word) != {"weight"} or not isinstance(word["weight"], str):
        return None
    try:
        weight = Decimal(word["weight"])
    except InvalidOperation:
        return None
    return weight if weight.is_finite() and 0 < weight <= FULL and -int(weight.as_tuple().exponent) <= 2 else None


def _wrong(schema: Schema) -> Iterator[str]:
    """An indicator is a group that asks for a score from 0 to 100 and for its reason."""
    score, reason = (schema["properties"].get(part) for part in ("score", "reason"))
    if not {"score", "reason"} <= set(schema.get("required", [])):
        yield "评分项应有必填的 score（评分）和 reason（理由）"
    elif score["$ref"] not in ("#/$defs/decimal", "#/$defs/percent") or reason["$ref"] not in (
        "#/$defs/text",
        "#/$defs/long_text",
    ):
        yield "评分项的 score 应是小数，reason 应是文字"
    elif score["$ref"] == "#/$defs/decimal" and (score.get("minimum"), score.get("maximum")) != (0, 100):
        yield "评分应在 0 至 100 之间；请写明 minimum 和 maximum"
