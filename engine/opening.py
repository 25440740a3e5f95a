"""Doors: the rounds that take applications now, and the diagram behind each that the actor may begin."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, deployments, filing, identities
from engine.access import Actor
from engine.errors import Refused
from engine.forms import Form
from engine.models import Case, Round


@dataclass(frozen=True)
class Door:
    """Where an application may be begun now."""

    round_id: int
    title: str  # of the round
    closes_at: datetime | None  # for the actor's office
    regime: str
    regime_title: str
    process: str
    name: str  # of the diagram
    form: Form  # of its start
    clusters: tuple[tuple[int, str], ...]  # that an application can be about: identity, and what it is called


def doors(session: Session, actor: Actor) -> list[Door]:
    """What the actor may apply in now; what closes first comes first."""
    if not access.may(actor, "case.open"):
        return []
    query = select(Round).where(access.visible_rounds(actor), Round.state.in_(filing.RUNNING))
    running = session.scalars(query.order_by(Round.closes_at, Round.id)).all()
    offices = access.offices(actor, access.APPLICANTS)
    late = filing.exceptions(session, [round_.id for round_ in running], offices)
    return [door for round_ in running for door in _behind(session, actor, round_, late)]


def why_not(session: Session, actor: Actor, round_id: int) -> str:
    """What somebody is told who cannot apply in this round now: the date, and what can be done; empty if they can."""
    round_ = session.get(Round, round_id)
    offices = sorted(access.offices(actor, access.APPLICANTS))
    if round_ is None or not offices or not access.may(actor, "round.read", round_):
        return ""
    try:
        filing.require_open(session, round_, offices[0])
    except Refused as refused:
        return refused.message
    return ""


def same(session: Session, actor: Actor, door: Door, answers: Mapping[str, Any]) -> int | None:
    """The open case about the same cluster that the actor has begun in this round already: a button pressed twice."""
    query = select(Case.id).where(
        Case.round_id == door.round_id,
        Case.process == door.process,
        Case.title == str(answers.get("cluster_name", "")).strip(),
        Case.opened_by == actor.name,
        Case.status.in_(("open", "suspended")),
    )
    return session.scalar(query.order_by(Case.id).limit(1))


def _behind(session: Session, actor: Actor, round_: Round, late: Mapping[tuple[int, str], datetime]) -> Iterator[Door]:
    deployed = deployments.deployed(session, deployments.current(session, round_.regime).id)
    for process, drawn in deployed.diagrams.items():
        opening = deployed.specs(process).opening
        roles = {role.strip() for role in opening.get("opened_by", "").split(",")}
        near = [each for each in actor.as_any_of(roles) if round_.bureau_code in each.path.split("/")]
        if "form" not in opening or not near:
            continue
        until = late.get((round_.id, near[0].organisation_code))
        if filing.takes(round_.state, round_.opens_at, round_.closes_at, until):
            closing = filing.later(round_.closes_at, until)
            form = deployed.form(opening["form"])
            asked = identities.FIELD in form.fields()
            known = identities.earlier(session, near[0].organisation_code) if asked else []
            yield Door(
                round_.id,
                round_.title,
                closing,
                round_.regime,
                deployed.regime.title,
                process,
                drawn.name,
                form,
                tuple(known),
            )
