"""Figures over the years: what counts of what was filed, what changed, targets, and conditions no longer met."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import charts, comparisons, deployments, monitoring, timers, yearly
from engine.clock import today
from engine.comparisons import Comparison
from engine.db import Database
from engine.models import Case, Cluster, Finding
from engine.monitoring import Standing
from engine.yearly import Record
from tests import followed
from tests.clock import StandingClock
from tests.followed import IN_TIME
from tests.office import Office, furnish
from tests.yearly import CHECKED, renewal, report

D = Decimal


@pytest.fixture
def office(database: Database) -> Office:
    return furnish(database)


def recorded(office: Office, cluster_id: int) -> Record:
    with office.database.read() as session:
        return yearly.of_cluster(session, followed.cluster(office, cluster_id))


def values(office: Office, cluster_id: int, name: str) -> Mapping[int, Decimal]:
    return recorded(office, cluster_id).figures[name].values


def standing(office: Office, cluster_id: int) -> Standing:
    with office.database.read() as session:
        found = monitoring.standing(session, followed.cluster(office, cluster_id), recorded(office, cluster_id))
    assert found is not None
    return found


def verdict(office: Office, cluster_id: int, criterion: str) -> tuple[str, str]:
    found = {each.criterion: each for each in standing(office, cluster_id).verdicts}[criterion]
    return found.verdict, found.clause


# ---- what counts ---------------------------------------------------------------------------------


def test_the_three_years_of_the_application_and_a_report_make_one_row(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME, output="26.51", patent_count=70)
    assert values(office, cluster, "output") == {2022: D("21.30"), 2023: D("22.90"), 2024: D("24.10"), 2025: D("26.51")}
    assert values(office, cluster, "patent_count") == {2024: D(64), 2025: D(70)}  # undated: the end of the year before


def test_an_average_of_three_years_is_no_figure_of_one(office: Office, clock: StandingClock) -> None:
    """集群有效发明专利年均增速 6.50 of the application does not stand beside the 9.30 of a single year."""
    cluster = followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME)
    assert values(office, cluster, "patent_growth") == {2025: D("9.30")}


def test_nothing_and_none_are_no_number(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME, fdi_growth="无")
    assert 2025 not in values(office, cluster, "fdi_growth")


def test_units_and_sums_follow_from_the_form(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME)
    figures = recorded(office, cluster).figures
    told = {
        name: (figures[name].unit, figures[name].adds_up)
        for name in ("output", "sme_count", "sme_share", "co2_intensity", "patents_per_10k", "software_purchases")
    }
    assert told == {
        "output": ("亿元", True),
        "sme_count": ("", True),
        "sme_share": ("%", False),
        "co2_intensity": ("吨二氧化碳/万元", False),
        "patents_per_10k": ("", False),
        "software_purchases": ("万元", True),
    }


def test_a_report_that_has_not_reached_the_bureau_does_not_count(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    assert recorded(office, cluster).latest == 2024
    followed.reported(office, clock, IN_TIME)
    assert recorded(office, cluster).latest == 2025


def test_a_report_that_lies_with_the_city_is_not_the_region_s_yet(database: Database, clock: StandingClock) -> None:
    """广西 第十六条: the city sends it to the region."""
    offices, case_id = followed.in_chain(database, clock)
    latest = []
    for _ in range(2):
        with database.read() as session:
            cluster = session.get_one(Cluster, session.get_one(Case, case_id).cluster_id)
            latest.append(yearly.of_cluster(session, cluster).latest)
        if len(latest) == 1:
            offices.answer(case_id, "check_report", **CHECKED)
    assert latest == [None, 2026]


def test_an_application_for_renewal_tells_of_the_year_before_it(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    clock.move_to("2028-01-10 09:00")
    timers.post(office.database)
    told = renewal(area_km2="90.10", target_patents={"goal": 98, "now": 101})
    office.complete("county", followed.open_step(office, "apply_renewal"), told)
    assert values(office, cluster, "area_km2") == {2024: D("86.40"), 2027: D("90.10")}
    assert recorded(office, cluster).targets["target_patents"].reached(2027) is True


def test_a_correction_wins_and_says_what_it_changed(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME, output="26.51")
    asked = {"remarks": [{"field": "output", "remark": "与统计数不一致，请核对。"}], "opinion": "请核对产值。"}
    office.complete("city", followed.open_step(office, "check_report"), {"decision": "return", **asked})
    clock.move_to("2026-02-10 09:00")
    corrected = report(report_year=2025, signed_on="2026-02-10", output="26.10")
    office.complete("county", followed.open_step(office, "correct_report"), corrected)
    figure = recorded(office, cluster).figures["output"]
    assert figure.values[2025] == D("26.10")
    (told,) = figure.corrections
    assert (told.year, told.before, told.after, told.on) == (2025, D("26.51"), D("26.10"), today())


def test_a_candidate_has_no_figures_yet(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    with office.database.write() as session:
        candidate = session.get_one(Cluster, cluster)
        candidate.state, candidate.recognised_on = "candidate", None
    assert recorded(office, cluster).filings == []


# ---- targets -------------------------------------------------------------------------------------


def test_a_target_stays_the_plan_s_whatever_a_report_says(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME, target_patents={"goal": 90, "now": 92})
    target = recorded(office, cluster).targets["target_patents"]
    assert (target.base_year, target.base, target.goal) == (2024, D(64), D(98))
    assert (target.now, target.told) == ({2025: D(92)}, {2025: D(90)})
    assert target.reached(2025) is False


@pytest.mark.parametrize(
    ("name", "now", "reached"),
    [
        ("target_patents", 98, True),
        ("target_patents", 97, False),
        ("target_co2", "0.66", True),  # from 0.80 down
        ("target_co2", "0.67", False),
        ("target_energy", "0.40", None),  # the plan set none
    ],
)
def test_a_target_is_reached_in_the_plan_s_direction(
    name: str, now: Any, reached: bool | None, office: Office, clock: StandingClock
) -> None:
    cluster = followed.recognised(office, clock)
    goal = {"target_patents": 98, "target_co2": "0.66", "target_energy": "无"}[name]
    followed.reported(office, clock, IN_TIME, **{name: {"goal": goal, "now": now}})
    assert recorded(office, cluster).targets[name].reached(2025) is reached


# ---- beside the year before ----------------------------------------------------------------------


def compared(office: Office, answers: Mapping[str, Any]) -> Comparison:
    with office.database.read() as session:
        case = session.get_one(Case, followed.open_step(office, "fill_in_report").case_id)
        form = deployments.deployed(session, case.deployment_id).form("annual_report")
        found = comparisons.of_case(session, case, form, answers)
    assert found is not None
    return found


def test_changes_are_exact_in_percent_and_points(office: Office, clock: StandingClock) -> None:
    followed.recognised(office, clock)
    clock.move_to(IN_TIME)
    timers.post(office.database)
    found = compared(office, report(report_year=2025, output="26.51", sme_share="71.90", patent_count=64))
    words = {str(each.schema["title"]): comparisons.in_words(each) for each in found.changes}
    assert words["集群总产值（亿元）"] == "+2.41（+10.00%）"  # 2.41 of 24.10
    assert words["集群内中小企业产值占集群总产值比例（%）"] == "-0.60 个百分点"  # 72.50 before
    assert words["集群内中小企业有效发明专利拥有量（个）"] == "0"
    assert words["集群每万人有效发明专利拥有量"] == "+6.83（+131.35%）"  # 5.20 before: 6.83 / 5.20 = 1.313461…


def test_a_draft_with_slips_of_the_pen_is_compared_as_far_as_it_goes(office: Office, clock: StandingClock) -> None:
    followed.recognised(office, clock)
    clock.move_to(IN_TIME)
    timers.post(office.database)
    found = compared(office, {"output": "26.5l", "sme_share": "NaN", "target_patents": "x"})
    assert {each.by for each in found.changes} == {None}


def test_targets_say_what_is_left(office: Office, clock: StandingClock) -> None:
    followed.recognised(office, clock)
    clock.move_to(IN_TIME)
    timers.post(office.database)
    told = {"target_patents": {"goal": 98, "now": 72}, "target_industrial_internet": {"goal": "40", "now": "24.50"}}
    found = {str(each.schema["title"]): each for each in compared(office, report(report_year=2025, **told)).targets}
    patents, internet = found["有效发明专利数量（个）"], found["工业互联网普及率（%）"]
    assert (patents.base, patents.before, patents.left, patents.share) == (D(64), D(64), D(26), D("73.47"))  # 72 of 98
    assert (internet.goal, internet.reported_goal, internet.left) == (D("45"), D("40"), D("20.50"))


def test_who_checks_sees_what_was_filed_beside_the_year_before(office: Office, clock: StandingClock) -> None:
    followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME, output="26.51")
    with office.database.read() as session:
        case = session.get_one(Case, followed.open_step(office, "check_report").case_id)
        form = deployments.deployed(session, case.deployment_id).form("annual_report")
        found = comparisons.filed(session, case, form)
    assert found is not None
    output = next(each for each in found.changes if each.schema["title"] == "集群总产值（亿元）")
    assert (output.before, output.now, output.percent) == (D("24.10"), D("26.51"), D("10.00"))


# ---- conditions no longer met (清远 第十四条) -----------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "criterion", "expected"),
    [
        ({"output": "20.00"}, "output", ("pass", "第十四条（二）")),  # 20亿元以上 includes 20
        ({"output": "19.99"}, "output", ("fail", "第十四条（二）")),
        ({"sme_share": "70"}, "sme_share", ("pass", "第十四条（二）")),
        ({"sme_share": "69.99"}, "sme_share", ("fail", "第十四条（二）")),
        ({"leading_share": "60"}, "leading_share", ("fail", "第十四条（二）")),  # 高于 does not include 60
        ({"leading_share": "60.01"}, "leading_share", ("pass", "第十四条（二）")),
        ({"area_km2": "100"}, "area", ("pass", "第十四条（二）")),
        ({"area_km2": "100.01"}, "area", ("fail", "第十四条（二）")),
        ({"co2_intensity": "0.79"}, "co2_intensity", ("pass", "第十四条（七）")),  # 0.88, 0.80 before
        ({"co2_intensity": "0.80"}, "co2_intensity", ("fail", "第十四条（七）")),
        ({"no_violations": False, "incident_note": "一家企业受到处罚"}, "integrity", ("fail", "第十四条（一）")),
        ({}, "output_growth", ("review", "第十四条（二）")),  # no report asks for the average of three years
        ({}, "quality_smes", ("review", "第十四条（三）")),  # nor for the 四上 share
        ({}, "plan", ("pass", "第十四条（九）")),  # the one that came with the application
    ],
)
def test_a_condition_is_held_against_the_latest_year(
    changes: dict[str, Any], criterion: str, expected: tuple[str, str], office: Office, clock: StandingClock
) -> None:
    cluster = followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME, **{"co2_intensity": "0.79", **changes})
    assert standing(office, cluster).year == 2025
    assert verdict(office, cluster, criterion) == expected


def test_an_incident_within_three_years_stays_one(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    told = {"no_violations": False, "incident_note": "一家企业受到处罚"}
    followed.reported(office, clock, IN_TIME, **told)
    followed.reported(office, clock, "2027-02-01 09:00")
    assert verdict(office, cluster, "integrity")[0] == "fail"


def test_before_a_report_the_application_itself_is_held_against_the_conditions(
    office: Office, clock: StandingClock
) -> None:
    cluster = followed.recognised(office, clock)
    assert standing(office, cluster).year == 2024
    assert {each.verdict for each in standing(office, cluster).verdicts} == {"pass"}


def test_a_condition_no_longer_met_leads_to_nothing_by_itself(office: Office, clock: StandingClock) -> None:
    cluster = followed.recognised(office, clock)
    followed.reported(office, clock, IN_TIME, output="1.00")
    assert [each.criterion for each in standing(office, cluster).unmet][:1] == ["output"]
    with office.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Finding)) == 0
    assert followed.cluster(office, cluster).state == "recognised"


# ---- charts --------------------------------------------------------------------------------------


def test_columns_are_as_high_as_their_numbers() -> None:
    found = charts.of({2024: D("50"), 2025: D("100")}, goal=D("50"))
    assert found is not None
    first, second = found.columns
    assert (first.height * 2, first.y + first.height, second.y + second.height) == (second.height, 164, 164)
    assert found.goal == first.y
    assert [column.text for column in found.columns] == ["50", "100"]


def test_a_number_below_nought_hangs_from_the_line() -> None:
    found = charts.of({2024: D("-1.5"), 2025: D("3")})
    assert found is not None
    below, above = found.columns
    assert below.y == found.zero == above.y + above.height
    assert below.height * 2 == pytest.approx(above.height, abs=1)


def test_one_year_is_no_course_and_six_are_the_most() -> None:
    assert charts.of({2025: D(3)}) is None
    found = charts.of({year: D(1) for year in range(2015, 2026)})
    assert found is not None
    assert [column.year for column in found.columns] == list(range(2020, 2026))


def test_a_course_of_noughts_can_be_drawn() -> None:
    found = charts.of({2024: D(0), 2025: D(0)})
    assert found is not None
    assert {column.height for column in found.columns} == {0}
