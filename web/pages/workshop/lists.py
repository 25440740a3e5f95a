"""The workshop's first page: the regimes of one's bureau, the drafts under way, and opening one."""

from collections.abc import Sequence

from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from engine import access, accounts, deployments
from engine.access import OWNERS
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.models import BundleDraft
from engine.workshop import drafts
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import opened
from web.pages.workshop.opened import routes
from web.wording import _


@routes.get("/workshop")
@guarded("draft.list")
def list_() -> Response:
    """What is in force of each regime, and what is being changed."""
    return _list()


@routes.post("/workshop")
@guarded("draft.open")
def open_() -> BaseResponse:
    """A new draft, on what is in force or with the files of an older version."""
    files_of = request.form.get("files_of", type=int)
    try:
        with frame.writing() as session:
            title, regime = request.form.get("title", ""), request.form.get("regime", "")
            made = drafts.opened(session, guard.actor(), regime, title, files_of=files_of).id
    except FormInvalid as error:
        return _list(error.problems)
    frame.say(_("已开草案，现行版本不受影响；改动随时保存，提交审核后才可能生效"))
    return frame.go("workshop.show", draft_id=made)


def _list(problems: Sequence[Problem] = ()) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        return frame.page(
            "workshop/list.html",
            422 if problems else 200,
            here="workshop",
            regimes=_regimes(session),
            rows=[_row(session, each) for each in drafts.list_(session, actor)],
            may_open=access.may(actor, "draft.open"),
            problems=[{"href": f"#{each.field}", "message": each.message} for each in problems],
            wrong={each.field: each.message for each in problems},
            given=request.form,
        )


def _regimes(session: Session) -> list[dict[str, object]]:
    """The deployed regimes of the reader's bureaus."""
    here = access.offices(guard.actor(), OWNERS)
    found = []
    for name in deployments.names(session):
        current = deployments.in_force(session, name)
        if current is None:
            continue
        rules = deployments.deployed(session, current.id).regime
        if rules.bureau in here:
            found.append({"name": name, "title": rules.title, "current": current})
    return found


def _row(session: Session, draft: BundleDraft) -> dict[str, object]:
    state, level = opened.STATES[draft.state]
    rows = drafts.rows(session, draft)
    last = max(rows, key=lambda row: row.saved_at, default=None)
    return {
        "draft": draft,
        "regime": opened.title_of(session, draft),
        "state": _(state),
        "level": level,
        "files": len(rows),
        "by": accounts.called(session, last.saved_by if last else draft.opened_by),
        "at": last.saved_at if last else draft.opened_at,
        "outdated": draft.state in (drafts.OPEN, drafts.SUBMITTED) and drafts.outdated(session, draft) is not None,
    }
