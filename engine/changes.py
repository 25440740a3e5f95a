"""Change filings (重大变动报备): a recognised cluster's own office says what has changed, and since when."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, cases
from engine.access import Actor
from engine.cluster_history import CHANGED_ON
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import Case, Cluster

if TYPE_CHECKING:
    from engine.acts import Answered

PROCESS: Final = "change_filing"


def begin(session: Session, actor: Actor, cluster_id: int) -> Case:
    """Open the case in which the cluster's own office files a change; one at a time.

    Raises Forbidden, NotFound, Refused where the cluster is not recognised or another one is under way.
    """
    access.require(actor, "case.open")
    cluster = session.scalar(select(Cluster).where(Cluster.id == cluster_id).with_for_update())
    offices = {each.organisation_code for each in actor.as_any_of(access.APPLICANTS)}
    if cluster is None or cluster.organisation_code not in offices:
        raise NotFound(said("没有这个集群，或者您无权查看"))
    if cluster.state != "recognised":
        raise Refused(said("“%(cluster)s”不是已认定的集群，无须报备", cluster=cluster.name), cluster=cluster.id)
    if other := cases.running(session, cluster.id, PROCESS):
        raise Refused(said("该集群已有报备办件 %(case)s 正在办理", case=other), case=other)
    return cases.begin_about(session, actor, cluster, PROCESS)


def file(answered: "Answered") -> Mapping[str, Any]:
    """A change lies between the recognition and today. Raises FormInvalid."""
    cluster = answered.session.get_one(Cluster, answered.case.cluster_id)
    if cluster.recognised_on and date.fromisoformat(answered.answers[CHANGED_ON]) < cluster.recognised_on:
        why = said("变动日期不应早于认定公布之日 %(day)s；认定之前的情况不属于报备", day=str(cluster.recognised_on))
        raise FormInvalid([Problem(CHANGED_ON, "before_recognition", why)])
    return {}
