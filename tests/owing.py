"""A recognised cluster and what it owes, for tests of dates and reminders."""

from datetime import date
from typing import Any, Protocol

from sqlalchemy import select

from engine import deployments, obligations
from engine.clock import SHANGHAI
from engine.db import Database
from engine.models import Cluster, Delivery, Event, Letter, Obligation, Person, Reminder
from tests import samples
from tests.office import BUREAU, COUNTY, REGIME, Office


class Furnished(Protocol):
    """An office with its database, in a test of the engine or behind a browser."""

    @property
    def database(self) -> Database: ...


def recognised(office: Furnished, published: date, last: date) -> int:
    """A cluster that was recognised then, and what it owes until its last day."""
    with office.database.write() as session:
        cluster = Cluster(
            regime=REGIME,
            bureau_code=BUREAU,
            organisation_code=COUNTY,
            name=samples.CLUSTER,
            state="recognised",
            recognised_on=published,
            first_day=published,
            last_day=last,
            created_at=samples.MOMENT,
        )
        session.add(cluster)
        session.flush()
        rules = deployments.rules(session, REGIME)
        assert rules is not None
        obligations.of_cluster(session, cluster, rules, published, last)
        return cluster.id


def owed(office: Office, kind: str, year: int) -> Obligation:
    with office.database.read() as session:
        query = select(Obligation).where(Obligation.kind == kind, Obligation.year == year)
        return session.scalars(query).one()


def rungs(office: Office, obligation_id: int) -> dict[str, date]:
    """The rungs that are to come, with their days."""
    with office.database.read() as session:
        query = select(Reminder).where(
            Reminder.obligation_id == obligation_id, Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None)
        )
        return {row.rung: row.fire_at.astimezone(SHANGHAI).date() for row in session.scalars(query)}


def letters(office: Office, template: str) -> list[Letter]:
    with office.database.read() as session:
        return list(session.scalars(select(Letter).where(Letter.template == template).order_by(Letter.id)))


def recorded(office: Office, kind: str) -> list[Any]:
    with office.database.read() as session:
        return list(session.scalars(select(Event).where(Event.kind == kind).order_by(Event.chain, Event.seq)))


def reminded(office: Office, template: str) -> set[str]:
    """The accounts that a reminder of this kind went out to."""
    query = select(Person.name).join(Delivery, Delivery.person_id == Person.id).where(Delivery.template == template)
    with office.database.read() as session:
        return set(session.scalars(query))
