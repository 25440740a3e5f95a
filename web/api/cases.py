"""办件."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import cases, progress, queries
from engine.access import Actor
from notifications import wording
from web.api import paging
from web.drawing import CaseDiagram, drawing
from web.given import CaseGiven, Paged
from web.guard import guard
from web.operations import operation
from web.told import AnsweredList, CaseDetail, CaseState, HistoryPage, LetterList, PrecheckList
from web.told_files import CaseFileList
from web.wording import _, language

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


@routes.get("/cases/<number:case_id>/diagram")
@guard("case.read")
@operation(problems={404})
def case_diagram(session: Session, actor: Actor, case_id: int) -> CaseDiagram:
    """办件的流程图

    图（BPMN 2.0）、已经过的元素和连线（经过几次）、当前停留之处；所调用的流程在 `called` 中。
    """
    return CaseDiagram.model_validate(drawing(progress.of_case(session, actor, case_id)))


@routes.get("/cases/<number:case_id>/answers")
@guard("case.read")
@operation(problems={404})
def case_answers(session: Session, actor: Actor, case_id: int) -> AnsweredList:
    """办件中已填报的内容

    限于本人可以查看的待办，先填的在前。
    """
    return AnsweredList.model_validate({"items": queries.answers(session, actor, case_id)})


@routes.get("/cases/<number:case_id>/prechecks")
@guard("precheck.read")
@operation(problems={404})
def case_prechecks(session: Session, actor: Actor, case_id: int) -> PrecheckList:
    """办件的预审结果

    报送时和初审办结时各一次，先作出的在前；只供参考，由审核人员判断。
    """
    return PrecheckList.model_validate({"items": queries.prechecks(session, actor, case_id)})


@routes.get("/cases/<number:case_id>/files")
@guard("case.read")
@operation(problems={404})
def case_files(session: Session, actor: Actor, case_id: int) -> CaseFileList:
    """办件的文件

    依名称排列，同名的新版在前。
    """
    return CaseFileList.model_validate({"items": queries.case_files(session, actor, case_id)})


@routes.get("/cases/<number:case_id>/letters")
@guard("case.read")
@operation(problems={404})
def case_letters(session: Session, actor: Actor, case_id: int) -> LetterList:
    """办件的通知

    限于发给本单位的，先发的在前。
    """
    rows = queries.letters(session, actor, case_id)
    return LetterList.model_validate({"items": [worded(session, row) for row in rows]})


def worded(session: Session, row: queries.Row) -> queries.Row:
    """A letter in the words of its own deployment, whatever has been deployed since."""
    try:
        subject, body = wording.read(session, row["deployment_id"], row["template"], row["fields"], language())
    except wording.LetterInvalid as error:  # one that cannot be written must not hide the others
        subject, body = _("（通知无法成文）"), error.message
    return {**row, "subject": subject, "body": body}
