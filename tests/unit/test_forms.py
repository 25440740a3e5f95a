"""What a form lets in, what it refuses and how it says so; expectations come from the printed 申报表 and its notes."""

import copy
import json
import random
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine import bundle, clock, criteria, forms, vocabulary
from engine.errors import BundleInvalid, FormInvalid
from engine.forms.kinds import FACTS
from tests import samples

FILES = bundle.shipped("qingyuan")
FORMS = sorted(name[len("forms/") : -len(".json")] for name in FILES if name.startswith("forms/"))
FILE = "0123456789abcdef0123456789abcdef"
LEFT_OUT = object()


@pytest.fixture(autouse=True)
def _the_samples_day() -> Iterator[None]:
    with clock.replaced_by(lambda: samples.MOMENT):
        yield


def form(name: str) -> forms.Form:
    return forms.parse(FILES[f"forms/{name}.json"])


def document(name: str) -> dict[str, Any]:
    return json.loads(FILES[f"forms/{name}.json"])


def refused(name: str, data: Any) -> dict[str, str]:
    """Field and code of every problem."""
    with pytest.raises(FormInvalid) as refusal:
        form(name).clean(data)
    return {problem.field: problem.code for problem in refusal.value.problems}


def message(name: str, data: Any, field: str) -> str:
    with pytest.raises(FormInvalid) as refusal:
        form(name).clean(data)
    return next(problem.message for problem in refusal.value.problems if problem.field == field)


def small(*fields: tuple[str, dict[str, Any]], required: list[str] | None = None, **root: Any) -> bytes:
    """A form file of a few fields, right unless a field or `root` makes it wrong."""
    properties = {name: {"title": name, **schema} for name, schema in fields}
    kinds = {"text": {"type": "string", "minLength": 1, "maxLength": 200}}
    whole: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "小表",
        "type": "object",
        "additionalProperties": False,
        "required": list(properties) if required is None else required,
        "properties": properties,
        "$defs": {kind: schema for kind, schema in kinds.items() if f"#/$defs/{kind}" in json.dumps(properties)},
    }
    return json.dumps(whole | root, ensure_ascii=False).encode()


TEXT: dict[str, Any] = {"$ref": "#/$defs/text"}
WHEN = {"rule": "requires_when", "when": {"fields": ["a"], "in": ["x"]}, "then": {"field": "a", "in": ["y"]}}


# ---- the shipped forms -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["acceptance", "first_review", "forward"])
def test_a_remark_names_a_field_of_the_application_or_says_where_in_words(name: str) -> None:
    assert form(name).points_to() == {"remarks.field": "application"}
    returned = {
        "decision": "return",
        "opinion": "须补正",
        **{key: value for key, value in samples.ANSWERS[name].items() if key.startswith("finding")},
    }
    for where in ("output", "佐证材料第3项"):
        kept = form(name).clean({**returned, "remarks": [{"field": where, "remark": "请核对"}]})
        assert kept["remarks"] == [{"field": where, "remark": "请核对"}]


def test_a_field_is_called_by_its_title_and_what_is_none_by_itself() -> None:
    assert form("application").title_of("output") == "集群总产值（亿元）"
    assert form("application").title_of("佐证材料第3项") == "佐证材料第3项"


@pytest.mark.parametrize("name", FORMS)
def test_every_form_keeps_to_the_profile_and_is_a_json_schema(name: str) -> None:
    assert forms.form_problems(FILES[f"forms/{name}.json"]) == []
    Draft202012Validator.check_schema(document(name))


@pytest.mark.parametrize("name", FORMS)
def test_every_form_has_right_answers_which_come_back_unchanged(name: str) -> None:
    answers = samples.ANSWERS[name]
    cleaned = form(name).clean(answers)
    assert {key: value for key, value in cleaned.items() if value != []} == {
        key: value for key, value in answers.items() if value != []
    }
    assert form(name).clean(cleaned) == cleaned
    assert json.loads(json.dumps(cleaned)) == cleaned


@pytest.mark.parametrize("name", FORMS)
def test_a_stock_validator_agrees_that_kept_answers_fit_the_published_schema(name: str) -> None:
    schema = document(name)
    hidden = {field for field, part in schema["properties"].items() if "x-show-when" in part}
    schema["required"] = [field for field in schema["required"] if field not in hidden]
    Draft202012Validator(schema).validate(form(name).clean(samples.ANSWERS[name]))


@pytest.mark.parametrize(("regime", "name"), [(regime, name) for regime in bundle.regimes() for name in FORMS])
def test_every_title_hint_and_choice_is_there_in_chinese_and_english(regime: str, name: str) -> None:
    def look(schema: dict[str, Any], at: str) -> None:
        english = schema.get("x-i18n", {}).get("en", {})
        if "title" in schema:
            assert any("\u4e00" <= character <= "\u9fff" for character in schema["title"]), at
            assert english.get("title"), at
        if "description" in schema:
            assert english.get("description"), at
        if "enum" in schema:
            assert english["choices"].keys() == set(schema["enum"]), at
        for part in ("properties", "items"):
            inner = schema.get(part, {})
            for key, value in inner.items() if part == "properties" else [("", inner)] if inner else []:
                look(value, f"{at}/{key}")

    whole = json.loads(bundle.shipped(regime)[f"forms/{name}.json"])
    look(whole, name)
    for section in whole.get("x-ui", {}).get("sections", []):
        assert section["x-i18n"]["en"].keys() == section.keys() & {"title", "description"}, section["id"]


def test_a_form_hands_out_its_whole_schema_and_nobody_can_change_it() -> None:
    form("acceptance").document["properties"].clear()
    assert form("acceptance").document == document("acceptance")


def test_the_steps_that_may_send_a_case_back_offer_it() -> None:
    with_a_way_back = {
        name for name in FORMS if "decision" in form(name).fields() and "return" in form(name).choices("decision")
    }
    of_a_round = {"forward", "acceptance", "first_review", "recommend", "decide_list"}
    of_its_life = {"check_report", "renewal_review", "decide_renewal", "decide_revocation", "check_change"}
    of_its_life |= {"check_rectification", "check_typical_case"}
    assert with_a_way_back == of_a_round | of_its_life


