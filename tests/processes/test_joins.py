"""Parallel branches inside a loop meet once a round, whatever their order, with what each of them wrote."""

import subprocess
import sys
from collections.abc import Mapping
from itertools import permutations, product

import pytest
from SpiffWorkflow import TaskState

from engine import bpmn
from engine.instance import merging, tree
from engine.instance.journal import Specs, Words
from tests.diagrams import Diagram

WORDS: Words = {}


def rounds_of(branches: str) -> Specs:
    """submit → every branch side by side → a message that says what the join knows → decide → again or done."""
    diagram = Diagram("loop").start().user("submit").parallel("fork").parallel("meet")
    payload = "{" + ", ".join(f'"{branch}": {branch}' for branch in branches) + "}"
    diagram.throw("tell", "met", "round", payload).user("decide").exclusive("more").end()
    diagram.path("filed", "submit", "fork")
    for branch in branches:
        diagram.user(f"do_{branch}").path("fork", f"do_{branch}", "meet")
    diagram.path("meet", "tell", "decide", "more").flow("more", "submit", condition="again").flow(
        "more", "done", default=True
    )
    return bpmn.parse({"loop.bpmn": diagram.text()}, "loop")


def step_of(workflow: bpmn.Workflow, element: str) -> str:
    return next(step.id for step in workflow.ready() if step.element == element)


def standing(workflow: bpmn.Workflow) -> set[str]:
    steps = [step.element for step in workflow.ready()]
    assert len(steps) == len(set(steps))
    return set(steps)


def kept(specs: Specs, workflow: bpmn.Workflow, stored: bool) -> bpmn.Workflow:
    """The instance after a command: stored and loaded anew, or the live one after its pruning."""
    state = workflow.dump()
    return bpmn.Workflow.load(specs, state, bpmn.STATE_FORMAT, WORDS) if stored else workflow


def live_through(specs: Specs, branches: str, orders: tuple[tuple[str, ...], ...], stored: bool) -> None:
    start: Mapping[str, object] = dict.fromkeys(branches, 0)
    workflow = kept(specs, bpmn.Workflow.start(specs, start, WORDS), stored)
    for round_, order in enumerate(orders, 1):
        assert standing(workflow) == {"submit"}
        workflow.complete(step_of(workflow, "submit"), {})
        workflow = kept(specs, workflow, stored)
        waiting = {f"do_{branch}" for branch in branches}
        for branch in order:
            assert standing(workflow) == waiting
            workflow.complete(step_of(workflow, f"do_{branch}"), {branch: round_})
            waiting.discard(f"do_{branch}")
            told = [thrown.payload for thrown in workflow.journal.thrown]
            assert told == ([] if waiting else [dict.fromkeys(branches, round_)])
            workflow = kept(specs, workflow, stored)
        assert standing(workflow) == {"decide"}
        workflow.complete(step_of(workflow, "decide"), {"again": round_ < len(orders)})
        workflow = kept(specs, workflow, stored)
    assert workflow.ended


@pytest.mark.parametrize("stored", [True, False], ids=["loaded between steps", "live"])
@pytest.mark.parametrize(("branches", "rounds", "orders"), [("ab", 4, 16), ("abc", 3, 216)])
def test_branches_in_a_loop_meet_once_a_round_in_every_order(
    branches: str, rounds: int, orders: int, stored: bool
) -> None:
    specs = rounds_of(branches)
    sequences = list(product(permutations(branches), repeat=rounds))
    assert len(sequences) == orders
    for sequence in sequences:
        live_through(specs, branches, sequence, stored)


