"""A part of a long form: filled in on its own, saved with whatever is wrong with it, and left when somebody likes."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine.errors import AlreadyDone
from engine.forms import Problem
from web import guard
from web.form_html import Section
from web.form_html.layout import top
from web.guard import guard as guarded
from web.pages import frame
from web.pages.work import drafts, saving, task
from web.pages.work.at_hand import AtHand, at_hand, routes
from web.wording import _, titled


@routes.get("/tasks/<task_id>/part/<section_id>")
@guarded("task.read")
def part(task_id: str, section_id: str) -> BaseResponse:
    """The part to fill in; after an attempt to go on, with what is wrong in it."""
    with frame.reading() as session:
        at = at_hand(session, guard.actor(), task_id)
        section = saving.section_of(at, section_id)
        if not at.can_act:
            return frame.go("work.show", task_id=task_id)
        problems = _own(section, at.problems) if "checked" in request.args else []
        return page(at, section, problems)


@routes.post("/tasks/<task_id>/part/<section_id>")
@guarded("task.draft")
def save_part(task_id: str, section_id: str) -> BaseResponse:
    """Save the part, and go where the pressed button leads."""
    actor = guard.actor()
    try:
        kept = saving.keep(actor, task_id, section_id)
    except AlreadyDone:
        return task.already(actor, task_id)
    if not (kept.changes or kept.invalid or kept.refused):
        return _on(task_id, section_id, kept.answers)
    with frame.reading() as session:
        at = at_hand(session, actor, task_id)
        section = saving.section_of(at, section_id)
        if kept.changes:
            return drafts.both(at, section, kept)
        answers = kept.answers if kept.invalid else None  # shown as it was typed
        return page(at, section, [*kept.invalid, *kept.refused], 422, answers=answers)


def page(
    at: AtHand,
    section: Section,
    problems: Sequence[Problem] = (),
    status: int = 200,
    answers: Mapping[str, Any] | None = None,
) -> Response:
    """The part's page."""
    items = at.items(section, at.filling(answers, problems))
    return frame.page(
        "work/part.html",
        status,
        here="tasks",
        at=at,
        task=at.detail,
        section=section,
        title=titled(section.schema),
        description=titled(section.schema, "description"),
        form_title=titled(at.layout.document),
        items=items,
        links=at.links(problems, here=section.id),
        autosave=saving.address(at, section, items),
        multipart=at.layout.asks_for_files(section.fields),
        parts_of_form=at.standings,
        done=sum(standing.done for standing in at.standings),
        states={state: (_(word), look) for state, (word, look) in task.STATES.items()},
        following=at.layout.after(section),
    )


def _own(section: Section, problems: Sequence[Problem]) -> list[Problem]:
    return [problem for problem in problems if top(problem.field) in section.fields]


def _on(task_id: str, section_id: str, answers: dict[str, Any]) -> BaseResponse:
    """Where to after saving: to the new row, the next part, the list, or to stay."""
    sent = request.form
    here: dict[str, Any] = {"task_id": task_id, "section_id": section_id}
    if (stays := saving.stays(answers)) is not None:
        return frame.go("work.part", **here, **stays)
    if sent.get("_do") == "go_on":
        return _further(task_id, section_id)
    frame.say(_("已保存。"))
    if sent.get("_do") == "back":
        return frame.go("work.show", task_id=task_id)
    query = {name: value for name, value in request.args.items() if name != "checked"}
    return frame.go("work.part", **here, **query)


def _further(task_id: str, section_id: str) -> BaseResponse:
    """The next part, or what is wrong in this one; it is saved either way."""
    with frame.reading() as session:
        at = at_hand(session, guard.actor(), task_id)
        section = saving.section_of(at, section_id)
        wrong = bool(_own(section, at.problems))
        following = at.layout.after(section)
    if wrong:
        return frame.go("work.part", task_id=task_id, section_id=section_id, checked=1)
    frame.say(_("“%(part)s”已保存。", part=titled(section.schema)))
    if following:
        return frame.go("work.part", task_id=task_id, section_id=following.id, _anchor="part")
    return frame.go("work.check", task_id=task_id)
