"""Revocations (撤销认定): a person opens one from a finding; its diagram hears the cluster before anybody decides."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import cases, findings
from engine.access import Actor
from engine.errors import Refused
from engine.models import Case, Cluster

PROCESS = "revocation"


def pursue(session: Session, actor: Actor, finding_id: int) -> Case:
    """Open the case in which revocation is decided: the cluster is heard first.

    Raises Forbidden, NotFound, Refused once it is settled, or while another case about the same cluster is open.
    """
    found = findings.opened(session, actor, finding_id)
    cluster = session.scalars(select(Cluster).where(Cluster.id == found.cluster_id).with_for_update()).one()
    if other := cases.running(session, cluster.id, PROCESS):
        raise Refused(said("该集群已有撤销办件 %(case)s 正在办理", case=other), case=other)
    if cluster.state != "recognised":
        raise Refused(
            said("“%(cluster)s”不是已认定的集群，没有可以撤销的认定", cluster=cluster.name), cluster=cluster.id
        )
    findings.settle(found, actor, "pursued")
    told = {"ground": found.ground, "clause": found.clause, "facts": found.facts}
    case = cases.begin_about(session, actor, cluster, PROCESS, answers=told)
    found.case_id = case.id
    findings.record(session, found, actor.name, "finding.pursued")
    return case
