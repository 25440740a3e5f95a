"""Who judges an application and what they found: pool, panels, opinions, samples, visits; and who objects."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json


class PoolMember(Base):
    """专家库（抽查人员名录）中的一人: who may be drawn, what they know, and for whom they work."""

    __tablename__ = "pool_member"
    id: Mapped[int] = mapped_column(primary_key=True)
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]  # expert, inspector
    fields: Mapped[list[str]] = mapped_column(Json)  # 专业领域, in the bureau's words
    employer: Mapped[str]  # by its full name: compared with applicant, operating body and enterprises
    division: Mapped[str]  # of the employer, six digits; empty: outside the bureau's counties
    first_day: Mapped[date]  # of the term
    last_day: Mapped[date | None]
    suspended: Mapped[str | None]  # the reason why nobody draws this person now
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    __table_args__ = (UniqueConstraint("bureau_code", "person_id", "kind"),)


class Interest(Base):
    """利害关系申报: a member's tie to a cluster, or to everything of an office; they are not drawn for it."""

    __tablename__ = "interest"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("pool_member.id"), index=True)
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("cluster.id"))
    organisation_code: Mapped[str | None] = mapped_column(ForeignKey("organisation.code"))
    statement: Mapped[str]
    declared_at: Mapped[datetime]
    declared_by: Mapped[str]


class Panel(Base):
    """专家组（抽查组）of one case. A draw can be repeated from its seed and candidates."""

    __tablename__ = "panel"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"), index=True)
    kind: Mapped[str]  # expert, inspector
    number: Mapped[int]  # the how-manieth of its kind for this case
    wanted: Mapped[Any] = mapped_column(Json)  # {"size": 5, "fields": [...]}
    seed: Mapped[str]  # 128 random bits in hexadecimal; empty where people were chosen, not drawn
    candidates: Mapped[Any] = mapped_column(
        Json
    )  # [{"member": 7, "excluded": null or the reason}], in the order drawn from
    drawn_at: Mapped[datetime]
    drawn_by: Mapped[str]
    opened_at: Mapped[datetime | None]  # from now on its members see each other's opinions
    concluded_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("case_id", "kind", "number"),)


class Seat(Base):
    """席位: a place on a panel and who holds it now; who held it before stands in the record."""

    __tablename__ = "seat"
    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    number: Mapped[int]  # 1 is the chair
    member_id: Mapped[int] = mapped_column(ForeignKey("pool_member.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    origin: Mapped[str]  # drawn, substitute, added, chosen
    state: Mapped[str]  # invited, declared, done
    since: Mapped[datetime]  # when this person took the place
    kept: Mapped[Any] = mapped_column(Json, nullable=True, deferred=True)  # what they had written when they asked first
    __table_args__ = (UniqueConstraint("panel_id", "number"),)


class Opinion(Base):
    """评审意见: one expert's scores for one revision of an application. An older one stays beside its successor."""

    __tablename__ = "opinion"
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), primary_key=True)  # whose answers it is
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), index=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("round.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    revision: Mapped[str] = mapped_column(ForeignKey("task.id"))  # the filing that was read
    scores: Mapped[Any] = mapped_column(Json)  # [{"indicator", "score", "weight", "reason"}]; numbers as exact text
    total: Mapped[str]  # weighted, of 100, exact
    conclusion: Mapped[str]  # recommend, not_recommend
    made_at: Mapped[datetime]


class Stance(Base):
    """互评: what a member says to a colleague's opinion once the panel is open."""

    __tablename__ = "stance"
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), primary_key=True)
    opinion_id: Mapped[str] = mapped_column(ForeignKey("opinion.task_id"), primary_key=True)
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    agrees: Mapped[bool]
    remark: Mapped[str]
    made_at: Mapped[datetime]


class Sample(Base):
    """抽查样本 of a round: drawn from the reviewed by a seed and a rule, with those that a person added."""

    __tablename__ = "sample"
    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), unique=True)
    rule: Mapped[Any] = mapped_column(Json)  # {"share_pct": "30", "at_least": 2}
    seed: Mapped[str]
    listed: Mapped[list[int]] = mapped_column(Json)  # cases it was drawn from, in this order
    drawn: Mapped[list[int]] = mapped_column(Json)
    added: Mapped[Any] = mapped_column(Json)  # [{"case", "reason"}]
    drawn_at: Mapped[datetime]
    drawn_by: Mapped[str]


class Inspection(Base):
    """实地抽查: the appointment of a visit. What was found stands with its task's answers."""

    __tablename__ = "inspection"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"), index=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), unique=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True)  # of the .ics, random: the same for all its changes
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    place: Mapped[str]
    contact: Mapped[str]  # an office and its number
    sequence: Mapped[int]  # of the .ics: it rises with each change
    arranged_at: Mapped[datetime]  # when it was made, or changed last
    cancelled_at: Mapped[datetime | None]


UNDECIDED = text("state IN ('received', 'investigating')")


class Objection(Base):
    """异议. Name and contact are for those who handle it alone; the public asks by the receipt's number."""

    __tablename__ = "objection"
    id: Mapped[int] = mapped_column(primary_key=True)
    receipt: Mapped[str] = mapped_column(String(16), unique=True)  # random: nobody guesses another's
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), index=True)
    target_case_id: Mapped[int] = mapped_column(ForeignKey("case_run.id"))  # the application of the cluster meant
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_run.id"), unique=True)  # its own; none if it came late
    name: Mapped[str]
    contact: Mapped[str]
    grounds: Mapped[str]
    files: Mapped[list[str]] = mapped_column(Json)  # ids of the evidence; no case has them, so no case's reader does
    sent_with: Mapped[str] = mapped_column(unique=True)  # hash of the form's own token: sent twice, it is one objection
    received_at: Mapped[datetime]
    late: Mapped[bool]  # after the last day: passed on as a report, it blocks nothing
    state: Mapped[str]  # received, investigating, upheld, dismissed, passed_on
    answer: Mapped[str | None]  # what the objector is told
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_objection_undecided", "target_case_id", sqlite_where=UNDECIDED, postgresql_where=UNDECIDED),
    )


class LateFiling(Base):
    """逾期受理: a recorded exception that lets one office file in a round until a later moment."""

    __tablename__ = "late_filing"
    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    until: Mapped[datetime]
    reason: Mapped[str]
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]
    __table_args__ = (UniqueConstraint("round_id", "organisation_code"),)
