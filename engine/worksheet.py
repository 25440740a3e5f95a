"""The worksheet of a task: what sent the case back, what was filed before, and what its form has to choose from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, deployments, tasks
from engine.access import Actor
from engine.deployments import Deployed
from engine.forms import Form
from engine.models import Case, Event, Organisation, Person, Precheck, Round, StoredFile, Task

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Remark:
    """What a reviewer asks about one field. `field` is its name, or empty where the words name none."""

    field: str
    about: str  # as the reviewer wrote it
    text: str


@dataclass(frozen=True)
class Returned:
    """The step that sent the case back, without who did it: an office speaks."""

    step: str
    organisation: str
    at: datetime
    opinion: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class Worksheet:
    """A task with what surrounds it, as far as the actor may know."""

    task: Task
    case: Case
    deployed: Deployed
    form: Form
    closed_by: str  # the display name of who finished it
    filed: Row | None  # the same form as it was submitted in this case before, newest: id, data, closed_at
    known: Mapping[str, Any]  # what opening the case already answered of this form: nothing is asked twice
    returned: Returned | None


def worksheet(session: Session, actor: Actor, task_id: str) -> Worksheet:
    """What a person needs beside `queries.task_detail`. Raises NotFound."""
    task = tasks.find(session, actor, task_id)
    case = session.get_one(Case, task.case_id)
    deployed = deployments.deployed(session, case.deployment_id)
    form = deployed.form(task.form)
    closer = select(Person.display_name).where(Person.name == task.closed_by)
    return Worksheet(
        task=task,
        case=case,
        deployed=deployed,
        form=form,
        closed_by=(session.scalar(closer) or "") if task.closed_by else "",
        filed=_filed(session, task),
        known=_known(session, case, deployed, form) if task.state == "open" else {},
        returned=returned(session, actor, task_id),
    )


def returned(session: Session, actor: Actor, task_id: str) -> Returned | None:
    """Why the case came back to this task: the last thing done before it was opened, if that was a return.

    An applicant does not see a reviewer's task. What it says to them they see here.
    """
    task = tasks.find(session, actor, task_id)
    last = session.scalar(
        select(Task)
        .where(Task.case_id == task.case_id, Task.state == "done", Task.closed_at <= task.opened_at, Task.id != task.id)
        .order_by(Task.closed_at.desc(), Task.opened_at.desc())
        .limit(1)
    )
    answers = last.answers if last else None
    if last is None or not isinstance(answers, Mapping) or answers.get("decision") != "return":
        return None
    deployed = deployments.deployed(session, session.get_one(Case, task.case_id).deployment_id)
    reviewed = deployed.form(last.form)
    return Returned(
        step=last.title,
        organisation=session.get_one(Organisation, last.organisation_code).name,
        at=last.closed_at or task.opened_at,
        opinion=str(answers.get("opinion") or ""),
        remarks=tuple(_remarks(reviewed, answers, deployed.form(task.form))),
    )


def prechecked(session: Session, actor: Actor, case: Case) -> Row | None:
    """What the criteria last said of the application: made_at, verdicts, problem. None: nothing yet, or not to them."""
    if not access.may(actor, "precheck.read", case):
        return None
    query = (
        select(Precheck.made_at, Precheck.verdicts, Precheck.problem)
        .where(Precheck.case_id == case.id)
        .order_by(Precheck.made_at.desc(), Precheck.task_id)
        .limit(1)
    )
    row = session.execute(query).mappings().first()
    return dict(row) if row else None


def materials(session: Session, actor: Actor, task: Task) -> list[Row]:
    """What was filed in this case and the actor may read: the newest of each step but this one, in order."""
    query = (
        select(Task.id, Task.title, Task.form, Task.element, Task.closed_at, Task.pass_number)
        .where(Task.case_id == task.case_id, Task.state == "done", Task.id != task.id, access.visible_tasks(actor))
        .order_by(Task.closed_at.desc(), Task.pass_number.desc())
    )
    newest: dict[str, Row] = {}
    for row in session.execute(query).mappings():
        newest.setdefault(row["form"], dict(row))
    return list(reversed(newest.values()))


def names_of(session: Session, actor: Actor, ids: Iterable[str]) -> list[StoredFile]:
    """The files with these ids that the actor may read."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    query = select(StoredFile).where(StoredFile.id.in_(wanted), access.visible_files(actor))
    return list(session.scalars(query))


def waiting_cases(session: Session, actor: Actor, case: Case) -> list[tuple[int, str]]:
    """The cases of the round that wait for its outcome, as a list may choose them: number and title."""
    query = (
        select(Case.id, Case.title)
        .where(
            Case.round_id == case.round_id,
            Case.id != case.id,
            Case.status == "open",
            Case.awaits != " ",
            access.visible_cases(actor),
        )
        .order_by(Case.id)
    )
    return [(number, title) for number, title in session.execute(query)] if case.round_id else []


def _filed(session: Session, task: Task) -> Row | None:
    """The same form as it was submitted in this case before; where a step stands again, that is what it corrects."""
    query = select(Task.id, Task.answers.label("data"), Task.closed_at).where(
        Task.case_id == task.case_id,
        Task.form == task.form,
        Task.organisation_code == task.organisation_code,
        Task.state == "done",
        Task.id != task.id,
        Task.closed_at <= task.opened_at,
    )
    row = session.execute(query.order_by(Task.closed_at.desc(), Task.pass_number.desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def _known(session: Session, case: Case, deployed: Deployed, form: Form) -> dict[str, Any]:
    """Fields of the same name in the form that opened the case, and the year of its round."""
    if "form" not in deployed.specs(case.process).opening:
        return {}
    opened = select(Event.payload).where(Event.case_id == case.id, Event.kind == "case.opened").limit(1)
    payload = session.scalar(opened)
    answers = payload.get("answers") if isinstance(payload, Mapping) else None
    known = {name: value for name, value in (answers or {}).items() if name in form.fields()}
    round_ = session.get(Round, case.round_id) if case.round_id else None
    if round_ and "application_year" in form.fields():
        known["application_year"] = round_.year
    return known


def _remarks(reviewed: Form, answers: Mapping[str, Any], form: Form) -> Iterable[Remark]:
    """The remarks of a review, each at the field it names: by its name, its title, or the words a title begins with."""
    for path in reviewed.points_to():
        table, _, column = path.partition(".")
        for row in answers.get(table) or ():
            if isinstance(row, Mapping) and column in row:
                about = str(row[column])
                text = "；".join(str(value) for name, value in row.items() if name != column)
                yield Remark(_field_named(form, about), form.title_of(about), text)


def _field_named(form: Form, about: str) -> str:
    names = form.fields()
    if about in names:
        return about
    return next((name for name in sorted(names) if form.title_of(name) == about), "")
