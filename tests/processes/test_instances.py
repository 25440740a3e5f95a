"""Instances: what is stored is what was there, for the life of a case and of the program."""

import json
from pathlib import Path

import pytest

from engine import bpmn
from engine.errors import BudgetExceeded, ExpressionFailed, NotFound, ScriptInvalid, StateUnreadable
from engine.instance import bounds
from tests.clock import StandingClock
from tests.diagrams import Diagram, for_each
from tests.golden import life

GOLDEN = sorted(path for path in (Path(__file__).parent.parent / "golden").iterdir() if (path / "state.json").exists())


def step_of(workflow: bpmn.Workflow, element: str) -> str:
    return next(step.id for step in workflow.ready() if step.element == element)


def standing(workflow: bpmn.Workflow) -> list[str]:
    return sorted(step.path + step.element for step in workflow.ready())


def stored(specs: bpmn.Specs, workflow: bpmn.Workflow) -> bpmn.Workflow:
    return bpmn.Workflow.load(specs, workflow.dump(), bpmn.STATE_FORMAT, {})


@pytest.mark.parametrize("folder", GOLDEN, ids=[path.name for path in GOLDEN])
def test_a_state_of_every_release_goes_on_to_its_end(folder: Path, clock: StandingClock) -> None:
    """One review of three in, a visit not appointed, a message awaited: as the release stored it."""
    clock.move_to(life.NOW)
    files = {path.name: path.read_bytes() for path in folder.glob("*.bpmn")}
    specs = bpmn.parse(files, life.PROCESS)
    state_format = int((folder / "state_format").read_text(encoding="ascii"))
    workflow = bpmn.Workflow.load(specs, (folder / "state.json").read_bytes(), state_format, {})
    assert standing(workflow) == ["[1]/review", "[2]/review", "visit_it/appoint"]
    assert workflow.awaits == {"decided"}
    assert workflow.wake_at is not None
    assert workflow.wake_at.isoformat() == "2026-03-11T15:59:59.000001+00:00"  # just after 23:59:59 in Shanghai

    workflow.complete(step_of(workflow, "review"), {"opinion": "同意"})
    workflow = stored(specs, workflow)
    workflow.complete(step_of(workflow, "review"), {"opinion": "不同意"})
    workflow.deliver("decided", {"recognised": [1]})
    workflow = stored(specs, workflow)
    assert standing(workflow) == ["visit_it/appoint"]
    clock.move_to("2026-03-11 23:59:59")
    workflow.wake()
    assert standing(workflow) == ["visit_it/appoint"]
    clock.move_to("2026-03-12 00:00")
    workflow.wake()
    assert workflow.journal.fired == ["visit_it/late"]
    assert standing(workflow) == ["close"]
    workflow.complete(step_of(workflow, "close"), {})
    assert workflow.ended
    assert workflow.data["opinions"] == ["同意", "同意", "不同意"]
    assert workflow.data["decision"] == {"recognised": [1]}


def test_a_state_does_not_grow_with_the_steps_behind_it() -> None:
    loop = Diagram("loop").start().user("ask").exclusive("more").end()
    loop.path("filed", "ask", "more").flow("more", "ask", condition="again").flow("more", "done", default=True)
    specs = bpmn.parse({"loop.bpmn": loop.text()}, "loop")
    workflow = bpmn.Workflow.start(specs, {"note": "不变"}, {})
    sizes = []
    for _ in range(1200):  # stock SpiffWorkflow stalls without a word near pass 500
        workflow.complete(step_of(workflow, "ask"), {"again": True})
        sizes.append(len(workflow.dump()))
    assert max(sizes[5:]) - min(sizes[5:]) < 64  # digits of a time stamp
    workflow = stored(specs, workflow)
    workflow.complete(step_of(workflow, "ask"), {"again": False})
    assert workflow.ended


@pytest.mark.parametrize("state_format", [0, 2, 99])
def test_a_state_of_a_foreign_format_is_refused_before_it_is_read(state_format: int) -> None:
    specs = bpmn.parse(life.files(), life.PROCESS)
    with pytest.raises(StateUnreadable):
        bpmn.Workflow.load(specs, b"not looked at", state_format, {})


def test_a_damaged_state_is_refused() -> None:
    specs = bpmn.parse(life.files(), life.PROCESS)
    whole = json.loads(life.half_done().dump())
    for damaged in (
        b"{",
        b"[]",
        json.dumps({**whole, "tasks": {}}).encode(),
        json.dumps({"root": whole["root"]}).encode(),
    ):
        with pytest.raises(StateUnreadable):
            bpmn.Workflow.load(specs, damaged, bpmn.STATE_FORMAT, {})


