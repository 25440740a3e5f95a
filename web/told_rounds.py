"""What the API answers about rounds: their rows, where their cases stand, exceptions to the closing minute."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from web.told import Told


class RoundRow(Told):
    """批次。"""

    id: int
    regime: str
    bureau_code: str
    year: int
    title: str
    again: Annotated[str | None, Field(description="本年度再次开展的理由")]
    first_batch: Annotated[bool, Field(description="首批：不要求已获下一级认定")]
    state: Annotated[str, Field(description="draft 拟稿、open 申报中、closed 截止、published 已公布、cancelled 取消")]
    opens_at: Annotated[datetime | None, Field(description="从何时起接受申报；null 为自通知发布")]
    closes_at: datetime | None
    case_id: int | None


class RoundPage(Told):
    items: list[RoundRow]
    next: str | None


class RoundCount(Told):
    """批次中处于同一状态的办件数。"""

    status: str
    outcome: str | None
    cases: int


class ConditionAsked(Told):
    """一条认定条件，由条款对照和数据表生成。"""

    clause: str
    gist: str
    numbers: list[str]


class TermsTold(Told):
    """对一级推荐机关的要求。"""

    level: Annotated[str, Field(description="city 市级、province 省级")]
    closes_at: Annotated[datetime | None, Field(description="推荐截止；null 为不设")]
    most: Annotated[int | None, Field(description="每个推荐机关最多推荐几个；null 为不限")]
    special_most: Annotated[int | None, Field(description="计划单列市、兵团最多推荐几个；null 为同上")]
    basis: Annotated[str, Field(description="数量的依据：条款，或本批次申报通知")]


class RoundDetail(RoundRow):
    """一个批次，及其办件各有多少、依什么条件认定。"""

    cases: list[RoundCount]
    source: str
    conditions: list[ConditionAsked]
    recommendations: Annotated[list[TermsTold], Field(description="对各级推荐的要求；没有逐级推荐的为空")]


class HoldRow(Told):
    """一个办件在等什么。"""

    title: str
    tasks: int
    holders: list[str]
    since: datetime
    due_at: datetime | None


class ResultRow(Told):
    """评审、抽查和异议的结果，只对本局人员显示。专家组公开意见之前没有分数。"""

    rank: int | None
    mean: Annotated[str | None, Field(description="平均分，两位小数")]
    scores: Annotated[list[str], Field(description="由高到低")]
    recommended: bool | None
    automatic: Annotated[bool, Field(description="已通过上级认定并经核实，自动认定")]
    inspected: Annotated[str | None, Field(description="conforms、does_not_conform、falsehood；null 为未抽查")]
    objections: int
    undecided: Annotated[int, Field(description="其中尚未办结的异议")]


class StandingRow(Told):
    """批次中的一个办件，现在何处。"""

    id: int
    title: str
    applicant: str
    county: str
    status: str
    outcome: str | None
    at: Annotated[str, Field(description="所在环节、结果或所等消息的标识")]
    stage: Annotated[str, Field(description="环节名称")]
    due_at: datetime | None
    late: bool
    holds: list[HoldRow]
    result: ResultRow | None


class StandingList(Told):
    items: list[StandingRow]


class LateFilingRow(Told):
    """一次逾期受理。"""

    id: int
    organisation_code: str
    organisation: str
    until: datetime
    reason: str
    granted_at: datetime
    granted_by: str | None


class LateFilingList(Told):
    items: list[LateFilingRow]
