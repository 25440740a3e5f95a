"""What is done about a case out of its diagram: that it was suspended, and that a step is to be skipped."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json

UNRESUMED = text("resumed_at IS NULL")


class Suspension(Base):
    """中止: a case stands still, and its time limits with it. One that a case was ended in is never resumed."""

    __tablename__ = "suspension"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), index=True)
    ground: Mapped[str]  # one of engine.suspensions.GROUNDS
    clause: Mapped[str]  # the article that it rests on, as somebody wrote it; may be empty
    reason: Mapped[str]
    suspended_at: Mapped[datetime]
    suspended_by: Mapped[str]
    resumed_at: Mapped[datetime | None]
    resumed_by: Mapped[str | None]
    note: Mapped[str | None]  # why it goes on
    working_days: Mapped[int | None]  # how many its time limits were put off by
    __table_args__ = (
        Index("uq_suspension_open", "case_id", unique=True, sqlite_where=UNRESUMED, postgresql_where=UNRESUMED),
    )


UNDECIDED = text("decided_at IS NULL")


class SkipRequest(Base):
    """跳过申请: one person asks that a stopped case leave a step undone, another confirms or refuses."""

    __tablename__ = "skip_request"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), index=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"))
    way: Mapped[str]  # ids of the sequence flows that it goes on along, each between blanks
    title: Mapped[str]  # the way in the diagram's words, as both read it
    variables: Mapped[Any] = mapped_column(Json)  # what the gateways on that way read
    reason: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    state: Mapped[str]  # asked, confirmed, refused
    __table_args__ = (
        Index("uq_skip_request_open", "case_id", unique=True, sqlite_where=UNDECIDED, postgresql_where=UNDECIDED),
    )
