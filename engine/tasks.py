"""Tasks: claim, save a draft, complete, hand back. What is answered here is never asked twice."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, exists, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, acts, calendars, cases, clock, deployments, events, files, incidents, prechecks, rounds
from engine.access import Actor
from engine.errors import AlreadyDone, Conflict, NotFound, Refused
from engine.models import Case, Draft, Membership, Person, Task

# Built once: what a completion asks and writes costs less than putting the question together.
_LOCKED = (
    select(Case, Task, exists().where(Draft.task_id == bindparam("task")))
    .join(Task, Task.case_id == Case.id)
    .where(Task.id == bindparam("task"))
    .with_for_update(key_share=True)  # as cases.lock
    .execution_options(populate_existing=True)
)
_NO_DRAFTS = delete(Draft.__table__).where(Draft.task_id == bindparam("task"))  # type: ignore[arg-type]  # a Table


def find(session: Session, actor: Actor, task_id: str) -> Task:
    """A task the actor may see. Raises NotFound."""
    task = _get(session, task_id)
    access.require(actor, "task.read", task)
    return task


def claim(session: Session, actor: Actor, task_id: str) -> Task:
    """Take a task that nobody has; claiming one's own again changes nothing. Raises ClaimedByAnother, AlreadyDone."""
    task = open_for(session, actor, task_id, "task.claim")
    if task.assignee_id != actor.person_id:
        _other_eyes(session, actor.name, task)
        task.assignee_id = actor.person_id
        _note(session, actor, task, "task.claimed")
    return task


def release(session: Session, actor: Actor, task_id: str) -> Task:
    """Give a claimed task back to the office. Releasing a free one changes nothing. Raises Refused for a seat's."""
    task = open_for(session, actor, task_id, "task.release")
    if task.seat_id is not None:
        raise Refused(
            said("该待办属于专家组或抽查组的席位，不能释放；不能承担的请回避，或请主管部门更换人员"), task=task.id
        )
    if task.assignee_id is not None:
        task.assignee_id = None
        _note(session, actor, task, "task.released")
    return task


def assign(session: Session, actor: Actor, task_id: str, person_id: int) -> Task:
    """Hand a task over to a colleague of the office who may do it; to whom it belongs already, nothing changes.

    Raises AlreadyDone, ClaimedByAnother, Forbidden, NotFound, Refused for somebody who may not do it.
    """
    task = open_for(session, actor, task_id, "task.assign")
    if task.seat_id is not None:
        raise Refused(said("该待办属于专家组或抽查组的席位，不能转交；需要换人的，请按更换人员办理"), task=task.id)
    person = session.get(Person, person_id)
    if person is None or person.disabled_at or not _serves(session, person_id, task):
        raise Refused(said("所选人员不在该待办的办理单位，或没有相应岗位，请另选一位同事"), task=task.id)
    if task.assignee_id != person_id:
        _other_eyes(session, person.name, task)
        before, task.assignee_id = task.assignee_id, person_id
        _note(session, actor, task, "task.assigned", {"person": person_id, "before": before})
    return task


def save_draft(session: Session, actor: Actor, task_id: str, data: Mapping[str, Any], version: int) -> Draft:
    """Keep unfinished answers. `version` is the one the writer saw (0: none); a newer one raises Conflict."""
    task = open_for(session, actor, task_id, "task.draft")
    deployed = deployments.deployed(session, _case(session, task).deployment_id)
    answers = deployed.form(task.form).draft(data)
    draft = session.get(Draft, (task.id, actor.person_id), with_for_update=True)
    if version != (draft.version if draft else 0):
        raise Conflict(said("草稿已在别处更新，请先查看较新的草稿"), version=draft.version if draft else 0)
    if draft is None:
        draft = Draft(task_id=task.id, person_id=actor.person_id, version=0)
        session.add(draft)
    draft.data, draft.version, draft.saved_at = answers, version + 1, clock.now()
    session.flush()
    return draft


