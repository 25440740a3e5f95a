"""The demo bureau behind its server, on a clock that the test moves."""

from dataclasses import dataclass

from sqlalchemy import select

from config.settings import Settings
from engine import panels
from engine.db import Database
from engine.models import Case, Person, PoolMember
from tests.clock import StandingClock
from web.worker import Worker


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

    def inspectors(self, count: int) -> dict[str, int]:
        """The first inspectors of the pool: account → number in it."""
        with self.database.read() as session:
            found = select(Person.name, PoolMember.id).join(PoolMember, PoolMember.person_id == Person.id)
            query = found.where(PoolMember.kind == "inspector").order_by(PoolMember.id).limit(count)
            return {row.name: row.id for row in session.execute(query)}
