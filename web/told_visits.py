"""What the API answers about samples and visits."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from web.told import Told


class VisitInspector(Told):
    """抽查组的一名人员。"""

    seat: Annotated[int, Field(description="席位；1 为组长，由其填写抽查记录")]
    member_id: Annotated[int, Field(description="抽查人员名录中的编号")]
    name: str
    employer: str


class VisitRow(Told):
    """一次实地抽查的安排。"""

    id: int
    case_id: int
    title: Annotated[str, Field(description="办件的标题")]
    starts_at: datetime
    ends_at: datetime
    place: str
    contact: str
    sequence: Annotated[int, Field(description="变更次数，也是日程文件的 SEQUENCE")]
    state: Annotated[str, Field(description="arranged 已安排、cancelled 已取消待重新安排、reported 已提交记录")]
    inspectors: Annotated[list[VisitInspector] | None, Field(description="只对本局人员和抽查组显示；组长在前")] = None


class VisitList(Told):
    items: list[VisitRow]


class AddedCase(Told):
    """随机抽取之外另加的办件。"""

    case: int
    reason: str


class SampleRule(Told):
    """抽取规则。"""

    share_pct: Annotated[str, Field(description="占已评审办件的百分比，不足一件的进为一件")]
    at_least: Annotated[int, Field(description="至少几件")]


class SampleRow(Told):
    """一次抽取：按种子和名单可以重算。"""

    id: int
    rule: SampleRule
    seed: str
    listed: Annotated[list[int], Field(description="抽取范围，办件编号")]
    drawn: Annotated[list[int], Field(description="抽中的办件：SHA-256（种子:编号）从小到大的前几件")]
    added: list[AddedCase]
    drawn_at: datetime


class SampleList(Told):
    items: list[SampleRow]
