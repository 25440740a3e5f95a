"""The versions of a regime (版本): who deployed what when, with its files; any may come back as a draft."""

from flask import Response

from engine import access
from engine.workshop import drafts, versions
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import opened
from web.pages.workshop.deeds import packed
from web.pages.workshop.files import sent
from web.pages.workshop.opened import routes
from web.wording import N_

STATES = {
    "in_force": (N_("现行"), "done"),
    "planned": (N_("待生效"), "fine"),
    "replaced": (N_("已被替换"), "quiet"),
}


@routes.get("/workshop/<regime>/versions")
@guarded("version.read")
def versions_of(regime: str) -> Response:
    """All of them, the newest first."""
    with frame.reading() as session:
        listed = versions.list_(session, guard.actor(), regime)
        files = versions.files(session, guard.actor(), regime, listed[0].number)
        return frame.page(
            "workshop/versions.html",
            here="workshop",
            regime=regime,
            title=opened.title(files, regime),
            versions=listed,
            states=STATES,
        )


@routes.get("/workshop/<regime>/versions/<number:version>")
@guarded("version.read")
def version(regime: str, version: int) -> Response:
    """One version with its files."""
    with frame.reading() as session:
        found = versions.find(session, guard.actor(), regime, version)
        files = versions.files(session, guard.actor(), regime, version)
        return frame.page(
            "workshop/version.html",
            here="workshop",
            regime=regime,
            title=opened.title(files, regime),
            found=found,
            states=STATES,
            files=[(name, opened.called(files, name), len(content)) for name, content in sorted(files.items())],
            may_open=access.may(guard.actor(), "draft.open"),
            most_title=drafts.MAX_TITLE,
        )


@routes.get("/workshop/<regime>/versions/<number:version>.zip")
@guarded("version.read")
def version_archive(regime: str, version: int) -> Response:
    """Its files as one archive."""
    with frame.reading() as session:
        return packed(versions.files(session, guard.actor(), regime, version), f"{regime}-{version}.zip")


@routes.get("/workshop/<regime>/versions/<number:version>/files/<path:path>")
@guarded("version.read")
def version_file(regime: str, version: int, path: str) -> Response:
    """One file of it."""
    with frame.reading() as session:
        return sent(versions.files(session, guard.actor(), regime, version), path)
