"""What a process owner reads where a diagram has an English id: places, acts, effects with their parameters, words."""

from collections.abc import Mapping
from types import MappingProxyType

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "applicant": "申报主体",
        "county": "县级主管部门或园区管委会",
        "city": "市级主管部门",
        "province": "省级主管部门",
        "bureau": "本局（组织认定的主管部门）",
        "office": "调用本流程时写明的单位",
        "above": "上述单位的上一级",
        "applicant_and_county": "申报主体，抄送县级主管部门",
    }
)

CLOSINGS: Mapping[str, str] = MappingProxyType(
    {
        "round": "随批次的申报截止时间",
        "obligation": "随所办义务的日期",
        "rectification": "随考核写明的整改期限",
    }
)

AUDIENCES: Mapping[str, str] = MappingProxyType({"round": "所在的批次", "cases": "批次中的各办件"})

ACTS: Mapping[str, str] = MappingProxyType(
    {
        "call_applications": "开始接受申报",
        "convene_panel": "随机抽取专家，组成专家组",
        "declare_interest": "专家接受席位，或让给候补专家",
        "give_opinion": "记下本席位的评分和意见",
        "open_opinions": "公开各席位的意见，或者增加席位",
        "take_stance": "记下对其他专家意见的态度",
        "publish": "发布公告，文号不得重复",
        "conclude_panel": "形成专家组意见",
        "draft_list": "拟定名单，与排名和抽查结果核对",
        "draw_sample": "抽取实地抽查的样本",
        "decide_visit": "决定抽样之后的办件是否抽查",
        "arrange_inspection": "安排抽查人员和时间",
        "report_inspection": "记下现场抽查的结果",
        "file": "提交申报，核对须先取得的认定",
        "accept": "受理，核对须先取得的认定",
        "verify_higher_level": "核实上级认定，已撤销的不得确认",
        "recommend": "在名额和时限之内向上推荐",
        "apply": "履行本办件所办的义务（申请复核等）",
        "assess": "履行对集群的年度考核",
        "check_rectification": "核查整改，可以另定期限",
        "file_change": "报备重大变动",
        "hand_in": "报送，送出即履行义务",
        "register_dispatch": "登记纸质材料和光盘的寄送",
        "check_objections": "核对异议，未办结的和成立的不得遗漏",
        "settle_held": "处理因异议搁置的集群",
        "investigate_objection": "调查异议，初审人员回避",
        "decide_objection": "对异议作出决定并告知",
    }
)

EFFECTS: Mapping[str, str] = MappingProxyType(
    {
        "letter": "发送通知",
        "announce": "发布公告",
        "open_publicity": "开始公示",
        "set_round": "变更批次的状态",
        "recognise": "认定集群，登入名录",
        "renew": "延续有效期",
        "revoke": "撤销认定",
        "note_finding": "记下撤销的情形，待人决定",
        "keep_change": "把变动登入名录",
        "publish_typical_case": "公开典型案例",
    }
)

PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "template": "通知的文字",
        "to": "发给",
        "kind": "公告的种类",
        "cases": "哪些办件",
        "period": "期限",
        "state": "状态",
        "closes_at": "截止时间",
        "cluster": "哪个集群",
        "ground": "情形",
    }
)

PERIODS: Mapping[str, str] = MappingProxyType({"publicity": "公示"})
THRESHOLDS: Mapping[str, str] = MappingProxyType({"quality_smes": "优质中小企业的家数"})  # the sum of several fields
NOTICES: Mapping[str, str] = MappingProxyType({"call": "申报通知", "publication": "认定公告", "revocation": "撤销公告"})
ROUND_STATES: Mapping[str, str] = MappingProxyType({"open": "接受申报", "closed": "截止申报", "published": "已公布"})

GIVEN: Mapping[str, str] = MappingProxyType(  # names that the program and its acts give
    {
        "case_id": "本办件的编号",
        "round_id": "所在批次的编号",
        "cluster_id": "所说集群的编号",
        "applicant_level": "申报主体的级别",
        "closes_at": "批次的申报截止时间",
        "office": "调用时写明的单位",
        "outcome": "所调用的流程到达的结束事件",
        "seats": "待评分的席位",
        "all_seats": "专家组全部席位",
        "chair": "专家组组长的席位",
        "scored": "已评分的席位",
        "concurred": "已互评的席位",
        "sampled": "抽中的办件",
        "drawn_from": "参加抽样的办件",
        "sample": "是否实地抽查",
        "lead": "抽查组组长的席位",
    }
)

WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(  # how it is written, what it answers
    {
        "today": ("today()", "今天的日期"),
        "working_days": ("working_days(5)", "从今天起第几个工作日结束时"),
        "deadline": ('deadline("…")', "从今天起这一时限届满时"),
        "limit": ('limit("…")', "规则体系的这一数值"),
        "lowest": ("lowest(…)", "几个数中最小的"),
        "highest": ("highest(…)", "几个数中最大的"),
        "total": ("total(…)", "几个数之和"),
        "count": ("count([…])", "几个条件中成立的个数"),
        "falls": ("falls(…)", "是否逐年下降"),
        "rises": ("rises(…)", "是否逐年上升"),
        "length": ("length(…)", "列表的项数，文字的字数"),
        "without": ("without(…, …)", "列表中去掉另一列表所有的"),
    }
)
