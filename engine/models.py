"""What we remember: a table a thing of the office, a comment where the column does not say it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json


class Organisation(Base):
    """机构: a bureau, county department or park committee, in one tree."""

    __tablename__ = "organisation"
    code: Mapped[str] = mapped_column(primary_key=True)  # division code, with a suffix for a second body there
    name: Mapped[str]
    level: Mapped[str]  # ministry, province, city, county, park
    division: Mapped[str]  # 行政区划代码, six digits
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("organisation.code"))
    path: Mapped[str] = mapped_column(index=True)  # codes from the root down, "/440000/441800/441881/"


class Person(Base):
    """人员: an account. It is disabled, never deleted: the record names it."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # the name to sign in with
    display_name: Mapped[str]
    password_hash: Mapped[str | None]  # argon2id; empty: tokens only
    password_changed_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(server_default="zh-CN")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Membership(Base):
    """任职: a person's role in an organisation. The three administrators exclude each other."""

    __tablename__ = "membership"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)  # a key of access.ROLES
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]
    __table_args__ = (
        # 等保 三员分立: system, security and audit administrator are three people.
        Index(
            "uq_membership_one_administrator",
            "person_id",
            unique=True,
            sqlite_where=text("role LIKE '%administrator'"),
            postgresql_where=text("role LIKE '%administrator'"),
        ),
    )


class SignIn(Base):
    """登录会话: kept by the server, so that it can be taken back."""

    __tablename__ = "sign_in"
    token_hash: Mapped[str] = mapped_column(primary_key=True)  # SHA-256; the token itself is nowhere
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str]
    agent: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ApiToken(Base):
    """接口令牌."""

    __tablename__ = "api_token"
    token_hash: Mapped[str] = mapped_column(primary_key=True)  # SHA-256
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    label: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(Json)  # of access.SCOPES
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInFailure(Base):
    """登录失败计数, for an account ("person:…") or an address ("address:…")."""

    __tablename__ = "sign_in_failure"
    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class Deployment(Base):
    """流程部署: diagrams, tables, forms, letters and numbers of a regime, frozen together. Never changed."""

    __tablename__ = "deployment"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    number: Mapped[int]  # 1, 2, 3 … within the regime
    content_hash: Mapped[str]  # SHA-256 over names and contents
    deployed_at: Mapped[datetime]
    deployed_by: Mapped[str]
    approved_by: Mapped[str | None]  # the second pair of eyes
    engine_version: Mapped[str]
    __table_args__ = (UniqueConstraint("regime", "number"),)


class DeploymentFile(Base):
    """部署文件."""

    __tablename__ = "deployment_file"
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)  # "application.bpmn", "forms/application.json", "regime.toml"
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Round(Base):
    """批次: a bureau's campaign. Its own diagram runs in the case `case_id`."""

    __tablename__ = "round"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str] = mapped_column(index=True)
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    year: Mapped[int]
    title: Mapped[str]
    state: Mapped[str]  # draft, open, closed, published, cancelled
    closes_at: Mapped[datetime | None]  # the closing minute, once the notice is out
    case_id: Mapped[int | None]  # no foreign key: a case points to its round, not both ways
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class Cluster(Base):
    """集群: what lives across cases."""

    __tablename__ = "cluster"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str] = mapped_column(index=True)
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)  # who applied for it
    name: Mapped[str]
    state: Mapped[str]  # candidate, recognised, expired, revoked
    recognised_on: Mapped[date | None]  # the day of publication
    first_day: Mapped[date | None]  # of validity
    last_day: Mapped[date | None]
    created_at: Mapped[datetime]


RUNNING = text("status = 'open'")


class Case(Base):
    """办件: one run of a diagram on one deployment. The state is opaque to everybody but engine.bpmn."""

    __tablename__ = "case_run"  # "case" is a word of SQL
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    process: Mapped[str]  # the diagram's process id: application, round …
    title: Mapped[str]
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)  # who opened it
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"), index=True)
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("cluster.id"), index=True)
    status: Mapped[str]  # open, incident, ended, cancelled
    outcome: Mapped[str | None]  # id of the end event reached
    version: Mapped[int] = mapped_column()  # counts commands; a writer names the one it read
    wake_at: Mapped[datetime | None]  # earliest waiting timer
    awaits: Mapped[str]  # names of the messages it waits for, each between blanks: " round_decided "
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    state_format: Mapped[int]
    state: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # a writer of an older version gets Stale
    __table_args__ = (
        Index("ix_case_run_wake_at", "wake_at", sqlite_where=RUNNING, postgresql_where=RUNNING),
        # engine.inbox looks for words in it
        Index("ix_case_run_named", "title", "organisation_code", "status", "round_id"),
    )


OPEN = text("state = 'open'")  # of tasks: the index stays as small as the work at hand


