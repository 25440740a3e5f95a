"""Recognitions that come first (已获上级或下级认定): what is stated of one, held against what the system knows.

Where a regime asks for one before an application (`prerequisite` in its criteria), an applicant that states none and
has none does not file. One that was revoked counts nowhere, whatever is stated of it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, criteria, deployments, identities
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.identities import Recognition
from engine.models import Case, Cluster, Round, Task

if TYPE_CHECKING:
    from engine.acts import Answered

STATED: Final = "higher_level_recognition"  # a field of the application
FORM: Final = "application"


def counting(session: Session, cluster_id: int | None, stated: Any) -> Any:
    """What criteria read: the higher of what is stated and what the system knows, without what was revoked."""
    if revoked(session, cluster_id, stated):
        stated = "none"
    known = identities.higher_level(session, cluster_id)
    return known if known and _rank(known) > _rank(stated) else stated


def revoked(session: Session, cluster_id: int | None, stated: Any) -> Recognition | None:
    """The recognition of the level stated, if the system knows it to be revoked and knows no other of that level."""
    cluster = session.get(Cluster, cluster_id) if cluster_id else None
    known = identities.above(session, cluster, clock.today()) if cluster else []
    of_level = [each for each in known if identities.FACTS[each.level] == stated]
    standing = [each for each in of_level if each.state != "revoked"]
    return of_level[-1] if of_level and not standing else None


def first_batch(session: Session, case: Case) -> bool:
    """Whether the case's round is excepted (首批申请除外)."""
    round_ = session.get(Round, case.round_id) if case.round_id else None
    return bool(round_ and round_.first_batch)


def file(answered: "Answered") -> Mapping[str, Any]:
    """Nothing, if the cluster has what has to come first. Raises FormInvalid with the clause that asks for it."""
    session, case, stated = answered.session, answered.case, answered.answers.get(STATED)
    clause = deployments.deployed(session, case.deployment_id).regime.criteria.get(criteria.PREREQUISITE)
    if clause is None or first_batch(session, case):
        return {}
    if counting(session, case.cluster_id, stated) not in criteria.LEVELS:
        gone = revoked(session, case.cluster_id, stated)
        why = (
            said("%(revoked)s。除首批外，已认定为省级集群的才能申报（%(clause)s）", revoked=_told(gone), clause=clause)
            if gone
            else said("除首批外，已认定为省级集群的才能申报（%(clause)s）；请在取得省级认定之后再申报", clause=clause)
        )
        raise FormInvalid([Problem(STATED, "prerequisite", why)])
    return {}


def accept(answered: "Answered") -> Mapping[str, Any]:
    """Nothing, if what is said of the recognition that comes first can be true. Raises FormInvalid."""
    session, case, field = answered.session, answered.case, criteria.PREREQUISITE
    said_of_it = answered.answers.get(field)
    if said_of_it == "first_batch" and not first_batch(session, case):
        raise FormInvalid([Problem(field, "not_the_first_batch", said("本批次的申报通知没有写明为首批，请改选"))])
    if said_of_it == "recognised":
        _require_unrevoked(session, case, field)
    return {}


def verify(answered: "Answered") -> Mapping[str, Any]:
    """Nothing, unless a recognition is confirmed that the system knows to be revoked. Raises FormInvalid."""
    if answered.answers["decision"] == "confirm":
        _require_unrevoked(answered.session, answered.case, "decision")
    return {}


def _require_unrevoked(session: Session, case: Case, field: str) -> None:
    if gone := revoked(session, case.cluster_id, _filed(session, case).get(STATED)):
        why = said("%(revoked)s，不能作为依据；请改选", revoked=_told(gone))
        raise FormInvalid([Problem(field, "revoked", why)])


def _filed(session: Session, case: Case) -> Mapping[str, Any]:
    """The application as it was filed last."""
    query = select(Task.answers).where(Task.case_id == case.id, Task.form == FORM, Task.state == "done")
    return session.scalar(query.order_by(Task.closed_at.desc(), Task.pass_number.desc()).limit(1)) or {}


def _told(gone: Recognition) -> str:
    return said(
        "系统中本集群的“%(title)s”（%(bureau)s，%(number)s）已被撤销",
        title=gone.title or said("上级认定"),
        bureau=gone.bureau,
        number=gone.number or "",
    )


def _rank(level: Any) -> int:
    return criteria.LEVELS.index(level) if level in criteria.LEVELS else -1
