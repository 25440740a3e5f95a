"""What the API answers to anybody: notices, the register."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from web.told import Told


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
    entries: Any
    basis: Any


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


class RegisterEntry(RegisterRow):
    """一个已认定的集群，和列有它的公告（由旧到新）。"""

    regime_title: str
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
