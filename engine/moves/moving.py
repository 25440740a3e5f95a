"""A move (迁移) of one case to another deployment of its regime, and taking it back: each one transaction.

The state is the replay's; the ids of the open steps stay, and with them whatever hangs on a task: draft, assignee,
reminders, letters. Timers wait for the moments they waited for.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, bpmn, cases, clock, deployments, events
from engine.access import Actor
from engine.bpmn import Workflow
from engine.deployments import Deployed
from engine.errors import Conflict, NotFound, Refused
from engine.instance.journal import Step
from engine.models import Case, Deployment, Draft, Move, Task
from engine.moves import judging
from engine.moves.verdicts import SAFE, Verdict

_FOLLOWS = ("title", "form", "roles", "sealed")  # what of an open task is as its new deployment draws it
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def verdict(
    session: Session, actor: Actor | None, case_id: int, number: int | None
) -> tuple[Case, Deployment, Verdict]:
    """The dry run: what would become of the case on version `number`, the one in force where none is given.

    Raises NotFound, Forbidden, Refused.
    """
    case = _find(session, actor, case_id)
    other = _other(session, case, number)
    return case, other, judging.judged(session, case, judging.against(session, other.id)).verdict


def move(
    session: Session,
    actor: Actor | None,
    case_id: int,
    number: int | None,
    *,
    seen: int | None = None,
    unknown: bool = False,
) -> Move:
    """Let the case go on with version `number`: what is safe, or with `unknown` what the dry run could not tell.

    `seen` is the case's version that the dry run saw. Raises Conflict where something has happened since, Refused with
    the reason where the case cannot go on there, NotFound, Forbidden.
    """
    case, workflow = cases.lock(session, case_id)
    _require(actor, case)
    other = _other(session, case, number)
    if seen is not None and seen != case.version:
        raise Conflict(said("预演之后这个办件又有了办理，请重新预演"), case=case.id, version=case.version)
    target = judging.against(session, other.id)
    found = judging.judged(session, case, target)
    if found.workflow is None or not (found.verdict.result == SAFE or unknown):
        raise Refused(found.verdict.why, case=case.id, verdict=found.verdict.result)
    before = session.get_one(Deployment, case.deployment_id)
    old_state = session.scalars(select(Case.state).where(Case.id == case.id)).one()
    made = Move(
        case_id=case.id,
        from_id=before.id,
        to_id=other.id,
        moved_at=clock.now(),
        moved_by=_name(actor),
        version=case.version,
        state_format=case.state_format,
        state=old_state,
        tasks={},
    )
    moved = taken_over(found.workflow, workflow, target.deployed, case.process)
    case.deployment_id = other.id
    made.tasks = dict(_following(session, moved, target.deployed))
    _keep(session, case, moved)
    made.version = case.version
    session.add(made)
    session.flush()
    payload = {"from": before.number, "to": other.number, "verdict": found.verdict.result}
    entry = events.Entry("case.moved", case.id, payload={**payload, "notes": list(found.verdict.notes)})
    events.append(session, case.bureau_code, _name(actor), [entry])
    return made


def undo(session: Session, actor: Actor | None, case_id: int) -> Move:
    """Take back the last move, as one step. Raises Refused where something has happened since, NotFound, Forbidden."""
    case, _ = cases.lock(session, case_id)
    _require(actor, case)
    made = last(session, case.id)
    if made is None:
        raise NotFound(said("这个办件没有可以撤销的迁移"), case=case.id)
    if not undoable(case, made):
        raise Refused(said("迁移之后这个办件又有了办理，不能撤销；可以再迁移到别的版本"), case=case.id)
    deployed = deployments.deployed(session, made.from_id)
    back = Workflow.load(deployed.specs(case.process), made.state, made.state_format, deployed.words)
    case.deployment_id = made.from_id
    for task_id, before in made.tasks.items():
        _as_before(session, task_id, before)
    _keep(session, case, back)
    made.undone_at, made.undone_by = clock.now(), _name(actor)
    numbers = {"from": deployments.number(session, made.to_id), "to": deployments.number(session, made.from_id)}
    entry = events.Entry("case.move_undone", case.id, payload=numbers)
    events.append(session, case.bureau_code, _name(actor), [entry])
    return made


def last(session: Session, case_id: int) -> Move | None:
    """The last move of a case that was not taken back."""
    query = select(Move).where(Move.case_id == case_id, Move.undone_at.is_(None)).order_by(Move.id.desc()).limit(1)
    return session.scalar(query)


def undoable(case: Case, made: Move) -> bool:
    """Has nothing happened to the case since? Claims and drafts are no happenings: they stay with their task."""
    return case.version == made.version and case.deployment_id == made.to_id and case.status in cases.RUNNING


def deployment(session: Session, regime: str, number: int | None) -> Deployment:
    """The version of this number; the one in force where none is given. Raises NotFound."""
    if number is None:
        return deployments.current(session, regime)
    found = session.scalar(select(Deployment).where(Deployment.regime == regime, Deployment.number == number))
    if found is None:
        raise NotFound(said("没有第 %(number)s 版", number=number), regime=regime)
    return found


def running(session: Session, regime: str) -> list[Case]:
    """The cases of a regime that are not over, the oldest first."""
    query = select(Case).where(Case.regime == regime, Case.status.in_(cases.RUNNING))
    return list(session.scalars(query.order_by(Case.id)))


def _require(actor: Actor | None, case: Case) -> None:
    """None is whoever may run commands on this machine."""
    if actor is not None:
        access.require(actor, "case.move", case)


def _name(actor: Actor | None) -> str:
    return actor.name if actor else "system"


def _find(session: Session, actor: Actor | None, case_id: int) -> Case:
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound(said("没有这个办件，或者您无权查看"))
    _require(actor, case)
    return case


def _other(session: Session, case: Case, number: int | None) -> Deployment:
    """The deployment to go on with. Raises NotFound, Refused for the one that the case runs on, and for one over."""
    if case.status not in cases.RUNNING:
        raise Refused(said("该办件已经结束，不能迁移"), case=case.id)
    found = deployment(session, case.regime, number)
    if found.id == case.deployment_id:
        raise Refused(said("该办件已经在第 %(number)s 版上办理", number=found.number), case=case.id)
    return found


def taken_over(lived: Workflow, now: Workflow, deployed: Deployed, process: str) -> Workflow:
    """The replayed instance, with the ids of the open steps and the moments of the timers that the case has now."""
    lived.set_timers(now.timers())
    ids = dict(_paired(lived.ready(), now.ready()))
    state = _ID.sub(lambda found: ids.get(found.group(), found.group()), lived.dump().decode())
    return Workflow.load(deployed.specs(process), state.encode(), bpmn.STATE_FORMAT, deployed.words)


def _paired(new: list[Step], old: list[Step]) -> Iterator[tuple[str, str]]:
    """Each new step's id with that of the old one at the same place."""
    there: dict[str, list[str]] = defaultdict(list)
    for step in old:
        there[step.path + step.element].append(step.id)
    for step in new:
        yield step.id, there[step.path + step.element].pop(0)


