"""What the system and the security administrator do, each only their own part, all of it recorded. 三员分立.

The system administrator says who exists; the security administrator says what they may do and gives them their
first password. Their own roles are nobody's to change, and no kind of administrator may die out.
"""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, accounts, accreditation, events, organisations, sign_ins
from engine.access import ADMINISTRATORS, ROLES, Actor
from engine.accounts import AccountInvalid
from engine.errors import Forbidden, NotFound, Refused
from engine.models import Membership, Organisation, Person
from engine.organisations import OrganisationInvalid

LONGEST_NAME = 60  # characters, of a person as shown or of an organisation

_LEVEL_OF = {"county_officer": "county", "park_officer": "park"}  # the others serve a bureau
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


# ---- the system administrator -------------------------------------------------------------------


def add_account(session: Session, actor: Actor, name: str, display_name: str) -> Person:
    """A new account that can do nothing yet. Raises Forbidden, AccountInvalid with `field`: "name", "display_name"."""
    access.require(actor, "account.add")
    shown = display_name.strip()
    if not shown or len(shown) > LONGEST_NAME or _UNPRINTABLE.search(shown):
        why = said("请填写姓名，不超过 %(most)s 个字，不含换行等控制字符", most=LONGEST_NAME)
        raise AccountInvalid(why, field="display_name")
    return accounts.add(session, name.strip(), display_name=shown, by=actor.name)


def disable(session: Session, actor: Actor, person_id: int) -> None:
    """The account's sign-ins and tokens end now. Raises Forbidden, NotFound, Refused for a last administrator."""
    person = _another(session, actor, "account.disable", person_id)
    for role in sorted(accounts.roles(session, person) & ADMINISTRATORS):
        _require_successor(session, person, role)
    accounts.disable(session, person, by=actor.name)


def enable(session: Session, actor: Actor, person_id: int) -> None:
    """The account may be used again, with a new password. Raises Forbidden, NotFound."""
    accounts.enable(session, _another(session, actor, "account.disable", person_id), by=actor.name)


def add_organisation(
    session: Session, actor: Actor, code: str, name: str, *, level: str, parent_code: str | None
) -> Organisation:
    """A new organisation below its parent. Raises Forbidden, OrganisationInvalid, NotFound for the parent."""
    access.require(actor, "organisation.add")
    made = organisations.add(session, code.strip(), _named(name), level, parent_code)
    payload = {"organisation": made.code, "name": made.name, "level": made.level, "parent": made.parent_code}
    events.record(session, events.SYSTEM, actor.name, "organisation.added", payload=payload)
    return made


def rename_organisation(session: Session, actor: Actor, code: str, name: str) -> None:
    """The organisation under another name. Raises Forbidden, NotFound, OrganisationInvalid."""
    access.require(actor, "organisation.rename")
    before, after = organisations.get(session, code).name, _named(name)
    if before == after:
        return
    organisations.rename(session, code, after)
    payload = {"organisation": code, "before": before, "after": after}
    events.record(session, events.SYSTEM, actor.name, "organisation.renamed", payload=payload)


def mark_organisation(session: Session, actor: Actor, code: str, *, western: bool, special: bool) -> None:
    """What the rules ask otherwise of a provincial department. Raises Forbidden, NotFound, OrganisationInvalid."""
    access.require(actor, "organisation.mark")
    found = organisations.get(session, code)
    if (found.western, found.special) == (western, special):
        return
    organisations.mark(session, code, western=western, special=special)
    payload = {"organisation": code, "western": western, "special": special}
    events.record(session, events.SYSTEM, actor.name, "organisation.marked", payload=payload)


# ---- the security administrator -----------------------------------------------------------------


