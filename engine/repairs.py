"""Repairs: what a person does about an incident – let it try again, put its variables right, or end the case."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, cases, clock, events
from engine.access import Actor
from engine.bpmn import Workflow
from engine.errors import NotFound, Refused
from engine.models import Case, Incident


def waiting(session: Session) -> list[dict[str, Any]]:
    """Incidents nobody has dealt with, oldest first: for the operator of the installation, without case content."""
    query = (
        select(Incident.case_id, Case.regime, Case.process, Incident.code, Incident.element, Incident.happened_at)
        .join(Case, Case.id == Incident.case_id)
        .where(Incident.closed_at.is_(None))
        .order_by(Incident.happened_at, Incident.id)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def retry(session: Session, actor: Actor, case_id: int) -> Case:
    """Let the case go on as it stands; what failed is tried again by the person or the ticker it came from."""
    case, _ = _stopped(session, actor, case_id)
    _close(session, actor, case, "retried")
    return case


def repair(session: Session, actor: Actor, case_id: int, variables: Mapping[str, Any], reason: str) -> Case:
    """Put routing variables right and let the case go on. The values and the reason stand in the record."""
    case, workflow = _stopped(session, actor, case_id)
    workflow.set_variables(variables)
    case.status = "open"
    kept = cases.keep(session, case, workflow)
    _close(session, actor, case, "repaired", *kept, variables=dict(variables), reason=reason)
    return case


def cancel(session: Session, actor: Actor, case_id: int, reason: str) -> Case:
    """End the case without an outcome; its open tasks are closed with it."""
    case, workflow = _stopped(session, actor, case_id)
    workflow.cancel()
    case.status, case.ended_at = "cancelled", clock.now()
    kept = cases.keep(session, case, workflow)
    _close(session, actor, case, "cancelled", *kept, reason=reason)
    return case


def _stopped(session: Session, actor: Actor, case_id: int) -> tuple[Case, Workflow]:
    case, workflow = cases.lock(session, case_id)
    access.require(actor, "incident.handle", case)
    if case.status != "incident":
        raise Refused("该办件没有异常，无需处理", case=case_id)
    return case, workflow


def _close(session: Session, actor: Actor, case: Case, resolution: str, *kept: events.Entry, **payload: Any) -> None:
    """The incident is dealt with; the record says how, and what became of the tasks (`kept`)."""
    incident = session.scalar(select(Incident).where(Incident.case_id == case.id, Incident.closed_at.is_(None)))
    if incident is None:
        raise NotFound("没有待处理的异常", case=case.id)
    incident.closed_at, incident.closed_by, incident.resolution = clock.now(), actor.name, resolution
    if case.status == "incident":
        case.status = "open"
    closed = events.Entry(f"incident.{resolution}", case.id, payload=payload)
    events.append(session, case.bureau_code, actor.name, [closed, *kept])
