"""Reading for lists and pages: plain rows, each list filtered by what the actor may see."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from engine import access, bpmn, cases, clusters, deliveries, deployments, files, rounds, seats, tasks
from engine import inbox as desk
from engine.access import Actor
from engine.columns import Moment
from engine.conventions import BEGUN_AFRESH
from engine.models import (
    Case,
    Cluster,
    Draft,
    Event,
    Incident,
    Letter,
    Obligation,
    Organisation,
    Person,
    Precheck,
    Round,
    StoredFile,
    Task,
)

Row: TypeAlias = Mapping[str, Any]

NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # where a task without a time limit stands among the others


def inbox(
    session: Session,
    actor: Actor,
    *,
    mine: bool = False,
    state: str = "open",
    regime: str | None = None,
    limit: int = 50,
    after: tuple[datetime, datetime, str] | None = None,
) -> list[Row]:
    """Tasks, due first, then the older. `mine`: what the actor may act on now; else all they may see.

    `after` is the (due_at or NEVER, opened_at, id) of the last row of the page before.
    """
    key = (func.coalesce(Task.due_at, NEVER, type_=Moment), Task.opened_at, Task.id)
    query = (
        select(
            Task.id,
            Task.case_id,
            Case.title.label("case_title"),
            Case.regime,
            Task.title,
            Task.element,
            Task.roles,
            Task.organisation_code,
            Person.name.label("assignee"),
            Task.state,
            Task.priority,
            Task.opened_at,
            Task.due_at,
        )
        .join(Case, Case.id == Task.case_id)
        .outerjoin(Person, Person.id == Task.assignee_id)
        .where(access.tasks_for(actor) if mine else access.visible_tasks(actor), Task.state == state)
    )
    if regime:
        query = query.where(Case.regime == regime)
    if after:
        query = query.where(tuple_(*key) > tuple_(*after))
    return _rows(session, query.order_by(*key).limit(limit))


def waiting(session: Session, actor: Actor, *, most: int) -> int:
    """How many tasks the actor may act on now, counted up to `most`."""
    return desk.waiting(session, actor, most)


def office_of(session: Session, actor: Actor) -> str:
    """The name of the office the actor serves, the first of several; empty without one."""
    codes = [membership.organisation_code for membership in actor.memberships]
    found = session.get(Organisation, codes[0]) if codes else None
    return found.name if found else ""


def task_detail(session: Session, actor: Actor, task_id: str) -> Row:
    """A task with its form, what was answered so far, and why it is there, by when, on which clause."""
    task = tasks.find(session, actor, task_id)
    case = session.get_one(Case, task.case_id)
    deployed = deployments.deployed(session, case.deployment_id)
    step = bpmn.step(deployed.specs(case.process), task.process, task.element)
    draft = session.get(Draft, (task.id, actor.person_id))
    return {
        "id": task.id,
        "case_id": case.id,
        "case_title": case.title,
        "regime": case.regime,
        "title": task.title,
        "element": task.element,
        "pass_number": task.pass_number,
        "state": task.state,
        "roles": task.roles.split(),
        "organisation_code": task.organisation_code,
        "organisation": session.get_one(Organisation, task.organisation_code).name,
        "assignee": session.get_one(Person, task.assignee_id).name if task.assignee_id else None,
        "opened_at": task.opened_at,
        "due_at": task.due_at,
        "priority": task.priority,
        "instructions": step.instructions,
        "consequence": step.properties.get("consequence", ""),
        "clause": deployed.clauses.clause_of(f"{task.process}.{task.element}"),
        "internal_reason": deployed.clauses.internal_reason(f"{task.process}.{task.element}"),
        "form": task.form,
        "schema": deployed.form(task.form).document,
        "data": task.answers if task.state == "done" else _earlier_answers(session, actor, case, task),
        "draft": {"data": draft.data, "version": draft.version, "saved_at": draft.saved_at} if draft else None,
        "can_act": access.may(actor, "task.complete", task) and task.state == "open",
        "can_return": deployed.form(task.form).returns,
    }


def case_detail(session: Session, actor: Actor, case_id: int) -> Row:
    """A case with its open tasks and, for the bureau's own people, why nothing moves."""
    case = cases.find(session, actor, case_id)
    deployment = {"number": deployments.number(session, case.deployment_id), "id": case.deployment_id}
    open_tasks = (
        select(Task.id, Task.title, Task.element, Task.organisation_code, Task.due_at, Task.opened_at)
        .where(Task.case_id == case_id, Task.state == "open")
        .order_by(Task.opened_at, Task.id)
    )
    incident = select(Incident.code, Incident.message, Incident.element, Incident.happened_at)
    stopped = incident.where(Incident.case_id == case_id, Incident.closed_at.is_(None))
    return {
        "id": case.id,
        "regime": case.regime,
        "process": case.process,
        "deployment": deployment,
        "title": case.title,
        "status": case.status,
        "outcome": case.outcome,
        "bureau_code": case.bureau_code,
        "organisation_code": case.organisation_code,
        "round_id": case.round_id,
        "cluster_id": case.cluster_id,
        "opened_at": case.opened_at,
        "ended_at": case.ended_at,
        "wake_at": case.wake_at,
        "tasks": _rows(session, open_tasks),
        "incident": next(iter(_rows(session, stopped)), None) if _of_the_bureau(actor, case) else None,
    }


