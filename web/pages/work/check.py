"""Checking everything before it is submitted, and submitting it: once, however often the button is pressed."""

from collections.abc import Sequence

from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine import access, queries, reports, tasks
from engine import prechecks as criteria
from engine.access import Actor
from engine.errors import AlreadyDone, FormInvalid
from engine.forms import Problem
from engine.models import Case
from web import guard
from web.form_html.layout import top
from web.form_html.reading import show
from web.guard import guard as guarded
from web.pages import frame
from web.pages.work import comparisons, drafts, prechecks, saving, task
from web.pages.work.at_hand import AtHand, at_hand, routes
from web.wording import _, titled


@routes.get("/tasks/<task_id>/check")
@guarded("task.read")
def check(task_id: str) -> BaseResponse:
    """Everything that will be submitted, to be read once more; for paper as well."""
    with frame.reading() as session:
        at = at_hand(session, guard.actor(), task_id)
        if not at.can_act or not at.layout.has_sections:
            return frame.go("work.show", task_id=task_id)
        return page(at)


@routes.post("/tasks/<task_id>/submit")
@guarded("task.complete")
def submit(task_id: str) -> BaseResponse:
    """Finish the task: with the draft that was checked, or with the form of the page."""
    actor = guard.actor()
    try:
        with frame.reading() as session:
            in_parts = at_hand(session, actor, task_id).layout.has_sections
        return _from_draft(actor, task_id) if in_parts else _from_page(actor, task_id)
    except AlreadyDone:  # a second press finds the work done: that is an outcome, not an error
        return task.already(actor, task_id)


def page(at: AtHand, problems: Sequence[Problem] | None = None, status: int = 200) -> Response:
    """The page that asks to read everything again, with what is wrong."""
    problems = at.problems if problems is None else problems
    asked = at.layout.form.asked(at.answers)
    filling = at.filling(problems=problems)
    everything = "all" in request.args
    return frame.page(
        "work/check.html",
        status,
        here="tasks",
        at=at,
        task=at.detail,
        form_title=titled(at.layout.document),
        links=at.links(problems),
        parts_of_form=[
            (standing, show(at.layout, standing.section.fields, filling, asked, all_rows=everything))
            for standing in at.standings
        ],
        states={state: (_(word), look) for state, (word, look) in task.STATES.items()},
        precheck=_precheck(at, problems),
        beside=comparisons.tables(at) if at.sheet.task.form == reports.FORM else (),
        about_beside=comparisons.ABOUT,
    )


def _precheck(at: AtHand, problems: Sequence[Problem]) -> list[prechecks.Line]:
    """What the criteria say of the answers that are right in themselves; of the others nothing is said."""
    if not at.sheet.form.has_facts:
        return []
    wrong = {top(problem.field) for problem in problems}
    sound = {name: value for name, value in at.asked.items() if name not in wrong}
    try:
        verdicts = criteria.of_answers(at.session, at.sheet.case, at.sheet.form, sound)
    except JiqunError:  # a figure out of all reason is the reviewer's to see; nobody is stopped by advice
        return []
    return prechecks.lines(vars(verdict) for verdict in verdicts)


def _from_draft(actor: Actor, task_id: str) -> BaseResponse:
    """Submit what was checked; a draft that has changed since is shown again first."""
    try:
        with frame.writing() as session:
            at = at_hand(session, actor, task_id)
            if at.can_act and request.form.get("_version") != str(at.version):
                frame.say(_("草稿在您核对之后又有改动，请再核对一遍后提交。"))
                return frame.go("work.check", task_id=task_id)
            case = tasks.complete(session, actor, task_id, at.asked)
            return _onward(session, actor, case)
    except FormInvalid as error:
        with frame.reading() as session:
            return page(at_hand(session, actor, task_id), error.problems, 422)


def _from_page(actor: Actor, task_id: str) -> BaseResponse:
    """Submit the form of the page. It is kept as a draft first: nothing typed is lost if it cannot be submitted."""
    held = saving.keep(actor, task_id)
    if held.changes or held.invalid or held.refused:
        return drafts.unkept(actor, task_id, held)
    try:
        with frame.writing() as session:
            at = at_hand(session, actor, task_id)
            case = tasks.complete(session, actor, task_id, at.asked)
            return _onward(session, actor, case)
    except FormInvalid as error:
        with frame.reading() as session:
            return task.page(at_hand(session, actor, task_id), error.problems, 422)


def _onward(session: Session, actor: Actor, case: Case) -> BaseResponse:
    """Say what became of the case, and go there; who has just left their seat goes back to their tasks."""
    if not access.may(actor, "case.read", case):
        frame.say(_("已提交。"))
        return frame.go("inbox.list_")
    told = queries.case_detail(session, actor, case.id)
    steps = _("、").join(dict.fromkeys(row["title"] for row in told["tasks"]))
    if told["status"] == "ended":
        frame.say(_("已提交，办件已办结。"))
    elif steps:
        frame.say(_("已提交，办件转入：%(steps)s。", steps=steps))
    else:
        frame.say(_("已提交。"))
    return frame.go("case_pages.show", case_id=case.id)
