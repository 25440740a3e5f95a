"""Offices on four levels: a ministry, two provinces, cities and counties below them, and a round to apply in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from engine import accounts, bundle, cases, deploying, deployments, organisations, pool, rounds, tasks, timers
from engine.access import Actor
from engine.db import Database
from engine.models import Case, Task
from engine.pool import Card
from tests import samples
from tests.clock import StandingClock
from tests.kept import kept

MINISTRY, PROVINCE, CITY, OTHER_CITY = "100000", "440000", "441800", "440500"
COUNTIES = ("441881", "441882", "441883")  # of the city
FAR_COUNTY = "440513"  # of the other city
OFFICES = {  # code → name, level, what is above
    MINISTRY: ("工业和信息化部", "ministry", None),
    PROVINCE: ("广东省工业和信息化厅", "province", MINISTRY),
    CITY: ("清远市工业和信息化局", "city", PROVINCE),
    OTHER_CITY: ("汕头市工业和信息化局", "city", PROVINCE),
    "450000": ("广西壮族自治区工业和信息化厅", "province", MINISTRY),
    "450200": ("柳州市工业和信息化局", "city", "450000"),
    "450222": ("柳城县工业和信息化局", "county", "450200"),
    **{code: (f"示例县{code}中小企业主管部门", "county", CITY) for code in COUNTIES},
    FAR_COUNTY: ("潮阳区中小企业主管部门", "county", OTHER_CITY),
}
NAMES = {MINISTRY: "ministry", PROVINCE: "province", CITY: "city", OTHER_CITY: "other_city"}
NAMES |= {"450000": "region", "450200": "region_city", "450222": "region_county"}
NAMES |= {code: f"county{place}" for place, code in enumerate(COUNTIES, 1)} | {FAR_COUNTY: "far_county"}


@dataclass(frozen=True)
class Chain:
    """A database with these offices. Every answer is a command of its own, a minute after the one before it."""

    database: Database
    clock: StandingClock
    regime: str
    actors: Mapping[str, Actor]
    inspectors: Mapping[str, tuple[int, int]]  # office → two members of its pool
    round_id: int
    round_case: int

    def apply(self, who: str, niche: str = "", **start: Any) -> int:
        """An application that is begun."""
        named = {"round_id": self.round_id, "cluster_name": f"中小企业特色产业集群（{who}产业）"}
        given = samples.ANSWERS["application_start"] | named | ({"niche": niche} if niche else {}) | start
        with self.database.write() as session:
            return cases.open_case(session, self.actors[who], self.regime, "application", given).id

    def filed(self, who: str, niche: str = "") -> int:
        """An application that has been filed; without a niche, one of its own."""
        case_id = self.apply(who, niche)
        filled = {"application_year": 2025, "niche": niche or f"{who}的细分领域"}
        self.answer(case_id, "fill_in", **filled)
        return case_id

    def answer(self, case_id: int, element: str, **changes: Any) -> Case:
        """The open step is done by somebody whose step it is, with the usual answers and these changes."""
        task = self.open_task(case_id, element)
        usual = self.usual(task)
        if changes.get("decision", usual.get("decision")) != usual.get("decision"):
            usual = {}  # what is asked for one decision is not for another
        return self.complete(self.able(task), task, usual | changes)

    def usual(self, task: Task) -> dict[str, Any]:
        """Right answers to the form of a step."""
        with self.database.read() as session:
            form = deployments.deployed(session, session.get_one(Case, task.case_id).deployment_id).form(task.form)
        team = self.inspectors.get(NAMES[task.organisation_code], (0, 0))
        return samples.answers_for(task.form, form, inspectors=list(team), leader=team[0])

    def complete(self, who: str, task: Task, given: Mapping[str, Any]) -> Case:
        self.clock.move_by(minutes=1)
        with self.database.write() as session:
            return tasks.complete(session, self.actors[who], task.id, given)

    def able(self, task: Task) -> str:
        """Who holds the task, or else one whose it is."""
        for name, actor in self.actors.items():
            if task.assignee_id == actor.person_id:
                return name
            roles = set(task.roles.split())
            if task.assignee_id is None and any(
                each.organisation_code == task.organisation_code for each in actor.as_any_of(roles)
            ):
                return name
        raise LookupError(task.element)

    def open_task(self, case_id: int, element: str) -> Task:
        with self.database.read() as session:
            query = select(Task).where(Task.case_id == case_id, Task.state == "open", Task.element == element)
            return session.scalars(query).one()

    def standing(self, case_id: int) -> list[tuple[str, str]]:
        """The open steps, and the office that has each."""
        with self.database.read() as session:
            query = select(Task.organisation_code, Task.instance_path + Task.element)
            rows = session.execute(query.where(Task.case_id == case_id, Task.state == "open")).all()
        return sorted((NAMES[code], place) for code, place in rows)

    def case(self, case_id: int) -> Case:
        with self.database.read() as session:
            return session.get_one(Case, case_id)

    def tick(self) -> None:
        while timers.tick(self.database):
            pass


@kept
def furnish(database: Database, clock: StandingClock, regime: str, **notice: Any) -> Chain:
    """The offices, two people in each, the regime's deployment and an open round of it; `notice` adds to its call.

    Where the call asks whether it is the first batch, it is, unless `notice` says otherwise (None).
    """
    people: dict[str, Actor] = {}
    inspectors: dict[str, tuple[int, int]] = {}
    with database.write() as session:
        for code, (name, level, above) in OFFICES.items():
            organisations.add(session, code, name, level, above)
        for code, (_name, level, _above) in OFFICES.items():
            own = {"": "county_officer" if level == "county" else "bureau_officer"}
            own |= {} if level == "county" else {"_leader": "bureau_leader", "_2": "bureau_officer"}
            own |= {"_publisher": "publisher"} if level in {"ministry", "province"} else {}
            own |= {} if level == "county" else {"_inspector": "inspector", "_inspector2": "inspector"}
            for ending, role in own.items():
                person = accounts.add(session, NAMES[code] + ending, by="setup")
                accounts.grant(session, person, role, code, by="setup")
                people[NAMES[code] + ending] = accounts.actor(session, person)
            if level != "county":
                card = Card(("统计",), f"虚构统计所{code}", "", date(2025, 1, 1), None)
                members = [
                    pool.add(session, people[NAMES[code]], code, NAMES[code] + ending, kind="inspector", card=card).id
                    for ending in ("_inspector", "_inspector2")
                ]
                inspectors[NAMES[code]] = (members[0], members[1])
        deploying.deploy(session, regime, bundle.shipped(regime), by="setup")
        bureau = NAMES[deployments.rules(session, regime).bureau]  # type: ignore[union-attr]  # just deployed
    with database.write() as session:
        opened = rounds.open_round(session, people[bureau], regime, 2025, "2025年度认定批次")
        round_id, round_case = opened.id, opened.case_id or 0
    made = Chain(database, clock, regime, people, inspectors, round_id, round_case)
    with database.read() as session:
        call = deployments.deployed(session, session.get_one(Case, round_case).deployment_id).form("call_notice")
    told = ({"first_batch": True} if "first_batch" in call.fields() else {}) | notice
    made.answer(round_case, "call_notice", **{name: answer for name, answer in told.items() if answer is not None})
    return made
