"""What each step of a draft stands on: an article of the regime's text, or the bureau's reason for having it."""

from collections.abc import Mapping

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from config.errors import RegimeInvalid
from engine.forms import Problem
from engine.workshop import clause_edits, drafts
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import edited, opened
from web.pages.workshop.edited import Kept
from web.pages.workshop.opened import routes
from web.wording import _


@routes.get("/workshop/drafts/<number:draft_id>/clauses")
@guarded("draft.read")
def clauses(draft_id: int) -> Response:
    """Every step with its clause; with `element`, and `file` where it stands in, the questions for that step."""
    return _page(draft_id, _asked())


@routes.post("/workshop/drafts/<number:draft_id>/clauses")
@guarded("draft.edit")
def save_clause(draft_id: int) -> BaseResponse:
    """Keep what the step stands on."""
    element, how = request.form.get("element", ""), request.form.get("how", "")
    numbers = [int(each) for each in request.form.getlist("articles") if each.isdecimal()]
    reason = request.form.get("reason", "")

    def work(files: Mapping[str, bytes]) -> bytes:
        content = files[clause_edits.FILE]
        if how == "forget":
            return clause_edits.forgotten(content, element)
        if how == "internal":
            return clause_edits.made_internal(content, element, reason)
        return clause_edits.carried(content, element, numbers)

    kept = edited.keep(draft_id, clause_edits.FILE, work)
    if kept.problems:
        return _page(draft_id, element, kept)
    frame.say(_("环节的依据已保存在草案中"))
    return frame.go("workshop.clauses", draft_id=draft_id)


def _asked() -> str:
    """The step that the address names; the panel of a diagram knows its file and the id in it."""
    element, file = request.args.get("element", ""), request.args.get("file", "")
    return f"{file.rpartition('/')[2].removesuffix('.bpmn')}.{element}" if file and "." not in element else element


def _page(draft_id: int, element: str, kept: Kept | None = None) -> Response:
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files = drafts.files(session, draft)
        try:
            steps = clause_edits.steps(files)
            articles = clause_edits.articles(files[clause_edits.FILE], element) if element else []
        except RegimeInvalid as error:
            steps, articles = [], []
            kept = Kept([Problem("", error.code, error.message)], 422)
        facts = edited.facts(session, draft, kept)
    step = next((each for each in steps if each.id == element), None)
    chosen = {int(each) for each in request.form.getlist("articles") if each.isdecimal()}
    how = request.form.get("how", "internal" if step and step.internal is not None else "article")
    return frame.page(
        "workshop/clauses.html",
        kept.status if kept else 404 if element and step is None else 200,
        **facts,
        steps=steps,
        step=step,
        element=element,
        articles=[
            (each, each.number in chosen if kept else each.carries)
            for each in sorted(articles, key=lambda each: each.outside is not None)
        ],
        how=how,
        reason=request.form.get("reason", (step.internal or "") if step else ""),
        missing=[each for each in steps if each.name and not each.stands],
        gone=[each for each in steps if not each.name],
        seen=kept.seen if kept else edited.tag_of(files, clause_edits.FILE),
    )
