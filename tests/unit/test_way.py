"""The way a case took, found again from its record, on the diagrams that ship."""

from pathlib import Path

import pytest

from engine import bundle, diagrams
from engine.diagrams import Diagram as Drawn
from engine.instance import way
from engine.instance.way import Move
from tests.diagrams import Diagram
from tests.office import REGIME

DRAWN = diagrams.of(bundle.shipped(REGIME))


def moves(text: str) -> list[Move]:
    """`+fill_in` is reached, `*publicity` entered, `-fill_in` left, any other passed."""
    signs = {"+": "reached", "*": "entered", "-": "left"}
    return [(signs.get(word[0], "passed"), word.lstrip("+*-")) for word in text.split()]  # type: ignore[misc]  # of Move


def walked(process: str, text: str) -> way.Way:
    return way.walked(DRAWN[process], moves(text))


ARRIVED = "arrived tell_submitted +acceptance "
RETURNED = "acceptance acceptance_decision tell_returned +correct correct +acceptance "
ACCEPTED = "acceptance acceptance_decision tell_accepted accepted "
FILED = "start_application *filing filing filing_outcome *intake "
REVIEWED = FILED + "intake intake_outcome recognised_above *examination examination examination_outcome *expert_review "
SAMPLED = REVIEWED + "expert_review *sample sample sample_outcome "
NOT_SAMPLED = SAMPLED + "*outcome "


def test_a_filed_application_stands_with_the_bureau() -> None:
    found = walked("application", FILED)
    assert found.current == ("intake",)
    flows = ("start_application_to_filing", "filing_to_filing_outcome", "filing_outcome_to_intake")
    assert dict(found.flows) == dict.fromkeys(flows, 1)
    assert found.passed == dict.fromkeys(("start_application", "filing", "filing_outcome"), 1)


def test_a_case_returned_twice_walks_the_loop_twice() -> None:
    found = walked("intake", ARRIVED + RETURNED * 2 + ACCEPTED)
    assert found.passed["acceptance"] == 3
    assert found.passed["correct"] == 2
    loop = ("acceptance_decision_to_tell_returned", "tell_returned_to_correct", "correct_to_acceptance")
    assert [found.flows[flow] for flow in loop] == [2, 2, 2]
    assert found.flows["tell_submitted_to_acceptance"] == 1
    assert found.flows["acceptance_decision_to_tell_accepted"] == 1
    assert "acceptance_decision_to_tell_refused" not in found.flows
    assert "not_accepted" not in found.passed


def test_two_branches_are_two_places_until_both_are_done() -> None:
    both = Diagram("twice").start().parallel("fork").parallel("join").wait("after", "'2026-03-02'").end()
    both.call("one", "application").call("other", "application")
    both.path("filed", "fork", "one", "join", "after", "done").path("fork", "other", "join")
    drawn = diagrams.of({"twice.bpmn": both.text()})["twice"]

    def at(text: str) -> way.Way:
        return way.walked(drawn, moves(text))

    assert set(at("filed fork").current) == {"one", "other"}
    assert set(at("filed fork other").current) == {"one", "join"}
    found = at("filed fork other one join")
    assert found.current == ("after",)
    assert found.flows["one_to_join"] == found.flows["other_to_join"] == found.flows["join_to_after"] == 1


def test_who_is_drawn_is_with_the_inspectors_and_who_is_not_waits_for_the_round() -> None:
    """Both ways of the gateway lead to where nobody has a task yet: what is called says that it has begun."""
    assert walked("application", SAMPLED + "*site_inspection").current == ("site_inspection",)
    assert walked("application", NOT_SAMPLED).current == ("outcome",)
    back = SAMPLED + "*site_inspection site_inspection inspection_outcome *outcome"
    assert walked("application", back).current == ("outcome",)
    assert walked("outcome", "review_over").current == ("wait_for_round",)


