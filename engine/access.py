"""Who may do what: one table of policies, for single things and for lists; what it does not name is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, object_session

from config.sentences import said
from engine import conventions, owners, seats
from engine.actors import (
    ADMINISTRATORS,
    APPLICANTS,
    AUDIT,
    BUREAU,
    HANDLERS,
    OBJECTION_HANDLERS,
    OWNERS,
    REHEARSERS,
    ROLES,
    SCOPES,
    SECURITY,
    SYSTEM,
    VISITORS,
    Actor,
    Membership,
    of_bureau,
    offices,
)
from engine.errors import ClaimedByAnother, Forbidden, NotFound, PasswordDue
from engine.models import Case, Cluster, Inspection, Objection, Organisation, Person, PoolMember, Prospect, Round, Task
from engine.visible import (
    VISIBLE,
    tasks_for,
    visible_cases,
    visible_clusters,
    visible_drafts,
    visible_files,
    visible_findings,
    visible_inspections,
    visible_members,
    visible_objections,
    visible_prospects,
    visible_rounds,
    visible_tasks,
)

__all__ = [
    "ADMINISTRATORS",
    "APPLICANTS",
    "AUDIT",
    "BEFORE_PASSWORD",
    "BUREAU",
    "HANDLERS",
    "MENDERS",
    "OBJECTION_HANDLERS",
    "OPEN_TO_ALL",
    "OWNERS",
    "POLICIES",
    "REHEARSERS",
    "ROLES",
    "SCOPES",
    "SECURITY",
    "SYSTEM",
    "VISITORS",
    "Actor",
    "Membership",
    "Policy",
    "may",
    "of_bureau",
    "offices",
    "require",
    "reviewed_first",
    "tasks_for",
    "visible_cases",
    "visible_clusters",
    "visible_drafts",
    "visible_files",
    "visible_findings",
    "visible_inspections",
    "visible_members",
    "visible_objections",
    "visible_prospects",
    "visible_rounds",
    "visible_tasks",
]

_URGERS = frozenset({"bureau_officer", "bureau_leader"})
_LEADERS = frozenset({"bureau_leader"})
_OWNERS = frozenset({"process_owner"})
MENDERS = _OWNERS | _LEADERS  # of stopped cases: the one mends, the other may confirm it
_DAYS = frozenset({"bureau_officer", "bureau_leader"})  # who keeps the calendar of working days

_KEEPERS = frozenset({"county_officer", "bureau_officer"})  # of a cultivation pool; who write typical cases


@dataclass(frozen=True)
class Policy:
    """Roles that may try, the scope a token needs, and what must hold between actor and thing."""

    roles: frozenset[str]
    scope: str = "read"
    holds: Callable[[Actor, Any], bool] | None = None


def may(actor: Actor | None, action: str, thing: Any = None) -> bool:
    """Whether this person may do this, at all (no thing) or to this thing. Unknown actions: nobody may."""
    if action in OPEN_TO_ALL:
        return True
    policy = POLICIES.get(action)
    if policy is None or actor is None or not policy.roles & actor.roles:
        return False
    if actor.password_due and action not in BEFORE_PASSWORD:
        return False
    if actor.scopes is not None and policy.scope not in actor.scopes:
        return False
    return thing is None or (policy.holds is not None and policy.holds(actor, thing))


def require(actor: Actor | None, action: str, thing: Any = None) -> None:
    """Nothing, if `may`. Otherwise Forbidden; NotFound where even the existence is secret; ClaimedByAnother."""
    if may(actor, action, thing):
        return
    if actor is not None and actor.password_due:
        raise PasswordDue(said("您使用的是一次性密码，请先到“个人设置”设定自己的密码"))
    if thing is not None and (actor is None or not _knows_of(actor, thing)):
        raise NotFound(said("没有这一项，或者您无权查看"))
    if actor is not None and isinstance(thing, Task) and may(actor, action) and _office_of(actor, thing):
        raise ClaimedByAnother(said("该待办已由同事认领；请联系同事释放后再办理"), task=thing.id)
    raise Forbidden(said("您的岗位不能办理此事项；如需办理，请联系本单位经办人或安全管理员"))


# ---- single things ------------------------------------------------------------------------------


def _knows_of(actor: Actor, thing: Any) -> bool:
    """One rule for lists and for single things: the row is asked for with the list's condition."""
    condition = VISIBLE.get(type(thing))
    if condition is None:  # an organisation's code and the like are no secret
        return True
    session, kind = object_session(thing), type(thing)
    return session is not None and session.scalar(select(exists().where(kind.id == thing.id, condition(actor)))) is True


