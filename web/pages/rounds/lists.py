"""The rounds that the reader may see: a page of them, with those that take applications now."""

from collections.abc import Iterable
from datetime import datetime

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session

from engine import access, clock, deployments, filing, overview, queries
from engine.access import Actor
from web import guard
from web.api import paging
from web.given import Paged
from web.guard import guard as guarded
from web.pages import frame
from web.wording import _

routes = Blueprint("round_pages", __name__)

PAGE = 50  # rounds


@routes.get("/rounds")
@guarded("round.list")
def list_() -> Response:
    """The rounds that the reader may see, newest first."""
    actor = guard.actor()
    paged = Paged(limit=PAGE, after=request.args.get("after") or None)
    (after,) = paging.marked(paged.after, paging.number) or (None,)
    with frame.reading() as session:
        found = queries.list_rounds(session, actor, limit=PAGE + 1, after=after)
        titles = regime_titles(session, found)
        opens = overview.regimes(session, actor)
        late = filing.exceptions(session, [row["id"] for row in found], access.offices(actor, access.APPLICANTS))
    shown = paging.page(found, paged, lambda row: [row["id"]])
    until = {round_id: end for (round_id, _office), end in sorted(late.items(), key=lambda item: item[1])}
    return frame.page(
        "rounds/list.html",
        here="rounds",
        rows=[
            {**row, "until": until.get(row["id"]), "applies": applies(row, until.get(row["id"]))}
            for row in shown["items"]
        ],
        next_href=shown["next"],
        first_href=url_for("round_pages.list_") if after else None,
        titles=titles,
        states=states(),
        may_open=bool(opens),
        may_apply=may_apply(actor),
    )


def may_apply(actor: Actor) -> bool:
    """Whether the reader's office is one that applies at all."""
    return access.may(actor, "case.open") and bool(actor.as_any_of(access.APPLICANTS))


def applies(row: queries.Row, until: datetime | None) -> bool:
    """Whether the round takes the reader's application now; `until` is the end of an exception for their office."""
    return filing.takes(row["state"], row["opens_at"], row["closes_at"], until)


def ahead(row: queries.Row) -> bool:
    """Whether the notice is out and applications are taken only later."""
    return row["state"] == "open" and row["opens_at"] is not None and row["opens_at"] > clock.now()


def regime_titles(session: Session, rows: Iterable[queries.Row]) -> dict[str, str]:
    """What clusters are called in the regimes of these rounds."""
    names = {row["regime"] for row in rows}
    return {name: deployments.deployed(session, deployments.current(session, name).id).regime.title for name in names}


def states() -> dict[str, str]:
    return {
        "draft": _("拟稿"),
        "open": _("申报中"),
        "closed": _("审核中"),
        "published": _("已办结"),
        "cancelled": _("已取消"),
    }


def _with_own(row: queries.Row, until: datetime | None) -> queries.Row:
    """A round with what it is to the reader's own office."""
    return {**row, "until": until, "applies": applies(row, until)}
