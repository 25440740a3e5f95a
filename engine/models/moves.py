"""Cases that went on with another deployment of their regime."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json


class Move(Base):
    """办件迁移: with all that brings the case back as it was, as long as nothing has happened since."""

    __tablename__ = "case_move"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), index=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    moved_at: Mapped[datetime]
    moved_by: Mapped[str]
    version: Mapped[int]  # of the case, after the move
    state_format: Mapped[int]
    state: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # as it was before
    tasks: Mapped[Any] = mapped_column(Json)  # what the move changed: open task → columns and drafts as they were
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
