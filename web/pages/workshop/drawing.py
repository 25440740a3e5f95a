"""The editors of a draft's diagrams and decision tables: pages around what the browser draws, and the words they offer.

The files go to and fro as they are (`files.py`); what is wrong with them `one.findings` says.
"""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

from flask import Response, url_for
from sqlalchemy.orm import Session

from engine.bundle import Files
from engine.columns import dump_json
from engine.errors import NotFound
from engine.models import BundleDraft
from engine.workshop import drafts, words
from web import policies
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import opened
from web.pages.workshop.opened import routes
from web.wording import _

PLACE = "/workshop/drafts/<number:draft_id>"


@routes.get(f"{PLACE}/model")
@guarded("draft.read")
def drawings(draft_id: int) -> Response:
    """The diagrams and tables of the draft, by name."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files = drafts.files(session, draft)
        changed = {row.path for row in drafts.rows(session, draft)}
    return frame.page(
        "workshop/drawings.html",
        here="workshop",
        draft=draft,
        diagrams=words.titled(files, ".bpmn"),
        tables=words.titled(files, ".dmn"),
        changed=changed,
    )


@routes.get(f"{PLACE}/model/<path:diagram>")
@guarded("draft.edit")
def model(draft_id: int, diagram: str) -> Response:
    """The modeller with one diagram."""
    return _editor("workshop/model.html", draft_id, diagram, ".bpmn")


@routes.get(f"{PLACE}/table/<path:decision_table>")
@guarded("draft.edit")
def table(draft_id: int, decision_table: str) -> Response:
    """The editor of one decision table."""
    return _editor("workshop/table.html", draft_id, decision_table, ".dmn")


@routes.get(f"{PLACE}/words/<path:diagram>")
@guarded("draft.read")
def offered(draft_id: int, diagram: str) -> Response:
    """What may stand in this file, by name: forms, people, time limits, letters, numbers and so on."""
    with frame.reading() as session:
        files = drafts.files(session, opened.draft(session, draft_id))
    _require(files, diagram)
    found = words.of_table(files) if diagram.endswith(".dmn") else words.offered(files, diagram)
    return Response(dump_json(found), mimetype="application/json", headers={"Cache-Control": "no-store"})


def _editor(template: str, draft_id: int, path: str, ending: str) -> Response:
    with frame.reading() as session:
        draft = opened.draft(session, draft_id, "draft.edit")
        title = _title(session, draft, path, ending)
    answer = frame.page(
        template, here="workshop", draft=draft, path=path, title=title, links=json.dumps(_links(draft)), plain=True
    )
    answer.headers["Content-Security-Policy"] = policies.EDITOR
    return answer


def _title(session: Session, draft: BundleDraft, path: str, ending: str) -> str:
    files = drafts.files(session, draft)
    _require(files, path)
    titles = dict(words.titled(files, ending))
    if path not in titles:
        raise NotFound(_("这里没有这个文件"))
    return titles[path]


def _require(files: Files, path: str) -> None:
    if path not in files or PurePosixPath(path).suffix not in (".bpmn", ".dmn"):
        raise NotFound(_("这里没有这个文件"))


def _links(draft: BundleDraft) -> Mapping[str, str]:
    """Where the editors lead to; {…} is filled in by the page."""
    here = url_for("workshop.show", draft_id=draft.id)
    return {
        "diagrams": f"{here}/model/{{id}}.bpmn",
        "tables": f"{here}/table/{{id}}",
        "forms": f"{here}/forms/{{id}}",
        "numbers": f"{here}/numbers",
        "clauses": f"{here}/clauses?element={{step}}",
    }
