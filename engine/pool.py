"""The pool (专家库、抽查人员名录): who a bureau may ask to judge, what they know, for whom they work, and their ties.

Reading it is for the bureau's own people, changing it for its officers; a member declares their own ties. Whatever
changes is recorded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, events, organisations
from engine.access import Actor
from engine.errors import Conflict, FormInvalid, NotFound
from engine.forms import Problem
from engine.models import Cluster, Interest, Membership, Organisation, Person, PoolMember, Seat

KINDS: Final[Mapping[str, str]] = {
    "expert": said("评审专家"),
    "inspector": said("实地抽查人员"),
}  # a kind is called like its role

_EMPLOYER, _FIELD, _REASON = 100, 40, 200  # characters
_MOST_FIELDS = 20
_DIVISION = re.compile(r"[0-9]{6}")


@dataclass(frozen=True)
class Card:
    """What the pool says of a member."""

    fields: Sequence[str]  # 专业领域
    employer: str  # its full name
    division: str  # 行政区划代码 of the county it lies in; empty: in none of the bureau's counties
    first_day: date
    last_day: date | None  # of the term; None: until further notice


@dataclass(frozen=True)
class Member:
    """A member as the pool's pages show them."""

    id: int
    name: str
    display_name: str
    kind: str
    card: Card
    suspended: str | None
    able: bool  # the account may sign in and has the role
    seats: int  # that they hold now in panels without an opinion yet


def add(session: Session, actor: Actor, bureau_code: str, name: str, *, kind: str, card: Card) -> PoolMember:
    """Put somebody with an account and the role into the pool. Raises Forbidden, FormInvalid, Conflict if in it."""
    access.require(actor, "pool.change", bureau_code)
    problems = [*_wrong(session, card)]
    if kind not in KINDS:
        problems.append(Problem("kind", "unknown", said("请选择评审专家或实地抽查人员")))
    person = session.scalar(select(Person).where(Person.name == name.strip()))
    if person is None:
        problems.append(Problem("name", "unknown", said("没有这个账号；请先由系统管理员开设账号，再加入名录")))
    elif kind in KINDS and not _has_role(session, person, kind, bureau_code):
        why = said("该账号还没有“%(role)s”岗位；请先由安全管理员授予，再加入名录", role=KINDS[kind])
        problems.append(Problem("name", "without_role", why))
    if problems or person is None:
        raise FormInvalid(problems)
    there = select(PoolMember.id).where(
        PoolMember.bureau_code == bureau_code, PoolMember.person_id == person.id, PoolMember.kind == kind
    )
    if session.scalar(there) is not None:
        raise Conflict(said("该人员已在名录中，请直接修改"), name=person.name)
    member = PoolMember(
        bureau_code=bureau_code,
        person_id=person.id,
        kind=kind,
        suspended=None,
        added_at=clock.now(),
        added_by=actor.name,
        **_cleaned(card),
    )
    session.add(member)
    session.flush()
    _record(session, actor, member, "pool.added", role=kind, **_cleaned(card))
    return member


def change(session: Session, actor: Actor, member_id: int, card: Card) -> PoolMember:
    """Say something else of a member. What was drawn before stays as it was. Raises NotFound, FormInvalid."""
    member = _locked(session, actor, member_id)
    if problems := [*_wrong(session, card)]:
        raise FormInvalid(problems)
    before, after = asdict(card_of(member)), _cleaned(card)
    changed = {name: [before[name], value] for name, value in after.items() if before[name] != value}
    for name, value in after.items():
        setattr(member, name, value)
    session.flush()
    if changed:
        _record(session, actor, member, "pool.changed", changed=changed)
    return member


def suspend(session: Session, actor: Actor, member_id: int, reason: str) -> PoolMember:
    """Nobody draws this member until `resume`; seats they hold they keep. Raises NotFound, FormInvalid."""
    member = _locked(session, actor, member_id)
    member.suspended = _reason("reason", reason)
    session.flush()
    _record(session, actor, member, "pool.suspended", reason=member.suspended)
    return member


