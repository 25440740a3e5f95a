"""Letters that are due, for tests of their sending: people with addresses, and a delivery for each of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine import clock
from engine.db import Database
from engine.models import Attempt, Delivery, MailAccount, Person
from notifications.wording import Written


def put(
    database: Database, addresses: Sequence[str | None], *, due_at: datetime | None = None, **other: Any
) -> list[int]:
    """One letter to each address; answers the deliveries' numbers, in that order."""
    with database.write() as session:
        at = due_at or clock.now()
        first = (session.scalar(select(Person.id).order_by(Person.id.desc())) or 0) + 1
        people = [
            {"id": number, "name": f"p{number}", "display_name": f"收件人{number}", "email": address, "created_at": at}
            for number, address in enumerate(addresses, first)
        ]
        session.execute(insert(Person), people)
        rows = [
            {
                "dedupe_key": f"r{person['id']}.p{person['id']}",
                "person_id": person["id"],
                "template": "task_due",
                "statutory": True,
                "subject": "关于报送年度培育情况的提醒",
                "body": "请于3月15日前报送。\n",
                "created_at": at,
                "status": "due",
                "not_before": at,
                **other,
            }
            for person in people
        ]
        return list(session.scalars(insert(Delivery).returning(Delivery.id, sort_by_parameter_order=True), rows))


def as_it_stands(_session: Session, delivery: Delivery) -> Written:
    """The letter in the words its row has."""
    return Written(delivery.subject or "", delivery.body or "", f"<p>{delivery.body}</p>")


def found(database: Database) -> dict[int, Delivery]:
    with database.read() as session:
        return {row.id: row for row in session.scalars(select(Delivery).order_by(Delivery.id))}


def attempts(database: Database) -> list[Attempt]:
    with database.read() as session:
        return list(session.scalars(select(Attempt).order_by(Attempt.id)))


def account(database: Database, name: str = "notice") -> MailAccount:
    with database.read() as session:
        return session.get_one(MailAccount, name)
