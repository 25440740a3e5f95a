"""Cases: open one, take it under lock, keep what a command made of it. One command is one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Text, bindparam, event, func, insert, select
from sqlalchemy.orm import Session, aliased

from config.regime import Regime
from config.sentences import said
from engine import (
    access,
    assessments,
    bpmn,
    calendars,
    clock,
    conventions,
    deployments,
    effects,
    events,
    files,
    filing,
    identities,
    incidents,
    messages,
    organisations,
)
from engine.access import Actor
from engine.bpmn import Workflow
from engine.errors import NotFound, Refused
from engine.instance.journal import Step
from engine.models import Case, Cluster, Membership, Obligation, Person, Round, Seat, Task
from engine.scripts import held, plain

RUNNING = ("open", "incident", "suspended")  # status of a case that is not over


def open_case(session: Session, actor: Actor, regime: str, process: str, data: Mapping[str, Any]) -> Case:
    """Open a case of `process` about one cluster, in the open round that `data` names, for the actor's organisation.

    `data` answers the form of the diagram's start. Raises Forbidden, FormInvalid, NotFound, Refused.
    """
    access.require(actor, "case.open")
    deployment = deployments.current(session, regime)
    deployed = deployments.deployed(session, deployment.id)
    opening = deployed.specs(process).opening
    may = actor.as_any_of(set(_listed(opening.get("opened_by", ""))))
    if not may or "form" not in opening:  # without a form it is not for this door: a round, a called process
        raise Refused(said("您的岗位不能发起此类办件"), process=process)
    form = deployed.form(opening["form"])
    answers = form.clean(data)
    round_ = session.get(Round, answers["round_id"])
    if round_ is None or round_.regime != regime or round_.bureau_code not in may[0].path.split("/"):
        raise NotFound(said("没有这个批次"), round=answers["round_id"])
    filing.require_open(session, round_, may[0].organisation_code)
    chain = _chain(session, deployed.regime, round_.bureau_code, may[0].organisation_code)
    cluster = Cluster(
        regime=regime,
        bureau_code=round_.bureau_code,
        organisation_code=may[0].organisation_code,
        name=answers["cluster_name"],
        same_as=identities.known_as(
            session, may[0].organisation_code, answers["cluster_name"], answers.get(identities.FIELD)
        ),
        state="candidate",
        created_at=clock.now(),
    )
    session.add(cluster)
    session.flush()
    case = begin(
        session,
        actor,
        deployment.id,
        process,
        title=cluster.name,
        bureau_code=round_.bureau_code,
        organisation_code=may[0].organisation_code,
        round_=round_,
        cluster=cluster,
        answers=answers,
        chain=chain,
    )
    if named := form.files_in(answers):
        files.bind(session, case.id, named, actor)
    return case


def begin(
    session: Session,
    actor: Actor,
    deployment_id: int,
    process: str,
    *,
    title: str,
    bureau_code: str,
    organisation_code: str,
    round_: Round | None,
    cluster: Cluster | None,
    answers: Mapping[str, Any],
    chain: Sequence[str] = (),
    owed: Obligation | None = None,
    office: str | None = None,
) -> Case:
    """Start the diagram and keep its first state. The callers have refused. `owed` is what the case is to meet.

    `office` is who acts where the diagram says "office": "county", "bureau" or a level of the chain.
    """
    deployed = deployments.deployed(session, deployment_id)
    case = Case(
        regime=deployed.regime.name,
        deployment_id=deployment_id,
        process=process,
        title=title,
        bureau_code=bureau_code,
        organisation_code=organisation_code,
        round_id=round_.id if round_ else None,
        cluster_id=cluster.id if cluster else None,
        chain="".join(f" {code}" for code in chain) + " ",
        status="open",
        awaits=" ",
        opened_at=clock.now(),
        opened_by=actor.name,
        state_format=bpmn.STATE_FORMAT,
        state=b"",
    )
    session.add(case)
    session.flush()
    calendars.of(session, bureau_code)  # as in `instance`
    closing = filing.closes_at(session, round_, organisation_code) if round_ else None
    if owed:
        owed.case_id, closing = case.id, owed.due_at
    start = {
        "case_id": case.id,
        "round_id": case.round_id,
        "cluster_id": case.cluster_id,
        "applicant_level": organisations.applicant_level(session, organisation_code),
        "closes_at": closing.isoformat() if closing else None,
        **({conventions.OFFICE: office} if office else {}),
    }
    with incidents.guarded(case, actor.name):
        workflow = Workflow.start(deployed.specs(process), start, deployed.words, held.runner(session))
    opened = events.Entry(
        "case.opened", case.id, payload={"process": process, "answers": answers, "start": start, **ran(workflow)}
    )
    save(session, case, workflow, actor.name, opened)
    if round_ and round_.state != "draft":
        messages.catch_up(session, case)
    return case


def begin_about(
    session: Session,
    actor: Actor,
    cluster: Cluster,
    process: str,
    *,
    answers: Mapping[str, Any] | None = None,
    owed: Obligation | None = None,
    office: str | None = None,
) -> Case:
    """Start a diagram of the regime's newest deployment about a cluster that is known, outside any round."""
    deployment = deployments.current(session, cluster.regime)
    regime = deployments.deployed(session, deployment.id).regime
    return begin(
        session,
        actor,
        deployment.id,
        process,
        title=cluster.name,
        bureau_code=cluster.bureau_code,
        organisation_code=cluster.organisation_code,
        round_=None,
        cluster=cluster,
        answers=answers or {},
        chain=_chain(session, regime, cluster.bureau_code, cluster.organisation_code),
        owed=owed,
        office=office,
    )