def test_the_application_has_the_nine_parts_of_the_printed_form() -> None:
    titles = [section["title"] for section in document("application")["x-ui"]["sections"]]
    assert titles == [
        "封面",
        "一、基本情况",
        "二、主导产业情况",
        "三、创新能力情况",
        "四、数字化升级情况",
        "五、绿色化转型情况",
        "六、开放合作情况",
        "七、治理和服务水平",
        "八、未来三年中小企业特色产业集群发展规划",
        "九、真实性声明及推荐意见",
        "佐证材料清单",
        "企业发展情况表",
    ]


# Copied from the printed form (工信厅企业函〔2022〕236号 附件2), part by part.
PRINTED = """
集群名称 县（市、区）中小企业主管部门 集群运营管理机构 集群占地面积（平方公里） 主导产业所属产业类型
集群主导产业不属于国家规定的禁止、限制和淘汰类产业
近三年未发生较大及以上安全、质量、环境污染等事故，重大及以上网络安全事件和数据安全事件
不存在偷税漏税、违法违规、严重失信和其他重大问题的行为
属于高耗能行业的集群，能效水平高于行业基准值 属于高用水行业的集群，水效水平高于行业基准值
集群总产值（亿元） 集群内中小企业产值占集群总产值比例（%） 集群主导产业产值占集群总产值比例（%）
集群主导产业产值增速（%） 近三年主导产业产值年均增速（%） 集群企业数量 其中：集群中小企业数量
专精特新中小企业数量 专精特新“小巨人”企业数量 制造业单项冠军企业数量 国家级高新技术企业和创新型中小企业数量
集群是否绘制产业链图谱 集群产业链培育和招商情况（200字以内） 集群供应链风险评估情况（200字以内）
集群制造资源共享情况（200字以内） 集群已开展的制造资源共享工作
集群质量品牌建设情况（200字以内） 集群已开展的质量品牌建设工作
集群协同发展情况（与先进制造业集群、国家新型工业化产业示范基地或龙头企业合作情况，200字以内）
集群中小企业近三年研发投入强度（%） 集群近三年研发经费增速（%） 集群内中小企业从业人员数量
集群内研发人员占从业人员比例（%） 集群有效发明专利年均增速（%） 集群每万人有效发明专利拥有量
协同创新总体情况（200字以内） 集群已开展的协同创新工作
企业上云比例（%） 集群工业互联网平台应用普及率（%） 工业软件应用率稳步提升 工业软件采购金额（万元）
数字化服务总体情况（200字以内） 集群已开展的数字化服务工作
智能制造、工业互联网以及其它新模式新业态试点示范建设或应用情况（200字以内） 集群已开展的数字化新模式新业态推广工作
建立了集群碳排放监测机制 近三年单位产值二氧化碳排放量（吨二氧化碳/万元）
开展碳达峰碳中和相关宣传、监测等工作情况（200字以内）
近三年单位工业产值能耗降低率（%） 大宗工业固废综合利用率（%） 工业用水重复利用率（%）
能源和资源综合利用工作情况（200字以内） 集群已开展的能源和资源综合利用工作
绿色低碳公共服务总体情况（200字以内） 集群已具备绿色低碳公共服务能力
集群国际合作交流总体情况（200字以内） 集群已开展的国际合作交流活动
近三年集群主导产品出口贸易额增长率（%） 近三年集群外商直接投资额增长率（%）
治理和服务水平情况（200字以内） 集群已建设的中小企业公共服务平台 集群已提供的中小企业公共服务
真实性声明 单位负责人（签字）
""".split()  # noqa: SIM905 - a list to read beside the printed form


@pytest.mark.parametrize("label", PRINTED)
def test_a_printed_label_stands_on_the_form_word_for_word(label: str) -> None:
    assert label in [field["title"] for field in document("application")["properties"].values()]


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("sharing_activities", 4),
        ("brand_activities", 4),
        ("collaboration_activities", 5),
        ("digital_service_activities", 4),
        ("new_model_activities", 3),
        ("resource_activities", 3),
        ("green_service_capabilities", 5),
        ("cooperation_activities", 5),
        ("platform_activities", 3),
        ("service_activities", 7),
        ("governance_activities", 3),
    ],
)
def test_every_printed_box_can_be_ticked(field: str, number: int) -> None:
    assert len(document("application")["properties"][field]["items"]["enum"]) == number


def test_the_form_prints_the_eleven_filling_rules_and_says_what_it_was_adapted_from() -> None:
    whole = document("application")
    assert [note.split(".")[0] for note in whole["x-ui"]["notes"]] == [str(number) for number in range(1, 12)]
    assert "各必填栏目不得空缺，无相关情况时应填写“无”；数据有小数时，保留小数点后2位" in whole["x-ui"]["notes"][1]
    assert "没有印制申报表" in whole["description"]
    assert "工信厅企业函〔2022〕236号" in whole["description"]


def test_the_evidence_list_has_its_25_items_and_only_7_and_16_are_asked_if_any() -> None:
    fields = document("application")["properties"]
    items = {number: fields[f"evidence_{number}"] for number in range(1, 26)}
    assert "evidence_26" not in fields
    assert all(item["title"].startswith(f"{number}.") for number, item in items.items())
    assert [number for number, item in items.items() if "none" in item["enum"]] == [7, 16]
    assert [number for number, item in items.items() if len(item["enum"]) == 2] == [1, 2, 25]


# ---- answers -----------------------------------------------------------------------------------


def test_the_facts_of_the_precheck_follow_from_the_application() -> None:
    application = form("application")
    assert application.facts(application.clean(samples.application_data())) == {
        "area_km2": "86.40",
        "output_100m_yuan": {"2022": "21.30", "2023": "22.90", "2024": "24.10"},
        "sme_share_pct": "72.50",  # of the latest year
        "leading_share_pct": "65.00",
        "output_growth_pct": "6.37",
        "champions_and_giants": 1,
        "quality_smes": {"high_tech": 7, "specialised": 5, "innovative": 4, "chain_leader": 1, "champion": 0},
        "above_scale_share_pct": "41.07",
        "rd_growth_pct": "8.20",
        "patent_growth_pct": "6.50",
        "patents_per_10k": "5.20",
        "industrial_internet_pct": "18.75",
        "co2_intensity": {"2022": "0.91", "2023": "0.88", "2024": "0.80"},
        "energy_intensive": False,
        "energy_benchmark_met": None,
        "water_intensive": False,
        "water_benchmark_met": None,
        "no_major_incidents": True,
        "no_violations": True,
        "plan_provided": True,
        "industrial_software_rising": True,
        "industry_permitted": True,
        "rd_growth_by_year_pct": {"2022": "7.90", "2023": "8.10", "2024": "8.60"},
        "higher_level_recognition": None,
    }


