"""What an actor may see, as conditions on rows: one rule for lists and, by engine.access, for single things.

Each says what it correlates with, so that it means the same whatever else the list joins.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import aliased

from engine import seats
from engine.actors import APPLICANTS, BUREAU, HANDLERS, OBJECTION_HANDLERS, OWNERS, VISITORS, Actor, Membership, offices
from engine.models import (
    BundleDraft,
    Case,
    Cluster,
    Finding,
    Inspection,
    Notice,
    Objection,
    Organisation,
    PoolMember,
    Prospect,
    Round,
    Seat,
    StoredFile,
    Task,
)


def visible_cases(actor: Actor) -> ColumnElement[bool]:
    """办件 the actor may see: their organisation's and those below it; their bureau's; through a task or a seat.

    A task that is sealed shows its holder nothing of the case (专家: 先声明、后查看).
    """
    rules: list[ColumnElement[bool]] = []
    for membership in actor.memberships:
        rules += _of_office(membership, Case)
        if membership.role in VISITORS:
            unsealed = exists().where(Task.case_id == Case.id, Task.sealed.is_(False), _visited(actor, membership))
            sent = or_(Case.bureau_code == membership.organisation_code, _in_chain(membership))
            rules += [unsealed.correlate(Case), and_(sent, seats.judged(actor.person_id))]
    return or_(false(), *rules)


def visible_tasks(actor: Actor) -> ColumnElement[bool]:
    """待办 the actor may read: of their own side of a case; the bureau reads all of its cases', experts their own.

    An office of the chain reads what it and those below it do in a case that has come to it, not what is done above.
    Experts and inspectors read what the applicant filed in the cases they judge. An opinion under seal is its
    author's alone, whoever else may read the case.
    """
    rules: list[ColumnElement[bool]] = []
    for membership in actor.memberships:
        if membership.role == "county_officer":
            rules.append(Task.organisation_code.in_(_at_or_below(membership.path)))
        elif membership.role == "park_officer":
            rules.append(Task.organisation_code == membership.organisation_code)
        elif membership.role in BUREAU:
            ours = exists().where(Case.id == Task.case_id, _of_bureau(membership)).correlate(Task)
            came = exists().where(Case.id == Task.case_id, _came_to(membership)).correlate(Task)
            rules += [ours, and_(Task.organisation_code.in_(_at_or_below(membership.path)), came)]
        elif membership.role in VISITORS:
            rules += [_visited(actor, membership), _filed_before(actor, membership)]
    return and_(or_(false(), *rules), ~seats.under_seal(actor.person_id))


def tasks_for(actor: Actor) -> ColumnElement[bool]:
    """待办 the actor may act on now: open, of their role in their organisation, and not a colleague's."""
    return and_(
        Task.state == "open",
        or_(Task.assignee_id.is_(None), Task.assignee_id == actor.person_id),
        or_(false(), *(_addressed_to(membership) for membership in actor.as_any_of(HANDLERS))),
    )


def visible_rounds(actor: Actor) -> ColumnElement[bool]:
    """批次 of the bureaus at or above the actor's organisations; a draft only for the bureau itself."""
    rules: list[ColumnElement[bool]] = []
    for membership in actor.as_any_of(HANDLERS):
        rules.append(and_(Round.bureau_code.in_(_codes(membership.path)), Round.state != "draft"))
        if membership.role in BUREAU:
            rules.append(Round.bureau_code == membership.organisation_code)
    return or_(false(), *rules)


def visible_clusters(actor: Actor) -> ColumnElement[bool]:
    """集群 of the applicant and those above it in the tree, and of the bureau."""
    return or_(false(), *(rule for each in actor.memberships for rule in _of_office(each, Cluster)))


def visible_members(actor: Actor) -> ColumnElement[bool]:
    """名录中的人: those of the actor's bureau for its own people; everybody sees their own entry."""
    return or_(PoolMember.bureau_code.in_(offices(actor, BUREAU)), PoolMember.person_id == actor.person_id)


def visible_files(actor: Actor) -> ColumnElement[bool]:
    """文件 of the cases the actor sees; one that no form has named yet belongs to who uploaded it."""
    seen = exists().where(Case.id == StoredFile.case_id, visible_cases(actor)).correlate(StoredFile)
    return or_(seen, and_(StoredFile.case_id.is_(None), StoredFile.uploaded_by == actor.name))


def visible_inspections(actor: Actor) -> ColumnElement[bool]:
    """抽查安排 of the cases that applicants and the bureau see, and those on whose team an inspector is."""
    sides = replace(actor, memberships=actor.as_any_of(APPLICANTS | BUREAU))
    seen = exists().where(Case.id == Inspection.case_id, visible_cases(sides))
    return or_(seen.correlate(Inspection), _on_team(actor))


def _on_team(actor: Actor) -> ColumnElement[bool]:
    if not actor.as_any_of({"inspector"}):
        return false()
    sits = exists().where(Seat.panel_id == Inspection.panel_id, Seat.person_id == actor.person_id)
    return sits.correlate(Inspection)


