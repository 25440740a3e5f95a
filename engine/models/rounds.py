"""What a bureau recognises: rounds, clusters, what it announces about them and what they owe."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json


class Round(Base):
    """批次: a bureau's campaign. Its own diagram runs in the case `case_id`."""

    __tablename__ = "round"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str] = mapped_column(index=True)
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    year: Mapped[int]
    title: Mapped[str]
    again: Mapped[str | None]  # why a second round in this year (原则上每年一次)
    opens_at: Mapped[datetime | None]  # when it begins to take applications; empty: with its notice
    state: Mapped[str]  # draft, open, closed, published, cancelled
    closes_at: Mapped[datetime | None]  # the closing minute, once the notice is out
    first_batch: Mapped[bool] = mapped_column(server_default=false())  # 首批: no recognition below is asked for
    case_id: Mapped[int | None]  # no foreign key: a case points to its round, not both ways
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class RoundLevel(Base):
    """批次对各级推荐的要求: what a round's notice says of the offices of a level of the chain."""

    __tablename__ = "round_level"
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)  # city, province
    closes_at: Mapped[datetime | None]  # until when its offices may recommend; the moment itself counts
    most: Mapped[int | None]  # how many each may; empty: as the regime says
    special_most: Mapped[int | None]  # 计划单列市 and 兵团; empty: as the regime says


class Recommendation(Base):
    """推荐: an office of the chain has sent an application on, in its round."""

    __tablename__ = "recommendation"
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), primary_key=True)
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    level: Mapped[str]
    niche: Mapped[str]  # 细分领域, folded for comparing
    override: Mapped[str | None]  # why a second one of the niche
    recommended_at: Mapped[datetime]
    recommended_by: Mapped[str]
    __table_args__ = (Index("ix_recommendation_round", "round_id", "organisation_code"),)


REGISTERED = text("recognised_on IS NOT NULL")


class Cluster(Base):
    """集群: what lives across cases, in one regime. Rows of one and the same cluster share their identity."""

    __tablename__ = "cluster"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str] = mapped_column(index=True)
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)  # who applied for it
    name: Mapped[str]
    number: Mapped[str | None] = mapped_column(unique=True, index=True)  # 登记编号, given with the recognition
    industry: Mapped[str | None]  # 主导产业, as last filed
    same_as: Mapped[int | None] = mapped_column(
        ForeignKey("cluster.id"), index=True
    )  # the first row of it, in any regime
    state: Mapped[str]  # candidate, recognised, expired, revoked
    recognised_on: Mapped[date | None]  # the day of publication
    first_day: Mapped[date | None]  # of validity
    last_day: Mapped[date | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        Index(  # engine.register reads along it; what follows the id stands in it only to be asked for
            "ix_cluster_register",
            *("regime", "organisation_code", "id", "state", "last_day", "name", "number", "industry"),
            sqlite_where=REGISTERED,
            postgresql_where=REGISTERED,
        ),
        Index("ix_cluster_industry", "industry", sqlite_where=REGISTERED, postgresql_where=REGISTERED),
    )

    @property
    def identity(self) -> int:
        """The id of the first row of this cluster: its own, unless `same_as` names another."""
        return self.same_as or self.id


class Notice(Base):
    """公告 on the public site: a round's call, a publicity period, a publication."""

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"), index=True)
    kind: Mapped[str]  # call, publicity, publication
    number: Mapped[str | None]  # 文号
    title: Mapped[str]
    body: Mapped[str]
    files: Mapped[list[str]] = mapped_column(Json, server_default="[]")  # ids of what hangs on it
    entries: Mapped[Any] = mapped_column(Json)  # the list as it was shown: frozen
    published_at: Mapped[datetime]
    first_day: Mapped[date | None]  # of the publicity period, with last_day
    last_day: Mapped[date | None]
    basis: Mapped[Any] = mapped_column(Json)  # rule, counted days, calendar: why these dates


