"""What the API answers about the pool, panels and opinions, in the office's words."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from web.told import Count, Told


class PoolMember(Told):
    """名录中的一人。"""

    id: int
    name: Annotated[str, Field(description="登录名")]
    display_name: str
    kind: Annotated[str, Field(description="expert 评审专家、inspector 实地抽查人员")]
    fields: Annotated[list[str], Field(description="专业领域")]
    employer: str
    division: Annotated[str, Field(description="任职单位所在的行政区划代码；空为不在本市各县（市、区）")]
    first_day: date
    last_day: Annotated[date | None, Field(description="任期最后一日；null 为长期")]
    suspended: Annotated[str | None, Field(description="暂停的原因；null 为未暂停")]
    able: Annotated[bool, Field(description="账号可用并有相应岗位")]
    seats: Annotated[Count, Field(description="现任而尚未提交意见的席位数")]


class PoolList(Told):
    items: list[PoolMember]


class Interest(Told):
    """申报的利害关系。"""

    id: int
    cluster: str | None
    organisation: str | None
    statement: str
    declared_at: datetime
    declared_by: str


class InterestList(Told):
    items: list[Interest]


class Candidate(Told):
    """一位候选人，不能抽取的附原因。"""

    member_id: int
    name: str
    employer: str
    fields: list[str]
    excluded: Annotated[str | None, Field(description="不能抽取的原因；null 为可以抽取")]
    wanted: Annotated[bool, Field(description="属于优先的专业领域")]


class CandidateList(Told):
    items: list[Candidate]


class Seat(Told):
    """专家组的一个席位。"""

    id: int
    number: Annotated[int, Field(description="1 为组长")]
    display_name: str
    employer: str
    origin: Annotated[str, Field(description="drawn 抽取、substitute 递补、added 加签、chosen 指定")]
    state: Annotated[str, Field(description="invited 待声明、declared 评分中、done 已提交")]
    since: datetime
    replaceable: Annotated[bool, Field(description="可以更换")]
    passable: Annotated[bool, Field(description="意见公开后仍在等待，可以不再等待")]


class Drawn(Told):
    """抽取时的一位候选人，按抽取次序排列。"""

    member: int
    name: str
    employer: str
    excluded: str | None
    wanted: bool
    later: Annotated[Count, Field(description="0 为首次抽取时在册；1、2…为其后增补")]


class Panel(Told):
    """专家组：由随机数和候选名单可以重复抽取的过程。"""

    id: int
    number: int
    size: int
    fields: list[str]
    chair_rule: str
    seed: Annotated[str, Field(description="随机数。各候选人按“随机数:编号”的 SHA-256 由小到大排列")]
    drawn_at: datetime
    drawn_by: str
    opened_at: datetime | None
    concluded_at: datetime | None
    seats: list[Seat]
    candidates: list[Drawn]


class PanelList(Told):
    items: list[Panel]


class Figures(Told):
    """几个评分的平均分、最高分、最低分、分差和样本标准差。"""

    count: int
    mean: Decimal
    lowest: Decimal
    highest: Decimal
    spread: Annotated[Decimal, Field(description="分差：最高分减最低分")]
    deviation: Annotated[Decimal | None, Field(description="样本标准差；只有一个评分时为 null")]


class Indicator(Told):
    """一项指标的结果。"""

    name: str
    title: str
    weight: Decimal
    figures: Figures
    conflicting: bool


class Stance(Told):
    """其他专家的意见：同意或不同意。"""

    seat: int
    agrees: bool
    remark: str


class Score(Told):
    """对一项指标的评分。"""

    indicator: Annotated[str, Field(description="指标，即评分表的字段")]
    score: Decimal
    weight: Decimal
    reason: str


class Comment(Told):
    """对申报表一个栏目的意见。"""

    field: str
    comment: str


class Opinion(Told):
    """一位专家的评审意见。"""

    task_id: str
    seat: int
    expert: Annotated[str, Field(description="本局人员看到姓名，专家看到“专家1”")]
    total: Decimal
    conclusion: Annotated[str, Field(description="recommend 建议认定、not_recommend 不建议认定")]
    opinion: str
    scores: list[Score]
    comments: list[Comment]
    made_at: datetime
    latest: Annotated[bool, Field(description="该席位最新的意见")]
    stale: Annotated[bool, Field(description="提出之后申报主体又提交过材料")]
    stances: list[Stance]


class Result(Told):
    """已公开的评审结果。"""

    panel_id: int
    case_id: int
    opened_at: datetime
    total: Figures
    indicators: list[Indicator]
    recommended: Annotated[Count, Field(description="建议认定的人数")]
    conflicting: Annotated[bool, Field(description="意见有分歧")]
    why: list[str]
    given: list[Opinion]


class ResultList(Told):
    items: list[Result]
