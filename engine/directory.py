"""Reading for the three administrators: accounts with their offices, and the record of every chain.

None of them sees business (GB/T 22239-2019 8.1.5): of a bureau's chain they read who did what when, not with what
content. An export leaves that content out as the law lets it be erased, so the chain can still be verified.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Exists, case, func, literal, or_, select
from sqlalchemy.orm import Session

from config.sentences import said
from config.settings import Settings
from engine import access, accounts, accreditation, clock, events, sign_ins
from engine.access import ADMINISTRATORS, Actor
from engine.errors import NotFound
from engine.models import Case, ChainHead, Event, Membership, Organisation, Person, SignInFailure

Row: TypeAlias = Mapping[str, Any]

STATES = ("active", "disabled", "locked", "no_password")  # of an account; "active" is none of the others


def listed(
    session: Session,
    actor: Actor,
    *,
    words: str = "",
    organisation: str = "",
    role: str = "",
    state: str = "",
    limit: int = 50,
    after: str = "",
) -> list[Row]:
    """Accounts by name, each with its state and offices; `after` is the name of the last one before."""
    access.require(actor, "account.list")
    query = (
        select(Person.id, Person.name, Person.display_name, Person.created_at, _state().label("state"))
        .where(Person.name > after)
        .order_by(Person.name)
        .limit(limit)
    )
    if words:
        query = query.where(
            or_(*(column.contains(words, autoescape=True) for column in (Person.name, Person.display_name)))
        )
    if organisation:
        query = query.where(_office(Membership.organisation_code == organisation))
    if role:
        query = query.where(_office(Membership.role == role))
    if state:
        query = query.where(_state() == state)
    rows = [dict(row) for row in session.execute(query).mappings()]
    offices = _offices(session, [row["id"] for row in rows])
    return [{**row, "offices": offices.get(row["id"], [])} for row in rows]


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many accounts there are of each state."""
    access.require(actor, "account.list")
    stand = select(_state().label("state")).select_from(Person).subquery()
    return dict(session.execute(select(stand.c.state, func.count()).group_by(stand.c.state)).all())


def account(session: Session, actor: Actor, person_id: int, settings: Settings) -> Row:
    """An account with its offices; for the security administrator also where it is signed in. Raises NotFound."""
    access.require(actor, "account.list")
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(said("没有这个账号"))
    sees = access.may(actor, "session.list")
    return {
        "id": person.id,
        "name": person.name,
        "display_name": person.display_name,
        "created_at": person.created_at,
        "disabled_at": person.disabled_at,
        "password_changed_at": person.password_changed_at,
        "password_due": accounts.password_due(person),
        "state": session.scalar(select(_state()).where(Person.id == person_id)),
        "offices": _offices(session, [person_id]).get(person_id, []),
        "administrator": bool(accounts.roles(session, person) & ADMINISTRATORS),
        "owner": accreditation.OWNER in accounts.roles(session, person),
        "accredited": accreditation.of(session, person_id),
        "sign_ins": sign_ins.holding(session, person, settings) if sees else [],
        "tokens": sign_ins.tokens(session, person) if sees else [],
    }


def organisations(session: Session, actor: Actor) -> list[Row]:
    """The tree of organisations, each after the one above it, with its depth and how many people serve in it."""
    access.require(actor, "organisation.list")
    people = (
        select(func.count(Membership.person_id.distinct()))
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_code == Organisation.code, Person.disabled_at.is_(None))
    )
    query = select(
        Organisation.code,
        Organisation.name,
        Organisation.level,
        Organisation.parent_code,
        Organisation.path,
        Organisation.western,
        Organisation.special,
        people.correlate(Organisation).scalar_subquery().label("people"),
    ).order_by(Organisation.path)
    return [{**row, "depth": row["path"].count("/") - 2} for row in session.execute(query).mappings()]


# ---- the record ---------------------------------------------------------------------------------