def answers(session: Session, actor: Actor, case_id: int) -> list[Row]:
    """What was answered in a case, as far as the actor may see its tasks, oldest first."""
    cases.find(session, actor, case_id)
    query = (
        select(
            Task.id.label("task_id"),
            Task.element,
            Task.pass_number,
            Task.form,
            Task.answers.label("data"),
            Task.closed_at.label("submitted_at"),
        )
        .where(Task.case_id == case_id, Task.state == "done", access.visible_tasks(actor))
        .order_by(Task.closed_at, Task.pass_number, Task.id)
    )
    return _rows(session, query)


def prechecks(session: Session, actor: Actor, case_id: int) -> list[Row]:
    """What the criteria said each time, oldest first: to the applicant's side and the bureau, not to its visitors."""
    access.require(actor, "precheck.read", cases.find(session, actor, case_id))
    query = (
        select(Precheck.task_id, Task.element, Task.pass_number, Precheck.made_at, Precheck.verdicts, Precheck.problem)
        .join(Task, Task.id == Precheck.task_id)
        .where(Precheck.case_id == case_id)
        .order_by(Precheck.made_at, Task.pass_number, Precheck.task_id)
    )
    return _rows(session, query)


def case_files(session: Session, actor: Actor, case_id: int) -> list[Row]:
    """The files of a case by name, newest first; `version` counts those of one name, `current` ones are in use now.

    Who sent one is told to the bureau's own people.
    """
    case = cases.find(session, actor, case_id)
    name, order = StoredFile.name, (StoredFile.uploaded_at, StoredFile.id)
    version = func.row_number().over(partition_by=name, order_by=order).label("version")
    columns: list[Any] = [StoredFile.id, name, StoredFile.size, StoredFile.media_type, StoredFile.sha256]
    columns += [StoredFile.uploaded_at, version]
    if _of_the_bureau(actor, case):
        columns.append(StoredFile.uploaded_by)
    query = select(*columns).where(StoredFile.case_id == case_id)
    used = files.in_use(session, case)
    return [{**row, "current": row["id"] in used} for row in _rows(session, query.order_by(name, version.desc()))]


def letters(session: Session, actor: Actor, case_id: int) -> list[Row]:
    """Letters of a case that are addressed to an office the actor serves; experts and inspectors only visit theirs."""
    cases.find(session, actor, case_id)
    offices = {membership.organisation_code for membership in actor.as_any_of(access.APPLICANTS | access.BUREAU)}
    query = select(
        Letter.id,
        Letter.template,
        Letter.deployment_id,
        Letter.fields,
        deliveries.letter_status().label("status"),
        Letter.created_at,
    ).where(Letter.case_id == case_id, Letter.organisation_code.in_(offices))
    return _rows(session, query.order_by(Letter.id))


def history(session: Session, actor: Actor, case_id: int, *, limit: int = 100, after: int = 0) -> list[Row]:
    """The record of a case, oldest first: who did what for the bureau's own people, what happened for the others."""
    case = cases.find(session, actor, case_id)
    columns = [Event.seq, Event.at, Event.kind, Event.element, Event.task_id]
    if _of_the_bureau(actor, case):
        columns += [Event.actor, Event.payload]
    query = select(*columns).where(Event.chain == case.bureau_code, Event.case_id == case_id, Event.seq > after)
    return _rows(session, query.order_by(Event.seq).limit(limit))