def _following(session: Session, workflow: Workflow, deployed: Deployed) -> Iterator[tuple[str, dict[str, Any]]]:
    """Let the open tasks be called and answered as the new deployment has it; answers what they were."""
    for step in workflow.ready():
        task = session.get_one(Task, step.id)
        drawn = cases.drawn(step)
        before = {name: getattr(task, name) for name in _FOLLOWS if drawn[name] != getattr(task, name)}
        for name in before:
            setattr(task, name, drawn[name])
        drafts = dict(_fitted(session, task, deployed.form(task.form).fields()))
        if before or drafts:
            yield task.id, {"was": before, "drafts": drafts}


def _fitted(session: Session, task: Task, fields: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Take out of drafts what the new form does not ask: it could not be saved again. Answers what they were."""
    for draft in session.scalars(select(Draft).where(Draft.task_id == task.id).with_for_update()):
        kept = {name: value for name, value in draft.data.items() if name in fields}
        if kept != draft.data:
            yield str(draft.person_id), {"data": draft.data, "version": draft.version + 1}
            draft.data, draft.version = kept, draft.version + 1


def _as_before(session: Session, task_id: str, before: Mapping[str, Any]) -> None:
    """A task as it was before the move, and its drafts where nobody has written into them since."""
    task = session.get_one(Task, task_id)
    for name, value in before["was"].items():
        setattr(task, name, value)
    for person_id, was in before["drafts"].items():
        draft = session.get(Draft, (task_id, int(person_id)), with_for_update=True)
        if draft is not None and draft.version == was["version"]:
            draft.data, draft.version = was["data"], draft.version + 1


def _keep(session: Session, case: Case, workflow: Workflow) -> None:
    if cases.keep(session, case, workflow):  # a task opened or cancelled: the place was not the same after all
        raise Conflict(said("迁移前后的待办不一致，没有迁移"), case=case.id)
