"""A table of a form as a spreadsheet: fetched to fill in, sent back, looked at, and only then put into the draft."""

from typing import Any
from urllib.parse import quote

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine import access, sheets, tasks
from engine.columns import dump_json
from engine.errors import NotFound
from web import guard, reading
from web.errors import RequestInvalid
from web.form_html.layout import columns_of, shape
from web.form_html.wording import said
from web.guard import guard as guarded
from web.pages import frame
from web.pages.work.at_hand import AtHand, at_hand, routes
from web.wording import _, titled

MOST_BYTES = 10 * 1024 * 1024
SHOWN_ROWS, SHOWN_PROBLEMS = 20, 100


@routes.get("/tasks/<task_id>/sheet/<field>.xlsx")
@guarded("task.read")
def template(task_id: str, field: str) -> Response:
    """The table as a file to fill in, with the rows that there are."""
    with frame.reading() as session:
        at = at_hand(session, guard.actor(), task_id)
        _require_table(at, field)
        content = sheets.template(at.sheet.form, field, at.answers)
    answer = Response(content, mimetype=sheets.XLSX)
    name = quote(f"{at.sheet.form.title_of(field)}.xlsx", safe="")  # a header's bytes are Latin
    answer.headers["Content-Disposition"] = f"attachment; filename=table.xlsx; filename*=UTF-8''{name}"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.get("/tasks/<task_id>/sheet/<field>")
@guarded("task.draft")
def choose_sheet(task_id: str, field: str) -> BaseResponse:
    """Ask for the filled file."""
    return _look_at(task_id, field, b"")


@routes.post("/tasks/<task_id>/sheet/<field>")
@guarded("task.draft")
def import_sheet(task_id: str, field: str) -> BaseResponse:
    """Show what a filled file says and what is wrong with it; with `rows`, what was shown goes into the draft."""
    if "rows" in request.form:
        return _replace(task_id, field)
    given = request.files.get("_sheet")
    content = given.stream.read(MOST_BYTES + 1) if given and given.filename else b""
    if len(content) > MOST_BYTES:
        raise RequestInvalid(_("表格文件超过 10 MB，请只保留要导入的表格"), 413)
    return _look_at(task_id, field, content)


def _look_at(task_id: str, field: str, content: bytes) -> BaseResponse:
    """What the file would bring, beside what is there."""
    actor = guard.actor()
    with frame.reading() as session:
        at = at_hand(session, actor, task_id)
        access.require(actor, "task.draft", at.sheet.task)
        schema = _require_table(at, field)
        if not at.can_act:
            return frame.go("work.show", task_id=task_id)
        found = sheets.read(at.sheet.form, field, content) if content else sheets.Imported([])
        columns = columns_of(schema)
        return frame.page(
            "work/sheet.html",
            422 if found.problems or (request.method == "POST" and not content) else 200,
            here="tasks",
            at=at,
            task=at.detail,
            field=field,
            label=titled(schema),
            heads=[titled(column) for column in columns.values()],
            rows=[[said(column, row.get(key)) for key, column in columns.items()] for row in found.rows[:SHOWN_ROWS]],
            count=len(found.rows),
            problems=found.problems[:SHOWN_PROBLEMS],
            problem_count=len(found.problems),
            notes=found.notes,
            chosen=bool(content),
            missing=request.method == "POST" and not content,
            present=len(at.answers.get(field) or []),
            content=dump_json(found.rows),
            back=at.address(field),
        )


def _replace(task_id: str, field: str) -> BaseResponse:
    rows = reading.parse(request.form["rows"].encode())
    if not isinstance(rows, list):
        raise RequestInvalid(_("要导入的内容已损坏，请重新上传表格"), 422)
    with frame.writing() as session:
        at = at_hand(session, guard.actor(), task_id)
        _require_table(at, field)
        if request.form.get("_version") != str(at.version):
            frame.say(_("草稿刚有改动，表格没有导入，请重新导入。"))
        else:
            answers: dict[str, Any] = {**at.answers, field: rows}
            tasks.save_draft(session, guard.actor(), task_id, answers, at.version)
            frame.say(_("已导入 %(count)s 行。", count=len(rows)))
        section = at.layout.section_of(field)
        if at.layout.has_sections:
            return frame.go("work.part", task_id=task_id, section_id=section, checked=1, _anchor=f"f-{field}")
    return frame.go("work.show", task_id=task_id, checked=1, _anchor=f"f-{field}")


def _require_table(at: AtHand, field: str) -> Any:
    if field not in at.layout.fields or shape(at.layout.fields[field]) != "table":
        raise NotFound(_("本表没有这张表格"))
    return at.layout.fields[field]
