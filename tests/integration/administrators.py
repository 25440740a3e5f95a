"""An office with the three administrators at their browsers."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine import accounts
from engine.db import Database
from engine.models import Event
from tests.integration import desk
from tests.integration.desk import PASSWORD, Desk
from tests.integration.reader import Reader, reader, signed_in

ADMINISTRATORS = {
    "sysadmin": "system_administrator",
    "secadmin": "security_administrator",
    "auditor": "audit_administrator",
}
BUREAU, COUNTY, PARK = "441800", "441881", "441881-01"


def furnish(database: Database, data: Path) -> Desk:
    """The office; of its people the officer of the county has a password."""
    made = desk.furnish(database, data)
    with made.database.write() as session:
        for name, role in ADMINISTRATORS.items():
            accounts.grant(session, accounts.add(session, name, by="setup"), role, BUREAU, by="setup")
        accounts.set_password(session, accounts.by_name(session, "county"), PASSWORD, by="setup")
    return made


def as_(at: Desk, name: str) -> Reader:
    """Their browser, signed in."""
    return reader(at.app, signed_in(at.database, name))


def number(at: Desk, name: str) -> int:
    """The number of an account, as it stands in addresses."""
    with at.database.read() as session:
        return accounts.by_name(session, name).id


def kinds(at: Desk, by: str) -> list[str]:
    """What the record says that somebody did."""
    with at.database.read() as session:
        query = select(Event.kind).where(Event.chain == "system", Event.actor == by).order_by(Event.seq)
        return list(session.scalars(query))


def said(answer: Any) -> str:
    """The text of an answer."""
    return str(answer.get_data(as_text=True))
