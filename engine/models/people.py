"""Who there is: offices, people, what they may do, and how they prove who they are."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json


class Organisation(Base):
    """机构: a bureau, county department or park committee, in one tree."""

    __tablename__ = "organisation"
    code: Mapped[str] = mapped_column(primary_key=True)  # division code, with a suffix for a second body there
    name: Mapped[str]
    level: Mapped[str]  # ministry, province, city, county, park
    division: Mapped[str]  # 行政区划代码, six digits
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("organisation.code"))
    path: Mapped[str] = mapped_column(index=True)  # codes from the root down, "/440000/441800/441881/"
    special: Mapped[bool] = mapped_column(server_default=false())  # 计划单列市 or 兵团: a quota of its own
    western: Mapped[bool] = mapped_column(server_default=false())  # 西部地区: may relax when it recommends


class Person(Base):
    """人员: an account. It is disabled, never deleted: the record names it."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # the name to sign in with
    display_name: Mapped[str]
    password_hash: Mapped[str | None]  # argon2id; empty: tokens only
    password_changed_at: Mapped[datetime | None]
    email: Mapped[str | None]
    email_suspect: Mapped[str | None]  # why letters to it are believed not to arrive
    language: Mapped[str] = mapped_column(server_default="zh-CN")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Membership(Base):
    """任职: a person's role in an organisation. The three administrators exclude each other."""

    __tablename__ = "membership"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    organisation_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)  # a key of access.ROLES
    granted_at: Mapped[datetime]
    granted_by: Mapped[str]
    __table_args__ = (
        Index("ix_membership_office", "organisation_code", "role"),
        # 等保 三员分立: system, security and audit administrator are three people.
        Index(
            "uq_membership_one_administrator",
            "person_id",
            unique=True,
            sqlite_where=text("role LIKE '%administrator'"),
            postgresql_where=text("role LIKE '%administrator'"),
        ),
    )


class SignIn(Base):
    """登录会话: kept by the server, so that it can be taken back."""

    __tablename__ = "sign_in"
    token_hash: Mapped[str] = mapped_column(primary_key=True)  # SHA-256; the token itself is nowhere
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str]
    agent: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ApiToken(Base):
    """接口令牌."""

    __tablename__ = "api_token"
    token_hash: Mapped[str] = mapped_column(primary_key=True)  # SHA-256
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    label: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(Json)  # of access.SCOPES
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInFailure(Base):
    """登录失败计数, for an account ("person:…") or an address ("address:…")."""

    __tablename__ = "sign_in_failure"
    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]
