"""What a cluster owes opens its case by itself, so that nobody has to remember it."""

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from engine import cases, clock, deployments, singly
from engine.actors import Actor
from engine.models import Cluster, Obligation

SYSTEM = Actor(0, "system", "系统", ())  # no account may have this name


def open_due(session: Session, limit: int) -> int:
    """Open the cases whose day has come, on the regime's newest deployment; answers how many rows were looked at.

    What another node has in hand is left to it. A case that cannot begin is put aside, and the others are opened.
    """
    query = (
        select(Obligation)
        .where(Obligation.state == literal_column("'open'"), Obligation.case_id.is_(None))
        .where(Obligation.opens_at <= clock.now(), singly.not_aside(session, Obligation))
        .order_by(Obligation.opens_at, Obligation.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    rows = session.scalars(query).all()
    singly.each(session, rows, lambda owed: _open(session, owed))
    return len(rows)


def _open(session: Session, owed: Obligation) -> None:
    cluster = session.get_one(Cluster, owed.cluster_id)
    deployment = deployments.current(session, owed.regime)
    opening = deployments.deployed(session, deployment.id).regime.opens[owed.kind]
    cases.begin_about(session, SYSTEM, cluster, opening.process, owed=owed)
