"""The ways on from a step: as it is drawn, with values for what the gateways on them read."""

from engine import deployments
from engine.branches import Branches
from tests.stopped import changed

SHIPPED = deployments.shipped("qingyuan")


def test_each_way_on_has_values_that_lead_along_it() -> None:
    intake = Branches(SHIPPED.files, "intake", "acceptance")
    assert intake.reads(SHIPPED.words) == {"decision"}
    found = intake.values(["decision"], {"decision": ["accept", "return", "refuse"]}, {}, SHIPPED.words)
    titles = {way.title: found[way.flows]["decision"] for way in intake.ways()}
    assert titles == {
        "受理 → 通知已受理": "accept",
        "退回补正 → 通知退回补正": "return",
        "不予受理 → 通知不予受理": "refuse",
    }


def test_a_way_that_other_data_decide_is_not_offered_against_them() -> None:
    filing = Branches(SHIPPED.files, "filing", "fill_in")
    park, county = ({"applicant_level": level} for level in ("park", "county"))
    assert [way.target for way in filing.ways()] == ["forward", "filed"]
    assert list(filing.values([], {}, park, SHIPPED.words)) == [("filed_by_park_to_forward",)]
    assert list(filing.values([], {}, county, SHIPPED.words)) == [("filed_by_park_to_filed",)]


def test_a_step_without_a_gateway_has_its_own_flow() -> None:
    (way,) = Branches(SHIPPED.files, "intake", "correct").ways()
    assert (way.flows, way.title) == (("correct_to_acceptance",), "受理")


def test_what_no_value_lets_through_is_no_way() -> None:
    files = changed("filing.bpmn", 'decision == "forward"', "decision &gt; 3")
    broken = Branches(files, "filing", "forward")
    found = broken.values(["decision"], {"decision": ["forward", "return"]}, {}, SHIPPED.words)
    assert found == {("forward_decision_to_tell_returned_by_county",): {"decision": 3}}
