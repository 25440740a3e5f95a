"""The first page, and what it is drawn with."""

from flask import Blueprint, Response, render_template, send_from_directory

from web.guard import guard

routes = Blueprint("pages", __name__)


@routes.get("/")
@guard("public.read")
def index() -> str:
    """What this is, and where to go on."""
    return render_template("index.html")


@routes.get("/static/<path:name>")
@guard("public.read")
def static(name: str) -> Response:
    """A style sheet, a script, a picture: nothing that is anybody's."""
    return send_from_directory("static", name, max_age=3600)
