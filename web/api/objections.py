"""公示异议."""

from dataclasses import replace

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from engine import access, files, objections, uploads
from engine.access import Actor
from engine.errors import FormInvalid
from engine.files import FileRefused, Received
from engine.forms import Problem
from engine.models import Objection as Row
from engine.objections import MOST_FILES, Sent, Written
from web import context, csrf, operations, public_forms, reading
from web.api import paging
from web.api.files import folder, sent
from web.given import ObjectionGiven, ObjectionsAsked
from web.guard import guard
from web.operations import Operation, operation
from web.told_objections import EvidenceFile, Objection, ObjectionPage, ObjectionStanding
from web.wording import _

routes = Blueprint("objections_api", __name__)

_SEND = Operation(
    answer=ObjectionStanding,
    status=201,
    body=ObjectionGiven,
    problems=frozenset({403, 404, 409, 413, 415, 429}),
    multipart={"files": f"证明材料：{' '.join(uploads.MEDIA_TYPES)}"},
    most_files=MOST_FILES,
)
_GIVEN_AS = {"target": "case"}  # what the page's form calls otherwise
_STATUS = Operation(answer=ObjectionStanding, problems=frozenset({404, 422, 429}))


@routes.post("/public/notices/<number:notice_id>/objections")
@guard("public.write")
@operations.documented(_SEND)
def send_objection(notice_id: int) -> Response:
    """对公示名单提出异议

    不需要登录。答复中的回执号只出现这一次，凭它查询办理情况。公示期满后提交的，作为情况反映转办，不影响名单。
    有证明材料的，以 multipart/form-data 提交。同一地址每小时只能提交几件。
    """
    operations.no_query()
    in_parts = request.mimetype == "multipart/form-data"
    if in_parts:  # JSON no browser sends for another site; such a form it would
        csrf.require(None)
    given = reading.form(ObjectionGiven, files="files") if in_parts else reading.body(ObjectionGiven)
    written = Written(given.name, given.contact, given.case, given.grounds)
    by, evidence = public_forms.sender(public_forms.known(request.headers.get("Idempotency-Key", ""))), []
    if not sent_before(notice_id, by):
        if wrong := problems(notice_id, written):
            raise FormInvalid([replace(each, field=_GIVEN_AS.get(each.field, each.field)) for each in wrong])
        evidence = received() if in_parts else []

    def take(session: Session) -> ObjectionStanding:
        taken = objections.receive(session, notice_id, written, by, evidence)
        return ObjectionStanding.model_validate(objections.standing(session, taken))

    named = [each.filename or "" for each in request.files.getlist("files")] if in_parts else []
    return operations.carry_out(_SEND, take, given.model_dump_json(), *named)


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


def sent_before(notice_id: int, by: Sent) -> bool:
    """Whether this form was taken already. Raises NotFound, and TooMany before anything of it is looked at."""
    with context.current().database.read() as session:
        objections.notice(session, notice_id)
        if by.form and objections.earlier(session, by.form):
            return True
        objections.require_allowance(session, by)
    return False


def problems(notice_id: int, written: Written) -> list[Problem]:
    """What is wrong with what somebody wrote, before its files are taken."""
    with context.current().database.read() as session:
        return objections.problems(objections.notice(session, notice_id), written)


def received() -> list[Received]:
    """The evidence of the request, safe on disk. Raises FileRefused, FileTooLarge, ScanFailed."""
    here = context.current()
    given = [each for each in request.files.getlist("files") if each.filename]
    if len(given) > MOST_FILES:
        raise FileRefused(_("至多上传 %(most)s 个文件，现有 %(count)s 个", most=MOST_FILES, count=len(given)))
    most, scanner = here.settings.objection_megabytes, here.settings.scanner
    return [
        files.receive(folder(here), each.stream, each.filename or "", megabytes=most, scanner=scanner) for each in given
    ]
