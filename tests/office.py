"""An office to test with: the bureau, counties and a park of 清远市, their people, and a deployment of its rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from engine import accounts, bundle, cases, deploying, organisations, rounds, tasks
from engine.access import Actor
from engine.db import Database
from engine.models import Case, Round, Task
from tests.kept import kept

REGIME = "qingyuan"
BUREAU, COUNTY, SIBLING, PARK = "441800", "441881", "441882", "441881-01"

PEOPLE = {  # account → (role, organisation)
    "county": ("county_officer", COUNTY),
    "county2": ("county_officer", COUNTY),
    "sibling": ("county_officer", SIBLING),
    "park": ("park_officer", PARK),
    "city": ("bureau_officer", BUREAU),
    "city2": ("bureau_officer", BUREAU),
    "expert": ("expert", BUREAU),
    "inspector": ("inspector", BUREAU),
    "leader": ("bureau_leader", BUREAU),
    "publisher": ("publisher", BUREAU),
    "owner": ("process_owner", BUREAU),
}


@dataclass(frozen=True)
class Office:
    """A database with people in it. Every method is one command in a transaction of its own."""

    database: Database
    actors: Mapping[str, Actor]

    def open_round(self, year: int = 2025, again: str = "") -> Round:
        with self.database.write() as session:
            return rounds.open_round(session, self.actors["city"], REGIME, year, f"{year}年度认定批次", again=again)

    def open_case(self, who: str, data: Mapping[str, Any]) -> Case:
        with self.database.write() as session:
            return cases.open_case(session, self.actors[who], REGIME, "application", data)

    def complete(self, who: str, task: Task, data: Mapping[str, Any]) -> Case:
        with self.database.write() as session:
            return tasks.complete(session, self.actors[who], task.id, data)

    def open_task(self, case_id: int, element: str) -> Task:
        """The one open task of a case at this element."""
        with self.database.read() as session:
            query = select(Task).where(Task.case_id == case_id, Task.state == "open", Task.element == element)
            return session.scalars(query).one()

    def open_elements(self, case_id: int) -> list[str]:
        with self.database.read() as session:
            query = select(Task.element).where(Task.case_id == case_id, Task.state == "open")
            return sorted(session.scalars(query))


@kept
def furnish(database: Database, files: bundle.Files | None = None) -> Office:
    """Organisations, people and a deployment in an empty, migrated database."""
    with database.write() as session:
        organisations.add(session, "440000", "广东省工业和信息化厅", "province")
        organisations.add(session, BUREAU, "清远市工业和信息化局", "city", "440000")
        organisations.add(session, COUNTY, "英德市中小企业主管部门", "county", BUREAU)
        organisations.add(session, SIBLING, "连州市中小企业主管部门", "county", BUREAU)
        organisations.add(session, PARK, "英德市某园区管委会", "park", COUNTY)
        people = {}
        for name, (role, organisation) in PEOPLE.items():
            people[name] = accounts.add(session, name, by="setup")
            accounts.grant(session, people[name], role, organisation, by="setup")
        deploying.deploy(session, REGIME, files or bundle.shipped(REGIME), by="setup")
        actors = {name: accounts.actor(session, person) for name, person in people.items()}
    return Office(database, actors)
