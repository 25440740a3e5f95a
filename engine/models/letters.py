"""What is said to whom, and what became of it: letters, reminders, their deliveries and the tries at each."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json

_UNSPREAD = text("spread_at IS NULL")
_UNEXPANDED = text("expanded_at IS NULL AND withdrawn_at IS NULL")
_TO_SEND = text("status IN ('due', 'claimed', 'sending')")
_FAILED = text("status IN ('failed', 'refused')")
_HELD = text("status = 'held' AND digest_id IS NULL")
_UNREAD = text("read_at IS NULL")
_OF_TASK, _OF_DUTY = text("task_id IS NOT NULL"), text("obligation_id IS NOT NULL")


class Letter(Base):
    """通知: said to an office or to one person, written with the change that causes it."""

    __tablename__ = "letter"
    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_run.id"), index=True)
    deployment_id: Mapped[int | None] = mapped_column(ForeignKey("deployment.id"))  # whose wording; empty: as shipped
    template: Mapped[str]  # "letters/returned.txt" without folder and ending
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    role: Mapped[str]  # of the recipients there
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # one of them alone
    task_id: Mapped[str | None] = mapped_column(ForeignKey("task.id"))  # whose deadline it tells, for the calendar
    obligation_id: Mapped[int | None] = mapped_column(ForeignKey("obligation.id"))  # the same of what is owed
    fields: Mapped[Any] = mapped_column(Json)  # what fills the blanks
    created_at: Mapped[datetime]
    spread_at: Mapped[datetime | None]  # when the deliveries were made of it
    __table_args__ = (
        Index("ix_letter_unspread", "id", sqlite_where=_UNSPREAD, postgresql_where=_UNSPREAD),
        Index("ix_letter_of_task", "task_id", sqlite_where=_OF_TASK, postgresql_where=_OF_TASK),
        Index("ix_letter_of_obligation", "obligation_id", sqlite_where=_OF_DUTY, postgresql_where=_OF_DUTY),
    )


class Reminder(Base):
    """提醒: one rung (梯级) of the ladder of an obligation or a task. The row is the timer."""

    __tablename__ = "reminder"
    id: Mapped[int] = mapped_column(primary_key=True)
    obligation_id: Mapped[int | None] = mapped_column(ForeignKey("obligation.id"))
    task_id: Mapped[str | None] = mapped_column(ForeignKey("task.id"))
    rung: Mapped[str]  # "60", "0", "-7": days before; "3w": working days before; "eve": last working day before
    revision: Mapped[int]  # 1, 2 … : after the date was moved the rungs not yet sent are planned anew
    template: Mapped[str]  # the letter it goes out as; a superior's is `escalation`
    statutory: Mapped[bool]  # no preference and no digest holds it back
    escalates: Mapped[bool]  # it also goes to the superior
    fire_at: Mapped[datetime]
    next_at: Mapped[datetime | None]  # the next rung's time: from then on this one is too late and that one goes
    expanded_at: Mapped[datetime | None]  # when it was made into deliveries, or passed over
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("reminder.id"))  # the nearer rung that went instead
    withdrawn_at: Mapped[datetime | None]  # the date moved, or what it reminds of is done
    __table_args__ = (
        UniqueConstraint("obligation_id", "rung", "revision"),
        UniqueConstraint("task_id", "rung", "revision"),
        CheckConstraint("(obligation_id IS NULL) <> (task_id IS NULL)", name="ck_reminder_of_one_thing"),
        Index("ix_reminder_due", "fire_at", "id", sqlite_where=_UNEXPANDED, postgresql_where=_UNEXPANDED),
    )


class Delivery(Base):
    """送达: one letter or reminder to one person: in their notices here (站内消息) and, if they want it, by mail.

    The row is the outbox. `status` is the mail's: due, claimed, sending, sent, failed (retries ended), refused,
    held (waits for its digest), cancelled, told (by telephone, a clerk says), none (no mail).
    """

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(unique=True)  # "l7.p3", "r12.p3": once, whoever ticks
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    reminder_id: Mapped[int | None] = mapped_column(ForeignKey("reminder.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    template: Mapped[str]
    statutory: Mapped[bool]  # no preference and no digest holds it back
    subject: Mapped[str | None]  # with body: frozen when it is first sent or read
    body: Mapped[str | None]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    status: Mapped[str]
    not_before: Mapped[datetime]  # quiet hours, a retry's wait
    locked_by: Mapped[str | None]  # node
    lock_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(server_default="0")  # counts claims: who holds an older number writes nothing
    attempts: Mapped[int] = mapped_column(server_default="0")
    in_doubt: Mapped[int] = mapped_column(server_default="0")  # so many tries may have arrived
    message_id: Mapped[str | None]  # the same for every try
    sent_at: Mapped[datetime | None]
    last_code: Mapped[str | None]
    last_error: Mapped[str | None]
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("digest.id"))
    __table_args__ = (
        Index("ix_delivery_to_send", "not_before", "id", sqlite_where=_TO_SEND, postgresql_where=_TO_SEND),
        Index("ix_delivery_failed", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("ix_delivery_held", "not_before", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("ix_delivery_of_person", "person_id", "id"),
        Index("ix_delivery_unread", "person_id", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
        *(
            Index(f"ix_delivery_{column}", column, sqlite_where=there, postgresql_where=there)
            for column in ("letter_id", "reminder_id", "digest_id", "message_id")
            for there in [text(f"{column} IS NOT NULL")]  # most rows have one or two of them
        ),
    )


class Attempt(Base):
    """发送尝试: evidence of each try; written before the network is touched, finished after it."""

    __tablename__ = "attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), index=True)
    node: Mapped[str]
    fence: Mapped[int]
    account: Mapped[str]
    address: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]  # empty after a crash: in doubt
    phase: Mapped[str | None]  # connect, envelope, body
    outcome: Mapped[str | None]  # sent, retry, limited, refused, in_doubt, config, bounced
    code: Mapped[str | None]
    text: Mapped[str | None]


class MailAccount(Base):
    """发信账号: what the installation's settings say of it is not here, only how it fares."""

    __tablename__ = "mail_account"
    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]  # ok, paused (goes on by itself), stopped (a person has to see to it)
    reason: Mapped[str | None]
    paused_until: Mapped[datetime | None]
    pauses: Mapped[int] = mapped_column(server_default="0")  # one after the other; the next one is longer
    changed_at: Mapped[datetime]
    window_began_at: Mapped[datetime | None]  # of the minute that is counted
    sent_in_window: Mapped[int] = mapped_column(server_default="0")


class Digest(Base):
    """每日汇总: one mail with what is not statutory, a person and day. Its members point to it."""

    __tablename__ = "digest"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    day: Mapped[date]
    made_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("person_id", "day"),)


class LetterChoice(Base):
    """通知偏好: how a person wants to hear. It chooses the way, never whether a statutory reminder goes out."""

    __tablename__ = "letter_choice"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    mail: Mapped[bool]  # what is not statutory by mail too
    digest: Mapped[bool]  # that once a day in one mail
    quiet_from: Mapped[int]  # hour of the day in Asia/Shanghai, 0–23; the same as quiet_until: never quiet
    quiet_until: Mapped[int]
    working_days_only: Mapped[bool]


class Substitute(Base):
    """代理: who gets a person's letters beside them on these days."""

    __tablename__ = "substitute"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    substitute_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    named_at: Mapped[datetime]
    named_by: Mapped[str]


class Feed(Base):
    """日历订阅: a secret address with a person's deadlines, revocable."""

    __tablename__ = "feed"
    token_hash: Mapped[str] = mapped_column(primary_key=True)  # SHA-256; the secret itself is nowhere
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
