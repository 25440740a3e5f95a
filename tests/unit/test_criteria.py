"""The recognition criteria: operators and thresholds as 清工信函〔2025〕16号 第十四条 prints them."""

import json
import re
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from SpiffWorkflow.dmn import parser

from config import regime
from config.errors import RegimeInvalid
from config.sentences import Said
from engine import bundle, criteria, expressions, vocabulary, xml
from engine.columns import dump_json
from engine.criteria import FactsInvalid, Verdict
from engine.expressions import UNKNOWN
from engine.forms import kinds as form_kinds

FILES = bundle.shipped("qingyuan")

# A cluster that meets every criterion of 清远, each by a comfortable margin.
GOOD: dict[str, Any] = {
    "area_km2": "86.4",
    "output_100m_yuan": {"2022": "21.3", "2023": "22.9", "2024": "24.1"},
    "sme_share_pct": "75",
    "leading_share_pct": "66",
    "output_growth_pct": "6.4",
    "champions_and_giants": 1,
    "quality_smes": {"high_tech": 2, "specialised": 2, "innovative": 1, "chain_leader": 1, "champion": 0},
    "above_scale_share_pct": "55",
    "rd_growth_pct": "6",
    "patent_growth_pct": "6",
    "patents_per_10k": "6",
    "industrial_internet_pct": "12",
    "co2_intensity": {"2022": "0.91", "2023": "0.88", "2024": "0.80"},
    "no_major_incidents": True,
    "no_violations": True,
    "plan_provided": True,
    "higher_level_recognition": None,
}
ORDER = [
    "integrity", "area", "output", "sme_share", "leading_share", "output_growth",
    "quality_smes", "rd_growth", "patents", "industrial_internet", "co2_intensity", "plan",
]  # fmt: skip


def verdicts(changes: dict[str, Any], files: Any = FILES) -> dict[str, Verdict]:
    """The verdicts on the good cluster with these facts changed."""
    facts = criteria.read_facts(json.dumps({**GOOD, **changes}))
    return {verdict.criterion: verdict for verdict in criteria.precheck(files, facts)}


def verdict(criterion: str, **changes: Any) -> str:
    return verdicts(changes)[criterion].verdict


def qualities(*counts: int | None) -> dict[str, int | None]:
    return dict(zip(criteria.TITLES, counts, strict=True))


def other(text: str) -> dict[str, bytes]:
    """The bundle with another regime file."""
    return {**FILES, "regime.toml": text.encode()}


def test_a_good_cluster_passes_every_criterion_that_qingyuan_has_and_no_other_is_named() -> None:
    found = verdicts({})
    assert list(found) == ORDER
    assert {verdict.verdict for verdict in found.values()} == {"pass"}


def test_a_verdict_shows_value_operator_threshold_and_clause() -> None:
    area = verdicts({"area_km2": "100.01"})["area"]
    assert (area.verdict, area.value, area.operator, area.threshold) == ("fail", Decimal("100.01"), "<=", Decimal(100))
    assert area.clause == "第十四条（二）"
    assert area.text == "占地面积（平方公里）：100.01，要求不超过 100；未达到"
    assert verdicts({})["co2_intensity"].clause == "第十四条（七）"
    assert verdicts({})["quality_smes"].value == [Decimal(1), Decimal(6), Decimal(55)]
    assert verdicts({})["quality_smes"].threshold == [Decimal(1), Decimal(5), Decimal(50)]


@pytest.mark.parametrize(
    ("criterion", "fact", "passes", "fails"),
    [
        ("area", "area_km2", "100", "100.01"),  # 不超过
        ("sme_share", "sme_share_pct", "70", "69.99"),  # 以上
        ("leading_share", "leading_share_pct", "60.01", "60"),  # 高于
        ("output_growth", "output_growth_pct", "5.01", "5"),  # 高于
        ("rd_growth", "rd_growth_pct", "5.01", "5"),  # 高于
        ("industrial_internet", "industrial_internet_pct", "10", "9.99"),  # 不低于
    ],
)
def test_the_operator_decides_at_the_boundary(criterion: str, fact: str, passes: str, fails: str) -> None:
    assert verdict(criterion, **{fact: passes}) == "pass"
    assert verdict(criterion, **{fact: fails}) == "fail"
    assert verdict(criterion, **{fact: None}) == "review", "a missing fact is never a pass"


