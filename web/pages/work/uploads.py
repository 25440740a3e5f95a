"""Files: sent for a field while the form is filled in, and fetched again."""

from flask import Response, jsonify, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import access, files, tasks
from engine.errors import AlreadyDone, NotFound
from web import context, guard
from web.api import files as api
from web.errors import RequestInvalid, as_page
from web.guard import guard as guarded
from web.pages import frame
from web.pages.work import saving
from web.pages.work.at_hand import at_hand, routes, taken
from web.wording import _


@routes.post("/tasks/<task_id>/files")
@guarded("task.draft")
def upload(task_id: str) -> BaseResponse:
    """Take one file for the field `field`: a script names it in the draft itself, a plain form finds it there."""
    actor = guard.actor()
    name = request.args.get("field") or request.form.get("field", "")
    with frame.reading() as session:
        at = at_hand(session, actor, task_id)
        access.require(actor, "task.draft", at.sheet.task)
        if name not in at.layout.file_fields:
            raise NotFound(_("本表没有这个上传栏目"))
        if at.sheet.task.state != "open":
            raise AlreadyDone(_("该待办已办结，不能再上传文件"), task=task_id)
    given = request.files.getlist("file")
    if len(given) != 1:
        raise RequestInvalid(_("应有且只有一个名为 file 的文件"), 422)
    received = api.receive(context.current(), given[0])  # the bytes are safe on disk before the transaction begins
    with frame.writing() as session:
        at = at_hand(session, actor, task_id)
        stored = files.add(session, actor, received, organisation_code=at.sheet.task.organisation_code)
        if as_page():
            answers = saving.with_file(at, at.answers, name, stored.id)
            tasks.save_draft(session, actor, task_id, answers, at.version)
            return _back(task_id, at.layout.section_of(name) if at.layout.has_sections else "", name)
        told = {"id": stored.id, "name": stored.name, "size": stored.size}
        told |= {"taken": taken(stored)} if name in at.layout.photo_fields else {}
        answer = jsonify(told | {"href": url_for("work.download", file_id=stored.id)})
    answer.status_code = 201
    return answer


@routes.get("/files/<file_id>")
@guarded("file.read")
def download(file_id: str) -> Response:
    """A file, to keep; it opens nowhere in this site."""
    return api.download_file(file_id=file_id)


def _back(task_id: str, section_id: str, name: str) -> BaseResponse:
    if section_id:
        return frame.go("work.part", task_id=task_id, section_id=section_id, _anchor=f"f-{name}")
    return frame.go("work.show", task_id=task_id, _anchor=f"f-{name}")
