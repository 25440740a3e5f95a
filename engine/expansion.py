"""Expansion: reminders whose time has come are made into deliveries, set by set; of late ones only the nearest."""

from typing import Any, Final

from sqlalchemy import Select, and_, case, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from engine import clock, deliveries, listed
from engine.actors import APPLICANTS
from engine.conventions import OFFICERS
from engine.models import Cluster, Membership, Obligation, Organisation, Reminder, Task

ESCALATION: Final = "escalation"  # the letter to a superior
BUREAU_ROLE: Final = "bureau_officer"  # who is reminded of what a bureau owes
LEADER: Final = "bureau_leader"
BUREAUS: Final = ("city", "province", "ministry")  # levels of organisations that have a leader

# The office that is to see to what is owed, beside its cluster.
OWNER: Final = func.coalesce(Obligation.owed_by, Cluster.organisation_code, Obligation.bureau_code)

_AS_READ: Final = {"synchronize_session": False}


def expand(session: Session, limit: int) -> int:
    """Make up to so many reminders that are due into deliveries; answers how many were looked at.

    Who is told: of a task the person who has it, else those of the office who may act on it; of what a cluster
    owes the officers of its applicant; of what a bureau owes its officers; from a rung on the superior as well.
    After a stop the rung nearest to now goes, the others are recorded as superseded. What is done meanwhile is
    withdrawn. All of it happens at once or not at all, and in one node's hand.
    """
    now = clock.now()
    query = (
        select(Reminder.id)
        .where(Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None), Reminder.fire_at <= now)
        .order_by(Reminder.fire_at, Reminder.id)
        .limit(limit)
    )
    due = list(session.scalars(query.with_for_update(skip_locked=True, key_share=True)))
    if not due:
        return 0
    among = listed.among(session, Reminder.id, due)
    _write(session, update(Reminder).where(among, ~_still_open()).values(withdrawn_at=now))
    late = and_(among, Reminder.withdrawn_at.is_(None), Reminder.next_at <= now)
    _write(session, update(Reminder).where(late).values(superseded_by=_nearest()))
    going = and_(among, Reminder.withdrawn_at.is_(None), Reminder.superseded_by.is_(None))
    told = [_to_holder(), _to_office(), _to_owner(), *_to_superiors(session, going)]
    deliveries.deliver(session, [part.where(going) for part in told])
    _write(session, update(Reminder).where(among).values(expanded_at=now))
    return len(due)


def _still_open() -> Any:
    of_task = exists().where(Task.id == Reminder.task_id, Task.state == "open", Task.planned_at.is_not(None))
    of_duty = exists().where(
        Obligation.id == Reminder.obligation_id, Obligation.state == "open", Obligation.planned_at.is_not(None)
    )
    return or_(of_task, of_duty)


def _nearest() -> Any:
    """SQL for the rung of the same date whose time came last."""
    nearer = aliased(Reminder)
    same = or_(nearer.task_id == Reminder.task_id, nearer.obligation_id == Reminder.obligation_id)
    passed = select(nearer.id).where(same, nearer.revision == Reminder.revision, nearer.fire_at <= clock.now())
    return passed.order_by(nearer.fire_at.desc(), nearer.id.desc()).limit(1).scalar_subquery()


def _told(template: Any, due_at: Any) -> tuple[Any, ...]:
    return template.label("template"), Reminder.statutory, due_at.label("due_at")


def _of() -> tuple[Any, ...]:
    return (
        literal("r").concat(Reminder.id).label("key"),
        literal(None, Reminder.id.type).label("letter_id"),
        Reminder.id.label("reminder_id"),
    )


def _to_holder() -> Select[Any]:
    told = _told(Reminder.template, Task.due_at)
    query = select(*_of(), Task.assignee_id.label("person_id"), *told).select_from(Reminder)
    return query.join(Task, Task.id == Reminder.task_id).where(Task.assignee_id.is_not(None))


def _to_office() -> Select[Any]:
    query = select(*_of(), Membership.person_id, *_told(Reminder.template, Task.due_at)).select_from(Reminder)
    acting = and_(Membership.organisation_code == Task.organisation_code, _acts(Membership.role))
    return query.join(Task, Task.id == Reminder.task_id).join(Membership, acting).where(Task.assignee_id.is_(None))


def _acts(role: Any) -> Any:
    return Task.roles.contains(literal(" ").concat(role).concat(" "))


def _to_owner() -> Select[Any]:
    told = _told(Reminder.template, Obligation.due_at)
    query = select(*_of(), Membership.person_id, *told).select_from(Reminder)
    query = query.join(Obligation, Obligation.id == Reminder.obligation_id)
    query = query.outerjoin(Cluster, Cluster.id == Obligation.cluster_id)
    bureau = or_(Cluster.id.is_(None), Obligation.owed_by.is_not(None))
    role = case((bureau, Membership.role == BUREAU_ROLE), else_=Membership.role.in_(APPLICANTS))
    return query.join(Membership, and_(Membership.organisation_code == OWNER, role))


def _to_superiors(session: Session, going: Any) -> list[Select[Any]]:
    """Nobody is asked for where no rung of these escalates, which is the rule."""
    if not session.scalar(select(exists().where(going, Reminder.escalates))):
        return []
    of_task = select(*_of(), Membership.person_id, *_told(literal(ESCALATION), Task.due_at)).select_from(Reminder)
    of_task = of_task.join(Task, Task.id == Reminder.task_id)
    of_duty = select(*_of(), Membership.person_id, *_told(literal(ESCALATION), Obligation.due_at)).select_from(Reminder)
    of_duty = of_duty.join(Obligation, Obligation.id == Reminder.obligation_id)
    of_duty = of_duty.outerjoin(Cluster, Cluster.id == Obligation.cluster_id)
    return [
        _above(of_task, Task.organisation_code).where(Reminder.escalates),
        _above(of_duty, OWNER).where(Reminder.escalates),
    ]


def _above(query: Select[Any], office: Any) -> Select[Any]:
    """With the superior of an office: a park's county, the bureau above a county, the leader of a bureau itself."""
    own, parent = aliased(Organisation), aliased(Organisation)
    in_county = and_(own.level == "park", parent.level == "county")
    leads = case(
        (own.level.in_(BUREAUS), and_(Membership.organisation_code == own.code, Membership.role == LEADER)),
        (in_county, and_(Membership.organisation_code == parent.code, Membership.role == OFFICERS["county"])),
        else_=and_(Membership.organisation_code == parent.code, Membership.role == BUREAU_ROLE),
    )
    return query.join(own, own.code == office).outerjoin(parent, parent.code == own.parent_code).join(Membership, leads)


def _write(session: Session, statement: Any) -> None:
    session.execute(statement, execution_options=_AS_READ)
