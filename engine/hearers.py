"""Hearers: who was told of a date, by a letter or by a reminder, and has to hear when it moves."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engine import listed, particulars
from engine.models import Delivery, Letter, Membership, Reminder, Task


class Hearer(NamedTuple):
    """The officers of an office, or one person."""

    organisation_code: str
    role: str
    person_id: int | None


def of_tasks(session: Session, old: Mapping[str, datetime]) -> dict[str, set[Hearer]]:
    """By task, who had a letter with its old date: of the office that has it, or by one of its reminders."""
    ids = list(old)
    theirs = and_(
        Letter.case_id == Task.case_id,
        Letter.organisation_code == Task.organisation_code,
        Letter.created_at >= Task.opened_at,
    )
    query = select(Task.id, Letter.organisation_code, Letter.role, Letter.person_id, Letter.fields).join(Letter, theirs)
    found: dict[str, set[Hearer]] = defaultdict(set)
    for task_id, code, role, person, fields in session.execute(query.where(listed.among(session, Task.id, ids))):
        if fields.get("期限") == particulars.in_words(old[task_id]):
            found[task_id].add(Hearer(code, role, person))
    return _with_reminded(session, Reminder.task_id, ids, found)


def of_obligations(session: Session, ids: Collection[int]) -> dict[int, set[Hearer]]:
    """By what is owed, who had a reminder of it."""
    return _with_reminded(session, Reminder.obligation_id, list(ids), defaultdict(set))


def _with_reminded(session: Session, of: Any, ids: list[Any], found: dict[Any, set[Hearer]]) -> dict[Any, set[Hearer]]:
    """With the persons who had a reminder, but for those whom these letters reach; each in one of their offices."""
    query = select(of, Delivery.person_id).join(Delivery, Delivery.reminder_id == Reminder.id).distinct()
    offices, members = _Offices(session), _Members(session)
    for thing, person in session.execute(query.where(listed.among(session, of, ids))).all():
        office = offices[person]
        if office is not None and not any(person in members[hearer] for hearer in found[thing]):
            found[thing].add(office)
    return found


class _Offices(dict[int, Hearer | None]):
    """By person, the office in which they have been longest; None for who has none any more: they are told nothing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __missing__(self, person: int) -> Hearer | None:
        query = select(Membership.organisation_code, Membership.role).where(Membership.person_id == person)
        office = self._session.execute(query.order_by(Membership.granted_at, Membership.role)).first()
        self[person] = Hearer(*office, person) if office else None
        return self[person]


class _Members(dict[Hearer, set[int]]):
    """The persons that a letter to these reaches."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __missing__(self, hearer: Hearer) -> set[int]:
        code, role, person = hearer
        members = select(Membership.person_id).where(Membership.organisation_code == code, Membership.role == role)
        self[hearer] = {person} if person else set(self._session.scalars(members))
        return self[hearer]
