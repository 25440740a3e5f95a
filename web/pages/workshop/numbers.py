"""A draft's numbers as a page of questions: thresholds, limits, dates, ladders, quotas, each with clause and unit."""

from flask import Response, jsonify, request
from werkzeug.wrappers import Response as BaseResponse

from config.errors import RegimeInvalid
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.workshop import drafts, numbers
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import edited, opened
from web.pages.workshop.edited import Kept
from web.pages.workshop.opened import routes
from web.wording import _, spoken


@routes.get("/workshop/drafts/<number:draft_id>/numbers")
@guarded("draft.read")
def numbers_(draft_id: int) -> Response:
    """Every number of the draft's regime."""
    return _page(draft_id)


@routes.post("/workshop/drafts/<number:draft_id>/numbers")
@guarded("draft.edit")
def save_numbers(draft_id: int) -> BaseResponse:
    """Keep what was typed, all of it or nothing."""
    kept = edited.keep(draft_id, numbers.FILE, lambda files: numbers.saved(files, request.form))
    if kept.problems:
        return _page(draft_id, kept)
    frame.say(_("数字已保存在草案中"))
    return frame.go("workshop.numbers_", draft_id=draft_id)


@routes.post("/workshop/drafts/<number:draft_id>/numbers/limits")
@guarded("draft.edit")
def add_limit(draft_id: int) -> BaseResponse:
    """One more time limit, for a step to name."""
    name, days, clause = (request.form.get(each, "").strip() for each in ("name", "working_days", "clause"))
    kept = edited.keep(
        draft_id, numbers.FILE, lambda files: numbers.limit_added(files[numbers.FILE], name, days, clause)
    )
    if kept.problems:
        return _page(draft_id, kept)
    frame.say(_("时限 %(name)s 已加入，可以在流程图的环节中选用", name=name))
    return frame.go("workshop.numbers_", draft_id=draft_id, _anchor=f"limits.{name}")


@routes.get("/workshop/drafts/<number:draft_id>/numbers/checked")
@guarded("draft.read")
def check_number(draft_id: int) -> Response:
    """What is wrong with one number as it is typed; empty where nothing is."""
    name, text = request.args.get("name", "")[:200], request.args.get("text", "")[:1000]
    with frame.reading() as session:
        files = drafts.files(session, opened.draft(session, draft_id))
    try:
        message = spoken(numbers.checked(files, name, text))
    except RegimeInvalid as error:
        message = error.message
    answer = jsonify(name=name, message=message)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(draft_id: int, kept: Kept | None = None) -> Response:
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files, base = drafts.files(session, draft), drafts.base(session, draft)
        facts = edited.facts(session, draft, kept)
    try:
        sections, unreadable = numbers.sections(files, base), ""
    except (RegimeInvalid, FormInvalid, KeyError) as error:
        sections, unreadable = [], str(error)
    if unreadable and kept is None:
        kept = Kept([Problem("", "unreadable", unreadable)], 422)
    return frame.page(
        "workshop/numbers.html",
        kept.status if kept else 200,
        **facts,
        sections=sections,
        unreadable=unreadable,
        changed=[(section, entry) for section in sections for entry in section.entries if entry.changed],
        given=request.form if kept else {},
        seen=kept.seen if kept else edited.tag_of(files, numbers.FILE),
        overtaken=bool(kept and kept.status == 412),
        clauses=numbers.clauses_of(files),
    )