def _knows_as(roles: frozenset[str]) -> Callable[[Actor, Any], bool]:
    """Whether the actor sees the thing in one of these roles, whatever their other ones show them."""
    return lambda actor, thing: _knows_of(replace(actor, memberships=actor.as_any_of(roles)), thing)


def _office_of(actor: Actor, task: Task) -> bool:
    return any(
        membership.organisation_code == task.organisation_code and f" {membership.role} " in task.roles
        for membership in actor.as_any_of(HANDLERS)
    )


def _of_round(actor: Actor, round_: Round) -> bool:
    return round_.bureau_code in offices(actor, {"bureau_officer"})


def _shows_team(actor: Actor, inspection: Inspection) -> bool:
    """The applicant learns when and where, not who: nobody is to be asked for a favour beforehand."""
    inspects = _knows_as(frozenset({"inspector"}))(actor, inspection)
    sent = bool(_offices_behind(inspection) & offices(actor, BUREAU)) and _knows_of(actor, inspection)
    return inspects or sent


def _arranges(actor: Actor, inspection: Inspection) -> bool:
    """An officer of the office that arranged it: what another level of the chain arranged is not theirs to change."""
    session = object_session(inspection)
    sender = session.scalar(seats.sender(inspection.panel_id)) if session else None
    return sender in offices(actor, {"bureau_officer"}) and _knows_of(actor, inspection)


def _offices_behind(inspection: Inspection) -> frozenset[str]:
    """Who arranged a visit, and the bureau of its case."""
    session = object_session(inspection)
    if session is None:
        return frozenset()
    bureau = session.scalar(select(Case.bureau_code).where(Case.id == inspection.case_id))
    return frozenset({bureau or "", session.scalar(seats.sender(inspection.panel_id)) or ""})


def _of_bureau(actor: Actor, case: Case) -> bool:
    """The bureau's own people, who see all that every side did; an office of the chain sees its own part."""
    return of_bureau(actor, case.bureau_code) and _knows_of(actor, case)


def _urges(actor: Actor, task: Task) -> bool:
    """Whom an office may urge: its own people and those of the offices below it."""
    session = object_session(task)
    office = session.get(Organisation, task.organisation_code) if session else None
    above = office is not None and any(
        each.organisation_code in office.path.split("/") for each in actor.as_any_of(_URGERS)
    )
    return above and _knows_as(_URGERS)(actor, task)


def _may_act(actor: Actor, task: Task) -> bool:
    # A finished task is let through: the command answers that it is done, which says more than "not yours".
    free = task.assignee_id is None or task.assignee_id == actor.person_id or task.state != "open"
    seated = task.seat_id is None or _knows_of(actor, task)  # who has left a seat, or never had it, learns nothing
    return free and seated and _office_of(actor, task)


def _declares(actor: Actor, member: PoolMember) -> bool:
    """A tie is declared by the member, or by an officer of the bureau for them."""
    return member.person_id == actor.person_id or member.bureau_code in offices(actor, {"bureau_officer"})


def _may_assign(actor: Actor, task: Task) -> bool:
    """What one may do oneself one may hand over; the bureau's leader may in place of who has it."""
    return _may_act(actor, task) or task.organisation_code in offices(actor, {"bureau_leader"})