def chains(session: Session, actor: Actor) -> list[Row]:
    """The chains there are, the system's first, with the bureau's name and the number of entries."""
    access.require(actor, "record.read")
    query = (
        select(ChainHead.chain, ChainHead.seq, Organisation.name)
        .outerjoin(Organisation, Organisation.code == ChainHead.chain)
        .order_by(ChainHead.chain != events.SYSTEM, ChainHead.chain)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def chain_of(session: Session, actor: Actor, case_id: int) -> str:
    """The chain in which a case is recorded; the system's for a case that is not there."""
    access.require(actor, "record.read")
    return session.scalar(select(Case.bureau_code).where(Case.id == case_id)) or events.SYSTEM


def entries(
    session: Session,
    actor: Actor,
    chain: str,
    *,
    who: str = "",
    kind: str = "",
    on: date | None = None,
    case_id: int | None = None,
    limit: int = 50,
    before: int | None = None,
) -> list[Row]:
    """Entries of a chain, the newest first, without the content of business; `before` is a number of an entry."""
    access.require(actor, "record.read")
    columns = [Event.seq, Event.at, Event.actor, Event.kind, Event.case_id, Event.element, Event.hash]
    content: Any = Event.payload if chain == events.SYSTEM else literal(None)
    query = select(*columns, content.label("payload")).where(Event.chain == chain)
    if who:
        query = query.where(Event.actor == who)
    if kind:
        query = query.where(Event.kind == kind)
    if on:
        begins = datetime.combine(on, time.min, clock.SHANGHAI)
        query = query.where(Event.at >= begins, Event.at < begins + timedelta(days=1))
    if case_id is not None:
        query = query.where(Event.case_id == case_id)
    if before is not None:
        query = query.where(Event.seq < before)
    return [dict(row) for row in session.execute(query.order_by(Event.seq.desc()).limit(limit)).mappings()]


def exported(session: Session) -> Iterator[Row]:
    """All entries as `jiqun audit export` writes them, business without its content. Recorded by `note_export`."""
    for row in events.every(session):
        yield row if row["chain"] == events.SYSTEM else {**row, "payload": None, "salt": ""}


def note_export(session: Session, actor: Actor) -> None:
    """The record says that it was taken out. Raises Forbidden."""
    access.require(actor, "record.export")
    events.record(session, events.SYSTEM, actor.name, "record.exported")


def note_check(session: Session, actor: Actor, checked: events.Checked) -> None:
    """The record says how far a chain was verified, and how that ended. Raises Forbidden."""
    access.require(actor, "record.verify")
    broken = {"broken_at": checked.broken.seq, "reason": checked.broken.reason} if checked.broken else {}
    payload = {"chain": checked.chain, "until": checked.seq, "complete": checked.complete, **broken}
    events.record(session, events.SYSTEM, actor.name, "record.verified", payload=payload)


def _state() -> ColumnElement[str]:
    locked = (
        select(SignInFailure.key)
        .where(SignInFailure.key == literal("person:") + Person.name, SignInFailure.locked_until > clock.now())
        .correlate(Person)
        .exists()
    )
    return case(
        (Person.disabled_at.is_not(None), "disabled"),
        (locked, "locked"),
        (Person.password_hash.is_(None), "no_password"),
        else_="active",
    )


def _office(condition: ColumnElement[bool]) -> Exists:
    return select(Membership.role).where(Membership.person_id == Person.id, condition).correlate(Person).exists()


def _offices(session: Session, people: list[int]) -> dict[int, list[Row]]:
    query = (
        select(
            Membership.person_id,
            Membership.role,
            Membership.organisation_code,
            Organisation.name.label("organisation"),
            Membership.granted_at,
            Membership.granted_by,
        )
        .join(Organisation, Organisation.code == Membership.organisation_code)
        .where(Membership.person_id.in_(people))
        .order_by(Membership.organisation_code, Membership.role)
    )
    found: dict[int, list[Row]] = {}
    for row in session.execute(query).mappings():
        found.setdefault(row["person_id"], []).append(dict(row))
    return found
