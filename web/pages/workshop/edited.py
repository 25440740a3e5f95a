"""Saving one file of a draft from a page of questions: against the version that the page had, with what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from engine import access
from engine.errors import FormInvalid, IntakeRefused, Overtaken, Refused
from engine.forms import Problem
from engine.models import BundleDraft
from engine.workshop import drafts
from web import guard
from web.pages import frame
from web.pages.workshop import opened

SEEN = "seen"  # the hidden field with the ETag of what the page was made from; empty: there was no such file


@dataclass(frozen=True)
class Kept:
    """What came of a save: nothing wrong, or what is, and which version the page knows from now on."""

    problems: Sequence[Problem] = ()
    status: int = 200
    seen: str = ""


def keep(draft_id: int, path: str, work: Callable[[Mapping[str, bytes]], bytes]) -> Kept:
    """Save what `work` makes of the draft's files as the file of this path."""
    seen = request.form.get(SEEN, "")
    try:
        with frame.writing() as session:
            draft = opened.draft(session, draft_id, "draft.edit")
            drafts.require_seen(session, draft, path, seen)
            made = work(drafts.files(session, draft))
            return Kept(seen=drafts.save(session, guard.actor(), draft, path, made, if_match=seen))
    except FormInvalid as error:
        return Kept(error.problems, 422, seen)
    except Overtaken as error:  # they are told, so from now on they know of it
        return Kept([Problem("", error.code, error.message)], 412, str(error.facts.get("etag", "")))
    except (IntakeRefused, Refused) as error:
        return Kept([Problem("", error.code, error.message)], 409, seen)


def facts(session: Session, draft: BundleDraft, kept: Kept | None = None) -> dict[str, Any]:
    """What the pages of all editors show of the draft, and of what is wrong."""
    problems = kept.problems if kept else ()
    return {
        "here": "workshop",
        "draft": draft,
        "regime": opened.title_of(session, draft),
        "editable": draft.state == drafts.OPEN and access.may(guard.actor(), "draft.edit", draft),
        "problems": [{"href": f"#{each.field}" if each.field else "", "message": each.message} for each in problems],
        "wrong": {each.field: each.message for each in reversed(problems)},
    }


def tag_of(files: Mapping[str, bytes], path: str) -> str:
    """The ETag of a file as the page has it; empty for one that is not there."""
    return drafts.etag(files[path]) if path in files else ""
