"""A panel to test with: experts in the pool of the office, an application before them, and what they do in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from engine import accounts, panels, pool
from engine.access import Actor
from engine.db import Database
from engine.models import Case, Panel, PoolMember, Seat, Task
from engine.pool import Card
from tests import office, samples
from tests.clock import StandingClock
from tests.kept import kept
from tests.office import BUREAU, Office

FIRST_DAY = date(2025, 1, 1)


@dataclass(frozen=True)
class Room:
    """An office with experts in its pool; every method is one command."""

    at: Office
    clock: StandingClock
    experts: Mapping[str, Actor]
    members: Mapping[str, int]  # account → number in the pool

    @property
    def database(self) -> Database:
        return self.at.database

    def filed(self, who: str = "county", **changes: Any) -> Case:
        """An application as far as the convening of its panel."""
        round_ = self.at.open_round()
        self.at.complete("city", self.at.open_task(round_.case_id, "call_notice"), samples.ANSWERS["call_notice"])
        start = samples.ANSWERS["application_start"] | {"round_id": round_.id}
        case = self.at.open_case(who, start)
        self.at.complete(who, self.at.open_task(case.id, "fill_in"), samples.application_data(**changes))
        for step in ("acceptance", "first_review"):
            self.at.complete("city", self.at.open_task(case.id, step), samples.ANSWERS[step])
        self.clock.move_by(minutes=1)
        return case

    def convene(self, case: Case, size: int = 3, fields: Sequence[str] = (), **answers: Any) -> Panel:
        given = samples.ANSWERS["panel"] | {"size": size, "fields": list(fields)} | answers
        self.at.complete("city", self.at.open_task(case.id, "convene"), given)
        return self.panel(case)

    def panel(self, case: Case) -> Panel:
        with self.database.read() as session:
            return panels.current(session, case)

    def seats(self, case: Case) -> dict[int, Seat]:
        """The seats by number, as they are now."""
        with self.database.read() as session:
            return {seat.number: seat for seat in panels.seats_of(session, panels.current(session, case))}

    def holder(self, case: Case, number: int) -> str:
        """The account that holds a seat now."""
        member = self.seats(case)[number].member_id
        return next(name for name, one in self.members.items() if one == member)

    def task(self, case: Case, number: int, element: str) -> Task:
        """The open task of a seat."""
        seat = self.seats(case)[number].id
        with self.database.read() as session:
            query = select(Task).where(Task.seat_id == seat, Task.state == "open", Task.element == element)
            return session.scalars(query).one()

    def act(self, case: Case, number: int, element: str, **answers: Any) -> Case:
        """What the holder of a seat does there; the form's good answers, changed."""
        task = self.task(case, number, element)
        self.clock.move_by(minutes=1)
        given = {**samples.ANSWERS[task.form], **answers}
        given = {name: value for name, value in given.items() if value is not None}
        return self.at.complete(self.holder(case, number), task, given)

    def recuse(self, case: Case, number: int, reason: str = "任该企业的顾问", grounds: str = "interest") -> Case:
        return self.act(case, number, "declare", decision="recuse", no_interest=None, grounds=grounds, reason=reason)

    def score(self, case: Case, number: int, points: str = "86.50", **answers: Any) -> Case:
        """Declare, where that is still to come, and score every indicator alike."""
        if self.seats(case)[number].state == "invited":
            self.act(case, number, "declare")
        return self.act(case, number, "score", **(scores(points) | answers))

    def ask(self, case: Case, number: int, question: str = "检测中心由谁运营？") -> Case:
        gone = dict.fromkeys([*scores("1"), "comments", "conclusion", "opinion"])
        return self.act(case, number, "score", **gone, decision="ask", question=question)

    def officer(self, case: Case, element: str, **answers: Any) -> Case:
        task = self.at.open_task(case.id, element)
        self.clock.move_by(minutes=1)
        return self.at.complete("city", task, {**samples.ANSWERS[task.form], **answers})

    def conclude(self, case: Case) -> Case:
        """Everything behind the opening: all agree, and the chair writes."""
        for number in self.seats(case):
            self.act(case, number, "concur")
        return self.act(case, 1, "panel_opinion")


def scores(points: str) -> dict[str, Any]:
    """Answers that give every indicator so many points."""
    return {
        name: {"score": points, "reason": "依据佐证材料"}
        for name in samples.ANSWERS["score_sheet"]
        if name.startswith("score_")
    }


@kept
def furnish(database: Database, clock: StandingClock, count: int = 6, cards: Mapping[int, Card] | None = None) -> Room:
    """The office of tests.office at the samples' moment, with `count` experts called expert01, expert02 …"""
    clock.move_to(samples.MOMENT)
    made = office.furnish(database)
    names = [f"expert{number:02}" for number in range(1, count + 1)]
    experts, members = dict[str, Actor](), dict[str, int]()
    with database.write() as session:
        for number, name in enumerate(names, 1):
            person = accounts.add(session, name, display_name=f"专家{number:02}", by="setup")
            accounts.grant(session, person, "expert", BUREAU, by="setup")
            experts[name] = accounts.actor(session, person)
            card = (cards or {}).get(number) or card_of(number)
            member = pool.add(session, made.actors["city"], BUREAU, name, kind="expert", card=card)
            members[name] = member.id
    return Room(Office(database, {**made.actors, **experts}), clock, experts, members)


def card_of(number: int, **changes: Any) -> Card:
    """The card of an expert who is free of ties."""
    given: dict[str, Any] = {
        "fields": ("有色金属",) if number % 2 else ("数字化",),
        "employer": f"虚构研究院第{number}所",
        "division": "",
        "first_day": FIRST_DAY,
        "last_day": None,
    }
    return Card(**given | changes)


def member(database: Database, member_id: int) -> PoolMember:
    with database.read() as session:
        return session.get_one(PoolMember, member_id)
