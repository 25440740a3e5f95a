"""异常."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import queries, repairs
from engine.access import Actor
from web.api import paging
from web.given import CancelGiven, Paged, RepairGiven
from web.guard import guard
from web.operations import operation
from web.told import CaseStanding, IncidentPage

routes = Blueprint("incidents", __name__)


@routes.get("/incidents")
@guard("incident.list")
@operation()
def list_incidents(session: Session, actor: Actor, query: Paged) -> IncidentPage:
    """待处理的异常

    限于本局的办件，先发生的在前。
    """
    (after,) = paging.marked(query.after, paging.number) or (0,)
    rows = queries.incidents(session, actor, limit=query.limit + 1, after=after)
    return IncidentPage.model_validate(paging.page(rows, query, lambda row: [row["id"]]))


@routes.post("/cases/<number:case_id>/incident/retry")
@guard("incident.handle")
@operation(problems={404, 409})
def retry_case(session: Session, actor: Actor, case_id: int) -> CaseStanding:
    """重试

    办件照原样继续；未成的一步由原办理人或调度再办一次。
    """
    return CaseStanding.model_validate(repairs.retry(session, actor, case_id))


@routes.post("/cases/<number:case_id>/incident/repair")
@guard("incident.handle")
@operation(problems={404, 409})
def repair_case(session: Session, actor: Actor, case_id: int, body: RepairGiven) -> CaseStanding:
    """更正流程变量

    更正之后办件继续。变量和理由记入办理记录。
    """
    return CaseStanding.model_validate(repairs.repair(session, actor, case_id, body.variables, body.reason))


@routes.post("/cases/<number:case_id>/incident/cancel")
@guard("incident.handle")
@operation(problems={404, 409})
def cancel_case(session: Session, actor: Actor, case_id: int, body: CancelGiven) -> CaseStanding:
    """撤销办件

    办件就此结束，没有结果；未办结的待办一并失效。
    """
    return CaseStanding.model_validate(repairs.cancel(session, actor, case_id, body.reason))
