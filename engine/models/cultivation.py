"""Cultivation: clusters-to-be in their pools, what they were like, and what recognised clusters have learnt."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json

IN_POOL = text("state != 'out'")


class Prospect(Base):
    """培育库中的集群: a cluster-to-be, kept by the level that its regime names."""

    __tablename__ = "prospect"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))  # that would recognise it
    keeper_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)  # whose pool it is in
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)  # who would apply
    name: Mapped[str]
    industry: Mapped[str]  # 主导产业
    niche: Mapped[str]  # 所属细分领域
    plan: Mapped[Any] = mapped_column(Json)  # 培育方向和措施: direction, measures, responsible, by; each as written
    state: Mapped[str]  # growing, applied, out
    reason: Mapped[str | None]  # for taking it out
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_run.id"), unique=True)  # its application
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    __table_args__ = (
        Index(
            "uq_prospect_in_pool",
            *("regime", "organisation_code", "name"),
            unique=True,
            sqlite_where=IN_POOL,
            postgresql_where=IN_POOL,
        ),
    )


class Measurement(Base):
    """测评: what a cluster-to-be was like at the end of a year."""

    __tablename__ = "measurement"
    id: Mapped[int] = mapped_column(primary_key=True)
    prospect_id: Mapped[int] = mapped_column(ForeignKey("prospect.id"))
    year: Mapped[int]
    answers: Mapped[Any] = mapped_column(Json)  # by the fields of the application form that criteria read
    measured_at: Mapped[datetime]
    measured_by: Mapped[str]
    __table_args__ = (UniqueConstraint("prospect_id", "year"),)


class TypicalCase(Base):
    """典型案例: what a recognised cluster has learnt, as it was published; it may be withdrawn, and then says so."""

    __tablename__ = "typical_case"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)  # whose site shows it
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id"), index=True)
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))  # who wrote it
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), unique=True)
    title: Mapped[str]
    told: Mapped[Any] = mapped_column(Json)  # what was written, by field
    files: Mapped[list[str]] = mapped_column(Json, server_default="[]")  # ids of what hangs on it
    published_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    reason: Mapped[str | None]  # for withdrawing it
