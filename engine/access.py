"""Who may do what: one table of policies, for single things and for lists; what it does not name is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import object_session

from config.sentences import said
from engine import conventions
from engine.errors import ClaimedByAnother, Forbidden, NotFound, PasswordDue
from engine.models import Case, Cluster, Organisation, Person, Round, StoredFile, Task

ROLES = conventions.ROLES

_SYSTEM, _SECURITY = frozenset({"system_administrator"}), frozenset({"security_administrator"})
_AUDIT = frozenset({"audit_administrator"})
ADMINISTRATORS = _SYSTEM | _SECURITY | _AUDIT  # 三员
APPLICANTS = frozenset({"county_officer", "park_officer"})
BUREAU = frozenset({"city_officer", "bureau_leader", "publisher"})  # see every case of their bureau
VISITORS = frozenset({"expert", "inspector"})  # see a case only through a task of theirs
HANDLERS = APPLICANTS | BUREAU | VISITORS  # process owners look after diagrams, not after cases

SCOPES: Mapping[str, str] = MappingProxyType({"read": "查阅", "act": "办理", "admin": "管理"})


@dataclass(frozen=True)
class Membership:
    """任职: a role in an organisation. `path` holds the codes from the root down to it."""

    role: str
    organisation_code: str
    path: str


@dataclass(frozen=True)
class Actor:
    """A person who has proved who they are. `scopes` limits a token; None is a person at the desk."""

    person_id: int
    name: str
    display_name: str
    memberships: tuple[Membership, ...]
    scopes: frozenset[str] | None = None
    password_due: bool = False  # signed in with a one-time password: nothing goes before their own

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(membership.role for membership in self.memberships)

    def as_any_of(self, roles: frozenset[str] | set[str]) -> tuple[Membership, ...]:
        """The memberships in which the person has one of these roles."""
        return tuple(membership for membership in self.memberships if membership.role in roles)


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


# ---- rows: the same rules as conditions ---------------------------------------------------------
# Each says what it correlates with, so that it means the same whatever else the list joins.


def visible_cases(actor: Actor) -> ColumnElement[bool]:
    """办件 the actor may see: their organisation's and those below it; their bureau's; through a task of theirs."""
    rules: list[ColumnElement[bool]] = []
    for membership in actor.memberships:
        if membership.role == "county_officer":
            rules.append(Case.organisation_code.in_(_at_or_below(membership.path)))
        elif membership.role == "park_officer":
            rules.append(Case.organisation_code == membership.organisation_code)
        elif membership.role in BUREAU:
            rules.append(Case.bureau_code == membership.organisation_code)
        elif membership.role in VISITORS:
            rules.append(exists().where(Task.case_id == Case.id, _visited(actor, membership)).correlate(Case))
    return or_(false(), *rules)


def visible_tasks(actor: Actor) -> ColumnElement[bool]:
    """待办 the actor may read: of their own side of a case; the bureau reads all of its cases', experts their own."""
    rules: list[ColumnElement[bool]] = []
    for membership in actor.memberships:
        if membership.role == "county_officer":
            rules.append(Task.organisation_code.in_(_at_or_below(membership.path)))
        elif membership.role == "park_officer":
            rules.append(Task.organisation_code == membership.organisation_code)
        elif membership.role in BUREAU:
            ours = exists().where(Case.id == Task.case_id, Case.bureau_code == membership.organisation_code)
            rules.append(ours.correlate(Task))
        elif membership.role in VISITORS:
            rules.append(_visited(actor, membership))
    return or_(false(), *rules)


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
    rules: list[ColumnElement[bool]] = []
    for membership in actor.memberships:
        if membership.role == "county_officer":
            rules.append(Cluster.organisation_code.in_(_at_or_below(membership.path)))
        elif membership.role == "park_officer":
            rules.append(Cluster.organisation_code == membership.organisation_code)
        elif membership.role in BUREAU:
            rules.append(Cluster.bureau_code == membership.organisation_code)
    return or_(false(), *rules)


def visible_files(actor: Actor) -> ColumnElement[bool]:
    """文件 of the cases the actor sees; one that no form has named yet belongs to who uploaded it."""
    seen = exists().where(Case.id == StoredFile.case_id, visible_cases(actor)).correlate(StoredFile)
    return or_(seen, and_(StoredFile.case_id.is_(None), StoredFile.uploaded_by == actor.name))


_VISIBLE: Mapping[type, Callable[[Actor], ColumnElement[bool]]] = {
    Case: visible_cases,
    Task: visible_tasks,
    Round: visible_rounds,
    Cluster: visible_clusters,
    StoredFile: visible_files,
}


# ---- single things ------------------------------------------------------------------------------


