"""A task: why it is here and by when, its form or the list of the form's parts, and taking it or giving it back."""

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from config.clauses import of_another_text
from engine import worksheet
from engine.access import Actor
from engine.forms import Problem
from web import guard
from web.form_html import show as shown
from web.guard import guard as guarded
from web.pages import frame, rules
from web.pages.work import asides, prechecks, review, saving
from web.pages.work.at_hand import AtHand, at_hand, routes
from web.wording import N_, _, titled

STATES = {  # of a section: its word, and the badge's look
    "empty": (N_("未填写"), "quiet"),
    "begun": (N_("未填完"), "soon"),
    "wrong": (N_("有错误"), "late"),
    "done": (N_("已完成"), "done"),
    "optional": (N_("选填，未填"), "quiet"),
}


@routes.get("/tasks/<task_id>")
@guarded("task.read")
def show(task_id: str) -> Response:
    """The task: to fill in, or as it was finished."""
    with frame.reading() as session:
        at = at_hand(session, guard.actor(), task_id)
        problems = list(at.problems) if "checked" in request.args and at.can_act else []
        return page(at, problems)


def page(at: AtHand, problems: Sequence[Problem] = (), status: int = 200, **more: Any) -> Response:
    """The task's page, with what is wrong with its form."""
    at_it = at.can_act
    inline = at_it and not at.layout.has_sections
    filling = at.filling(more.pop("answers", None), problems) if inline or at.detail["state"] == "done" else None
    items = at.items(at.layout.sections[0], filling) if inline and filling else []
    precheck = None if at.sheet.form.has_facts else worksheet.prechecked(at.session, at.actor, at.sheet.case)
    return frame.page(
        "work/task.html",
        status,
        here="tasks",
        at=at,
        task=at.detail,
        title=at.detail["title"],
        form_title=titled(at.layout.document),
        description=titled(at.layout.document, "description"),
        inline=inline,
        items=items,
        autosave=saving.address(at, None, items),
        links=at.links(problems, here=""),
        parts_of_form=[] if inline or not at_it else at.standings,
        states={state: (_(word), look) for state, (word, look) in STATES.items()},
        done=sum(standing.done for standing in at.standings) if at_it and not inline else 0,
        answered=_answered(at) if at.detail["state"] == "done" and filling else [],
        articles=[
            ("" if of_another_text(clause) else at.source, clause, rules.address(*at.version_of_rules, clause))
            for clause in at.clauses
        ],
        asides=asides.of(at),
        review=review.beside(at),
        materials=worksheet.materials(at.session, at.actor, at.sheet.task),
        precheck=prechecks.lines(precheck["verdicts"]) if precheck and precheck["verdicts"] else [],
        precheck_problem=precheck["problem"] if precheck else "",
        notes=at.layout.document.get("x-ui", {}).get("notes", []) if at_it else [],
        mine=at.sheet.task.assignee_id == at.actor.person_id,
        **more,
    )


def already(actor: Actor, task_id: str) -> BaseResponse:
    """On to the task that somebody, perhaps the reader, has finished meanwhile."""
    with frame.reading() as session:
        mine = at_hand(session, actor, task_id).sheet.task.closed_by == actor.name
    frame.say(_("您已提交，不必重复提交。") if mine else _("该待办已由同事办结，您的草稿没有提交。"))
    return frame.go("work.show", task_id=task_id)


def _answered(at: AtHand) -> list[Any]:
    filling, asked = at.filling(), at.layout.form.asked(at.answers)
    return [
        (section, shown(at.layout, section.fields, filling, asked, all_rows="all" in request.args))
        for section in at.layout.sections
    ]