def running(session: Session, cluster_id: int, process: str) -> int | None:
    """The case of this process about the cluster that is not over; None where there is none."""
    query = select(Case.id).where(Case.cluster_id == cluster_id, Case.process == process, Case.status.in_(RUNNING))
    return session.scalar(query.limit(1))


def find(session: Session, actor: Actor, case_id: int) -> Case:
    """A case the actor may see. Raises NotFound, also where its existence is not theirs to know."""
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound(said("没有这个办件，或者您无权查看"))
    access.require(actor, "case.read", case)
    return case


def lock(session: Session, case_id: int) -> tuple[Case, Workflow]:
    """A case under its row lock, with its instance: the live one if it is of this version, else from the row."""
    case = session.scalar(_LOCKED, {"case": case_id})
    if case is None:
        raise NotFound(said("没有这个办件，或者您无权查看"))
    return case, instance(session, case)


def instance(session: Session, case: Case) -> Workflow:
    """The instance of a case that is locked. The command owns it: it comes back to the others by `keep` alone."""
    calendars.of(session, case.bureau_code)  # its words count by the calendar that was read last
    workflow: Workflow | None = session.info["database"].live.take(case.id, case.version)
    if workflow is None:
        deployed = deployments.deployed(session, case.deployment_id)
        state = session.scalar(_STATE, {"case": case.id})
        workflow = Workflow.load(deployed.specs(case.process), state or b"", case.state_format, deployed.words)
    workflow.run_scripts_by(held.runner(session))
    return workflow


def save(session: Session, case: Case, workflow: Workflow, actor: str, *entries: events.Entry) -> None:
    """Keep what a command made of a case: effects, messages, state, tasks, record. Call it once, last.

    Raises Stale if another writer was faster (SQLite and PostgreSQL lock the row, so only outside a lock).
    """
    journal = workflow.journal
    if workflow.ended:
        case.status, case.outcome, case.ended_at = "ended", journal.ended_at, clock.now()
    more = keep(session, case, workflow)  # before the effects: a letter says by when the new task is due
    with incidents.guarded(case, actor):
        more += [entry for effect in journal.effects for entry in effects.carry_out(session, case, effect)]
    more += messages.send(session, case, journal.thrown)
    if any(entry.kind == effects.REVOKED for entry in more):
        more += _call_off_others(session, case)
    if case.status == "ended":
        more.append(events.Entry("case.ended", case.id, element=case.outcome, payload={"outcome": case.outcome}))
    events.append(session, case.bureau_code, actor, [*entries, *more])


def keep(session: Session, case: Case, workflow: Workflow) -> list[events.Entry]:
    """Write state, wake-up time and tasks, and give the instance back once the transaction is committed."""
    workflow.run_scripts_by(None)  # it outlives the session
    case.state, case.state_format = workflow.dump(), bpmn.STATE_FORMAT
    case.wake_at = workflow.wake_at if case.status in RUNNING else None
    case.awaits = " " + "".join(f"{name} " for name in sorted(workflow.awaits))
    session.flush()  # who did the last step is asked when the next one is opened
    opened = _sync_tasks(session, case, workflow)
    session.flush()
    live = session.info["database"].live
    event.listen(session, "after_commit", lambda _: live.put(case.id, case.version, workflow), once=True)
    return opened


def ran(workflow: Workflow) -> dict[str, Any]:
    """What the engine did by itself, for the record."""
    journal = workflow.journal
    told: dict[str, Any] = {"passed": journal.passed} | ({"fired": journal.fired} if journal.fired else {})
    if journal.written:
        told["scripts"] = [{"at": each.place, "changes": plain.kept(each.changes)} for each in journal.written]
    return told


def _call_off_others(session: Session, case: Case) -> list[events.Entry]:
    """What else is under way about a cluster whose recognition this case revoked: nothing is left to do it for."""
    others = select(Case.id).where(Case.cluster_id == case.cluster_id, Case.id != case.id, Case.status.in_(RUNNING))
    entries: list[events.Entry] = []
    for case_id in session.scalars(others.order_by(Case.id)).all():
        other, workflow = lock(session, case_id)
        workflow.cancel()
        other.status, other.ended_at = "cancelled", clock.now()
        entries += keep(session, other, workflow)
        entries.append(events.Entry("case.cancelled", other.id, payload={"reason": f"办件 {case.id} 撤销了认定"}))
    return entries


