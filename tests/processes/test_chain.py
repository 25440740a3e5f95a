"""An application comes to its bureau through the offices between: what each does, sees and may send on."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from engine import access, cases, inspections, late_filings, organisations, tasks, urging
from engine.db import Database
from engine.errors import FormInvalid, NotFound, Refused
from engine.models import Case, Cluster, Inspection, Letter, Organisation, Precheck, Recommendation, Round, Task
from tests import chain, samples
from tests.chain import Chain
from tests.clock import StandingClock, moment

VISIT = "2025-07-08 17:00"  # the evening of the samples' visit, after the filing has closed
AFTER_PUBLICITY = "2025-07-30 09:00"


@pytest.fixture
def office(sqlite_database: Database, clock: StandingClock) -> Any:
    clock.move_to(samples.MOMENT.isoformat())
    return partial(chain.furnish, sqlite_database, clock)


def to_the_province(at: Chain, who: str, niche: str = "") -> int:
    """Accepted and recommended by its city, and delivered."""
    case_id = at_the_city(at, who, niche)
    at.answer(case_id, "recommend")
    delivered(at, case_id)
    return case_id


def at_the_city(at: Chain, who: str, niche: str = "") -> int:
    case_id = at.filed(who, niche)
    at.answer(case_id, "acceptance")
    return case_id


def delivered(at: Chain, case_id: int) -> None:
    at.answer(case_id, "dispatch")
    at.answer(case_id, "receive")


def visited(at: Chain, case_id: int, **found: Any) -> None:
    at.answer(case_id, "arrange")
    at.clock.move_to(max(at.clock.at.isoformat(), moment(VISIT).isoformat()))
    at.tick()
    at.answer(case_id, "inspect", inspected_on="2025-07-08", **found)


def to_the_bureau(at: Chain, who: str) -> int:
    """Recommended by its province too."""
    case_id = to_the_province(at, who)
    at.answer(case_id, "acceptance")
    at.answer(case_id, "first_review")
    visited(at, case_id)
    at.answer(case_id, "recommend")
    delivered(at, case_id)
    return case_id


def published(at: Chain, *listed: int) -> None:
    at.clock.move_to(max(at.clock.at.isoformat(), moment(VISIT).isoformat()))
    at.tick()
    reasons = [{"case": case_id, "reason": "复审通过"} for case_id in listed]
    at.answer(at.round_case, "draft_list", cases=list(listed), reasons=reasons)
    at.answer(at.round_case, "decide_list")
    at.clock.move_to(AFTER_PUBLICITY)
    at.tick()
    at.answer(at.round_case, "check_objections")
    at.answer(at.round_case, "publish")
    at.tick()


def sees(at: Chain, who: str, case_id: int) -> bool:
    """By the list and by itself: one rule."""
    actor = at.actors[who]
    with at.database.read() as session:
        listed = session.scalar(select(Case.id).where(Case.id == case_id, access.visible_cases(actor))) is not None
        cluster_id = session.get_one(Case, case_id).cluster_id
        shown = select(Cluster.id).where(Cluster.id == cluster_id, access.visible_clusters(actor))
        assert (session.scalar(shown) is not None) == listed
        try:
            cases.find(session, actor, case_id)
        except NotFound:
            assert not listed
        else:
            assert listed
    return listed


def steps_seen(at: Chain, who: str, case_id: int) -> set[str]:
    with at.database.read() as session:
        query = select(Task.element).where(Task.case_id == case_id, access.visible_tasks(at.actors[who]))
        return set(session.scalars(query))


# ---- through all levels ------------------------------------------------------------------------


def test_an_application_comes_to_the_ministry_through_all_four_levels(office: Any) -> None:
    at = office("national")
    case_id = at.filed("county1")
    way = [
        ("city", "city_intake/acceptance"),
        ("city", "city_recommendation/recommend"),
        ("city", "city_recommendation/paper/dispatch"),
        ("province", "city_recommendation/paper/receive"),
        ("province", "province_intake/acceptance"),
        ("province", "examination/first_review"),
        ("province", "site_inspection/arrange"),
        ("province", "site_inspection/inspect"),
        ("province", "province_recommendation/recommend"),
        ("province", "province_recommendation/paper/dispatch"),
        ("ministry", "province_recommendation/paper/receive"),
        ("ministry", "intake/acceptance"),
        ("ministry", "second_review/decide_inspection"),
        ("ministry", "second_review/review_again"),
    ]
    for place in way:
        assert at.standing(case_id) == [place]
        element = place[1].rpartition("/")[2]
        if element == "inspect":
            at.clock.move_to(VISIT)
            at.tick()
            at.answer(case_id, element, inspected_on="2025-07-08")
        else:
            at.answer(case_id, element)
    assert at.standing(case_id) == []
    published(at, case_id)
    assert (at.case(case_id).status, at.case(case_id).outcome) == ("ended", "recognised")
    assert at.case(at.round_case).outcome == "concluded"


def test_an_application_comes_to_the_region_through_its_city(office: Any) -> None:
    at = office("guangxi")
    case_id = at.filed("region_county")
    for element in ("acceptance", "first_review", "decide_visit", "recommend"):
        assert [who for who, _ in at.standing(case_id)] == ["region_city"]
        at.answer(case_id, element)
    assert at.standing(case_id) == [("region", "second_review/decide_inspection")]
    at.answer(case_id, "decide_inspection", decision="inspect", reason="到现场核对")
    visited(at, case_id)
    at.answer(case_id, "review_again")
    published(at, case_id)
    assert at.case(case_id).outcome == "recognised"


def test_every_office_is_told_of_what_has_come_to_it(office: Any) -> None:
    at = office("national")
    case_id = to_the_province(at, "county1")
    with at.database.read() as session:
        told = select(Letter.organisation_code, Letter.role).where(
            Letter.case_id == case_id, Letter.template == "submitted"
        )
        assert session.execute(told.order_by(Letter.id)).all() == [
            (chain.CITY, "bureau_officer"),
            (chain.PROVINCE, "bureau_officer"),
        ]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([("acceptance", {"decision": "refuse", "opinion": "不在一个县级区划内。"})], "not_accepted"),
        (
            [("acceptance", {}), ("recommend", {"decision": "decline", "opinion": "不符合认定标准。"})],
            "not_recommended",
        ),
    ],
)
def test_what_a_city_does_not_send_on_ends_there(office: Any, answers: Any, outcome: str) -> None:
    at = office("national")
    case_id = at.filed("county1")
    for element, changes in answers:
        at.answer(case_id, element, **changes)
    assert (at.case(case_id).status, at.case(case_id).outcome) == ("ended", outcome)
    assert not sees(at, "province", case_id)


def test_what_is_returned_before_a_recommendation_comes_back_to_who_returned_it(office: Any) -> None:
    at = office("national")
    case_id = at_the_city(at, "county1")
    remarks = [{"field": "output", "remark": "请核对"}]
    at.answer(case_id, "recommend", decision="return", remarks=remarks, opinion="数据不一致。")
    assert at.standing(case_id) == [("county1", "city_recommendation/correct_before_recommendation")]
    at.answer(case_id, "correct_before_recommendation")
    assert at.standing(case_id) == [("city", "city_recommendation/recommend")]
    with at.database.read() as session:
        assert session.scalars(select(Recommendation)).all() == []


def test_what_is_found_false_on_the_spot_ends_at_once(office: Any) -> None:
    at = office("national")
    case_id = to_the_province(at, "county1")
    at.answer(case_id, "acceptance")
    at.answer(case_id, "first_review")
    differs = {"result": "differs", "found": "现场数据与申报不一致"}
    told = {"site_decision": "falsehood", "falsehood_facts": "产值不实", "opinion": "建议核定为虚假申报。"}
    visited(at, case_id, check_output=differs, **told)
    assert at.standing(case_id) == [("province", "site_inspection/confirm_falsehood")]
    at.answer(case_id, "confirm_falsehood")
    assert at.case(case_id).outcome == "disqualified"


def test_an_applicant_without_a_city_above_is_told_what_is_missing(office: Any) -> None:
    at = office("national")
    with at.database.write() as session:
        county = session.get_one(Organisation, chain.COUNTIES[0])
        county.parent_code, county.path = chain.PROVINCE, f"/{chain.MINISTRY}/{chain.PROVINCE}/{county.code}/"
    with pytest.raises(Refused, match="市级主管部门"):
        at.apply("county1")


# ---- how many, of what, until when --------------------------------------------------------------


def test_a_citys_third_recommendation_is_refused_by_itself_and_changes_nothing(office: Any) -> None:
    at = office("national")
    for who in ("county1", "county2"):
        to_the_province(at, who)
    third = at_the_city(at, "county3")
    before = at.case(third).version
    with pytest.raises(Refused, match=r"最多推荐 2 个集群（粤24号 三）"):
        at.answer(third, "recommend")
    assert at.case(third).version == before
    assert at.standing(third) == [("city", "city_recommendation/recommend")]
    to_the_province(at, "far_county")  # another city has a number of its own
    at.answer(third, "recommend", decision="decline", opinion="名额已满。")
    assert at.case(third).outcome == "not_recommended"


def test_the_rounds_notice_may_set_another_number(office: Any) -> None:
    at = office("national", city_quota=1)
    to_the_province(at, "county1")
    second = at_the_city(at, "county2")
    with pytest.raises(Refused, match=r"最多推荐 1 个集群（本批次申报通知）"):
        at.answer(second, "recommend")


def test_one_of_a_niche_is_recommended_unless_a_reason_is_recorded(office: Any) -> None:
    at = office("national")
    to_the_province(at, "county1", niche="铝型材")
    second = at_the_city(at, "county2", niche="铝 型 材")
    with pytest.raises(FormInvalid) as refused:
        at.answer(second, "recommend")
    assert [problem.field for problem in refused.value.problems] == ["niche_override_reason"]
    at.answer(second, "recommend", niche_override_reason="两县产品用途不同")
    with at.database.read() as session:
        kept = session.get_one(Recommendation, (second, chain.CITY))
        assert kept.override == "两县产品用途不同"


def test_a_recommendation_a_second_after_its_closing_minute_is_told_so(office: Any) -> None:
    closing = "2025-07-14T17:30:00+08:00"
    at = office("national", city_closes_at=closing)
    first, second = at_the_city(at, "county1"), at_the_city(at, "county2")
    at.clock.move_to("2025-07-14 17:29:00")  # the answer comes a minute later
    at.answer(first, "recommend")
    with pytest.raises(Refused, match=r"2025年7月14日17:30截止"):
        at.answer(second, "recommend")
    with at.database.write() as session:
        until = moment("2025-07-18 17:30")
        given = {"until": until, "reason": "快递延误"}
        late_filings.grant(session, at.actors["ministry"], at.round_id, chain.CITY, **given)
    at.answer(second, "recommend")
    assert at.standing(second) == [("city", "city_recommendation/paper/dispatch")]


def test_no_level_closes_before_the_one_below_it(office: Any) -> None:
    with pytest.raises(FormInvalid) as refused:
        office("national", city_closes_at="2025-07-14T17:30:00+08:00", province_closes_at="2025-07-13T17:30:00+08:00")
    assert [problem.field for problem in refused.value.problems] == ["province_closes_at"]


def at_the_province(at: Chain, who: str, **filled: Any) -> int:
    """Visited, and for the province to recommend."""
    case_id = at.apply(who)
    at.answer(case_id, "fill_in", application_year=2025, niche=f"{who}的细分领域", **filled)
    at.answer(case_id, "acceptance")
    at.answer(case_id, "recommend")
    delivered(at, case_id)
    at.answer(case_id, "acceptance")
    at.answer(case_id, "first_review")
    visited(at, case_id)
    return case_id


def verdicts(at: Chain, case_id: int) -> dict[str, dict[str, Any]]:
    """What the criteria said last."""
    with at.database.read() as session:
        query = select(Precheck.verdicts).where(Precheck.case_id == case_id).order_by(Precheck.made_at.desc())
        found = session.scalars(query.limit(1)).one()
        return {each["criterion"]: each for each in found}


REASON = "产值 38 亿元，增速居西部前列"


@pytest.mark.parametrize(("western", "wrong"), [(True, []), (False, ["relaxation_reason"])])
def test_only_a_province_of_the_west_may_relax_and_says_why(office: Any, western: bool, wrong: list[str]) -> None:
    at = office("national", first_batch=True)
    case_id = at_the_province(at, "county1")
    with at.database.write() as session:
        organisations.mark(session, chain.PROVINCE, western=western, special=False)
    found: list[str] = []
    try:
        at.answer(case_id, "recommend", relaxation_reason=REASON)
    except FormInvalid as refused:
        found = [problem.field for problem in refused.problems]
    assert found == wrong


def test_a_city_of_the_west_may_not_relax(office: Any) -> None:
    at = office("national", first_batch=True)
    with at.database.write() as session:
        organisations.mark(session, chain.PROVINCE, western=True, special=False)
    case_id = at_the_city(at, "county1")
    with pytest.raises(FormInvalid) as refused:
        at.answer(case_id, "recommend", relaxation_reason=REASON)
    assert [problem.field for problem in refused.value.problems] == ["relaxation_reason"]


def test_what_the_west_relaxes_is_to_be_judged_and_never_met(office: Any) -> None:
    at = office("national", first_batch=True)
    with at.database.write() as session:
        organisations.mark(session, chain.PROVINCE, western=True, special=False)
    case_id = at_the_province(
        at, "county1", sme_share={"2022": "60", "2023": "61", "2024": "69.99"}, no_violations=False
    )
    before = verdicts(at, case_id)
    assert (before["sme_share"]["verdict"], before["integrity"]["verdict"]) == ("fail", "fail")
    at.answer(case_id, "recommend", relaxation_reason=REASON)
    after = verdicts(at, case_id)
    assert (after["sme_share"]["verdict"], after["sme_share"]["relaxed"]) == ("review", REASON)
    assert after["sme_share"]["text"].endswith("未达到，推荐机关适当放宽，由审核人员判断")
    assert (after["integrity"]["verdict"], after["integrity"]["relaxed"]) == ("fail", None)  # no number
    met = {name for name, each in before.items() if each["verdict"] == "pass"}
    assert {name for name, each in after.items() if each["verdict"] == "pass"} == met
    delivered(at, case_id)
    at.answer(case_id, "acceptance")
    at.answer(case_id, "decide_inspection", decision="skip", reason="省级已实地考察")
    at.answer(case_id, "review_again")
    assert verdicts(at, case_id)["sme_share"]["verdict"] == "review"  # the ministry's check says the same


# ---- who sees what ------------------------------------------------------------------------------


def test_each_level_sees_a_case_from_when_it_comes_there_and_goes_on_seeing_it(office: Any) -> None:
    at = office("national")
    everybody = ("county1", "county2", "city", "other_city", "province", "region", "ministry")

    def seen() -> list[str]:
        return [who for who in everybody if sees(at, who, case_id)]

    case_id = at.apply("county1")
    assert seen() == ["county1"]
    at.answer(case_id, "fill_in", niche="铝型材")
    assert seen() == ["county1", "city"]
    at.answer(case_id, "acceptance")
    at.answer(case_id, "recommend")
    assert seen() == ["county1", "city"]
    at.answer(case_id, "dispatch")
    assert seen() == ["county1", "city", "province"]
    at.answer(case_id, "receive")
    at.answer(case_id, "acceptance")
    at.answer(case_id, "first_review")
    visited(at, case_id)
    at.answer(case_id, "recommend")
    delivered(at, case_id)
    assert seen() == ["county1", "city", "province", "ministry"]


def test_an_office_reads_what_it_and_those_below_it_did_not_what_is_done_above(office: Any) -> None:
    at = office("national")
    case_id = to_the_bureau(at, "county1")
    at.answer(case_id, "acceptance")
    below = {"fill_in", "acceptance", "recommend", "dispatch"}
    assert steps_seen(at, "city", case_id) == below
    assert steps_seen(at, "province", case_id) == below | {"receive", "first_review", "arrange", "inspect"}
    assert steps_seen(at, "ministry", case_id) == steps_seen(at, "province", case_id) | {"decide_inspection"}
    assert steps_seen(at, "county1", case_id) == {"fill_in"}
    task = at.open_task(case_id, "decide_inspection")
    with at.database.read() as session, pytest.raises(NotFound):
        tasks.find(session, at.actors["province"], task.id)


def test_the_region_sees_every_application_from_its_beginning(office: Any) -> None:
    at = office("guangxi")
    case_id = at.apply("region_county")
    assert sees(at, "region", case_id)
    assert not sees(at, "region_city", case_id)
    at.answer(case_id, "fill_in", niche="螺蛳粉")
    assert sees(at, "region_city", case_id)
    assert not sees(at, "province", case_id)


def test_a_visit_is_its_own_offices_to_change(office: Any) -> None:
    at = office("national")
    case_id = to_the_province(at, "county1")
    at.answer(case_id, "acceptance")
    at.answer(case_id, "first_review")
    at.answer(case_id, "arrange")
    with at.database.read() as session:
        visit = session.scalars(select(Inspection)).one()
        session.expunge(visit)
    for who, may in (("province", True), ("city", False), ("ministry", False), ("county1", False)):
        with at.database.read() as session:
            found = session.get_one(Inspection, visit.id)
            assert access.may(at.actors[who], "inspection.change", found) is may, who
            assert access.may(at.actors[who], "inspection.team", found) is may, who
    with at.database.read() as session:
        listed = inspections.choices(session, session.get_one(Case, case_id), chain.PROVINCE)
    assert {number for number, *_ in listed} == set(at.inspectors["province"])


def test_an_office_urges_those_below_it_and_not_those_above(office: Any) -> None:
    at = office("national")
    case_id = to_the_province(at, "county1")
    task = at.open_task(case_id, "acceptance")
    for who, may in (("province_2", True), ("city", False), ("ministry", False)):
        with at.database.read() as session:
            assert access.may(at.actors[who], "task.urge", session.get_one(Task, task.id)) is may, who
    with at.database.write() as session:
        urging.urge(session, at.actors["province_2"], task.id)


def test_the_whole_dossier_is_the_bureaus_alone(office: Any) -> None:
    at = office("guangxi")
    case_id = at_the_city(at, "region_county")
    for who, may in (("region", True), ("region_city", False), ("region_county", False)):
        with at.database.read() as session:
            assert access.may(at.actors[who], "dossier.read", session.get_one(Case, case_id)) is may, who


def test_offices_of_the_chain_see_the_rounds_above_them(office: Any) -> None:
    at = office("national")
    with at.database.read() as session:
        for who in ("county1", "city", "province", "ministry"):
            assert session.scalars(select(Round.id).where(access.visible_rounds(at.actors[who]))).all() == [at.round_id]
