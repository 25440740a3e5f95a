"""What a client sends about the calendar and a bureau's year."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from web.given import SAID, Asked, Given, Paged

Bureau = Annotated[str, Field(max_length=20, description="主管部门的机构代码")]


class DaysAsked(Asked):
    first: Annotated[date, Field(description="从这一天起")]
    count: Annotated[int, Field(ge=1, le=400, description="共几天")] = 31


class YearAsked(Paged):
    bureau_code: Bureau
    year: Annotated[int, Field(ge=2004, le=2060, description="到期的年份")]
    kind: Annotated[str, Field(max_length=40, description="类别，如 annual_report")] = ""
    state: Annotated[Literal["", "open", "late", "done"], Field(description="未办结、已逾期、已办结")] = ""


class NoticeGiven(Given):
    """一份放假通知。"""

    number: Annotated[str, Field(max_length=60, pattern=SAID, description="文号")]
    content: Annotated[str, Field(max_length=262_144, description="holiday-cn 格式的 JSON 文本")]


class OverrideGiven(Given):
    """本局对一天的调整。"""

    bureau_code: Bureau
    day: Annotated[date, Field(strict=False)]
    working: Annotated[bool, Field(description="true 上班，false 放假")]
    reason: Annotated[str, Field(max_length=200, pattern=SAID, description="理由")]
    number: Annotated[str, Field(max_length=200, pattern=SAID, description="依据文件的文号或名称")]
