"""Answers for every form: a fictitious cluster's whole application, and what the offices write about it.

They are right at `MOMENT`; nobody and nothing in them exists, and 0000000 is no telephone.
"""

from datetime import datetime
from typing import Any

from engine.clock import SHANGHAI
from engine.forms import Form
from tests import yearly
from tests.yearly import CLUSTER

MOMENT = datetime(
    2025, 4, 10, 9, 0, tzinfo=SHANGHAI
)  # the samples' today: no date lies after it, the closing time does
YEAR = 2025


def by_year(*values: str | int) -> dict[str, Any]:
    """The three values, oldest first, under the three years before the year of application."""
    return {str(YEAR - len(values) + place): value for place, value in enumerate(values)}


def enterprise(name: str, **changes: Any) -> dict[str, Any]:
    """A row of the 企业发展情况表."""
    row: dict[str, Any] = {"name": name, "main_business": "特种铝型材及其部件的生产", "staff": 320, "rd_staff": 41}
    for column, values in (
        ("output", ("2.10", "2.24", "2.40")),
        ("rd", ("610", "672.50", "731.20")),
        ("software", ("35", "41", "52.60")),
        ("exports", ("1200", "1310", "1452.75")),
    ):
        row |= {f"{column}_{place}": value for place, value in enumerate(values, 1)}
    return row | changes


def application_data(*, evidence: str | None = None, **changes: Any) -> dict[str, Any]:
    """A full application that meets every condition of the sample city.

    Evidence comes on paper; with the id of an uploaded file, all of it is that file. `changes` replace answers;
    a change to None leaves the answer out.
    """
    state: dict[str, Any] = {f"evidence_{item}": "provided" if evidence else "on_paper" for item in range(1, 26)}
    state["evidence_16"] = "none"
    if evidence:
        state |= {f"{item}_files": [evidence] for item, how in state.items() if how == "provided"}
    data = {**_parts_1_to_4(), **_parts_5_to_9(), **state} | changes
    return {name: answer for name, answer in data.items() if answer is not None}


def application_for(form: Form, **changes: Any) -> dict[str, Any]:
    """The application as far as a regime's form asks for it, and what only that one asks. `changes` replace answers."""
    return answers_for("application", form, **changes)


def answers_for(name: str, form: Form, **changes: Any) -> dict[str, Any]:
    """Right answers to a regime's form of this name: the usual ones that it asks for, and what only it asks."""
    usual = {**ANSWERS[name], **ASKED_BY_ONE.get(name, {})}
    for field in form.fields():
        for kind, answer in _ALIKE.items():
            if field.startswith(kind):
                usual.setdefault(field, dict(answer))
    return {field: answer for field, answer in (usual | changes).items() if field in form.fields()}


def strong() -> dict[str, Any]:
    """What a cluster has in the place of the sample's figures, so that it meets the conditions of every text."""
    return {
        "output": by_year("42.00", "46.60", "51.70"),
        "output_growth": by_year("10.50", "10.95", "10.94"),
        "output_growth_average": "10.95",  # from 42.00 to 51.70 in two steps
        "target_output_growth": {"base": "10.95", "goal": "12"},
        "leading_share": by_year("70.50", "71.20", "70.01"),
        "rd_growth": by_year("11.20", "11.40", "11.60"),
        "rd_growth_average": "11.40",
        "patent_growth": "16.20",
        "patents_per_10k": "16.40",
    }