@pytest.mark.parametrize(
    ("answer", "intensive", "met"), [("yes", True, True), ("no", True, False), ("not_applicable", False, None)]
)
def test_an_energy_benchmark_says_both_whether_it_applies_and_whether_it_is_met(
    answer: str, intensive: bool, met: bool | None
) -> None:
    application = form("application")
    facts = application.facts(application.clean(samples.application_data(energy_benchmark=answer)))
    assert (facts["energy_intensive"], facts["energy_benchmark_met"]) == (intensive, met)


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({}, set()),
        ({"area_km2": "100"}, set()),  # 不超过100平方公里
        ({"area_km2": "100.01"}, {"area"}),
        ({"output": samples.by_year("19.99", "22.90", "24.10")}, {"output"}),  # 近三年产值均在20亿元以上
        ({"leading_share": samples.by_year("65", "65", "60")}, {"leading_share"}),  # 高于60%
        ({"co2_intensity": samples.by_year("0.91", "0.91", "0.80")}, {"co2_intensity"}),  # 持续下降
        ({"no_violations": False}, {"integrity"}),
    ],
)
def test_the_precheck_reads_what_the_form_says(changes: dict[str, Any], failed: set[str]) -> None:
    files = bundle.shipped("qingyuan")
    application = forms.parse(files["forms/application.json"])
    facts = criteria.facts_of(application.facts(application.clean(samples.application_data(**changes))))
    verdicts = criteria.precheck(files, facts)
    assert {verdict.criterion for verdict in verdicts if verdict.verdict == "fail"} == failed
    assert {"area", "output", "integrity", "plan"} <= {verdict.criterion for verdict in verdicts}


def test_forms_and_criteria_know_the_same_facts() -> None:
    plain = set(criteria.FACTS) - {"quality_smes"}
    assert plain | {f"quality_smes.{title}" for title in criteria.TITLES} == FACTS


