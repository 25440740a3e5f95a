"""Deployments, the cases that run on them, and all that hangs on a case."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json

UNAPPLIED = text("applied_at IS NULL")


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
    # From when on new cases run on it. One that is in force at once has the day of the one that it takes the place of.
    effective_on: Mapped[date] = mapped_column(server_default="2000-01-01")
    applied_at: Mapped[datetime | None]  # when what is owed had followed its rules; empty: its day is to come
    __table_args__ = (
        UniqueConstraint("regime", "number"),
        Index("ix_deployment_to_apply", "effective_on", sqlite_where=UNAPPLIED, postgresql_where=UNAPPLIED),
    )


class DeploymentFile(Base):
    """部署文件."""

    __tablename__ = "deployment_file"
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)  # "application.bpmn", "forms/application.json", "regime.toml"
    content: Mapped[bytes] = mapped_column(LargeBinary)


RUNNING = text("status = 'open'")


class Case(Base):
    """办件: one run of a diagram on one deployment. The state is opaque to everybody but engine.bpmn."""

    __tablename__ = "case_run"  # "case" is a word of SQL
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    process: Mapped[str]  # the diagram's process id: application, round …
    title: Mapped[str]
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)  # who opened it
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"), index=True)
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("cluster.id"), index=True)
    # Codes of the offices that see it only once it has come to them, from below, each between blanks: those of the
    # regime's chain, and the bureau where it sees what is recommended: " 441800 440000 100000 ".
    chain: Mapped[str] = mapped_column(server_default=" ")
    status: Mapped[str]  # open, incident, suspended, ended, cancelled
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
        # engine.waits joins along it: a row itself is as large as its state
        Index("ix_case_run_of_bureau", "bureau_code", "id", "regime", "process", "round_id", "chain"),
        # engine.inbox looks for words in it
        Index("ix_case_run_named", "title", "organisation_code", "status", "round_id"),
    )


UNPLANNED = text("state = 'open' AND planned_at IS NULL")
DONE = text("state = 'done'")
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
    seat_id: Mapped[int | None] = mapped_column(ForeignKey("seat.id"))  # whose holder it is for; a panel's
    sealed: Mapped[bool] = mapped_column(server_default=false())  # it shows its holder nothing of the case yet
    state: Mapped[str]  # open, done, cancelled, skipped: left undone by two people's decision
    priority: Mapped[int] = mapped_column(server_default="0")
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    # Working days that its case stood still meanwhile: its time limit is counted so much longer.
    put_off: Mapped[int] = mapped_column(server_default="0")
    took: Mapped[int | None]  # working days from its opening to its end, those put off left out; of what was done
    planned_at: Mapped[datetime | None]  # when its letter and its reminders were written down
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    answers: Mapped[Any] = mapped_column(Json, nullable=True, deferred=True)  # what was filled in; no token carries it
    __table_args__ = (
        Index("ix_task_pass", "case_id", "element", "pass_number"),
        Index(  # what hangs on a case, and where the cases of a bureau wait: engine.waits reads nothing else
            "ix_task_open_of_case",
            *("case_id", "process", "element", "instance_path", "opened_at", "due_at", "state"),
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index(
            "ix_task_done",
            *("closed_at", "case_id", "process", "element", "took", "due_at", "state"),
            sqlite_where=DONE,
            postgresql_where=DONE,
        ),
        Index(  # engine.inbox reads along it; element and case stand in it only to be asked for
            "ix_task_open_pile",
            *("organisation_code", "roles", "assignee_id", "due_at", "opened_at", "id", "element", "case_id"),
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index("ix_task_open_of_assignee", "assignee_id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_task_unplanned", "id", sqlite_where=UNPLANNED, postgresql_where=UNPLANNED),
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
    resolution: Mapped[str | None]  # retried, repaired, skipped, cancelled
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
    taken_at: Mapped[datetime | None]  # of a photograph, as its camera says