def _parts_1_to_4() -> dict[str, Any]:
    data: dict[str, Any] = {
        "application_year": YEAR,
        "region_province": "广东省",
        "region_city": "清远市",
        "region_county": "云溪县（虚构）",
        "applied_on": "2025-04-09",
        "cluster_name": CLUSTER,
        "competent_department": "云溪县科技工业商务局",
        "department_contact": "示例联系人甲",
        "department_phone": "0000000",
        "operating_body": "云溪产业园管理委员会",
        "operating_body_contact": "示例联系人乙",
        "operating_body_phone": "0000000",
        "area_km2": "86.40",
        "within_one_county": True,
        "industry_class": "secondary",
        "leading_industry": "特种铝型材",
        "niche": "轨道交通车体用铝型材",
        "industry_permitted": True,
        "no_major_incidents": True,
        "no_violations": True,
        "energy_benchmark": "not_applicable",
        "water_benchmark": "not_applicable",
        "higher_level_recognition": "none",
        "output": by_year("21.30", "22.90", "24.10"),
        "sme_share": by_year("71.20", "72.05", "72.50"),
        "leading_share": by_year("63.10", "64.80", "65.00"),
        "output_growth": by_year("6.10", "7.51", "5.24"),
        "output_growth_average": "6.37",  # from 21.30 to 24.10 in two steps
        "enterprise_count": by_year(96, 103, 112),
        "sme_count": by_year(93, 99, 108),
        "specialised_count": by_year(2, 4, 6),
        "little_giant_count": by_year(0, 0, 1),
        "champion_count": by_year(0, 0, 0),
        "high_tech_and_innovative_count": by_year(9, 12, 15),
        "champions_and_giants": 1,
        "quality_high_tech": 7,
        "quality_specialised": 5,
        "quality_innovative": 4,
        "quality_chain_leader": 1,
        "quality_champion": 0,
        "above_scale_share": "41.07",
        "chain_map": True,
        "chain_cultivation": "围绕熔铸、挤压、表面处理和深加工四个环节补链，近三年引进项目十一个。",
        "supply_chain_risk": "每半年评估一次铝锭供应和模具外协的风险，建立两家以上备选供应商名录。",
        "resource_sharing": "共享检测中心和模具车间向集群内企业开放。",
        "sharing_activities": ["shared_manufacturing", "shared_factory"],
        "coordinated_development": "与省内先进材料集群的龙头企业签订配套协议。",
        "brand_building": "统一使用集体商标，推广卓越绩效管理。",
        "brand_activities": ["collective_mark"],
        "rd_intensity": by_year("3.05", "3.20", "3.41"),
        "rd_growth": by_year("7.90", "8.10", "8.60"),
        "rd_growth_average": "8.20",
    }
    for level, led, joined in (("international", 0, 0), ("national", 1, 2), ("trade", 1, 3), ("association", 2, 4)):
        data[f"standards_led_{level}"] = by_year(0, 0, led)
        data[f"standards_joined_{level}"] = by_year(0, 1 if joined else 0, joined)
    return data | {
        "national_platform_count": 0,
        "national_platform_names": "无",
        "provincial_platform_count": 1,
        "provincial_platform_names": "云溪铝型材工程技术研究中心",
        "other_platform_count": 0,
        "other_platform_names": "无",
        "sme_staff": 11840,
        "rd_staff_share": "9.60",
        "patent_growth": "6.50",
        "patents_per_10k": "5.20",
        "patent_count": 64,
        "collaboration": "与两所高校共建联合实验室。",
        "collaboration_activities": ["technology_roadmap", "universities"],
        "cloud_share": "46",
        "industrial_internet": "18.75",
        "software_use_rising": True,
        "software_purchases": by_year("410", "455.50", "520"),
        "digital_services": "引入三家服务商，为企业免费诊断。",
        "digital_service_activities": ["solution_providers"],
        "new_models": "一家企业建成省级智能制造示范车间。",
        "new_model_activities": ["provincial_pilots"],
    }


