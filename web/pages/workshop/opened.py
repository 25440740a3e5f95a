"""The draft that a page of the workshop is about, through its policy; and the routes that all these pages share."""

from flask import Blueprint, url_for
from sqlalchemy.orm import Session

from config import regime as regime_files
from config.errors import RegimeInvalid
from engine import deployments
from engine.bundle import Files
from engine.models import BundleDraft
from engine.workshop import changes, drafts
from web import guard
from web.wording import N_

routes = Blueprint("workshop", __name__)

STATES = {
    drafts.OPEN: (N_("编辑中"), "soon"),
    drafts.SUBMITTED: (N_("待审核"), "fine"),
    drafts.DEPLOYED: (N_("已部署"), "done"),
    drafts.DISCARDED: (N_("已作废"), "quiet"),
}


def draft(session: Session, draft_id: int, action: str = "draft.read") -> BundleDraft:
    """The draft, if who is asking may do `action` to it. Raises NotFound, Forbidden."""
    return drafts.find(session, guard.actor(), draft_id, action)


def title_of(session: Session, draft: BundleDraft) -> str:
    """What the regime of the draft is called, as it is in force where the draft begins."""
    return deployments.deployed(session, draft.based_on).regime.title


def address(draft: BundleDraft) -> str:
    """The page of the draft."""
    return url_for("workshop.show", draft_id=draft.id)


def title(files: Files, regime: str) -> str:
    """What a regime is called in its own file; its id where that cannot be read."""
    try:
        return regime_files.load(files["regime.toml"]).title
    except (RegimeInvalid, KeyError):
        return regime


def called(files: Files, name: str) -> str:
    """What people call a file of a bundle."""
    return changes.Side(files).called(name)
