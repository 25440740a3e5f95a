"""Which days are worked: holiday notices that were imported, and what a bureau decided otherwise."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json

_CONFIRMED = text("state = 'confirmed'")
_STANDING = text("withdrawn_at IS NULL")


class HolidayNotice(Base):
    """放假通知 of the State Council, imported as a file by one person and confirmed by another."""

    __tablename__ = "holiday_notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    number: Mapped[str]  # 文号
    papers: Mapped[list[str]] = mapped_column(Json)  # addresses of the notices that the file was made from
    days: Mapped[Any] = mapped_column(Json)  # {"2027-02-14": ["春节", true]}: which holiday's, worked or not
    sha256: Mapped[str]  # of the file
    state: Mapped[str]  # proposed, confirmed, rejected, replaced
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    __table_args__ = (
        Index("uq_holiday_notice_year", "year", unique=True, sqlite_where=_CONFIRMED, postgresql_where=_CONFIRMED),
    )


class DayOverride(Base):
    """本局调整: a day that a bureau works or not, whatever the notices say. Never changed, only withdrawn."""

    __tablename__ = "day_override"
    id: Mapped[int] = mapped_column(primary_key=True)
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    day: Mapped[date]
    working: Mapped[bool]
    reason: Mapped[str]
    number: Mapped[str]  # 文号 of the decision
    set_at: Mapped[datetime]
    set_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    __table_args__ = (
        Index(
            "uq_day_override_standing",
            *("bureau_code", "day"),
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
    )