def test_a_step_is_taken_once_and_only_when_it_is_its_turn() -> None:
    two = Diagram("two").start().user("first").user("second").end().path("filed", "first", "second", "done")
    workflow = bpmn.Workflow.start(bpmn.parse({"two.bpmn": two.text()}, "two"), {}, {})
    first = step_of(workflow, "first")
    workflow.complete(first, {})
    with pytest.raises(NotFound):
        workflow.complete(first, {})
    with pytest.raises(NotFound):
        workflow.complete("00000000-0000-0000-0000-000000000000", {})
    with pytest.raises(NotFound):
        workflow.deliver("nothing", {})


@pytest.mark.parametrize("called", [True, False])
def test_a_time_limit_on_several_at_a_time_ends_all_of_them(called: bool, clock: StandingClock) -> None:
    """Stock SpiffWorkflow drops the items and keeps what they called, and stops at the next step."""
    each, until = for_each("cases", "one"), '"2026-03-03T00:00:00+08:00"'
    drawn = Diagram("several").start("asked").user("after").end("answered")
    drawn.call("ask", "asking", inner=each) if called else drawn.user("ask", inner=each)
    drawn.boundary("late", "ask", until).exclusive("on").path("asked", "ask", "on", "after", "answered")
    inner = Diagram("asking").start("begun").user("reply").end("over").path("begun", "reply", "over")
    inner.boundary("later", "reply", '"2026-03-04T00:00:00+08:00"').path("later", "over")
    files = {"several.bpmn": drawn.path("late", "on").text(), "asking.bpmn": inner.text()}
    specs = bpmn.parse(files, "several")
    workflow = bpmn.Workflow.start(specs, {"cases": [1, 2]}, {})
    assert len(workflow.ready()) == 2
    clock.move_to("2026-03-03 00:01")
    workflow.wake()
    assert standing(workflow) == ["after"]
    assert workflow.wake_at is None  # the limits of what was called are gone with it
    workflow = stored(specs, workflow)
    workflow.complete(step_of(workflow, "after"), {})
    assert workflow.ended


def test_a_busy_loop_is_stopped_by_its_steps() -> None:
    busy = Diagram("busy").start().exclusive("back").exclusive("again").end().path("filed", "again", "back")
    busy.flow("back", "again", condition="True").flow("back", "done", default=True)
    specs = bpmn.parse({"busy.bpmn": busy.text()}, "busy")
    with pytest.raises(BudgetExceeded):
        bpmn.Workflow.start(specs, {}, {})


def test_a_diagram_whose_prediction_explodes_is_stopped_by_its_tokens() -> None:
    """Eight forks of four in a row would predict 393,215 tasks."""
    wide = Diagram("wide").start().end()
    before = "filed"
    for stage in range(8):
        wide.parallel(f"fork{stage}").parallel(f"meet{stage}").path(before, f"fork{stage}")
        for branch in range(4):
            wide.user(f"do{stage}{branch}").path(f"fork{stage}", f"do{stage}{branch}", f"meet{stage}")
        before = f"meet{stage}"
    specs = bpmn.parse({"wide.bpmn": wide.path(before, "done").text()}, "wide")
    with pytest.raises(BudgetExceeded):
        bpmn.Workflow.start(specs, {}, {})


def test_processes_that_call_themselves_are_stopped_by_their_depth() -> None:
    self_calling = Diagram("deep").start().call("again", "deep").end().path("filed", "again", "done")
    specs = bpmn.parse({"deep.bpmn": self_calling.text()}, "deep")
    with pytest.raises(BudgetExceeded) as stopped:
        bpmn.Workflow.start(specs, {}, {})
    assert stopped.value.facts["limit"] == bounds.MAX_DEPTH


@pytest.mark.parametrize(
    ("condition", "error"),
    [("nobody_said == 1", ExpressionFailed), ("text > 1", ExpressionFailed)],
)
def test_a_condition_that_cannot_be_answered_names_itself(condition: str, error: type[Exception]) -> None:
    asked = Diagram("asked").start().exclusive("which").end().end("other").path("filed", "which")
    asked.flow("which", "other", condition=condition).flow("which", "done", default=True)
    with pytest.raises(error):
        bpmn.Workflow.start(bpmn.parse({"asked.bpmn": asked.text()}, "asked"), {"text": "五"}, {})


def test_no_script_runs_that_the_reader_refuses() -> None:
    script = Diagram("script").start().end()
    script.raw('<bpmn:scriptTask id="evil"><bpmn:script>import os</bpmn:script></bpmn:scriptTask>').path(
        "filed", "evil", "done"
    )
    with pytest.raises(ScriptInvalid, match="第 1 行"):
        bpmn.Workflow.start(bpmn.parse({"script.bpmn": script.text()}, "script"), {}, {})
