"""Deploying (部署): the files of a regime are frozen as its next deployment, and what is owed follows its rules."""

from importlib.metadata import version

from sqlalchemy.orm import Session

from config import regime
from config.errors import RegimeInvalid
from config.regime import Regime
from config.sentences import said
from engine import bundle, clock, deployments, events, lint, moving
from engine.errors import BundleInvalid, Refused
from engine.models import Deployment, DeploymentFile


def deploy(
    session: Session, regime_name: str, files: bundle.Files, by: str, approved_by: str | None = None
) -> Deployment:
    """Freeze `files` as the regime's next deployment; an unchanged bundle deploys nothing and answers the current one.

    Running cases keep to theirs. What is owed and still open follows the new one: `moving.after_deployment`.
    Raises BundleInvalid with every error the check finds, Refused where the files are another regime's or the
    approver is who deploys.
    """
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
    last = deployments.held(session, regime_name) if deployments.newest(session, regime_name) else None
    if last and last.content_hash == content_hash:
        return last
    deployment = Deployment(
        regime=regime_name,
        number=(last.number if last else 0) + 1,
        content_hash=content_hash,
        deployed_at=clock.now(),
        deployed_by=by,
        approved_by=approved_by,
        engine_version=version("SpiffWorkflow"),
    )
    session.add(deployment)
    session.flush()
    session.add_all(
        DeploymentFile(deployment_id=deployment.id, path=path, content=content) for path, content in files.items()
    )
    session.flush()
    if last:
        moving.after_deployment(session, _rules(session, last), own, by)
    payload = {"regime": regime_name, "number": deployment.number, "content_hash": content_hash}
    events.record(session, events.SYSTEM, by, "deployment.created", payload=payload)
    return deployment


def _rules(session: Session, deployment: Deployment) -> Regime | None:
    """The rules before; None where they can no longer be read, for then the new deployment is to mend that."""
    try:
        return deployments.deployed(session, deployment.id).regime
    except RegimeInvalid:
        return None
