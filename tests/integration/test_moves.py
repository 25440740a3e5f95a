"""Moves of running cases to another version: what is safe, what is not, and what stays with a case that moves."""

from functools import partial

import pytest
from sqlalchemy import select

from engine import tasks, timers
from engine.db import Database
from engine.errors import AlreadyDone, Conflict, Forbidden, NotFound, Refused
from engine.models import Draft, Event, Incident, Move
from engine.moves import judging, listing
from engine.moves.verdicts import SAFE, UNKNOWN, UNSAFE, Target
from tests import bundles, movable
from tests.clock import StandingClock
from tests.diagrams import Diagram
from tests.movable import Bureau

THREE = (
    '<bpmn:multiInstanceLoopCharacteristics isSequential="false">'
    "<bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
)


@pytest.fixture
def bureau(database: Database, clock: StandingClock) -> Bureau:
    return movable.furnish(database)


def line(*steps: str) -> Diagram:
    """These steps in a row."""
    drawn = Diagram().start().end()
    for step in steps:
        drawn.user(step, f"办理{step}")
    return drawn.path("filed", *steps, "done")


def forked(*branches: str) -> Diagram:
    """These steps side by side, and one when all are done."""
    drawn = Diagram().start().parallel("fork").parallel("join").user("decide", "审定").end().path("filed", "fork")
    for branch in branches:
        drawn.user(branch, f"办理{branch}").path("fork", branch, "join")
    return drawn.path("join", "decide", "done")


def test_a_step_ahead_may_be_inserted_and_one_behind_may_not(bureau: Bureau) -> None:
    first, ahead, behind = (bureau.deploy(line(*steps)) for steps in ("ab", "axb", "xab"))
    case = bureau.open(first)
    bureau.do(case, "a")
    assert bureau.verdict(case, ahead).result == UNSAFE  # it has passed the place already
    assert bureau.verdict(case, behind).result == UNSAFE
    other = bureau.open(first)
    assert bureau.verdict(other, ahead).result == SAFE
    found = bureau.verdict(other, behind)
    assert (found.result, found.stands) == (UNSAFE, ("x",))
    bureau.move(other, ahead)
    for step in "axb":
        bureau.do(other, step)
    assert bureau.case(other).outcome == "done"
    with pytest.raises(Refused):
        bureau.move(case, behind)
    assert bureau.number(case) == first


def test_a_removed_step_is_told_by_its_name(bureau: Bureau) -> None:
    first, without_a, without_b = (bureau.deploy(line(*steps)) for steps in ("abc", "bc", "ac"))
    case = bureau.open(first)
    assert bureau.verdict(case, without_b).result == SAFE  # not come to yet
    bureau.do(case, "a")
    done = bureau.verdict(case, without_a)
    assert done.result == UNSAFE
    assert "没有" in done.why
    assert "a" in done.why
    open_one = bureau.verdict(case, without_b)
    assert open_one.result == UNSAFE
    assert "办理b" in open_one.why or "“b”" in open_one.why


def test_a_branch_added_before_a_join_strands_whoever_is_between(bureau: Bureau) -> None:
    first, wider = bureau.deploy(forked("a", "b")), bureau.deploy(forked("a", "b", "c"))
    half = bureau.open(first)
    bureau.do(half, "a")
    found = bureau.verdict(half, wider)
    assert (found.result, found.stands) == (UNSAFE, ("c",))
    assert "办理c" in found.why
    over = bureau.open(first)
    for step in "ab":
        bureau.do(over, step)
    assert bureau.verdict(over, wider).result == UNSAFE


def test_a_join_that_can_no_longer_be_met_is_told_with_the_way_there(bureau: Bureau) -> None:
    """The branch is added behind a choice: the join waits for what never comes."""
    spoilt = Diagram().start().user("a").exclusive("which").user("b").user("c").parallel("join").end()
    spoilt.path("filed", "a", "which").path("b", "join", "done").path("c", "join")
    spoilt.flow("which", "c", "case_id == 0").flow("which", "b", default=True)
    first, second = bureau.deploy(line("a", "b")), bureau.deploy(spoilt)
    case = bureau.open(first)
    found = bureau.verdict(case, second)
    assert (found.result, found.stands) == (UNSAFE, ("join",))
    assert found.path[:2] == ("a", "which")
    assert found.words[0] == "办理"
    with pytest.raises(Refused):
        bureau.move(case, second, unknown=True)


