"""What the API answers about suspended cases, and about stopped ones as those see them who mend them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from web.told import Count, Told


class SuspensionTold(Told):
    """一次中止。"""

    case_id: int
    ground: str
    clause: str
    reason: str
    suspended_at: datetime
    resumed_at: datetime | None
    working_days: Annotated[int | None, Field(description="各环节期限顺延的工作日数；恢复办理后才有")]


class SuspendedRow(Told):
    """中止办理的办件。"""

    id: int
    case_id: int
    title: str
    applicant: str
    regime: str
    process: str
    ground: Annotated[str, Field(description="中止的情形")]
    clause: str
    suspended_at: datetime
    working_days: Annotated[Count, Field(description="至今中止的工作日数")]


class SuspendedPage(Told):
    items: list[SuspendedRow]
    next: str | None


class Datum(Told):
    """一项流程数据。"""

    name: str
    title: Annotated[str, Field(description="表单中的名称；没有的为空")]
    kind: Annotated[str, Field(description="text 文字、number 整数、truth 是否值、nothing 空值、whole 列表或对照表")]
    value: Any


class WayOn(Told):
    """跳过一个环节之后的一种去向。"""

    way: Annotated[str, Field(description="所经连线的标识，以空格分开")]
    title: str
    variables: dict[str, Any]


class StepToSkip(Told):
    """停着的一个环节。"""

    task: str
    title: str
    ways: list[WayOn]
    why_not: Annotated[str, Field(description="不能跳过的原因；可以跳过的为空")]


class SkipTold(Told):
    """跳过一个环节的申请。"""

    id: int
    case_id: int
    task_id: str
    title: str
    variables: dict[str, Any]
    reason: str
    state: Annotated[str, Field(description="asked 待确认、confirmed 已确认、refused 未同意")]
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None
    decided_by: str | None


class IncidentDetail(Told):
    """一件异常：发生了什么、在哪一步、可以怎么办。"""

    case_id: int
    regime: str
    process: str
    element: str | None
    step: Annotated[str, Field(description="环节在图上的名称")]
    code: str
    message: str
    happened_at: datetime
    data: list[Datum]
    steps: list[StepToSkip]
    skip: SkipTold | None
