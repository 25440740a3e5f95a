"""Drafts: saved by a page's script while somebody writes, or by the form without scripts; two versions side by side."""

from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import tasks
from engine.access import Actor
from engine.columns import dump_json
from engine.errors import AlreadyDone
from web import csrf, guard, reading
from web.form_html import Section, given
from web.form_html.posting import span_of
from web.given import DraftGiven
from web.guard import guard as guarded
from web.pages import frame
from web.pages.work import saving, task
from web.pages.work.at_hand import AtHand, at_hand, routes
from web.pages.work.saving import UPLOAD, Kept
from web.wording import _


@routes.put("/tasks/<task_id>/draft")
@guarded("task.draft")
def put_draft(task_id: str) -> Response:
    """Keep what the page's script sends: the answers of the shown part, as `{data, version}`."""
    body, actor = reading.body(DraftGiven), guard.actor()
    with frame.writing() as session:
        at = at_hand(session, actor, task_id)
        section = saving.section_of(at, request.args.get("section"))
        spans = {name: span for name in body.data if (span := span_of(name, request.args))}
        answers = given(at.layout, section.fields, body.data, at.answers, spans)
        draft = tasks.save_draft(session, actor, task_id, answers, body.version)
        kept = {"version": draft.version, "saved_at": draft.saved_at}
    return Response(dump_json(kept), mimetype="application/json", headers={"Cache-Control": "no-store"})


@routes.post("/tasks/<task_id>/draft")
@guarded("task.draft")
def save_draft(task_id: str) -> BaseResponse:
    """Save the form of a task that has no parts, and stay on its page."""
    actor = guard.actor()
    try:
        kept = saving.keep(actor, task_id)
    except AlreadyDone:
        return task.already(actor, task_id)
    if kept.changes or kept.invalid or kept.refused:
        return unkept(actor, task_id, kept)
    stays = saving.stays(kept.answers)
    if stays is None:
        frame.say(_("草稿已保存。"))
    return frame.go("work.show", task_id=task_id, **(stays or {}))


def unkept(actor: Actor, task_id: str, kept: Kept) -> Response:
    """The page of a form without parts again: with the newer version beside it, or with what is wrong."""
    with frame.reading() as session:
        at = at_hand(session, actor, task_id)
        if kept.changes:
            return both(at, at.layout.sections[0], kept)
        answers = kept.answers if kept.invalid else None
        return task.page(at, [*kept.invalid, *kept.refused], 422, answers=answers)


def both(at: AtHand, section: Section, kept: Kept) -> Response:
    """The page's answers beside those of the draft, which is newer; the person chooses."""
    inside: dict[str, Any] = {"task_id": at.id, "section_id": section.id}
    parts = at.layout.has_sections
    own = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in (csrf.FIELD, "_version") and not name.startswith(UPLOAD)
    ]
    return frame.page(
        "work/conflict.html",
        409,
        here="tasks",
        at=at,
        task=at.detail,
        changes=kept.changes,
        own=own,
        newer=url_for("work.part", **inside) if parts else url_for("work.show", task_id=at.id),
        again=url_for("work.save_part", **inside) if parts else url_for("work.save_draft", task_id=at.id),
        lost=kept.files,
    )
