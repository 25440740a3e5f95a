"""What the API answers, in the office's words."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.told_forms import Figure, Filled, FormSchema

Count = Annotated[int, Field(ge=0)]


class Told(BaseModel):
    """Something the API answers, read from a row or an object."""

    model_config = ConfigDict(
        from_attributes=True,
        serialize_by_alias=True,
        validate_by_name=True,
        json_schema_serialization_defaults_required=True,  # what has a default is answered as well
    )


class FieldProblem(Told):
    """表单或请求中的一处问题。"""

    field: str
    code: str
    message: str


class Problem(Told):
    """拒绝的原因（RFC 9457）。"""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)  # web.errors writes it by hand

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    problems: list[FieldProblem] | None = None


class Session(Told):
    """登录会话。令牌只在此出现一次。"""

    token: str
    idle_minutes: Annotated[int, Field(description="静默这么久即失效（分钟）")]
    hours: Annotated[int, Field(description="最长有效时间（小时）")]


class TaskRow(Told):
    """待办列表中的一行。"""

    id: str
    case_id: int
    case_title: str
    regime: str
    title: str
    element: str
    roles: list[str]
    organisation_code: str
    assignee: str | None
    state: str
    priority: int
    opened_at: datetime
    due_at: datetime | None


class TaskPage(Told):
    items: list[TaskRow]
    next: Annotated[str | None, Field(description="下一页的地址；没有则为 null")]


class Draft(Told):
    """草稿：只属于填写者本人。"""

    data: Filled
    version: Count
    saved_at: datetime


class TaskDetail(TaskRow):
    """一个待办：表单、已有内容、为何由我办理、何时办结、不办的后果、所依条款。"""

    pass_number: int
    organisation: str
    instructions: str
    consequence: str
    clause: str | None
    internal_reason: str | None
    form: str
    form_schema: Annotated[FormSchema, Field(alias="schema", description="表单的 JSON Schema（2020-12）")]
    data: Filled
    draft: Draft | None
    can_act: bool
    can_return: bool


class TaskState(Told):
    """认领或释放之后的待办。"""

    id: str
    case_id: int
    state: str
    assignee: str | None


class CaseState(Told):
    """办件现在的状态。"""

    id: int
    regime: str
    process: str
    title: str
    status: Annotated[str, Field(description="open 办理中、incident 异常、suspended 中止、ended 办结、cancelled 撤销")]
    outcome: Annotated[str | None, Field(description="所到达的结束事件")]
    round_id: int | None
    cluster_id: int | None
    opened_at: datetime
    ended_at: datetime | None


class CaseDeployment(Told):
    """办件所依的流程部署。"""

    id: int
    number: int


class CaseTask(Told):
    """办件中未办结的一步。"""

    id: str
    title: str
    element: str
    organisation_code: str
    opened_at: datetime
    due_at: datetime | None


class CaseIncident(Told):
    """办件为何不能继续：只对本局人员显示。"""

    code: str
    message: str
    element: str | None
    happened_at: datetime


class CaseDetail(CaseState):
    """一个办件。"""

    deployment: CaseDeployment
    bureau_code: str
    organisation_code: str
    wake_at: datetime | None
    tasks: list[CaseTask]
    incident: CaseIncident | None


class AnsweredRow(Told):
    """在一个待办中所填的内容。"""

    task_id: str
    element: str
    pass_number: int
    form: str
    data: Filled
    submitted_at: datetime


class AnsweredList(Told):
    items: list[AnsweredRow]


class CriterionVerdict(Told):
    """一项认定条件的预审结果，供审核人员参考。"""

    criterion: str
    verdict: Annotated[str, Field(description="pass 达到、fail 未达到、review 由审核人员判断")]
    value: Annotated[Figure, Field(description="所填的数，数值以文字表示；有几项任选的为列表；null 为未填")]
    operator: str
    threshold: Annotated[Figure, Field(description="所要求的数，写法同 value")]
    clause: str
    text: str
    computed: Annotated[Figure, Field(description="按近三年数据计算的年均值（%），供与申报的对照；null 为没有")] = None
    differs: Annotated[bool, Field(description="申报的年均值与计算的不一致，请核对")] = False
    relaxed: Annotated[str | None, Field(description="推荐机关适当放宽的理由（西部地区）")] = None


class PrecheckRow(Told):
    """一次预审：报送时，以及初审办结时。"""

    task_id: str
    element: str
    pass_number: int
    made_at: datetime
    verdicts: list[CriterionVerdict]
    problem: Annotated[str | None, Field(description="未能预审的原因；此时没有逐项结果")]


class PrecheckList(Told):
    items: list[PrecheckRow]


class LetterRow(Told):
    """一件通知，措辞依其所属的流程部署。"""

    id: int
    subject: str
    body: str
    status: Annotated[str, Field(description="due 待发、sent 已发、shown 仅站内、failed 未发出、cancelled 不再发")]
    created_at: datetime


class MessageRow(Told):
    """一条站内消息。"""

    id: int
    kind: Annotated[str, Field(description="类别")]
    subject: str
    body: str
    statutory: Annotated[bool, Field(description="必达：不受接收方式限制")]
    created_at: datetime
    read_at: Annotated[datetime | None, Field(description="null：未读")]


class MessageList(Told):
    items: list[MessageRow]
    next: str | None


class LetterList(Told):
    items: list[LetterRow]


class IncidentRow(CaseIncident):
    """一件待处理的异常，不含办件内容。"""

    id: int
    case_id: int
    regime: str
    process: str


class IncidentPage(Told):
    items: list[IncidentRow]
    next: str | None


class CaseStanding(Told):
    """异常处理之后办件的状态。"""

    id: int
    process: str
    status: Annotated[str, Field(description="open 办理中、cancelled 撤销")]


class HistoryRow(Told):
    """办理记录中的一条。经办人与内容只对本局人员显示。"""

    seq: int
    at: datetime
    kind: str
    element: str | None
    task_id: str | None
    actor: str | None = None
    payload: dict[str, Any] | None = None


class HistoryPage(Told):
    items: list[HistoryRow]
    next: str | None


class ClusterRow(Told):
    """集群。"""

    id: int
    regime: str
    name: str
    bureau_code: str
    organisation_code: str
    state: Annotated[str, Field(description="candidate 申报中、recognised 已认定、expired 待复核、revoked 已撤销")]
    recognised_on: date | None
    first_day: date | None
    last_day: date | None


class ClusterPage(Told):
    items: list[ClusterRow]
    next: str | None


class ObligationRow(Told):
    """集群的一项义务。"""

    id: int
    kind: str
    year: int
    printed_on: date
    effective_on: date
    provisional: bool
    clause: str
    state: str


class ObligationList(Told):
    items: list[ObligationRow]


class Health(Told):
    """进程在运行。"""

    status: Literal["ok"] = "ok"


class MailHalt(Told):
    """现在不发信的账号。"""

    name: str
    state: Annotated[str, Field(description="stopped：停用，须由人恢复；paused：暂停，到时自动继续")]
    since: datetime
    until: datetime | None


class Readiness(Told):
    """数据库与调度正常。"""

    status: Literal["ready"] = "ready"
    last_tick_at: datetime
    tick_age_seconds: int
    oldest_due_at: Annotated[datetime | None, Field(description="最早一件已到期而尚未处理的事项：定时、提醒或通知")]
    oldest_due_age_seconds: int | None
    oldest_unsent_at: Annotated[datetime | None, Field(description="最早一封已到发送时间而尚未发出的邮件")]
    oldest_unsent_age_seconds: int | None
    mail_halted: Annotated[list[MailHalt], Field(description="现在不发信的账号；原因见通知记录或 jiqun mail status")]
    letters_waiting: Annotated[int, Field(description="等待发送的通知")]
    letters_failed: Annotated[int, Field(description="未送达、等待人工处理的通知")]
