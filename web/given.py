"""What a client sends: strict, nothing unknown, nothing converted."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=200)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="标识：小写字母、数字、下划线")]

SAID = r"^[^\x00]*[^\s\x00][^\x00]*$"  # not blanks alone, and no NUL, which no database keeps
_DATA = (
    "表单内容，字段见待办详情（发起办件的，见 /openings）的 schema；没有显示的字段（x-show-when）不填，也不必填。"
    "文件写其编号。数按十进制精确读取，至多四十位；可写作文本"
)


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


class ObjectionsAsked(Paged):
    state: Annotated[
        Literal["received", "investigating", "upheld", "dismissed"] | None,
        Field(description="已收到、办理中、异议成立、异议不成立"),
    ] = None
    late: Annotated[Literal["0", "1"], Field(description="1：公示期满后收到的情况反映")] = "0"


class PlacesAsked(Asked):
    words: Annotated[str, Field(max_length=100, description="集群、申报主体的名称，登记编号或主导产业中的字")] = ""
    division: Annotated[str, Field(max_length=20, description="行政区划代码")] = ""
    industry: Annotated[str, Field(max_length=200, description="主导产业")] = ""
    state: Annotated[Literal["", "recognised", "expired", "revoked"], Field(description="有效、待复核、已撤销")] = ""


class RegisterAsked(PlacesAsked):
    format: Annotated[Literal["json", "csv"], Field(description="csv：可用电子表格打开")] = "json"


# ---- given --------------------------------------------------------------------------------------


class Credentials(Given):
    name: Text
    password: Annotated[str, Field(max_length=1024)]


class ObjectionGiven(Given):
    name: Annotated[str, Field(max_length=400, description="姓名或单位名称，只供办理人员核实情况")]
    contact: Annotated[str, Field(max_length=400, description="电话或电子邮箱")]
    case: Annotated[int, Field(ge=1, le=2**31 - 1, description="所指的集群：公示名单中的 case")]
    grounds: Annotated[str, Field(max_length=20000, description="事实和理由，10 至 3000 个字")]


class Answers(Given):
    data: Annotated[dict[str, Any], Field(description=_DATA)]


class DraftGiven(Answers):
    version: Annotated[int, Field(ge=0, le=2**31 - 2, description="所依据的草稿版本；尚无草稿为 0")]


class CaseGiven(Answers):
    regime: Annotated[Name, Field(description="规则体系")]
    process: Annotated[Name, Field(description="流程")]


class CancelGiven(Given):
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=SAID, description="理由，记入办理记录")]


class RepairGiven(CancelGiven):
    variables: Annotated[
        dict[str, Any],
        Field(description="要更正的流程变量。值只能是整数、文字、是否值、空值、列表和对照表"),
    ]


class RoundGiven(Given):
    regime: Annotated[Name, Field(description="规则体系")]
    year: Annotated[int, Field(ge=2000, le=2100, description="认定年度")]
    title: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$", description="批次名称")]
    again: Annotated[str, Field(max_length=500, description="本年度已有批次的，写明再次开展的理由")] = ""


class LateFilingGiven(Given):
    organisation_code: Annotated[str, Field(max_length=20, description="县级主管部门或园区管委会的机构代码")]
    until: Annotated[
        str, Field(max_length=40, json_schema_extra={"format": "date-time"}, description="补报期限，须带时区")
    ]
    reason: Annotated[str, Field(max_length=500, description="理由，记入办理记录")]


class AssignGiven(Given):
    person: Annotated[str, Field(max_length=64, description="同一单位中有相应岗位的同事，写登录名")]


_MOMENT = {"format": "date-time"}


class VisitGiven(Given):
    starts_at: Annotated[str, Field(max_length=40, json_schema_extra=_MOMENT, description="开始时间，须带时区")]
    ends_at: Annotated[str, Field(max_length=40, json_schema_extra=_MOMENT, description="结束时间，须带时区")]
    place: Annotated[str, Field(max_length=200, description="集合地点")]
    contact: Annotated[str, Field(max_length=200, description="联系科室和电话")]
    reason: Annotated[str, Field(max_length=500, description="变更的原因，写入给申报主体的通知")]
    inspectors: Annotated[list[int] | None, Field(max_length=10, description="换人的，列出全部人员的名录编号")] = None
    leader: Annotated[int | None, Field(description="换人的，写明组长的名录编号")] = None
