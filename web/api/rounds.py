"""批次."""

from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import conditions, late_filings, queries, recommendations, rounds, standings
from engine.access import Actor
from engine.models import Round
from web.api import moments, paging
from web.given import LateFilingGiven, Paged, RoundGiven
from web.guard import guard
from web.operations import operation
from web.told_rounds import LateFilingList, RoundDetail, RoundPage, RoundRow, StandingList

routes = Blueprint("rounds", __name__)


@routes.get("/rounds")
@guard("round.list")
@operation()
def list_rounds(session: Session, actor: Actor, query: Paged) -> RoundPage:
    """批次列表

    新的在前；拟稿中的只有本局可见。
    """
    (after,) = paging.marked(query.after, paging.number) or (None,)
    rows = queries.list_rounds(session, actor, limit=query.limit + 1, after=after)
    return RoundPage.model_validate(paging.page(rows, query, lambda row: [row["id"]]))


@routes.get("/rounds/<number:round_id>")
@guard("round.read")
@operation(problems={404})
def show_round(session: Session, actor: Actor, round_id: int) -> RoundDetail:
    """批次详情"""
    found = queries.round_detail(session, actor, round_id)
    source, asked = conditions.of_round(session, found["case_id"])
    terms = recommendations.of_round(session, session.get_one(Round, round_id))
    told = {"source": source, "conditions": asked, "recommendations": terms}
    return RoundDetail.model_validate({**found, **told})


@routes.get("/rounds/<number:round_id>/cases")
@guard("round.read")
@operation(problems={404})
def round_cases(session: Session, actor: Actor, round_id: int) -> StandingList:
    """批次的办件

    每个办件所在环节、等待谁办理、期限；本局人员另见排名、抽查结果和异议。
    """
    rows = standings.chosen(standings.of_round(session, actor, round_id), standings.Filters())
    return StandingList.model_validate({"items": [_standing(row) for row in rows]})


@routes.get("/rounds/<number:round_id>/late-filings")
@guard("round.read")
@operation(problems={404})
def late_filings_of(session: Session, actor: Actor, round_id: int) -> LateFilingList:
    """逾期受理

    本局人员可见全部，申报单位可见本单位的。
    """
    return LateFilingList.model_validate({"items": late_filings.listed(session, actor, round_id)})


@routes.post("/rounds/<number:round_id>/late-filings")
@guard("round.extend")
@operation(problems={404, 409})
def grant_late_filing(session: Session, actor: Actor, round_id: int, body: LateFilingGiven) -> LateFilingList:
    """同意逾期受理

    所列单位在补报期限内可以发起和提交申报；再次同意的，以后一次的期限为准。返回本批次全部逾期受理。
    """
    until = moments.read("until", body.until)
    late_filings.grant(session, actor, round_id, body.organisation_code, until=until, reason=body.reason)
    return LateFilingList.model_validate({"items": late_filings.listed(session, actor, round_id)})


@routes.post("/rounds")
@guard("round.open")
@operation(status=201, problems={404, 409}, location="/api/v1/rounds/{id}")
def open_round(session: Session, actor: Actor, body: RoundGiven) -> RoundRow:
    """开启批次

    批次自拟稿开始；申报通知是其流程的第一个待办。
    """
    opened = rounds.open_round(session, actor, body.regime, body.year, body.title, again=body.again)
    return RoundRow.model_validate(opened)


def _standing(row: standings.Row) -> dict[str, Any]:
    """A row with its result's numbers as exact text."""
    result = row["result"]
    if result is None:
        return dict(row)
    told = {
        "rank": result.rank,
        "mean": None if result.mean is None else str(result.mean),
        "scores": [str(score) for score in result.scores],
        "recommended": result.recommended,
        "automatic": result.automatic,
        "inspected": result.inspected,
        "objections": result.objections,
        "undecided": result.undecided,
    }
    return {**row, "result": told}