def test_every_fact_of_the_precheck_has_its_field_on_the_form() -> None:
    words = [field.get("x-fact", []) for field in document("application")["properties"].values()]
    carried = [word["fact"] for part in words for word in (part if isinstance(part, list) else [part])]
    assert sorted(carried) == sorted(FACTS)


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("area_km2", "99.99", "99.99"),
        ("area_km2", 100, "100"),
        ("area_km2", 86.4, "86.4"),
        ("area_km2", Decimal("86.40"), "86.40"),
        ("area_km2", " 86.4 ", "86.4"),
        ("above_scale_share", "100", "100"),
        ("above_scale_share", "0", "0"),
        ("output_growth_average", "-3.25", "-3.25"),  # growth may be negative …
        ("output_growth_average", "312.50", "312.50"),  # … and beyond a hundred
        ("energy_reduction", "无", "无"),
        ("sme_staff", "11840", 11840),
        ("sme_staff", 11840.0, 11840),
        ("truth_statement", "true", True),
        ("carbon_work", "无", "无"),
        ("chain_cultivation", "字" * 200, "字" * 200),
        ("chain_cultivation", "一行\r\n两行\r三行", "一行\n两行\n三行"),
        ("chain_cultivation", "  前后空白\u3000", "前后空白"),
        ("chain_cultivation", "😀" * 200, "😀" * 200),  # a character is a code point, not a UTF-16 unit
        ("chain_cultivation", ("字" * 99 + "\r\n") * 2, "字" * 99 + "\n" + "字" * 99),  # CRLF is one character
        ("cluster_name", "中小企业特色产业集群（陶瓷产业）", "中小企业特色产业集群（陶瓷产业）"),
    ],
)
def test_a_good_answer_is_kept_exactly(field: str, value: Any, kept: Any) -> None:
    changes = {field: value}
    if value == "无":
        changes["evidence_17"] = "on_paper"
    answer = form("application").clean(samples.application_data(**changes))[field]
    assert (answer, type(answer)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        # foreign and reserved names, at every level
        ({"approved_by_leader": True}, "approved_by_leader", "unknown_field"),
        ({"approved_by_leader": LEFT_OUT}, "approved_by_leader", "unknown_field"),
        ({"typename": "x"}, "typename", "reserved_key"),
        ({"__x__": 1}, "__x__", "reserved_key"),
        ({"a__b": 1}, "a__b", "reserved_key"),
        ({"len": 5}, "len", "unknown_field"),
        ({"target_co2": {"base": "1", "goal": "1", "typename": "x"}}, "target_co2.typename", "reserved_key"),
        ({"target_co2": {"base": "1", "goal": "1", "extra": "x"}}, "target_co2.extra", "unknown_field"),
        ({"output": {"2022": "1", "2023": "1", "2024": "1", "__x__": "1"}}, "output.__x__", "reserved_key"),
        ({"enterprises": [samples.enterprise("甲", seal="x")]}, "enterprises[0].seal", "unknown_field"),
        ({"enterprises": [samples.enterprise("甲", typename="x")]}, "enterprises[0].typename", "reserved_key"),
        ({"area_km2": {"typename": "x"}}, "area_km2.typename", "reserved_key"),
        # text
        ({"chain_cultivation": "字" * 201}, "chain_cultivation", "too_long"),
        ({"chain_cultivation": "😀" * 201}, "chain_cultivation", "too_long"),
        ({"chain_cultivation": ""}, "chain_cultivation", "required"),
        ({"chain_cultivation": " \r\n\u3000"}, "chain_cultivation", "required"),
        ({"chain_cultivation": None}, "chain_cultivation", "required"),
        ({"chain_cultivation": 7}, "chain_cultivation", "type"),
        ({"chain_cultivation": "a\x00b"}, "chain_cultivation", "unprintable"),
        ({"chain_cultivation": "a\ud800b"}, "chain_cultivation", "unprintable"),  # half of a pair: no database takes it
        ({"chain_cultivation": "a\u202eb"}, "chain_cultivation", "unprintable"),  # turns the line round
        ({"leading_industry": "两\n行"}, "leading_industry", "one_line"),
        ({"cluster_name": "陶瓷产业集群"}, "cluster_name", "cluster_name"),
        ({"cluster_name": "中小企业特色产业集群(陶瓷产业)"}, "cluster_name", "cluster_name"),  # half-width brackets
        ({"cluster_name": "中小企业特色产业集群（陶瓷）"}, "cluster_name", "cluster_name"),
        ({"plan": "字" * 3001}, "plan", "too_long"),
        ({"plan": "字" * 2990, "stage_1": "字" * 11}, "plan", "too_long"),  # 3000 for the boxes of the part together
        # numbers
        ({"area_km2": "86.405"}, "area_km2", "decimals"),
        ({"area_km2": "86.400"}, "area_km2", "decimals"),
        ({"area_km2": 86.405}, "area_km2", "decimals"),
        ({"area_km2": 0.1 + 0.2}, "area_km2", "decimals"),  # nothing is rounded
        ({"area_km2": 1e-7}, "area_km2", "decimals"),
        ({"area_km2": "-0.01"}, "area_km2", "minimum"),
        ({"area_km2": 1e22}, "area_km2", "maximum"),
        ({"area_km2": 10**30}, "area_km2", "maximum"),
        ({"area_km2": "八十六"}, "area_km2", "not_a_number"),
        ({"area_km2": "1,00"}, "area_km2", "not_a_number"),  # perhaps 1.00: nobody guesses
        ({"area_km2": "86,4"}, "area_km2", "not_a_number"),
        ({"area_km2": "0,100"}, "area_km2", "not_a_number"),
        ({"output": {"2022": "1", "2023": "1", "2024": "30亿"}}, "output.2024", "not_a_number"),
        ({"area_km2": "1e3"}, "area_km2", "not_a_number"),
        ({"area_km2": "1_0"}, "area_km2", "not_a_number"),
        ({"area_km2": "NaN"}, "area_km2", "not_a_number"),
        ({"area_km2": float("nan")}, "area_km2", "not_a_number"),
        ({"area_km2": Decimal("Infinity")}, "area_km2", "not_a_number"),
        ({"area_km2": "无"}, "area_km2", "not_a_number"),
        ({"area_km2": True}, "area_km2", "type"),
        ({"area_km2": ["86"]}, "area_km2", "type"),
        ({"above_scale_share": "101"}, "above_scale_share", "maximum"),
        ({"above_scale_share": "100.01"}, "above_scale_share", "maximum"),
        ({"above_scale_share": "101.005"}, "above_scale_share", "decimals"),
        ({"solid_waste_use": "101"}, "solid_waste_use", "maximum"),
        ({"sme_staff": "1.5"}, "sme_staff", "type"),
        ({"sme_staff": 1.5}, "sme_staff", "type"),
        ({"sme_staff": True}, "sme_staff", "type"),
        ({"sme_staff": -1}, "sme_staff", "minimum"),
        # years
        ({"output": {"2023": "1", "2024": "1"}}, "output.2022", "required"),
        ({"output": {"2022": "1", "2023": "", "2024": "1"}}, "output.2023", "required"),
        ({"output": LEFT_OUT}, "output.2022", "required"),
        ({"output": {"2022": "1", "2023": "1", "2025": "1"}}, "output.2025", "wrong_year"),
        ({"output": {"2022": "1", "2023": "1", "二四": "1"}}, "output.二四", "wrong_year"),
        ({"output": {"2022": "1", "2023": "1", "2024": "1.005"}}, "output.2024", "decimals"),
        ({"sme_share": {"2022": "1", "2023": "1", "2024": "101"}}, "sme_share.2024", "maximum"),
        ({"output": "21.3"}, "output", "type"),
        ({"sme_count": {"2022": 93, "2023": 99, "2024": 113}}, "sme_count.2024", "not_above"),
        ({"application_year": 2026}, "output.2025", "required"),
        # choices, ticks, dates, statement
        ({"industry_class": "quaternary"}, "industry_class", "choice"),
        ({"industry_class": "第二产业"}, "industry_class", "choice"),
        ({"sharing_activities": ["shared_factory", "shared_factory"]}, "sharing_activities", "duplicate"),
        ({"sharing_activities": ["astrology"]}, "sharing_activities[0]", "choice"),
        ({"sharing_activities": "shared_factory"}, "sharing_activities", "type"),
        ({"truth_statement": False}, "truth_statement", "required"),
        ({"truth_statement": LEFT_OUT}, "truth_statement", "required"),
        ({"no_violations": "yes"}, "no_violations", "type"),
        ({"signed_on": "2025-02-30"}, "signed_on", "date"),
        ({"signed_on": "20250301"}, "signed_on", "date"),
        ({"signed_on": "2025-04-11"}, "signed_on", "not_after_today"),
        # tables and groups
        ({"enterprises": []}, "enterprises", "required"),
        ({"enterprises": [{"name": "甲"}]}, "enterprises[0].main_business", "required"),
        ({"enterprises": [samples.enterprise("甲"), samples.enterprise("甲")]}, "enterprises[1].name", "distinct"),
        ({"enterprises": [samples.enterprise("甲", output_2="1.234")]}, "enterprises[0].output_2", "decimals"),
        ({"enterprises": ["甲"]}, "enterprises[0]", "type"),
        ({"enterprises": [samples.enterprise("甲")] * 1001}, "enterprises", "too_many"),
        ({"target_co2": {"base": "1"}}, "target_co2.goal", "required"),
        ({"target_co2": LEFT_OUT}, "target_co2.base", "required"),
        # files
        ({"signed_statement": "../../etc/passwd"}, "signed_statement", "file"),
        ({"signed_statement": FILE.upper().replace("0", "A")}, "signed_statement", "file"),
        ({"evidence_8": "provided"}, "evidence_8_files", "required"),
        ({"evidence_8": "provided", "evidence_8_files": [FILE, FILE]}, "evidence_8_files", "duplicate"),
        ({"evidence_8": "provided", "evidence_8_files": [""]}, "evidence_8_files[0]", "required"),
        # a hidden field is not for anybody to fill in
        ({"evidence_8_files": [FILE]}, "evidence_8_files", "hidden_field"),
    ],
)
def test_a_bad_answer_is_refused_at_its_own_field_and_only_there(
    changes: dict[str, Any], field: str, code: str
) -> None:
    data = samples.application_data()
    for name, value in changes.items():
        if value is LEFT_OUT and name in data:
            del data[name]
        else:
            data[name] = None if value is LEFT_OUT else value
    found = refused("application", data)
    assert found[field] == code
    if "application_year" not in changes:
        assert {_top(path) for path in found} == {_top(field)}


