"""The way a case took, found again from its record, on the diagrams that ship."""

from pathlib import Path

import pytest

from engine import bundle, diagrams
from engine.diagrams import Diagram
from engine.instance import way
from engine.instance.way import Move
from tests.office import REGIME

DRAWN = diagrams.of(bundle.shipped(REGIME))


def moves(text: str) -> list[Move]:
    """`+fill_in` is reached, `-fill_in` left, any other passed."""
    signs = {"+": "reached", "-": "left"}
    return [(signs.get(word[0], "passed"), word.lstrip("+-")) for word in text.split()]  # type: ignore[misc]  # of Move


def walked(process: str, text: str) -> way.Way:
    return way.walked(DRAWN[process], moves(text))


FILED = "start_application +fill_in fill_in filed_by_park tell_submitted +acceptance "
RETURNED = "acceptance acceptance_decision tell_returned +correct correct +acceptance "
ACCEPTED = "acceptance acceptance_decision tell_accepted higher_level "
REVIEWED = ACCEPTED + "+first_review first_review first_review_decision reviews_begin "


def test_a_filed_application_stands_with_the_bureau() -> None:
    found = walked("application", FILED)
    assert found.current == ("acceptance",)
    assert dict(found.flows) == dict.fromkeys(
        (
            "start_application_to_fill_in",
            "fill_in_to_filed_by_park",
            "filed_by_park_to_tell_submitted",
            "tell_submitted_to_acceptance",
        ),
        1,
    )
    assert found.passed == dict.fromkeys(("start_application", "fill_in", "filed_by_park", "tell_submitted"), 1)


def test_a_case_returned_twice_walks_the_loop_twice() -> None:
    found = walked("application", FILED + RETURNED * 2 + REVIEWED)
    assert found.passed["acceptance"] == 3
    assert found.passed["correct"] == 2
    loop = ("acceptance_decision_to_tell_returned", "tell_returned_to_correct", "correct_to_acceptance")
    assert [found.flows[flow] for flow in loop] == [2, 2, 2]
    assert found.flows["tell_submitted_to_acceptance"] == 1
    assert found.flows["acceptance_decision_to_tell_accepted"] == 1
    assert "acceptance_decision_to_tell_refused" not in found.flows
    assert "correct_after_review" not in found.passed


def test_two_reviews_at_a_time_are_two_places_until_both_are_done() -> None:
    begun = walked("application", FILED + REVIEWED)
    assert set(begun.current) == {"expert_review", "site_inspection"}
    one = walked("application", FILED + REVIEWED + "site_inspection")
    assert set(one.current) == {"expert_review", "reviews_done"}
    both = walked("application", FILED + REVIEWED + "site_inspection expert_review reviews_done")
    assert both.current == ("wait_for_round",)
    assert both.flows["expert_review_to_reviews_done"] == both.flows["site_inspection_to_reviews_done"] == 1
    assert both.flows["reviews_done_to_wait_for_round"] == 1


def test_the_closing_minute_takes_the_case_out_of_filling_in() -> None:
    found = walked("application", "start_application +fill_in filing_closed tell_unfiled unfiled -fill_in")
    assert found.current == ()
    assert "fill_in" not in found.passed
    assert "fill_in_to_filed_by_park" not in found.flows
    assert found.flows["filing_closed_to_tell_unfiled"] == found.flows["start_application_to_fill_in"] == 1


def test_what_was_recognised_above_goes_straight_to_waiting() -> None:
    """The gateway's other ways lead to steps of people, who would have a task: the case waits for its round."""
    verified = "+verify_higher_level verify_higher_level higher_level_decision"
    found = walked("application", FILED + ACCEPTED + verified)
    assert found.current == ("wait_for_round",)
    assert found.flows["higher_level_decision_to_wait_for_round"] == 1


def test_an_ended_case_stands_nowhere() -> None:
    found = walked(
        "application",
        FILED
        + REVIEWED
        + "site_inspection expert_review reviews_done wait_for_round round_outcome tell_recognised recognised",
    )
    assert found.current == ()
    assert "round_outcome_to_tell_not_listed" not in found.flows


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
    found = walked("application", "start_application +fill_in fill_in +acceptance")
    assert "acceptance" in found.current
    assert set(found.flows) == {"start_application_to_fill_in", "fill_in_to_filed_by_park"}


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
    steps = [node.id for node in DRAWN["application"].nodes.values() if node.kind == "userTask"]
    assert steps.index("fill_in") < steps.index("acceptance") < steps.index("first_review")


@pytest.mark.parametrize(
    ("path", "process"),
    [("", "round"), ("publicity/", "publicity"), ("publication/", "publication"), ("publicity[2]/", "publicity")],
)
def test_a_path_leads_to_the_diagram_it_lies_in(path: str, process: str) -> None:
    found = diagrams.within(DRAWN, "round", path)
    assert isinstance(found, Diagram)
    assert found.process == process


def test_a_path_that_leads_nowhere_has_no_diagram() -> None:
    assert diagrams.within(DRAWN, "round", "nowhere/") is None
    assert diagrams.within(DRAWN, "nothing", "") is None


def test_a_drawing_is_the_deployed_file_itself() -> None:
    shipped = Path("processes/publicity.bpmn").read_text(encoding="utf-8")
    assert DRAWN["publicity"].text == shipped