@pytest.mark.parametrize("stored", [True, False], ids=["loaded between steps", "live"])
def test_two_ends_in_a_called_process_lose_nothing_of_either_branch(stored: bool) -> None:
    called = Diagram("both").start().parallel("fork").user("do_a").user("do_b").end("end_a").end("end_b")
    called.path("filed", "fork", "do_a", "end_a").path("fork", "do_b", "end_b")
    caller = (
        Diagram("caller").start().call("both_of_them", "both").throw("tell", "met", "round", '{"a": a, "b": b}').end()
    )
    caller.path("filed", "both_of_them", "tell", "done")
    specs = bpmn.parse({"both.bpmn": called.text(), "caller.bpmn": caller.text()}, "caller")
    for order in permutations("ab"):
        workflow = kept(specs, bpmn.Workflow.start(specs, {"a": 0, "b": 0}, WORDS), stored)
        for branch in order:
            workflow.complete(step_of(workflow, f"do_{branch}"), {branch: 1})
            told = [thrown.payload for thrown in workflow.journal.thrown]
            workflow = kept(specs, workflow, stored)
        assert told == [{"a": 1, "b": 1}]
        assert workflow.ended


@pytest.mark.parametrize(
    ("base", "branches", "merged"),
    [
        ({"x": 1}, [{"x": 2}, {"x": 1}], {"x": 2}),  # the second branch's copy is stale, not an answer
        ({"x": 1}, [{"x": 1}, {"x": 2}], {"x": 2}),
        ({}, [{"a": 1}, {"b": 2}], {"a": 1, "b": 2}),
        ({"x": 1, "y": 1}, [{"y": 1}, {"x": 1, "y": 2}], {"y": 2}),  # one branch dropped x
        ({"log": ["s"]}, [{"log": ["s", "a"]}, {"log": ["s", "b"]}], {"log": ["s", "a", "b"]}),
        ({"m": {"k": 0}}, [{"m": {"k": 1}}, {"m": {"k": 0, "l": 2}}], {"m": {"k": 1, "l": 2}}),
        ({"x": 0}, [{"x": 1}, {"x": 2}], {"x": 2}),  # both answered: the later one
        ({"x": True}, [{"x": 1}, {"x": True}], {"x": 1}),  # True == 1, and yet it was changed
    ],
)
def test_a_join_takes_from_each_branch_what_that_branch_changed(base: dict, branches: list, merged: dict) -> None:
    assert merging.three_way(base, branches) == merged


def test_the_tree_reads_states_as_spiffworkflow_writes_them() -> None:
    assert (tree.WAITING, tree.UNFINISHED) == (TaskState.WAITING, TaskState.NOT_FINISHED_MASK)


STOCK = """
import sys
from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.spiff.parser import SpiffBpmnParser

parser = SpiffBpmnParser()
parser.add_bpmn_str(sys.stdin.buffer.read())
workflow = BpmnWorkflow(parser.get_spec("loop"), parser.get_subprocess_specs("loop"))
workflow.task_tree.data["stop"] = 0
workflow.do_engine_steps()
for element in ("submit", "a", "b", "submit", "b"):
    tasks = workflow.get_tasks(state=TaskState.READY, manual=True)
    next(task for task in tasks if task.task_spec.bpmn_id == element).run()
    workflow.do_engine_steps()
print(sorted(task.task_spec.bpmn_id for task in workflow.get_tasks(state=TaskState.READY, manual=True)))
"""


def test_stock_spiffworkflow_fires_early_and_ours_does_not() -> None:
    """The reason for the repair. If the first half fails one day, the library has mended it: take the repair out."""
    diagram = Diagram("loop").start().user("submit").parallel("fork").user("a").user("b").parallel("meet")
    diagram.exclusive("more").end().path("filed", "submit", "fork", "a", "meet", "more").path("fork", "b", "meet")
    diagram.flow("more", "done", condition="stop == 1").flow("more", "submit", default=True)
    command = [sys.executable, "-c", STOCK]
    stock = subprocess.run(command, input=diagram.text(), capture_output=True, check=True)  # without our repair
    assert stock.stdout.decode().strip() == "['a', 'submit']"

    workflow = bpmn.Workflow.start(bpmn.parse({"loop.bpmn": diagram.text()}, "loop"), {"stop": 0}, WORDS)
    for element in ("submit", "a", "b", "submit", "b"):
        workflow.complete(step_of(workflow, element), {})
    assert standing(workflow) == {"a"}
