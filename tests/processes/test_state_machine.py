"""Applications at random: whatever people do, right or wrong, the office is as a small model of it says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from engine import access, pool, tasks, timers
from engine.db import Database
from engine.errors import AlreadyDone, ClaimedByAnother, Conflict, Forbidden, FormInvalid, NotFound, Refused
from engine.models import Case, Person, Task
from tests import samples
from tests.clock import StandingClock, standing_at
from tests.faults import invariants
from tests.office import BUREAU, PEOPLE, Office, furnish
from tests.panel import card_of

CASES = 3  # at a time, as far as people apply without need
LEAST_DONE = 8  # tasks, before the closing time passes
EXAMPLES = 12
AFTER_CLOSING = "2025-06-30 17:30:01"
ANSWERS = samples.ANSWERS | {"panel": samples.ANSWERS["panel"] | {"size": 1}}
ASKED_OF_WHO_ACCEPTS = {"within_one_county"}  # and of nobody who returns or refuses
REMARKS = [{"field": "output", "remark": "数据不一致"}]


# ---- the model: what the office expects -----------------------------------------------------------


@dataclass(frozen=True)
class Step:
    people: tuple[str, ...]  # who may, of these offices
    form: str
    same: str  # who did this step last does it again
    leads_to: dict[str, tuple[str, ...] | str]  # decision → the next steps, or the outcome
    seat: str = ""  # whose it is from the beginning: a seat's


_COUNTY, _CITY = ("county", "county2"), ("city", "city2")
STEPS = {
    "fill_in": Step(_COUNTY, "application", "fill_in", {"": ("acceptance",)}),
    "acceptance": Step(
        _CITY,
        "acceptance",
        "acceptance",
        {"accept": ("first_review",), "return": ("correct",), "refuse": "not_accepted"},
    ),
    "correct": Step(_COUNTY, "application", "fill_in", {"": ("acceptance",)}),
    "first_review": Step(
        _CITY,
        "first_review",
        "first_review",
        {"pass": ("convene",), "return": ("correct_after_review",), "fail": "not_passed"},
    ),
    "correct_after_review": Step(_COUNTY, "application", "fill_in", {"": ("first_review",)}),
    "convene": Step(_CITY, "panel", "", {"": ("declare",)}),
    # The one expert of the pool is drawn; after the chair's opinion the case waits for the sample.
    "declare": Step(("expert",), "declare_interest", "", {"": ("score",)}, seat="expert"),
    "score": Step(("expert",), "score_sheet", "", {"": ("open_opinions",)}, seat="expert"),
    "open_opinions": Step(_CITY, "open_opinions", "", {"": ("concur",)}),
    "concur": Step(("expert",), "stance", "", {"": ("panel_opinion",)}, seat="expert"),
    "panel_opinion": Step(("expert",), "expert_review", "", {"": ()}, seat="expert"),
}


@dataclass
class Application:
    """One application, as the office thinks of it."""

    id: int
    holders: dict[str, str | None] = field(default_factory=lambda: {"fill_in": None})  # open steps, and who has them
    last: dict[str, str] = field(default_factory=dict)  # who did each step last
    drafts: dict[tuple[str, str], int] = field(default_factory=dict)
    done: list[tuple[str, str]] = field(default_factory=list)  # tasks that are finished, and their step
    outcome: str | None = None

    def complete(self, element: str, who: str, decision: str) -> None:
        del self.holders[element]
        self.last[element] = who
        self.drafts = {key: version for key, version in self.drafts.items() if key[0] != element}
        following = STEPS[element].leads_to[decision]
        if isinstance(following, str):
            self.outcome = following
        else:
            self.holders |= {each: STEPS[each].seat or self.last.get(STEPS[each].same) for each in following}

    def expire(self) -> None:
        if "fill_in" in self.holders:
            self.holders, self.outcome = {}, "unfiled"


# ---- the machine: what people do ------------------------------------------------------------------

number = st.integers(0, 11)
# What the office does before each thing a rule does: which application, step, person and way (the way on, mostly).
# Hypothesis leaves whole rules out of an example; this way there is progress in every one.
moves = st.lists(st.tuples(number, number, number, st.sampled_from([0, 0, 0, 0, 1, 1, 2])), max_size=4)


Moves = list[tuple[int, int, int, int]]


class Applications(RuleBasedStateMachine):
    """Mostly what is right: wrong moves alone would never come past the first step."""

    office: Office
    clock: StandingClock

    @initialize()
    def open_round(self) -> None:
        self.clock.move_to(samples.MOMENT)
        self.closed = False
        self.applications: list[Application] = []
        self.touched: int | None = None
        round_ = self.office.open_round(again="每次试验一个批次")
        self.round_id = round_.id
        assert round_.case_id is not None
        self.office.complete("city", self.office.open_task(round_.case_id, "call_notice"), ANSWERS["call_notice"])
        self.apply("county")

    # -- right moves --

    @precondition(lambda self: sum(bool(application.holders) for application in self.applications) < CASES)
    @rule(before=moves, who=st.sampled_from(_COUNTY))
    def apply_again(self, before: Moves, who: str) -> None:
        self.work(before)
        self.apply(who)

    @precondition(lambda self: self.at_work())
    @rule(before=moves)
    def go_on(self, before: Moves) -> None:
        self.work(before)

    @rule(before=moves, which=number, step=number, who=number)
    def hand_back(self, before: Moves, which: int, step: int, who: int) -> None:
        self.work(before)
        if not self.at_work():
            return
        application, element = self.one(which, step)
        person, task = self.rightful(application, element, who), self.task(application, element)
        data = {name: value for name, value in answers(element, "return").items() if name != "decision"}
        if "return" in STEPS[element].leads_to:
            self.command(tasks.hand_back, person, task.id, data)
            application.done.append((task.id, element))
            application.complete(element, person, "return")
        else:
            refused((FormInvalid, Refused), lambda: self.command(tasks.hand_back, person, task.id, data))

    @rule(before=moves, which=number, step=number, who=number, take=st.booleans())
    def claim_or_release(self, before: Moves, which: int, step: int, who: int, take: bool) -> None:
        self.work(before)
        if not self.at_work():
            return
        application, element = self.one(which, step)
        person, task = self.rightful(application, element, who), self.task(application, element)
        if STEPS[element].seat and not take:
            refused(Refused, lambda: self.command(tasks.release, person, task.id))
            return
        self.command(tasks.claim if take else tasks.release, person, task.id)
        application.holders[element] = person if take else None

    @rule(before=moves, which=number, step=number, who=number, stale=st.booleans())
    def save_draft(self, before: Moves, which: int, step: int, who: int, stale: bool) -> None:
        self.work(before)
        if not self.at_work():
            return
        application, element = self.one(which, step)
        person, task = self.rightful(application, element, who), self.task(application, element)
        seen = application.drafts.get((element, person), 0)
        if stale:
            refused(Conflict, lambda: self.command(tasks.save_draft, person, task.id, {}, seen + 1))
        else:
            assert self.command(tasks.save_draft, person, task.id, {}, seen).version == seen + 1
            application.drafts[element, person] = seen + 1

    @rule(before=moves)
    def tick(self, before: Moves) -> None:
        self.work(before)
        timers.tick(self.office.database)
        if self.closed:
            for application in self.applications:
                application.expire()

    @precondition(lambda self: sum(len(application.done) for application in self.applications) > LEAST_DONE)
    @rule(before=moves)
    def let_the_closing_time_pass(self, before: Moves) -> None:
        self.work(before)
        if not self.closed:
            self.apply("county2")  # too late, whoever begins now
        self.clock.move_to(AFTER_CLOSING)
        self.closed = True

    # -- wrong moves --

    @rule(before=moves, which=number, step=number, who=st.sampled_from(sorted(PEOPLE)))
    def a_stranger_completes(self, before: Moves, which: int, step: int, who: str) -> None:
        self.work(before)
        if not self.at_work():
            return
        application, element = self.one(which, step)
        if who in STEPS[element].people:
            return
        task, data = self.task(application, element), answers(element, next(iter(STEPS[element].leads_to)))
        refused((NotFound, Forbidden), lambda: self.office.complete(who, task, data))
        refused(NotFound, lambda: self.command(tasks.complete, who, str(uuid4()), data))

    @rule(before=moves, which=number, action=st.sampled_from([tasks.claim, tasks.release, tasks.complete]))
    def a_colleague_reaches_over(self, before: Moves, which: int, action: Callable[..., Any]) -> None:
        self.work(before)
        held = [(each, element) for each in self.applications for element, holder in each.holders.items() if holder]
        if not held:
            return
        application, element = held[which % len(held)]
        task = self.task(application, element)
        given = [answers(element, next(iter(STEPS[element].leads_to)))] if action is tasks.complete else []
        for who in set(STEPS[element].people) - {application.holders[element]}:
            refused(ClaimedByAnother, partial(self.command, action, who, task.id, *given))

    @rule(before=moves, which=number, who=number)
    def complete_again(self, before: Moves, which: int, who: int) -> None:
        self.work(before)
        done = [each for application in self.applications for each in application.done]
        if not done:
            return
        task_id, element = done[which % len(done)]
        person = STEPS[element].people[who % len(STEPS[element].people)]
        data = answers(element, next(iter(STEPS[element].leads_to)))
        refused(AlreadyDone, lambda: self.command(tasks.complete, person, task_id, data))

    @rule(before=moves, which=number, step=number, who=number)
    def answer_nonsense(self, before: Moves, which: int, step: int, who: int) -> None:
        self.work(before)
        if not self.at_work():
            return
        application, element = self.one(which, step)
        person, task = self.rightful(application, element, who), self.task(application, element)
        refused(FormInvalid, lambda: self.office.complete(person, task, {"__proto__": 1}))

    # -- what must hold --

    @invariant()
    def the_office_is_as_the_model_says(self) -> None:
        for application in getattr(self, "applications", []):
            with self.office.database.read() as session:
                case = session.get_one(Case, application.id)
                query = select(Task.element, Person.name).outerjoin(Person, Person.id == Task.assignee_id)
                rows = session.execute(query.where(Task.case_id == application.id, Task.state == "open"))
                assert {row.element: row.name for row in rows} == application.holders
                assert case.outcome == application.outcome
                assert case.status == ("ended" if application.outcome else "open")

    @invariant()
    def the_case_just_touched_is_sound(self) -> None:
        if getattr(self, "touched", None) is not None:
            assert invariants.violations(self.office.database.url, case_id=self.touched) == []
            self.touched = None

    def teardown(self) -> None:
        """In the end the closing time passes for everybody, and the whole database is sound."""
        if getattr(self, "applications", None):
            self.clock.move_to(AFTER_CLOSING)
            self.closed = True
            self.tick([])
            self.the_office_is_as_the_model_says()
        assert invariants.violations(self.office.database.url) == []

    # -- helpers --

    def work(self, moves: Moves) -> None:
        for which, step, who, way in moves:
            if not self.at_work() and not self.closed:
                self.apply(_COUNTY[who % 2])
            elif self.at_work():
                application, element = self.one(which, step)
                ways = list(STEPS[element].leads_to)
                self.complete(application, element, self.rightful(application, element, who), ways[way % len(ways)])

    def apply(self, who: str) -> None:
        data = {**ANSWERS["application_start"], "round_id": self.round_id}
        if self.closed:
            refused(Refused, lambda: self.office.open_case(who, data))
        else:
            self.applications.append(Application(self.office.open_case(who, data).id))

    def at_work(self) -> bool:
        return any(application.holders for application in self.applications)

    def one(self, which: int, step: int) -> tuple[Application, str]:
        """An application somebody is at, and one of its steps."""
        open_ones = [application for application in self.applications if application.holders]
        application = open_ones[which % len(open_ones)]
        elements = sorted(application.holders)
        self.touched = application.id
        return application, elements[step % len(elements)]

    def rightful(self, application: Application, element: str, who: int) -> str:
        people = STEPS[element].people
        return application.holders[element] or people[who % len(people)]

    def task(self, application: Application, element: str) -> Task:
        return self.office.open_task(application.id, element)

    def complete(self, application: Application, element: str, who: str, decision: str) -> None:
        task = self.task(application, element)
        if self.closed and element == "fill_in":  # the tick has not come by yet
            refused(Refused, lambda: self.office.complete(who, task, answers(element, decision)))
            return
        self.office.complete(who, task, answers(element, decision))
        application.done.append((task.id, element))
        application.complete(element, who, decision)

    def command(self, act: Callable[..., Any], who: str, *given: Any) -> Any:
        with self.office.database.write() as session:
            return act(session, self.office.actors[who], *given)


def answers(element: str, decision: str) -> dict[str, Any]:
    right = ANSWERS[STEPS[element].form]
    if not decision:
        return right
    if decision != right.get("decision", decision):
        right = {name: value for name, value in right.items() if name not in ASKED_OF_WHO_ACCEPTS}
    more = {"remarks": REMARKS} if decision == "return" else {}
    return {**right, "decision": decision, "opinion": "详见意见书", **more}


def refused(kinds: type[Exception] | tuple[type[Exception], ...], act: Callable[[], Any]) -> None:
    try:
        act()
    except kinds:
        return
    raise AssertionError(f"this should have been refused as {kinds}")


# ---- the test, and whether it would notice ---------------------------------------------------------


def play(office: Office, clock: StandingClock, examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    machine = type("Applications", (Applications,), {"office": office, "clock": clock})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            derandomize=True,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    with standing_at(samples.MOMENT) as standing:
        yield standing


def furnished(database: Database) -> Office:
    """The office, its one expert in the pool."""
    made = furnish(database)
    with database.write() as session:
        pool.add(session, made.actors["city"], BUREAU, "expert", kind="expert", card=card_of(1))
    return made


def test_applications_go_as_the_model_says_whatever_people_do(database: Database, clock: StandingClock) -> None:
    play(furnished(database), clock, examples=EXAMPLES)


@pytest.mark.parametrize("fault", ["anybody may act", "a task can be done twice"])
def test_a_planted_fault_is_noticed(
    fault: str, sqlite_database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the test above would prove nothing."""
    office = furnished(sqlite_database)
    if fault == "anybody may act":
        monkeypatch.setattr(access, "require", lambda *_: None)
    else:
        monkeypatch.setattr(tasks, "_still_open", lambda _: None)
    with pytest.raises((AssertionError, Refused)):
        play(office, clock, examples=EXAMPLES, phases=(Phase.generate,))