def test_a_waiting_timer_keeps_its_day(bureau: Bureau, clock: StandingClock) -> None:
    """Five working days from when the step began, not from the move, nor the ten that the new version gives."""

    def limited(until: str) -> Diagram:
        drawn = line("a", "b").boundary("late", "a", until)
        return drawn.path("late", "b")

    soon = '"2026-03-09T23:59:59+08:00"'
    first, later = bureau.deploy(limited(soon)), bureau.deploy(limited('"2026-03-20T23:59:59+08:00"'))
    case = bureau.open(first)
    wake = bureau.case(case).wake_at
    clock.move_by(days=2)
    assert bureau.verdict(case, later).result == SAFE
    bureau.move(case, later)
    assert bureau.case(case).wake_at == wake
    clock.move_to("2026-03-10 00:00")
    timers.tick(bureau.database)
    assert [task.element for task in bureau.tasks(case)] == ["b"]
    assert bureau.verdict(case, first).result == SAFE  # and back, though the timer has fired earlier than it would have
    bureau.move(case, first)
    bureau.do(case, "b")
    assert bureau.case(case).outcome == "done"


def test_draft_assignee_and_time_limit_stay_with_the_task(bureau: Bureau) -> None:
    first = bureau.deploy(line("a", "b"))
    renamed = line("a", "b")
    renamed.nodes[2].attributes["name"] = "改了名称的环节"
    second = bureau.deploy(renamed)
    case = bureau.open(first)
    (before,) = bureau.tasks(case)
    with bureau.database.write() as session:
        officer = bureau.actors["officer"]
        tasks.claim(session, officer, before.id)
        tasks.save_draft(session, officer, before.id, {"decision": "accept"}, 0)
    bureau.move(case, second)
    (after,) = bureau.tasks(case)
    assert (after.id, after.assignee_id, after.due_at) == (before.id, officer.person_id, before.due_at)
    assert (before.title, after.title) == ("办理a", "改了名称的环节")
    with bureau.database.read() as session:
        assert session.get_one(Draft, (before.id, officer.person_id)).data == {"decision": "accept"}
    bureau.undo(case)
    assert [(task.id, task.title) for task in bureau.tasks(case)] == [(before.id, "办理a")]
    bureau.do(case, "a")
    bureau.do(case, "b")
    assert bureau.case(case).outcome == "done"


def test_a_draft_loses_what_the_new_form_does_not_ask_and_has_it_again_when_the_move_is_undone(bureau: Bureau) -> None:
    """Else its owner could not save it any more."""
    first = bureau.deploy(line("a", "b"))
    second = bureau.deploy(line("a", "b"), forms__opinion_json=bundles.form(cases=[]))
    case = bureau.open(first)
    (task,) = bureau.tasks(case)
    officer, drafted = bureau.actors["officer"], {"decision": "accept", "cases": []}

    def draft() -> dict[str, object]:
        with bureau.database.read() as session:
            data: dict[str, object] = session.get_one(Draft, (task.id, officer.person_id)).data
            return data

    with bureau.database.write() as session:
        tasks.save_draft(session, officer, task.id, drafted, 0)
    bureau.move(case, second)
    assert draft() == {"cases": []}
    bureau.undo(case)
    assert draft() == drafted


def test_several_at_a_time_go_on_half_done(bureau: Bureau) -> None:
    """One of three has been heard; stock SpiffWorkflow waits for ever after a migration."""

    def heard(*more: str) -> Diagram:
        drawn = Diagram().start().user("list").end().user("hear", "听取意见", inner=THREE)
        for step in more:
            drawn.user(step)
        return drawn.path("filed", "list", "hear", *more, "done")

    first, second = bureau.deploy(heard()), bureau.deploy(heard("after"))
    case = bureau.open(first)
    bureau.do(case, "list")
    bureau.do(case, "hear")
    before = {task.id: task.instance_path for task in bureau.tasks(case)}
    assert sorted(before.values()) == ["[1]/", "[2]/"]
    bureau.move(case, second)
    assert {task.id: task.instance_path for task in bureau.tasks(case)} == before
    bureau.do(case, "hear")
    bureau.do(case, "hear")
    bureau.do(case, "after")
    assert bureau.case(case).outcome == "done"