def test_numbers_are_exact_whether_they_come_as_text_or_as_json_numbers() -> None:
    sixty = (
        regime.content("qingyuan")
        .decode()
        .replace('leading_share_pct = { value = "60"', 'leading_share_pct = { value = "60.1"')
    )
    exact = other(sixty)
    assert verdicts({"leading_share_pct": 60.1}, exact)["leading_share"].verdict == "fail", "60.1 is not above 60.1"
    assert verdicts({"leading_share_pct": "60.1"}, exact)["leading_share"].verdict == "fail"
    assert verdicts({"leading_share_pct": "60.1000000001"}, exact)["leading_share"].verdict == "pass"


def test_output_counts_in_each_of_the_last_three_years() -> None:
    def years(*values: str) -> dict[str, str]:
        return {str(2025 - len(values) + at): value for at, value in enumerate(values)}

    assert verdict("output", output_100m_yuan=years("20", "20", "20")) == "pass"  # 以上
    assert verdict("output", output_100m_yuan=years("25", "19.99", "30")) == "fail"
    assert verdict("output", output_100m_yuan=years("8", "20", "21", "22")) == "pass", "2021 is not of the last three"
    assert verdict("output", output_100m_yuan=years("21", "22")) == "review"
    assert verdict("output", output_100m_yuan={"2022": "21", "2024": "24"}) == "review"
    assert verdict("output", output_100m_yuan={"2022": "21", "2023": None, "2024": "24"}) == "review"
    assert verdict("output", output_100m_yuan=None) == "review"
    assert verdict("output", output_100m_yuan={}) == "review"
    assert verdicts({"output_100m_yuan": years("25", "19.99", "30")})["output"].value == Decimal("19.99")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("0.91", "0.88", "0.80"), "pass"),
        (("0.91", "0.91", "0.80"), "fail"),  # 持续下降: the same is not lower
        (("0.88", "0.91", "0.80"), "fail"),
        (("0.80", "0.88", "0.91"), "fail"),
        (("0.91", None, "0.80"), "review"),
    ],
)
def test_carbon_intensity_falls_in_every_year(values: tuple[str | None, ...], expected: str) -> None:
    assert verdict("co2_intensity", co2_intensity=dict(zip(("2022", "2023", "2024"), values, strict=True))) == expected


def test_years_are_read_by_their_numbers_and_not_by_their_place() -> None:
    assert verdict("co2_intensity", co2_intensity={"2024": "0.80", "2022": "0.91", "2023": "0.88"}) == "pass"


def test_carbon_figures_that_end_a_year_before_the_others_are_for_a_reviewer() -> None:
    assert verdict("co2_intensity", co2_intensity={"2021": "0.95", "2022": "0.91", "2023": "0.88"}) == "review"


@pytest.mark.parametrize(
    ("champions", "smes", "above_scale", "expected"),
    [
        (1, qualities(0, 0, 0, 0, 0), "0", "pass"),  # 不少于1家
        (0, qualities(1, 1, 1, 1, 1), "0", "pass"),  # all five kinds count together: 不少于5家
        (0, qualities(0, 0, 0, 4, 1), "0", "pass"),
        (0, qualities(1, 1, 1, 1, 0), "50", "pass"),  # 50%以上
        (0, qualities(1, 1, 1, 1, 0), "49.99", "fail"),
        (1, None, None, "pass"),  # 或者: the other arms need not be known
        (None, qualities(5, 0, 0, 0, 0), None, "pass"),
        (None, None, "50", "pass"),
        (0, qualities(4, 0, 0, 0, 0), None, "review"),
        (None, qualities(0, 0, 0, 0, 0), "0", "review"),
        (0, qualities(1, None, 0, 0, 0), "0", "review"),
    ],
)
def test_quality_enterprises_have_three_arms_of_which_one_is_enough(
    champions: int | None, smes: Any, above_scale: str | None, expected: str
) -> None:
    assert (
        verdict("quality_smes", champions_and_giants=champions, quality_smes=smes, above_scale_share_pct=above_scale)
        == expected
    )