class Task(Base):
    """待办: a step that waits for a person. Its id is the engine's own."""

    __tablename__ = "task"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"))
    process: Mapped[str]  # whose diagram the element stands in: the case's, or a called one
    element: Mapped[str]  # id in the diagram
    instance_path: Mapped[str]  # call activities and multi-instance indices above it, "publicity/"
    pass_number: Mapped[int]  # the how-manieth time this case stands here: 2 after the first 退回补正
    title: Mapped[str]
    form: Mapped[str]
    roles: Mapped[str]  # each between blanks: " county_officer park_officer "
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))  # whose officers may act
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str]  # open, done, cancelled
    priority: Mapped[int] = mapped_column(server_default="0")
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    answers: Mapped[Any] = mapped_column(Json, nullable=True, deferred=True)  # what was filled in; no token carries it
    __table_args__ = (
        Index("ix_task_pass", "case_id", "element", "pass_number"),
        Index("ix_task_open_of_case", "case_id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index(  # engine.inbox reads along it; element and case stand in it only to be asked for
            "ix_task_open_pile",
            *("organisation_code", "roles", "assignee_id", "due_at", "opened_at", "id", "element", "case_id"),
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index("ix_task_open_of_assignee", "assignee_id", sqlite_where=OPEN, postgresql_where=OPEN),
    )


class Precheck(Base):
    """预审: what the criteria said of the answers in hand when a task was finished. It advises; a person decides."""

    __tablename__ = "precheck"
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), index=True)
    made_at: Mapped[datetime]
    verdicts: Mapped[Any] = mapped_column(Json)  # a list of criteria.Verdict, in the regime's order
    problem: Mapped[str | None]  # why there are no verdicts


class Draft(Base):
    """草稿: belongs to a person at a task."""

    __tablename__ = "draft"
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    data: Mapped[Any] = mapped_column(Json)
    version: Mapped[int]
    saved_at: Mapped[datetime]


UNCLOSED = text("closed_at IS NULL")


class Incident(Base):
    """异常: an instance that cannot go on. It is seen, and retried, repaired or cancelled by a person."""

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), index=True)
    code: Mapped[str]
    message: Mapped[str]
    element: Mapped[str | None]
    happened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    resolution: Mapped[str | None]  # retried, cancelled
    __table_args__ = (
        Index("uq_incident_open", "case_id", unique=True, sqlite_where=UNCLOSED, postgresql_where=UNCLOSED),
    )


class Message(Base):
    """消息 between instances: written by the sender's transaction, delivered in the recipient's."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # sender, version and recipient: it exists once
    name: Mapped[str]
    sender_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), index=True)
    payload: Mapped[Any] = mapped_column(Json)
    sent_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class Letter(Base):
    """通知 in the outbox: written with the change that causes it, sent later."""

    __tablename__ = "letter"
    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_run.id"), index=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))  # whose wording
    template: Mapped[str]  # "letters/returned.txt" without folder and ending
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    role: Mapped[str]  # of the recipients there
    fields: Mapped[Any] = mapped_column(Json)  # what fills the blanks
    status: Mapped[str]  # due, sent, failed, cancelled
    created_at: Mapped[datetime]


class Notice(Base):
    """公告 on the public site: a round's call, a publicity period, a publication."""

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"), index=True)
    kind: Mapped[str]  # call, publicity, publication
    title: Mapped[str]
    body: Mapped[str]
    entries: Mapped[Any] = mapped_column(Json)  # the list as it was shown: frozen
    published_at: Mapped[datetime]
    first_day: Mapped[date | None]  # of the publicity period, with last_day
    last_day: Mapped[date | None]
    basis: Mapped[Any] = mapped_column(Json)  # rule, counted days, calendar: why these dates


class Obligation(Base):
    """义务: what a cluster owes by when. Its printed date never moves silently."""

    __tablename__ = "obligation"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id"))
    kind: Mapped[str]  # annual_report, renewal, expiry
    year: Mapped[int]  # in which the date falls
    printed_on: Mapped[date]
    effective_on: Mapped[date]  # after the regime's roll
    provisional: Mapped[bool]  # rests on a year without a holiday notice
    clause: Mapped[str]
    state: Mapped[str]  # open, met, lapsed
    __table_args__ = (UniqueConstraint("cluster_id", "kind", "year"),)


class StoredFile(Base):
    """文件: an upload. The bytes lie in the data folder under their hash."""

    __tablename__ = "file"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # random
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_run.id"), index=True)  # set when a form names it
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]  # bytes
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str]


class Event(Base):
    """办理记录: what happened, in one hash chain a bureau; never changed but for an erased payload, never deleted."""

    __tablename__ = "event"
    chain: Mapped[str] = mapped_column(primary_key=True)  # the bureau's code, or "system"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]  # a person's name, "worker", "system", "public"
    kind: Mapped[str]  # thing, dot, what became of it: task.closed
    case_id: Mapped[int | None] = mapped_column(index=True)
    task_id: Mapped[str | None]
    element: Mapped[str | None]
    payload: Mapped[Any] = mapped_column(Json, nullable=True)  # may be erased: the chain holds only its hash
    salt: Mapped[str]
    payload_hash: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class ChainHead(Base):
    """链首: the last entry of a chain, locked last in a transaction and moved by the trigger of `event`."""

    __tablename__ = "chain_head"
    chain: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str]


class IdempotencyKey(Base):
    """幂等键: the answer a repeated request gets again."""

    __tablename__ = "idempotency_key"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]  # method, path and body
    status: Mapped[int]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


class Heartbeat(Base):
    """心跳: the last tick of a worker, for /readyz."""

    __tablename__ = "heartbeat"
    node: Mapped[str] = mapped_column(primary_key=True)
    last_tick_at: Mapped[datetime]
    last_error: Mapped[str | None]
