"""Accounts: people, their offices and their passwords. An account is disabled, never deleted."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import enumerated, said
from engine import accreditation, clock, events, organisations, passwords, sign_ins
from engine.access import ADMINISTRATORS, ROLES, Actor
from engine.access import Membership as Office
from engine.errors import NotFound
from engine.models import Membership, Organisation, Person

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_RESERVED = frozenset({"worker", "system", "public"})  # the record names these when no person acted


class AccountInvalid(JiqunError):
    """A name that cannot be one, a role that does not exist, or roles that exclude each other."""

    code = "account_invalid"


def add(session: Session, name: str, *, display_name: str = "", by: str) -> Person:
    """A new account without password or office. Raises AccountInvalid with `field`, "name"."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise AccountInvalid(
            said("登录名 %(name)s 不可用：应为 2 至 32 位小写字母、数字、点、横线或下划线", name=repr(name)),
            field="name",
        )
    if session.scalar(select(Person.id).where(Person.name == name)) is not None:
        raise AccountInvalid(said("登录名 %(name)s 已存在；登录名不重复使用，请换一个", name=name), field="name")
    person = Person(name=name, display_name=display_name or name, language="zh-CN", created_at=clock.now())
    session.add(person)
    session.flush()
    _record(session, by, "account.created", person)
    return person


def by_name(session: Session, name: str) -> Person:
    """The account with this name. Raises NotFound."""
    person = session.scalar(select(Person).where(Person.name == name))
    if person is None:
        raise NotFound(said("没有名为 %(name)s 的账号；可用 jiqun user list 查看", name=name))
    return person


def called(session: Session, name: str) -> str:
    """What the person with this account is called; the account's own name where there is none, as of the operator."""
    return session.scalar(select(Person.display_name).where(Person.name == name)) or name


def id_of(session: Session, name: str) -> int | None:
    """The number of the account with this name, if there is one."""
    return session.scalar(select(Person.id).where(Person.name == name))


def listed(session: Session) -> list[tuple[Person, list[Membership]]]:
    """All accounts by name, each with its offices."""
    offices: dict[int, list[Membership]] = {}
    for office in session.scalars(select(Membership).order_by(Membership.organisation_code, Membership.role)):
        offices.setdefault(office.person_id, []).append(office)
    return [(person, offices.get(person.id, [])) for person in session.scalars(select(Person).order_by(Person.name))]


def grant(session: Session, person: Person, role: str, organisation_code: str, *, by: str) -> None:
    """Give a person a role in an organisation. Their sign-ins end. Raises AccountInvalid, NotFound.

    An administrator has that one role and no other: the three exclude each other and every business role
    (GB/T 22239-2019 8.1.5, 三员分立). Who becomes one sets a new password, for the rules are stricter.
    """
    if role not in ROLES:
        raise AccountInvalid(said("没有名为 %(role)s 的岗位；可用的有 %(known)s", role=role, known=enumerated(ROLES)))
    organisations.get(session, organisation_code)
    held = roles(session, person)
    if (held - {role} and role in ADMINISTRATORS) or held & ADMINISTRATORS - {role}:
        raise AccountInvalid(
            said(
                "%(name)s 已任%(roles)s：系统、安全、审计管理员三员互斥，也不得兼任业务岗位；请另设账号",
                name=person.name,
                roles=enumerated(said(ROLES[other]) for other in sorted(held)),
            )
        )
    if session.get(Membership, (person.id, organisation_code, role)) is not None:
        raise AccountInvalid(
            said(
                "%(name)s 已在 %(organisation)s 任%(title)s",
                name=person.name,
                organisation=organisation_code,
                title=said(ROLES[role]),
            )
        )
    session.add(
        Membership(
            person_id=person.id,
            organisation_code=organisation_code,
            role=role,
            granted_at=clock.now(),
            granted_by=by,
        )
    )
    if role in ADMINISTRATORS:
        person.password_hash = None
    session.flush()
    sign_ins.end_all(session, person)
    _record(session, by, "role.granted", person, role=role, organisation=organisation_code)


def withdraw(session: Session, person: Person, role: str, organisation_code: str, *, by: str) -> None:
    """Take a role away again. Their sign-ins end. Raises NotFound."""
    office = session.get(Membership, (person.id, organisation_code, role))
    if office is None:
        raise NotFound(
            said(
                "%(name)s 没有在 %(organisation)s 任 %(role)s",
                name=person.name,
                organisation=organisation_code,
                role=role,
            )
        )
    session.delete(office)
    session.flush()
    if accreditation.OWNER not in roles(session, person):
        accreditation.lapse(session, person, by=by)
    sign_ins.end_all(session, person)
    _record(session, by, "role.withdrawn", person, role=role, organisation=organisation_code)


def set_password(session: Session, person: Person, password: str, *, by: str, keep: str = "") -> None:
    """Replace the password. Their sign-ins but `keep` end; tokens live on. Raises PasswordWeak."""
    passwords.check(password, name=person.name, administrator=bool(roles(session, person) & ADMINISTRATORS))
    person.password_hash, person.password_changed_at = passwords.hashed(password), clock.now()
    session.flush()
    sign_ins.end_all(session, person, keep=keep)
    _record(session, by, "password.changed", person)


def issue_password(session: Session, person: Person, *, by: str) -> str:
    """A new one-time password, told only here: the person has to replace it before anything else. Sign-ins end."""
    password = passwords.made_up()
    person.password_hash, person.password_changed_at = passwords.hashed(password), None
    session.flush()
    sign_ins.end_all(session, person)
    _record(session, by, "password.reset", person)
    return password


def password_due(person: Person) -> bool:
    """Whether somebody else chose the person's password."""
    return person.password_hash is not None and person.password_changed_at is None


def disable(session: Session, person: Person, *, by: str) -> None:
    """Nobody signs in with this account any more; sign-ins and tokens end now. Twice is once."""
    if person.disabled_at is not None:
        return
    person.disabled_at = clock.now()
    session.flush()
    sign_ins.end_all(session, person)
    sign_ins.revoke_tokens(session, person)
    accreditation.lapse(session, person, by=by)
    _record(session, by, "account.disabled", person)


def enable(session: Session, person: Person, *, by: str) -> None:
    """A disabled account may sign in again, once it has been given a new password. Twice is once."""
    if person.disabled_at is None:
        return
    person.disabled_at, person.password_hash = None, None
    session.flush()
    _record(session, by, "account.enabled", person)


def roles(session: Session, person: Person) -> set[str]:
    """The roles the person has, in whatever organisation."""
    return set(session.scalars(select(Membership.role).where(Membership.person_id == person.id)))


def actor(session: Session, person: Person, scopes: frozenset[str] | None = None) -> Actor:
    """A person with today's offices. Who asks for it has made sure who they are."""
    offices = session.execute(
        select(Membership.role, Membership.organisation_code, Organisation.path)
        .join(Organisation, Organisation.code == Membership.organisation_code)
        .where(Membership.person_id == person.id)
        .order_by(Membership.organisation_code, Membership.role)
    )
    held = tuple(Office(role, code, path) for role, code, path in offices)
    due = scopes is None and password_due(person)  # a machine's token is no password
    return Actor(person.id, person.name, person.display_name, held, scopes, due)


def _record(session: Session, by: str, kind: str, person: Person, **facts: str) -> None:
    events.record(session, "system", by, kind, payload={"account": person.name, **facts})
