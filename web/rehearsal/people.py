"""The people of a rehearsal: who does a task, when, and what is written there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.regime import Regime
from engine import accounts, clock, deployments, files, specimens, worksheet
from engine.access import Actor
from engine.calendar import Calendar
from engine.errors import FormInvalid
from engine.files import Received
from engine.models import Case, Cluster, Membership, Person, PoolMember, Task
from web import filled
from web.rehearsal.scenario import Scenario

MORNING: Final = time(10, 0)
LATE: Final = timedelta(days=10)  # after its date, of who is late
EARLY: Final = (5, 40)  # days before its date, of who reports on time
PROMPT: Final = (1, 4)  # working days after a task came, of everybody else
REPORT, CHECK, APPLICATION = "annual_report", "check_report", "renewal_application"  # forms
SCORES, GOOD = "score_sheet", 80  # a form; points of a hundred that every expert gives
VISIT, TEAM = "arrange_inspection", 2  # a form; how many inspectors go
GATHERING: Final = {"draft_list": 45, "draw_sample": 30}  # forms that wait for reviews to end: working days
PAPER: Final = Received("推演材料.pdf", "application/pdf", "0" * 64, 0)
_FAILED: Final = {"renewal_review": "fail", "decide_renewal": "refuse"}  # form → its decision where a review fails
_PLAIN: Final = {"major_change": False}  # nothing out of the ordinary, unless a scenario says so
_KEPT: Final = {"propose_revocation": "keep", "decide_revocation": "keep"}  # nobody is revoked by a rehearsal


@dataclass
class People:
    """Everybody with a role in the scratch database; what they do follows from the scenario alone."""

    regime: Regime
    scenario: Scenario
    desks: dict[tuple[str, str], list[Actor]] = field(default_factory=dict)  # office, role → who sits there
    waits: Mapping[str, int] = field(default_factory=dict)  # form → working days, where that is known
    names: dict[int, tuple[int, str]] = field(default_factory=dict)  # cluster → its place from 1, and its name

    def come(self, session: Session) -> None:
        """Learn who there is, and which clusters the scenario counts."""
        sitting = select(Person, Membership).join(Membership, Membership.person_id == Person.id)
        known: dict[int, Actor] = {}
        for person, membership in session.execute(
            sitting.where(Person.disabled_at.is_(None)).order_by(Person.id, Membership.role)
        ):
            actor = known.setdefault(person.id, accounts.actor(session, person))
            self.desks.setdefault((membership.organisation_code, membership.role), []).append(actor)
        recognised = select(Cluster.id, Cluster.name).where(
            Cluster.regime == self.regime.name, Cluster.state == "recognised"
        )
        for place, (cluster_id, name) in enumerate(session.execute(recognised.order_by(Cluster.id)), 1):
            self.names[cluster_id] = place, name

    def who(self, task: Task) -> list[tuple[Actor, str]]:
        """Who may do a task and in which role, whoever has it first; nobody where nobody sits there."""
        found = [
            (actor, role)
            for role in task.roles.split()
            for actor in self.desks.get((task.organisation_code, role), [])
            if task.assignee_id in {None, actor.person_id}
        ]
        return list({actor.person_id: (actor, role) for actor, role in reversed(found)}.values())[::-1]

    def acts_at(self, task: Task, case: Case, days: Calendar) -> datetime | None:
        """When the task is done; None: never. What is long past is done as if it had come today."""
        if task.form == REPORT and task.element.startswith("fill_in"):
            behaviour = self._says(case, "reports")
            return self._on_time(task, days) if behaviour == "on_time" else self._late(task, behaviour)
        if task.form == CHECK and (behaviour := self._says(case, "checks")) != "on_time":
            return self._late(task, behaviour)
        if task.form == APPLICATION and self._says(case, "renewals") == "never":
            return None
        luck = self.scenario.luck(case.title, task.element, task.opened_at.date())
        after = self.waits.get(task.form) or luck.randint(*PROMPT)
        begun = max(task.opened_at.astimezone(clock.SHANGHAI).date(), clock.today())
        return _at(days.nth_working_day(begun, after).date)

    def answers(self, session: Session, task: Task, case: Case, actor: Actor) -> dict[str, Any]:
        """What is written at a task: what the form begins with, and specimens for the rest. Raises FormInvalid."""
        deployed = deployments.deployed(session, case.deployment_id)
        form = deployed.form(task.form)
        if case.round_id and task.form in filled.ANSWERS:
            return filled.ANSWERS[task.form](filled.Waiting(session, task, case))
        if task.form == SCORES:
            return filled.score_sheet(filled.Waiting(session, task, case), lambda _indicator: GOOD)
        if task.form == VISIT and (team := _inspectors(session, case.bureau_code)):
            return filled.appointment(team, clock.today() + timedelta(days=3))
        known = worksheet.begun(session, case, task, deployed, form)
        given = {name: value for name, value in known.items() if not isinstance(value, Mapping | list)}
        given |= {name: value for name, value in _PLAIN.items() if name in form.fields()}
        if "decision" in form.fields():
            given["decision"] = self._decides(task, case, form.choices("decision"))
        try:
            return specimens.answers(form, given)
        except FormInvalid:  # perhaps for want of a file, which is made here and has no bytes
            paper = files.keep(session, PAPER, task.organisation_code, actor.name)
            return specimens.answers(form, given, things={"file": [paper.id]})

    def _decides(self, task: Task, case: Case, choices: list[str]) -> str:
        wanted = _FAILED.get(task.form) if self._says(case, "reviews") == "fail" else None
        going_on = next((each for each in choices if each not in specimens.BACK), choices[0])
        return wanted or _KEPT.get(task.form, going_on)

    def _says(self, case: Case, word: str) -> str:
        return self.scenario.of(word, *self.names.get(case.cluster_id or 0, ()))

    def _on_time(self, task: Task, days: Calendar) -> datetime | None:
        """On a working day some weeks before the date, or as soon as it can be where that is past."""
        if task.due_at is None:
            return None
        due = task.due_at.astimezone(clock.SHANGHAI).date()
        early = self.scenario.luck("report", task.case_id, due).randint(*EARLY)
        on = due - timedelta(days=early)
        on = on if days.is_working(on) else days.previous_working_day(on)
        return _at(on if on > clock.today() else days.nth_working_day(clock.today(), 1).date)

    def _late(self, task: Task, behaviour: str) -> datetime | None:
        if behaviour == "never" or task.due_at is None:
            return None
        return _at(max(task.due_at.astimezone(clock.SHANGHAI).date(), clock.today()) + LATE)


def _inspectors(session: Session, bureau: str) -> list[int]:
    query = select(PoolMember.id).where(PoolMember.bureau_code == bureau, PoolMember.kind == "inspector")
    return list(session.scalars(query.order_by(PoolMember.id).limit(TEAM)))


def _at(day: date) -> datetime:
    return datetime.combine(day, MORNING, clock.SHANGHAI)
