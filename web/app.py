"""The web application: routes behind their guards, refusals as problem documents, careful headers."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask import Flask, Response, request
from werkzeug.routing import IntegerConverter

from config.settings import Settings
from engine import clock as clocks
from engine.db import Database
from engine.files import MEGABYTE
from engine.objections import MOST_FILES
from web import api, context, errors, guard, pages, policies, reading

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FORM_OVERHEAD = MEGABYTE  # a multipart body is a little larger than its file
A_YEAR = 31_536_000  # seconds


class Number(IntegerConverter):
    """A row's number in an address: none that the database could not hold."""

    def __init__(self, url_map: Any) -> None:
        super().__init__(url_map, max=2**31 - 1)


def create_app(settings: Settings, database: Database, clock: Callable[[], datetime] | None = None) -> Flask:
    """The application. `clock` replaces the engine's clock within each request, for tests and rehearsals.

    Raises guard.Unguarded if any view lacks a policy: better no server than an open door.
    """
    database.case_megabytes = settings.case_megabytes
    database.files = settings.data / "files"
    app = Flask("web", static_folder=None)
    app.config.update(
        FILES_MEGABYTES=_most(settings),
        MAX_CONTENT_LENGTH=_most(settings) * MEGABYTE + FORM_OVERHEAD,
        MAX_FORM_MEMORY_SIZE=MEGABYTE,
        MAX_FORM_PARTS=20,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    app.url_map.converters["number"] = Number
    context.install(app, settings, database)
    errors.install(app)
    app.before_request(reading.refuse_unstorable_address)
    app.before_request(pages.frame.begin)
    guard.install(app)
    api.install(app)
    pages.install(app)
    app.after_request(_with_headers)
    unguarded = guard.unguarded(app)
    if unguarded:
        raise guard.Unguarded(f"views without a policy: {', '.join(unguarded)}")
    if clock is not None:
        app.wsgi_app = _at(clock, app.wsgi_app)  # type: ignore[method-assign]  # the documented place for middleware
    return app


def _most(settings: Settings) -> int:
    """Megabytes of files that one request may bring: a large one, or as many as an objection may have."""
    return max(settings.file_megabytes, MOST_FILES * settings.objection_megabytes)


def _with_headers(answer: Response) -> Response:
    data = not (answer.mimetype or "").startswith("text/html")
    answer.headers.setdefault("Content-Security-Policy", policies.DATA if data else policies.PAGE)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        answer.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        answer.headers["Strict-Transport-Security"] = f"max-age={A_YEAR}"
    return answer


def _at(clock: Callable[[], datetime], inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with clocks.replaced_by(clock):
            return inner(environ, start_response)

    return serve
