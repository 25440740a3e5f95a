"""Findings (情形线索): facts that may be a ground of revocation, and what a person makes of them.

A date that was not met, or a failed review, is noted by the program; whether anything follows, a person decides.
"""

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from config.regime import Regime
from config.sentences import said
from engine import access, clock, deployments, events, singly
from engine.access import Actor
from engine.conventions import GROUNDS
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import Case, Cluster, Finding, Obligation, Task
from engine.obligations import GROUND_OF

SYSTEM = "system"  # who notes what a date tells
FACTS = 3000  # characters
_OPINION = "opinion"  # of a review that failed: what the finding says


def note(session: Session, actor: Actor, cluster_id: int, ground: str, facts: str) -> Finding:
    """Note a fact about a recognised cluster of the actor's bureau.

    Raises Forbidden, NotFound, FormInvalid, Refused for a cluster that is not recognised, or a ground that its
    regime does not know.
    """
    cluster = _cluster(session, actor, cluster_id)
    regime = deployments.deployed(session, deployments.current(session, cluster.regime).id).regime
    if cluster.state != "recognised":
        raise Refused(
            said("“%(cluster)s”不是已认定的集群，没有可以撤销的认定", cluster=cluster.name), cluster=cluster.id
        )
    if ground not in regime.grounds:
        raise FormInvalid([Problem("ground", "not_a_choice", said("请选择办法列明的一种情形"))])
    if not facts.strip() or len(facts) > FACTS:
        why = said("请写明事实和来源，不超过 %(limit)s 字", limit=FACTS)
        raise FormInvalid([Problem("facts", "missing" if not facts.strip() else "too_long", why)])
    found = _new(cluster, regime, ground, facts.strip(), actor.name)
    session.add(found)
    session.flush()
    record(session, found, actor.name, "finding.noted")
    return found


def drop(session: Session, actor: Actor, finding_id: int, reason: str) -> Finding:
    """Nothing follows from it, for this reason. Raises Forbidden, NotFound, FormInvalid, Refused once it is settled."""
    found = opened(session, actor, finding_id)
    if not reason.strip() or len(reason) > FACTS:
        raise FormInvalid([Problem("reason", "missing", said("请写明不予处理的理由"))])
    settle(found, actor, "dropped")
    found.reason = reason.strip()
    record(session, found, actor.name, "finding.dropped")
    return found


def seen(session: Session, case: Case, ground: str, answered: str | None) -> Finding | None:
    """What came out of a case is noted: a renewal that was not passed. The facts are what the answer to that says."""
    task = session.get(Task, answered) if answered else None
    facts = (task.answers or {}).get(_OPINION) if task else None
    return told(session, case, ground, str(facts or GROUNDS[ground]))


def told(session: Session, case: Case, ground: str, facts: str) -> Finding | None:
    """What a case tells of its cluster is noted, each ground once; None where it was, or the regime has no such one."""
    regime = deployments.deployed(session, case.deployment_id).regime
    before = select(Finding.id).where(Finding.seen_in == case.id, Finding.ground == ground)
    if case.cluster_id is None or ground not in regime.grounds or session.scalar(before):
        return None
    found = _new(session.get_one(Cluster, case.cluster_id), regime, ground, facts, SYSTEM)
    found.seen_in = case.id
    session.add(found)
    session.flush()
    return found


def note_unmet(session: Session, limit: int) -> int:
    """Note the dates that were not met and have waited long enough; answers how many rows were looked at."""
    query = (
        select(Obligation)
        .where(Obligation.state == literal_column("'open'"), Obligation.finds_at <= clock.now())
        .where(singly.not_aside(session, Obligation))
        .order_by(Obligation.finds_at, Obligation.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    rows = session.scalars(query).all()
    singly.each(session, rows, lambda owed: _unmet(session, owed))
    return len(rows)


def _unmet(session: Session, owed: Obligation) -> None:
    """A report that was not filed, a renewal that was not applied for (清远 第十八条（一）、（三）)."""
    owed.finds_at = None
    if session.scalar(select(Finding.id).where(Finding.obligation_id == owed.id)):  # rules that changed ask anew
        return
    cluster = session.get_one(Cluster, owed.cluster_id)
    regime = deployments.rules(session, owed.regime)
    ground = GROUND_OF[owed.kind]
    if regime is None or cluster.state != "recognised" or ground not in regime.grounds:
        return
    if owed.kind == "expiry":
        facts = said("有效期至%(day)s届满，届满前未申请复核", day=str(owed.printed_on))
    else:
        facts = said("%(year)s年应于%(day)s前报送，至今未报送", year=str(owed.year), day=str(owed.printed_on))
    found = _new(cluster, regime, ground, facts, SYSTEM)
    found.obligation_id = owed.id
    session.add(found)
    session.flush()
    record(session, found, SYSTEM, "finding.noted")


def _new(cluster: Cluster, regime: Regime, ground: str, facts: str, by: str) -> Finding:
    return Finding(
        cluster_id=cluster.id,
        bureau_code=cluster.bureau_code,
        ground=ground,
        clause=regime.grounds[ground].clause,
        facts=facts,
        noted_at=clock.now(),
        noted_by=by,
        state="open",
    )


def _cluster(session: Session, actor: Actor, cluster_id: int) -> Cluster:
    cluster = session.get(Cluster, cluster_id)
    if cluster is None:
        raise NotFound(said("没有这个集群，或者您无权查看"))
    access.require(actor, "finding.note", cluster)
    return cluster


def opened(session: Session, actor: Actor, finding_id: int) -> Finding:
    """A finding that waits for the actor, locked. Raises NotFound, Forbidden, Refused once it is settled."""
    found = session.scalar(select(Finding).where(Finding.id == finding_id).with_for_update())
    if found is None:
        raise NotFound(said("没有这条线索，或者您无权查看"))
    access.require(actor, "finding.settle", found)
    if found.state != "open":
        raise Refused(said("这条线索已经处理"), finding=found.id)
    return found


def settle(found: Finding, actor: Actor, state: str) -> None:
    found.state, found.settled_at, found.settled_by = state, clock.now(), actor.name


def record(session: Session, found: Finding, by: str, kind: str) -> None:
    facts = {"finding": found.id, "cluster": found.cluster_id, "ground": found.ground, "clause": found.clause}
    told = {"facts": found.facts} if kind == "finding.noted" else {"reason": found.reason, "case": found.case_id}
    case_id = found.case_id or found.seen_in
    events.record(session, found.bureau_code, by, kind, case_id=case_id, payload={**facts, **told})
