"""One round: its dates and notices, where its cases stand, how they rank, what holds them up; the same as a table."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from engine import (
    access,
    bulk,
    bulletin,
    clock,
    conditions,
    deployments,
    filing,
    late_filings,
    overview,
    papers,
    progress,
    queries,
    recommendations,
    rounds,
)
from engine import standings as standing
from engine.access import Actor
from engine.models import Case, Round
from engine.standings import DUES, SORTS, Filters
from web import guard, tables
from web.guard import guard as guarded
from web.pages import frame
from web.pages.cases.lists import as_cells, columns
from web.pages.rounds import lists
from web.pages.rounds.lists import routes
from web.wording import _

WORDS = 100  # characters of a keyword


@routes.get("/rounds/<number:round_id>")
@guarded("round.read")
def show(round_id: int) -> Response:
    """One round. What is asked of its cases stands in the address, so that it can be kept and sent."""
    actor, filters = guard.actor(), filters_of(request.args.to_dict())
    with frame.reading() as session:
        round_ = queries.round_detail(session, actor, round_id)
        rows = standing.of_round(session, actor, round_id)
        notices = overview.round_notices(session, round_id)
        own = _own_case(session, actor, round_["case_id"])
        granted = late_filings.listed(session, actor, round_id)
        source, asked = conditions.of_round(session, round_["case_id"])
        until = filing.exceptions(session, [round_id], access.offices(actor, access.APPLICANTS))
        shown = standing.chosen(rows, filters)
        rules = deployments.deployed(session, session.get_one(Case, round_["case_id"]).deployment_id)
        return frame.page(
            "rounds/show.html",
            here="rounds",
            round=round_,
            regime=lists.regime_titles(session, [round_])[round_["regime"]],
            papers=own is None and papers.asked(rules),  # the bureau sends nothing on
            samples=rules.regime.inspection is not None,
            state=lists.states()[round_["state"]],
            ahead=lists.ahead(round_),
            filters=filters,
            filtered=filters != Filters(sort=filters.sort),
            rows=shown,
            total=len(rows),
            stages=standing.by_stage(rows),
            counties=standing.by_county(rows),
            sorts=_sorts(ranked=own is not None),
            address=lambda **other: address(round_id, filters, **other),
            notices=notices,
            kinds=bulletin.NOTICE_KINDS,
            publicity=_publicity(notices),
            own=own,
            stops=progress.of_case(session, actor, own.id).stops if own else (),
            mine=overview.tasks_of(session, actor, own.id) if own else (),
            applies=lists.may_apply(actor) and lists.applies(round_, max(until.values(), default=None)),
            granted=granted,
            may_extend=round_["bureau_code"] in access.offices(actor, {"bureau_officer"}),
            source=source,
            conditions=asked,
            terms=recommendations.of_round(session, session.get_one(Round, round_id)),
            deeds=_deeds(actor, own),
            colleagues=bulk.colleagues(session, actor) if rows else [],
            bureau=own is not None,
            findings=findings(),
        )


@routes.get("/rounds/<number:round_id>.csv")
@guarded("round.read")
def export(round_id: int) -> Response:
    """The cases that the filters let through, as a table."""
    actor, filters = guard.actor(), filters_of(request.args.to_dict())
    with frame.reading() as session:
        found = rounds.find(session, actor, round_id)
        rows = standing.chosen(standing.of_round(session, actor, round_id), filters)
        ours = access.of_bureau(actor, found.bureau_code)
        more = {"county": _("县（市、区）"), "left": _("剩余时间")}
        results = {"rank": _("排名"), "mean": _("平均分"), "inspected": _("实地抽查"), "objections": _("异议")}
        cells = [_cells(row) for row in rows]
        return tables.answer(found.title, columns() | more | (results if ours else {}), cells)


def filters_of(given: dict[str, str]) -> Filters:
    """What the address asks for; what cannot be read is not asked."""
    sort, due = given.get("sort", ""), given.get("due", "")
    return Filters(
        stage=given.get("stage", "")[:WORDS],
        division=given.get("county", "")[:WORDS],
        due=due if due in DUES else "",
        words=given.get("q", "").strip()[:WORDS],
        sort=sort if sort in SORTS else SORTS[0],
    )


def address(round_id: int, filters: Filters, **other: str) -> str:
    """The round's page with these filters, some of them otherwise."""
    kept = {
        "stage": filters.stage,
        "county": filters.division,
        "due": filters.due,
        "q": filters.words,
        "sort": filters.sort if filters.sort != SORTS[0] else "",
    }
    asked = {name: value for name, value in {**kept, **other}.items() if value}
    ending = asked.pop("as", "")
    here = url_for("round_pages.export" if ending else "round_pages.show", round_id=round_id)
    return here + (f"?{urlencode(asked)}" if asked else "")


def findings() -> dict[str, tuple[str, str]]:
    """What an inspection found: in words, and how loud."""
    return {
        "conforms": (_("相符"), "fine"),
        "does_not_conform": (_("不符"), "late"),
        "falsehood": (_("发现虚假"), "late"),
    }


def _cells(row: standing.Row) -> dict[str, Any]:
    result = row["result"]
    left = frame.remaining(row["due_at"]).text if row["due_at"] else ""
    found = {"county": row["county"], "left": left}
    if result:
        inspected = findings().get(result.inspected or "", ("", ""))[0]
        found |= {"rank": result.rank, "mean": result.mean, "inspected": inspected, "objections": result.objections}
    return {**as_cells(row), **found}


def _sorts(*, ranked: bool) -> dict[str, str]:
    names = {"stage": _("按环节"), "rank": _("按评审排名"), "due": _("按期限"), "county": _("按县（市、区）")}
    return {sort: names[sort] for sort in SORTS if ranked or sort != "rank"}


def _deeds(actor: Actor, own: Case | None) -> dict[str, str]:
    """What may be done to several cases at once: urging is the bureau's."""
    allowed = {"claim": "task.claim", "urge": "task.urge", "assign": "task.assign"}
    return {
        deed: _(title)
        for deed, title in bulk.DEEDS.items()
        if access.may(actor, allowed[deed]) and (deed != "urge" or own is not None)
    }


def _publicity(notices: list[overview.Row]) -> dict[str, Any] | None:
    """The latest publicity period: its days, and how many of them have come."""
    notice = next((each for each in reversed(notices) if each["kind"] == "publicity" and each["last_day"]), None)
    if notice is None:
        return None
    counted = [str(day) for day in notice["basis"].get("counted", ())]
    today = clock.today()
    return {
        **notice,
        "running": notice["first_day"] <= today <= notice["last_day"],
        "days": len(counted),
        "come": sum(1 for day in counted if day <= today.isoformat()),
        "counted": counted,
    }


def _own_case(session: Session, actor: Actor, case_id: int | None) -> Case | None:
    """The round's own run, for those who may read it."""
    case = session.get(Case, case_id) if case_id else None
    return case if case and access.may(actor, "case.read", case) else None
