"""What the API answers to anybody: notices, the register."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from web.told import Told

# A notice is told as it was frozen: what it did not have then stays away.
_DAY = {"type": "string", "format": "date"}
NoticeEntry = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "required": ["case", "cluster", "applicant", "division"],
            "properties": {
                "case": {"type": "integer", "description": "申报的办件；提出异议时写入 case"},
                "cluster": {"type": "string", "description": "集群名称"},
                "applicant": {"type": "string", "description": "申报主体"},
                "division": {"type": "string", "description": "行政区划代码"},
                "basis": {"type": "string", "description": "自动认定的依据；经评审的没有这一项"},
                "number": {"type": ["string", "null"], "description": "登记编号（公布时）"},
                "industry": {"type": ["string", "null"], "description": "主导产业（公布时）"},
                "first_day": {**_DAY, "description": "有效期起（公布时）"},
                "last_day": {**_DAY, "description": "有效期止（公布时）"},
            },
            "additionalProperties": False,
        }
    ),
]
Reckoning = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "period": {"type": "string"},
                "working_days": {"type": "integer", "description": "几个工作日"},
                "count_first": {"type": "boolean", "description": "发布当日是否计入"},
                "source": {"type": "string"},
                "clause": {"type": ["string", "null"]},
                "published_on": _DAY,
                "counted": {"type": "array", "items": _DAY, "description": "计入的工作日"},
                "days": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["date", "number", "why"],
                        "properties": {
                            "date": _DAY,
                            "number": {"type": ["integer", "null"], "description": "第几个工作日；不计入的为 null"},
                            "why": {"type": "string"},
                        },
                        "additionalProperties": False,
                    },
                },
                "provisional": {"type": "boolean", "description": "放假通知尚未公布"},
                "calendar": {"type": "string", "description": "所依日历的版本"},
            },
            "additionalProperties": False,
        }
    ),
]


class NoticeFile(Told):
    """公告的一个附件。"""

    id: str
    name: str
    media_type: str
    size: Annotated[int, Field(description="字节")]
    sha256: str


class NoticeRow(Told):
    """公告列表中的一行。"""

    id: int
    regime: str
    kind: Annotated[str, Field(description="call 申报通知、publicity 公示、publication 公布")]
    number: Annotated[str | None, Field(description="文号")]
    title: str
    published_at: datetime
    first_day: date | None
    last_day: date | None


class NoticePage(Told):
    items: list[NoticeRow]
    next: str | None


class Notice(NoticeRow):
    """一条公告，内容与发布时一致。"""

    bureau_code: str
    round_id: int | None
    body: str
    files: Annotated[list[NoticeFile], Field(description="公文和附件，任何人都可以下载")]
    entries: list[NoticeEntry]
    basis: Annotated[Reckoning, Field(description="公示期的计算；不是公示的为空")]


class RegisterRow(Told):
    """已认定集群名录中的一行。"""

    id: int
    regime: str
    number: Annotated[str | None, Field(description="登记编号")]
    name: str
    industry: Annotated[str | None, Field(description="主导产业")]
    applicant: str
    division: str
    state: Annotated[str, Field(description="recognised 有效、expired 待复核、revoked 已撤销")]
    recognised_on: date | None
    first_day: date | None
    last_day: date | None


class Register(Told):
    items: list[RegisterRow]


class OtherRecognition(Told):
    """同一集群在其他规则体系中的认定。"""

    cluster_id: Annotated[int, Field(description="名录中的编号")]
    regime: str
    title: Annotated[str, Field(description="认定名称")]
    number: Annotated[str | None, Field(description="登记编号")]
    bureau: Annotated[str, Field(description="认定机关")]
    level: Annotated[str, Field(description="认定机关的层级：ministry、province、city")]
    first_day: date | None
    last_day: date | None
    state: Annotated[str, Field(description="recognised 有效、expired 待复核、revoked 已撤销")]


class RegisterEntry(RegisterRow):
    """一个已认定的集群，它的其他认定，和列有它的公告（由旧到新）。"""

    regime_title: str
    others: list[OtherRecognition]
    notices: list[NoticeRow]


class PlaceCount(Told):
    """一地的集群数。"""

    division: str
    name: Annotated[str, Field(description="当地主管部门")]
    recognised: Annotated[int, Field(description="有效")]
    expired: Annotated[int, Field(description="待复核")]
    revoked: Annotated[int, Field(description="已撤销")]
    total: int


class PlaceCounts(Told):
    items: list[PlaceCount]
