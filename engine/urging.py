"""Urging (催办): a letter to whoever holds a task up, at most one a working day, each in the record."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import calendars, clock, deployments, events, outbox, particulars, tasks
from engine.access import Actor
from engine.calendar import Calendar
from engine.errors import NotFound, Refused
from engine.models import Case, Membership, Task

TEMPLATE = "urged"


def urge(session: Session, actor: Actor, task_id: str) -> Task:
    """Ask whoever holds this task to get on with it, or its office where nobody does.

    A seat's holder is asked alone: the other experts of the bureau do not learn what is judged. A Saturday belongs
    to the working day before it. Raises Forbidden, NotFound, AlreadyDone, Refused where it was asked on this working
    day already, or where the task is the actor's own.
    """
    task = tasks.open_for(session, actor, task_id, "task.urge")
    if task.assignee_id == actor.person_id:
        raise Refused(said("该待办由您本人办理，不需要催办"), task=task.id)
    case = session.get_one(Case, task.case_id)
    deployed = deployments.deployed(session, case.deployment_id)
    if f"letters/{TEMPLATE}.txt" not in deployed.files:
        raise NotFound(said("该办件的流程部署中没有催办通知的样式，请部署新版后对新办件催办"), task=task.id)
    day = working_day(calendars.of(session, case.bureau_code))
    fields = particulars.of_task(session, task)
    asked = roles(session, task)
    key = f"urge:{task.id}:{day.isoformat()}"  # the first letter's decides, whoever holds the task by now
    for place, role in enumerate(asked):
        new = outbox.put(
            session,
            case,
            TEMPLATE,
            key=f"{key}:{role}" if place else key,
            organisation_code=task.organisation_code,
            role=role,
            person_id=task.assignee_id,
            fields=fields,
            task_id=task.id,
        )
        if not new:
            raise Refused(said("该待办今日已催办；每个工作日至多催办一次"), task=task.id)
    events.record(
        session,
        case.bureau_code,
        actor.name,
        "task.urged",
        case_id=case.id,
        task_id=task.id,
        element=task.instance_path + task.element,
        payload={"organisation": task.organisation_code, "roles": asked, "person": task.assignee_id, "day": day},
    )
    return task


def working_day(days: Calendar) -> date:
    """Today, or the working day before it."""
    today = clock.today()
    return today if days.is_working(today) else days.previous_working_day(today)


def roles(session: Session, task: Task) -> list[str]:
    """The roles in which somebody of the office may act on it; one of the holder's, if somebody has it."""
    query = select(Membership.role).where(
        Membership.organisation_code == task.organisation_code, Membership.role.in_(task.roles.split())
    )
    if task.assignee_id is not None:
        query = query.where(Membership.person_id == task.assignee_id)
    found = sorted(set(session.scalars(query))) or task.roles.split()[:1]
    return found if task.assignee_id is None else found[:1]
