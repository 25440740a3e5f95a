"""认定条件 of a round as the public reads them, made of its deployment's clauses and numbers: they cannot differ."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine import criteria, deployments, filing
from engine.deployments import Deployed
from engine.models import Case, Round

_REVIEWED = "first_review.finding_"  # a clause of the conditions is one that the first review has a finding for


@dataclass(frozen=True)
class Asked:
    """One clause: what it asks in our words, and the numbers in it."""

    clause: str
    gist: str
    numbers: tuple[str, ...]  # what no number settles is for the reviewers


def of_round(session: Session, case_id: int) -> tuple[str, list[Asked]]:
    """The text whose conditions hold in the round whose own run this is, and the conditions in its order."""
    deployed = deployments.deployed(session, session.get_one(Case, case_id).deployment_id)
    return deployed.regime.source, asked(deployed)


@dataclass(frozen=True)
class Call:
    """What the public asks of a call for applications beside its text."""

    opens_at: datetime | None  # None: with its publication
    closes_at: datetime | None
    contact: str  # an office and its telephone
    source: str
    conditions: list[Asked]


def of_call(session: Session, round_id: int) -> Call:
    """The dates, the office to ask and the conditions behind a round's call."""
    round_ = session.get_one(Round, round_id)
    source, conditions = of_round(session, round_.case_id or 0)
    return Call(round_.opens_at, round_.closes_at, filing.contact(session, round_), source, conditions)


def asked(deployed: Deployed) -> list[Asked]:
    """The conditions of a deployment. Raises RegimeInvalid where its numbers and its table do not fit."""
    rows = zip(deployed.regime.criteria, criteria.conditions(deployed.files), strict=True)
    texts = {f"criteria.{row}": condition.text for row, condition in rows}
    found = []
    for duty in deployed.clauses.duties:
        numbers = tuple(texts[carrier.id] for carrier in duty.carriers if carrier.id in texts)
        if numbers or any(carrier.id.startswith(_REVIEWED) for carrier in duty.carriers):
            found.append(Asked(duty.clause, duty.gist, numbers))
    return found
