"""A case of the database held against another deployment, or against files that are to become one."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import bpmn, calendars, deployments
from engine.bpmn import Workflow
from engine.bundle import Files
from engine.deployments import Deployed
from engine.errors import StateUnreadable
from engine.models import Case, Event, Task
from engine.moves.verdicts import UNKNOWN, Judged, Subject, Target, Verdict, judge


def against(session: Session, deployment_id: int) -> Target:
    """A deployment, to hold cases against. Raises NotFound."""
    return Target(deployments.deployed(session, deployment_id))


def against_files(session: Session, files: Files) -> Target:
    """Files that are not deployed yet."""
    return Target(Deployed(0, files, calendars.follower(session)))


def judged(session: Session, case: Case, target: Target) -> Judged:
    """What becomes of a case that goes on with `target`; nothing is changed."""
    calendars.of(session, case.bureau_code)  # the words of both deployments count by it
    before = deployments.deployed(session, case.deployment_id)
    try:
        now = standing(session, case)
    except StateUnreadable as error:
        return Judged(Verdict(UNKNOWN, said("办件现在的状态无法读取：%(why)s", why=error.message)))
    return judge(target, Subject(before, case.process, now, record(session, case.id), forms(session, case.id)))


def standing(session: Session, case: Case) -> Workflow:
    """The case as it is stored, for looking at: the live instance stays with those who act."""
    deployed = deployments.deployed(session, case.deployment_id)
    state = session.scalar(select(Case.state).where(Case.id == case.id)) or b""
    return bpmn.Workflow.load(deployed.specs(case.process), state, case.state_format, deployed.words)


def record(session: Session, case_id: int) -> Sequence[Event]:
    """What happened to the case, in order."""
    return session.scalars(select(Event).where(Event.case_id == case_id).order_by(Event.seq)).all()


def forms(session: Session, case_id: int) -> Mapping[str, str]:
    """The forms that the case has been answered on, by the title of a step."""
    rows: Any = session.execute(select(Task.title, Task.form).where(Task.case_id == case_id, Task.state == "done"))
    return {row.title: row.form for row in rows}
