"""What the API tells of the calendar and of a bureau's year."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from web.told import Told

_Next = Annotated[str | None, Field(description="下一页的地址；没有则为 null")]


class DayTold(Told):
    """一天。"""

    date: date
    working: Annotated[bool, Field(description="是否工作日")]
    official: Annotated[bool, Field(description="false：尚无放假通知，为估计")]
    source: Annotated[str, Field(description="放假通知或本局决定的文号")]


class DayList(Told):
    items: list[DayTold]


class NoticeTold(Told):
    """一份放假通知。"""

    id: int
    year: int
    number: str
    papers: Annotated[list[str], Field(description="数据文件写明的通知网址")]
    days: Annotated[Any, Field(description="日期 → [节日, 是否上班]")]
    sha256: str
    state: Annotated[str, Field(description="proposed 待确认、confirmed 使用中、rejected 未采用、replaced 已被替代")]
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None


class NoticeList(Told):
    items: list[NoticeTold]


class OverrideTold(Told):
    """本局对一天的调整。"""

    id: int
    bureau_code: str
    day: date
    working: bool
    reason: str
    number: str
    set_at: datetime
    set_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class YearRow(Told):
    """一项到期的事项。"""

    id: int
    kind: str
    subject: Annotated[str, Field(description="集群、公告或批次")]
    office: Annotated[str, Field(description="办理单位")]
    cluster_id: int | None
    round_id: int | None
    notice_id: int | None
    printed_on: Annotated[date, Field(description="印定日期，不变动")]
    effective_on: date
    earliest_on: date
    latest_on: date
    provisional: Annotated[bool, Field(description="尚待放假通知")]
    due_at: datetime
    clause: str
    state: Annotated[str, Field(description="open 未办结、met 已办结、lapsed 已过期")]
    late: bool
    urged: Annotated[bool, Field(description="本工作日已催办")]


class YearPage(Told):
    items: list[YearRow]
    next: _Next


class UrgedTold(Told):
    """被催办的事项。"""

    id: int
    kind: str
    year: int
    state: str
