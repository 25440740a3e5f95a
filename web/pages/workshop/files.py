"""A draft's files over HTTP: raw bytes with their ETag, each change against the version that was read (If-Match)."""

from typing import Final

from flask import Response, request

from config.errors import JiqunError
from engine.bundle import Files
from engine.columns import dump_json
from engine.errors import IntakeRefused, NotFound, Overtaken
from engine.workshop import drafts, intake
from web import guard
from web.errors import RequestInvalid, problem, status_of
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import opened
from web.pages.workshop.opened import routes
from web.wording import _

KINDS: Final = {
    ".bpmn": "application/xml",
    ".dmn": "application/xml",
    ".json": "application/json",
    ".toml": "application/toml",
    ".txt": "text/plain; charset=utf-8",
}
ADDRESS: Final = "/workshop/drafts/<number:draft_id>/files/<path:path>"


@routes.get(ADDRESS)
@guarded("draft.read")
def read(draft_id: int, path: str) -> Response:
    """One file as the draft has it."""
    with frame.reading() as session:
        return sent(drafts.files(session, opened.draft(session, draft_id)), path)


def sent(files: Files, path: str) -> Response:
    """The bytes of one file, which no browser opens as a page. Raises NotFound."""
    if path not in files:
        raise NotFound(_("没有文件 %(path)s", path=path[:100]))
    kind = next((kind for ending, kind in KINDS.items() if path.endswith(ending)), "application/octet-stream")
    headers = {"ETag": drafts.etag(files[path]), "Cache-Control": "no-cache"}
    return Response(files[path], content_type=kind, headers=headers)


@routes.put(ADDRESS)
@guarded("draft.edit")
def save(draft_id: int, path: str) -> Response:
    """Keep the file. `If-Match` names what the page had before it; a new file has `If-None-Match: *` instead."""
    try:
        with frame.writing() as session:
            draft = opened.draft(session, draft_id, "draft.edit")
            seen, content = _seen(), _sent(path)
            tag = drafts.save(session, guard.actor(), draft, path, content, if_match=seen)
    except (Overtaken, IntakeRefused) as error:
        return _refused(error)
    return _saved(tag)


@routes.delete(ADDRESS)
@guarded("draft.edit")
def remove(draft_id: int, path: str) -> Response:
    """The draft has no such file any more."""
    try:
        with frame.writing() as session:
            draft = opened.draft(session, draft_id, "draft.edit")
            drafts.remove(session, guard.actor(), draft, path, if_match=_seen())
    except Overtaken as error:
        return _refused(error)
    return Response(status=204)


def _seen() -> str:
    """The version that the page knows; "" where it knows that there is none. Raises RequestInvalid: 428."""
    if request.headers.get("If-None-Match", "").strip() == "*":
        return ""
    seen = request.headers.get("If-Match", "").strip()
    if not seen:
        raise RequestInvalid(_("保存时须以 If-Match 写明改的是哪一版，新文件写 If-None-Match: *"), 428)
    return seen


def _sent(path: str) -> bytes:
    """The request's bytes; of a file that is far too large none is read. Raises IntakeRefused."""
    size = request.content_length or 0
    if size > intake.MAX_BYTES:
        raise intake.too_large(path, size)
    return request.get_data(cache=False)


def _saved(tag: str) -> Response:
    return Response(dump_json({"etag": tag}), mimetype="application/json", headers={"ETag": tag})


def _refused(error: JiqunError) -> Response:
    """Where a file is wrong; or who saved a newer version when, and where it is to be seen."""
    facts = {name: value for name, value in error.facts.items() if name != "code"}
    if isinstance(error, Overtaken):
        facts["href"] = request.path
    return problem(status_of(error), error.code, error.message, **facts)