def _knows_of(actor: Actor, thing: Any) -> bool:
    """One rule for lists and for single things: the row is asked for with the list's condition."""
    condition = _VISIBLE.get(type(thing))
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


def _may_act(actor: Actor, task: Task) -> bool:
    # A finished task is let through: the command answers that it is done, which says more than "not yours".
    free = task.assignee_id is None or task.assignee_id == actor.person_id or task.state != "open"
    return free and _office_of(actor, task)


def _serves(roles: frozenset[str]) -> Callable[[Actor, str], bool]:
    """Whether the actor has one of the roles in the organisation with this code."""
    return lambda actor, code: any(membership.organisation_code == code for membership in actor.as_any_of(roles))


def _mends(actor: Actor, case: Case) -> bool:
    """Who looks after the diagrams of a bureau gets its stopped cases going again, without reading them."""
    return any(owner.organisation_code == case.bureau_code for owner in actor.as_any_of({"process_owner"}))


def _of_another(actor: Actor, person: Person) -> bool:
    """Nobody grants themselves a role, ends their own lock or is the one who disables themselves."""
    return person.id != actor.person_id


def _visited(actor: Actor, membership: Membership) -> ColumnElement[bool]:
    held = and_(Task.assignee_id == actor.person_id, Task.state.in_(("open", "done")))
    offered = and_(Task.state == "open", Task.assignee_id.is_(None))
    return and_(_addressed_to(membership), or_(held, offered, Task.closed_by == actor.name))


def _addressed_to(membership: Membership) -> ColumnElement[bool]:
    return and_(
        Task.organisation_code == membership.organisation_code,
        Task.roles.contains(f" {membership.role} ", autoescape=True),
    )


def _at_or_below(path: str) -> Any:
    return select(Organisation.code).where(Organisation.path.startswith(path, autoescape=True)).correlate(None)


def _codes(path: str) -> list[str]:
    return [code for code in path.split("/") if code]


OPEN_TO_ALL = frozenset({"public.read", "health.read", "session.start"})  # no name is asked

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
        "task.draft": Policy(HANDLERS, "act", _may_act),
        "task.complete": Policy(HANDLERS, "act", _may_act),
        "task.return": Policy(HANDLERS, "act", _may_act),
        "case.open": Policy(APPLICANTS | {"city_officer", "bureau_leader"}, "act"),  # the diagram narrows it: opened_by
        "case.list": Policy(HANDLERS),
        "case.read": Policy(HANDLERS, holds=_knows_of),
        "precheck.read": Policy(APPLICANTS | BUREAU, holds=_knows_as(APPLICANTS | BUREAU)),
        "incident.list": Policy(frozenset({"process_owner"})),
        "incident.handle": Policy(frozenset({"process_owner"}), "act", _mends),
        "round.list": Policy(HANDLERS),
        "round.read": Policy(HANDLERS, holds=_knows_of),
        "round.open": Policy(frozenset({"city_officer"}), "act", _serves(frozenset({"city_officer"}))),
        "cluster.list": Policy(APPLICANTS | BUREAU),
        "cluster.read": Policy(APPLICANTS | BUREAU, holds=_knows_of),
        "file.upload": Policy(HANDLERS, "act"),
        "file.read": Policy(HANDLERS, holds=_knows_of),
        # 三员分立, GB/T 22239-2019 8.1.5.1: who exists, and where, is the system administrator's (用户身份) …
        "organisation.list": Policy(_SYSTEM | _SECURITY, "admin"),
        "organisation.add": Policy(_SYSTEM, "admin"),
        "organisation.rename": Policy(_SYSTEM, "admin"),
        "account.list": Policy(_SYSTEM | _SECURITY, "admin"),
        "account.add": Policy(_SYSTEM, "admin"),
        "account.disable": Policy(_SYSTEM, "admin", _of_another),
        # … 8.1.5.3: what they may do, and how they prove who they are, is the security administrator's
        # (对主体进行授权), so that an account that can do something took two people …
        "role.grant": Policy(_SECURITY, "admin", _of_another),
        "account.unlock": Policy(_SECURITY, "admin", _of_another),
        "password.reset": Policy(_SECURITY, "admin", _of_another),
        "session.list": Policy(_SECURITY, "admin"),
        "session.end_all": Policy(_SECURITY, "admin", _of_another),
        "token.revoke": Policy(_SECURITY, "admin", _of_another),
        # … 8.1.5.2: and what they did is read by the audit administrator, who does nothing else (对审计记录进行分析).
        "record.read": Policy(_AUDIT, "admin"),
        "record.verify": Policy(_AUDIT, "admin"),
        "record.export": Policy(_AUDIT, "admin"),
    }
)