@pytest.mark.parametrize(
    ("changes", "item"),
    [
        ({}, 8),  # 勾选需提供佐证材料
        ({}, 10),
        ({}, 13),
        ({}, 14),
        ({}, 15),
        ({}, 18),
        ({}, 19),
        ({}, 20),
        ({}, 22),
        ({}, 23),
        ({}, 24),
        ({"specialised_count": samples.by_year(0, 0, 1)}, 3),
        ({"little_giant_count": samples.by_year(0, 0, 1)}, 4),
        ({"champion_count": samples.by_year(1, 0, 0)}, 5),
        ({}, 6),
        ({"coordinated_development": "有合作"}, 9),
        ({"standards_joined_trade": samples.by_year(0, 0, 1)}, 11),
        ({"patent_count": 1}, 12),
        ({"carbon_work": "已开展"}, 17),
        ({"overseas_branches": 1}, 21),
    ],
)
def test_what_was_ticked_or_listed_needs_its_evidence(changes: dict[str, Any], item: int) -> None:
    data = samples.application_data(**{f"evidence_{item}": "not_applicable"}, **changes)
    assert refused("application", data) == {f"evidence_{item}": "requires"}
    assert f"第{item}项" in message("application", data, f"evidence_{item}")


@pytest.mark.parametrize(
    ("changes", "item"),
    [
        ({"sharing_activities": []}, 8),
        ({"sharing_activities": LEFT_OUT}, 8),
        ({"coordinated_development": "无"}, 9),
        ({"carbon_work": "无"}, 17),
        ({"overseas_branches": 0}, 21),
        ({"champion_count": samples.by_year(0, 0, 0)}, 5),
    ],
)
def test_what_was_not_ticked_needs_no_evidence(changes: dict[str, Any], item: int) -> None:
    changes = {name: None if value is LEFT_OUT else value for name, value in changes.items()}
    form("application").clean(samples.application_data(**{f"evidence_{item}": "not_applicable"}, **changes))


@pytest.mark.parametrize(("field", "item"), [("chain_map", 7), ("carbon_monitoring", 16)])
def test_items_7_and_16_are_needed_once_the_thing_exists(field: str, item: int) -> None:
    state = f"evidence_{item}"
    assert refused("application", samples.application_data(**{field: True, state: "none"})) == {state: "requires"}
    form("application").clean(samples.application_data(**{field: False, state: "none"}))
    form("application").clean(samples.application_data(**{field: True, state: "on_paper"}))


def test_the_plan_and_its_stages_have_3000_characters_together_and_not_one_more() -> None:
    stages = {"stage_1": "一" * 400, "stage_2": "二" * 500, "stage_3": "三" * 600}
    form("application").clean(samples.application_data(plan="字" * 1500, **stages))
    assert refused("application", samples.application_data(plan="字" * 1501, **stages)) == {"plan": "too_long"}


def test_all_enterprises_of_a_cluster_may_be_smes() -> None:
    form("application").clean(samples.application_data(sme_count=samples.by_year(96, 103, 112)))


def test_the_files_of_the_evidence_are_found_each_once() -> None:
    application = form("application")
    other = "f" * 32
    data = samples.application_data(evidence=FILE, evidence_9_files=[other, FILE], signed_statement=FILE)
    assert sorted(application.files_in(application.clean(data))) == [FILE, other]
    assert application.files_in(application.clean(samples.application_data())) == []


def test_an_empty_hidden_field_is_dropped_without_a_word() -> None:
    cleaned = form("acceptance").clean({**samples.ANSWERS["acceptance"], "remarks": []})
    assert "remarks" not in cleaned


def test_a_field_hidden_by_a_hidden_field_is_hidden() -> None:
    choice = {
        "$ref": "#/$defs/choice",
        "enum": ["yes", "no"],
        "x-ui": {"choices": {"yes": "是", "no": "否"}},
    }
    content = small(
        ("first", choice),
        ("second", {**choice, "x-show-when": {"field": "first", "in": ["yes"]}}),
        ("third", {**choice, "x-show-when": {"field": "second", "in": ["yes"]}}),
        **{"$defs": {"choice": {"type": "string", "minLength": 1}}},
    )
    chain = forms.parse(content)
    assert chain.clean({"first": "no"}) == {"first": "no"}
    with pytest.raises(FormInvalid) as refusal:
        chain.clean({"first": "no", "second": "yes", "third": "yes"})
    assert {problem.field: problem.code for problem in refusal.value.problems} == {
        "second": "hidden_field",
        "third": "hidden_field",
    }
    with pytest.raises(FormInvalid) as refusal:
        chain.clean({"first": "yes", "second": "yes"})
    assert [(problem.field, problem.code) for problem in refusal.value.problems] == [("third", "required")]


def test_all_problems_come_at_once_in_the_order_of_the_form() -> None:
    data = samples.application_data(chain_cultivation="字" * 201, area_km2="1.234", signed_on="无")
    data["zzz"] = 1
    del data["niche"]
    assert list(refused("application", data).items()) == [
        ("area_km2", "decimals"),
        ("niche", "required"),
        ("chain_cultivation", "too_long"),
        ("signed_on", "date"),
        ("zzz", "unknown_field"),
    ]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"niche": None}, "niche", "请填写“所属细分领域”，无相关情况时填“无”"),
        ({"industry_class": None}, "industry_class", "请选择“主导产业所属产业类型”"),
        (
            {"governance": "字" * 203},
            "governance",
            "“治理和服务水平情况（200字以内）”不得超过 200 字，现有 203 字，请删去 3 字",
        ),
        (
            {"area_km2": "1.2345"},
            "area_km2",
            "“集群占地面积（平方公里）”最多保留小数点后 2 位，现有 4 位，请修改（系统不作四舍五入）",
        ),
        ({"above_scale_share": "101"}, "above_scale_share", "“‘四上’企业占比（%）”不得大于 100，现为 101，请核对"),
        (
            {"enterprises": [samples.enterprise("甲"), samples.enterprise("乙", staff="多")]},
            "enterprises[1].staff",
            "“企业发展情况表”第 2 行“上一年从业人员数”应填整数",
        ),
        (
            {"output": {"2022": "1", "2023": "1", "2024": "无"}},
            "output.2024",
            "“集群总产值（亿元）”2024 年应填数字，不带单位和逗号，例如 12.50",
        ),
        (
            {"output": {"2022": "1", "2023": "1", "2024": "30亿"}},
            "output.2024",
            "“集群总产值（亿元）”2024 年只填数字，不写单位；本栏以亿元计，现为“30亿”，请换算后填写",
        ),
        (
            {"enterprises": [samples.enterprise("甲", rd_2="６１０ 万")]},
            "enterprises[0].rd_2",
            (
                "“企业发展情况表”第 1 行“研发投入（万元）第二年”只填数字，不写单位；"
                "本栏以万元计，现为“６１０ 万”，请换算后填写"
            ),
        ),
        (
            {"target_patents": {"base": "64个", "goal": 96}},
            "target_patents.base",
            "“有效发明专利数量（个）”“基准值”只填数字，不写单位；本栏以个计，现为“64个”，请换算后填写",
        ),
        (
            {"industry_class": "x"},
            "industry_class",
            "“主导产业所属产业类型”请从这些选项中选择：第一产业、第二产业、第三产业",
        ),
        ({"truth_statement": False}, "truth_statement", "请勾选“真实性声明”后再提交"),
        ({"拼写错": 1}, "拼写错", "本表没有“拼写错”这一栏，请去掉后再提交"),
    ],
)
def test_a_message_names_the_thing_and_the_way_out(changes: dict[str, Any], field: str, said: str) -> None:
    assert message("application", samples.application_data(**changes), field).replace("“四上”", "‘四上’") == said


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1,234.50", "1234.50"),
        ("１，２３４．５", "1234.5"),
        ("８６．４０", "86.40"),
        ("1,234,567.89", "1234567.89"),
        (" 1,000 ", "1000"),
    ],
)
def test_an_amount_may_be_typed_in_full_width_and_with_thousands_separators(typed: str, kept: str) -> None:
    clean = form("application").clean(samples.application_data(area_km2=typed))
    assert clean["area_km2"] == kept
    assert form("application").draft({"area_km2": typed}) == {"area_km2": kept}


