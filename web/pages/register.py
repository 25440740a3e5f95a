"""名录: the public register, its entries, and how many each place has."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from engine import bulletin, register, showcase
from engine.register import STATES, Wanted
from web.api import paging
from web.api.public import listed, sheet
from web.guard import guard
from web.pages import frame, recognitions
from web.pages.recognitions import LEVELS
from web.pages.site import ON_PAGE, following, row_of
from web.wording import _

routes = Blueprint("register", __name__)

_ASKED = ("words", "division", "industry", "state")


@routes.get("/register")
@guard("public.read")
def list_() -> Response:
    """The register of recognised clusters; `format=csv` and `format=json` give all that is wanted as a file."""
    wanted, form = _wanted(), request.args.get("format")
    after = paging.marked(request.args.get("after"), str, str, paging.number)
    with frame.reading() as session:
        if form in ("csv", "json"):
            rows = register.entries(session, wanted)
            return sheet(rows) if form == "csv" else _json(rows)
        rows = register.entries(session, wanted, limit=ON_PAGE + 1, after=after)
        divisions, industries = register.divisions(session), register.industries(session)
        titles = {row["regime"]: register.regime_title(session, row["regime"]) for row in rows}
    kept = _kept(wanted)
    return frame.page(
        "site/register.html",
        here="register",
        clusters=[_shown(row, titles) for row in rows[:ON_PAGE]],
        asked=wanted,
        filtered=bool(kept),
        divisions=divisions,
        industries={name: name for name in industries},
        states={name: _(title) for name, title in STATES.items()},
        next_href=following(
            "register.list_", rows, lambda row: [row["regime"], row["organisation_code"], row["id"]], **kept
        ),
        first_href=url_for("register.list_", **kept) if after else None,
        csv_href=url_for("register.list_", format="csv", **kept),
        json_href=url_for("register.list_", format="json", **kept),
        places_href=url_for("register.places", **kept),
    )


@routes.get("/register/by-place")
@guard("public.read")
def places() -> Response:
    """How many clusters each place has: bars, and the same as a table."""
    wanted = _wanted()
    with frame.reading() as session:
        rows = register.by_place(session, wanted)
    return frame.page(
        "site/places.html",
        here="register",
        rows=rows,
        most=max((row["total"] for row in rows), default=0),
        total=sum(row["total"] for row in rows),
        conditions=_said(wanted),
        states={name: _(title) for name, title in STATES.items()},
        levels=LEVELS,
        kept={name: value for name, value in _kept(wanted).items() if name != "division"},
        back_href=url_for("register.list_", **_kept(wanted)),
    )


@routes.get("/register/<number:cluster_id>")
@guard("public.read")
def show(cluster_id: int) -> Response:
    """A recognised cluster: its validity, and the notices that named it with their documents."""
    with frame.reading() as session:
        found = register.entry(session, cluster_id)
        stories = [row for row in showcase.of_cluster(session, cluster_id) if not row["withdrawn_at"]]
        hung = {row["id"]: bulletin.files(session, row["files"]) for row in found["notices"]}
    return frame.page(
        "site/cluster.html",
        here="register",
        cluster=_shown(found, {found["regime"]: found["regime_title"]}),
        stories=stories,
        others=recognitions.shown(found["others"]),
        notices=[{**row_of(row), "files": hung[row["id"]]} for row in found["notices"]],
    )


def _wanted() -> Wanted:
    asked = {name: request.args.get(name, "").strip() for name in _ASKED}
    return Wanted(**{**asked, "state": asked["state"] if asked["state"] in STATES else ""})


def _kept(wanted: Wanted) -> dict[str, Any]:
    """What an address has to carry so that the next page wants the same."""
    return {name: getattr(wanted, name) for name in _ASKED if getattr(wanted, name)}


def _said(wanted: Wanted) -> list[str]:
    """The conditions in words."""
    state = _(STATES[wanted.state]) if wanted.state else ""
    return [part for part in (wanted.words, wanted.division, wanted.industry, state) if part]


def _shown(row: register.Row, titles: dict[str, str]) -> dict[str, Any]:
    state = row["state"]
    return {
        **row,
        "regime_title": titles[row["regime"]],
        "state_title": _(STATES.get(state, state)),
        "level": LEVELS.get(state, "quiet"),
    }


def _json(rows: list[register.Row]) -> Response:
    answer = Response(listed(rows).model_dump_json(), mimetype="application/json")
    answer.headers["Content-Disposition"] = "attachment; filename=clusters.json"
    return answer
