"""异议的办理, for officers and leaders: which there are, how far they are; and what was written, for who handles it."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session

from engine import access, objections
from engine.access import Actor
from engine.models import Case, Notice, Objection
from engine.objections import STATES
from web import context, guard
from web.api import paging
from web.api.files import sent
from web.given import Paged
from web.guard import guard as guarded
from web.pages import frame
from web.pages.objections import LEVELS
from web.wording import _

routes = Blueprint("objection_desk", __name__)

PAGE = 50
IN_TIME = [state for state in STATES if state != "passed_on"]


@routes.get("/objections/list")
@guarded("objection.list")
def list_() -> Response:
    """Objections by state, with the days left; the late ones apart."""
    actor, state = guard.actor(), request.args.get("state", "")
    state, late = (state if state in IN_TIME else ""), request.args.get("state") == "passed_on"
    paged = Paged(limit=PAGE, after=request.args.get("after") or None)
    (before,) = paging.marked(paged.after, paging.number) or (None,)
    with frame.reading() as session:
        found = objections.listed(session, actor, state=state, late=late, limit=PAGE + 1, before=before)
        counted = objections.counted(session, actor)
    shown = paging.page(found, paged, lambda row: [row["id"]])
    return frame.page(
        "objections/list.html",
        here="objections",
        rows=[row | _state(row["state"]) for row in shown["items"]],
        next_href=shown["next"],
        first_href=url_for("objection_desk.list_", state=request.args.get("state") or None) if before else None,
        chosen="passed_on" if late else state,
        tabs=_tabs(counted),
    )


@routes.get("/objections/<number:objection_id>")
@guarded("objection.read")
def show(objection_id: int) -> Response:
    """One objection: where it stands; who objects and with what, for those alone who handle it."""
    actor = guard.actor()
    with frame.reading() as session:
        facts = told(session, actor, objections.find(session, actor, objection_id))
    return frame.page("objections/show.html", here="objections", **facts)


@routes.get("/objections/<number:objection_id>/files/<file_id>")
@guarded("objection.handle")
def download(objection_id: int, file_id: str) -> Response:
    """A piece of evidence, to keep."""
    with frame.reading() as session:
        return sent(context.current(), objections.file(session, guard.actor(), objection_id, file_id))


def told(session: Session, actor: Actor, objection: Objection) -> dict[str, Any]:
    """What a page says of an objection; `written` is None for who does not handle it."""
    handles = access.may(actor, "objection.handle", objection)
    return {
        "objection": objection,
        "standing": objections.standing(session, objection),
        **_state(objection.state),
        "notice": session.get_one(Notice, objection.notice_id),
        "target": session.get_one(Case, objection.target_case_id),
        "barred": objections.barred(session, actor, objection),
        "written": objection if handles else None,
        "evidence": objections.evidence(session, objection) if handles else [],
    }


def _state(name: str) -> dict[str, str]:
    return {"state_title": _(STATES[name]), "level": LEVELS[name]}


def _tabs(counted: dict[str, int]) -> list[tuple[str, str, int]]:
    """State, its title and how many there are; all of those in time first, the late ones last."""
    in_time = sum(count for state, count in counted.items() if state in IN_TIME)
    return [
        ("", _("全部公示异议"), in_time),
        *((state, _(STATES[state]), counted.get(state, 0)) for state in IN_TIME),
        ("passed_on", _("逾期的情况反映"), counted.get("passed_on", 0)),
    ]