def visible_objections(actor: Actor) -> ColumnElement[bool]:
    """异议 of the actor's bureau, for its officers and leaders; who objects is told to those who handle it alone."""
    bureaus = offices(actor, OBJECTION_HANDLERS)
    return exists().where(Notice.id == Objection.notice_id, Notice.bureau_code.in_(bureaus)).correlate(Objection)


def _visited(actor: Actor, membership: Membership) -> ColumnElement[bool]:
    held = and_(Task.assignee_id == actor.person_id, Task.state.in_(("open", "done")))
    offered = and_(Task.state == "open", Task.assignee_id.is_(None), Task.seat_id.is_(None))
    mine = or_(held, offered, Task.closed_by == actor.name)
    return and_(_addressed_to(membership), mine, seats.held(actor.person_id))


def _filed_before(actor: Actor, membership: Membership) -> ColumnElement[bool]:
    """What the applicant handed in, in a case that this visitor judges."""
    judged = replace(actor, memberships=(membership,))
    whole = aliased(Case)
    case = select(whole.id).where(whole.id == Task.case_id, whole.organisation_code == Task.organisation_code)
    seen = exists().where(Case.id == Task.case_id, Case.cluster_id.is_not(None), visible_cases(judged))
    return and_(Task.state == "done", case.correlate(Task).exists(), seen.correlate(Task))


def _addressed_to(membership: Membership) -> ColumnElement[bool]:
    return and_(
        Task.organisation_code == membership.organisation_code,
        Task.roles.contains(f" {membership.role} ", autoescape=True),
    )


def _at_or_below(path: str) -> Any:
    return select(Organisation.code).where(Organisation.path.startswith(path, autoescape=True)).correlate(None)


def _codes(path: str) -> list[str]:
    return [code for code in path.split("/") if code]


def visible_findings(actor: Actor) -> ColumnElement[bool]:
    """情形线索: the people of the bureau alone; the cluster learns of it when it is heard."""
    return Finding.bureau_code.in_(offices(actor, BUREAU))


def visible_prospects(actor: Actor) -> ColumnElement[bool]:
    """培育库中的集群: for their keeper, the offices above it up to the bureau, and who would apply."""
    rules: list[ColumnElement[bool]] = []
    for membership in actor.memberships:
        if membership.role == "park_officer":
            rules.append(Prospect.organisation_code == membership.organisation_code)
        elif membership.role == "county_officer" or membership.role in BUREAU:
            kept = Prospect.keeper_code.in_(_at_or_below(membership.path))
            rules.append(and_(kept, Prospect.bureau_code.in_(_codes(membership.path))))
        if membership.role == "county_officer":
            rules.append(Prospect.organisation_code.in_(_at_or_below(membership.path)))
    return or_(false(), *rules)


def visible_drafts(actor: Actor) -> ColumnElement[bool]:
    """流程草案: for the owners of the regime's bureau, and its leader."""
    return BundleDraft.bureau_code.in_(offices(actor, OWNERS))


VISIBLE: Mapping[type, Callable[[Actor], ColumnElement[bool]]] = {
    Case: visible_cases,
    Task: visible_tasks,
    Round: visible_rounds,
    Cluster: visible_clusters,
    StoredFile: visible_files,
    Objection: visible_objections,
    Inspection: visible_inspections,
    PoolMember: visible_members,
    Finding: visible_findings,
    Prospect: visible_prospects,
    BundleDraft: visible_drafts,
}


def _of_office(membership: Membership, thing: type[Case] | type[Cluster]) -> list[ColumnElement[bool]]:
    """What belongs to an office by its seat: an applicant's own, a county's and below it, a bureau's."""
    if membership.role == "county_officer":
        return [thing.organisation_code.in_(_at_or_below(membership.path))]
    if membership.role == "park_officer":
        return [thing.organisation_code == membership.organisation_code]
    if membership.role not in BUREAU:
        return []
    if thing is Case:
        return [_of_bureau(membership), _came_to(membership)]
    waits = exists().where(Case.cluster_id == Cluster.id, _in_chain(membership)).correlate(Cluster)
    came = exists().where(Case.cluster_id == Cluster.id, _came_to(membership)).correlate(Cluster)
    return [and_(Cluster.bureau_code == membership.organisation_code, ~waits), came]


def _of_bureau(membership: Membership) -> ColumnElement[bool]:
    """Cases that the bureau sees whole, from when it may: at once, or when one has come to it through the chain."""
    return and_(Case.bureau_code == membership.organisation_code, or_(~_in_chain(membership), _has_come_to(membership)))


def _came_to(membership: Membership) -> ColumnElement[bool]:
    return and_(_in_chain(membership), _has_come_to(membership))


def _in_chain(membership: Membership) -> ColumnElement[bool]:
    return Case.chain.contains(f" {membership.organisation_code} ", autoescape=True)


def _has_come_to(membership: Membership) -> ColumnElement[bool]:
    """Once something was to be done there it stays in sight."""
    there = aliased(Task)
    ours = there.organisation_code == membership.organisation_code
    return exists().where(there.case_id == Case.id, ours).correlate(Case)
