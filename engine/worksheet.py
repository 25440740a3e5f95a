"""The worksheet of a task: what sent the case back, what was filed before, and what its form has to choose from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import (
    access,
    assessments,
    deployments,
    draft_lists,
    inspections,
    reports,
    rounds,
    seats,
    settlement,
    tasks,
    visits,
)
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
    """What the step before says, as when it sent the case back, without who did it: an office speaks."""

    step: str
    organisation: str
    at: datetime
    opinion: str
    remarks: tuple[Remark, ...]
    back: bool = True  # the case came back; else the step before only says something: a question, an answer


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
        filed=_filed(session, task) if seats.for_eyes_of(actor.person_id, task) else None,
        known=begun(session, case, task, deployed, form) if task.state == "open" else {},
        returned=returned(session, actor, task_id),
    )


def returned(session: Session, actor: Actor, task_id: str) -> Returned | None:
    """What the step before says to this one: why the case came back, or what its diagram says that it tells.

    An applicant does not see a reviewer's task. What it says to them they see here, as the word of an office; so an
    expert's question comes without the expert.
    """
    task = tasks.find(session, actor, task_id)
    last = session.scalar(
        select(Task)
        .where(Task.case_id == task.case_id, Task.state == "done", Task.closed_at <= task.opened_at, Task.id != task.id)
        .where(Task.instance_path == task.instance_path)
        .order_by(Task.closed_at.desc(), Task.opened_at.desc())
        .limit(1)
    )
    answers = last.answers if last else None
    if last is None or not isinstance(answers, Mapping):
        return None
    case = session.get_one(Case, task.case_id)
    deployed = deployments.deployed(session, case.deployment_id)
    back = answers.get("decision") == "return"
    tells = _listed(deployed.step(case.process, last.process, last.element).get("tells", ""))
    said = answers.get("opinion") if back else "\n".join(str(answers[name]) for name in tells if answers.get(name))
    if not back and not said:
        return None
    reviewed = deployed.form(last.form)
    return Returned(
        step=last.title,
        organisation=session.get_one(Organisation, last.organisation_code).name,
        at=last.closed_at or task.opened_at,
        opinion=str(said or ""),
        remarks=tuple(_remarks(reviewed, answers, deployed.form(task.form))) if back else (),
        back=back,
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
    """What was filed in this case and the actor may read: the newest of each form and office, but of this step."""
    query = (
        select(Task.id, Task.title, Task.form, Task.element, Task.closed_at, Task.pass_number)
        .add_columns(Organisation.name.label("office"))
        .join(Organisation, Organisation.code == Task.organisation_code)
        .where(Task.case_id == task.case_id, Task.state == "done", Task.id != task.id, access.visible_tasks(actor))
        .order_by(Task.closed_at.desc(), Task.pass_number.desc())
    )
    newest: dict[tuple[str, str], Row] = {}
    for row in session.execute(query).mappings():
        newest.setdefault((row["form"], row["office"]), dict(row))
    return list(reversed(newest.values()))


def names_of(session: Session, actor: Actor, ids: Iterable[str]) -> list[StoredFile]:
    """The files with these ids that the actor may read."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    query = select(StoredFile).where(StoredFile.id.in_(wanted), access.visible_files(actor))
    return list(session.scalars(query))


def waiting_cases(session: Session, actor: Actor, case: Case, form: str) -> list[tuple[int, str]]:
    """The cases of the round that a form may choose, in the order of the ranking: number, title and result."""
    if not access.of_bureau(actor, case.bureau_code):
        return []
    return [
        (each.case_id, f"{each.title}（{each.words}）" if each.words else each.title)
        for each in draft_lists.candidates(session, case, form)
    ]


def members(session: Session, actor: Actor, sheet: Worksheet) -> list[tuple[int, str]]:
    """Whom of the pool a form may choose: the team of the step's seat; without one, who is free to visit the case."""
    if not access.may(actor, "case.read", sheet.case):
        return []
    if sheet.task.seat_id is not None:
        return visits.team(session, sheet.task.seat_id)
    found = inspections.choices(session, sheet.case, sheet.task.organisation_code)
    return [(member_id, called) for member_id, called, excluded in found if excluded is None]


