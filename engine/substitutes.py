"""Substitutes (代理): who gets a person's letters beside them while they are away. Their tasks stay where they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from config.sentences import said
from engine import access, clock, events
from engine.access import APPLICANTS, BUREAU, Actor
from engine.errors import FormInvalid, NotFound
from engine.forms import Problem
from engine.models import Membership, Organisation, Person, Substitute

MOST_DAYS = 366  # of one absence
MOST_AHEAD = 20  # absences noted and not over


@dataclass(frozen=True)
class Absence:
    """Days on which somebody substitutes."""

    id: int
    name: str  # the substitute's, as people call them
    first_day: date
    last_day: date


def colleagues(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Who can substitute for the person, account and name: whoever has one of their roles in the same office."""
    own, theirs = aliased(Membership), aliased(Membership)
    query = (
        select(Person.name, Person.display_name, Organisation.name.label("office"))
        .join(theirs, theirs.person_id == Person.id)
        .join(own, (own.organisation_code == theirs.organisation_code) & (own.role == theirs.role))
        .join(Organisation, Organisation.code == theirs.organisation_code)
        .where(own.person_id == actor.person_id, own.role.in_(APPLICANTS | BUREAU))
        .where(Person.id != actor.person_id, Person.disabled_at.is_(None))
        .order_by(Person.name)
    )
    return list(
        {row.name: (row.name, f"{row.display_name}（{row.office}）") for row in session.execute(query)}.values()
    )


def absences(session: Session, actor: Actor) -> Sequence[Absence]:
    """The person's absences that are not over, the next one first."""
    access.require(actor, "own.read")
    query = (
        select(Substitute.id, Person.display_name, Substitute.first_day, Substitute.last_day)
        .join(Person, Person.id == Substitute.substitute_id)
        .where(Substitute.person_id == actor.person_id, Substitute.last_day >= clock.today())
        .order_by(Substitute.first_day, Substitute.id)
    )
    return [Absence(*row) for row in session.execute(query)]


def name(session: Session, actor: Actor, account: str, first_day: date | None, last_day: date | None) -> None:
    """Let a colleague get the person's letters beside them on these days. Raises FormInvalid."""
    access.require(actor, "own.change")
    problems = _wrong_days(first_day, last_day)
    if account not in dict(colleagues(session, actor)):
        problems.insert(0, Problem("substitute", "unknown", said("请选择同一单位、同一岗位的同事")))
    if len(absences(session, actor)) >= MOST_AHEAD:
        problems.append(
            Problem("substitute", "most", said("至多安排 %(most)s 次代理，请先取消不再需要的", most=MOST_AHEAD))
        )
    if problems or first_day is None or last_day is None:
        raise FormInvalid(problems)
    chosen = session.scalars(select(Person).where(Person.name == account)).one()
    row = Substitute(
        person_id=actor.person_id,
        substitute_id=chosen.id,
        first_day=first_day,
        last_day=last_day,
        named_at=clock.now(),
        named_by=actor.name,
    )
    session.add(row)
    session.flush()
    payload = {"account": actor.name, "substitute": account, "first_day": first_day, "last_day": last_day}
    events.record(session, events.SYSTEM, actor.name, "substitute.named", payload=payload)


def end(session: Session, actor: Actor, absence_id: int) -> None:
    """From today on nobody substitutes for this absence any more. Raises NotFound."""
    access.require(actor, "own.change")
    row = session.get(Substitute, absence_id)
    if row is None or row.person_id != actor.person_id or row.last_day < clock.today():
        raise NotFound(said("没有这次代理安排，可能已经结束"))
    yesterday = clock.today() - timedelta(days=1)
    payload = {"account": actor.name, "first_day": row.first_day, "last_day": row.last_day}
    if row.first_day > yesterday:
        session.delete(row)
    else:
        row.last_day = yesterday
    session.flush()
    events.record(session, events.SYSTEM, actor.name, "substitute.ended", payload=payload)


def _wrong_days(first_day: date | None, last_day: date | None) -> list[Problem]:
    if first_day is None:
        return [Problem("first_day", "required", said("请填写开始日期"))]
    if last_day is None:
        return [Problem("last_day", "required", said("请填写结束日期"))]
    if last_day < first_day or last_day < clock.today():
        return [Problem("last_day", "order", said("结束日期不能早于开始日期，也不能早于今天"))]
    if (last_day - first_day).days >= MOST_DAYS:
        return [Problem("last_day", "longest", said("一次代理不超过 %(most)s 天", most=MOST_DAYS))]
    return []
