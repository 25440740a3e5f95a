"""The check finds each planted fault by its rule, at its place and nothing else; and nothing in what is sound."""

import re

import pytest
from SpiffWorkflow.bpmn import BpmnWorkflow

from engine import bpmn, lint, xml
from engine.lint import graph as lint_graph
from engine.lint import trial
from tests.bundles import bundle
from tests.diagrams import Diagram
from tests.planted import Fault, calling, empty, examined, exploding, table
from tests.planted.elements import ELEMENTS, READING
from tests.planted.shapes import SHAPES
from tests.planted.steps import EXPRESSIONS, FILES, STEPS
from tests.sound import everything

FAULTS = [*READING, *ELEMENTS, *SHAPES, *EXPRESSIONS, *STEPS, *FILES]


def _name(fault: Fault) -> str:
    return f"{fault.rule}-{fault.element}"


@pytest.mark.parametrize("fault", FAULTS, ids=_name)
def test_a_planted_fault_is_found_at_its_place_and_nothing_else(fault: Fault) -> None:
    found = lint.problems(fault.files, dry_run=False)
    assert [(f.rule, f.severity, f.file, f.element, f.line) for f in found] == [
        (fault.rule, fault.severity, fault.file, fault.element, fault.line)
    ]


@pytest.mark.parametrize("fault", FAULTS, ids=_name)
def test_every_message_is_chinese_and_offers_a_way_out(fault: Fault) -> None:
    for found in lint.problems(fault.files, dry_run=False):
        assert re.search("[\u4e00-\u9fff]", found.message)
        assert re.search("请|应|可用的有|只能写", found.message)


def test_every_rule_has_its_planted_fault() -> None:
    assert {fault.rule for fault in FAULTS} | {"call-cycle", "trial"} == lint.RULES


def test_processes_that_call_each_other_in_a_circle_are_both_told() -> None:
    files = bundle(calling("application", "appeal"), calling("appeal", "application"))
    found = lint.problems(files, dry_run=False)
    assert [(f.rule, f.file, f.element) for f in found] == [
        ("call-cycle", "appeal.bpmn", "appeal_calls"),
        ("call-cycle", "application.bpmn", "application_calls"),
    ]


@pytest.mark.parametrize("drawn", [False, True], ids=["without-drawing", "drawn"])
def test_a_sound_bundle_has_no_findings(drawn: bool) -> None:
    files = bundle(everything(), empty("publicity"), size_dmn=table())
    files["application.bpmn"] = everything().text(drawn=drawn)
    assert lint.problems(files) == []


def test_what_only_running_shows_is_found_by_the_dry_run() -> None:
    against_the_schema = examined().text().replace(b"<bpmn:incoming>", b"<bpmn:incoming colour='red'>")
    files = bundle(examined(), application_bpmn=against_the_schema)
    assert lint.problems(files, dry_run=False) == []
    assert [(f.rule, f.severity, f.file, f.element) for f in lint.problems(files)] == [
        ("trial", "error", "application.bpmn", "application")
    ]


def hanging() -> Diagram:
    """SpiffWorkflow looks for a data object among the parents of a sub-process, for ever; the check refuses it."""
    reads = "<bpmn:sourceRef>dossier_here</bpmn:sourceRef><bpmn:targetRef>dossier</bpmn:targetRef>"
    reads = f"<bpmn:dataInputAssociation>{reads}</bpmn:dataInputAssociation>"
    inner = Diagram().start("heard").user("hear", inner=reads).end("heard_out").path("heard", "hear", "heard_out")
    drawn = Diagram().start().sub("hearing", inner).end().path("filed", "hearing", "done")
    return drawn.raw('<bpmn:dataObjectReference id="dossier_here"/>')


def test_a_diagram_that_hangs_its_trial_is_ended_and_the_others_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 1.0)
    files = bundle(hanging(), empty("publicity"), empty("appeal"))
    assert trial.dry_run(files, ["appeal", "application", "publicity"]) == {"application": trial.TOO_MUCH}


def test_a_diagram_that_explodes_is_stopped_by_its_budget() -> None:
    found = trial.dry_run(bundle(exploding(), empty("publicity")), ["application", "publicity"])
    assert list(found) == ["application"]
    assert "3000" in found["application"]


@pytest.mark.parametrize("forks", range(1, 6))
def test_the_static_count_of_predicted_tasks_is_the_engines_own(forks: int) -> None:
    drawn, before = Diagram().start().end(), "filed"
    for number in range(forks):
        drawn.parallel(f"fork_{number}").parallel(f"join_{number}").flow(before, f"fork_{number}")
        for branch in "abc":
            drawn.user(f"{branch}_{number}").path(f"fork_{number}", f"{branch}_{number}", f"join_{number}")
        before = f"join_{number}"
    files = bundle(drawn.flow(before, "done"))
    (scope,) = lint_graph.scopes(xml.read("application.bpmn", files["application.bpmn"]))
    begun = BpmnWorkflow(bpmn.parse(files, "application").main)
    assert scope.predicted()["filed"] == len(begun.tasks) - 1  # SpiffWorkflow's own beginning