@pytest.mark.parametrize(
    ("growth", "number", "either", "both"),
    [
        ("5", "5", "pass", "pass"),  # 不低于
        ("5", "4.99", "pass", "fail"),
        ("4.99", "5", "pass", "fail"),
        ("4.99", "4.99", "fail", "fail"),
        ("5", None, "pass", "review"),
        (None, "5", "pass", "review"),
        (None, "4.99", "review", "fail"),
        (None, None, "review", "review"),
    ],
)
def test_patents_grow_or_abound_in_qingyuan_and_do_both_elsewhere(
    growth: str | None, number: str | None, either: str, both: str
) -> None:
    facts = {"patent_growth_pct": growth, "patents_per_10k": number}
    assert verdicts(facts)["patents"].verdict == either
    elsewhere = other(regime.content("qingyuan").decode().replace("patents_either =", "patents_both ="))
    assert verdicts(facts, elsewhere)["patents"].verdict == both


@pytest.mark.parametrize(
    ("incidents", "violations", "expected"),
    [
        (True, True, "pass"),
        (False, True, "fail"),
        (True, False, "fail"),
        (False, None, "fail"),
        (True, None, "review"),
        (None, None, "review"),
    ],
)
def test_a_clean_record_is_clean_of_both(incidents: bool | None, violations: bool | None, expected: str) -> None:
    assert verdict("integrity", no_major_incidents=incidents, no_violations=violations) == expected


def test_without_a_plan_nobody_passes() -> None:
    assert verdict("plan", plan_provided=False) == "fail"
    assert verdict("plan", plan_provided=None) == "review"


def test_no_facts_at_all_are_all_for_a_reviewer() -> None:
    found = criteria.precheck(FILES, criteria.read_facts("{}"))
    assert [(verdict.criterion, verdict.verdict) for verdict in found] == [(name, "review") for name in ORDER]
    assert found[1].value is None
    assert "未填" in found[1].text


def test_an_advisory_bound_that_is_not_met_is_for_a_reviewer_and_never_a_refusal() -> None:
    advisory = other(
        regime.content("qingyuan").decode().replace('value = "100", unit', 'value = "100", advisory = true, unit')
    )
    assert verdicts({"area_km2": "100.01"}, advisory)["area"].verdict == "review"
    assert "一般要求" in verdicts({"area_km2": "100.01"}, advisory)["area"].text
    assert verdicts({"area_km2": "100"}, advisory)["area"].verdict == "pass"


def elsewhere(rows: str, thresholds: str = "") -> dict[str, bytes]:
    """A bundle whose regime has only these rows, as the other texts have them."""
    text = regime.content("qingyuan").decode()
    before, after = text.index("[criteria]"), text.index("[limits]")
    return other(f"{text[:before]}[criteria]\n{rows}\n[thresholds]\n{thresholds}\n{text[after:]}")


@pytest.mark.parametrize(
    ("row", "smes", "expected"),
    [
        ("quality_smes_or_champions", qualities(2, 2, 2, 2, 2), "pass"),  # 汕头: all five kinds count
        ("quality_smes_or_champions", qualities(2, 2, 2, 2, 1), "fail"),
        ("quality_smes_of_three_kinds", qualities(4, 3, 3, 0, 0), "pass"),  # 广西, 国家: three kinds count
        ("quality_smes_of_three_kinds", qualities(4, 3, 2, 9, 9), "fail"),  # 链主, 单项冠军 do not
    ],
)
def test_texts_count_different_kinds_of_enterprises(row: str, smes: Any, expected: str) -> None:
    numbers = 'champions_and_giants = { value = "1", unit = "家", clause = "附件" }\n'
    numbers += 'quality_smes = { value = "10", unit = "家", clause = "附件" }'
    found = verdicts(
        {"champions_and_giants": 0, "above_scale_share_pct": "100", "quality_smes": smes},
        elsewhere(f'{row} = "附件"', numbers),
    )
    assert found["quality_smes"].verdict == expected


