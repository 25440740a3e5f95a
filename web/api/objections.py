"""公示异议."""

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from engine import access, objections, uploads
from engine.access import Actor
from engine.models import Objection as Row
from engine.objections import Written
from web import context, operations, public_forms
from web.api import paging
from web.api.files import sent
from web.given import ObjectionGiven, ObjectionsAsked
from web.guard import guard
from web.operations import Operation, operation
from web.told_objections import EvidenceFile, Objection, ObjectionPage, ObjectionStanding

routes = Blueprint("objections_api", __name__)

_STATUS = Operation(answer=ObjectionStanding, problems=frozenset({404, 422, 429}))


@routes.post("/public/notices/<number:notice_id>/objections")
@guard("public.write")
@operation(status=201, problems={404, 409, 429})
def send_objection(session: Session, notice_id: int, body: ObjectionGiven) -> ObjectionStanding:
    """对公示名单提出异议

    不需要登录。答复中的回执号只出现这一次，凭它查询办理情况。公示期满后提交的，作为情况反映转办，不影响名单。
    同一地址每小时只能提交几件；证明材料请在网页上提交。
    """
    written = Written(body.name, body.contact, body.case, body.grounds)
    form = public_forms.known(request.headers.get("Idempotency-Key", ""))
    taken = objections.receive(session, notice_id, written, public_forms.sender(form))
    return ObjectionStanding.model_validate(objections.standing(session, taken))


@routes.get("/public/objections/<receipt>")
@guard("public.read")
@operations.documented(_STATUS)
def show_standing(receipt: str) -> Response:
    """凭回执号查询异议的办理情况

    号码输错会说明；没有的号码一律答复 404。
    """
    return operations.answered(_STATUS, ObjectionStanding.model_validate(public_forms.asked(receipt)))


@routes.get("/objections")
@guard("objection.list")
@operation()
def list_objections(session: Session, actor: Actor, query: ObjectionsAsked) -> ObjectionPage:
    """本局收到的异议

    新的在前，不含异议人的信息。`late=1` 列出公示期满后收到的情况反映。
    """
    (before,) = paging.marked(query.after, paging.number) or (None,)
    rows = objections.listed(
        session, actor, state=query.state or "", late=query.late == "1", limit=query.limit + 1, before=before
    )
    return ObjectionPage.model_validate(paging.page(rows, query, lambda row: [row["id"]]))


@routes.get("/objections/<number:objection_id>")
@guard("objection.handle")
@operation(problems={404})
def show_objection(session: Session, actor: Actor, objection_id: int) -> Objection:
    """一件异议的内容

    只给办理人员：认领待办的经办人、作出决定的负责人；办理过初审的人员看不到。
    """
    found: Row = objections.find(session, actor, objection_id)
    access.require(actor, "objection.handle", found)
    evidence = [EvidenceFile.model_validate(each) for each in objections.evidence(session, found)]
    told = {name: getattr(found, name) for name in Objection.model_fields if name != "evidence"}
    return Objection(**told, evidence=evidence)


@routes.get("/objections/<number:objection_id>/files/<file_id>")
@guard("objection.handle")
@operation(problems={404}, media_types=tuple(uploads.MEDIA_TYPES.values()))
def download_evidence(session: Session, actor: Actor, objection_id: int, file_id: str) -> Response:
    """下载异议人提交的材料"""
    return sent(context.current(), objections.file(session, actor, objection_id, file_id))