def grant(session: Session, actor: Actor, person_id: int, role: str, organisation_code: str) -> None:
    """Give somebody else a role in an organisation of its level. Raises Forbidden, NotFound, AccountInvalid."""
    person = _another(session, actor, "role.grant", person_id)
    if person.disabled_at is not None:
        raise AccountInvalid(said("账号 %(name)s 已停用，请先由系统管理员启用", name=person.name))
    office = organisations.get(session, organisation_code)
    if role in ROLES and _LEVEL_OF.get(role, "") not in {"", office.level}:
        raise AccountInvalid(
            said(
                "%(title)s只能在%(level)s机构任职，“%(office)s”不是",
                title=said(ROLES[role]),
                level=said(organisations.LEVELS[_LEVEL_OF[role]]),
                office=office.name,
            )
        )
    if role in ROLES and role not in _LEVEL_OF and office.level == "park":
        raise AccountInvalid(
            said("%(title)s不能在园区任职，“%(office)s”是园区机构", title=said(ROLES[role]), office=office.name)
        )
    accounts.grant(session, person, role, organisation_code, by=actor.name)


def withdraw(session: Session, actor: Actor, person_id: int, role: str, organisation_code: str) -> None:
    """Take a role from somebody else. Raises Forbidden, NotFound, Refused for a last administrator."""
    person = _another(session, actor, "role.grant", person_id)
    if role in ADMINISTRATORS:
        _require_successor(session, person, role)
    accounts.withdraw(session, person, role, organisation_code, by=actor.name)


def accredit(session: Session, actor: Actor, person_id: int) -> None:
    """Somebody else's deployments may bring scripts. Raises Forbidden, NotFound, Refused for who is no owner."""
    accreditation.grant(session, _another(session, actor, "account.accredit", person_id), by=actor.name)


def end_accreditation(session: Session, actor: Actor, person_id: int) -> None:
    """Somebody else's deployments may bring no scripts any more. Raises Forbidden, NotFound."""
    accreditation.withdraw(session, _another(session, actor, "account.accredit", person_id), by=actor.name)


def unlock(session: Session, actor: Actor, person_id: int) -> None:
    """Somebody else may try to sign in again. Raises Forbidden, NotFound."""
    sign_ins.unlock(session, _another(session, actor, "account.unlock", person_id), by=actor.name)


def reset_password(session: Session, actor: Actor, person_id: int) -> str:
    """A one-time password for somebody else, told only here. Raises Forbidden, NotFound, Refused.

    Not for another administrator: whoever could sign in as one would be two of the three in one person.
    """
    person = _another(session, actor, "password.reset", person_id)
    if person.disabled_at is not None:
        raise Refused(said("账号 %(name)s 已停用，请先由系统管理员启用", name=person.name))
    if accounts.roles(session, person) & ADMINISTRATORS:
        raise Refused(
            said(
                "管理员的密码不由另一管理员重置；请由服务器运维人员运行 jiqun user password %(name)s", name=person.name
            )
        )
    return accounts.issue_password(session, person, by=actor.name)


def end_sign_ins(session: Session, actor: Actor, person_id: int) -> None:
    """All sign-ins of somebody else end. Raises Forbidden, NotFound."""
    person = _another(session, actor, "session.end_all", person_id)
    sign_ins.end_all(session, person)
    payload = {"account": person.name}
    events.record(session, events.SYSTEM, actor.name, "sign_in.all_ended", payload=payload)


def revoke_token(session: Session, actor: Actor, person_id: int, marked: str) -> None:
    """An API token of somebody else ends. Raises Forbidden, NotFound."""
    sign_ins.revoke(session, _another(session, actor, "token.revoke", person_id), marked, by=actor.name)


def _another(session: Session, actor: Actor, action: str, person_id: int) -> Person:
    access.require(actor, action)  # before the account is looked for: others learn nothing of it here
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(said("没有这个账号"))
    if person.id == actor.person_id:
        raise Forbidden(said("不能对本人的账号做这项操作，请由另一位管理员办理"))
    access.require(actor, action, person)
    return person


def _require_successor(session: Session, person: Person, role: str) -> None:
    """Somebody else in use has the role. All who have it are locked, so that two cannot leave at once."""
    query = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.role == role, Person.disabled_at.is_(None))
        .order_by(Person.id)
        .with_for_update(of=Person)
    )
    if not {other.id for other in session.scalars(query)} - {person.id}:
        raise Refused(
            said("%(name)s 是最后一位在用的%(title)s，请先另设一位", name=person.name, title=said(ROLES[role]))
        )


def _named(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or _UNPRINTABLE.search(name):
        raise OrganisationInvalid(said("请填写机构名称，不超过 %(most)s 个字，不含换行等控制字符", most=LONGEST_NAME))
    return name
