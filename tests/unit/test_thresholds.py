"""Every boundary of every text, from a table that was written out of the texts and not out of the files."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import regime as regimes
from engine import bundle, criteria
from engine.bundle import Files
from engine.criteria import Verdict

REGIMES = ("qingyuan", "shantou", "guangxi", "national")
CENT = Decimal("0.01")
BUNDLES: Mapping[str, Files] = {name: bundle.shipped(name) for name in REGIMES}
Sign = Literal["<=", ">=", ">"]

# 清远 第十四条, 汕头 二（二）, 广西 附件, 国家 附件: the words as they are printed, and what they make of a number.
#   criterion, fact, then for each text: how it is to be met and the number; "" where the text does not have it.
NUMBERS: list[tuple[str, str, dict[str, tuple[Sign, str]]]] = [
    (  # 不超过100 · 不超过100 · 一般不超过100 · 一般不超过100
        "area",
        "area_km2",
        {"qingyuan": ("<=", "100"), "shantou": ("<=", "100"), "guangxi": ("<=", "100"), "national": ("<=", "100")},
    ),
    (  # 70%以上 · 高于70% · 50%以上 · 70%以上
        "sme_share",
        "sme_share_pct",
        {"qingyuan": (">=", "70"), "shantou": (">", "70"), "guangxi": (">=", "50"), "national": (">=", "70")},
    ),
    (  # 高于60% · 高于70% · 高于60% · 高于70%
        "leading_share",
        "leading_share_pct",
        {"qingyuan": (">", "60"), "shantou": (">", "70"), "guangxi": (">", "60"), "national": (">", "70")},
    ),
    (  # 高于5% · 高于7% · 高于10% · 高于10%
        "output_growth",
        "output_growth_pct",
        {"qingyuan": (">", "5"), "shantou": (">", "7"), "guangxi": (">", "10"), "national": (">", "10")},
    ),
    (  # 高于5% · 高于7% · 高于10% · 高于10%
        "rd_growth",
        "rd_growth_pct",
        {"qingyuan": (">", "5"), "shantou": (">", "7"), "guangxi": (">", "10"), "national": (">", "10")},
    ),
    (  # 不低于10% · 不低于15% · 不低于10% · 不低于15%
        "industrial_internet",
        "industrial_internet_pct",
        {"qingyuan": (">=", "10"), "shantou": (">=", "15"), "guangxi": (">=", "10"), "national": (">=", "15")},
    ),
]
ADVISORY = {("guangxi", "area"), ("national", "area")}  # 一般
OUTPUT = {"qingyuan": "20", "shantou": "30", "guangxi": "30", "national": "40"}  # 近三年产值均在……以上
PATENTS = {  # growth, number; 清远 alone says 或者
    "qingyuan": ("5", "5", any),
    "shantou": ("10", "10", all),
    "guangxi": ("10", "10", all),
    "national": ("15", "15", all),
}
FIVE = ("high_tech", "specialised", "innovative", "chain_leader", "champion")
THREE = ("high_tech", "specialised", "innovative")
QUALITY = {"qingyuan": (5, FIVE), "shantou": (10, FIVE), "guangxi": (6, THREE), "national": (10, THREE)}
ABOVE_SCALE = {"qingyuan": "50"}  # “四上”企业占比50%以上
ORDER = {
    "qingyuan": "integrity area output sme_share leading_share output_growth quality_smes rd_growth patents "
    "industrial_internet co2_intensity plan",
    "shantou": "integrity area output sme_share leading_share output_growth quality_smes rd_growth patents "
    "industrial_internet industrial_software co2_intensity energy_benchmark water_benchmark plan",
    "guangxi": "integrity area output sme_share leading_share output_growth quality_smes rd_growth patents "
    "industrial_internet industrial_software co2_intensity energy_benchmark water_benchmark plan",
    "national": "prerequisite integrity industry_permitted area output sme_share leading_share output_growth "
    "quality_smes rd_growth patents industrial_internet industrial_software co2_intensity energy_benchmark "
    "water_benchmark plan",
}
CLAUSES = {
    "qingyuan": {"area": "第十四条（二）", "patents": "第十四条（五）", "plan": "第十四条（九）"},
    "shantou": {"sme_share": "二（二）2", "patents": "二（二）5", "energy_benchmark": "二（二）7", "plan": "二（二）9"},
    "guangxi": {"integrity": "附件", "area": "附件 一", "patents": "附件 四", "water_benchmark": "附件 六"},
    "national": {"prerequisite": "第十二条", "industry_permitted": "申报表 一", "quality_smes": "附件 二"},
}

GOOD: dict[str, Any] = {  # meets every text by a margin
    "area_km2": "80",
    "output_100m_yuan": {"2022": "60", "2023": "72", "2024": "86.4"},
    "sme_share_pct": "80",
    "leading_share_pct": "80",
    "output_growth_pct": "20",
    "champions_and_giants": 1,
    "quality_smes": dict.fromkeys(FIVE, 4),
    "above_scale_share_pct": "60",
    "rd_growth_pct": "20",
    "patent_growth_pct": "20",
    "patents_per_10k": "20",
    "industrial_internet_pct": "40",
    "industrial_software_rising": True,
    "industry_permitted": True,
    "co2_intensity": {"2022": "0.91", "2023": "0.88", "2024": "0.80"},
    "energy_intensive": False,
    "energy_benchmark_met": None,
    "water_intensive": True,
    "water_benchmark_met": True,
    "no_major_incidents": True,
    "no_violations": True,
    "plan_provided": True,
    "higher_level_recognition": "provincial",
}

quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def verdicts(regime: str, **changes: Any) -> dict[str, Verdict]:
    facts = criteria.read_facts(json.dumps({**GOOD, **changes}, default=str))
    return {verdict.criterion: verdict for verdict in criteria.precheck(BUNDLES[regime], facts)}


def verdict(regime: str, criterion: str, **changes: Any) -> str:
    return verdicts(regime, **changes)[criterion].verdict


def meets(sign: Sign, value: Decimal, number: Decimal) -> bool:
    return {"<=": value <= number, ">=": value >= number, ">": value > number}[sign]


def around(number: str) -> st.SearchStrategy[Decimal]:
    """The number itself, a cent and a millionth beside it, and what lies further off, never below zero."""
    exact = Decimal(number)
    steps = [Decimal(step) for step in ("0", "0.01", "-0.01", "0.000001", "-0.000001")]
    near = st.sampled_from([exact + step for step in steps])
    return near | st.decimals(min_value=0, max_value=100, places=2)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_good_cluster_passes_every_criterion_of_every_text(regime: str) -> None:
    found = verdicts(regime)
    assert list(found) == ORDER[regime].split()
    assert {verdict.verdict for verdict in found.values()} == {"pass"}


@pytest.mark.parametrize("regime", REGIMES)
def test_each_criterion_stands_on_its_clause(regime: str) -> None:
    found = verdicts(regime)
    assert {criterion: found[criterion].clause for criterion in CLAUSES[regime]} == CLAUSES[regime]


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize(("criterion", "fact", "asked"), NUMBERS, ids=[row[0] for row in NUMBERS])
def test_the_operator_decides_at_the_number(
    regime: str, criterion: str, fact: str, asked: dict[str, tuple[Sign, str]]
) -> None:
    sign, number = asked[regime]
    bad = "review" if (regime, criterion) in ADVISORY else "fail"

    @quick
    @given(around(number))
    def holds(value: Decimal) -> None:
        expected = "pass" if meets(sign, value, Decimal(number)) else bad
        assert verdict(regime, criterion, **{fact: format(value, "f")}) == expected

    holds()
    shown = verdicts(regime)[criterion]
    assert (shown.operator, shown.threshold) == (sign, Decimal(number))
    assert verdict(regime, criterion, **{fact: None}) == "review"


@pytest.mark.parametrize("regime", REGIMES)
def test_output_is_reached_in_each_of_the_three_years(regime: str) -> None:
    number = OUTPUT[regime]

    @quick
    @given(st.tuples(around(number), around(number), around(number)))
    def holds(years: tuple[Decimal, Decimal, Decimal]) -> None:
        given = {str(2022 + at): format(value, "f") for at, value in enumerate(years)}
        expected = "pass" if min(years) >= Decimal(number) else "fail"
        assert verdict(regime, "output", output_100m_yuan=given) == expected

    holds()


@pytest.mark.parametrize("regime", REGIMES)
def test_patents_are_either_in_qingyuan_and_both_elsewhere(regime: str) -> None:
    growth, number, joined = PATENTS[regime]

    @quick
    @given(around(growth), around(number))
    def holds(grown: Decimal, held: Decimal) -> None:
        expected = "pass" if joined([grown >= Decimal(growth), held >= Decimal(number)]) else "fail"
        facts = {"patent_growth_pct": format(grown, "f"), "patents_per_10k": format(held, "f")}
        assert verdict(regime, "patents", **facts) == expected

    holds()


@pytest.mark.parametrize("regime", REGIMES)
def test_quality_enterprises_of_the_kinds_that_the_text_counts(regime: str) -> None:
    least, kinds = QUALITY[regime]
    scale = Decimal(ABOVE_SCALE.get(regime, "1000"))

    @quick
    @given(st.integers(0, 1), st.fixed_dictionaries({kind: st.integers(0, 5) for kind in FIVE}), around("50"))
    def holds(champions: int, counts: dict[str, int], share: Decimal) -> None:
        arms = [champions >= 1, sum(counts[kind] for kind in kinds) >= least, share >= scale]
        facts = {
            "champions_and_giants": champions,
            "quality_smes": counts,
            "above_scale_share_pct": format(share, "f"),
        }
        assert verdict(regime, "quality_smes", **facts) == ("pass" if any(arms) else "fail")

    holds()


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize(("total", "step"), [("least", 0), ("one less", -1)])
def test_the_number_of_quality_enterprises_itself(regime: str, total: str, step: int) -> None:
    least, kinds = QUALITY[regime]
    counts = {**dict.fromkeys(FIVE, 0), kinds[0]: least + step}
    found = verdict(regime, "quality_smes", champions_and_giants=0, quality_smes=counts, above_scale_share_pct="0")
    assert found == ("pass" if step == 0 else "fail"), total


@pytest.mark.parametrize("regime", ["guangxi", "national"])
def test_chain_leaders_and_champions_do_not_count_where_the_text_names_three_kinds(regime: str) -> None:
    counts = {**dict.fromkeys(FIVE, 0), "chain_leader": 99, "champion": 99}
    assert verdict(regime, "quality_smes", champions_and_giants=0, quality_smes=counts) == "fail"


@pytest.mark.parametrize("regime", ["shantou", "guangxi", "national"])
def test_enterprises_above_scale_help_in_qingyuan_alone(regime: str) -> None:
    nobody = {"champions_and_giants": 0, "quality_smes": dict.fromkeys(FIVE, 0), "above_scale_share_pct": "100"}
    assert verdict("qingyuan", "quality_smes", **nobody) == "pass"
    assert verdict(regime, "quality_smes", **nobody) == "fail"


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("0.91", "0.88", "0.80"), "pass"),
        (("0.91", "0.90999999", "0.90999998"), "pass"),
        (("0.91", "0.91", "0.80"), "fail"),  # 持续下降: each year below the one before
        (("0.91", "0.80", "0.81"), "fail"),
        (("0.91", None, "0.80"), "review"),
    ],
)
def test_carbon_intensity_falls_every_year(regime: str, values: tuple[str | None, ...], expected: str) -> None:
    given = dict(zip(("2022", "2023", "2024"), values, strict=True))
    assert verdict(regime, "co2_intensity", co2_intensity=given) == expected


@pytest.mark.parametrize("regime", ["shantou", "guangxi", "national"])
@pytest.mark.parametrize("resource", ["energy", "water"])
@pytest.mark.parametrize(
    ("intensive", "above", "expected"),
    [
        (False, None, "pass"),  # 不涉及
        (True, True, "pass"),  # 高于行业基准值
        (True, False, "fail"),
        (True, None, "review"),
        (None, None, "review"),
    ],
)
def test_who_uses_much_lies_above_the_benchmark(
    regime: str, resource: str, intensive: bool | None, above: bool | None, expected: str
) -> None:
    facts = {f"{resource}_intensive": intensive, f"{resource}_benchmark_met": above}
    assert verdict(regime, f"{resource}_benchmark", **facts) == expected


@pytest.mark.parametrize("regime", ["shantou", "guangxi", "national"])
@pytest.mark.parametrize(("rising", "expected"), [(True, "pass"), (False, "fail"), (None, "review")])
def test_the_use_of_industrial_software_rises(regime: str, rising: bool | None, expected: str) -> None:
    assert verdict(regime, "industrial_software", industrial_software_rising=rising) == expected


@pytest.mark.parametrize(("permitted", "expected"), [(True, "pass"), (False, "fail"), (None, "review")])
def test_a_national_cluster_has_no_prohibited_industry(permitted: bool | None, expected: str) -> None:
    assert verdict("national", "industry_permitted", industry_permitted=permitted) == expected


@pytest.mark.parametrize(("level", "expected"), [("provincial", "pass"), ("national", "pass"), (None, "fail")])
def test_a_national_applicant_without_the_provinces_recognition_is_stopped_with_the_clause(
    level: str | None, expected: str
) -> None:
    found = verdicts("national", higher_level_recognition=level)["prerequisite"]
    assert (found.verdict, found.clause) == (expected, "第十二条")


@pytest.mark.parametrize("regime", REGIMES)
def test_what_nobody_gave_is_for_a_reviewer_and_never_a_pass(regime: str) -> None:
    found = criteria.precheck(BUNDLES[regime], criteria.read_facts("{}"))
    assert [verdict.verdict for verdict in found] == ["review"] * len(ORDER[regime].split())


@pytest.mark.parametrize("regime", REGIMES)
def test_a_text_asks_every_number_it_prints_and_no_other(regime: str) -> None:
    """A threshold that no criterion of the regime reads would be a dead number."""
    rules = regimes.shipped(regime)
    table = BUNDLES[regime]["criteria.dmn"].decode()
    read = {
        name
        for name in rules.thresholds
        if any(
            f'limit("{name}")' in row.partition("</rule>")[0]
            for row in table.split('<rule id="')[1:]
            if row.partition('"')[0] in rules.criteria
        )
    }
    assert read == set(rules.thresholds)
