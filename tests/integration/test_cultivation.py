"""The cultivation pool: who keeps it, what is missing to the criteria, and the application that begins from it."""

from collections.abc import Mapping
from typing import Any

import pytest

from engine import applying, criteria, cultivation, measurements, pool_sheet
from engine.cultivation import Card
from engine.db import Database
from engine.errors import Conflict, Forbidden, FormInvalid, NotFound, Refused
from engine.models import Draft, Prospect
from tests import chain, samples
from tests.clock import StandingClock
from tests.office import COUNTY, PARK, SIBLING, Office, furnish

PLAN = {"direction": "提升主导产业优势", "measures": "建设共享检测中心", "responsible": "县工信局", "by": "2026年底"}
SAID = {"cluster_name": samples.CLUSTER, "leading_industry": "特种铝型材", "niche": "轨道交通车体用铝型材"}
FIGURES = {  # all that 清远 第十四条 asks in numbers, each just met; the plan is still to be written
    "application_year": 2025,
    "area_km2": "100.00",
    "no_major_incidents": True,
    "no_violations": True,
    "output": {"2022": "20.00", "2023": "20.50", "2024": "21.00"},
    "sme_share": {"2022": "70.00", "2023": "70.00", "2024": "70.00"},
    "leading_share": {"2022": "60.01", "2023": "60.01", "2024": "60.01"},
    "output_growth_average": "5.01",
    "champions_and_giants": 1,
    "rd_growth_average": "5.01",
    "patent_growth": "5.00",
    "industrial_internet": "10.00",
    "co2_intensity": {"2022": "0.90", "2023": "0.89", "2024": "0.88"},
}


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A city of 清远 in March 2025, whose counties keep their pools (第八条)."""
    clock.move_to("2025-03-04 10:00")
    return furnish(database)


def added(office: Office, who: str = "county", **changes: Any) -> int:
    with office.database.write() as session:
        (pool,) = cultivation.pools(session, office.actors[who])
        card = Card(changes.pop("place", COUNTY), SAID | changes, [PLAN])
        return cultivation.add(session, office.actors[who], pool, card).id


def measured(office: Office, number: int, **changes: Any) -> dict[str, tuple[str, str]]:
    """Criterion → verdict and gap, from these figures; a change to None leaves one out."""
    data = {name: value for name, value in (FIGURES | changes).items() if value is not None}
    with office.database.write() as session:
        kept = measurements.measure(session, office.actors["county"], number, data)
        found = session.get_one(Prospect, number)
        return {gap.verdict.criterion: (gap.verdict.verdict, gap.text) for gap in _gaps(session, found, kept.answers)}


def _gaps(session: Any, found: Prospect, answers: Mapping[str, Any]) -> list[measurements.Gap]:
    return measurements.gaps(session, found, answers)


def test_figures_just_met_leave_nothing_but_the_plan(office: Office) -> None:
    found = measured(office, added(office))
    short = {name for name, (verdict, _) in found.items() if verdict != criteria.PASS}
    assert short == {"plan"}


@pytest.mark.parametrize(
    ("criterion", "change", "gap"),
    [
        ("area", {"area_km2": "100.01"}, "超出 0.01"),  # 不超过100
        ("output", {"output": {"2022": "19.99", "2023": "20.50", "2024": "21.00"}}, "差 0.01"),  # 均在20亿元以上
        ("sme_share", {"sme_share": dict.fromkeys(("2022", "2023", "2024"), "69.50")}, "差 0.50"),  # 70%以上
        ("leading_share", {"leading_share": dict.fromkeys(("2022", "2023", "2024"), "60.00")}, "等于要求的数，须高于"),
        ("output_growth", {"output_growth_average": "4.00"}, "差 1.00"),  # 高于5%
        ("industrial_internet", {"industrial_internet": "9.99"}, "差 0.01"),  # 不低于10%
        ("integrity", {"no_violations": False}, "未达到"),
        ("co2_intensity", {"co2_intensity": None}, "缺少数据"),
        ("industrial_internet", {"industrial_internet": None}, "缺少数据"),
    ],
)
def test_a_figure_just_missed_says_by_how_much(
    criterion: str, change: dict[str, Any], gap: str, office: Office
) -> None:
    found = measured(office, added(office), **change)
    verdict, text = found[criterion]
    assert verdict == (criteria.REVIEW if gap == "缺少数据" else criteria.FAIL)
    assert text == gap


def test_of_several_arms_each_says_its_own(office: Office) -> None:
    """第十四条（五）: 有效发明专利年均增长率不低于5%，或者每万人拥有量不低于5个."""
    found = measured(office, added(office), patent_growth="3.50", patents_per_10k="4.00")
    assert found["patents"] == (criteria.FAIL, "任一项达到即可，分别差 1.50；1.00")


def test_the_figures_of_a_year_replace_those_of_the_same_year(office: Office) -> None:
    number = added(office)
    measured(office, number)
    measured(office, number, area_km2="90.00")
    years = {"output": {"2023": "20.50", "2024": "21.00", "2025": "22.00"}}
    shares = dict.fromkeys(("sme_share", "leading_share"), dict.fromkeys(("2023", "2024", "2025"), "71.00"))
    co2 = {"co2_intensity": {"2023": "0.89", "2024": "0.88", "2025": "0.87"}}
    measured(office, number, application_year=2026, **years, **shares, **co2)
    with office.database.read() as session:
        kept = measurements.of(session, session.get_one(Prospect, number))
        assert [(each.year, each.answers["area_km2"]) for each in kept] == [(2024, "90.00"), (2025, "100.00")]
        known = measurements.for_year(kept, 2026)
    assert known["output"] == {"2023": "20.50", "2024": "21.00", "2025": "22.00"}


def test_the_county_keeps_it_its_city_looks_in_and_nobody_else(office: Office) -> None:
    number = added(office)
    seen = {}
    for who, actor in office.actors.items():
        with office.database.read() as session:
            seen[who] = [each.id for each in cultivation.listed(session, actor)]
    assert {who for who, ids in seen.items() if ids == [number]} == {
        *("county", "county2", "city", "city2", "leader", "publisher")
    }
    for who, refused in (("city", Forbidden), ("sibling", NotFound), ("park", NotFound), ("expert", NotFound)):
        with office.database.write() as session, pytest.raises(refused):
            cultivation.withdraw(session, office.actors[who], number, "试试")
    with office.database.read() as session:
        assert session.get_one(Prospect, number).state == "growing"


def test_a_park_sees_the_one_that_it_would_apply_for_and_changes_nothing(office: Office) -> None:
    number = added(office, place=PARK)
    with office.database.read() as session:
        assert [each.id for each in cultivation.listed(session, office.actors["park"])] == [number]
    with office.database.write() as session, pytest.raises(Forbidden):
        cultivation.withdraw(session, office.actors["park"], number, "试试")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cluster_name": "铝型材"}, "cluster_name"),
        ({"leading_industry": " "}, "leading_industry"),
        ({"place": SIBLING}, "organisation_code"),
    ],
    ids=["a name of another pattern", "no industry", "a county of another pool"],
)
def test_a_wrong_card_is_refused_at_its_field(changes: dict[str, str], field: str, office: Office) -> None:
    with pytest.raises(FormInvalid) as refused:
        added(office, **changes)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_the_same_one_is_in_the_pool_once_until_it_is_taken_out(office: Office) -> None:
    number = added(office)
    with pytest.raises(Conflict):
        added(office)
    with office.database.write() as session:
        cultivation.withdraw(session, office.actors["county"], number, "主导产业外迁")
    assert added(office) != number
    with pytest.raises(Refused, match="出库"):
        measured(office, number)


def test_an_application_begins_once_with_what_is_known(office: Office) -> None:
    number, round_ = added(office), office.open_round()
    office.complete("city", office.open_task(round_.case_id, "call_notice"), samples.ANSWERS["call_notice"])
    measured(office, number)
    with office.database.write() as session:
        case = applying.apply(session, office.actors["county"], number, round_.id)
    task = office.open_task(case.id, "fill_in")
    with office.database.read() as session:
        draft = session.get_one(Draft, (task.id, office.actors["county"].person_id)).data
        found = session.get_one(Prospect, number)
        assert (found.state, found.case_id) == ("applied", case.id)
    assert case.title == samples.CLUSTER
    assert (draft["leading_industry"], draft["area_km2"], draft["application_year"]) == ("特种铝型材", "100.00", 2025)
    assert draft["output"] == {"2022": "20.00", "2023": "20.50", "2024": "21.00"}
    with office.database.write() as session, pytest.raises(Refused, match="已申报"):
        applying.apply(session, office.actors["county"], number, round_.id)


def test_without_an_open_round_nothing_begins(office: Office) -> None:
    number, round_ = added(office), office.open_round()
    with office.database.write() as session, pytest.raises(Refused):
        applying.apply(session, office.actors["county"], number, round_.id)
    with office.database.read() as session:
        assert session.get_one(Prospect, number).state == "growing"


def test_a_sheet_holds_what_its_reader_may_see(office: Office) -> None:
    measured(office, added(office), area_km2="100.01")
    with office.database.read() as session:
        assert pool_sheet.made(session, office.actors["city"]) == pool_sheet.made(session, office.actors["county"])
        assert pool_sheet.made(session, office.actors["city"]) != pool_sheet.made(session, office.actors["sibling"])


def test_in_guangxi_the_city_keeps_it_and_its_county_applies(database: Database, clock: StandingClock) -> None:
    """广西 第七条: 市级工信部门建立本市集群培育库."""
    clock.move_to("2025-04-10 09:00")
    offices = chain.furnish(database, clock, "guangxi")
    with database.read() as session:
        keeps = {who: len(cultivation.pools(session, actor)) for who, actor in offices.actors.items()}
    assert {who for who, count in keeps.items() if count} == {"region_city", "region_city_2"}