def _parts_5_to_9() -> dict[str, Any]:
    return {
        "carbon_monitoring": False,
        "co2_intensity": by_year("0.91", "0.88", "0.80"),
        "co2_formula": "单位产值二氧化碳排放量＝（各类能源消费量×排放因子之和）÷集群总产值",
        "carbon_work": "开展节能宣传周和碳核算培训各三次。",
        "energy_reduction": "6.20",
        "solid_waste_use": "92.30",
        "solid_waste_above_average": "yes",
        "water_reuse": "88",
        "water_reuse_above_average": "yes",
        "resource_use": "熔铸炉余热用于时效工序。",
        "resource_activities": ["waste_heat"],
        "green_services": "园区提供节能诊断。",
        "green_service_capabilities": ["energy_diagnosis", "carbon_accounting"],
        "cooperation": "每年组织企业参加国际展会。",
        "cooperation_activities": ["exhibitions"],
        "overseas_branches": 1,
        "export_growth": by_year("5.10", "-2.30", "7.45"),
        "fdi_growth": by_year("无", "无", "无"),
        "governance": "管委会设立集群服务中心，政策宣讲覆盖全部企业。",
        "platform_activities": ["own_platform"],
        "service_activities": ["information", "training"],
        "governance_activities": ["rights_protection"],
        "plan": "一、集群基本情况简介：……\n二、发展成效：……\n三、存在的问题：……\n四、发展规划：……",
        "target_output_growth": {"base": "6.37", "goal": "8"},
        "target_quality_smes": {"base": 17, "goal": 26},
        "target_rd_spending": {"base": "8100", "goal": "10900"},
        "target_patents": {"base": 64, "goal": 98},
        "target_industrial_internet": {"base": "18.75", "goal": "45"},
        "target_co2": {"base": "0.80", "goal": "0.66"},
        "target_energy": {"base": "0.42", "goal": "无"},
        "target_openness": {"base": "境外分支机构1个", "goal": "境外分支机构3个，年均参展10家次"},
        "target_governance": {"base": "集群服务中心1个", "goal": "服务企业全覆盖，年度满意度考核"},
        "other_targets": [{"direction": "industry", "indicator": "集体商标使用企业", "base": "20家", "goal": "60家"}],
        "stage_1": "优质中小企业达到20家，工业互联网普及率25%。",
        "stage_2": "优质中小企业达到23家，工业互联网普及率35%。",
        "stage_3": "优质中小企业达到26家，工业互联网普及率45%。",
        "truth_statement": True,
        "signed_by": "示例负责人",
        "signed_on": "2025-04-09",
        "enterprises": [
            enterprise("云溪第一铝业有限公司（虚构）"),
            enterprise("云溪第二铝业有限公司（虚构）", remark="无"),
        ],
    }


_FINDING = {"judgement": "met", "reason": "见申报表对应部分和佐证材料"}
_THEMES = (
    "integrity",
    "competitiveness",
    "cultivation",
    "supply_chain",
    "innovation",
    "digital",
    "green",
    "openness",
    "governance",
)

_CRITERIA = (
    "integrity",
    "area",
    "output",
    "sme_share_at_least",
    "leading_share",
    "output_growth",
    "quality_smes_or_above_scale",
    "rd_growth",
    "patents_either",
    "industrial_internet",
    "co2_intensity",
    "plan",
)

