"""One draft: what it changes, who saved what, what the check finds, and the next step."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from config.errors import JiqunError
from engine import access, accounts, bundle, deployments
from engine.columns import dump_json
from engine.forms import Problem
from engine.models import BundleDraft, DraftFile
from engine.scripts import sources
from engine.workshop import approval, changes, drafts, findings, foreign, updating
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop import foreseen, opened
from web.pages.workshop.cases import VERDICTS
from web.pages.workshop.opened import routes
from web.wording import N_, _

MOST_TOLD = 60  # changes and findings on the draft's own page; all changes have one of their own
UNDER_WAY = (drafts.OPEN, drafts.SUBMITTED)
DEEDS = {changes.ADDED: N_("新增"), changes.REMOVED: N_("删去"), changes.CHANGED: N_("修改")}


@routes.get("/workshop/drafts/<number:draft_id>")
@guarded("draft.read")
def show(draft_id: int) -> Response:
    """The draft with what is left to do."""
    return page(draft_id)


@routes.get("/workshop/drafts/<number:draft_id>/findings")
@guarded("draft.read")
def read_findings(draft_id: int) -> Response:
    """The whole check as it stands, for the editors' pages."""
    with frame.reading() as session:
        files = drafts.files(session, opened.draft(session, draft_id))
    told = [findings.told(finding) for finding in findings.of(files)]
    return Response(dump_json(told), mimetype="application/json", headers={"Cache-Control": "no-store"})


def page(draft_id: int, problems: Sequence[Problem] = (), status: int = 422) -> Response:
    """The draft's page, with what was wrong with a deed."""
    with frame.reading() as session:
        draft = opened.draft(session, draft_id)
        files, base = drafts.files(session, draft), drafts.base(session, draft)
        told = changes.between(base, files)
        found = findings.of(files) if draft.state in UNDER_WAY else ()
        errors = [each for each in found if each.severity == "error"]
        state, level = opened.STATES[draft.state]
        return frame.page(
            "workshop/draft.html",
            status if problems else 200,
            here="workshop",
            draft=draft,
            regime=opened.title_of(session, draft),
            based_on=deployments.number(session, draft.based_on),
            became=deployments.number(session, draft.deployment_id) if draft.deployment_id else None,
            outdated=drafts.outdated(session, draft) if draft.state in UNDER_WAY else None,
            conflicts=[_both(each, base) for each in updating.conflicts(session, draft)] if _open(draft) else [],
            state=_(state),
            level=level,
            groups=changes.groups(told[:MOST_TOLD]),
            changed=len(told),
            more=max(0, len(told) - MOST_TOLD),
            sentence=changes.told,
            deeds=DEEDS,
            saved=_saved(session, draft, base),
            errors=[findings.told(each) for each in errors[:MOST_TOLD]],
            warnings=[findings.told(each) for each in found if each.severity == "warning"][:MOST_TOLD],
            foreign=foreign.in_files({name: content for name, content in files.items() if base.get(name) != content}),
            seen=bundle.content_hash(files),
            people=_people(session, draft),
            case_verdicts=VERDICTS,
            scripts=_scripts(files, base) if draft.state in UNDER_WAY else [],
            basis=foreseen.basis(session, draft, files) if draft.state in UNDER_WAY and told else None,
            **_may(draft),
            problems=[{"href": f"#{each.field}" if each.field else "", "message": each.message} for each in problems],
            wrong={each.field: each.message for each in problems},
            given=request.form,
        )


def _scripts(files: bundle.Files, base: bundle.Files) -> list[sources.Change]:
    try:
        return sources.changed(files, base)
    except JiqunError:  # a diagram that cannot be read has its findings
        return []


def _open(draft: BundleDraft) -> bool:
    return draft.state == drafts.OPEN


def _may(draft: BundleDraft) -> dict[str, bool]:
    actor = guard.actor()
    edits, waits = access.may(actor, "draft.edit", draft), draft.state == drafts.SUBMITTED
    return {
        "editable": _open(draft) and edits,
        "withdrawable": waits and edits,
        "decidable": waits and access.may(actor, "draft.decide", draft),
        "barred": waits and approval.barred(actor, draft),
    }


def _people(session: Session, draft: BundleDraft) -> Mapping[str, str]:
    names = {*draft.hands, draft.opened_by, draft.submitted_by or "", draft.decided_by or ""} - {""}
    return {name: accounts.called(session, name) for name in sorted(names)}


def _saved(session: Session, draft: BundleDraft, base: bundle.Files) -> list[dict[str, Any]]:
    return [
        {
            "path": row.path,
            "href": url_for("workshop.read", draft_id=draft.id, path=row.path) if row.content is not None else "",
            "deed": _(
                N_("删去") if row.content is None else DEEDS[changes.CHANGED if row.path in base else changes.ADDED]
            ),
            "by": accounts.called(session, row.saved_by),
            "at": row.saved_at,
        }
        for row in drafts.rows(session, draft)
        if row.content != base.get(row.path)
    ]


def _deed(row: DraftFile, base: bundle.Files) -> str:
    if row.content is None:
        return changes.REMOVED
    return changes.CHANGED if row.path in base else changes.ADDED


def _both(both: updating.Both, base: bundle.Files) -> dict[str, Any]:
    """What each side did to a file since the version that the draft is based on, in words."""
    before = {both.path: base[both.path]} if both.path in base else {}
    sides = {
        name: [changes.told(each) for each in changes.between(before, {} if content is None else {both.path: content})]
        for name, content in ((updating.OWN, both.own), (updating.IN_FORCE, both.in_force))
    }
    return {"path": both.path, **sides}
