"""The outbox: letters are rows written with the change that causes them, and sent later."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from engine import clock, once
from engine.models import Case, Letter


def put(
    session: Session,
    case: Case,
    template: str,
    *,
    key: str,
    organisation_code: str,
    role: str,
    fields: Mapping[str, str],
    person_id: int | None = None,
    task_id: str | None = None,
) -> bool:
    """One letter to the officers with `role` in an organisation, or to one of them; True if `key` was not there yet.

    The wording is the case's deployment's; `fields` fill its blanks. `task_id` is the task whose time limit it tells.
    """
    return once.insert(
        session,
        Letter,
        dedupe_key=key,
        case_id=case.id,
        deployment_id=case.deployment_id,
        template=template,
        organisation_code=organisation_code,
        role=role,
        person_id=person_id,
        fields=dict(fields),
        task_id=task_id,
        created_at=clock.now(),
    )
