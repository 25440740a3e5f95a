"""Score sheets: every indicator has a weight and asks for a reason, and the weights are a hundred together."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import figures, forms
from engine.forms import scores

ROOT = Path(__file__).parents[2] / "processes"
SHEETS = [ROOT / "forms" / "score_sheet.json", *ROOT.glob("*/forms/score_sheet.json")]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_sheet_has_nine_indicators_that_make_a_hundred(path: Path) -> None:
    fields = json.loads(path.read_text(encoding="utf-8"))["properties"]
    weights = scores.weights(fields)
    assert forms.form_problems(path.read_bytes()) == []
    assert len(weights) == 9
    assert sum(weights.values()) == 100


def _heavier(sheet: dict[str, Any]) -> None:
    sheet["properties"]["score_green"]["x-score"]["weight"] = "11"


def _weightless(sheet: dict[str, Any]) -> None:
    sheet["properties"]["score_green"]["x-score"] = {"weight": 10}


def _without_reason(sheet: dict[str, Any]) -> None:
    sheet["properties"]["score_green"]["required"] = ["score"]


def _out_of_range(sheet: dict[str, Any]) -> None:
    sheet["properties"]["score_green"]["properties"]["score"]["maximum"] = 120


def _on_a_line(sheet: dict[str, Any]) -> None:
    sheet["properties"]["opinion"]["x-score"] = {"weight": "1"}


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (_heavier, "/properties"),
        (_weightless, "/properties/score_green/x-score"),
        (_without_reason, "/properties/score_green"),
        (_out_of_range, "/properties/score_green"),
        (_on_a_line, "/properties/opinion/x-score"),
    ],
)
def test_a_sheet_that_cannot_be_added_up_is_not_deployed(spoil: Callable[[dict[str, Any]], None], where: str) -> None:
    sheet = json.loads(SHEETS[0].read_text(encoding="utf-8"))
    spoil(sheet)
    found = forms.form_problems(json.dumps(sheet).encode())
    assert where in [pointer for pointer, _message in found]


def test_the_total_of_all_hundreds_is_a_hundred_and_nothing_is_rounded() -> None:
    full = [
        scores.Scored("a", Decimal(100), Decimal("33.33"), "x"),
        scores.Scored("b", Decimal(100), Decimal("66.67"), "x"),
    ]
    odd = [scores.Scored("a", Decimal("0.01"), Decimal("0.01"), "x")]
    assert scores.total(full) == 100
    assert scores.total(odd) == Decimal("0.000001")


@pytest.mark.parametrize(
    ("given", "mean", "spread", "deviation"),
    [
        (["80"], "80", "0", None),
        (["80", "80"], "80", "0", "0"),
        (["70", "90"], "80", "20", "14.14"),  # √200
        (["2", "4", "4", "4", "5", "5", "7", "9"], "5", "7", "2.14"),  # √(32/7)
    ],
)
def test_figures_by_hand(given: list[str], mean: str, spread: str, deviation: str | None) -> None:
    found = figures.of([Decimal(one) for one in given])
    assert (found.mean, found.spread) == (Decimal(mean), Decimal(spread))
    assert (figures.shown(found.deviation) if found.deviation is not None else None) == (
        Decimal(deviation) if deviation else None
    )


def test_equal_means_are_equal_however_many_gave_them() -> None:
    thirds = figures.of([Decimal("10"), Decimal("10"), Decimal("11")])
    sixths = figures.of([Decimal("10"), Decimal("10"), Decimal("11")] * 2)
    assert thirds.mean == sixths.mean


def test_half_a_cent_is_shown_rounded_up() -> None:
    assert str(figures.shown(Decimal("81.125"))) == "81.13"
    assert str(figures.shown(Decimal("81.115"))) == "81.12"


def test_no_score_has_no_figures() -> None:
    with pytest.raises(ValueError, match="no score"):
        figures.of([])
