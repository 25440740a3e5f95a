"""Typical cases (典型案例): the office that the text names sums up what a recognised cluster has learnt."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, cases, deployments
from engine.access import Actor
from engine.conventions import TYPICAL_CASE
from engine.errors import Forbidden, NotFound, Refused
from engine.models import Case, Cluster, Organisation

WRITERS = frozenset({"county_officer", "bureau_officer"})


def begin(session: Session, actor: Actor, cluster_id: int) -> Case:
    """Open the case in which the actor's office writes a typical case of this cluster; one at a time.

    Raises Forbidden, NotFound, Refused where the text does not name the office, the cluster is not recognised, or
    another one is being written.
    """
    cluster = session.scalar(select(Cluster).where(Cluster.id == cluster_id).with_for_update())
    if cluster is None:
        raise NotFound(said("没有这个集群，或者您无权查看"))
    access.require(actor, "typical_case.write", cluster)
    level = writes_as(session, actor, cluster)
    if level is None:
        raise Forbidden(said("按本规则体系，典型案例不由您的单位总结"))
    if cluster.state != "recognised":
        raise Refused(said("“%(cluster)s”不是已认定的集群，不能总结典型案例", cluster=cluster.name), cluster=cluster.id)
    if other := cases.running(session, cluster.id, TYPICAL_CASE):
        raise Refused(said("该集群已有典型案例办件 %(case)s 正在办理", case=other), case=other)
    return cases.begin_about(session, actor, cluster, TYPICAL_CASE, office=level)


def writes_as(session: Session, actor: Actor, cluster: Cluster) -> str | None:
    """The level at which the actor's office may write of this cluster: "county", a level of the chain, "bureau"."""
    rules = deployments.rules(session, cluster.regime)
    levels = rules.typical_cases.levels if rules and rules.typical_cases else ()
    path = session.get_one(Organisation, cluster.organisation_code).path.strip("/").split("/")
    for each in actor.as_any_of(WRITERS):
        if each.organisation_code not in {*path, cluster.bureau_code}:
            continue
        level = session.get_one(Organisation, each.organisation_code).level
        level = "bureau" if each.organisation_code == cluster.bureau_code else level
        if level in levels:
            return level
    return None
