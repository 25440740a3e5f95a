"""What a client sends: strict, nothing unknown, nothing converted."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=200)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="标识：小写字母、数字、下划线")]

_DATA = "表单内容，字段见待办详情中的 schema。数按十进制精确读取，至多四十位；可写作文本"


class Given(BaseModel):
    """Something a client sends: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Asked(BaseModel):
    """A query string: all of it text, nothing unknown."""

    model_config = ConfigDict(extra="forbid")


# ---- asked --------------------------------------------------------------------------------------


class Paged(Asked):
    limit: Annotated[int, Field(ge=1, le=200, description="本页至多几条")] = 50
    after: Annotated[str, Field(max_length=500, description="上一页所给的游标，原样带回")] | None = None


class InboxAsked(Paged):
    mine: Annotated[Literal["0", "1"], Field(description="1：只列我现在可以办理的；否则列出我可以查看的")] = "0"
    state: Annotated[Literal["open", "done", "cancelled"], Field(description="待办、已办、已失效")] = "open"
    regime: Annotated[Name | None, Field(description="规则体系")] = None


class RegisterAsked(Asked):
    format: Annotated[Literal["json", "csv"], Field(description="csv：可用电子表格打开")] = "json"


# ---- given --------------------------------------------------------------------------------------


class Credentials(Given):
    name: Text
    password: Annotated[str, Field(max_length=1024)]


class Answers(Given):
    data: Annotated[dict[str, Any], Field(description=_DATA)]


class DraftGiven(Answers):
    version: Annotated[int, Field(ge=0, le=2**31 - 2, description="所依据的草稿版本；尚无草稿为 0")]


class CaseGiven(Answers):
    regime: Annotated[Name, Field(description="规则体系")]
    process: Annotated[Name, Field(description="流程")]


class CancelGiven(Given):
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S", description="理由，记入办理记录")]


class RepairGiven(CancelGiven):
    variables: Annotated[
        dict[str, Any],
        Field(description="要更正的流程变量。值只能是整数、文字、是否值、空值、列表和对照表"),
    ]


class RoundGiven(Given):
    regime: Annotated[Name, Field(description="规则体系")]
    year: Annotated[int, Field(ge=2000, le=2100, description="认定年度")]
    title: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$", description="批次名称")]