UNPLANNED = text("state = 'open' AND planned_at IS NULL")
UNMET = text("state = 'open' AND finds_at IS NOT NULL")
UNOPENED = text("state = 'open' AND case_id IS NULL AND opens_at IS NOT NULL")


class Obligation(Base):
    """义务: what is owed by when: by a cluster, or by the bureau to a cluster, a publicity period or a round.

    The printed date never moves silently. Time limits of steps stand with their tasks.
    """

    __tablename__ = "obligation"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("cluster.id"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"))
    kind: Mapped[str]  # annual_report, assessment, renewal, expiry; publicity; round_closing
    year: Mapped[int]  # in which the date falls
    printed_on: Mapped[date]
    effective_on: Mapped[date]  # after the regime's roll
    due_at: Mapped[datetime]  # the last moment: the end of the effective day, or a closing minute
    earliest_on: Mapped[date]  # with latest_on: where it may come to lie when the holiday notices are out
    latest_on: Mapped[date]
    provisional: Mapped[bool]  # rests on a year without a holiday notice
    calendar_revision: Mapped[str]  # the calendar it was worked out with
    clause: Mapped[str]
    owed_by: Mapped[str | None] = mapped_column(
        ForeignKey("organisation.code")
    )  # the bureau, once for each cluster; empty: the cluster's applicant, or of no cluster the bureau
    state: Mapped[str]  # open, met, lapsed, cancelled
    settled_at: Mapped[datetime | None]  # when it became met, lapsed or cancelled
    planned_at: Mapped[datetime | None]  # when its reminders were written down; empty: they are to be
    opens_at: Mapped[datetime | None]  # when its case opens by itself; empty: no case does
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_run.id"), unique=True)  # that it has opened
    finds_at: Mapped[datetime | None]  # when not having met it becomes a finding; empty: it does not, or has
    __table_args__ = (
        UniqueConstraint("cluster_id", "kind", "year"),
        UniqueConstraint("notice_id"),
        UniqueConstraint("round_id"),
        Index("ix_obligation_year", "bureau_code", "due_at", "id"),
        Index("ix_obligation_unplanned", "id", sqlite_where=UNPLANNED, postgresql_where=UNPLANNED),
        Index("ix_obligation_to_open", "opens_at", sqlite_where=UNOPENED, postgresql_where=UNOPENED),
        Index("ix_obligation_unmet", "finds_at", sqlite_where=UNMET, postgresql_where=UNMET),
    )


class Finding(Base):
    """情形线索: a fact that may be a ground of revocation. What becomes of it a person decides, never a date."""

    __tablename__ = "finding"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id"), index=True)
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    ground: Mapped[str]  # of conventions.GROUNDS
    clause: Mapped[str]
    facts: Mapped[str]
    obligation_id: Mapped[int | None] = mapped_column(ForeignKey("obligation.id"))  # that was not met
    seen_in: Mapped[int | None] = mapped_column(ForeignKey("case_run.id"))  # whose answers or outcome told of it
    noted_at: Mapped[datetime]
    noted_by: Mapped[str]
    state: Mapped[str]  # open, dropped, pursued
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]
    reason: Mapped[str | None]  # for dropping it
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_run.id"))  # of the revocation that it led to
    __table_args__ = (
        UniqueConstraint("obligation_id"),
        UniqueConstraint("seen_in", "ground"),
        Index("ix_finding_open", "bureau_code", "state", "id"),
    )


class ClusterChange(Base):
    """变动: a major change of a recognised cluster as it was filed and checked."""

    __tablename__ = "cluster_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    cluster_id: Mapped[int] = mapped_column(ForeignKey("cluster.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), unique=True)
    changed_on: Mapped[date]
    filed_on: Mapped[date]
    told: Mapped[Any] = mapped_column(Json)  # what was filed, by field
    industry_before: Mapped[str | None]  # 主导产业 until then