def resume(session: Session, actor: Actor, member_id: int) -> PoolMember:
    """A suspended member may be drawn again. Twice is once."""
    member = _locked(session, actor, member_id)
    if member.suspended is not None:
        member.suspended = None
        session.flush()
        _record(session, actor, member, "pool.resumed")
    return member


def declare(
    session: Session, actor: Actor, member_id: int, statement: str, *, cluster: str = "", organisation_code: str = ""
) -> Interest:
    """A standing tie to a cluster (its full name or number) or to all that an office applies for.

    Declared by the member, or by an officer for them. Raises NotFound, FormInvalid.
    """
    member = _locked(session, actor, member_id, "pool.declare")
    problems = []
    found = _cluster(session, member.bureau_code, cluster.strip()) if cluster.strip() else None
    if cluster.strip() and found is None:
        why = said("没有这个集群；请按申报的全称填写，或填写集群的编号")
        problems.append(Problem("cluster", "unknown", why))
    if organisation_code and not _below(session, member.bureau_code, organisation_code):
        problems.append(Problem("organisation_code", "unknown", said("请从列出的单位中选择")))
    if bool(cluster.strip()) == bool(organisation_code):
        problems.append(Problem("cluster", "one_of", said("请填写集群或选择单位，二者择一")))
    if problems:
        raise FormInvalid(problems)
    return keep_tie(
        session,
        actor,
        member,
        _reason("statement", statement),
        cluster_id=found.id if found else None,
        organisation_code=organisation_code or None,
    )


def keep_tie(
    session: Session,
    actor: Actor,
    member: PoolMember,
    statement: str,
    *,
    cluster_id: int | None = None,
    organisation_code: str | None = None,
) -> Interest:
    """Write a declared tie down; the callers, `declare` and a recusal, have refused what cannot be one."""
    interest = Interest(
        member_id=member.id,
        cluster_id=cluster_id,
        organisation_code=organisation_code,
        statement=statement,
        declared_at=clock.now(),
        declared_by=actor.name,
    )
    session.add(interest)
    session.flush()
    _record(session, actor, member, "pool.interest", interest=interest.id, cluster=cluster_id, office=organisation_code)
    return interest


def find(session: Session, actor: Actor, member_id: int) -> PoolMember:
    """A member whom the actor may read: the bureau's staff all of them, a member themselves. Raises NotFound."""
    member = session.get(PoolMember, member_id)
    if member is None:
        raise NotFound(said("名录中没有这一项，或者您无权查看"))
    access.require(actor, "pool.read", member)
    return member


def listed(session: Session, actor: Actor, *, kind: str = "", words: str = "") -> list[Member]:
    """The members whom the actor may read, by kind and account; `words` in name, employer or field."""
    rules: list[ColumnElement[bool]] = [access.visible_members(actor)]
    if kind:
        rules.append(PoolMember.kind == kind)
    query = (
        select(PoolMember, Person, HAS_ROLE, _SEATS)
        .join(Person, Person.id == PoolMember.person_id)
        .where(*rules)
        .order_by(PoolMember.kind, Person.name)
    )
    found = [
        Member(
            id=member.id,
            name=person.name,
            display_name=person.display_name,
            kind=member.kind,
            card=card_of(member),
            suspended=member.suspended,
            able=bool(has_role) and person.disabled_at is None,
            seats=seats,
        )
        for member, person, has_role, seats in session.execute(query)
    ]
    return [each for each in found if not words or _says(each, words)]


def interests(session: Session, actor: Actor, member_id: int) -> list[Mapping[str, Any]]:
    """What a member has declared, newest first."""
    find(session, actor, member_id)
    query = (
        select(
            Interest.id,
            Cluster.name.label("cluster"),
            Organisation.name.label("organisation"),
            Interest.statement,
            Interest.declared_at,
            Interest.declared_by,
        )
        .outerjoin(Cluster, Cluster.id == Interest.cluster_id)
        .outerjoin(Organisation, Organisation.code == Interest.organisation_code)
        .where(Interest.member_id == member_id)
        .order_by(Interest.id.desc())
    )
    return [dict(row) for row in session.execute(query).mappings()]


def own(session: Session, actor: Actor) -> list[PoolMember]:
    """The actor's own places in pools."""
    query = select(PoolMember).where(PoolMember.person_id == actor.person_id)
    return list(session.scalars(query.order_by(PoolMember.id)))


