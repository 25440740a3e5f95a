"""What the API answers about objections: to who sent one, and to the officers."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from web.told import Told

_STATE = "received 已收到、investigating 办理中、upheld 异议成立、dismissed 异议不成立、passed_on 逾期，已转为情况反映"


class ObjectionStanding(Told):
    """一件异议的办理情况，凭回执号可查。"""

    receipt: Annotated[str, Field(description="回执号，如 25-XXXX-XXXX-XXXX；只有提交者知道")]
    notice_id: int
    notice_title: str
    cluster: str
    state: Annotated[str, Field(description=_STATE)]
    late: Annotated[bool, Field(description="公示期满后提交，不作为公示异议")]
    received_on: date
    answer_by: Annotated[date | None, Field(description="答复期限；逾期的为 null")]
    decided_on: date | None
    answer: Annotated[str | None, Field(description="给异议人的答复")]


class ObjectionRow(Told):
    """异议列表中的一行，不含异议人的任何信息。"""

    id: int
    case_id: Annotated[int | None, Field(description="办理该异议的办件；逾期的为 null")]
    target_case_id: Annotated[int, Field(description="所指集群的申报")]
    notice_id: int
    notice_title: str
    cluster: str
    state: Annotated[str, Field(description=_STATE)]
    late: bool
    received_at: datetime
    decided_at: datetime | None
    task_id: str | None
    step: Annotated[str | None, Field(description="当前环节")]
    due_at: datetime | None
    holder: Annotated[str | None, Field(description="办理人")]


class ObjectionPage(Told):
    items: list[ObjectionRow]
    next: str | None


class EvidenceFile(Told):
    """异议人提交的一份材料。"""

    id: str
    name: str
    media_type: str
    size: Annotated[int, Field(description="字节")]


class Objection(Told):
    """一件异议的内容，只给办理人员。"""

    id: int
    case_id: int | None
    target_case_id: int
    notice_id: int
    late: bool
    state: Annotated[str, Field(description=_STATE)]
    received_at: datetime
    name: str
    contact: str
    grounds: str
    evidence: list[EvidenceFile]
