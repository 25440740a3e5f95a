"""What the numbers of a regime are called, how each is written, and in which unit: the questions' words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from config import chain, cultivation, fixed_dates, grounds, ladders, renewals
from config.sentences import Said, said
from engine import conventions

WORKING_DAYS, DAYS, YEARS, MONTHS = said("工作日"), said("天"), said("年"), said("个月")
COUNT, POINTS, PERCENT = said("家"), said("分"), "%"
YES_NO = {"true": said("是"), "false": said("否")}


@dataclass(frozen=True)
class Part:
    """One thing that a table of the file says."""

    title: Said
    kind: str  # text, decimal, whole, wholes, words, flag, day, moment, choice
    unit: str = ""
    choices: Mapping[str, str] | None = None
    least: int = 0
    most: int = 0
    optional: bool = False
    hint: str = ""


LEVELS: Final = {
    "county": said("县级"),
    "city": said("市级"),
    "province": said("省级"),
    "bureau": said("认定机关"),
}

TOP: Final[dict[str, Part]] = {
    "title": Part(said("认定名称"), "text"),
    "source": Part(said("文号"), "text"),
    "in_force_from": Part(said("施行之日"), "day"),
    "in_force_until": Part(said("有效期的最后一日"), "day", optional=True, hint=said("文件没有写明的，留空。")),
}

_DAYS = Part(said("时限"), "whole", WORKING_DAYS, least=1, most=1000)
_FIRST = Part(said("当天计入"), "flag", choices=YES_NO, optional=True, hint=said("民法典第二百零一条：当天不计入。"))
_MONTH = Part(said("月"), "whole", said("月"), least=1, most=12)
_DAY = Part(said("日"), "whole", said("日"), least=1, most=31)
_ROLL = Part(said("遇休息日"), "choice", choices={"none": said("不顺延"), "next_working_day": said("顺延到下一工作日")})

# By section, then by key. A section of named tables has the same keys in each of them.
PARTS: Final[dict[str, dict[str, Part]]] = {
    "rounds": {"most_a_year": Part(said("每年批次"), "whole", said("批"), least=1, most=50)},
    "thresholds": {
        "value": Part(said("数值"), "decimal"),
        "advisory": Part(
            said("条文说“一般”"), "flag", choices=YES_NO, optional=True, hint=said("没有达到的，由审核人员判断。")
        ),
    },
    "limits": {"working_days": _DAYS, "count_first": _FIRST},
    "periods": {"working_days": _DAYS, "count_first": _FIRST},
    "obligations": {
        "month": _MONTH,
        "day": _DAY,
        "owed_by": Part(
            said("由谁履行"),
            "choice",
            choices={fixed_dates.CLUSTER: said("集群"), fixed_dates.BUREAU: said("认定机关")},
            optional=True,
        ),
        "roll": _ROLL,
        "first_due_years_after": Part(said("公布之后第几年起"), "whole", YEARS, most=10),
    },
    "changes": {
        "applies_from": Part(said("自何日起适用"), "day"),
        "month": Part(_MONTH.title, "whole", _MONTH.unit, least=1, most=12, optional=True),
        "day": Part(_DAY.title, "whole", _DAY.unit, least=1, most=31, optional=True),
        "roll": Part(_ROLL.title, "choice", choices=_ROLL.choices, optional=True),
    },
    "opens": {
        "process": Part(said("开办的流程"), "text"),
        "days_before": Part(
            said("提前"), "whole", DAYS, most=366, optional=True, hint=said("留空的，到复核窗口开始时开办。")
        ),
    },
    "grounds": {
        "days_after": Part(
            said("逾期多少天后列为线索"), "whole", DAYS, most=366, optional=True, hint=said("留空的，不按日期列。")
        )
    },
    "validity": {
        "years": Part(said("有效期"), "whole", YEARS, least=1, most=50),
        "counts_first_day": Part(said("公布当天计入"), "flag", choices=YES_NO),
    },
    "renewal": {
        "window_months": Part(said("期满前多久起可以申请"), "whole", MONTHS, least=1, most=60),
        "meanwhile": Part(
            said("期满之后、复核有结果之前"),
            "choice",
            choices={renewals.HOLDS: said("认定仍算数"), renewals.RESTS: said("认定暂不算数")},
            optional=True,
        ),
    },
    "inspection": {
        "share_pct": Part(said("抽取比例"), "decimal", PERCENT),
        "at_least": Part(said("至少"), "whole", COUNT, least=1, most=1000),
    },
    "objections": {
        "upheld": Part(
            said("异议成立的"),
            "choice",
            choices={"remove": said("移出名单"), "publicise_anew": said("可以重新公示")},
        ),
        "file_until": Part(
            said("提出异议截止于"), "choice", choices={"last_day": said("公示期最后一日终了")}
        ),
    },
    "register": {
        "number": Part(
            said("登记编号的写法"),
            "text",
            hint=said("由 {short}（简称）、{year}（公布年份）和 {serial}（序号）各一次组成，{serial:03} 是三位序号。"),
        ),
        "short": Part(said("简称"), "text"),
    },
    "review": {
        "conflict_points": Part(said("最高分与最低分相差超过"), "decimal", POINTS),
        "conclusions_differ": Part(said("结论不同也算分歧"), "flag", choices=YES_NO),
    },
    "chain": {
        "levels": Part(said("逐级推荐的级别，从下往上"), "words", choices={k: LEVELS[k] for k in chain.LEVELS}),
        "bureau_sees": Part(
            said("认定机关何时可以看到申报"),
            "choice",
            choices={"filing": said("一经报送"), "recommendation": said("推荐之后")},
        ),
    },
    "quota": {
        "most": Part(said("最多推荐"), "whole", COUNT, least=1, most=1000),
        "special": Part(
            said("计划单列市和兵团最多推荐"), "whole", COUNT, least=1, most=1000, optional=True
        ),
    },
    "over": {"refused": Part(said("超过名额时不接受"), "choice", choices=chain.OVER)},
    "one_a_niche": {},
    "closings": {
        "year": Part(said("年度"), "whole", YEARS, least=2000, most=2100),
        "level": Part(said("级别"), "choice", choices={k: LEVELS[k] for k in chain.LEVELS}),
        "at": Part(said("推荐截止时刻"), "moment"),
    },
    "paper": {
        "papers": Part(said("报送的材料"), "words"),
        "copies": Part(said("每种几份"), "whole", said("份"), least=1, most=100),
        "originals": Part(said("其中正本"), "whole", said("份"), least=1, most=100, optional=True),
        "discs": Part(said("光盘"), "whole", said("张"), most=100),
        "how": Part(said("报送方式"), "text"),
    },
    "cultivation": {
        "level": Part(said("由哪一级建立"), "choice", choices={k: LEVELS[k] for k in cultivation.OFFICES})
    },
    "typical_cases": {
        "levels": Part(said("由哪几级撰写"), "words", choices={k: LEVELS[k] for k in cultivation.OFFICES})
    },
    "ladders": {
        "days": Part(
            said("提醒日"), "wholes", DAYS, least=-ladders.FURTHEST, most=ladders.FURTHEST,
            hint=said("期限前第几天；0 是当天，负数是逾期第几天；用顿号隔开。"),
        ),
        "working_days": Part(
            said("提醒日"), "wholes", WORKING_DAYS, least=-ladders.FURTHEST, most=ladders.FURTHEST,
            hint=said("期限前第几天；0 是当天，负数是逾期第几天；用顿号隔开。"),
        ),
        "escalate_from": Part(
            said("从哪一次起同时告知上级"), "whole", least=-ladders.FURTHEST, most=ladders.FURTHEST, optional=True,
            hint=said("是提醒日中的一个；留空的，不告知上级。"),
        ),
        "statutory": Part(said("必须送达，个人设置不能推迟"), "flag", choices=YES_NO),
        "at": Part(said("几点"), "text", optional=True, hint=said("如 09:00；留空的为 09:00。")),
    },
    "evaluation": {},
}  # fmt: skip

SECTIONS: Final[dict[str, Said]] = {
    "": said("文件"),
    "rounds": said("批次"),
    "chain": said("逐级推荐"),
    "quota": said("推荐名额"),
    "closings": said("推荐截止时间"),
    "paper": said("纸质报送"),
    "criteria": said("认定条件所依条款"),
    "thresholds": said("认定条件中的数"),
    "limits": said("各环节时限"),
    "periods": said("公示期"),
    "obligations": said("每年的固定日期"),
    "opens": said("到期自动开办"),
    "grounds": said("撤销认定的情形"),
    "evaluation": said("集群发展评估报告"),
    "validity": said("有效期"),
    "renewal": said("复核"),
    "inspection": said("实地抽查"),
    "objections": said("异议"),
    "register": said("登记编号"),
    "review": said("评审分歧"),
    "cultivation": said("培育库"),
    "typical_cases": said("典型案例"),
    "ladders": said("提醒梯级"),
}

# The indicators that a threshold of their name is held against.
INDICATORS: Final[dict[str, Said]] = {
    "area_km2": said("集群占地面积"),
    "output_100m_yuan": said("集群总产值"),
    "sme_share_pct": said("中小企业产值占比"),
    "leading_share_pct": said("主导产业产值占比"),
    "output_growth_pct": said("产值年均增速"),
    "champions_and_giants": said("单项冠军和专精特新“小巨人”企业"),
    "quality_smes": said("优质中小企业"),
    "above_scale_share_pct": said("规模以上企业占比"),
    "rd_growth_pct": said("研发费用年均增速"),
    "patent_growth_pct": said("有效发明专利年均增速"),
    "patents_per_10k": said("每万名从业人员有效发明专利"),
    "industrial_internet_pct": said("接入工业互联网的企业占比"),
    "co2_intensity": said("单位产值二氧化碳排放"),
    "rd_growth_by_year_pct": said("研发费用逐年增速"),
}

# What a named table is called that no step, condition or duty gives a name.
CALLED: Final[dict[str, str]] = {
    **{kind: conventions.GROUNDS[kind] for kind in grounds.GROUNDS},
    "publicity": said("公示"),
    "task": said("各环节时限"),
    "round_closing": said("申报截止"),
    "rules_end": said("文件失效"),
    "over": said("超过名额"),
    "one_a_niche": said("每个细分领域推荐一家"),
    **LEVELS,
}
