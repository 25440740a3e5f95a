"""A draft's letters: their words in two languages, the blanks there are, and how they read with a real case."""

from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine import access, letter_samples, letters
from engine.errors import FormInvalid, NotFound
from engine.forms import Problem
from engine.lint.surroundings import stem
from engine.workshop import drafts, letter_edits
from engine.workshop.letter_edits import Letter
from notifications import wording
from notifications.wording import LetterInvalid
from web import guard
from web import letters as shown
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import edited, opened
from web.pages.workshop.edited import Kept
from web.pages.workshop.opened import routes
from web.wording import _

LANGUAGES = (letters.CHINESE, letters.ENGLISH)


@routes.get("/workshop/drafts/<number:draft_id>/letters")
@guarded("draft.read")
def letters_(draft_id: int) -> Response:
    """The letters of the draft."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files, base = drafts.files(session, draft), drafts.base(session, draft)
        facts = edited.facts(session, draft)
    rows = [
        {"id": stem(path), "subject": letter_edits.letter(content).subject, "changed": base.get(path) != content}
        for path, content in files.items()
        if path.startswith("letters/")
    ]
    return frame.page("workshop/letters.html", **facts, rows=rows, kind=shown.kind)


@routes.get("/workshop/drafts/<number:draft_id>/letters/<letter>")
@guarded("draft.read")
def letter(draft_id: int, letter: str) -> Response:
    """One letter, and how it reads."""
    return _page(draft_id, letter)


@routes.post("/workshop/drafts/<number:draft_id>/letters/<letter>")
@guarded("draft.edit")
def save_letter(draft_id: int, letter: str) -> BaseResponse:
    """Keep the words; or only look at them with the data that were chosen."""
    if request.form.get("deed") == "preview":
        return _page(draft_id, letter, Kept(seen=request.form.get(edited.SEEN, "")))
    path = _path(letter)
    kept = edited.keep(draft_id, path, lambda files: letter_edits.saved(files.get(path), _typed()))
    if kept.problems:
        return _page(draft_id, letter, kept)
    frame.say(_("通知已保存在草案中"))
    return frame.go("workshop.letter", draft_id=draft_id, letter=letter)


def _page(draft_id: int, name: str, kept: Kept | None = None) -> Response:
    path = _path(name)
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files, base = drafts.files(session, draft), drafts.base(session, draft)
        if path not in files:
            raise NotFound(_("草案中没有这件通知"))
        examples = {}
        if access.may(guard.actor(), "letter.preview"):
            examples = letter_samples.examples(session, guard.actor(), draft.regime, name)
        words = _typed() if kept else letter_edits.letter(files[path])
        content, problems = _content(files[path], words)
        kept = kept or Kept()
        if not kept.problems and problems:
            kept = Kept(problems, 422, kept.seen)
        facts = edited.facts(session, draft, kept)
    example = request.values.get("example", "")
    example = example if example in examples else next((key for key in examples if key not in _MADE_UP), "invented")
    told = examples[example].fields if example in examples else {}
    return frame.page(
        "workshop/letter.html",
        kept.status,
        **facts,
        name=name,
        kind=shown.kind,
        words=words,
        halves=_halves(content, told) if told and content is not None else [],
        examples=examples,
        example=example,
        told=told,
        blanks=letters.FIELDS,
        in_force=letter_edits.letter(base[path]) if path in base and base[path] != files[path] else None,
        seen=kept.seen or edited.tag_of(files, path),
    )


_MADE_UP = ("invented", "longest")


def _content(before: bytes, words: Letter) -> tuple[bytes | None, list[Problem]]:
    try:
        return letter_edits.saved(before, words), []
    except FormInvalid as error:
        return None, error.problems


def _halves(content: bytes, told: Any) -> list[dict[str, str]]:
    """The letter as its reader has it, in each language that it is written in."""
    found = []
    for language in LANGUAGES:
        if letters.half(content, language) is None:
            continue
        try:
            subject, body = wording.render(content, {**told, "收件人": guard.actor().display_name}, language)
        except LetterInvalid as error:
            subject, body = "", error.message
        found.append({"language": language, "subject": subject, "body": body})
    return found


def _path(name: str) -> str:
    return f"letters/{name}.txt"


def _typed() -> Letter:
    return Letter(*(request.form.get(name, "") for name in letter_edits.FIELDS))