def complete(session: Session, actor: Actor, task_id: str, data: Mapping[str, Any]) -> Case:
    """Finish a task with its form's answers, and let the case run on to its next waiting steps.

    Timers that are due fire first, so that a closing minute is exact whenever the ticker comes by.
    Raises AlreadyDone, ClaimedByAnother, CaseStopped, FormInvalid, Forbidden, NotFound, Refused.
    """
    case, task, drafted = _locked(session, actor, task_id)
    if case.status == "suspended":
        raise Refused(said("该办件已中止办理，恢复办理之后方可继续；已保存的草稿不受影响"), case=case.id)
    if case.status != "open":
        raise Refused(said("该办件处于异常状态，待流程管理人员处理后方可继续办理"), case=case.id)
    _other_eyes(session, actor.name, task)
    form = deployments.deployed(session, case.deployment_id).form(task.form)
    answers = form.clean(data)
    rounds.require_fit(session, case, task, form, answers)
    workflow = cases.instance(session, case)
    task.answers, task.closed_at, task.closed_by = answers, clock.now(), actor.name
    began = task.opened_at.astimezone(clock.SHANGHAI).date()
    task.took = calendars.of(session, case.bureau_code).working_days(began, clock.today()) - task.put_off
    with incidents.guarded(case, actor.name):
        if case.wake_at and case.wake_at <= clock.now():
            workflow.wake()
        step = workflow.step(task.id)
        if step is None:
            raise Refused(said("该待办的办理时间已过"), task=task_id)
        names = [name.strip() for name in step.properties.get("variables", "").split(",") if name.strip()]
        variables = {name: answers.get(name) for name in names}
        variables |= acts.do(acts.Answered(session, actor, case, task, step, answers))
        workflow.complete(task.id, variables)
    task.state, task.assignee_id = "done", task.assignee_id or actor.person_id
    if drafted:
        session.connection().execute(_NO_DRAFTS, {"task": task.id})
    if named := form.files_in(answers):
        files.bind(session, case.id, named, actor)
    payload = {"form": task.form, "variables": variables, "pass": task.pass_number, **cases.ran(workflow)}
    closed = events.Entry("task.closed", case.id, task.id, task.instance_path + task.element, payload)
    prechecked = prechecks.keep(session, case, task, step.properties.get("prechecks"))
    cases.save(session, case, workflow, actor.name, closed, *prechecked)
    return case


def hand_back(session: Session, actor: Actor, task_id: str, data: Mapping[str, Any]) -> Case:
    """退回补正: complete with the decision for which the diagram draws a way back.

    Raises as `complete`; FormInvalid where the form knows no such decision.
    """
    return complete(session, actor, task_id, {**data, "decision": "return"})


def open_for(session: Session, actor: Actor, task_id: str, action: str) -> Task:
    """A task under its lock, open, and the actor's to do this to. Raises AlreadyDone, Conflict, NotFound, Forbidden."""
    query = select(Task).where(Task.id == task_id).with_for_update().execution_options(populate_existing=True)
    task = session.scalar(query)
    if task is None:
        raise NotFound(said("没有这个待办，或者您无权查看"))
    access.require(actor, action, task)
    _still_open(task)
    return task


def _serves(session: Session, person_id: int, task: Task) -> bool:
    query = select(Membership.role).where(
        Membership.person_id == person_id,
        Membership.organisation_code == task.organisation_code,
        Membership.role.in_(task.roles.split()),
    )
    return session.scalar(query.limit(1)) is not None


def _other_eyes(session: Session, person: str, task: Task) -> None:
    """Four eyes: who did the steps named by `not_by`, or whom the step's act bars, may not do this one."""
    case = _case(session, task)
    step = deployments.deployed(session, case.deployment_id).step(case.process, task.process, task.element)
    acts.require_hands(session, person, case, step.get("does"))
    elements = [name.strip() for name in step.get("not_by", "").split(",") if name.strip()]
    if elements and session.scalar(
        select(Task.id)
        .where(
            Task.case_id == case.id,
            Task.element.in_(elements),
            Task.state == "done",
            Task.closed_by == person,
        )
        .limit(1)
    ):
        raise Refused(said("拟办与审定须由不同人员办理，请由另一位负责人办理"), task=task.id)


def _locked(session: Session, actor: Actor, task_id: str) -> tuple[Case, Task, bool]:
    """A task with its case, both locked and as they are after the wait for a colleague's command; has it drafts?

    The task is locked too, because a claim or a draft locks the task alone.
    """
    found = session.execute(_LOCKED, {"task": task_id}).one_or_none()
    if found is None:
        raise NotFound(said("没有这个待办，或者您无权查看"))
    case, task, drafted = found
    access.require(actor, "task.complete", task)
    _still_open(task)
    return case, task, drafted


def _still_open(task: Task) -> None:
    if task.state == "done":
        raise AlreadyDone(said("该待办已办结"), task=task.id)
    if task.state != "open":
        raise Conflict(said("该待办已失效：办理时间已过，或办件已转入其他环节"), task=task.id)


def _get(session: Session, task_id: str) -> Task:
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound(said("没有这个待办，或者您无权查看"))
    return task


def _case(session: Session, task: Task) -> Case:
    return session.get_one(Case, task.case_id)


def _note(session: Session, actor: Actor, task: Task, kind: str, payload: Mapping[str, Any] | None = None) -> None:
    case = _case(session, task)
    about = {"case_id": case.id, "task_id": task.id, "element": task.element, "payload": payload or {}}
    events.record(session, case.bureau_code, actor.name, kind, **about)
