"""The average that an applicant states is held beside what the three years come to; it decides nothing."""

import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask, g

from engine import bundle, criteria, growth
from engine.columns import dump_json
from engine.criteria import Verdict
from web import wording

FILES = bundle.shipped("qingyuan")


def found(criterion: str, **facts: Any) -> Verdict:
    given = criteria.read_facts(json.dumps(facts))
    return next(verdict for verdict in criteria.precheck(FILES, given) if verdict.criterion == criterion)


def years(*values: str | None) -> dict[str, str | None]:
    return {str(2022 + place): value for place, value in enumerate(values)}


@pytest.mark.parametrize(
    ("outputs", "computed"),
    [
        (years("100", "110", "121"), "10.00"),
        (years("100", "150", "121"), "10.00"),  # the way between does not matter
        (years("21.3", "22.9", "24.1"), "6.37"),  # √(24.1 / 21.3) = 1.063692…
        (years("50", "40", "32"), "-20.00"),
        (years("100", None, "121"), None),
        (years("0", "110", "121"), None),  # nothing grows from nothing
        ({"2023": "100", "2024": "110"}, None),  # three years are asked
        (None, None),
    ],
)
def test_the_average_of_three_outputs_is_their_compound_growth(outputs: Any, computed: str | None) -> None:
    expected = None if computed is None else Decimal(computed)
    assert found("output_growth", output_100m_yuan=outputs, output_growth_pct="6").computed == expected


@pytest.mark.parametrize(
    ("rates", "computed"),
    [
        (years("10", "10", "10"), "10.00"),
        (years("7.90", "8.10", "8.60"), "8.20"),  # ∛(1.079 · 1.081 · 1.086) = 1.081996…
        (years("0", "0", "33.1"), "10.00"),
        (years("-100", "10", "10"), None),
    ],
)
def test_the_average_of_three_rates_is_their_compound_too(rates: Any, computed: str | None) -> None:
    expected = None if computed is None else Decimal(computed)
    assert found("rd_growth", rd_growth_by_year_pct=rates, rd_growth_pct="6").computed == expected


@pytest.mark.parametrize(
    ("stated", "differs"),
    [
        ("6.37", False),
        ("6.4", False),  # as exact as it was written
        ("6", False),
        ("6.38", True),
        ("6.36", True),
        ("5.2", True),
        ("7", True),
        ("6.370", False),
        (None, False),  # nothing stated, nothing to hold against
    ],
)
def test_a_stated_average_that_does_not_follow_is_flagged(stated: str | None, differs: bool) -> None:
    outputs = years("21.3", "22.9", "24.1")
    verdict = found("output_growth", output_100m_yuan=outputs, output_growth_pct=stated)
    assert verdict.differs is differs
    assert ("与申报的不一致，请核对" in verdict.text) is differs
    assert "按近三年数据计算的年均值为 6.37%" in verdict.text


def test_the_flag_is_the_reviewers_and_changes_no_verdict() -> None:
    outputs = years("21.3", "22.9", "24.1")
    assert found("output_growth", output_100m_yuan=outputs, output_growth_pct="99").verdict == "pass"
    assert found("output_growth", output_100m_yuan=outputs, output_growth_pct="5").verdict == "fail"


def test_what_is_no_average_has_none() -> None:
    assert growth.average("area", {"area_km2": Decimal(80)}) is None
    assert not growth.differs("area", {"area_km2": Decimal(80)}, None)


def test_a_flagged_verdict_is_said_in_english_after_it_was_kept() -> None:
    outputs = years("21.3", "22.9", "24.1")
    verdict = found("output_growth", output_100m_yuan=outputs, output_growth_pct="5.2")
    kept = json.loads(dump_json(asdict(verdict)))
    app = Flask("office")
    wording.install(app)
    with app.test_request_context("/"):
        g.language = "en"
        assert "computed from the three years is 6.37%, which differs" in wording.spoken(criteria.told(kept))


def test_a_verdict_that_an_older_release_kept_is_told_as_it_was() -> None:
    old = {
        "criterion": "output_growth", "verdict": "pass", "value": "6.4", "operator": ">", "threshold": "5",
        "clause": "第十四条（二）", "text": "产值年均增速（%）：6.4，要求高于 5；达到",
    }  # fmt: skip
    assert criteria.told(old) == old["text"]
