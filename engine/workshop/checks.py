"""The whole check of a draft (整体检查): what it came to is kept with the hash of what was checked."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, bundle, clock, events, examples
from engine.access import Actor
from engine.checking import FORMAT, Report, keeping
from engine.errors import FormInvalid, NotFound
from engine.forms import Problem
from engine.models import BundleDraft, DraftCheck
from engine.workshop import drafts

MAX_TITLE: Final = 60  # characters


def kept(session: Session, draft: BundleDraft) -> DraftCheck | None:
    """The last check, if there is one that this release can read."""
    found = session.get(DraftCheck, draft.id, populate_existing=True)
    return found if found is not None and found.report.get("form") == FORMAT else None


def is_current(check: DraftCheck, files: bundle.Files) -> bool:
    """Does the check speak of these files?"""
    return check.files == bundle.content_hash(files)


def keep(session: Session, actor: Actor, draft: BundleDraft, report: Report) -> DraftCheck:
    """Keep what a check came to; an older one of the same draft makes room. Raises Forbidden."""
    access.require(actor, "draft.read", draft)
    row = session.get(DraftCheck, draft.id) or DraftCheck(draft_id=draft.id)
    row.files, row.report = report.files, report.plain()
    row.checked_at, row.checked_by = clock.now(), actor.name
    row.errors, row.warnings = report.errors, report.warnings
    session.add(row)
    session.flush()
    told = {"draft": draft.id, "files": report.files, "errors": report.errors, "warnings": report.warnings}
    events.record(session, events.SYSTEM, actor.name, "draft.checked", payload=told)
    return row


def way_to(check: DraftCheck, process: str, end: str) -> bytes:
    """The example that the way makes which the check found to this end. Raises NotFound."""
    ends: list[Mapping[str, Any]] = check.report["ends"]
    found = next((each for each in ends if (each["process"], each["element"]) == (process, end)), None)
    if found is None:
        raise NotFound(said("这次检查没有走到这个结束；请重新检查"))
    begins_at = check.checked_at.astimezone(clock.SHANGHAI).replace(microsecond=0)
    return keeping.of_way(f"{process} {end}", process, found["way"], begins_at, end)


def keep_example(session: Session, actor: Actor, draft: BundleDraft, content: bytes, title: str) -> str:
    """Keep an example under this title; answers its file. Raises as `drafts.save`, FormInvalid without a title."""
    title = " ".join(title.split())
    if not 0 < len(title) <= MAX_TITLE:
        why = said("请写明这个示例说明什么，不超过 %(most)s 字", most=MAX_TITLE)
        raise FormInvalid([Problem("title", "required", why)])
    example = examples.read(content)
    there = drafts.files(session, draft)
    stem = f"{example.process}_{example.end}".lower()[:50]
    names = (f"{examples.FOLDER}{stem}{number or ''}.json" for number in (0, *range(2, len(there) + 3)))
    path = next(name for name in names if name not in there)
    drafts.save(session, actor, draft, path, keeping.titled(content, title))
    return path