def offices(session: Session, bureau_code: str) -> list[Organisation]:
    """The offices that may apply to a bureau: to one of them a member may have a tie."""
    below = Organisation.path.startswith(organisations.get(session, bureau_code).path, autoescape=True)
    query = select(Organisation).where(below, Organisation.code != bureau_code)
    return list(session.scalars(query.order_by(Organisation.path)))


def card_of(member: PoolMember) -> Card:
    return Card(tuple(member.fields), member.employer, member.division, member.first_day, member.last_day)


def _wrong(session: Session, card: Card) -> list[Problem]:
    problems = []
    fields = [field.strip() for field in card.fields if field.strip()]
    if not fields or len(fields) > _MOST_FIELDS or any(len(each) > _FIELD or not each.isprintable() for each in fields):
        why = said("请填写一至 %(most)s 个专业领域，每个不超过 %(limit)s 字", most=_MOST_FIELDS, limit=_FIELD)
        problems.append(Problem("fields", "fields", why))
    employer = card.employer.strip()
    if not employer or len(employer) > _EMPLOYER or not employer.isprintable():
        why = said("请填写任职单位的全称，不超过 %(limit)s 字", limit=_EMPLOYER)
        problems.append(Problem("employer", "required", why))
    known = select(Organisation.code).where(Organisation.division == card.division).limit(1)
    if card.division and not (_DIVISION.fullmatch(card.division) and session.scalar(known)):
        problems.append(Problem("division", "unknown", said("没有这个行政区划；单位不在本市各县（市、区）的，不填")))
    if card.last_day and card.last_day < card.first_day:
        problems.append(Problem("last_day", "before_first", said("任期的最后一日早于第一日，请核对")))
    return problems


def _cleaned(card: Card) -> dict[str, Any]:
    """As the row keeps it: texts trimmed, no field twice."""
    fields = tuple(dict.fromkeys(field.strip() for field in card.fields if field.strip()))
    return {**asdict(card), "fields": fields, "employer": card.employer.strip()}


def _reason(field: str, text: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > _REASON:
        raise FormInvalid([Problem(field, "required", said("请写明情况，不超过 %(limit)s 字", limit=_REASON))])
    return text


def _has_role(session: Session, person: Person, role: str, bureau_code: str) -> bool:
    return session.get(Membership, (person.id, bureau_code, role)) is not None


def _locked(session: Session, actor: Actor, member_id: int, action: str = "pool.change") -> PoolMember:
    member = session.get(PoolMember, member_id, with_for_update=True, populate_existing=True)
    if member is None:
        raise NotFound(said("名录中没有这一项，或者您无权查看"))
    access.require(actor, action, member if action == "pool.declare" else member.bureau_code)
    return member


def _cluster(session: Session, bureau_code: str, named: str) -> Cluster | None:
    rules = [Cluster.name == named]
    if named.isascii() and named.isdigit() and len(named) < 10:
        rules = [Cluster.id == int(named)]
    return session.scalar(select(Cluster).where(Cluster.bureau_code == bureau_code, *rules).order_by(Cluster.id.desc()))


def _below(session: Session, bureau_code: str, code: str) -> bool:
    return any(office.code == code for office in offices(session, bureau_code))


def _says(member: Member, words: str) -> bool:
    return any(words in text for text in (member.name, member.display_name, member.card.employer, *member.card.fields))


def _record(session: Session, actor: Actor, member: PoolMember, kind: str, **facts: Any) -> None:
    events.record(session, member.bureau_code, actor.name, kind, payload={"member": member.id, **facts})


HAS_ROLE = (  # whether a member still has the role of their kind
    exists()
    .where(
        Membership.person_id == PoolMember.person_id,
        Membership.organisation_code == PoolMember.bureau_code,
        Membership.role == PoolMember.kind,
    )
    .correlate(PoolMember)
)
_SEATS = (
    select(func.count())
    .select_from(Seat)
    .where(Seat.member_id == PoolMember.id, Seat.state != "done")
    .correlate(PoolMember)
    .scalar_subquery()
)
