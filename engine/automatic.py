"""自动认定: clusters already recognised at a higher level, checked by a person, that stand on the list without review.

清远 第十五条（二）: 已经通过国家级、省级认定的，自动认定. Lists, notices and letters say so with the clause.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments
from engine.conventions import OUTCOME_FIELDS
from engine.models import Case, Task

FORM = "verify_higher_level"
STEPS = tuple(f"{process}.{FORM}" for process in ("higher_level", "application"))  # the latter: before it was called


def among(session: Session, case_ids: Collection[int]) -> dict[int, str]:
    """Those of the cases that are recognised automatically, each with the words for it and its clause."""
    query = (
        select(Task.case_id, Task.answers, Case.deployment_id)
        .join(Case, Case.id == Task.case_id)
        .where(Task.case_id.in_(list(case_ids)), Task.form == FORM, Task.state == "done")
        .order_by(Task.closed_at, Task.pass_number)
    )
    last = {row.case_id: row for row in session.execute(query)}
    return {
        case_id: words(session, row.deployment_id)
        for case_id, row in last.items()
        if (row.answers or {}).get(OUTCOME_FIELDS[FORM]) == "confirm"
    }


def words(session: Session, deployment_id: int) -> str:
    """How an automatic recognition is called, with the clause of the case's own rules."""
    clauses = deployments.deployed(session, deployment_id).clauses
    clause = next(filter(None, map(clauses.clause_of, STEPS)), None)
    return "自动认定" + (f"（{clause}）" if clause else "")
