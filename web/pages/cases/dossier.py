"""卷宗: what is kept of a case, as a list of contents and as one archive to take away."""

from itertools import groupby

from flask import Response

from engine import dossier
from notifications import wording
from web import guard
from web.api.dossiers import sent
from web.guard import guard as guarded
from web.pages import frame
from web.pages.cases.lists import routes
from web.wording import _


@routes.get("/cases/<number:case_id>/dossier")
@guarded("dossier.read")
def contents(case_id: int) -> Response:
    """The same contents as the archive's, with sizes and hashes."""
    with frame.reading() as session:
        made = dossier.of_case(session, guard.actor(), case_id, wording.read)
    groups = [
        (_(dossier.GROUPS[group]), list(listed)) for group, listed in groupby(made.parts, key=lambda part: part.group)
    ]
    size = sum(part.size for part in made.parts)
    return frame.page("cases/dossier.html", here="cases", dossier=made, groups=groups, size=size)


@routes.get("/cases/<number:case_id>/dossier.zip")
@guarded("dossier.read")
def archive(case_id: int) -> Response:
    """The archive."""
    with frame.reading() as session:
        return sent(session, guard.actor(), case_id)