def test_a_share_may_have_to_be_above_and_not_at_its_number() -> None:
    share = elsewhere(
        'sme_share_above = "二（二）"', 'sme_share_pct = { value = "70", unit = "%", clause = "二（二）" }'
    )
    assert verdicts({"sme_share_pct": "70"}, share)["sme_share"].verdict == "fail"
    assert verdicts({"sme_share_pct": "70.01"}, share)["sme_share"].verdict == "pass"


@pytest.mark.parametrize(
    ("intensive", "met", "expected"),
    [
        (False, None, "pass"),  # 不涉及
        (True, True, "pass"),
        (True, False, "fail"),
        (True, None, "review"),
        (None, True, "pass"),
        (None, False, "review"),
    ],
)
@pytest.mark.parametrize("resource", ["energy", "water"])
def test_a_benchmark_binds_only_those_who_use_much(
    resource: str, intensive: bool | None, met: bool | None, expected: str
) -> None:
    facts = {f"{resource}_intensive": intensive, f"{resource}_benchmark_met": met}
    assert verdicts(facts, elsewhere(f'{resource}_benchmark = "附件"'))[f"{resource}_benchmark"].verdict == expected


@pytest.mark.parametrize(("level", "expected"), [("provincial", "pass"), ("national", "pass"), (None, "fail")])
def test_a_prerequisite_asks_for_a_recognition_that_there_is(level: str | None, expected: str) -> None:
    found = verdicts({"higher_level_recognition": level}, elsewhere('prerequisite = "第十二条"'))
    assert found["prerequisite"].verdict == expected


def test_a_recognition_nobody_spoke_of_is_for_a_reviewer() -> None:
    (found,) = criteria.precheck(elsewhere('prerequisite = "第十二条"'), criteria.read_facts("{}"))
    assert found.verdict == "review"


def test_a_row_the_table_lacks_is_named() -> None:
    with pytest.raises(RegimeInvalid, match=r"criteria\.beauty 在 criteria\.dmn 中没有这一行；可用的有"):
        verdicts({}, elsewhere('beauty = "第九十九条"'))