def list_rounds(session: Session, actor: Actor, *, limit: int = 50, after: int | None = None) -> list[Row]:
    """Rounds, newest first."""
    query = select(*_ROUND).where(access.visible_rounds(actor))
    if after is not None:
        query = query.where(Round.id < after)
    return _rows(session, query.order_by(Round.id.desc()).limit(limit))


def round_detail(session: Session, actor: Actor, round_id: int) -> Row:
    """A round with how many of its cases stand where, as far as the actor may see them."""
    rounds.find(session, actor, round_id)
    counted = (
        select(Case.status, Case.outcome, func.count().label("cases"))
        .where(Case.round_id == round_id, Case.process != "round", access.visible_cases(actor))
        .group_by(Case.status, Case.outcome)
        .order_by(Case.status, Case.outcome)
    )
    round_ = _rows(session, select(*_ROUND).where(Round.id == round_id))[0]
    return {**round_, "cases": _rows(session, counted)}


def list_clusters(session: Session, actor: Actor, *, limit: int = 50, after: int = 0) -> list[Row]:
    """Clusters, in the order in which they came."""
    query = select(*_CLUSTER).where(access.visible_clusters(actor), Cluster.id > after)
    return _rows(session, query.order_by(Cluster.id).limit(limit))


def cluster_detail(session: Session, actor: Actor, cluster_id: int) -> Row:
    clusters.find(session, actor, cluster_id)
    return _rows(session, select(*_CLUSTER).where(Cluster.id == cluster_id))[0]


def obligations(session: Session, actor: Actor, cluster_id: int) -> list[Row]:
    """What a cluster owes, in the order of the dates."""
    clusters.find(session, actor, cluster_id)
    query = select(
        Obligation.id,
        Obligation.kind,
        Obligation.year,
        Obligation.printed_on,
        Obligation.effective_on,
        Obligation.provisional,
        Obligation.clause,
        Obligation.state,
    ).where(Obligation.cluster_id == cluster_id)
    return _rows(session, query.order_by(Obligation.printed_on, Obligation.id))


def incidents(session: Session, actor: Actor, *, limit: int = 50, after: int = 0) -> list[Row]:
    """Cases that cannot go on, of the bureaus whose processes the actor looks after or confirms; oldest first."""
    offices = sorted(access.offices(actor, access.MENDERS))
    query = (
        select(
            Incident.id,
            Incident.case_id,
            Case.regime,
            Case.process,
            Incident.code,
            Incident.message,
            Incident.element,
            Incident.happened_at,
        )
        .join(Case, Case.id == Incident.case_id)
        .where(Incident.closed_at.is_(None), Case.bureau_code.in_(offices), Incident.id > after)
        .order_by(Incident.id)
    )
    return _rows(session, query.limit(limit))


_ROUND = (
    Round.id,
    Round.regime,
    Round.bureau_code,
    Round.year,
    Round.title,
    Round.again,
    Round.state,
    Round.opens_at,
    Round.closes_at,
    Round.first_batch,
    Round.case_id,
)
_CLUSTER = (
    Cluster.id,
    Cluster.regime,
    Cluster.name,
    Cluster.bureau_code,
    Cluster.organisation_code,
    Cluster.state,
    Cluster.recognised_on,
    Cluster.first_day,
    Cluster.last_day,
)


def _of_the_bureau(actor: Actor, case: Case) -> bool:
    return any(membership.organisation_code == case.bureau_code for membership in actor.as_any_of(access.BUREAU))


def _earlier_answers(session: Session, actor: Actor, case: Case, task: Task) -> Any:
    """Where a step stands again, what was answered in the same form last time: nothing is asked twice.

    By this office, and where the step is a seat's, by who holds it and for their eyes: nobody begins with a
    colleague's answers, and nobody looks on.
    """
    if task.form in BEGUN_AFRESH or not seats.for_eyes_of(actor.person_id, task):
        return {}
    query = (
        select(Task.answers)
        .where(Task.case_id == case.id, Task.form == task.form, Task.state == "done", *seats.same_hand(task))
        .order_by(Task.closed_at.desc(), Task.pass_number.desc())
        .limit(1)
    )
    found = session.scalar(query) or {}
    return seats.begun(session, task, found) if task.seat_id is not None else found


def _rows(session: Session, query: Any) -> list[Row]:
    return [dict(row) for row in session.execute(query).mappings()]
