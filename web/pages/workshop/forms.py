"""A draft's forms as plain questions: the list, a form with its fields beside what fillers see, and the whole form."""

from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine import forms
from engine.errors import BundleInvalid, FormInvalid, NotFound
from engine.lint.surroundings import stem
from engine.workshop import drafts, form_edits, form_questions, form_readers, rule_questions
from web import form_html
from web.form_html import Filling
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import asked, edited, opened
from web.pages.workshop.edited import Kept
from web.pages.workshop.opened import routes
from web.wording import _


@routes.get("/workshop/drafts/<number:draft_id>/forms")
@guarded("draft.read")
def forms_(draft_id: int) -> Response:
    """The forms of the draft."""
    return _list(draft_id)


@routes.post("/workshop/drafts/<number:draft_id>/forms")
@guarded("draft.edit")
def new_form(draft_id: int) -> BaseResponse:
    """A form of one field, to go on with."""
    name, title = request.form.get("name", "").strip(), request.form.get("title", "")
    kept = edited.keep(draft_id, _path(name), lambda files: asked.new_form(files, name, title))
    if kept.problems:
        return _list(draft_id, kept)
    frame.say(_("表单已加入草案，可以在流程图的环节中选用"))
    return frame.go("workshop.form", draft_id=draft_id, form=name)


@routes.get("/workshop/drafts/<number:draft_id>/forms/<form>")
@guarded("draft.read")
def form(draft_id: int, form: str) -> Response:
    """One form; what of it is asked about stands in the address."""
    return _page(draft_id, form)


@routes.post("/workshop/drafts/<number:draft_id>/forms/<form>")
@guarded("draft.edit")
def save_form(draft_id: int, form: str) -> BaseResponse:
    """One edit of the form."""
    wanted = asked.edit()
    kept = edited.keep(draft_id, _path(form), lambda files: wanted.work(files, form))
    if kept.problems:
        return _page(draft_id, form, kept)
    frame.say(_("表单已保存在草案中"))
    return frame.go("workshop.form", draft_id=draft_id, form=form, **wanted.then)


@routes.get("/workshop/drafts/<number:draft_id>/forms/<form>/preview")
@guarded("draft.read")
def preview_form(draft_id: int, form: str) -> Response:
    """The whole form as whoever fills it in will see it."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        content = _content(drafts.files(session, draft), form)
        facts = edited.facts(session, draft)
    layout, why = _layout(content)
    parts = [(part, form_html.draw(layout, part.fields, Filling({}))) for part in layout.sections] if layout else []
    return frame.page("workshop/form_preview.html", **facts, name=form, layout=layout, sections=parts, why=why)


def _list(draft_id: int, kept: Kept | None = None) -> Response:
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files, base = drafts.files(session, draft), drafts.base(session, draft)
        facts = edited.facts(session, draft, kept)
    rows = []
    for path, content in files.items():
        if path.startswith("forms/"):
            try:
                document = form_edits.read(content)
                title, count = document.get("title", ""), len(document["properties"])
            except FormInvalid as error:
                title, count = error.problems[0].message, 0
            rows.append({"id": stem(path), "title": title, "fields": count, "changed": base.get(path) != content})
    status = kept.status if kept else 200
    return frame.page("workshop/forms.html", status, **facts, rows=rows, given=request.form)


def _page(draft_id: int, name: str, kept: Kept | None = None) -> Response:
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files = drafts.files(session, draft)
        content = _content(files, name)
        try:
            document = form_edits.read(content)
        except FormInvalid as error:
            kept = Kept(error.problems, 422)
            document = {"title": name, "properties": {}}
        facts = edited.facts(session, draft, kept)
    about: dict[str, Any] = asked.view(document, typed=bool(kept))
    field = about.get("field", "")
    layout, why = _layout(content)
    shown = [field.partition(".")[0]] if field and layout else []
    return frame.page(
        "workshop/form.html",
        kept.status if kept else 200,
        **facts,
        **about,
        name=name,
        document=document,
        sections=form_edits.sections(document),
        columns=_columns(document, field),
        kinds=form_questions.TITLES,
        kind_of=form_questions.kind_name,
        widths=form_questions.WIDTHS,
        rules=[rule_questions.in_words(rule, document) for rule in document.get("x-rules", ())],
        readers=form_readers.readers(files, name, field) if field and not kept else [],
        items=form_html.draw(layout, shown, Filling({})) if layout and shown else [],
        why=why,
        seen=kept.seen if kept else edited.tag_of(files, _path(name)),
    )


def _columns(document: form_edits.Document, field: str) -> list[tuple[str, Any]]:
    """The columns of the table that is asked about, or that has the column that is."""
    own = document["properties"].get(field.partition(".")[0], {})
    row = own.get("items", own)
    return list(row.get("properties", {}).items()) if isinstance(row, dict) else []


def _layout(content: bytes) -> tuple[form_html.Layout | None, str]:
    """The form to be drawn; None, and why, where it may not be deployed as it is."""
    try:
        return form_html.layout_of(forms.parse(content)), ""
    except BundleInvalid as error:
        return None, str(error.findings[0])


def _content(files: Any, name: str) -> bytes:
    if _path(name) not in files:
        raise NotFound(_("草案中没有这份表单"))
    return bytes(files[_path(name)])


def _path(name: str) -> str:
    return f"forms/{name}.json"