def test_a_count_may_be_typed_the_same_way() -> None:
    assert form("application").clean(samples.application_data(sme_staff="１１，８４０"))["sme_staff"] == 11840


@pytest.mark.parametrize("data", [None, [], "x", 7, [{"decision": "accept"}]])
def test_answers_that_are_no_object_are_refused(data: Any) -> None:
    assert refused("acceptance", data) == {"": "not_an_object"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"opinion": "x" * 2_000_000}, "too_large"),
        ({"opinion": "字" * 400_000}, "too_large"),  # 1.2 MB as UTF-8
        ({"x" * 1_000_001: 1}, "too_large"),
        ({"remarks": [[]] * 60_000}, "too_large"),
        ({f"k{number}": 1 for number in range(60_000)}, "too_large"),
        ({"remarks": [[[[[1]]]]]}, "too_deep"),
    ],
)
def test_two_megabytes_and_deep_nesting_are_refused_without_a_further_look(data: dict[str, Any], code: str) -> None:
    assert refused("acceptance", data) == {"": code}


def test_nesting_of_any_depth_is_no_danger() -> None:
    data: Any = "x"
    for _ in range(100_000):
        data = {"a": data}
    assert refused("acceptance", data) == {"": "too_deep"}
    while isinstance(data, dict):  # taken apart by hand: Python would recurse
        data = data.pop("a")


def test_forty_thousand_foreign_keys_are_answered_briefly_and_soon() -> None:
    data = {f"k{number}": 1 for number in range(40_000)}
    begun = time.perf_counter()
    assert len(refused("acceptance", data)) == 500
    assert time.perf_counter() - begun < 5  # seconds; some tenths where nothing is wrong


def test_a_list_of_unlike_items_does_not_cost_the_square_of_its_length() -> None:
    mixed = [1, "a", None, {}] * 10_000
    begun = time.perf_counter()
    assert refused("application", samples.application_data(sharing_activities=mixed)) == {
        "sharing_activities": "too_many"
    }
    assert time.perf_counter() - begun < 5  # seconds; compared in pairs it would be minutes


def test_a_strange_key_is_echoed_short_and_in_one_line() -> None:
    found = refused("acceptance", {**samples.ANSWERS["acceptance"], "x\n\u202e" + "y" * 500: 1})
    [(field, code)] = found.items()
    assert code == "unknown_field"
    assert field == "x??" + "y" * 61 + "…"


# ---- drafts ------------------------------------------------------------------------------------


def test_a_draft_keeps_what_is_unfinished_and_wrong() -> None:
    data = {
        "area_km2": "1.2345",
        "niche": " 铝材 ",
        "output": {"2022": 21.3, "2024": ""},
        "plan": "字" * 3001,
        "cluster_name": "",
    }
    assert form("application").draft(data) == {
        "area_km2": "1.2345",
        "niche": "铝材",
        "output": {"2022": "21.3"},
        "plan": "字" * 3001,
    }


@pytest.mark.parametrize(
    "data",
    [
        {"foreign": 1},
        {"foreign": None},
        {"typename": 1},
        {"output": {"__x__": 1}},
        {"niche": "\x00"},
        [],
        {"niche": "x" * 2_000_000},
    ],
)
def test_a_draft_takes_no_foreign_names_and_no_bombs(data: Any) -> None:
    with pytest.raises(FormInvalid):
        form("application").draft(data)


# ---- the other forms ---------------------------------------------------------------------------


UNASKED = {"within_one_county": None}  # of who does not accept