def test_what_a_changed_call_runs_decides(bureau: Bureau) -> None:
    def inner(*steps: str) -> Diagram:
        drawn = Diagram("review").start("begun").end("reviewed")
        for step in steps:
            drawn.user(step)
        return drawn.path("begun", *steps, "reviewed")

    def caller() -> Diagram:
        return Diagram().start().call("look", "review").user("sign").end().path("filed", "look", "sign", "done")

    first, more, other = (bureau.deploy(caller(), inner(*steps)) for steps in ("ab", "abc", "xb"))
    case = bureau.open(first)
    bureau.do(case, "a")
    assert bureau.verdict(case, other).result == UNSAFE
    assert bureau.verdict(case, more).result == SAFE
    bureau.move(case, more)
    assert [(task.instance_path, task.element) for task in bureau.tasks(case)] == [("look/", "b")]
    for step in ("b", "c", "sign"):
        bureau.do(case, step)
    assert bureau.case(case).outcome == "done"


def test_a_condition_that_asks_for_what_the_case_never_wrote_is_unsafe(bureau: Bureau) -> None:
    def asking(variables: str) -> Diagram:
        drawn = Diagram().start().user("a", variables=variables).user("b").exclusive("which").end().end("refused")
        drawn.path("filed", "a", "b", "which").flow(
            "which", "refused", "decision == 'refuse'" if variables else "False"
        )
        return drawn.flow("which", "done", default=True)

    first, second = bureau.deploy(asking("")), bureau.deploy(asking("decision"))
    case = bureau.open(first)
    assert bureau.verdict(case, second).result == SAFE
    bureau.do(case, "a")
    found = bureau.verdict(case, second)
    assert (found.result, found.stands) == (UNSAFE, ("which",))
    assert "decision" in found.why


def test_a_form_that_was_answered_on_has_to_be_there(bureau: Bureau) -> None:
    first = bureau.deploy(line("a", "b"))
    other = Diagram().start().user("a", form="other").user("b", form="other").end().path("filed", "a", "b", "done")
    form = movable.bundles.form(decision=["accept"])
    second = bureau.deploy(other, lacking="forms/opinion.json", forms__other_json=form)
    case = bureau.open(first)
    assert bureau.verdict(case, second).result == SAFE
    bureau.do(case, "a")
    assert "表单" in bureau.verdict(case, second).why


def test_a_move_is_undone_as_one_step_while_nothing_has_happened(bureau: Bureau) -> None:
    first, second = bureau.deploy(line("a", "b")), bureau.deploy(line("a", "x", "b"))
    case = bureau.open(first)
    before, old = bureau.state(case), bureau.case(case)
    bureau.move(case, second)
    bureau.undo(case)
    after = bureau.case(case)
    assert bureau.number(case) == first
    assert bureau.state(case) == before
    assert (after.wake_at, after.awaits, after.status) == (old.wake_at, old.awaits, old.status)
    with pytest.raises(NotFound):
        bureau.undo(case)
    bureau.move(case, second)
    bureau.do(case, "a")
    with pytest.raises(Refused):
        bureau.undo(case)
    with bureau.database.read() as session:
        kinds = session.scalars(select(Event.kind).where(Event.case_id == case).order_by(Event.seq)).all()
        assert [kind for kind in kinds if "move" in kind] == ["case.moved", "case.move_undone", "case.moved"]
        assert len(session.scalars(select(Move).where(Move.undone_at.is_(None))).all()) == 1


