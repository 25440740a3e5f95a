"""The demo bureau behind its server, on a clock that the test moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from sqlalchemy import select

from config.settings import Settings
from engine import accounts, cases, deployments, files, panels, tasks
from engine.db import Database
from engine.models import Case, Person, PoolMember, Round, Task
from tests import samples
from tests.clock import StandingClock
from tests.office import BUREAU
from web.worker import Worker

START = "application_start"


@dataclass(frozen=True)
class Office:
    """An office that is open for one test."""

    address: str
    database: Database
    settings: Settings
    clock: StandingClock

    def tick(self) -> None:
        """The worker looks what is due."""
        Worker(self.database, self.settings).tick()

    def panel(self, case_id: int) -> list[str]:
        """The accounts of a case's panel by seat, the chair's first."""
        with self.database.read() as session:
            panel = panels.current(session, session.get_one(Case, case_id))
            return [session.get_one(Person, seat.person_id).name for seat in panels.seats_of(session, panel)]

    def inspectors(self, count: int, bureau: str = BUREAU) -> dict[str, int]:
        """The first inspectors of an office's pool: account → number in it."""
        with self.database.read() as session:
            found = select(Person.name, PoolMember.id).join(PoolMember, PoolMember.person_id == Person.id)
            query = found.where(PoolMember.kind == "inspector", PoolMember.bureau_code == bureau)
            query = query.order_by(PoolMember.id).limit(count)
            return {row.name: row.id for row in session.execute(query)}

    # ---- what is done behind the pages, where a story is not about them ----

    def keeps(self, who: str, name: str, content: bytes) -> str:
        """Somebody uploads a file; its id."""
        with self.database.write() as session:
            received = files.receive(self.database.files, BytesIO(content), name, megabytes=1, scanner="")
            return files.add(session, accounts.actor(session, accounts.by_name(session, who)), received).id

    def files(self, who: str, round_title: str, cluster: str, answers: Mapping[str, Any]) -> int:
        """An application of a round with these answers, begun and filed; its number."""
        given = {**answers, "cluster_name": cluster}
        with self.database.write() as session:
            round_ = session.scalars(select(Round).where(Round.title == round_title)).one()
            form = deployments.deployed(session, session.get_one(Case, round_.case_id).deployment_id).form(START)
            begun = samples.answers_for(START, form, **given | {"round_id": round_.id})
            actor = accounts.actor(session, accounts.by_name(session, who))
            case_id = cases.open_case(session, actor, round_.regime, "application", begun).id
        self.does(who, case_id, "fill_in", **given)
        return case_id

    def does(self, who: str, case_id: int, element: str, **changes: Any) -> None:
        """Somebody finishes a step of theirs a minute later, with the usual answers and these changes."""
        self.clock.move_by(minutes=1)
        with self.database.write() as session:
            person = accounts.by_name(session, who)
            query = select(Task).where(Task.case_id == case_id, Task.state == "open", Task.element == element)
            mine = [task for task in session.scalars(query) if task.assignee_id in {None, person.id}]
            form = deployments.deployed(session, session.get_one(Case, case_id).deployment_id).form(mine[0].form)
            given = samples.answers_for(mine[0].form, form, **changes)
            tasks.complete(session, accounts.actor(session, person), mine[0].id, given)
