"""可以开启和可以申报的批次."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import opening, overview
from engine.access import Actor
from engine.opening import Door
from web.guard import guard
from web.operations import operation
from web.told_work import Opening, OpeningList, Regime, RegimeList

routes = Blueprint("openings", __name__)


@routes.get("/regimes")
@guard("round.open")
@operation()
def list_regimes(session: Session, actor: Actor) -> RegimeList:
    """可以开启批次的规则体系"""
    found = overview.regimes(session, actor)
    return RegimeList(items=[Regime(name=name, title=title) for name, title in found.items()])


@routes.get("/openings")
@guard("case.open")
@operation()
def list_openings(session: Session, actor: Actor) -> OpeningList:
    """现在可以申报的批次

    先截止的在前；含发起办件所填的表单，和 earlier_cluster 可以填写的集群。逾期受理的，截止时间是本单位的补报期限。
    """
    return OpeningList(items=[_told(door) for door in opening.doors(session, actor)])


def _told(door: Door) -> Opening:
    clusters = [{"value": identity, "title": title} for identity, title in door.clusters]
    return Opening.model_validate({**vars(door), "schema": door.form.document, "clusters": clusters})
