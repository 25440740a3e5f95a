"""Accreditation (脚本授权): which process owners' deployments may bring scripts. The security administrator says so."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, events
from engine.errors import NotFound, Refused
from engine.models import Accreditation, Membership, Person

OWNER = "process_owner"


def grant(session: Session, person: Person, *, by: str) -> None:
    """The person's deployments may bring scripts from now on. Raises Refused for who is no process owner in use."""
    owns = session.scalar(
        select(Membership.person_id).where(Membership.person_id == person.id, Membership.role == OWNER).limit(1)
    )
    if owns is None or person.disabled_at is not None:
        raise Refused(said("%(name)s 不是在用的流程管理人员，不能授权使用脚本", name=person.name))
    if session.get(Accreditation, person.id) is not None:
        raise Refused(said("%(name)s 已获脚本授权", name=person.name))
    session.add(Accreditation(person_id=person.id, granted_at=clock.now(), granted_by=by))
    session.flush()
    events.record(session, events.SYSTEM, by, "owner.accredited", payload={"account": person.name})


def withdraw(session: Session, person: Person, *, by: str) -> None:
    """No deployment of theirs brings scripts any more; what is deployed stays. Raises NotFound."""
    if not lapse(session, person, by=by):
        raise NotFound(said("%(name)s 没有脚本授权", name=person.name))


def lapse(session: Session, person: Person, *, by: str) -> bool:
    """As `withdraw`, where there is one: it ends with the role and with the account. Answers whether there was one."""
    held = session.get(Accreditation, person.id)
    if held is None:
        return False
    session.delete(held)
    session.flush()
    events.record(session, events.SYSTEM, by, "owner.accreditation_withdrawn", payload={"account": person.name})
    return True


def of(session: Session, person_id: int) -> Accreditation | None:
    """Since when, and by whom; None for who has none."""
    return session.get(Accreditation, person_id)


def held_by(session: Session, name: str) -> bool:
    """Whether the account of this name is accredited today."""
    query = select(Accreditation.person_id).join(Person, Person.id == Accreditation.person_id)
    return session.scalar(query.where(Person.name == name, Person.disabled_at.is_(None)).limit(1)) is not None
