"""批次."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import queries, rounds
from engine.access import Actor
from web.api import paging
from web.given import Paged, RoundGiven
from web.guard import guard
from web.operations import operation
from web.told import RoundDetail, RoundPage, RoundRow

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
    return RoundDetail.model_validate(queries.round_detail(session, actor, round_id))


@routes.post("/rounds")
@guard("round.open")
@operation(status=201, problems={404, 409}, location="/api/v1/rounds/{id}")
def open_round(session: Session, actor: Actor, body: RoundGiven) -> RoundRow:
    """开启批次

    批次自拟稿开始；申报通知是其流程的第一个待办。
    """
    return RoundRow.model_validate(rounds.open_round(session, actor, body.regime, body.year, body.title))
