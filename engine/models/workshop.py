"""The process owner's workshop: drafts of a regime's files, file by file, until they are deployed or given up."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from engine.columns import Base, Json


class BundleDraft(Base):
    """流程草案: what owners change in a regime's files before another person approves it."""

    __tablename__ = "bundle_draft"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str]
    bureau_code: Mapped[str] = mapped_column(ForeignKey("organisation.code"), index=True)  # whose regime it is
    based_on: Mapped[int] = mapped_column(ForeignKey("deployment.id"))  # what its files are laid over
    title: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    hands: Mapped[list[str]] = mapped_column(Json)  # accounts that had a hand in it: none of them approves it
    state: Mapped[str]  # open, submitted, deployed, discarded
    # The last submission; what was submitted is told by its hash, so that nobody approves what they have not seen.
    reason: Mapped[str | None]
    submitted_by: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    submitted_hash: Mapped[str | None]
    effective_on: Mapped[date | None]  # from when on it is to be in force; empty: at once
    # The last decision: returned with a reason, or deployed.
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    returned_why: Mapped[str | None]
    deployment_id: Mapped[int | None] = mapped_column(ForeignKey("deployment.id"))  # what it has become


class DraftFile(Base):
    """草案文件: one file as the draft has it, where that is not what it is based on."""

    __tablename__ = "bundle_draft_file"
    draft_id: Mapped[int] = mapped_column(ForeignKey("bundle_draft.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)  # empty: the draft has no such file
    version: Mapped[int]  # counts how often it was saved in this draft
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]


class DraftCheck(Base):
    """草案检查: what the last whole check of a draft came to, and of which files it speaks."""

    __tablename__ = "bundle_draft_check"
    draft_id: Mapped[int] = mapped_column(ForeignKey("bundle_draft.id"), primary_key=True)
    files: Mapped[str]  # hash of what was checked: another one of the draft's files now, and it is out of date
    checked_at: Mapped[datetime]
    checked_by: Mapped[str]
    errors: Mapped[int]
    warnings: Mapped[int]
    report: Mapped[Any] = mapped_column(Json)  # engine.checking.Report
