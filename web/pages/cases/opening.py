"""Opening a case: which rounds take applications now, and the form that a diagram begins with."""

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from engine import cases, files, identities, opening, overview, worksheet
from engine.errors import FormInvalid, NotFound, Refused
from engine.files import Received
from engine.forms import Problem
from engine.opening import Door
from web import guard
from web.form_html import Filling, Layout, StoredName, draw, kept, layout_of, read
from web.form_html.layout import id_of
from web.guard import guard as guarded
from web.pages import frame
from web.pages.cases.lists import routes
from web.pages.work import saving
from web.wording import _


@routes.get("/cases/new")
@guarded("case.open")
def new() -> Response:
    """Choose a round; with one chosen, the form that begins an application."""
    with frame.reading() as session:
        doors = opening.doors(session, guard.actor())
        door = _chosen(doors, request.args.get("round", ""))
        if door is None:
            why = _why_not(session, request.args.get("round", ""))
            return frame.page("cases/choose.html", here="cases", doors=doors, closed=bool(why), why=why)
        return _form(doors, door, {"round_id": door.round_id}, [])


@routes.post("/cases/new")
@guarded("case.open")
def open_() -> BaseResponse:
    """Open the case and go on to its first task."""
    actor = guard.actor()
    received, refused = saving.arrived()
    with frame.reading() as session:
        doors = opening.doors(session, actor)
        door = _chosen(doors, request.form.get("round_id", ""))
        why = "" if door else _why_not(session, request.form.get("round_id", ""))
    if door is None:
        return frame.page("cases/choose.html", 409, here="cases", doors=doors, closed=True, why=why)
    layout = layout_of(door.form)
    given = read(layout, layout.fields, request.form, {})
    refused += _with_files(layout, given, received)
    unwanted = request.form.get(saving.DELETE_FILE, "")
    if refused or unwanted or "_do" in request.form:  # a button of a file: the form is not sent yet
        left = {name: value for name, value in given.items() if not unwanted or value != unwanted}
        return _form(doors, door, left, refused, 422 if refused else 200)
    given = kept(layout, given)
    try:
        with frame.writing() as session:
            case_id = opening.same(session, actor, door, given)  # a second click, or the way back in the browser
            if case_id is None:
                case_id = cases.open_case(session, actor, door.regime, door.process, given).id
                frame.say(_("申报已发起。请接着填写申报表，可以随时保存，分几次填完。"))
            tasks = overview.tasks_of(session, actor, case_id)
    except FormInvalid as error:
        return _form(doors, door, given, error.problems, 422)
    except (NotFound, Refused) as error:
        return _form(doors, door, given, [Problem("round_id", error.code, error.message)], 409)
    if tasks:
        return frame.go("work.show", task_id=tasks[0]["id"])
    return frame.go("case_pages.show", case_id=case_id)


def _form(doors: list[Door], door: Door, given: dict[str, Any], problems: list[Problem], status: int = 200) -> Response:
    """The form that begins an application."""
    layout = layout_of(door.form)
    rounds = [(str(each.round_id), each.title) for each in doors if each.process == door.process]
    with frame.reading() as session:
        named = [str(given[name]) for name in layout.file_fields if name in given]
        stored = worksheet.names_of(session, guard.actor(), named)
    files_ = {one.id: StoredName(one.id, one.name, one.size) for one in stored}
    known = [(str(identity), title) for identity, title in door.clusters]
    options = {"round_id": rounds, identities.FIELD: known}
    filling = Filling(answers=given, problems=problems, options=options, files=files_)
    return frame.page(
        "cases/new.html",
        status,
        here="cases",
        door=door,
        schema=layout.document,
        items=draw(layout, [name for name in layout.fields if name != identities.FIELD or known], filling),
        multipart=bool(layout.file_fields),
        problems=[{"href": f"#{id_of(each.field)}", "message": each.message} for each in problems],
    )


def _with_files(layout: Layout, given: dict[str, Any], received: Sequence[tuple[str, Received]]) -> list[Problem]:
    """Keep the files that came and name them in the answers, whatever becomes of those; answers what was not taken."""
    problems = []
    for name, one in received:
        if name not in layout.file_fields:
            continue
        try:
            with frame.writing() as session:
                given[name] = files.add(session, guard.actor(), one).id
        except Refused as error:
            problems.append(Problem(name, error.code, error.message))
    return problems


def _why_not(session: Session, round_id: str) -> str:
    """What somebody is told who asks for a round that takes no application of theirs now."""
    known = round_id.isascii() and round_id.isdigit() and len(round_id) < 10
    return opening.why_not(session, guard.actor(), int(round_id)) if known else ""


def _chosen(doors: list[Door], round_id: str) -> Door | None:
    return next((door for door in doors if str(door.round_id) == round_id), None)