def _sync_tasks(session: Session, case: Case, workflow: Workflow) -> list[events.Entry]:
    """Make the open task rows those of the instance: new ones opened, those it left behind cancelled."""
    steps = workflow.ready() if case.status in RUNNING else []
    there = workflow.rows
    if there is None:
        there = frozenset(session.connection().execute(_OPEN_TASKS, {"case": case.id}).scalars())
    workflow.rows = frozenset(step.id for step in steps)
    entries = [_opened(session, case, step) for step in steps if step.id not in there]
    for task_id in sorted(there - workflow.rows):
        task = session.get_one(Task, task_id)
        if task.state == "open":  # and not the one that this command has just done
            task.state, task.closed_at = "cancelled", clock.now()
            entries.append(events.Entry("task.cancelled", case.id, task.id, task.instance_path + task.element))
    return entries


def drawn(step: Step) -> dict[str, Any]:
    """What the task of a step is as its diagram draws it."""
    roles = f" {' '.join(_listed(step.properties['role']))} "
    return {
        "title": step.name,
        "form": step.properties["form"],
        "roles": roles,
        "sealed": "sealed" in step.properties,
    }


def _opened(session: Session, case: Case, step: Step) -> events.Entry:
    """Open the task row of a step; answers what to record."""
    office = organisations.acting(session, case, step.place)
    due_at = _due_at(session, case, step)
    row = {
        "id": step.id,
        "case_id": case.id,
        "process": step.process,
        "element": step.element,
        "instance_path": step.path,
        "organisation_code": office,
        "state": "open",
        "opened_at": clock.now(),
        "due_at": due_at,
        "seat_id": step.seat,
        **drawn(step),
    }
    asked: dict[str, Any] = {
        "case_": case.id,
        "element_": step.element,
        "path_": step.path,
        "office_": office,
        "roles_": row["roles"],
    }
    asked |= {"same_": step.properties.get("assigned_to", ""), "seat_": step.seat}
    task = session.connection().execute(_OPENED, row | asked).one()
    payload = {"due_at": due_at, "assignee": task.assignee_id, "pass": task.pass_number}
    return events.Entry("task.opened", case.id, step.id, step.path + step.element, payload)


def _chain(session: Session, regime: Regime, bureau_code: str, applicant: str) -> list[str]:
    """Who sees a new case of the applicant's only once it has come to them, from below. Raises Refused."""
    if regime.chain is None:
        return []
    waits = [bureau_code] if regime.chain.bureau_sees == "recommendation" else []
    return [*organisations.chain(session, applicant, regime.levels), *waits]


def _due_at(session: Session, case: Case, step: Step) -> datetime | None:
    """The end of the time the step has: the regime's limit in working days, the round's closing minute, the date of
    what the case is there to meet, or the day that an assessment has named."""
    closes_with = step.properties.get("closes_with")
    if closes_with == "round":
        return filing.closes_at(session, session.get_one(Round, case.round_id), case.organisation_code)
    if closes_with == conventions.OBLIGATION:
        return session.scalar(select(Obligation.due_at).where(Obligation.case_id == case.id))
    if closes_with == conventions.RECTIFICATION:
        return assessments.rectify_by(session, case)
    limit = step.properties.get("limit")
    if limit is None:
        return None
    words = deployments.deployed(session, case.deployment_id).words
    return datetime.fromisoformat(words["deadline"](limit))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


# Built once: what a completion asks and writes costs less than putting the question together.
_OPEN_TASKS = select(Task.id).where(Task.case_id == bindparam("case"), Task.state == "open")
_ANSWERED = aliased(Task)
_SAME_PERSON = (  # who last did the step named by `assigned_to`, if they still have the role there
    select(Person.id)
    .join(_ANSWERED, _ANSWERED.closed_by == Person.name)
    .join(Membership, Membership.person_id == Person.id)
    .where(
        _ANSWERED.case_id == bindparam("case_"),
        _ANSWERED.element == bindparam("same_"),
        _ANSWERED.state == "done",
        Membership.organisation_code == bindparam("office_"),
        bindparam("roles_", type_=Text).contains(" " + Membership.role + " "),
        Person.disabled_at.is_(None),
    )
    .order_by(_ANSWERED.pass_number.desc())
    .limit(1)
)
_PASSES = select(func.coalesce(func.max(Task.pass_number), 0)).where(
    Task.case_id == bindparam("case_"),
    Task.element == bindparam("element_"),
    Task.instance_path == bindparam("path_"),
)
_HOLDER = select(Seat.person_id).where(Seat.id == bindparam("seat_", type_=Integer)).scalar_subquery()
_OPENED = (
    insert(Task)
    .values(
        pass_number=_PASSES.scalar_subquery() + 1,
        assignee_id=func.coalesce(_HOLDER, _SAME_PERSON.scalar_subquery()),
    )
    .returning(Task.pass_number, Task.assignee_id)
)
_LOCKED = (  # a message to the case, which names its row, is written meanwhile: its sender may hold the record already
    select(Case)
    .where(Case.id == bindparam("case"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
_STATE = select(Case.state).where(Case.id == bindparam("case"))
