"""Saving: what came from a page becomes the draft of the whole form, its files and the buttons for its rows too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine import differences, files, tasks
from engine.access import Actor
from engine.differences import Change
from engine.errors import FormInvalid, NotFound, Refused
from engine.files import FileRefused, Received
from engine.forms import Problem
from engine.scanner import ScanFailed
from web import context
from web.api import files as api_files
from web.form_html import Item, Section, read
from web.form_html.layout import PAGE_ROWS, shape
from web.form_html.parts import Table
from web.form_html.posting import FROM, TO
from web.pages import frame
from web.pages.work.at_hand import AtHand, at_hand
from web.wording import _

UPLOAD = "_file."  # before the name of the field that the file is for
ADD_ROW, DELETE_ROW, DELETE_FILE, TURN_PAGE = "_row_add", "_row_delete", "_file_delete", "_page"


@dataclass(frozen=True)
class Kept:
    """What became of a page that was sent. Without `changes` and `invalid` the draft has it."""

    answers: dict[str, Any]
    refused: Sequence[Problem] = ()  # files that were not taken
    invalid: Sequence[Problem] = ()  # what even a draft cannot hold
    changes: Sequence[Change] = ()  # what the draft says otherwise, which is newer than the page
    files: Sequence[str] = ()  # names of files that came and were not kept


def keep(actor: Actor, task_id: str, section_id: str | None = None) -> Kept:
    """Put the page's answers into the draft, in a transaction of its own. Raises what `tasks.save_draft` raises."""
    received, problems = arrived()
    answers: dict[str, Any] = {}
    try:
        with frame.writing() as session:
            at = at_hand(session, actor, task_id)
            section = section_of(at, section_id)
            answers = _posted(at, section, request.form)
            if at.can_act and _version() != at.version:
                changes = differences.changes(at.sheet.form, at.answers, answers)
                if changes:
                    return Kept(answers, changes=changes, files=[one.name for _, one in received])
            problems += _with_files(session, actor, at, answers, received)
            tasks.save_draft(session, actor, task_id, answers, at.version)
    except FormInvalid as error:
        return Kept(answers, invalid=error.problems)
    return Kept(answers, problems)


def section_of(at: AtHand, section_id: str | None) -> Section:
    """The part with this id; without one the whole of a form that has no parts. Raises NotFound."""
    section = at.layout.section(section_id or "")
    if section is None:
        raise NotFound(_("本表没有这一部分，请从目录进入"))
    return section


def address(at: AtHand, section: Section | None, items: Sequence[Item]) -> str:
    """Where the script of this page saves: it says which part, and which rows of a long table, the page holds."""
    spans: dict[str, Any] = {}
    for item in items:
        if isinstance(item, Table) and item.pages > 1:
            spans[FROM + item.name] = item.start
            if not item.last_page:
                spans[TO + item.name] = item.start + len(item.rows)
    return url_for("work.put_draft", task_id=at.id, section=section.id if section else None, **spans)


def _posted(at: AtHand, section: Section, sent: MultiDict[str, str]) -> dict[str, Any]:
    """All answers after this page was sent, its buttons for rows and files pressed."""
    blank_rows = any(button in sent for button in (ADD_ROW, DELETE_ROW, DELETE_FILE, TURN_PAGE))
    answers = read(at.layout, section.fields, sent, at.answers, blank_rows=blank_rows)
    added, row = sent.get(ADD_ROW, ""), sent.get(DELETE_ROW, "")
    if added in section.fields:
        rows = answers.get(added)
        blank: Any = "" if shape(at.layout.fields[added]) == "lines" else {}
        answers[added] = [*(rows if isinstance(rows, list) else []), blank]
    if row:
        name, _colon, number = row.partition(":")
        _drop(answers, name, _number(number) + _number(sent.get(FROM + name, "0")))
    unwanted = sent.get(DELETE_FILE, "")
    for name in at.layout.file_fields if unwanted else ():
        held = answers.get(name)
        if held == unwanted:
            answers.pop(name)
        elif isinstance(held, list):
            answers[name] = [one for one in held if one != unwanted]
    return answers


def with_file(at: AtHand, answers: Mapping[str, Any], name: str, file_id: str) -> dict[str, Any]:
    """The answers with this file in the field `name`, beside others where it holds several."""
    many = at.layout.fields[name].get("type") == "array"
    held = answers.get(name)
    return {**answers, name: [*(held if isinstance(held, list) else []), file_id] if many else file_id}


def stays(answers: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where on the same page to go on after one of its small buttons: query and anchor. None: another was pressed."""
    sent = request.form
    here: dict[str, Any] = {name: value for name, value in request.args.items() if name != "checked"}
    if added := sent.get(ADD_ROW):
        last = -(-len(answers.get(added) or [0]) // PAGE_ROWS)
        return {**here, added: last, "_anchor": f"f-{added}-add"}
    if row := sent.get(DELETE_ROW):
        return {**here, "_anchor": f"f-{row.partition(':')[0]}"}
    if turned := sent.get(TURN_PAGE):
        name, _colon, page = turned.partition(":")
        return {**here, name: _number(page), "_anchor": f"f-{name}"}
    return here if DELETE_FILE in sent else None


def _drop(answers: dict[str, Any], name: str, number: int) -> None:
    rows = answers.get(name)
    if isinstance(rows, list) and 0 <= number < len(rows):
        answers[name] = [*rows[:number], *rows[number + 1 :]]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0


def arrived() -> tuple[list[tuple[str, Received]], list[Problem]]:
    """Take the files of this request, before any transaction: nobody waits for somebody's slow line."""
    received, problems = list[tuple[str, Received]](), list[Problem]()
    for key, given in request.files.items(multi=True):
        name = key.removeprefix(UPLOAD)
        if name == key or not given.filename:
            continue
        try:
            received.append((name, api_files.receive(context.current(), given)))
        except (FileRefused, ScanFailed) as error:
            problems.append(Problem(name, error.code, error.message))
    return received, problems


def _with_files(
    session: Session, actor: Actor, at: AtHand, answers: dict[str, Any], received: Sequence[tuple[str, Received]]
) -> list[Problem]:
    """Name the files that came in the answers to their fields; answers why one was not taken."""
    problems = []
    for name, one in received:
        if name not in at.layout.file_fields:
            continue
        try:
            stored = files.add(session, actor, one, organisation_code=at.sheet.task.organisation_code)
        except Refused as error:  # no more room: what was typed is kept all the same
            problems.append(Problem(name, error.code, error.message))
            continue
        answers[name] = with_file(at, answers, name, stored.id)[name]
    return problems


def _version() -> int:
    """The version of the draft that the page was drawn from."""
    return _number(request.form.get("_version", "0"))
