"""What happened, what was answered, and that a worker lives."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json


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


class Tally(Base):
    """计数 of what the public may do only so often: in all, or from one address, of which only a keyed hash is here."""

    __tablename__ = "tally"
    key: Mapped[str] = mapped_column(primary_key=True)
    times: Mapped[int]
    since: Mapped[datetime]  # when the window began that is counted in
