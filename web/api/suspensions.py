"""中止."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import suspensions
from engine.access import Actor
from web.api import paging
from web.given import Paged
from web.given_operations import ResumptionGiven, SuspensionGiven
from web.guard import guard
from web.operations import operation
from web.told_operations import SuspendedPage, SuspensionTold

routes = Blueprint("suspensions", __name__)


@routes.get("/suspensions")
@guard("suspension.list")
@operation()
def list_suspensions(session: Session, actor: Actor, query: Paged) -> SuspendedPage:
    """中止办理的办件

    先中止的在前。
    """
    (after,) = paging.marked(query.after, paging.number) or (0,)
    rows = suspensions.listed(session, actor, limit=query.limit + 1, after=after)
    return SuspendedPage.model_validate(paging.page(rows, query, lambda row: [row["id"]]))


@routes.post("/cases/<number:case_id>/suspension")
@guard("case.suspend")
@operation(problems={404, 409})
def suspend_case(session: Session, actor: Actor, case_id: int, body: SuspensionGiven) -> SuspensionTold:
    """中止办理

    各环节的办理期限停止计算，不发提醒，不办结任何环节；法定日期、批次的截止时间和公示期不变。
    """
    made = suspensions.suspend(session, actor, case_id, ground=body.ground, reason=body.reason, clause=body.clause)
    return SuspensionTold.model_validate(made)


@routes.post("/cases/<number:case_id>/resumption")
@guard("case.suspend")
@operation(problems={404, 409})
def resume_case(session: Session, actor: Actor, case_id: int, body: ResumptionGiven) -> SuspensionTold:
    """恢复办理

    各环节的办理期限按中止的工作日数顺延，原期限和新期限记入办理记录。
    """
    return SuspensionTold.model_validate(suspensions.resume(session, actor, case_id, body.note))
