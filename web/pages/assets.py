"""The way to styles, scripts and pictures: only what the build names leaves, compressed where a browser reads that."""

from flask import Blueprint, Response, request, send_from_directory

from engine.errors import NotFound
from web import assets
from web.guard import guard
from web.wording import _

routes = Blueprint("assets", __name__)

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
A_YEAR = 31_536_000  # seconds
AN_HOUR = 3600
CODINGS = {"br": ".br", "gzip": ".gz"}  # what a browser calls it → what the build calls it; the smaller one first


@routes.get("/static/<path:name>")
@guard("public.read")
def file(name: str) -> Response:
    """A file of the build. One that is named by its content never changes, so the browser need not ask again."""
    wanted = next((known for known, file in assets.files().items() if file == name), None)
    if wanted is None:
        raise NotFound(_("没有这个文件"))
    coding = next((coding for coding in CODINGS if request.accept_encodings.quality(coding) > 0), None)
    answer = send_from_directory(
        assets.FOLDER, name + CODINGS.get(coding or "", ""), mimetype=TYPES.get(f".{name.rpartition('.')[2]}")
    )
    answer.headers["Cache-Control"] = (
        f"public, max-age={AN_HOUR}" if wanted == name else f"public, max-age={A_YEAR}, immutable"
    )
    if coding:
        answer.headers["Content-Encoding"] = coding
    answer.vary.add("Accept-Encoding")
    return answer
