"""The API, a file a noun of the office."""

from flask import Flask

from web import openapi
from web.api import (
    cases,
    clusters,
    dossiers,
    files,
    health,
    incidents,
    objections,
    openings,
    panels,
    pool,
    public,
    rounds,
    sessions,
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
        openings,
        rounds,
        clusters,
        pool,
        panels,
        objections,
        visits,
        files,
        public,
        sessions,
        health,
        openapi,
    ):
        app.register_blueprint(noun.routes, url_prefix=openapi.PREFIX)
    app.register_blueprint(health.routes, name="health_at_root")