@pytest.mark.parametrize(
    ("name", "changes", "found"),
    [
        ("application_start", {"cluster_name": "清远陶瓷"}, {"cluster_name": "cluster_name"}),
        ("application_start", {"round_id": 0}, {"round_id": "minimum"}),
        ("application_start", {"round_id": "一"}, {"round_id": "type"}),
        ("application_start", {"higher_level_recognition": "provincial"}, {"higher_level_reference": "required"}),
        ("application_start", {"higher_level_document": FILE}, {"higher_level_document": "hidden_field"}),
        ("application_start", {"case_id": 1}, {"case_id": "unknown_field"}),
        ("forward", {"decision": "return"}, {"remarks": "required"}),
        ("forward", {"opinion": "无"}, {"opinion": "requires"}),
        ("acceptance", {"decision": "refuse", **UNASKED}, {"opinion": "requires"}),  # reasons are owed to the applicant
        ("acceptance", {"decision": "return", "opinion": "缺件", **UNASKED}, {"remarks": "required"}),
        (
            "acceptance",
            {"decision": "return", "opinion": "缺件", "remarks": [{"field": "佐证材料第3项"}], **UNASKED},
            {"remarks[0].remark": "required"},
        ),
        ("acceptance", {"within_one_county": False}, {"within_one_county": "requires"}),
        ("acceptance", {"remarks": [{"field": "x", "remark": "y"}]}, {"remarks": "hidden_field"}),
        ("acceptance", {"decision": "maybe", **UNASKED}, {"decision": "choice"}),
        ("first_review", {"finding_green": {"judgement": "met"}}, {"finding_green.reason": "required"}),
        (
            "first_review",
            {"finding_green": None},
            {"finding_green.judgement": "required", "finding_green.reason": "required"},
        ),
        ("first_review", {"decision": "fail", "opinion": "无"}, {"opinion": "requires"}),
        ("verify_higher_level", {"checked_document": "无"}, {"checked_document": "requires"}),
        ("verify_higher_level", {"decision": "reject"}, {"opinion": "requires"}),
        ("score_sheet", {"score_green": {"score": "101", "reason": "好"}}, {"score_green.score": "maximum"}),
        ("score_sheet", {"score_green": {"score": "-1", "reason": "差"}}, {"score_green.score": "minimum"}),
        ("score_sheet", {"score_green": {"score": "90"}}, {"score_green.reason": "required"}),
        ("score_sheet", {"question": "另有一问"}, {"question": "hidden_field"}),
        ("panel", {"size": 0}, {"size": "minimum"}),
        ("declare_interest", {"no_interest": False}, {"no_interest": "required"}),
        ("declare_interest", {"reason": "任顾问"}, {"reason": "hidden_field"}),
        ("stance", {"stance": "disagree"}, {"disagreements": "required"}),
        ("site_inspection", {"inspectors": [1]}, {"inspectors": "too_few"}),
        ("site_inspection", {"inspectors": [1, 1]}, {"inspectors": "duplicate"}),
        ("site_inspection", {"present": ["甲", " "]}, {"present[1]": "required"}),
        ("site_inspection", {"inspected_on": "2025-04-11"}, {"inspected_on": "not_after_today"}),
        ("site_inspection", {"site_decision": "does_not_conform"}, {"opinion": "requires"}),
        ("arrange_inspection", {"inspectors": [1]}, {"inspectors": "too_few"}),
        ("arrange_inspection", {"starts_at": "2025-04-10T09:00:00+08:00"}, {"starts_at": "after_now"}),
        ("draw_sample", {"added": [{"case": 1}]}, {"added[0].reason": "required"}),
        (
            "draw_sample",
            {"added": [{"case": 1, "reason": "甲"}, {"case": 1, "reason": "乙"}]},
            {"added[1].case": "distinct"},
        ),
        ("confirm_falsehood", {"opinion": "无"}, {"opinion": "requires"}),
        ("settle_held", {"decision": "publish"}, {"cases": "requires"}),
        ("settle_held", {"cases": [1]}, {"decision": "requires"}),
        ("call_notice", {"closes_at": "2025-04-10T09:00:00+08:00"}, {"closes_at": "after_now"}),  # this very second
        ("call_notice", {"closes_at": "2025-06-30T17:30:00"}, {"closes_at": "moment"}),  # without its zone
        ("call_notice", {"closes_at": "2025-06-31T17:30:00+08:00"}, {"closes_at": "moment"}),
        ("call_notice", {"closes_at": "2025-06-30"}, {"closes_at": "moment"}),
        ("call_notice", {"title": "通\n知"}, {"title": "one_line"}),
        ("draft_list", {"cases": [1, 2]}, {"cases[1]": "covers"}),
        ("draft_list", {"cases": [1, 1]}, {"cases": "duplicate"}),
        ("draft_list", {"cases": ["x"]}, {"cases[0]": "type"}),
        (
            "draft_list",
            {"reasons": [{"case": 1, "reason": "甲"}, {"case": 1, "reason": "乙"}]},
            {"reasons[1].case": "distinct"},
        ),
        ("decide_list", {"decision": "return"}, {"opinion": "requires"}),
        ("check_objections", {"blocked": [1]}, {"objections": "requires"}),
        ("check_objections", {"objections": "some"}, {"note": "requires"}),
        ("publish", {"body": ""}, {"body": "required"}),
        ("publish", {"body": "字" * 20001}, {"body": "too_long"}),
    ],
)
def test_an_office_form_refuses_what_does_not_go_together(
    name: str, changes: dict[str, Any], found: dict[str, str]
) -> None:
    data = {key: value for key, value in {**samples.ANSWERS[name], **changes}.items() if value is not None}
    assert refused(name, data) == found


def test_the_closing_time_may_be_one_second_ahead() -> None:
    closes_at = (samples.MOMENT + timedelta(seconds=1)).isoformat()
    assert (
        form("call_notice").clean({**samples.ANSWERS["call_notice"], "closes_at": closes_at})["closes_at"] == closes_at
    )


def test_lists_that_route_a_case_are_there_even_when_empty() -> None:
    lists = form("draft_list").clean({"opinion": "本批次无合格者"})
    assert lists == {"cases": [], "reasons": [], "opinion": "本批次无合格者"}
    assert form("check_objections").clean({"objections": "none", "note": "无"})["blocked"] == []


# ---- the profile -------------------------------------------------------------------------------


def test_a_small_form_is_in_the_profile() -> None:
    assert forms.form_problems(small(("a", TEXT))) == []


