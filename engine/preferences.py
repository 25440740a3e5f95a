"""Preferences (通知偏好): a person's mail address, and how they want to hear what no law asks us to tell."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from config import addresses
from config.sentences import said
from engine import access, deliveries, events
from engine.access import Actor
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.models import LetterChoice, Person

HOURS = range(24)


@dataclass(frozen=True)
class Choice:
    """The way of letters to a person. Reminders of dates set by law go by mail at once, whatever is chosen."""

    mail: bool = True
    digest: bool = False
    quiet_from: int = deliveries.QUIET[0]  # hour of the day in Asia/Shanghai; as quiet_until: never quiet
    quiet_until: int = deliveries.QUIET[1]
    working_days_only: bool = False


def of(session: Session, actor: Actor) -> Choice:
    """What the person has chosen; of those who have not, the way it is for everybody."""
    access.require(actor, "own.read")
    row = session.get(LetterChoice, actor.person_id)
    if row is None:
        return Choice()
    return Choice(row.mail, row.digest, row.quiet_from, row.quiet_until, row.working_days_only)


def choose(session: Session, actor: Actor, choice: Choice) -> None:
    """Keep what the person has chosen. Raises FormInvalid for an hour that there is not."""
    access.require(actor, "own.change")
    for name in ("quiet_from", "quiet_until"):
        if getattr(choice, name) not in HOURS:
            raise FormInvalid([Problem(name, "hour", said("请选择 0 至 23 点之间的整点"))])
    row = session.get(LetterChoice, actor.person_id) or LetterChoice(person_id=actor.person_id)
    for name, value in vars(choice).items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def give_address(session: Session, actor: Actor, address: str) -> None:
    """Where the person's mail goes; empty: nowhere, messages are read here. Raises AddressInvalid.

    The record says that it changed, not to what: an address is personal.
    """
    access.require(actor, "own.change")
    if address:
        addresses.require(address)
    own = session.get_one(Person, actor.person_id)
    if own.email == (address or None):
        return
    own.email, own.email_suspect = address or None, None
    session.flush()
    payload = {"account": own.name, "has_address": bool(address)}
    events.record(session, events.SYSTEM, actor.name, "account.address_changed", payload=payload)