def _keeps(actor: Actor, prospect: Prospect) -> bool:
    return prospect.keeper_code in offices(actor, _KEEPERS)


def _would_apply(actor: Actor, prospect: Prospect) -> bool:
    return prospect.organisation_code in offices(actor, APPLICANTS)


def _recognised_here(actor: Actor, cluster: Cluster) -> bool:
    return cluster.bureau_code in offices(actor, {"bureau_officer"})


def _serves(roles: frozenset[str]) -> Callable[[Actor, str], bool]:
    """Whether the actor has one of the roles in the organisation with this code."""
    return lambda actor, code: any(membership.organisation_code == code for membership in actor.as_any_of(roles))


def reviewed_first(session: Session, person: str, case_id: int) -> bool:
    """Whether the person with this account did the first review of this application."""
    reviews = (Task.form.in_(conventions.FIRST_REVIEW_FORMS), Task.state == "done", Task.closed_by == person)
    return session.scalar(select(exists().where(Task.case_id == case_id, *reviews))) is True


def _handles(actor: Actor, objection: Objection) -> bool:
    """Who holds or may act on the objection's open task, or has decided it: they alone learn who objects.

    A late one has no task: it is a report to the officers. Never to the first reviewer, of whose work it may speak.
    """
    session = object_session(objection)
    if session is None or not _knows_of(actor, objection):
        return False
    reviewed = reviewed_first(session, actor.name, objection.target_case_id)
    if objection.case_id is None:
        return not reviewed and _knows_as(frozenset({"bureau_officer"}))(actor, objection)
    there = session.scalars(select(Task).where(Task.case_id == objection.case_id)).all()
    done = {task.form for task in there if task.state == "done" and task.closed_by == actor.name}
    if done:
        return conventions.DECISION_ON_OBJECTION in done
    barred = {conventions.INVESTIGATION_OF_OBJECTION} if reviewed else set()
    return any(task.state == "open" and task.form not in barred and _may_act(actor, task) for task in there)


def _rehearsed(actor: Actor, run: Any) -> bool:
    """A copy of live data shows what its bureau's leaders alone see in whole; an invented bureau is no secret."""
    return run.bureau in offices(actor, REHEARSERS if run.clusters else _LEADERS)


def _mends(roles: frozenset[str]) -> Callable[[Actor, Case], bool]:
    """Who looks after the diagrams of a bureau gets its stopped cases going again, without reading them."""
    return lambda actor, case: case.bureau_code in offices(actor, roles)


def _leads(actor: Actor, case: Case) -> bool:
    return case.bureau_code in offices(actor, _LEADERS) and _knows_of(actor, case)


def _of_another(actor: Actor, person: Person) -> bool:
    """Nobody grants themselves a role, ends their own lock or is the one who disables themselves."""
    return person.id != actor.person_id


OPEN_TO_ALL = frozenset({"public.read", "public.write", "health.read", "session.start"})  # no name is asked

BEFORE_PASSWORD = frozenset({"own.read", "password.change", "session.end"})  # while one's own password is still due

POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        "session.end": Policy(frozenset(ROLES)),
        "own.read": Policy(frozenset(ROLES)),
        "own.change": Policy(frozenset(ROLES), "admin"),  # no token may make itself a longer-lived one
        "password.change": Policy(frozenset(ROLES), "admin"),
        "task.list": Policy(HANDLERS),
        "task.read": Policy(HANDLERS, holds=_knows_of),
        "task.claim": Policy(HANDLERS, "act", _may_act),
        "task.release": Policy(HANDLERS, "act", _may_act),
        "task.assign": Policy(HANDLERS - VISITORS, "act", _may_assign),
        "task.urge": Policy(_URGERS, "act", _urges),
        "task.draft": Policy(HANDLERS, "act", _may_act),
        "task.complete": Policy(HANDLERS, "act", _may_act),
        "task.return": Policy(HANDLERS, "act", _may_act),
        "case.open": Policy(
            APPLICANTS | {"bureau_officer", "bureau_leader"}, "act"
        ),  # the diagram narrows it: opened_by
        "case.list": Policy(HANDLERS),
        "case.read": Policy(HANDLERS, holds=_knows_of),
        "rules.read": Policy(HANDLERS | {"process_owner"}),  # what the texts ask, and what carries it: of no case
        "precheck.read": Policy(APPLICANTS | BUREAU, holds=_knows_as(APPLICANTS | BUREAU)),
        "dossier.read": Policy(BUREAU, holds=_of_bureau),  # who said what, of all sides
        "move.list": Policy(OWNERS, holds=_serves(OWNERS)),
        "case.move": Policy(_OWNERS, "act", _mends(_OWNERS)),
        "case.suspend": Policy(_LEADERS, "act", _leads),  # it stops the clock of a statutory limit: a decision
        "suspension.list": Policy(BUREAU),
        "incident.list": Policy(MENDERS),
        "incident.read": Policy(MENDERS, holds=_mends(MENDERS)),
        "incident.handle": Policy(_OWNERS, "act", _mends(_OWNERS)),
        "incident.confirm": Policy(
            MENDERS, "act", _mends(MENDERS)
        ),  # four eyes: engine.skips lets nobody confirm their own
        "round.list": Policy(HANDLERS),
        "round.read": Policy(HANDLERS, holds=_knows_of),
        "papers.read": Policy(APPLICANTS | BUREAU, holds=_knows_of),  # of one's own office, in a round or a case
        "round.extend": Policy(frozenset({"bureau_officer"}), "act", _of_round),
        "round.open": Policy(frozenset({"bureau_officer"}), "act", _serves(frozenset({"bureau_officer"}))),
        "pool.list": Policy(BUREAU),
        "pool.read": Policy(BUREAU | VISITORS, holds=_knows_of),
        "pool.change": Policy(frozenset({"bureau_officer"}), "act", _serves(frozenset({"bureau_officer"}))),
        "pool.declare": Policy(frozenset({"bureau_officer"}) | VISITORS, "act", _declares),
        "panel.list": Policy(BUREAU, holds=_knows_as(BUREAU)),
        "panel.read": Policy(BUREAU | {"expert"}, holds=_knows_as(BUREAU | {"expert"})),
        "panel.replace": Policy(frozenset({"bureau_officer"}), "act", _knows_as(frozenset({"bureau_officer"}))),
        "sample.read": Policy(BUREAU, holds=_serves(BUREAU)),
        "inspection.list": Policy(HANDLERS - {"expert"}),
        "inspection.read": Policy(HANDLERS - {"expert"}, holds=_knows_of),
        "inspection.team": Policy(BUREAU | {"inspector"}, holds=_shows_team),
        "inspection.change": Policy(frozenset({"bureau_officer"}), "act", _arranges),
        "cluster.list": Policy(APPLICANTS | BUREAU),
        "cluster.read": Policy(APPLICANTS | BUREAU, holds=_knows_of),
        "report.list": Policy(APPLICANTS | BUREAU),
        "evaluation.make": Policy(BUREAU, holds=_serves(BUREAU)),
        "prospect.list": Policy(APPLICANTS | BUREAU),
        "prospect.read": Policy(APPLICANTS | BUREAU, holds=_knows_of),
        "prospect.add": Policy(_KEEPERS, "act", _serves(_KEEPERS)),
        "prospect.change": Policy(_KEEPERS, "act", _keeps),
        "prospect.apply": Policy(APPLICANTS, "act", _would_apply),
        "typical_case.write": Policy(_KEEPERS, "act", _knows_of),
        "typical_case.withdraw": Policy(frozenset({"publisher"}), "act", _serves(frozenset({"publisher"}))),
        "finding.list": Policy(BUREAU),
        "finding.note": Policy(frozenset({"bureau_officer"}), "act", _recognised_here),
        "finding.settle": Policy(_URGERS, "act", _knows_as(_URGERS)),
        "rehearsal.list": Policy(REHEARSERS),
        "rehearsal.read": Policy(REHEARSERS, holds=_rehearsed),
        "rehearsal.run": Policy(REHEARSERS, "act", _serves(REHEARSERS)),
        "rehearsal.live": Policy(_LEADERS, "act", _serves(_LEADERS)),
        "year.read": Policy(BUREAU, holds=_serves(BUREAU)),
        "waits.read": Policy(_URGERS, holds=_serves(_URGERS)),
        "obligation.urge": Policy(_URGERS, "act", _serves(_URGERS)),
        "calendar.read": Policy(APPLICANTS | BUREAU),
        "calendar.import": Policy(_DAYS, "act"),  # one person imports, another confirms
        "calendar.override": Policy(_DAYS, "act", _serves(_DAYS)),
        "letter.list": Policy(BUREAU),  # all letters of the bureau, with what became of them
        "letter.send": Policy(frozenset({"bureau_officer"}), "act"),
        "letter.preview": Policy(frozenset({"process_owner"})),
        "letter.try": Policy(frozenset({"process_owner"}), "act"),
        "letter.edit": Policy(frozenset({"process_owner"}), "act", _serves(frozenset({"process_owner"}))),
        "draft.list": Policy(OWNERS),
        "draft.read": Policy(OWNERS, holds=_knows_of),
        "draft.open": Policy(frozenset({"process_owner"}), "act", _serves(frozenset({"process_owner"}))),
        "draft.edit": Policy(frozenset({"process_owner"}), "act", owners.edits),
        "draft.decide": Policy(OWNERS, "act", owners.decides),
        "version.read": Policy(OWNERS, holds=_serves(OWNERS)),
        "file.upload": Policy(HANDLERS, "act"),
        "file.read": Policy(HANDLERS, holds=_knows_of),
        "objection.list": Policy(OBJECTION_HANDLERS),
        "objection.read": Policy(OBJECTION_HANDLERS, holds=_knows_of),
        "objection.handle": Policy(OBJECTION_HANDLERS, holds=_handles),
        # 三员分立, GB/T 22239-2019 8.1.5.1: who exists, and where, is the system administrator's (用户身份) …
        "organisation.list": Policy(SYSTEM | SECURITY, "admin"),
        "organisation.add": Policy(SYSTEM, "admin"),
        "organisation.rename": Policy(SYSTEM, "admin"),
        "organisation.mark": Policy(SYSTEM, "admin"),
        "account.list": Policy(SYSTEM | SECURITY, "admin"),
        "account.add": Policy(SYSTEM, "admin"),
        "account.disable": Policy(SYSTEM, "admin", _of_another),
        # … 8.1.5.3: what they may do, and how they prove who they are, is the security administrator's
        # (对主体进行授权), so that an account that can do something took two people …
        "role.grant": Policy(SECURITY, "admin", _of_another),
        "account.accredit": Policy(SECURITY, "admin", _of_another),
        "account.unlock": Policy(SECURITY, "admin", _of_another),
        "password.reset": Policy(SECURITY, "admin", _of_another),
        "session.list": Policy(SECURITY, "admin"),
        "session.end_all": Policy(SECURITY, "admin", _of_another),
        "token.revoke": Policy(SECURITY, "admin", _of_another),
        # … 8.1.5.2: and what they did is read by the audit administrator, who does nothing else (对审计记录进行分析).
        "record.read": Policy(AUDIT, "admin"),
        "record.verify": Policy(AUDIT, "admin"),
        "record.export": Policy(AUDIT, "admin"),
    }
)
