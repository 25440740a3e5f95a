"""The pages: drawn on the server, one module a room; without scripts everything works but the diagram."""

from flask import Flask

from web import assets as built
from web import wording
from web.pages import (
    assets,
    calendar,
    cases,
    cultivation,
    desk,
    figures,
    frame,
    inbox,
    incidents,
    letters,
    lives,
    mailbox,
    objection_desk,
    objections,
    office,
    own,
    own_letters,
    panels,
    pool,
    record,
    register,
    rehearsals,
    reports,
    rounds,
    rules,
    site,
    typical_cases,
    visits,
    waits,
    work,
    workshop,
    year,
)


def install(app: Flask) -> None:
    """All pages, and what their templates may say."""
    wording.install(app)
    built.install(app)
    frame.install(app)
    for room in (
        desk,
        site,
        objections,
        objection_desk,
        register,
        typical_cases,
        inbox,
        work,
        cases,
        incidents,
        rounds,
        rules,
        visits,
        waits,
        year,
        rehearsals,
        lives,
        figures,
        reports,
        cultivation,
        calendar,
        pool,
        panels,
        office,
        record,
        own,
        own_letters,
        mailbox,
        letters,
        workshop,
        assets,
    ):
        app.register_blueprint(room.routes)
