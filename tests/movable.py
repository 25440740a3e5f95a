"""A case on one version of small diagrams, and other versions that it may or may not go on with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from engine import accounts, bundle, cases, clock, organisations, tasks
from engine.access import Actor
from engine.db import Database
from engine.models import Case, Deployment, DeploymentFile, Task
from engine.moves import moving
from engine.moves.verdicts import Verdict
from tests import bundles
from tests.diagrams import Diagram

REGIME, BUREAU, COUNTY = "somewhere", "440000", "441881"
ANSWER = {"decision": "accept", "cases": []}


@dataclass(frozen=True)
class Bureau:
    """A bureau with an officer, an owner of its processes and a stranger. Each method is one transaction."""

    database: Database
    actors: Mapping[str, Actor]

    def deploy(self, *diagrams: Diagram, lacking: str = "", **more: bytes) -> int:
        """Freeze these diagrams unchecked, as broken ones are meant to be tried too; answers the number."""
        files = {path: text for path, text in bundles.bundle(*diagrams, **more).items() if path != lacking}
        with self.database.write() as session:
            last = session.scalar(select(func.max(Deployment.number))) or 0
            made = Deployment(
                regime=REGIME,
                number=last + 1,
                content_hash=bundle.content_hash(files),
                deployed_at=clock.now(),
                deployed_by="setup",
                engine_version="3.2.0",
                applied_at=clock.now(),
            )
            session.add(made)
            session.flush()
            session.add_all(
                DeploymentFile(deployment_id=made.id, path=path, content=text) for path, text in files.items()
            )
            return made.number

    def open(self, number: int, process: str = "application") -> int:
        with self.database.write() as session:
            deployment = session.scalars(select(Deployment.id).where(Deployment.number == number)).one()
            case = cases.begin(
                session,
                self.actors["officer"],
                deployment,
                process,
                title="某集群",
                bureau_code=BUREAU,
                organisation_code=COUNTY,
                round_=None,
                cluster=None,
                answers={},
            )
            return case.id

    def tasks(self, case_id: int, element: str = "") -> list[Task]:
        """Its open tasks, those of one element where it is given."""
        with self.database.read() as session:
            query = select(Task).where(Task.case_id == case_id, Task.state == "open").order_by(Task.instance_path)
            return [task for task in session.scalars(query) if element in {"", task.element}]

    def do(self, case_id: int, element: str, answers: Mapping[str, Any] = ANSWER) -> None:
        """The first open task at this element."""
        with self.database.write() as session:
            tasks.complete(session, self.actors["officer"], self.tasks(case_id, element)[0].id, answers)

    def verdict(self, case_id: int, number: int) -> Verdict:
        with self.database.read() as session:
            return moving.verdict(session, self.actors["owner"], case_id, number)[2]

    def move(self, case_id: int, number: int, **how: Any) -> None:
        with self.database.write() as session:
            moving.move(session, self.actors["owner"], case_id, number, **how)

    def undo(self, case_id: int) -> None:
        with self.database.write() as session:
            moving.undo(session, self.actors["owner"], case_id)

    def case(self, case_id: int) -> Case:
        with self.database.read() as session:
            return session.get_one(Case, case_id)

    def state(self, case_id: int) -> bytes:
        with self.database.read() as session:
            return session.scalars(select(Case.state).where(Case.id == case_id)).one()

    def number(self, case_id: int) -> int:
        """Of the deployment that the case runs on."""
        with self.database.read() as session:
            case = session.get_one(Case, case_id)
            return session.get_one(Deployment, case.deployment_id).number


PEOPLE = {"officer": ("bureau_officer", BUREAU), "owner": ("process_owner", BUREAU), "other": ("process_owner", COUNTY)}


def furnish(database: Database) -> Bureau:
    with database.write() as session:
        organisations.add(session, BUREAU, "省工业和信息化厅", "province")
        organisations.add(session, "441800", "市工业和信息化局", "city", BUREAU)
        organisations.add(session, COUNTY, "某县", "county", "441800")
        actors = {}
        for name, (role, organisation) in PEOPLE.items():
            person = accounts.add(session, name, by="setup")
            accounts.grant(session, person, role, organisation, by="setup")
            actors[name] = accounts.actor(session, person)
    return Bureau(database, actors)