def test_a_misspelt_row_is_named_with_the_nearest_right_one() -> None:
    with pytest.raises(RegimeInvalid, match=r"criteria\.patent_both .*没有这一行，是否想写 patents_both？"):
        verdicts({}, elsewhere('patent_both = "附件"'))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"area": 1}', "没有名为 area 的指标；可用的有 .*area_km2"),
        ('{"quality_smes": {"giants": 1}}', r"没有名为 quality_smes\.giants 的指标"),
        ('{"area_km2": "large"}', "area_km2 应为十进制数.*'large'"),
        ('{"area_km2": ""}', "area_km2 应为十进制数"),
        ('{"area_km2": "86亩"}', "area_km2 应为十进制数（以平方公里计，不写单位.*'86亩'"),
        ('{"output_100m_yuan": {"2024": "30亿"}}', r"output_100m_yuan\.2024 应为十进制数（以亿元计，不写单位.*'30亿'"),
        ('{"rd_growth_pct": "5%"}', "rd_growth_pct 应为十进制数（以%计"),
        ('{"area_km2": "86,4"}', "area_km2 应为十进制数"),
        ('{"area_km2": true}', "area_km2 应为数，现为 True"),
        ('{"area_km2": [1]}', "area_km2 应为数"),
        ('{"area_km2": NaN}', "NaN 不是数"),
        ('{"area_km2": "Infinity"}', "area_km2 应为十进制数"),
        ('{"area_km2": 1e400}', "area_km2 应为十进制数"),
        ('{"area_km2": 1e-999999999}', "area_km2 应为十进制数"),
        ('{"area_km2": -1}', "area_km2 应为不小于 0的数"),
        ('{"leading_share_pct": "100.01"}', "leading_share_pct 应为0 至 100的数"),
        ('{"output_growth_pct": "-100.5"}', "output_growth_pct 应为不小于 -100的数"),
        ('{"champions_and_giants": "1.5"}', "champions_and_giants 按家数计，应为整数"),
        ('{"quality_smes": {"high_tech": 1.5}}', r"quality_smes\.high_tech 按家数计"),
        ('{"quality_smes": 5}', "quality_smes 应为一个 JSON 对象"),
        ('{"output_100m_yuan": ["21", "22", "23"]}', "output_100m_yuan 应为一个 JSON 对象"),
        ('{"output_100m_yuan": {"last": "21"}}', r"output_100m_yuan\.last 不是四位数的年份"),
        ('{"output_100m_yuan": {"2022": "x"}}', r"output_100m_yuan\.2022 应为十进制数"),
        ('{"plan_provided": "yes"}', "plan_provided 应为 true、false 或 null"),
        ('{"plan_provided": 1}', "plan_provided 应为 true、false 或 null"),
        ('{"higher_level_recognition": "city"}', "higher_level_recognition 应为"),
        ('{"area_km2": 1, "area_km2": 2}', "area_km2 出现了两次"),
        ("[]", "应为一个 JSON 对象"),
        ("", "不是有效的 JSON"),
        ("[" * 100_000, "不是有效的 JSON"),
    ],
)
def test_facts_that_cannot_be_read_are_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(FactsInvalid) as refused:
        criteria.read_facts(text)
    assert re.search(said, refused.value.message), refused.value.message


def test_a_growth_may_be_negative_and_a_number_may_be_written_with_an_exponent() -> None:
    facts = criteria.read_facts('{"output_growth_pct": -3.5, "area_km2": 1e2, "rd_growth_pct": "-0.5"}')
    assert (facts["output_growth_pct"], facts["rd_growth_pct"]) == (Decimal("-3.5"), Decimal("-0.5"))
    assert facts["area_km2"] == 100
    assert facts["sme_share_pct"] is UNKNOWN


def test_every_cell_of_the_table_is_an_allowed_expression_over_known_facts() -> None:
    root = xml.read("criteria.dmn", FILES["criteria.dmn"])
    cells = [(node.getparent(), node.text or "") for node in root.iter() if xml.local(node) == "text"]
    outputs = [text for parent, text in cells if parent is not None and xml.local(parent) == "outputEntry" and text]
    assert len(outputs) > 100
    for text in outputs:
        expressions.check(text, names=criteria.NAMES, words=vocabulary.WORDS)


def test_the_table_is_valid_dmn_1_3_so_that_any_editor_opens_it() -> None:
    schema = Path(parser.__file__).parent / "schema" / "DMN13.xsd"
    document = xml.read("criteria.dmn", FILES["criteria.dmn"])
    etree.XMLSchema(etree.parse(schema)).assertValid(document)


def test_forms_and_the_precheck_speak_of_the_same_facts() -> None:
    plain = {name for name in criteria.FACTS if name != "quality_smes"}
    assert plain | {f"quality_smes.{title}" for title in criteria.TITLES} == form_kinds.FACTS


@pytest.mark.parametrize("changes", [{}, {"area_km2": "160", "sme_share_pct": "3"}, dict.fromkeys(GOOD)])
def test_a_kept_verdict_can_be_said_again_in_other_languages(changes: dict[str, Any]) -> None:
    for verdict in verdicts(changes).values():
        kept = json.loads(dump_json(asdict(verdict)))
        assert criteria.told(kept) == verdict.text
        assert isinstance(criteria.told(kept), Said)


def test_a_verdict_in_the_words_of_another_release_stays_as_it_was_written() -> None:
    kept = asdict(verdicts({})["area"]) | {"text": "占地面积：86.4，合格"}
    assert criteria.told(kept) == "占地面积：86.4，合格"
