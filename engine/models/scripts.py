"""Who may deploy scripts, and which scripts are not run for now."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base


class Accreditation(Base):
    """脚本授权: a process owner whose deployments may bring scripts. Taken back, the row goes."""

    __tablename__ = "accreditation"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]


class ScriptHold(Base):
    """停用的脚本: a script that used up its processor time, in whatever deployment it stands."""

    __tablename__ = "script_hold"
    digest: Mapped[str] = mapped_column(primary_key=True)  # SHA-256 of its text
    overruns: Mapped[int]  # since an owner last looked at it
    last_at: Mapped[datetime]
    held_at: Mapped[datetime | None]  # from when it is not run; empty: it still is
