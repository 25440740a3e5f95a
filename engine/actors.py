"""Actors: who has proved who they are, in which offices, and the groups of roles that rules speak of."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine import conventions

ROLES = conventions.ROLES

SYSTEM, SECURITY = frozenset({"system_administrator"}), frozenset({"security_administrator"})
AUDIT = frozenset({"audit_administrator"})
ADMINISTRATORS = SYSTEM | SECURITY | AUDIT  # 三员
APPLICANTS = frozenset({"county_officer", "park_officer"})
BUREAU = frozenset({"bureau_officer", "bureau_leader", "publisher"})  # see every case of their bureau
OBJECTION_HANDLERS = frozenset({"bureau_officer", "bureau_leader"})
REHEARSERS = frozenset({"process_owner", "bureau_leader"})  # of invented clusters; of live data the leaders alone
OWNERS = frozenset({"process_owner", "bureau_leader"})  # see what becomes of their bureau's regimes, and approve it
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


def offices(actor: Actor, roles: frozenset[str] | set[str]) -> frozenset[str]:
    """The codes of the organisations in which the actor has one of these roles."""
    return frozenset(membership.organisation_code for membership in actor.as_any_of(roles))


def of_bureau(actor: Actor, bureau_code: str) -> bool:
    """Whether the actor is one of this bureau's own people, who see every case of it."""
    return bureau_code in offices(actor, BUREAU)
