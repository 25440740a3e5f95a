"""The forms of the four texts: what each asks, and that its answers are enough for its own criteria."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from config import regime as regimes
from engine import bundle, clock, conditions, criteria, deployments, forms
from engine.errors import FormInvalid
from engine.forms import Form
from tests import samples

REGIMES = ("qingyuan", "shantou", "guangxi", "national")
FILES = {name: bundle.shipped(name) for name in REGIMES}
RECOMMENDED: dict[str, Any] = samples.ANSWERS["recommend"]
FOUNDED = {"founded": "2010年5月"}


@pytest.fixture(autouse=True)
def _the_samples_day() -> Iterator[None]:
    with clock.replaced_by(lambda: samples.MOMENT):
        yield


def form(regime: str, name: str) -> Form:
    return forms.parse(FILES[regime][f"forms/{name}.json"])


def document(regime: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILES[regime][f"forms/{name}.json"])
    return found


def problems(regime: str, name: str, data: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(FormInvalid) as refused:
        form(regime, name).clean(data)
    return {problem.field: problem.message for problem in refused.value.problems}


def application(regime: str, **changes: Any) -> dict[str, Any]:
    return samples.application_for(form(regime, "application"), **changes)


# ---- every form ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regime", "name"),
    [
        (regime, path.removeprefix("forms/").removesuffix(".json"))
        for regime in REGIMES
        for path in FILES[regime]
        if path.startswith("forms/")
    ],
)
def test_every_form_of_a_regime_has_right_answers_which_come_back_unchanged(regime: str, name: str) -> None:
    asked = form(regime, name)
    answers = samples.answers_for(name, asked)
    kept = asked.clean(answers)
    assert {field: answer for field, answer in kept.items() if answer != []} == {
        field: answer for field, answer in answers.items() if answer != []
    }


# ---- 申报表 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("regime", REGIMES)
def test_a_filled_application_answers_every_criterion_of_its_text(regime: str) -> None:
    filed = form(regime, "application").clean(application(regime))
    facts = criteria.facts_of(form(regime, "application").facts(filed))
    found = criteria.precheck(FILES[regime], facts)
    assert {verdict.criterion: verdict.verdict for verdict in found if verdict.verdict == "review"} == {}
    assert len(found) == len(regimes.shipped(regime).criteria)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_strong_cluster_meets_every_condition_of_its_text(regime: str) -> None:
    own = {"higher_level_recognition": "provincial"} if regime == "national" else {}
    filed = form(regime, "application").clean(application(regime, **samples.strong(), **own))
    found = criteria.precheck(FILES[regime], criteria.facts_of(form(regime, "application").facts(filed)))
    assert {verdict.criterion: verdict.verdict for verdict in found if verdict.verdict != "pass"} == {}


@pytest.mark.parametrize("regime", ["shantou", "guangxi", "national"])
@pytest.mark.parametrize(
    ("answer", "criterion"),
    [
        ({"software_use_rising": False}, "industrial_software"),
        ({"energy_benchmark": "no"}, "energy_benchmark"),
        ({"water_benchmark": "no"}, "water_benchmark"),
    ],
)
def test_a_no_on_the_form_is_a_criterion_that_is_not_met(regime: str, answer: dict[str, Any], criterion: str) -> None:
    filed = form(regime, "application").clean(application(regime, **answer))
    facts = criteria.facts_of(form(regime, "application").facts(filed))
    verdicts = {verdict.criterion: verdict.verdict for verdict in criteria.precheck(FILES[regime], facts)}
    assert verdicts[criterion] == "fail"


@pytest.mark.parametrize("regime", REGIMES)
def test_an_application_may_be_typed_with_separators_and_in_full_width(regime: str) -> None:
    outputs = {"2022": "１，２３４．５", "2023": "1,334.50", "2024": "1,434.5"}
    filed = form(regime, "application").clean(application(regime, output=outputs))
    assert filed["output"] == {"2022": "1234.5", "2023": "1334.50", "2024": "1434.5"}
    facts = criteria.facts_of(form(regime, "application").facts(filed))
    (output,) = [each for each in criteria.precheck(FILES[regime], facts) if each.criterion == "output"]
    assert (output.value, output.verdict) == (Decimal("1234.5"), "pass")


@pytest.mark.parametrize(
    ("regime", "title", "adapted"),
    [
        ("qingyuan", "市级中小企业特色产业集群申报表", "没有印制申报表"),
        ("shantou", "汕头市中小企业特色产业集群申报表", "没有印制申报表和推荐汇总表"),  # the title is 二（三）1's
        ("guangxi", "自治区级中小企业特色产业集群申报表", "没有印制申报表"),
        ("national", "中小企业特色产业集群申报表", "工业和信息化部印制"),
    ],
)
def test_a_form_says_whose_it_is_and_what_it_was_adapted_from(regime: str, title: str, adapted: str) -> None:
    whole = document(regime, "application")
    assert whole["title"] == title
    assert adapted in whole["description"]
    assert "工信厅企业函〔2022〕236号附件2" in whole["description"]


def test_only_qingyuan_asks_for_the_enterprises_above_scale() -> None:
    assert [regime for regime in REGIMES if "above_scale_share" in form(regime, "application").fields()] == ["qingyuan"]


def test_the_ministrys_form_asks_for_the_provinces_recognition_word_for_word() -> None:
    field = document("national", "application")["properties"]["higher_level_recognition"]
    assert field["title"] == "获得省级中小企业特色产业集群"
    assert list(field["x-ui"]["choices"].values()) == ["否", "是"]


def test_shantous_summary_table_has_an_introduction_of_150_characters() -> None:
    asked = {"founded", "introduction"}
    missing = {name: answer for name, answer in application("shantou").items() if name not in asked}
    assert problems("shantou", "application", missing).keys() == asked
    long = problems("shantou", "application", application("shantou", introduction="集" * 151))
    assert long == {"introduction": "“集群简介（150字以内）”不得超过 150 字，现有 151 字，请删去 1 字"}
    form("shantou", "application").clean(application("shantou", introduction="集" * 150))


@pytest.mark.parametrize("regime", REGIMES)
def test_a_rounds_page_tells_each_condition_once_with_the_duty_it_belongs_to(regime: str) -> None:
    asked = conditions.asked(deployments.Deployed(0, FILES[regime]))
    told = [number for each in asked for number in each.numbers]
    assert sorted(told) == sorted(each.text for each in criteria.conditions(FILES[regime]))
    assert "对集群申报进行初审" not in {each.gist for each in asked}  # a step, and no condition


CHAMPIONS = {"qingyuan": "国家级", "shantou": "国家级", "guangxi": "", "national": ""}  # 制造业单项冠军 of which level


@pytest.mark.parametrize("regime", REGIMES)
def test_form_and_condition_call_the_champions_as_the_text_does(regime: str) -> None:
    called = f"主导产业的{CHAMPIONS[regime]}制造业单项冠军"
    assert form(regime, "application").title_of("champions_and_giants").startswith(called)
    asked = [each.text for each in criteria.conditions(FILES[regime])]
    (condition,) = [text for text in asked if "单项冠军或" in text]
    assert condition.startswith(called)


# ---- 受理 ------------------------------------------------------------------------------------------


def accepted(regime: str, **changes: Any) -> dict[str, Any]:
    own = {"prerequisite": "recognised"} if regime == "national" else {}
    return {"decision": "accept", "within_one_county": True, "opinion": "无", **own, **changes}


@pytest.mark.parametrize(
    ("regime", "clause"),
    [("qingyuan", "第十五条（一）"), ("shantou", "二（三）1"), ("guangxi", "第十二条"), ("national", "第十二条")],
)
def test_whoever_accepts_has_looked_whether_the_cluster_lies_in_one_county(regime: str, clause: str) -> None:
    form(regime, "acceptance").clean(accepted(regime))
    assert clause in document(regime, "acceptance")["properties"]["within_one_county"]["description"]
    assert "within_one_county" in problems(regime, "acceptance", accepted(regime, within_one_county=None))
    wide = problems(regime, "acceptance", accepted(regime, within_one_county=False))
    assert "不予受理" in wide["within_one_county"]


@pytest.mark.parametrize("regime", REGIMES)
def test_who_refuses_or_returns_need_not_have_looked(regime: str) -> None:
    form(regime, "acceptance").clean({"decision": "refuse", "opinion": "不属于受理范围"})


@pytest.mark.parametrize("prerequisite", ["recognised", "first_batch"])
def test_the_nation_accepts_what_the_province_has_recognised_and_the_first_batch(prerequisite: str) -> None:
    form("national", "acceptance").clean(accepted("national", prerequisite=prerequisite))


def test_the_nation_accepts_nothing_else_and_names_the_clause() -> None:
    refused = problems("national", "acceptance", accepted("national", prerequisite="none"))
    assert "第十二条" in refused["prerequisite"]
    assert problems("national", "acceptance", accepted("national", prerequisite=None)).keys() == {"prerequisite"}
    assert not [regime for regime in REGIMES[:3] if "prerequisite" in form(regime, "acceptance").fields()]


# ---- 推荐 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("regime", "own"), [("guangxi", {}), ("national", FOUNDED)])
def test_a_recommendation_has_its_introduction_rank_and_reason(regime: str, own: dict[str, Any]) -> None:
    whole = RECOMMENDED | own
    form(regime, "recommend").clean(whole)
    for name in whole.keys() - {"decision"}:
        assert problems(regime, "recommend", {**whole, name: None}).keys() == {name}
    assert problems(regime, "recommend", {**whole, "introduction": "集" * 151}).keys() == {"introduction"}
    assert problems(regime, "recommend", {**whole, "truth_checked": False}).keys() == {"truth_checked"}
    assert problems(regime, "recommend", {**whole, "opinion": "无"}).keys() == {"opinion"}
    assert problems(regime, "recommend", {**whole, "rank": 0}).keys() == {"rank"}


@pytest.mark.parametrize("regime", ["guangxi", "national"])
def test_who_does_not_recommend_says_why_and_nothing_else(regime: str) -> None:
    form(regime, "recommend").clean({"decision": "decline", "opinion": "同一细分领域另有更优的集群"})
    assert form(regime, "recommend").returns
    remarks = [{"field": "output", "remark": "与企业发展情况表不一致"}]
    form(regime, "recommend").clean({"decision": "return", "remarks": remarks, "opinion": "请补正"})
    assert problems(regime, "recommend", {"decision": "return", "opinion": "请补正"}).keys() == {"remarks"}


def test_only_the_nations_form_has_a_place_for_the_wests_reason() -> None:
    assert "relaxation_reason" in form("national", "recommend").fields()
    assert "relaxation_reason" not in form("guangxi", "recommend").fields()
    west = form("national", "recommend").clean({**RECOMMENDED, **FOUNDED, "relaxation_reason": "产值略低于标准"})
    assert west["relaxation_reason"] == "产值略低于标准"


# ---- 初审, 实地抽查, 评分 --------------------------------------------------------------------------

CONDITIONS = {  # a word of each text's conditions, by theme: what its reviewers look at and others need not
    "innovation": ("融通", {"shantou", "guangxi", "national"}),
    "digital": ("工业软件", {"shantou", "guangxi", "national"}),
    "green": ("污染物", {"shantou", "guangxi", "national"}),
    "cultivation": ("占比", {"qingyuan"}),  # 四上
}


@pytest.mark.parametrize("theme", CONDITIONS)
def test_the_reviewers_look_at_what_their_text_asks(theme: str) -> None:
    word, texts = CONDITIONS[theme]
    said = {
        regime: document(regime, "first_review")["properties"][f"finding_{theme}"]["description"] for regime in REGIMES
    }
    assert {regime for regime, description in said.items() if word in description} == texts


@pytest.mark.parametrize(
    ("regime", "standing"),
    [("shantou", "全省前列"), ("guangxi", "全国、全区前列"), ("national", "全国前列")],
)
def test_the_standing_in_the_niche_is_the_texts_own(regime: str, standing: str) -> None:
    finding = document(regime, "first_review")["properties"]["finding_competitiveness"]
    assert standing in finding["description"]


@pytest.mark.parametrize("regime", ["qingyuan", "guangxi", "national"])
def test_an_inspector_checks_every_criterion_that_can_be_seen_on_the_spot(regime: str) -> None:
    checks = {name.removeprefix("check_") for name in form(regime, "site_inspection").fields() if "check_" in name}
    asked = {
        row if regime == "qingyuan" else criterion
        for row, criterion in zip(
            regimes.shipped(regime).criteria,
            [verdict.criterion for verdict in criteria.precheck(FILES[regime], criteria.read_facts("{}"))],
            strict=True,
        )
    }
    assert checks == asked - {"prerequisite"}


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("name", ["first_review", "site_inspection", "score_sheet", "recommend"])
def test_what_lies_beside_a_field_is_a_field_of_the_form_it_names(regime: str, name: str) -> None:
    for other, fields in form(regime, name).besides().values():
        assert set(fields) <= form(regime, other).fields()
