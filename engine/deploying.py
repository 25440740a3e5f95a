"""Deploying (部署): the files of a regime are frozen as its next deployment, and what is owed follows its rules."""

from datetime import date
from importlib.metadata import version
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import regime
from config.errors import RegimeInvalid
from config.regime import Regime
from config.sentences import said
from engine import accreditation, bundle, clock, deployments, events, lint, moving
from engine.errors import BundleInvalid, Refused
from engine.models import Deployment, DeploymentFile
from engine.scripts import sources

SINCE_EVER: Final = date(2000, 1, 1)  # the day of a regime's first deployment


def deploy(
    session: Session,
    regime_name: str,
    files: bundle.Files,
    by: str,
    approved_by: str | None = None,
    *,
    effective_on: date | None = None,
) -> Deployment:
    """Freeze `files` as the regime's next deployment, in force at once or from a day to come.

    What would already be in force then, unchanged, deploys nothing and is answered. Running cases keep to theirs.
    What is owed and still open follows the new one from its day on: `moving.after_deployment`. Of two for one day
    the later holds, so that one planned is taken back by deploying for its day what is in force now.
    Raises BundleInvalid with every error the check finds, Refused where the files are another regime's, the approver
    is who deploys, the day is past, or a script is new or changed and who deploys is not accredited
    or nobody has approved it.
    """
    today = clock.today()
    if effective_on and effective_on < today:
        raise Refused(said("生效日期 %(day)s 已过，请填今天或以后的日期", day=effective_on), day=str(effective_on))
    if approved_by == by:
        raise Refused(said("部署须由另一人审核：审核人不得与部署人相同"))
    errors = [finding for finding in lint.problems(files) if finding.severity == "error"]
    if errors:
        raise BundleInvalid(errors)
    own = regime.load(files["regime.toml"])
    if own.name != regime_name:
        raise Refused(
            said("这些文件属于规则体系 %(own)s，不能部署为 %(regime)s", own=own.name, regime=regime_name),
            regime=own.name,
        )
    if not own.deployable:
        raise Refused(
            said("规则体系 %(regime)s 没有各环节的时限（limits），不能部署", regime=regime_name), regime=own.name
        )
    content_hash = bundle.content_hash(files)
    current = deployments.held(session, regime_name) if deployments.in_force(session, regime_name) else None
    planned = effective_on if effective_on and effective_on > today else None
    before = deployments.in_force(session, regime_name, planned) if planned else current
    if before and before.content_hash == content_hash:
        return before
    _require_accredited(session, files, before, by, approved_by)
    last = session.scalar(select(func.max(Deployment.number)).where(Deployment.regime == regime_name))
    deployment = Deployment(
        regime=regime_name,
        number=(last or 0) + 1,
        content_hash=content_hash,
        deployed_at=clock.now(),
        deployed_by=by,
        approved_by=approved_by,
        engine_version=version("SpiffWorkflow"),
        effective_on=planned or (current.effective_on if current else SINCE_EVER),
    )
    session.add(deployment)
    session.flush()
    session.add_all(
        DeploymentFile(deployment_id=deployment.id, path=path, content=content) for path, content in files.items()
    )
    session.flush()
    if planned is None:
        _apply(session, deployment)
    payload = {"regime": regime_name, "number": deployment.number, "content_hash": content_hash}
    payload |= {"effective_on": planned} if planned else {}
    events.record(session, events.SYSTEM, by, "deployment.created", payload=payload)
    return deployment


def before(session: Session, regime_name: str, effective_on: date | None = None) -> bundle.Files | None:
    """The files in force when those that are deployed now begin to be: what they are held against."""
    there = deployments.in_force(session, regime_name, effective_on)
    return deployments.deployed(session, there.id).files if there else None


def apply_due(session: Session, limit: int) -> int:
    """Let what is owed follow the deployments whose day has come; answers how many were looked at."""
    query = (
        select(Deployment)
        .where(Deployment.applied_at.is_(None), Deployment.effective_on <= clock.today())
        .order_by(Deployment.effective_on, Deployment.number)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    rows = session.scalars(query).all()
    for deployment in rows:
        _apply(session, deployment)
    return len(rows)


def _apply(session: Session, deployment: Deployment) -> None:
    """What is owed follows it, if no other took its place before its day came."""
    current = deployments.current(session, deployment.regime)
    applied = select(Deployment).where(Deployment.regime == deployment.regime, Deployment.applied_at.is_not(None))
    before = session.scalar(applied.order_by(Deployment.applied_at.desc(), Deployment.number.desc()).limit(1))
    if before and current.id == deployment.id:
        own = deployments.deployed(session, deployment.id).regime
        moving.after_deployment(session, _rules(session, before), own, deployment.deployed_by)
    deployment.applied_at = clock.now()
    session.flush()


def _require_accredited(
    session: Session, files: bundle.Files, before: Deployment | None, by: str, approved_by: str | None
) -> None:
    """Scripts come in by accredited owners alone, read by a second pair of eyes; what is there may stay."""
    was = deployments.deployed(session, before.id).files if before else None
    changes = sources.changed(files, was)
    if changes and not accreditation.held_by(session, by):
        first = changes[0].script
        raise Refused(
            said(
                "%(file)s 的“%(name)s”等 %(count)s 处脚本是新增或改动的，只能由获得脚本授权的流程管理人员部署；"
                "请由其部署，或请安全管理员授权",
                file=first.file,
                name=first.name or first.element,
                count=len(changes),
            ),
            element=first.element,
        )
    if changes and approved_by is None:
        raise Refused(said("脚本是新增或改动的，须由另一人看过脚本并审核后才能部署"))


def _rules(session: Session, deployment: Deployment) -> Regime | None:
    """The rules before; None where they can no longer be read, for then the new deployment is to mend that."""
    try:
        return deployments.deployed(session, deployment.id).regime
    except RegimeInvalid:
        return None
