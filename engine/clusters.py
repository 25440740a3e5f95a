"""Clusters: recognition, validity and what is owed from then on."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.numbering import Register
from config.regime import Regime
from config.sentences import said
from engine import access, clock, obligations
from engine.access import Actor
from engine.conventions import INDUSTRY
from engine.errors import NotFound, StepFailed
from engine.models import Case, Cluster, Organisation, Task


def find(session: Session, actor: Actor, cluster_id: int) -> Cluster:
    """A cluster the actor may see. Raises NotFound."""
    cluster = session.get(Cluster, cluster_id)
    if cluster is None:
        raise NotFound(said("没有这个集群，或者您无权查看"))
    access.require(actor, "cluster.read", cluster)
    return cluster


def of_cases(session: Session, round_case: Case, case_ids: Collection[int]) -> Sequence[Cluster]:
    """The clusters of these cases, all of them in the round of `round_case`. Raises StepFailed otherwise."""
    query = (
        select(Cluster)
        .join(Case, Case.cluster_id == Cluster.id)
        .where(Case.id.in_(list(case_ids)), Case.round_id == round_case.round_id)
        .order_by(Cluster.id)
    )
    found = session.scalars(query).all()
    if len(found) != len(set(case_ids)):
        raise StepFailed(said("名单中有不属于本批次的办件"))
    return found


def recognise(session: Session, cluster: Cluster, regime: Regime) -> None:
    """Recognise a cluster as of today, the day of publication, and note what it owes until its last valid day.

    It gets its number in the register, which it keeps whatever becomes of it, and the 主导产业 that was filed last.
    """
    if cluster.state == "recognised":
        return
    cluster.state, cluster.recognised_on = "recognised", clock.today()
    cluster.industry = _industry(session, cluster) or cluster.industry
    if regime.register and cluster.number is None:
        cluster.number = _next_number(session, regime, regime.register, clock.today().year)
    cluster.first_day, cluster.last_day = regime.validity_days(clock.today())
    session.flush()
    obligations.of_cluster(session, cluster, regime, clock.today(), cluster.last_day)


def renew(session: Session, cluster: Cluster, regime: Regime) -> None:
    """Prolong the validity from its old last day, whenever it was decided, and note what is owed until the new one.

    清远 第十六条: 复核通过的有效期延长三年. Raises StepFailed for a cluster that is not recognised.
    """
    if cluster.state != "recognised" or cluster.last_day is None or cluster.recognised_on is None:
        raise StepFailed(said("“%(cluster)s”不是已认定的集群，不能延长有效期", cluster=cluster.name))
    cluster.last_day = regime.prolonged(cluster.last_day)
    session.flush()
    obligations.of_cluster(session, cluster, regime, cluster.recognised_on, cluster.last_day)


def revoke(session: Session, cluster: Cluster) -> None:
    """Take the recognition back; what is still owed is owed no more. Raises StepFailed for one that has none."""
    if cluster.state != "recognised":
        raise StepFailed(said("“%(cluster)s”不是已认定的集群，没有可以撤销的认定", cluster=cluster.name))
    cluster.state = "revoked"
    session.flush()
    obligations.settle(session, "cancelled", cluster_id=cluster.id)


def _next_number(session: Session, regime: Regime, register: Register, year: int) -> str:
    """The next number of the regime in that year: numbers are given once and leave no gap.

    Who registers for the same bureau at the same moment comes afterwards: its row is locked until the commit.
    """
    session.execute(select(Organisation.code).where(Organisation.code == regime.bureau).with_for_update(key_share=True))
    before, behind = register.around(year)
    given = select(func.count()).where(
        Cluster.regime == regime.name,
        Cluster.number.startswith(before, autoescape=True),
        Cluster.number.endswith(behind, autoescape=True),
    )
    return register.written(year, (session.scalar(given) or 0) + 1)


def _industry(session: Session, cluster: Cluster) -> str | None:
    """The 主导产业 as it was filed last for this cluster; None where no form asked for it."""
    answered = (
        select(Task.answers)
        .join(Case, Case.id == Task.case_id)
        .where(Case.cluster_id == cluster.id, Task.state == "done")
        .order_by(Task.closed_at.desc(), Task.pass_number.desc())
    )
    filed = ((answers or {}).get(INDUSTRY) for answers in session.scalars(answered))
    return next((industry for industry in filed if industry), None)
