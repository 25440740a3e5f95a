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


FILED = "start_application +fill_in fill_in filed_by_park tell_submitted +acceptance "
RETURNED = "acceptance acceptance_decision tell_returned +correct correct +acceptance "
ACCEPTED = "acceptance acceptance_decision tell_accepted higher_level "
REVIEWED = ACCEPTED + "+first_review first_review first_review_decision "


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
    """Both ways of the gateway lead to where nobody has a task yet: what the visit calls says that it has begun."""
    drawn = FILED + REVIEWED + "*expert_review expert_review wait_for_sample in_sample "
    assert walked("application", drawn + "*site_inspection").current == ("site_inspection",)
    assert walked("application", drawn).current == ("wait_for_round",)
    back = drawn + "*site_inspection site_inspection inspection_outcome"
    assert walked("application", back).current == ("wait_for_round",)


def test_a_held_case_waits_for_its_round_again() -> None:
    drawn = FILED + REVIEWED + "*expert_review expert_review wait_for_sample in_sample wait_for_round round_outcome"
    found = walked("application", drawn)
    assert found.current == ("wait_for_round",)
    assert found.flows["round_outcome_to_wait_for_round"] == 1


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
        + "*expert_review expert_review wait_for_sample in_sample wait_for_round round_outcome "
        + "tell_recognised recognised",
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
    assert isinstance(found, Drawn)
    assert found.process == process


def test_a_path_that_leads_nowhere_has_no_diagram() -> None:
    assert diagrams.within(DRAWN, "round", "nowhere/") is None
    assert diagrams.within(DRAWN, "nothing", "") is None


def test_a_drawing_is_the_deployed_file_itself() -> None:
    shipped = Path("processes/publicity.bpmn").read_text(encoding="utf-8")
    assert DRAWN["publicity"].text == shipped