@pytest.mark.parametrize(
    ("content", "pointer", "said"),
    [
        (b"{", "", "JSON"),
        (b"[]", "", "对象"),
        (b"\xff", "", "UTF-8"),
        (b"[" * 100_000, "", "嵌套"),
        (b'{"title": NaN}', "", "NaN"),
        (b'{"title": "a", "title": "b"}', "", "两次"),
        (b" " * 600_000, "", "512"),
        (small(), "/properties", "至少"),
        (small(("a", TEXT), title=""), "/title", "标题"),
        (small(("a", TEXT), additionalProperties=True), "/additionalProperties", "false"),
        (small(("a", TEXT), allOf=[]), "/allOf", "不能用"),
        (small(("a", {"type": "string"})), "/properties/a", "$ref"),
        (small(("a", {**TEXT, "pattern": "(a+)+$"})), "/properties/a/pattern", "不能用"),  # nobody writes a pattern
        (small(("a", {**TEXT, "maxLength": 300})), "/properties/a/maxLength", "收紧"),
        (small(("a", {**TEXT, "maxLength": "9"})), "/properties/a/maxLength", "一个数"),
        (small(("a", {"$ref": "#/$defs/poem"})), "/properties/a/$ref", "poem"),
        (small(("a", {"$ref": "https://example.org/x"})), "/properties/a/$ref", "example"),
        (small(("a", TEXT), **{"$defs": {}}), "/$defs/text", "照系统的定义"),
        (small(("a", TEXT), **{"$defs": {"text": {"type": "string"}}}), "/$defs/text", "照系统的定义"),
        (small(("a", {**TEXT, "title": ""})), "/properties/a/title", "标题"),
        (small(("a", {**TEXT, "x-ui": {"widget": "iframe"}})), "/properties/a/x-ui/widget", "只能是"),
        (small(("a", {**TEXT, "x-ui": {"onclick": "x"}})), "/properties/a/x-ui/onclick", "不能用"),
        (small(("a", {**TEXT, "x-ui": {"form": "application"}})), "/properties/a/x-ui", "field_of"),
        (small(("a", {**TEXT, "x-ui": {"widget": "field_of", "form": "b"}})), "/properties/a/x-ui", "line"),
        (small(("a", {**TEXT, "x-ui": {"widget": "field_of"}})), "/properties/a/x-ui", "field_of"),
        (small(("a", {**TEXT, "x-ui": {"widget": "field_of", "form": "../b"}})), "/properties/a/x-ui", "field_of"),
        (small(("a", {**TEXT, "x-script": "x"})), "/properties/a/x-script", "不能用"),
        (small(("a", TEXT), required=["b"]), "/required", "“b”"),
        (small(("A", TEXT)), "/properties/A", "小写"),
        (small(("typename", TEXT)), "/properties/typename", "系统用词"),
        (small(("a__b", TEXT)), "/properties/a__b", "系统用词"),
        (small(("not", TEXT)), "/properties/not", "系统用词"),
        (small(("a", {"type": "array", "items": TEXT})), "/properties/a/maxItems", "最多几项"),
        (small(("a", {"type": "array", "items": TEXT, "maxItems": 201}), required=[]), "/properties/a/maxItems", "200"),
        (small(("a", {"type": "array", "items": TEXT, "maxItems": 9})), "/required", "minItems"),
        (small(("a", {**TEXT, "x-show-when": {"field": "b", "in": ["x"]}})), "/properties/a/x-show-when", "前面"),
        (
            small(("b", TEXT), ("a", {**TEXT, "x-show-when": {"field": "b", "in": ["x"]}})),
            "/properties/a/x-show-when",
            "选项",
        ),
        (small(("a", {**TEXT, "x-fact": {"fact": "beauty"}})), "/properties/a/x-fact", "area_km2"),
        (small(("a", TEXT), **{"x-rules": [{"rule": "magic"}]}), "/x-rules/0", "没有这种规则"),
        (small(("a", TEXT), **{"x-rules": [{"rule": "after_now", "field": "a"}]}), "/x-rules/0", "类型"),
        (small(("a", TEXT), **{"x-rules": [{"rule": "after_now", "field": "b"}]}), "/x-rules/0", "“b”"),
        (small(("a", TEXT), **{"x-rules": [{"rule": "after_now"}]}), "/x-rules/0", "写明"),
        (small(("a", TEXT), **{"x-rules": [{**WHEN, "message": "请填写", "x-i18n": ["en"]}]}), "/x-rules/0", "x-i18n"),
        (small(("a", {**TEXT, "x-i18n": {"en": {"choices": 1}}})), "/properties/a/x-i18n", "x-i18n"),
        (small(("a", {**TEXT, "x-i18n": {"en": {"title": {"x": "y"}}}})), "/properties/a/x-i18n", "x-i18n"),
        (
            small(("a", TEXT), **{"x-ui": {"sections": [{"id": "s", "title": "节", "fields": []}]}}),
            "/properties/a",
            "没有放进任何分节",
        ),
        (
            small(("a", TEXT), **{"x-ui": {"sections": [{"id": "s", "title": "节", "fields": ["a", "a", "z"]}]}}),
            "/x-ui/sections/0/fields",
            "两个分节",
        ),
    ],
)
def test_a_file_outside_the_profile_is_refused_with_its_place(content: bytes, pointer: str, said: str) -> None:
    found = forms.form_problems(content)
    assert any(where == pointer and said in why for where, why in found), found
    with pytest.raises(BundleInvalid):
        forms.parse(content)


@pytest.mark.parametrize("word", sorted(vocabulary.WORDS))
def test_no_field_and_no_answer_may_be_called_like_a_word(word: str) -> None:
    assert forms.form_problems(small((word, TEXT))) != []
    assert refused("acceptance", {**samples.ANSWERS["acceptance"], word: 5}) == {word: "reserved_key"}


def test_a_damaged_form_file_is_either_refused_or_works() -> None:
    """A thousand mutations of the shipped forms: nothing but BundleInvalid and FormInvalid ever comes out."""
    dice = random.Random(20250304)
    rubbish = [None, [], {}, "", 1, True, [[]], {"$ref": []}, "x", -5, 1.5, [1, "a"], {"a": {}}, "__x__", ["title"]]
    originals = {name: document(name) for name in FORMS if name != "application"}
    accepted = 0
    for _ in range(1000):
        name = dice.choice(list(originals))
        damaged, answers = copy.deepcopy(originals[name]), copy.deepcopy(samples.ANSWERS[name])
        _damage(damaged, dice, rubbish)
        _damage(answers, dice, rubbish)
        content = json.dumps(damaged).encode()
        if forms.form_problems(content):
            continue
        accepted += 1
        tried = forms.Form(content)
        for data in ({}, samples.ANSWERS[name], answers):
            cleaned, problems = _outcome(tried, data)
            assert all(problem.message and "{" not in problem.message for problem in problems)
            if cleaned is not None:
                assert tried.clean(cleaned) == cleaned
                assert tried.facts(cleaned).keys() <= {fact.partition(".")[0] for fact in FACTS}
    assert 50 < accepted < 950  # both kinds occur, or the test proves nothing


def _outcome(tried: forms.Form, data: Any) -> tuple[dict[str, Any] | None, list[forms.Problem]]:
    try:
        return tried.clean(data), []
    except FormInvalid as refusal:
        return None, refusal.problems


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _damage(whole: Any, dice: random.Random, rubbish: list[Any]) -> None:
    places = list(_places(whole))
    parent, key = dice.choice(places)
    if dice.random() < 0.25:
        del parent[key]
    else:
        parent[key] = copy.deepcopy(dice.choice(rubbish))


def _places(whole: Any) -> Iterator[tuple[Any, Any]]:
    parts = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
    for key, value in list(parts):
        yield whole, key
        yield from _places(value)
