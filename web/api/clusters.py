"""集群."""

from flask import Blueprint
from sqlalchemy.orm import Session

from engine import queries
from engine.access import Actor
from web.api import paging
from web.given import Paged
from web.guard import guard
from web.operations import operation
from web.told import ClusterPage, ClusterRow, ObligationList

routes = Blueprint("clusters", __name__)


@routes.get("/clusters")
@guard("cluster.list")
@operation()
def list_clusters(session: Session, actor: Actor, query: Paged) -> ClusterPage:
    """集群列表"""
    (after,) = paging.marked(query.after, paging.number) or (0,)
    rows = queries.list_clusters(session, actor, limit=query.limit + 1, after=after)
    return ClusterPage.model_validate(paging.page(rows, query, lambda row: [row["id"]]))


@routes.get("/clusters/<number:cluster_id>")
@guard("cluster.read")
@operation(problems={404})
def show_cluster(session: Session, actor: Actor, cluster_id: int) -> ClusterRow:
    """集群详情"""
    return ClusterRow.model_validate(queries.cluster_detail(session, actor, cluster_id))


@routes.get("/clusters/<number:cluster_id>/obligations")
@guard("cluster.read")
@operation(problems={404})
def list_obligations(session: Session, actor: Actor, cluster_id: int) -> ObligationList:
    """集群的义务

    按日期排列：年度报告、复核窗口、有效期届满。
    """
    return ObligationList.model_validate({"items": queries.obligations(session, actor, cluster_id)})
