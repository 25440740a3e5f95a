"""The demo bureau behind its server, on a clock that the test moves."""

from dataclasses import dataclass

from config.settings import Settings
from engine.db import Database
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
