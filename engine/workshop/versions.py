"""Versions (版本): every deployment of a regime, to be looked at, compared, taken away and put back in force."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, accounts, clock, deployments
from engine.access import Actor
from engine.bundle import Files
from engine.errors import NotFound
from engine.models import BundleDraft, Case, Deployment


@dataclass(frozen=True)
class Version:
    """One deployment with what people ask about it."""

    deployment: Deployment
    state: str  # in_force, planned, replaced
    by: str
    approved_by: str
    title: str  # of the draft that it was; empty where it came from the command line
    reason: str
    running: int  # cases that run on it

    @property
    def number(self) -> int:
        return self.deployment.number


def list_(session: Session, actor: Actor, regime_name: str) -> list[Version]:
    """The versions of a regime, the newest first. Raises NotFound, Forbidden."""
    require(session, actor, regime_name)
    query = select(Deployment).where(Deployment.regime == regime_name).order_by(Deployment.number.desc())
    return _told(session, regime_name, session.scalars(query).all())


def find(session: Session, actor: Actor, regime_name: str, number: int) -> Version:
    """One version. Raises NotFound, Forbidden."""
    require(session, actor, regime_name)
    row = by_number(session, regime_name, number)
    return _told(session, regime_name, [row])[0]


def files(session: Session, actor: Actor, regime_name: str, number: int) -> Files:
    """The files of a version. Raises NotFound, Forbidden."""
    require(session, actor, regime_name)
    return deployments.deployed(session, by_number(session, regime_name, number).id).files


def by_number(session: Session, regime_name: str, number: int) -> Deployment:
    """The deployment of this number. Raises NotFound."""
    query = select(Deployment).where(Deployment.regime == regime_name, Deployment.number == number)
    row = session.scalar(query)
    if row is None:
        raise NotFound(said("没有第 %(number)s 版", number=number), regime=regime_name)
    return row


def require(session: Session, actor: Actor, regime_name: str) -> None:
    """Nothing, if the regime is deployed and its versions are the actor's to read. Raises NotFound, Forbidden."""
    current = deployments.current(session, regime_name)
    access.require(actor, "version.read", deployments.deployed(session, current.id).regime.bureau)


def _told(session: Session, regime_name: str, rows: Sequence[Deployment]) -> list[Version]:
    current = deployments.in_force(session, regime_name)
    ids = [row.id for row in rows]
    running = select(Case.deployment_id, func.count()).where(Case.deployment_id.in_(ids), Case.ended_at.is_(None))
    counted = {row[0]: row[1] for row in session.execute(running.group_by(Case.deployment_id))}
    made = session.scalars(select(BundleDraft).where(BundleDraft.deployment_id.in_(ids)))
    drafts = {draft.deployment_id: draft for draft in made}
    found = []
    for row in rows:
        draft = drafts.get(row.id)
        planned = row.effective_on > clock.today()
        found.append(
            Version(
                row,
                "in_force" if current and row.id == current.id else "planned" if planned else "replaced",
                accounts.called(session, row.deployed_by),
                accounts.called(session, row.approved_by) if row.approved_by else "",
                draft.title if draft else "",
                (draft.reason or "") if draft else "",
                counted.get(row.id, 0),
            )
        )
    return found
