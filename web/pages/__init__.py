"""The pages: drawn on the server, one module a room; without scripts everything works but the diagram."""

from flask import Flask

from web import assets as built
from web import wording
from web.pages import assets, cases, desk, frame, inbox, office, own, record, rounds, site, work


def install(app: Flask) -> None:
    """All pages, and what their templates may say."""
    wording.install(app)
    built.install(app)
    frame.install(app)
    for room in (desk, site, inbox, work, cases, rounds, office, record, own, assets):
        app.register_blueprint(room.routes)