def choices(
    session: Session, actor: Actor, sheet: Worksheet, *, of_cases: Sequence[str], of_members: Sequence[str]
) -> dict[str, list[tuple[int, str]]]:
    """Field → what may be chosen there, number and title: for the fields that name cases, and people of the pool."""
    found: dict[str, list[tuple[int, str]]] = {}
    if of_cases:
        found |= dict.fromkeys(of_cases, waiting_cases(session, actor, sheet.case, sheet.task.form))
    if of_members:
        found |= dict.fromkeys(of_members, members(session, actor, sheet))
    return found


def beside(session: Session, actor: Actor, sheet: Worksheet) -> dict[str, tuple[str, list[str], Mapping[str, Any]]]:
    """Field → a form, fields of it and what was filed there last, where that is to be held against the field."""
    wanted = sheet.form.besides()
    filed: dict[str, Mapping[str, Any]] = {}
    for form in {form for form, _fields in wanted.values()}:
        query = select(Task.answers).where(
            Task.case_id == sheet.case.id, Task.form == form, Task.state == "done", access.visible_tasks(actor)
        )
        newest = session.scalar(query.order_by(Task.closed_at.desc(), Task.pass_number.desc()).limit(1))
        filed[form] = newest or {}
        if not newest and access.may(actor, "case.read", sheet.case):  # who has a sealed step may not
            filed[form] = _opened_with(session, sheet.case, sheet.deployed, form)
    return {name: (form, fields, filed[form]) for name, (form, fields) in wanted.items() if filed[form]}


def _filed(session: Session, task: Task) -> Row | None:
    """The same form as it was submitted in this case before; where a step stands again, that is what it corrects."""
    query = select(Task.id, Task.answers.label("data"), Task.closed_at).where(
        Task.case_id == task.case_id,
        Task.form == task.form,
        *seats.same_hand(task),
        Task.state == "done",
        Task.id != task.id,
        Task.closed_at <= task.opened_at,
    )
    row = session.execute(query.order_by(Task.closed_at.desc(), Task.pass_number.desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def begun(session: Session, case: Case, task: Task, deployed: Deployed, form: Form) -> dict[str, Any]:
    """What an empty form begins with: what is known already, and what follows from it."""
    begin = _BEGIN.get(task.form)
    return begin(session, case, task.form) if begin else _known(session, case, deployed, form)


def _known(session: Session, case: Case, deployed: Deployed, form: Form) -> dict[str, Any]:
    """Fields of the same name in the form that opened the case, and the year of its round."""
    opening = deployed.specs(case.process).opening.get("form")
    if opening is None:
        return {}
    answers = _opened_with(session, case, deployed, opening)
    known = {name: value for name, value in answers.items() if name in form.fields()}
    round_ = session.get(Round, case.round_id) if case.round_id else None
    if round_ and "application_year" in form.fields():
        known["application_year"] = round_.year
    return known


def _opened_with(session: Session, case: Case, deployed: Deployed, form: str) -> Mapping[str, Any]:
    """What was answered in this form when the case was opened by it; nothing for another form."""
    if deployed.specs(case.process).opening.get("form") != form:
        return {}
    opened = select(Event.payload).where(Event.case_id == case.id, Event.kind == "case.opened").limit(1)
    payload = session.scalar(opened)
    answers = payload.get("answers") if isinstance(payload, Mapping) else None
    return answers or {}


def _remarks(reviewed: Form, answers: Mapping[str, Any], form: Form) -> Iterable[Remark]:
    """The remarks of a review, each at the field it names: by its name, its title, or the words a title begins with."""
    for path in reviewed.points_to():
        table, _, column = path.partition(".")
        for row in answers.get(table) or ():
            if isinstance(row, Mapping) and column in row:
                about = str(row[column])
                text = "；".join(str(value) for name, value in row.items() if name != column)
                yield Remark(_field_named(form, about), form.title_of(about), text)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _field_named(form: Form, about: str) -> str:
    names = form.fields()
    if about in names:
        return about
    return next((name for name in sorted(names) if form.title_of(name) == about), "")


_BEGIN: Mapping[str, Callable[[Session, Case, str], dict[str, Any]]] = {
    "call_notice": rounds.call_begun,
    "draft_list": draft_lists.proposal,
    reports.FORM: reports.begun,
    assessments.FORM: assessments.begun,
    "check_objections": settlement.check_begun,
    "settle_held": settlement.settlement_begun,
}
