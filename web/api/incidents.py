"""异常."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import deployments, queries, repairs, routing, skips
from engine.access import Actor
from web.api import paging
from web.given import CancelGiven, Paged, RepairGiven
from web.given_operations import SkipDecided, SkipGiven
from web.guard import guard
from web.operations import operation
from web.told import CaseStanding, IncidentPage
from web.told_operations import IncidentDetail, SkipTold

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


@routes.get("/cases/<number:case_id>/incident")
@guard("incident.read")
@operation(problems={404, 409})
def show_incident(session: Session, actor: Actor, case_id: int) -> IncidentDetail:
    """异常的详情

    发生了什么、停在哪一步、流程数据现在的值、各环节可以跳到哪里、有没有待确认的跳过申请。
    """
    case, workflow = repairs.looked_at(session, actor, case_id)
    deployed = deployments.deployed(session, case.deployment_id)
    incident = repairs.open_incident(session, case)
    names = {node.id: node.name for drawn in deployed.diagrams.values() for node in drawn.nodes.values()}
    told = {
        "case_id": case.id,
        "regime": case.regime,
        "process": case.process,
        "element": incident.element,
        "step": names.get(incident.element or "", ""),
        "code": incident.code,
        "message": incident.message,
        "happened_at": incident.happened_at,
        "data": routing.of(deployed, workflow.variables()) if workflow else [],
        "steps": skips.steps(session, case, workflow) if workflow else [],
        "skip": skips.waiting(session, case.id),
    }
    return IncidentDetail.model_validate(told)


@routes.post("/cases/<number:case_id>/incident/skip")
@guard("incident.handle")
@operation(problems={404, 409})
def ask_to_skip(session: Session, actor: Actor, case_id: int, body: SkipGiven) -> SkipTold:
    """申请跳过一个环节

    由另一位流程管理人员或者本局领导确认之后才跳过。
    """
    return SkipTold.model_validate(skips.ask(session, actor, case_id, body.task, way=body.way, reason=body.reason))


@routes.post("/cases/<number:case_id>/incident/skip/confirm")
@guard("incident.confirm")
@operation(problems={404, 409})
def confirm_skip(session: Session, actor: Actor, case_id: int, body: SkipDecided) -> CaseStanding:
    """确认跳过

    不能确认本人的申请。环节没有填报内容，办件沿所选的去向继续；两人和理由记入办理记录。
    """
    return CaseStanding.model_validate(skips.confirm(session, actor, case_id, body.request))


@routes.post("/cases/<number:case_id>/incident/skip/refuse")
@guard("incident.confirm")
@operation(problems={404, 409})
def refuse_skip(session: Session, actor: Actor, case_id: int, body: SkipDecided) -> SkipTold:
    """不同意跳过，或者撤回本人的申请"""
    return SkipTold.model_validate(skips.refuse(session, actor, case_id, body.request))