def test_a_held_case_waits_for_its_round_again() -> None:
    found = walked("outcome", "review_over wait_for_round round_outcome")
    assert found.current == ("wait_for_round",)
    assert found.flows["round_outcome_to_wait_for_round"] == 1


def test_the_closing_minute_takes_the_case_out_of_filling_in() -> None:
    found = walked("filing", "filing_begun +fill_in filing_closed tell_unfiled unfiled -fill_in")
    assert found.current == ()
    assert "fill_in" not in found.passed
    assert "fill_in_to_filed_by_park" not in found.flows
    assert found.flows["filing_closed_to_tell_unfiled"] == found.flows["filing_begun_to_fill_in"] == 1


def test_what_was_recognised_above_goes_straight_to_waiting() -> None:
    verified = "intake intake_outcome recognised_above *higher_level higher_level above_confirmed *outcome"
    found = walked("application", FILED + verified)
    assert found.current == ("outcome",)
    assert found.flows["above_confirmed_to_outcome"] == 1


def test_an_ended_case_stands_nowhere() -> None:
    found = walked("application", NOT_SAMPLED + "outcome list_outcome recognised")
    assert found.current == ()
    assert "list_outcome_to_not_listed" not in found.flows


def test_a_publicity_period_waits_for_its_last_day() -> None:
    assert walked("publicity", "list_decided begin_publicity").current == ("publicity_over",)


def test_a_called_process_that_is_run_again_begins_anew() -> None:
    once = "list_decided begin_publicity "
    found = walked("publicity", once + once + "publicity_over +check_objections")
    assert found.current == ("check_objections",)
    assert found.passed["begin_publicity"] == 2
    assert found.flows["list_decided_to_begin_publicity"] == 2
    assert found.flows["publicity_over_to_check_objections"] == 1


def test_a_payload_erased_by_law_leaves_a_gap_and_no_wrong_flow() -> None:
    found = walked("filing", "filing_begun +fill_in fill_in +revise")
    assert "revise" in found.current
    assert set(found.flows) == {"filing_begun_to_fill_in", "fill_in_to_filed_by_park"}


def test_elements_that_the_diagram_does_not_have_are_passed_over() -> None:
    assert walked("publicity", "list_decided nonsense").passed == {"list_decided": 1}


# ---- diagrams -----------------------------------------------------------------------------------


@pytest.mark.parametrize("process", sorted(DRAWN))
def test_every_diagram_is_read_whole(process: str) -> None:
    drawn = DRAWN[process]
    assert all(flow.source in drawn.nodes and flow.target in drawn.nodes for flow in drawn.flows)
    assert all(node.lane for node in drawn.nodes.values())
    assert all(node.roles for node in drawn.nodes.values() if node.kind == "userTask")
    assert all(node.calls in DRAWN for node in drawn.nodes.values() if node.kind == "callActivity")


def test_steps_come_in_the_order_in_which_they_are_drawn() -> None:
    steps = [node.id for node in DRAWN["application"].nodes.values() if node.kind == "callActivity"]
    assert steps.index("filing") < steps.index("intake") < steps.index("examination") < steps.index("outcome")


@pytest.mark.parametrize(
    ("path", "process"),
    [("", "round"), ("publicity/", "publicity"), ("publication/", "publication"), ("publicity[2]/", "publicity")],
)
def test_a_path_leads_to_the_diagram_it_lies_in(path: str, process: str) -> None:
    found = diagrams.within(DRAWN, "round", path)
    assert isinstance(found, Drawn)
    assert found.process == process


def test_a_path_that_leads_nowhere_has_no_diagram() -> None:
    assert diagrams.within(DRAWN, "round", "nowhere/") is None
    assert diagrams.within(DRAWN, "nothing", "") is None


def test_a_drawing_is_the_deployed_file_itself() -> None:
    shipped = Path("processes/publicity.bpmn").read_text(encoding="utf-8")
    assert DRAWN["publicity"].text == shipped
