"""What is written in the life of a recognised cluster: reports, renewal, revocation, changes; all of it fictitious."""

from typing import Any

CLUSTER = "云溪县中小企业特色产业集群（特种铝型材产业）"
YEAR = 2026  # that is told of; due in the next


def report(**changes: Any) -> dict[str, Any]:
    """The whole form, right in February of the year after."""
    words = {
        "plan_execution": "规划确定的十二项任务完成九项，其余按期推进。",
        "target_progress": "产值、专利达到进度，工业互联网普及率略低于进度，因两家企业改造推迟。",
        "experience": "共享检测中心由企业共建共管，使用率逐月上升。",
        "problems": "熔铸环节用电紧张，正会同供电单位扩容。",
    }
    figures = {
        "output": "96.40",
        "sme_share": "81.20",
        "leading_share": "68.30",
        "output_growth": "7.10",
        "enterprise_count": 66,
        "sme_count": 62,
        "specialised_count": 9,
        "little_giant_count": 2,
        "champion_count": 1,
        "high_tech_and_innovative_count": 21,
        "sme_staff": 11800,
        "rd_intensity": "3.20",
        "rd_growth": "8.40",
        "rd_staff_share": "11.60",
        "patent_count": 142,
        "patent_growth": "9.30",
        "patents_per_10k": "12.03",
        "cloud_share": "48.00",
        "industrial_internet": "24.50",
        "software_purchases": "1310.00",
        "co2_intensity": "0.81",
        "energy_reduction": "2.10",
        "solid_waste_use": "93.00",
        "water_reuse": "88.00",
        "export_growth": "4.20",
        "fdi_growth": "无",
    }
    targets = {
        "target_output_growth": {"goal": "8.00", "now": "7.10"},
        "target_quality_smes": {"goal": 30, "now": 24},
        "target_rd_spending": {"goal": "52000.00", "now": "41000.00"},
        "target_patents": {"goal": 190, "now": 142},
        "target_industrial_internet": {"goal": "45.00", "now": "24.50"},
        "target_co2": {"goal": "0.70", "now": "0.81"},
        "target_energy": {"goal": "0.20", "now": "0.23"},
        "target_openness": {"goal": "建成境外展示中心两处", "now": "建成一处"},
        "target_governance": {"goal": "公共服务覆盖全部企业", "now": "覆盖九成企业"},
    }
    return {
        "report_year": YEAR,
        "cluster_name": CLUSTER,
        "competent_department": "云溪县中小企业主管部门",
        "operating_body": "云溪县产业园管委会",
        "operating_body_contact": "示例联系人",
        "operating_body_phone": "0000000",
        "area_km2": "85.50",
        "leading_industry": "特种铝型材",
        "niche": "轨道交通车体用铝型材",
        "major_change": False,
        "major_change_note": "无",
        **figures,
        **targets,
        **words,
        "no_major_incidents": True,
        "no_violations": True,
        "incident_note": "无",
        "truth_statement": True,
        "signed_by": "示例负责人",
        "signed_on": "2027-02-01",
    } | changes


CHECKED = {"decision": "forward", "opinion": "数据与日常掌握的情况一致，同意。"}


def renewal(**changes: Any) -> dict[str, Any]:
    """The application for renewal of the same cluster."""
    said = report()
    kept = ("cluster_name", "competent_department", "operating_body", "operating_body_contact", "operating_body_phone")
    kept += ("area_km2", "leading_industry", "niche", "problems", "no_major_incidents", "no_violations")
    kept += ("incident_note", "truth_statement", "signed_by", "signed_on")
    targets = {name: value for name, value in said.items() if name.startswith("target_") and name != "target_progress"}
    words = {
        "three_years": "建成共享检测中心和公共实训基地，培育专精特新企业九家。",
        "unmet": "工业互联网普及率未达到目标，两家企业的改造推迟一年。",
        "next_plan": "三年内产值年均增长百分之八，专利达到二百五十件。",
    }
    return {name: said[name] for name in kept} | targets | words | changes


REVIEWED = {
    "decision": "pass",
    "opinion": "九项目标完成八项，建议通过。",
    **{
        f"reviewed_{target}": {"judgement": "reached", "reason": "与年度报告和统计数据一致。"}
        for target in (
            "output_growth",
            "quality_smes",
            "rd_spending",
            "patents",
            "industrial_internet",
            "co2",
            "energy",
            "openness",
            "governance",
        )
    },
}

DECIDED = {"decision": "renew", "opinion": "目标总体完成，同意。"}
STATED = {"stance": "dispute", "statement": "两件专利为企业收购所得，附转让合同。"}
PROPOSED = {"facts": "转让合同签订于申报之后。", "decision": "revoke", "opinion": "属于虚假申报。"}
REVOKED = {"decision": "revoke", "opinion": "申报时不拥有的专利列入申报表，属于虚假申报。"}
ANNOUNCED = {"title": "关于撤销认定的公告", "document_number": "示例公告〔2026〕9号", "body": "经查实，决定撤销认定。"}


def change(file_id: str = "0" * 32, **changes: Any) -> dict[str, Any]:
    """A change of the leading industry, with its evidence."""
    return {
        "changed_on": "2026-10-20",
        "kinds": ["industry"],
        "what": "主导产业由特种铝型材调整为铝基复合材料。",
        "reason": "县政府批复，示例府函〔2026〕3号。",
        "new_leading_industry": "铝基复合材料",
        "attachments": [file_id],
    } | changes


ASSESSED = {"year": YEAR, "opinion": "规划执行较好，目标总体达到进度；请关注用电紧张。", "decision": "sound"}

TYPICAL = {
    "title": "共享检测中心降低检测费用",
    "practice": "由十二家企业共同出资建设检测中心，统一购置设备。",
    "effect": "检测费用下降三成，周期由七天缩短到两天。",
    "lessons": "先约定收费和排期规则，再购置设备。",
    "operator_consent": True,
}
PUBLISHED = {"decision": "forward", "opinion": "无"}
RECTIFIED = {"measures": "已逐项更新公示牌，并指定专人维护。", "result": "公示的项目和价格与实际收费一致。"}
