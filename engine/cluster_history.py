"""The history of a cluster (变动): each change that was filed and checked, with its day."""

from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock
from engine.errors import StepFailed
from engine.models import Case, Cluster, ClusterChange, Task

FORM: Final = "change_filing"
CHANGED_ON, INDUSTRY = "changed_on", "new_leading_industry"  # fields of it


def keep(session: Session, cluster: Cluster, case: Case) -> ClusterChange:
    """Write the change that was checked into the cluster's history; a new leading industry goes into the register.

    Raises StepFailed where none was filed.
    """
    filed = session.execute(_filed(case.id)).first()
    if filed is None:
        raise StepFailed(said("办件 %(case)s 没有填报的变动", case=case.id), case=case.id)
    change = ClusterChange(
        cluster_id=cluster.id,
        case_id=case.id,
        changed_on=date.fromisoformat(filed.answers[CHANGED_ON]),
        filed_on=filed.closed_at.astimezone(clock.SHANGHAI).date(),
        told=filed.answers,
        industry_before=cluster.industry,
    )
    cluster.industry = filed.answers.get(INDUSTRY) or cluster.industry
    session.add(change)
    session.flush()
    return change


def of_cluster(session: Session, cluster_id: int) -> list[ClusterChange]:
    """The history of a cluster, oldest first."""
    query = select(ClusterChange).where(ClusterChange.cluster_id == cluster_id)
    return list(session.scalars(query.order_by(ClusterChange.changed_on, ClusterChange.id)))


def was_filed(session: Session, cluster_id: int, year: int) -> bool:
    """Whether a change of that year has been filed, checked or not yet."""
    query = (
        select(Task.answers)
        .join(Case, Case.id == Task.case_id)
        .where(Case.cluster_id == cluster_id, Task.form == FORM, Task.state == "done")
    )
    return any(date.fromisoformat(answers[CHANGED_ON]).year == year for answers in session.scalars(query) if answers)


def _filed(case_id: int) -> Any:
    """The first filing says when; the last one, corrected, says what."""
    done = Task.case_id == case_id, Task.form == FORM, Task.state == "done"
    first = select(Task.closed_at).where(*done).order_by(Task.closed_at).limit(1).scalar_subquery()
    last = select(Task.answers, first.label("closed_at")).where(*done)
    return last.order_by(Task.closed_at.desc(), Task.pass_number.desc()).limit(1)
