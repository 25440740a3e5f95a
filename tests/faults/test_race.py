"""Many at once: one wins and the others are told; nothing is woken, delivered or done twice."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event as listening
from sqlalchemy import func, select

from config.errors import JiqunError
from engine import accounts, events, lint, tasks, timers
from engine.db import Database, LiveCases
from engine.errors import AlreadyDone, ClaimedByAnother, Conflict, Refused
from engine.models import Case, Cluster, Event, Message, Notice, Round, Task
from tests import publicised, samples
from tests.clock import StandingClock, standing_at
from tests.conftest import opened
from tests.faults import invariants
from tests.integration import desk
from tests.office import BUREAU, Office, furnish
from tests.stopped import redirected

CROWD = 8
ANSWERS = samples.ANSWERS
RETURN = {"decision": "return", "opinion": "请补正", "remarks": [{"field": "output", "remark": "数据不一致"}]}
CLOSES = "2025-06-30 17:30"


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    with standing_at(samples.MOMENT) as standing:
        yield standing


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    return furnish(database)


@pytest.fixture
def round_(office: Office) -> Round:
    """A round that takes applications until `CLOSES`."""
    begun = office.open_round()
    office.complete("city", office.open_task(begun.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    return begun


def open_application(office: Office, round_: Round, name: str = samples.CLUSTER) -> Case:
    return office.open_case("county", {**ANSWERS["application_start"], "round_id": round_.id, "cluster_name": name})


def at_acceptance(office: Office, round_: Round) -> Task:
    case = open_application(office, round_)
    office.complete("county", office.open_task(case.id, "fill_in"), ANSWERS["application"])
    return office.open_task(case.id, "acceptance")


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Let all begin at the same moment, each in a thread of its own; what each answered or raised, in their order."""
    barrier = Barrier(len(acts))
    ended: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            ended[place] = act()
        except Exception as error:  # the test looks at it
            ended[place] = error

    # Each thread sees the test's clock.
    threads = [Thread(target=copy_context().run, args=(run, place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return ended


def kinds(database: Database, case_id: int) -> Counter[str]:
    with database.read() as session:
        return Counter(session.scalars(select(Event.kind).where(Event.case_id == case_id)))


# ---- one task, one request ----------------------------------------------------------------------


def test_of_eight_at_one_task_one_wins_and_seven_are_told(office: Office, round_: Round) -> None:
    for turn in range(3):
        task = at_acceptance(office, round_)
        people = ["city", "city2"] * (CROWD // 2)
        ended = together(*(partial(office.complete, who, task, ANSWERS["acceptance"]) for who in people))
        told = Counter(type(each) for each in ended)
        assert told == {Case: 1, AlreadyDone: CROWD - 1}, (turn, ended)
        assert kinds(office.database, task.case_id)["task.closed"] == 2  # the application, and its acceptance
        assert office.open_elements(task.case_id) == ["first_review"]
    assert invariants.violations(office.database.url) == []


def test_of_eight_claims_one_wins_and_who_lost_is_told(office: Office, round_: Round) -> None:
    task = at_acceptance(office, round_)

    def claim(who: str) -> Task:
        with office.database.write() as session:
            return tasks.claim(session, office.actors[who], task.id)

    ended = together(*(partial(claim, who) for who in ["city", "city2"] * (CROWD // 2)))
    told = Counter(type(each) for each in ended)
    assert told == {Task: CROWD // 2, ClaimedByAnother: CROWD // 2}, ended  # one's own claim again changes nothing
    assert kinds(office.database, task.case_id)["task.claimed"] == 1


def test_a_claim_that_is_just_being_made_holds_off_a_colleague(office: Office, round_: Round) -> None:
    """The colleague's command has begun and read the task, and must look again when the claim stands."""
    task = at_acceptance(office, round_)
    with office.database.write() as session:
        tasks.claim(session, office.actors["city"], task.id)
        session.flush()
        outcome: list[Any] = []
        act = Thread(
            target=copy_context().run,
            args=(lambda: outcome.extend(together(lambda: office.complete("city2", task, ANSWERS["acceptance"]))),),
        )
        act.start()
        act.join(0.5)  # it waits for the claim
        assert act.is_alive()
    act.join(30)
    assert [type(each) for each in outcome] == [ClaimedByAnother]
    assert office.open_elements(task.case_id) == ["acceptance"]


def test_eight_times_the_same_key_is_done_once_and_answered_eight_times(
    database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    at = desk.furnish(database, tmp_path)
    begun = at.office.open_round()
    at.office.complete("city", at.office.open_task(begun.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    task = at_acceptance(at.office, begun)
    path, given = f"/tasks/{task.id}/complete", {"data": {**ANSWERS["acceptance"], "opinion": "同意受理"}}
    clients = [at.as_("city") for _ in range(CROWD)]
    answers = together(*(partial(client.post, path, given, key="once") for client in clients))
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert len({answer.data for answer in answers}) == 1
    replayed = Counter(answer.headers.get("Idempotency-Replayed") for answer in answers)
    assert replayed == {None: 1, "true": CROWD - 1}
    assert kinds(database, task.case_id)["task.closed"] == 2
    assert invariants.violations(database.url) == []


def test_eight_requests_without_a_key_are_done_once_and_seven_are_told_409(
    database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    at = desk.furnish(database, tmp_path)
    begun = at.office.open_round()
    at.office.complete("city", at.office.open_task(begun.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    task = at_acceptance(at.office, begun)
    path, given = f"/tasks/{task.id}/return", {"data": {k: v for k, v in RETURN.items() if k != "decision"}}
    clients = [at.as_("city") for _ in range(CROWD)]
    answers = together(*(partial(client.post, path, given) for client in clients))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: CROWD - 1}
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} == {"task_already_done"}
    assert invariants.violations(database.url) == []


# ---- two tickers --------------------------------------------------------------------------------


def test_two_publishers_at_once_publish_a_list_once(office: Office, clock: StandingClock) -> None:
    """With the same 文号 and with another: one notice, and each cluster in the register once."""
    with office.database.write() as session:
        accounts.grant(session, accounts.by_name(session, "city2"), "publisher", BUREAU, by="setup")
        both = accounts.actor(session, accounts.by_name(session, "city2"))
    office = Office(office.database, {**office.actors, "city2": both})
    listed = publicised.publicised(office, clock)
    clock.move_to(publicised.OVER)
    listed.tick()
    listed.checked(objections="none")
    task = office.open_task(listed.round_case, "publish")
    answers = [ANSWERS["publish"] | {"document_number": f"示例〔2025〕{number}号"} for number in (1, 1, 2, 2)]
    people = ["publisher", "city2", "publisher", "city2"]
    ended = together(*(partial(office.complete, who, task, given) for who, given in zip(people, answers, strict=True)))
    assert Counter(type(each) for each in ended) == {Case: 1, AlreadyDone: 3}, ended
    listed.tick()
    with office.database.read() as session:
        (notice,) = session.scalars(select(Notice).where(Notice.kind == "publication"))
        clusters = session.execute(select(Cluster.number, Cluster.state)).all()
        recognised = session.scalars(select(Event.kind).where(Event.kind == "cluster.recognised")).all()
    assert [entry["case"] for entry in notice.entries] == listed.cases
    assert sorted(clusters) == [(f"清集群2025-{number:03}", "recognised") for number in (1, 2, 3)]
    assert len(recognised) == 3
    assert {listed.outcome(place) for place in range(3)} == {"recognised"}
    assert invariants.violations(office.database.url) == []


def test_two_tickers_at_once_wake_a_case_once(office: Office, round_: Round, clock: StandingClock) -> None:
    cases = [open_application(office, round_, f"{n}中小企业特色产业集群（铝材产业）") for n in range(5)]
    clock.move_to(CLOSES)
    assert together(*[lambda: timers.tick(office.database)] * 2) == [0, 0]  # not a microsecond before
    clock.move_by(seconds=1)
    with opened(office.database.url.render_as_string(hide_password=False)) as other:
        woken = together(*[lambda: timers.tick(office.database), lambda: timers.tick(other)] * 2)
    assert sum(woken) == len(cases) + 1, woken  # the round itself closes
    for case in cases:
        assert kinds(office.database, case.id)["timer.fired"] == 1
        assert kinds(office.database, case.id)["case.ended"] == 1
    assert invariants.violations(office.database.url) == []


def test_who_files_as_the_time_runs_out_is_told_and_the_ticker_goes_on(
    office: Office, round_: Round, clock: StandingClock
) -> None:
    """Both want the case and its task; neither may wait for the other for ever, nor fail because of it."""
    cases = [open_application(office, round_, f"{n}中小企业特色产业集群（铝材产业）") for n in range(4)]
    filings = [office.open_task(case.id, "fill_in") for case in cases]
    clock.move_to(CLOSES)
    office.complete("county", filings[0], ANSWERS["application"])  # the closing minute itself is in time
    clock.move_by(seconds=1)
    late = [partial(office.complete, "county", task, ANSWERS["application"]) for task in filings[1:]]
    *told, woken = together(*late, partial(timers.tick, office.database))
    assert [type(each) in {Refused, Conflict} for each in told] == [True] * 3, told
    assert woken == 4  # the round and the three that were too late
    assert [office.open_elements(case.id) for case in cases] == [["acceptance"], [], [], []]
    assert invariants.violations(office.database.url) == []


def test_a_message_is_delivered_once_by_two_tickers(office: Office, round_: Round, clock: StandingClock) -> None:
    cases = [at_wait_for_round(office, round_) for _ in range(4)]
    clock.move_to(CLOSES)
    clock.move_by(seconds=1)
    timers.tick(office.database)
    list_nobody(office, round_, cases)
    with opened(office.database.url.render_as_string(hide_password=False)) as other:
        delivered = together(*[lambda: timers.tick(office.database), lambda: timers.tick(other)] * 2)
    assert sum(delivered) == len(cases), delivered
    with office.database.read() as session:
        undelivered = select(func.count()).where(Message.name == "round_decided", Message.delivered_at.is_(None))
        assert session.scalar(undelivered) == 0
        outcomes = list(session.scalars(select(Case.outcome).where(Case.process == "application")))
    assert outcomes == ["not_listed"] * len(cases)
    for case in cases:
        assert kinds(office.database, case.id)["message.received"] == 1
    assert invariants.violations(office.database.url) == []


def test_a_message_is_delivered_once_to_a_case_that_waits_for_the_next_one(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ticker that was slower must not take the second waiting for the first."""
    monkeypatch.setattr(lint, "problems", lambda _files: [])  # an ending that nothing leads to is all it finds
    office = furnish(database, waiting_on_when_not_listed())
    begun = office.open_round()
    office.complete("city", office.open_task(begun.case_id or 0, "call_notice"), ANSWERS["call_notice"])
    cases = [at_wait_for_round(office, begun) for _ in range(4)]
    clock.move_to(CLOSES)
    clock.move_by(seconds=1)
    timers.tick(database)
    list_nobody(office, begun, cases)
    delivered = together(*[partial(timers.tick, database)] * 4)
    assert sum(delivered) == len(cases), delivered
    for case in cases:
        assert kinds(database, case.id)["message.received"] == 1
        assert office.open_elements(case.id) == []
    assert invariants.violations(database.url) == []


def waiting_on_when_not_listed() -> dict[str, bytes]:
    """Who is on no list waits for the next one, instead of being told."""
    return redirected("outcome.bpmn", "round_outcome", "tell_not_listed", "wait_for_round")


def list_nobody(office: Office, round_: Round, cases: list[Case]) -> None:
    """The round's list with none of these on it, decided."""
    reasons = [{"case": case.id, "reason": "材料尚待核实，本批次不列入"} for case in cases]
    empty = {"cases": [], "reasons": reasons, "opinion": "本批次没有符合条件的集群。"}
    for who, element, answers in (
        ("city", "draw_sample", ANSWERS["draw_sample"]),
        ("city", "draft_list", empty),
        ("leader", "decide_list", ANSWERS["decide_list"]),
    ):
        office.complete(who, office.open_task(round_.case_id or 0, element), answers)


def at_wait_for_round(office: Office, round_: Round) -> Case:
    """An application that a higher level has recognised: it needs no reviews, and waits for its round."""
    task = at_acceptance_of_recognised(office, round_)
    office.complete("city", task, ANSWERS["acceptance"])
    checking = office.open_task(task.case_id, "verify_higher_level")
    return office.complete("city", checking, ANSWERS["verify_higher_level"])


def at_acceptance_of_recognised(office: Office, round_: Round) -> Task:
    case = open_application(office, round_)
    data = samples.application_data(higher_level_recognition="provincial")
    office.complete("county", office.open_task(case.id, "fill_in"), data)
    return office.open_task(case.id, "acceptance")


# ---- the live instances -------------------------------------------------------------------------


def test_a_command_that_is_undone_leaves_no_half_advanced_instance(
    office: Office, round_: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = at_acceptance(office, round_)
    with monkeypatch.context() as patched:
        patched.setattr(events, "append", _fails)  # the engine has gone on already
        with pytest.raises(_PlantedError):
            office.complete("city", task, ANSWERS["acceptance"])
    assert office.open_elements(task.case_id) == ["acceptance"]
    office.complete("city2", task, RETURN)
    assert office.open_elements(task.case_id) == ["correct"]
    assert invariants.violations(office.database.url) == []


def test_a_commit_that_fails_leaves_no_half_advanced_instance(office: Office, round_: Round) -> None:
    task = at_acceptance(office, round_)

    def fail_to_commit() -> None:
        with office.database.write() as session:
            tasks.complete(session, office.actors["city"], task.id, ANSWERS["acceptance"])
            listening.listen(session, "before_commit", _fails, once=True)

    with pytest.raises(_PlantedError):
        fail_to_commit()
    # Another program makes the version that the failed command would have made; ours must not take its own for it.
    with opened(office.database.url.render_as_string(hide_password=False)) as other:
        Office(other, office.actors).complete("city2", task, RETURN)
    assert office.open_elements(task.case_id) == ["correct"]
    office.complete("county", office.open_task(task.case_id, "correct"), ANSWERS["application"])
    assert invariants.violations(office.database.url) == []


def test_an_instance_kept_too_early_would_be_noticed(
    office: Office, round_: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two tests above would fail if a command gave its instance back before the commit, or for any version."""
    task = at_acceptance(office, round_)
    held: dict[int, Any] = {}
    real_take = LiveCases.take

    def take(self: LiveCases, case_id: int, version: int) -> Any:
        held[case_id] = held.get(case_id) or real_take(self, case_id, version)
        return held[case_id]

    monkeypatch.setattr(LiveCases, "take", take)
    with monkeypatch.context() as patched:
        patched.setattr(events, "append", _fails)
        with pytest.raises(_PlantedError):
            office.complete("city", task, ANSWERS["acceptance"])
    with pytest.raises(JiqunError):
        office.complete("city2", task, RETURN)


def test_two_programs_on_one_database_see_each_others_changes(office: Office, round_: Round) -> None:
    """Each keeps live instances of its own; the version of the row says which of them is still right."""
    task = at_acceptance(office, round_)
    with opened(office.database.url.render_as_string(hide_password=False)) as other_database:
        programs = [office, Office(other_database, office.actors)]
        for turn in range(6):
            mine, others = programs[turn % 2], programs[1 - turn % 2]
            mine.complete("city", mine.open_task(task.case_id, "acceptance"), RETURN)
            others.complete("county", others.open_task(task.case_id, "correct"), ANSWERS["application"])
    with office.database.read() as session:
        passes = list(
            session.scalars(
                select(Task.pass_number)
                .where(Task.case_id == task.case_id, Task.element == "acceptance", Task.state == "done")
                .order_by(Task.pass_number)
            )
        )
    assert passes == [1, 2, 3, 4, 5, 6]
    assert invariants.violations(office.database.url) == []


class _PlantedError(Exception):
    """What the test lets go wrong."""


def _fails(*_given: Any, **_named: Any) -> None:
    raise _PlantedError
