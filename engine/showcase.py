"""The showcase: typical cases (典型案例) that everybody may read, and their withdrawal."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, events
from engine.access import Actor
from engine.conventions import TYPICAL_CASE
from engine.errors import FormInvalid, NotFound, Refused, StepFailed
from engine.forms import Problem
from engine.models import Case, Cluster, Organisation, StoredFile, Task, TypicalCase

REASON: Final = 200  # characters


def publish(session: Session, case: Case) -> TypicalCase:
    """Put what was written and checked before the public, once. Raises StepFailed where nothing was written."""
    written = session.execute(
        select(Task.answers, Task.organisation_code)
        .where(Task.case_id == case.id, Task.form == TYPICAL_CASE, Task.state == "done")
        .order_by(Task.closed_at.desc(), Task.pass_number.desc())
        .limit(1)
    ).first()
    if written is None or case.cluster_id is None:
        raise StepFailed(said("办件 %(case)s 没有撰写的典型案例", case=case.id), case=case.id)
    published = TypicalCase(
        regime=case.regime,
        bureau_code=case.bureau_code,
        cluster_id=case.cluster_id,
        organisation_code=written.organisation_code,
        case_id=case.id,
        title=written.answers["title"],
        told=written.answers,
        files=list(written.answers.get("attachments", [])),
        published_at=clock.now(),
    )
    session.add(published)
    session.flush()
    return published


def withdraw(session: Session, actor: Actor, number: int, reason: str) -> TypicalCase:
    """The public page says from now on that it was withdrawn, and why.

    Raises Forbidden, NotFound, FormInvalid, Refused where it was withdrawn before.
    """
    found = session.scalar(select(TypicalCase).where(TypicalCase.id == number).with_for_update())
    if found is None:
        raise NotFound(said("没有这个典型案例"))
    access.require(actor, "typical_case.withdraw", found.bureau_code)
    if found.withdrawn_at is not None:
        raise Refused(said("这个典型案例已经撤下"))
    if not reason.strip() or len(reason) > REASON:
        raise FormInvalid([Problem("reason", "missing", said("请写明撤下的理由，不超过 %(limit)s 字", limit=REASON))])
    found.withdrawn_at, found.withdrawn_by, found.reason = clock.now(), actor.name, reason.strip()
    payload = {"typical_case": found.id, "reason": found.reason}
    events.record(
        session, found.bureau_code, actor.name, "typical_case.withdrawn", case_id=found.case_id, payload=payload
    )
    return found


# ---- for everybody ------------------------------------------------------------------------------


def listed(session: Session, *, limit: int, after: int | None = None) -> list[Mapping[str, Any]]:
    """What is public, newest first; what was withdrawn is not in the list."""
    query = _SHOWN.where(TypicalCase.withdrawn_at.is_(None))
    if after is not None:
        query = query.where(TypicalCase.id <= after)
    return [dict(row) for row in session.execute(query.order_by(TypicalCase.id.desc()).limit(limit)).mappings()]


def shown(session: Session, number: int) -> Mapping[str, Any]:
    """One as it was published; of one that was withdrawn no more than its title, and why. Raises NotFound."""
    row = session.execute(_SHOWN.where(TypicalCase.id == number)).mappings().first()
    if row is None:
        raise NotFound(said("没有这个典型案例"))
    return {**row, "told": {}, "files": []} if row["withdrawn_at"] else dict(row)


def of_cluster(session: Session, cluster_id: int) -> Sequence[Mapping[str, Any]]:
    """Those of one cluster, newest first, withdrawn ones among them."""
    query = _SHOWN.where(TypicalCase.cluster_id == cluster_id).order_by(TypicalCase.id.desc())
    return [dict(row) for row in session.execute(query).mappings()]


def file(session: Session, number: int, file_id: str) -> StoredFile:
    """A file that hangs on a public one. Raises NotFound."""
    found = session.get(StoredFile, file_id) if file_id in shown(session, number)["files"] else None
    if found is None:
        raise NotFound(said("没有这份文件"))
    return found


_SHOWN = (
    select(
        *(TypicalCase.id, TypicalCase.cluster_id, TypicalCase.bureau_code, TypicalCase.title, TypicalCase.told),
        *(TypicalCase.files, TypicalCase.published_at, TypicalCase.withdrawn_at, TypicalCase.reason),
        Cluster.name.label("cluster"),
        Organisation.name.label("office"),
    )
    .join(Cluster, Cluster.id == TypicalCase.cluster_id)
    .join(Organisation, Organisation.code == TypicalCase.organisation_code)
)
