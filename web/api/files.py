"""文件."""

from pathlib import Path

from flask import Blueprint, Response, request, send_file
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from engine import files, uploads
from engine.access import Actor
from engine.models import StoredFile
from web import context, guard, operations
from web.errors import RequestInvalid
from web.guard import guard as guarded
from web.operations import Operation, operation
from web.told_files import FileInfo

routes = Blueprint("files", __name__)

_UPLOAD = Operation(
    answer=FileInfo,
    status=201,
    problems=frozenset({409, 413, 415}),
    location="/api/v1/files/{id}",
    multipart={"file": f"文件：{' '.join(uploads.MEDIA_TYPES)}"},
)


@routes.post("/files")
@guarded("file.upload")
@operations.documented(_UPLOAD)
def upload_file() -> Response:
    """上传文件

    上传后尚不属于任何办件，只有本人可见；提交的表单写明其编号后，成为该办件的文件。
    """
    here, actor = context.current(), guard.actor()
    if request.mimetype != "multipart/form-data":
        raise RequestInvalid("请以 multipart/form-data 上传，字段名为 file", 415)
    given = request.files.getlist("file")
    if len(given) != 1 or len(list(request.files.items(multi=True))) != 1 or request.form:
        problem = {"field": "file", "code": "missing", "message": "应有且只有一个名为 file 的文件"}
        raise RequestInvalid("请求内容不符合要求，请按提示修改", 422, [problem])
    # The bytes are safe on disk before the transaction begins: nobody waits for somebody's slow line.
    received = receive(here, given[0])

    def add(session: Session) -> FileInfo:
        return FileInfo.model_validate(files.add(session, actor, received))

    return operations.carry_out(_UPLOAD, add, received.name, received.sha256)


@routes.get("/files/<file_id>")
@guarded("file.read")
@operation(problems={404}, media_types=tuple(uploads.MEDIA_TYPES.values()))
def download_file(session: Session, actor: Actor, file_id: str) -> Response:
    """下载文件"""
    return sent(context.current(), files.find(session, actor, file_id))


def sent(here: context.Context, stored: StoredFile) -> Response:
    """A file's bytes, for who may have them."""
    answer = send_file(
        files.path(folder(here), stored.sha256).resolve(),
        mimetype=stored.media_type,
        as_attachment=True,
        download_name=stored.name,
        etag=stored.sha256,
        conditional=True,
    )
    # Whatever a file pretends to be, it runs nowhere.
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


def receive(here: context.Context, given: FileStorage) -> files.Received:
    """Take an upload's bytes as the installation is set. Raises FileRefused, FileTooLarge, ScanFailed."""
    chosen = here.settings
    return files.receive(
        folder(here), given.stream, given.filename or "", megabytes=chosen.file_megabytes, scanner=chosen.scanner
    )


def folder(here: context.Context) -> Path:
    """Where uploads lie in the data folder."""
    return here.settings.data / "files"
