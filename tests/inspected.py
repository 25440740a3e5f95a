"""A round whose applications are reviewed, with inspectors in the pool: what the draw and the visits begin with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from engine import accounts, pool, timers
from engine.access import Actor
from engine.db import Database
from engine.models import Case, Inspection, Sample, Task
from engine.pool import Card
from tests import panel, samples
from tests.clock import StandingClock
from tests.kept import kept
from tests.office import BUREAU, Office
from tests.panel import Room
from tests.samples import ANSWERS

INSPECTORS = ("inspector", "inspector2", "inspector3")
DRAW, VISIT = "2025-07-01 09:00", "2025-07-08 17:00"  # a Tuesday after the closing minute; the evening of the visit
FALSEHOOD: dict[str, Any] = {  # changes of a report, so that it says so
    "check_output": {"result": "differs", "found": "统计报表上 2024 年产值为 9.80 亿元"},
    "site_decision": "falsehood",
    "falsehood_facts": "申报产值 24.10 亿元，统计报表为 9.80 亿元。",
    "opinion": "产值数据不实，建议核定为虚假申报。",
}
INDUSTRIES = ("红茶精深加工", "新型建材", "特种铝型材", "竹木家具", "精细化工", "智能家电", "冷链食品")


@dataclass(frozen=True)
class Round:
    """The round's case, the applications in it in the order they were filed, and who may visit them."""

    room: Room
    case_id: int
    round_id: int
    cases: Sequence[int]
    inspectors: Mapping[str, int]  # account → number in the pool

    @property
    def office(self) -> Office:
        return self.room.at

    @property
    def database(self) -> Database:
        return self.room.database

    @property
    def clock(self) -> StandingClock:
        return self.room.clock

    def answer(self, who: str, case_id: int, element: str, data: Mapping[str, Any]) -> None:
        self.clock.move_by(minutes=1)
        self.office.complete(who, self.office.open_task(case_id, element), data)

    def tick(self) -> None:
        while timers.tick(self.database):
            pass

    def draw(self, **answers: Any) -> Sample:
        """The officer draws; the cases learn of it."""
        self.answer("city", self.case_id, "draw_sample", ANSWERS["draw_sample"] | answers)
        self.tick()
        with self.database.read() as session:
            return session.scalars(select(Sample).order_by(Sample.id.desc())).first() or Sample()

    def arrange(self, case_id: int, *who: str, **answers: Any) -> Inspection:
        """The appointment; without names, the first two inspectors."""
        team = [self.inspectors[name] for name in who or INSPECTORS[:2]]
        given = ANSWERS["arrange_inspection"] | {"inspectors": team, "leader": team[0]} | answers
        self.answer("city", case_id, "arrange", given)
        return self.inspection(case_id)

    def inspection(self, case_id: int) -> Inspection:
        with self.database.read() as session:
            return session.scalars(select(Inspection).where(Inspection.case_id == case_id)).one()

    def report(self, case_id: int, who: str = "inspector", **answers: Any) -> None:
        team = [self.inspectors[name] for name in INSPECTORS[:2]]
        self.answer(
            who,
            case_id,
            "inspect",
            ANSWERS["site_inspection"] | {"inspectors": team, "inspected_on": VISIT[:10]} | answers,
        )

    def case(self, case_id: int) -> Case:
        with self.database.read() as session:
            return session.get_one(Case, case_id)

    def report_task(self, case_id: int) -> Task:
        return self.office.open_task(case_id, "inspect")


@kept
def reviewed(
    database: Database, clock: StandingClock, count: int = 3, *, cards: Mapping[int, Card] | None = None
) -> Round:
    """A round past its closing minute with so many applications, each with a concluded panel of three.

    With none it is still open.
    """
    room = with_inspectors(panel.furnish(database, clock, count=4), cards or {})
    at = room.at
    opened = at.open_round()
    round_case = opened.case_id or 0
    at.complete("city", at.open_task(round_case, "call_notice"), ANSWERS["call_notice"])
    members = {name: member for name, member in room.members.items() if name in INSPECTORS}
    found = Round(room, round_case, opened.id, [], members)
    found = Round(room, round_case, opened.id, [review(found, industry) for industry in INDUSTRIES[:count]], members)
    if count:
        clock.move_to(DRAW)
        found.tick()
    return found


def review(at: Round, industry: str, who: str = "county") -> int:
    """One application more, as far as the draw."""
    case_id = file(at, industry, who)
    judge(at, case_id)
    return case_id


def judge(at: Round, case_id: int) -> None:
    """What the panel of a case does, from its convening to the chair's opinion."""
    case = at.case(case_id)
    at.room.convene(case)
    for number in (1, 2, 3):
        at.room.score(case, number)
    at.room.officer(case, "open_opinions")
    at.room.conclude(case)


def file(at: Round, industry: str, who: str = "county", **filled: Any) -> int:
    """An application that has passed the first review, or, recognised from above, waits for the round already."""
    start = {"round_id": at.round_id, "cluster_name": f"英德市中小企业特色产业集群（{industry}产业）"}
    case_id = at.office.open_case(who, ANSWERS["application_start"] | start).id
    at.answer(who, case_id, "fill_in", samples.application_data(**filled))
    at.answer("city", case_id, "acceptance", ANSWERS["acceptance"])
    if "higher_level_recognition" in filled:
        at.answer("city", case_id, "verify_higher_level", ANSWERS["verify_higher_level"])
    else:
        at.answer("city", case_id, "first_review", ANSWERS["first_review"])
    return case_id


def with_inspectors(room: Room, cards: Mapping[int, Card]) -> Room:
    """The room with three inspectors in the pool; `cards` by their place, from 1."""
    people, members = dict[str, Actor](room.at.actors), dict(room.members)
    with room.database.write() as session:
        for place, name in enumerate(INSPECTORS, 1):
            if name not in people:
                person = accounts.add(session, name, display_name=f"检查员{place}", by="setup")
                accounts.grant(session, person, "inspector", BUREAU, by="setup")
                people[name] = accounts.actor(session, person)
            card = cards.get(place) or Card(("统计",), "清远市工业和信息化局", "", date(2025, 1, 1), None)
            members[name] = pool.add(session, people["city"], BUREAU, name, kind="inspector", card=card).id
    return Room(Office(room.database, people), room.clock, room.experts, members)
