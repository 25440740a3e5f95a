"""办件."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import cases, queries
from engine.access import Actor
from web.api import paging
from web.given import CaseGiven, Paged
from web.guard import guard
from web.operations import operation
from web.told import CaseDetail, CaseState, HistoryPage

routes = Blueprint("cases", __name__)


@routes.post("/cases")
@guard("case.open")
@operation(status=201, problems={404, 409}, location="/api/v1/cases/{id}")
def open_case(session: Session, actor: Actor, body: CaseGiven) -> CaseState:
    """发起办件

    `data` 填写流程起始事件的表单。
    """
    return CaseState.model_validate(cases.open_case(session, actor, body.regime, body.process, body.data))


@routes.get("/cases/<number:case_id>")
@guard("case.read")
@operation(problems={404})
def show_case(session: Session, actor: Actor, case_id: int) -> CaseDetail:
    """办件详情"""
    return CaseDetail.model_validate(queries.case_detail(session, actor, case_id))


@routes.get("/cases/<number:case_id>/history")
@guard("case.read")
@operation(problems={404})
def case_history(session: Session, actor: Actor, case_id: int, query: Paged) -> HistoryPage:
    """办理记录

    先发生的在前。
    """
    (after,) = paging.marked(query.after, paging.number) or (0,)
    rows = queries.history(session, actor, case_id, limit=query.limit + 1, after=after)
    return HistoryPage.model_validate(paging.page(rows, query, lambda row: [row["seq"]]))
