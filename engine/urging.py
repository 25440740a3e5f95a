"""Urging (催办): a letter to whoever holds a task up, at most one a working day, each in the record."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import calendar, clock, deployments, events, letters, outbox, tasks
from engine.access import Actor
from engine.errors import NotFound, Refused
from engine.models import Case, Cluster, Membership, Organisation, Round, Task

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
    day = _working_day()
    fields = _fields(session, case, task)
    roles = _roles(session, task)
    key = f"urge:{task.id}:{day.isoformat()}"  # the first letter's decides, whoever holds the task by now
    for place, role in enumerate(roles):
        new = outbox.put(
            session,
            case,
            TEMPLATE,
            key=f"{key}:{role}" if place else key,
            organisation_code=task.organisation_code,
            role=role,
            person_id=task.assignee_id,
            fields=fields,
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
        payload={"organisation": task.organisation_code, "roles": roles, "person": task.assignee_id, "day": day},
    )
    return task


def _working_day() -> date:
    """Today, or the working day before it."""
    today = clock.today()
    return today if calendar.shipped().is_working(today) else calendar.shipped().previous_working_day(today)


def _roles(session: Session, task: Task) -> list[str]:
    """The roles in which somebody of the office may act on it; one of the holder's, if somebody has it."""
    query = select(Membership.role).where(
        Membership.organisation_code == task.organisation_code, Membership.role.in_(task.roles.split())
    )
    if task.assignee_id is not None:
        query = query.where(Membership.person_id == task.assignee_id)
    found = sorted(set(session.scalars(query))) or task.roles.split()[:1]
    return found if task.assignee_id is None else found[:1]


def _fields(session: Session, case: Case, task: Task) -> dict[str, str]:
    """What the letter tells. A sealed task names nothing of its case: its holder is to declare interests first."""
    bureau = session.get_one(Organisation, case.bureau_code).name
    round_ = session.get(Round, case.round_id) if case.round_id else None
    cluster = session.get(Cluster, case.cluster_id) if case.cluster_id else None
    told = {"机构": bureau, "环节": task.title, "批次": round_.title if round_ else "", "期限": _in_words(task.due_at)}
    clauses = deployments.deployed(session, case.deployment_id).clauses
    told["条款"] = clauses.clause_of(f"{task.process}.{task.element}") or ""
    told["办件标题"] = task.title if task.sealed else case.title
    if not task.sealed:
        told |= {"办件编号": str(case.id), "集群名称": cluster.name if cluster else ""}
    return dict.fromkeys(letters.FIELDS, "") | told


def _in_words(moment: datetime | None) -> str:
    if moment is None:
        return ""
    at = moment.astimezone(clock.SHANGHAI)
    return f"{at.year}年{at.month}月{at.day}日"
