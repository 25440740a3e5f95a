"""专家组和评审结果."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import opinions, panels, reseating
from engine.access import Actor
from web.given_review import CandidatesAsked, ReasonGiven
from web.guard import guard
from web.operations import operation
from web.told_review import CandidateList, PanelList, ResultList

routes = Blueprint("panels", __name__)


@routes.get("/cases/<number:case_id>/candidates")
@guard("panel.list")
@operation(problems={404})
def list_candidates(session: Session, actor: Actor, case_id: int, query: CandidatesAsked) -> CandidateList:
    """可以抽取的专家

    不能抽取的附原因：任职单位、所在县、申报的利害关系、任期、暂停、账号。
    """
    fields = [field for field in query.fields.split("、") if field.strip()]
    found = panels.candidates(session, actor, case_id, fields)
    return CandidateList.model_validate({"items": [vars(each) for each in found]})


@routes.get("/cases/<number:case_id>/panels")
@guard("panel.list")
@operation(problems={404})
def list_panels(session: Session, actor: Actor, case_id: int) -> PanelList:
    """专家组

    含席位、随机数和候选名单；只对本局人员。
    """
    return PanelList.model_validate({"items": panels.listed(session, actor, case_id)})


@routes.get("/cases/<number:case_id>/opinions")
@guard("panel.read")
@operation(problems={404})
def list_opinions(session: Session, actor: Actor, case_id: int) -> ResultList:
    """评审结果

    意见公开之后才有。申报主体不能查看。
    """
    return ResultList.model_validate({"items": opinions.of_case(session, actor, case_id)})


@routes.post("/seats/<number:seat_id>/replace")
@guard("panel.replace")
@operation(problems={404, 409})
def replace_expert(session: Session, actor: Actor, seat_id: int, body: ReasonGiven) -> PanelList:
    """更换专家

    由抽取次序中的下一位接任，先声明利害关系；原专家不再能查看本件。
    """
    case_id = panels.case_of(session, panels.replace(session, actor, seat_id, body.reason))
    return PanelList.model_validate({"items": panels.listed(session, actor, case_id)})


@routes.post("/seats/<number:seat_id>/pass-over")
@guard("panel.replace")
@operation(problems={404, 409})
def pass_over_expert(session: Session, actor: Actor, seat_id: int, body: ReasonGiven) -> PanelList:
    """不再等待某席位

    意见公开之后用：互评缺其一份，组长的意见由下一席位代为填写。
    """
    case_id = panels.case_of(session, reseating.pass_over(session, actor, seat_id, body.reason))
    return PanelList.model_validate({"items": panels.listed(session, actor, case_id)})