def test_who_completes_between_dry_run_and_move_wins(bureau: Bureau) -> None:
    first, second = bureau.deploy(line("a", "b")), bureau.deploy(line("a", "x", "b"))
    case = bureau.open(first)
    seen = bureau.case(case).version
    bureau.do(case, "a")
    with pytest.raises(Conflict):
        bureau.move(case, second, seen=seen)
    other = bureau.open(first)
    (task,) = bureau.tasks(other)
    bureau.move(other, second, seen=bureau.case(other).version)
    with bureau.database.write() as session:  # who had the form open before the move
        tasks.complete(session, bureau.actors["officer"], task.id, movable.ANSWER)
    with pytest.raises(AlreadyDone), bureau.database.write() as session:
        tasks.complete(session, bureau.actors["officer"], task.id, movable.ANSWER)
    assert [each.element for each in bureau.tasks(other)] == ["x"]


def test_a_stopped_case_is_mended_by_a_move_and_goes_on_when_retried(bureau: Bureau) -> None:
    """The condition cannot be answered; the new version asks another."""

    def asking(condition: str) -> Diagram:
        drawn = Diagram().start().user("a", variables="decision").exclusive("which").end().end("refused")
        return drawn.path("filed", "a", "which").flow("which", "refused", condition).flow("which", "done", default=True)

    first, second = bureau.deploy(asking("decision > 5")), bureau.deploy(asking("decision == 'refuse'"))
    case = bureau.open(first)
    from engine import repairs
    from engine.errors import CaseStopped

    with pytest.raises(CaseStopped) as stopped:
        bureau.do(case, "a")
    with bureau.database.write() as session:
        assert stopped.value.aftermath is not None
        stopped.value.aftermath(session)
    assert bureau.case(case).status == "incident"
    bureau.move(case, second)
    assert bureau.case(case).status == "incident"
    with bureau.database.write() as session:
        assert session.scalars(select(Incident).where(Incident.closed_at.is_(None))).one().case_id == case
        repairs.retry(session, bureau.actors["owner"], case)
    bureau.do(case, "a")
    assert bureau.case(case).outcome == "done"


def test_only_the_owner_of_the_bureau_moves_and_what_is_over_stays(bureau: Bureau) -> None:
    first, second = bureau.deploy(line("a")), bureau.deploy(line("a", "b"))
    case = bureau.open(first)
    for name in ("officer", "other"):
        with pytest.raises((Forbidden, NotFound)), bureau.database.write() as session:
            movable.moving.move(session, bureau.actors[name], case, second)
    for number, error in ((first, Refused), (99, NotFound)):
        with pytest.raises(error):
            bureau.move(case, number)
    bureau.do(case, "a")
    with pytest.raises(Refused):
        bureau.move(case, second)


def test_an_approver_sees_the_verdicts_before_a_draft_is_deployed(bureau: Bureau) -> None:
    first = bureau.deploy(line("a", "b"))
    fresh, half = bureau.open(first), bureau.open(first)
    bureau.do(half, "a")
    with bureau.database.read() as session:
        running = movable.moving.running(session, movable.REGIME)
        rows = listing.foreseen(session, running, bundles.bundle(line("a", "x", "b")))
    told = {row.case.id: (row.number, row.steps, row.verdict and row.verdict.result) for row in rows}
    assert told == {fresh: (first, ("办理a",), SAFE), half: (first, ("办理b",), UNSAFE)}
    assert listing.counted(rows) == {SAFE: 1, UNSAFE: 1}


def test_what_could_not_be_explored_to_its_end_is_unknown_and_moves_by_hand_alone(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "Target", partial(Target, bound=1))
    first, second = bureau.deploy(line("a", "b")), bureau.deploy(line("a", "x", "b"))
    case = bureau.open(first)
    assert bureau.verdict(case, second).result == UNKNOWN
    with pytest.raises(Refused):
        bureau.move(case, second)
    bureau.move(case, second, unknown=True)
    assert bureau.number(case) == second


def test_a_record_that_was_erased_in_part_tells_nothing(bureau: Bureau) -> None:
    first, second = bureau.deploy(line("a", "b")), bureau.deploy(line("a", "x", "b"))
    case = bureau.open(first)
    with bureau.database.write() as session:
        session.scalars(select(Event).where(Event.case_id == case, Event.kind == "case.opened")).one().payload = None
    assert bureau.verdict(case, second).result == UNKNOWN
