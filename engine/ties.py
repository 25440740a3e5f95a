"""Ties (利害关系): why a member of the pool may not judge a case, and who is free to.

Same employer, same county, or a declared interest. No article of a regime says who steps aside; the idea is that of
行政许可法 and of every review by experts: nobody judges their own. What excludes is a rule of the bureau.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, deployments, pool
from engine.forms.kinds import NOTHING, Schema, kind_of, shape_of
from engine.models import Case, Interest, Organisation, Person, PoolMember, Task

_BETWEEN: Final = re.compile(r"[\s、，,；;。：:“”\"]+")  # what stands between names in a running text
_NAMES: Final = frozenset({"line", "text", "long_text"})  # kinds of answers that may name somebody
_SHORTEST = 2  # characters; nobody is called by one


@dataclass(frozen=True)
class Candidate:
    """A member of the kind asked for, and why they cannot be drawn for this case."""

    member_id: int
    person_id: int
    name: str  # as people call them
    employer: str
    fields: tuple[str, ...]
    excluded: str | None  # the reason; None: free
    wanted: bool  # knows one of the fields asked for, or none was asked for
    since: str  # first day of the term


def candidates(
    session: Session, case: Case, kind: str, fields: Collection[str] = (), *, office: str | None = None
) -> list[Candidate]:
    """Every member of this kind in the pool of the bureau, or of this office, by number; and why some may not judge.

    Suspended, outside their term, without the role or with a disabled account; at work where the applicant, the
    operating body or an enterprise of the application is; in the applicant's county; with a declared interest.
    """
    query = (
        select(PoolMember, Person, pool.HAS_ROLE)
        .join(Person, Person.id == PoolMember.person_id)
        .where(PoolMember.bureau_code == (office or case.bureau_code), PoolMember.kind == kind)
        .order_by(PoolMember.id)
    )
    rows = session.execute(query).all()
    ties = _of_members(session, case, [member for member, _person, _has_role in rows], office or case.bureau_code)
    asked = {fold(field) for field in fields if field.strip()}
    return [
        Candidate(
            member_id=member.id,
            person_id=person.id,
            name=person.display_name,
            employer=member.employer,
            fields=tuple(member.fields),
            excluded=_unable(member, person, has_role=bool(has_role)) or ties.get(member.id),
            wanted=not asked or any(fold(field) in asked for field in member.fields),
            since=member.first_day.isoformat(),
        )
        for member, person, has_role in rows
    ]


def of(session: Session, case: Case, member: PoolMember) -> str | None:
    """The tie between this member and the case, in words; None: there is none."""
    return _of_members(session, case, [member], member.bureau_code).get(member.id)


def fold(name: str) -> str:
    """A name as it is compared: full-width folded (NFKC), no blanks, no case."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _of_members(session: Session, case: Case, members: Iterable[PoolMember], office: str) -> dict[int, str]:
    """Who has a tie to the case, and which: the first that is found."""
    members = list(members)
    applicant = session.get_one(Organisation, case.organisation_code)
    lines = [code for code in applicant.path.split("/") if code]
    above = lines[lines.index(office) + 1 :] if office in lines else []
    named = _named(session, case, [applicant.code, *above])
    declared = _declared(session, case, [applicant.code, *above], [member.id for member in members])
    found: dict[int, str] = {}
    for member in members:
        employer = fold(member.employer)
        if member.id in declared:
            found[member.id] = said("已申报利害关系：%(statement)s", statement=declared[member.id])
        elif employer in named:
            found[member.id] = said(
                "任职单位“%(employer)s”即%(named)s", employer=member.employer, named=named[employer]
            )
        elif member.division and member.division == applicant.division:
            found[member.id] = said("任职单位在申报主体所在的县（市、区）")
    return found


def _unable(member: PoolMember, person: Person, *, has_role: bool) -> str | None:
    """Why nobody may draw this member now, whatever the case."""
    today = clock.today()
    if member.suspended is not None:
        return said("已暂停：%(reason)s", reason=member.suspended)
    if today < member.first_day or (member.last_day and today > member.last_day):
        return said("今天不在任期内")
    if person.disabled_at is not None:
        return said("账号已停用")
    return None if has_role else said("没有相应岗位")


def _declared(session: Session, case: Case, offices: list[str], members: list[int]) -> dict[int, str]:
    query = select(Interest.member_id, Interest.statement).where(
        Interest.member_id.in_(members),
        or_(Interest.cluster_id == case.cluster_id, Interest.organisation_code.in_(offices)),
    )
    return {row.member_id: row.statement for row in session.execute(query.order_by(Interest.id))}


def _named(session: Session, case: Case, offices: list[str]) -> dict[str, str]:
    """Folded name → what it is: the applicant's side, and everybody whom the filed answers name."""
    filed = (
        select(Task.form, Task.answers)
        .where(Task.case_id == case.id, Task.state == "done", Task.organisation_code == case.organisation_code)
        .order_by(Task.closed_at.desc())
    )
    deployed = deployments.deployed(session, case.deployment_id)
    found: dict[str, str] = {}
    for row in session.execute(filed):
        fields: Mapping[str, Schema] = deployed.form(row.form).document["properties"]
        for title, text in _texts(fields, row.answers or {}):
            for name in (text, *_BETWEEN.split(text)):
                if len(fold(name)) >= _SHORTEST and fold(name) != NOTHING:
                    found[fold(name)] = said("申报材料“%(title)s”中的单位", title=title)
    for name in session.scalars(select(Organisation.name).where(Organisation.code.in_(offices))):
        found[fold(name)] = said("申报主体或其主管部门")
    return found


def _texts(fields: Mapping[str, Schema], answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The answers in words that may name somebody, each with the title of its field."""
    for name, schema in fields.items():
        value = answers.get(name)
        if value is None:
            continue
        shape, title = shape_of(schema), schema["title"]
        if shape == "table":
            for row in value:
                yield from ((title, text) for _part, text in _texts(schema["items"]["properties"], row))
        elif shape == "group":
            yield from ((title, text) for _part, text in _texts(schema["properties"], value))
        elif shape == "list" and kind_of(schema["items"]) in _NAMES:
            yield from ((title, text) for text in value)
        elif shape in _NAMES and isinstance(value, str):
            yield title, value
