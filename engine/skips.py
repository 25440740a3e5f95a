"""Skipping (跳过): a stopped case leaves a step undone, because one person asks for it and another confirms it.

The step is finished without an answer, along a way on that its diagram draws; the gateways on it read what the request
says. What the step does beside being answered cannot be left out: such a step is corrected or its case is ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import said
from engine import cases, clock, deployments, events, incidents, repairs, routing
from engine.access import Actor
from engine.bpmn import Workflow
from engine.branches import Branches
from engine.deployments import Deployed
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.instance.journal import Step
from engine.models import Case, Draft, SkipRequest, Task

REASON = 500  # characters
DECIDING = frozenset({"bureau_leader", "publisher"})  # what they alone do is a decision, and no step of the way to it


@dataclass(frozen=True)
class WayOn:
    """Where the case goes on without the step, and what its gateways are given to read."""

    way: str  # ids of the flows, each between blanks
    title: str
    target: str
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Skippable:
    """An open step of a stopped case."""

    task: str
    title: str
    ways: tuple[WayOn, ...]
    why_not: str  # empty where it can be skipped


def steps(session: Session, case: Case, workflow: Workflow) -> list[Skippable]:
    """The open steps of a stopped case with the ways on that each has."""
    deployed = deployments.deployed(session, case.deployment_id)
    return [_skippable(deployed, step, workflow.variables()) for step in workflow.ready()]


def ask(session: Session, actor: Actor, case_id: int, task_id: str, *, way: str, reason: str) -> SkipRequest:
    """Ask that the case leave this step undone and go on along this way. Asked anew, it takes the place of the first.

    Raises Forbidden, NotFound, FormInvalid, Refused where the step cannot be skipped.
    """
    case, workflow = repairs.stopped(session, actor, case_id)
    if not reason.strip():
        raise FormInvalid([Problem("reason", "required", said("请写明跳过的理由"))])
    if len(reason) > REASON:
        raise FormInvalid([Problem("reason", "too_long", said("不超过 %(limit)s 字", limit=REASON))])
    found = next((step for step in steps(session, case, workflow) if step.task == task_id), None)
    if found is None:
        raise Refused(said("这一步已不在办理中"), case=case.id)
    if found.why_not:
        raise Refused(found.why_not, case=case.id)
    chosen = next((each for each in found.ways if each.way == way), None)
    if chosen is None:
        raise FormInvalid([Problem("way", "unknown", said("请选择跳过之后的去向"))])
    repairs.drop_requests(session, actor, case)
    made = SkipRequest(
        case_id=case.id,
        task_id=task_id,
        way=chosen.way,
        title=f"{found.title} → {chosen.title}",
        variables=dict(chosen.variables),
        reason=reason.strip(),
        asked_at=clock.now(),
        asked_by=actor.name,
        state="asked",
    )
    session.add(made)
    session.flush()
    payload = {"request": made.id, "way": made.title, "variables": made.variables, "reason": made.reason}
    entry = events.Entry("incident.skip_asked", case.id, task_id, payload=payload)
    events.append(session, case.bureau_code, actor.name, [entry])
    return made


def confirm(session: Session, actor: Actor, case_id: int, request_id: int) -> Case:
    """Let the step be skipped as another person asked; the case goes on.

    Raises Refused for one's own request, and where the case meanwhile stands otherwise; CaseStopped where the way
    fails as well: then nothing of it is kept.
    """
    case, workflow = repairs.stopped(session, actor, case_id, "incident.confirm")
    asked = _asked(session, case, request_id)
    if asked.asked_by == actor.name:
        raise Refused(said("申请跳过与确认须由不同人员办理，请由另一位负责人确认"), case=case.id)
    deployed = deployments.deployed(session, case.deployment_id)
    task, step = session.get_one(Task, asked.task_id, with_for_update=True), workflow.step(asked.task_id)
    if step is None or task.state != "open":
        raise Refused(said("这一步已不在办理中"), case=case.id)
    way = next((each for each in _skippable(deployed, step, workflow.variables()).ways if each.way == asked.way), None)
    if way is None or _leads(deployed, step, {**workflow.variables(), **asked.variables}) != asked.way.split():
        raise Refused(said("申请之后流程数据有变，所选的去向已不适用，请重新申请"), case=case.id)
    with incidents.guarded(case, actor.name):
        workflow.complete(task.id, asked.variables)
    _require_there(workflow, deployed, way, step)
    task.state, task.closed_at, task.closed_by = "skipped", clock.now(), actor.name
    asked.state, asked.decided_at, asked.decided_by = "confirmed", clock.now(), actor.name
    session.execute(delete(Draft).where(Draft.task_id == task.id))
    skipped = {"request": asked.id, "reason": asked.reason, "asked_by": asked.asked_by, "way": asked.title}
    told = {"form": task.form, "variables": asked.variables, "pass": task.pass_number, "skipped": skipped}
    closed = events.Entry(
        "task.closed", case.id, task.id, task.instance_path + task.element, {**told, **cases.ran(workflow)}
    )
    mended = repairs.closed(session, actor, case, "skipped", **skipped)
    case.status = "open"
    cases.save(session, case, workflow, actor.name, closed, mended)
    return case


def refuse(session: Session, actor: Actor, case_id: int, request_id: int) -> SkipRequest:
    """Leave the step as it is: the other person says no, or who asked takes it back."""
    case, _ = repairs.stopped(session, actor, case_id, "incident.confirm")
    asked = _asked(session, case, request_id)
    repairs.drop_requests(session, actor, case)
    entry = events.Entry("incident.skip_refused", case.id, asked.task_id, payload={"request": asked.id})
    events.append(session, case.bureau_code, actor.name, [entry])
    return asked


def waiting(session: Session, case_id: int) -> SkipRequest | None:
    """The request about this case that nobody has decided on."""
    query = select(SkipRequest).where(SkipRequest.case_id == case_id, SkipRequest.decided_at.is_(None))
    return session.scalar(query)


def _asked(session: Session, case: Case, request_id: int) -> SkipRequest:
    asked = waiting(session, case.id)
    if asked is None or asked.id != request_id:
        raise NotFound(said("这项申请已经办理，或者已由新的申请代替"), case=case.id)
    return asked


def _skippable(deployed: Deployed, step: Step, data: Mapping[str, Any]) -> Skippable:
    why_not = ""
    ways: tuple[WayOn, ...] = ()
    if set(step.properties["role"].replace(" ", "").split(",")) <= DECIDING:
        why_not = said("审定和公布须由负责人作出，不能跳过；请更正数据后重试，或者终止办件")
    elif "does" in step.properties or step.seat is not None:
        why_not = said("该环节办结时系统还要办理相应事项，不能跳过；请更正数据后重试，或者终止办件")
    else:
        ways = tuple(_ways(deployed, step, data))
        why_not = "" if ways else said("找不到可以走通的去向；请更正数据后重试，或者终止办件")
    return Skippable(step.id, step.name, ways, why_not)


def _ways(deployed: Deployed, step: Step, data: Mapping[str, Any]) -> list[WayOn]:
    branches = Branches(deployed.files, step.process, step.element)
    given = [name.strip() for name in step.properties.get("variables", "").split(",") if name.strip()]
    fields = deployed.form(step.properties["form"]).document["properties"]
    try:
        read = branches.reads(deployed.words)
        wanted = [name for name in given if name in read]
        offered = {name: routing.choices(fields.get(name, {})) for name in wanted}
        leading = branches.values(wanted, offered, data, deployed.words)
    except JiqunError:  # a condition that cannot even be read: nothing leads on
        return []
    unread = {name: data.get(name) for name in given if name not in wanted}
    return [
        WayOn(" ".join(way.flows), way.title, way.target, unread | leading[way.flows])
        for way in branches.ways()
        if way.flows in leading
    ]


def _leads(deployed: Deployed, step: Step, data: Mapping[str, Any]) -> list[str]:
    try:
        return list(Branches(deployed.files, step.process, step.element).leads(data, deployed.words))
    except JiqunError:
        return []


def _require_there(workflow: Workflow, deployed: Deployed, way: WayOn, step: Step) -> None:
    """The case went where both people read that it goes; otherwise nothing of it is kept."""
    here = step.path + way.target
    places = [*workflow.journal.passed, *(each.path + each.element for each in workflow.ready())]
    drawn = deployed.diagrams.get(step.process)
    node = drawn.nodes.get(way.target) if drawn else None
    waits = node is not None and (node.kind.endswith("Gateway") or node.message or node.timer)
    if not waits and not any(place == here or place.startswith((here + "/", here + "[")) for place in places):
        raise Refused(said("办件没有走到所选的去向，未作任何改动；请选择其他去向"))
