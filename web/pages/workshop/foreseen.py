"""What a draft would mean for the cases that run, and what stands before who is to approve it."""

from typing import Any

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from engine import bundle
from engine.bundle import Files
from engine.models import BundleDraft
from engine.moves import listing
from engine.workshop import checks, drafts
from web import context, guard
from web.guard import guard as guarded
from web.pages import frame, rehearsals
from web.pages.workshop import opened
from web.pages.workshop.cases import ON_PAGE, VERDICTS, told
from web.pages.workshop.opened import routes
from web.rehearsal import runs

GLANCE_SECONDS = 0.3  # in which the draft's own page judges what it can; the page of the cases goes on


@routes.get("/workshop/drafts/<number:draft_id>/cases")
@guarded("draft.read")
def cases_of_draft(draft_id: int) -> Response:
    """Every running case of the regime, with its verdict for the draft as it is."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        found = listing.open_cases(session, guard.actor(), draft.regime)
        rows = listing.foreseen(session, found, drafts.files(session, draft))
        after = request.args.get("after", 0, type=int)
        shown = [row for row in rows if row.case.id > after]
        here: dict[str, Any] = {"draft_id": draft_id}
        more = (
            url_for("workshop.cases_of_draft", after=shown[ON_PAGE - 1].case.id, **here)
            if len(shown) > ON_PAGE
            else None
        )
        return frame.page(
            "workshop/foreseen.html",
            here="workshop",
            draft=draft,
            regime=opened.title_of(session, draft),
            rows=[told(session, row) for row in shown[:ON_PAGE]],
            counted=listing.counted(rows),
            verdicts=VERDICTS,
            next_href=more,
            first_href=url_for("workshop.cases_of_draft", **here) if after else None,
        )


def basis(session: Session, draft: BundleDraft, files: Files) -> dict[str, Any]:
    """What the check, the coming year and the verdicts say of a draft that is under way, for a look."""
    row, year = checks.kept(session, draft), runs.of_draft(context.current().settings.data, draft.id)
    found = listing.open_cases(session, guard.actor(), draft.regime)
    return {
        "check": row,
        "check_current": bool(row and checks.is_current(row, files)),
        "year": rehearsals.told(year) if year else None,
        "year_current": bool(year and year.files == bundle.content_hash(files)),
        "verdicts": listing.counted(listing.foreseen(session, found, files, seconds=GLANCE_SECONDS)),
        "cases": len(found),
    }
