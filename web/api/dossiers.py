"""卷宗."""

from tempfile import TemporaryFile

from flask import Blueprint, Response, request, send_file
from sqlalchemy.orm import Session

from engine import dossier
from engine.access import Actor
from notifications import wording
from web import context
from web.guard import guard
from web.operations import operation

routes = Blueprint("dossiers", __name__)


@routes.get("/cases/<number:case_id>/dossier")
@guard("dossier.read")
@operation(problems={404, 409}, media_types=("application/zip",))
def download_dossier(session: Session, actor: Actor, case_id: int) -> Response:
    """下载办件的卷宗

    一个 ZIP 文件，再次下载逐字节相同；内有 index.html 供阅读，manifest.json 列出各文件的 SHA-256 散列值。
    """
    return sent(session, actor, case_id)


def sent(session: Session, actor: Actor, case_id: int) -> Response:
    """The archive, written to a file that is gone when it has been sent; the record says first who takes it."""
    out = TemporaryFile()  # noqa: SIM115  # the server closes it behind the last byte
    try:
        made = dossier.of_case(session, actor, case_id, wording.read)
        dossier.written(made, out)
        if request.method == "GET":  # and not HEAD, which takes nothing
            with context.current().database.write() as recording:
                dossier.note_taken(recording, actor.name, made, out)
        out.seek(0)
        answer = send_file(out, mimetype="application/zip", as_attachment=True, download_name=f"dossier-{case_id}.zip")
    except BaseException:
        out.close()
        raise
    answer.headers["Cache-Control"] = "no-store"
    return answer