ANSWERS: dict[str, dict[str, Any]] = {
    "application": application_data(),
    "application_start": {
        "round_id": 1,
        "cluster_name": CLUSTER,
        "leading_industry": "特种铝型材",
        "niche": "轨道交通车体用铝型材",
        "higher_level_recognition": "none",
    },
    "forward": {"decision": "forward", "opinion": "申报材料齐全，同意报送。"},
    "acceptance": {"decision": "accept", "within_one_county": True, "opinion": "无"},
    "recommend": {
        "decision": "recommend",
        "truth_checked": True,
        "rank": 1,
        "introduction": "以特种铝型材为主导，熔铸、挤压、表面处理和深加工配套齐全。",
        "opinion": "符合认定标准，细分领域位居前列，同意推荐。",
    },
    "first_review": {
        **{f"finding_{theme}": dict(_FINDING) for theme in _THEMES},
        "decision": "pass",
        "opinion": "符合认定条件，建议提交专家评审。",
    },
    "verify_higher_level": {"decision": "confirm", "checked_document": "示例公告〔2024〕第1号", "opinion": "无"},
    "panel": {"size": 3, "fields": [], "chair_rule": "first_drawn"},
    "declare_interest": {"decision": "accept", "no_interest": True},
    "score_sheet": {
        "decision": "submit",
        **{f"score_{theme}": {"score": "86.50", "reason": "见申报表对应部分和佐证材料"} for theme in _THEMES},
        "comments": [{"field": "co2_intensity", "comment": "排放强度逐年下降，公式清楚。"}],
        "conclusion": "recommend",
        "opinion": "主导产业突出，链条完整。",
    },
    "pass_on": {"decision": "pass", "question": "请说明共享检测中心的运营主体。"},
    "answer_question": {"answer": "由管委会下属公司运营，见佐证材料第8项。", "files": []},
    "open_opinions": {"decision": "open"},
    "stance": {"stance": "agree", "disagreements": []},
    "expert_review": {
        "expert_decision": "recommend",
        "opinion": "主导产业突出，链条完整，建议认定。",
    },
    "dispatch": {"copies": 4, "discs": 2, "sealed": True, "sent_on": "2025-04-10", "ems_number": "无"},
    "receive": {"received_on": "2025-04-10", "complete": True},
    "second_review": {"decision": "pass", "opinion": "符合认定标准。"},
    "visit_choice": {"decision": "skip", "reason": "材料清楚，不另抽查。"},
    "draw_sample": {"added": [], "note": "无"},
    "late_sample": {"decision": "skip", "reason": "评审意见一致，不需要另加抽查。"},
    "arrange_inspection": {
        "inspectors": [1, 2],
        "leader": 1,
        "starts_at": "2025-07-08T09:30:00+08:00",
        "ends_at": "2025-07-08T16:00:00+08:00",
        "place": "云溪产业园管理委员会一楼大厅（虚构）",
        "contact": "中小企业服务科 0000000",
        "opinion": "请准备近三年产值统计报表和研发费用辅助账。",
    },
    "site_inspection": {
        "inspected_on": "2025-04-10",
        "inspectors": [1, 2],
        "present": ["云溪产业园管理委员会 示例负责人"],
        "places": "云溪第一铝业有限公司（虚构）、共享检测中心。",
        **{f"check_{criterion}": {"result": "matches"} for criterion in _CRITERIA},
        "findings": "查看两家企业和共享检测中心，账表与申报材料一致。",
        "photos": [],
        "documents": [],
        "site_decision": "conforms",
        "opinion": "无",
    },
    "confirm_falsehood": {
        "site_decision": "falsehood",
        "heard": "2025年7月10日约谈申报主体，承认产值数据不实。",
        "opinion": "统计报表和纳税申报表均表明产值不足申报数的一半。",
    },
    "settle_held": {"decision": "close", "cases": [], "blocked": [], "opinion": "异议成立，不再办理。"},
    "call_notice": {
        "title": "关于组织申报2025年度市级中小企业特色产业集群的通知",
        "year": YEAR,
        "body": "请各县（市、区）中小企业主管部门、园区管委会按要求组织申报。",
        "closes_at": "2025-06-30T17:30:00+08:00",
        "contact_office": "中小企业服务科 0000000",
        "attachments": [],
    },
    "draft_list": {
        "cases": [1],
        "reasons": [{"case": 1, "reason": "专家评审86.50分，实地抽查相符"}],
        "opinion": "本批次共评审一个集群。",
    },
    "decide_list": {"decision": "approve", "opinion": "无"},
    "investigate_objection": {
        "checked_how": ["material", "applicant"],
        "findings": "所反映的产值与统计报表一致，没有发现不实。",
        "proposal": "dismiss",
        "proposal_reason": "申报数据有统计报表为证。",
    },
    "decide_objection": {
        "decision": "dismiss",
        "reasons": "经核查，所反映的问题不属实。",
        "answer": "经核查，所反映的问题不属实，异议不成立。",
    },
    "check_objections": {"objections": "none", "blocked": [], "note": "无"},
    "publish": {
        "title": "关于公布2025年度市级中小企业特色产业集群名单的公告",
        "document_number": "示例〔2025〕1号",
        "body": "经公示无异议，现将名单予以公布。",
        "attachments": [],
    },
    "annual_report": yearly.report(report_year=YEAR - 1, signed_on="2025-04-09"),
    "check_report": yearly.CHECKED,
    "renewal_application": yearly.renewal(signed_on="2025-04-09"),
    "renewal_review": yearly.REVIEWED,
    "decide_renewal": yearly.DECIDED,
    "hearing_statement": yearly.STATED,
    "propose_revocation": yearly.PROPOSED,
    "decide_revocation": yearly.REVOKED,
    "publish_revocation": yearly.ANNOUNCED,
    "change_filing": yearly.change(changed_on="2025-03-20"),
    "check_change": yearly.CHECKED,
    "assessment": yearly.ASSESSED | {"year": YEAR - 1},
    "rectification": yearly.RECTIFIED,
    "check_rectification": yearly.PUBLISHED,
    "typical_case": yearly.TYPICAL,
    "check_typical_case": yearly.PUBLISHED,
}
"""Right answers by form id, each with the good decision. Numbers of cases and rounds are for the test to replace."""

ASKED_BY_ONE: dict[str, dict[str, Any]] = {
    "application": {"founded": "2010年5月", "introduction": ANSWERS["recommend"]["introduction"]},
    "acceptance": {"prerequisite": "recognised"},
    "recommend": {"founded": "2010年5月"},
}
"""By form id, what the form of some regime asks and the common one does not."""

_ALIKE = {"score_": ANSWERS["score_sheet"]["score_integrity"], "check_": ANSWERS["site_inspection"]["check_integrity"]}
