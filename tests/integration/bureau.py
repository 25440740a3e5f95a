"""The office behind its server, whose people do their steps through the API on a clock that the story moves."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from engine.models import Letter
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.http import Client, Doubter
from tests.office import REGIME
from web.worker import Worker


@dataclass
class Bureau:
    """An office that is open: its server, its clock and its worker."""

    at: desk.Desk
    address: tuple[str, int]
    clock: StandingClock
    worker: Worker
    kind: type[Client]

    @property
    def public(self) -> Client:
        return Client(self.address)

    def as_(self, name: str) -> Client:
        return self.kind(self.address, self.at.tokens[name])

    def on(self, text: str) -> None:
        """It is this moment from now on."""
        self.clock.move_to(text)

    def tick(self) -> None:
        """The worker looks what is due; a doubter's office has two workers."""
        for _ in range(2 if self.kind is Doubter else 1):
            self.worker.tick()

    def waiting(self, who: str, case_id: int, element: str) -> str:
        """The id of the one task at this element that stands in somebody's inbox."""
        inbox = self.as_(who).get(f"/tasks?mine=1&state=open&regime={REGIME}&limit=200").json
        assert inbox["next"] is None
        (found,) = [row for row in inbox["items"] if (row["case_id"], row["element"]) == (case_id, element)]
        return str(found["id"])

    def complete(self, who: str, case_id: int, element: str, data: Any) -> dict[str, Any]:
        """Find the task in the inbox and finish it; answers the case's state."""
        answer = self.as_(who).post(f"/tasks/{self.waiting(who, case_id, element)}/complete", {"data": data})
        assert answer.status == 200, answer.body.decode()
        return dict(answer.json)

    def case(self, case_id: int) -> dict[str, Any]:
        return dict(self.as_("city").get(f"/cases/{case_id}").json)

    def elements(self, case_id: int) -> list[str]:
        return sorted(task["element"] for task in self.case(case_id)["tasks"])

    def letters(self, case_id: int) -> list[Letter]:
        """What the diagram wrote; that a task waits is told beside it, by the worker."""
        query = select(Letter).where(Letter.case_id == case_id, Letter.task_id.is_(None)).order_by(Letter.id)
        with self.at.database.read() as session:
            return list(session.scalars(query))

    def seated(self, case_id: int) -> list[str]:
        """Who sits on the newest panel of a case, by seat: the chair first."""
        panel = self.as_("city").get(f"/cases/{case_id}/panels").json["items"][-1]
        return [seat["display_name"] for seat in panel["seats"]]
