"""The API, a file a noun of the office."""

from flask import Flask

from web import openapi
from web.api import (
    calendar,
    cases,
    clusters,
    dossiers,
    files,
    health,
    incidents,
    messages,
    moves,
    objections,
    openings,
    panels,
    pool,
    public,
    rounds,
    sessions,
    suspensions,
    tasks,
    visits,
)


def install(app: Flask) -> None:
    """Add every route of the API. The two health checks also answer at the root, where monitors look."""
    for noun in (
        tasks,
        cases,
        dossiers,
        incidents,
        suspensions,
        moves,
        openings,
        rounds,
        clusters,
        pool,
        panels,
        objections,
        visits,
        calendar,
        files,
        public,
        messages,
        sessions,
        health,
        openapi,
    ):
        app.register_blueprint(noun.routes, url_prefix=openapi.PREFIX)
    app.register_blueprint(messages.calendar, url_prefix=openapi.PREFIX)
    app.register_blueprint(health.routes, name="health_at_root")
