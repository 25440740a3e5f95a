"""The annual report: its case opens by itself, goes up to the bureau, and is met however late (清远 第十七条)."""

from datetime import date

import pytest
from sqlalchemy import func, select

from engine import cases, deployments, obligations, timers
from engine.clock import SHANGHAI
from engine.db import Database
from engine.errors import AlreadyDone, FormInvalid, Refused
from engine.models import Case, Cluster, Obligation, Task
from engine.worksheet import worksheet
from tests import chain, owing, yearly
from tests.clock import StandingClock
from tests.office import Office, furnish

PUBLISHED, LAST = date(2026, 6, 20), date(2029, 6, 20)


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A bureau with a cluster that was recognised in June 2026: its first report is due on 15 March 2027."""
    clock.move_to("2026-06-20 10:00")
    furnished = furnish(database)
    owing.recognised(furnished, PUBLISHED, LAST)
    return furnished


def opened(office: Office, moment: str, clock: StandingClock) -> Task:
    """The report's first step, once its day has come."""
    clock.move_to(moment)
    timers.post(office.database)
    return _step(office, "fill_in_report")


def _step(office: Office, element: str) -> Task:
    with office.database.read() as session:
        return session.scalars(select(Task).where(Task.element == element, Task.state == "open")).one()


def _owed(office: Office, year: int = 2027) -> Obligation:
    return owing.owed(office, "annual_report", year)


def _cases(office: Office) -> int:
    with office.database.read() as session:
        return session.scalar(select(func.count()).select_from(Case)) or 0


def test_the_case_opens_by_itself_sixty_days_before_the_date(office: Office, clock: StandingClock) -> None:
    clock.move_to("2027-01-13 23:59")
    timers.post(office.database)
    assert _cases(office) == 0
    task = opened(office, "2027-01-14 00:00", clock)
    assert (task.organisation_code, task.roles.split()) == ("441881", ["county_officer", "park_officer"])
    assert task.due_at
    assert task.due_at.astimezone(SHANGHAI).isoformat() == "2027-03-15T23:59:59+08:00"
    assert _owed(office).case_id == task.case_id


def test_it_opens_once_however_often_the_worker_comes_by(office: Office, clock: StandingClock) -> None:
    opened(office, "2027-01-14 00:00", clock)
    clock.move_to("2027-02-14 00:00")
    timers.post(office.database)
    assert _cases(office) == 1


def test_the_report_is_met_once_it_is_on_its_way_to_the_bureau(office: Office, clock: StandingClock) -> None:
    task = opened(office, "2027-02-01 09:00", clock)
    office.complete("county", task, yearly.report())
    assert _owed(office).state == "met"
    assert [each.payload["days_late"] for each in owing.recorded(office, "obligation.met")] == [0]
    case = office.complete("city", _step(office, "check_report"), yearly.CHECKED)
    assert (case.status, case.outcome) == ("ended", "report_received")
    assert _owed(office, 2028).state == "open"


def test_a_late_report_is_received_and_the_record_says_how_late(office: Office, clock: StandingClock) -> None:
    task = opened(office, "2027-01-14 09:00", clock)
    clock.move_to("2027-03-18 09:00")
    office.complete("county", task, yearly.report(signed_on="2027-03-18"))
    assert [each.payload["days_late"] for each in owing.recorded(office, "obligation.met")] == [3]


def test_a_returned_report_stays_met_and_comes_back_to_who_returned_it(office: Office, clock: StandingClock) -> None:
    office.complete("county", opened(office, "2027-02-01 09:00", clock), yearly.report())
    asked = {"remarks": [{"field": "output", "remark": "与统计数不一致，请核对。"}], "opinion": "请核对产值。"}
    office.complete("city2", _step(office, "check_report"), {"decision": "return", **asked})
    office.complete("county", _step(office, "correct_report"), yearly.report(output="95.90"))
    again = _step(office, "check_report")
    assert again.assignee_id == office.actors["city2"].person_id
    assert len(owing.recorded(office, "obligation.met")) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"report_year": 2027}, "report_year"), ({"report_year": 2025}, "report_year"), ({"area_km2": "0"}, "area_km2")],
    ids=["a year that has not ended", "a year that is not asked for", "an area of nothing"],
)
def test_a_wrong_report_is_refused_at_its_field_and_changes_nothing(
    wrong: dict[str, object], field: str, office: Office, clock: StandingClock
) -> None:
    task = opened(office, "2027-02-01 09:00", clock)
    with pytest.raises(FormInvalid) as refused:
        office.complete("county", task, yearly.report(**wrong))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert _owed(office).state == "open"
    assert _step(office, "fill_in_report").id == task.id


def test_the_year_that_has_not_ended_is_named_with_the_one_that_is_asked(office: Office, clock: StandingClock) -> None:
    task = opened(office, "2027-02-01 09:00", clock)
    with pytest.raises(FormInvalid) as refused:
        office.complete("county", task, yearly.report(report_year=2027))
    (problem,) = refused.value.problems
    assert problem.message == "2027 年尚未结束，不能填报；本次应填报 2026 年度的情况，请改为 2026"


@pytest.mark.parametrize("wrong", [{"report_year": 2025}, {"area_km2": "0.00"}], ids=["another year", "no area"])
def test_a_correction_is_looked_at_like_the_report(
    wrong: dict[str, object], office: Office, clock: StandingClock
) -> None:
    office.complete("county", opened(office, "2027-02-01 09:00", clock), yearly.report())
    asked = {"remarks": [{"field": "output", "remark": "与统计数不一致，请核对。"}], "opinion": "请核对产值。"}
    office.complete("city", _step(office, "check_report"), {"decision": "return", **asked})
    correction = _step(office, "correct_report")
    with pytest.raises(FormInvalid):
        office.complete("county", correction, yearly.report(**wrong))
    assert _step(office, "correct_report").id == correction.id


def test_there_is_no_second_report_about_a_year(office: Office, clock: StandingClock) -> None:
    """Neither by the same step again, nor by a case that somebody opens by hand."""
    task = opened(office, "2027-02-01 09:00", clock)
    office.complete("county", task, yearly.report(output="97.30"))
    with pytest.raises(AlreadyDone):
        office.complete("county", task, yearly.report(output="1.00"))
    with office.database.write() as session, pytest.raises(Refused, match="不能"):
        cases.open_case(session, office.actors["county"], "qingyuan", "annual_report", {})
    with office.database.read() as session:
        filed = session.scalars(select(Task.answers).where(Task.form == "annual_report", Task.state == "done")).all()
    assert [answers["output"] for answers in filed] == ["97.30"]
    assert len(owing.recorded(office, "obligation.met")) == 1
    assert _cases(office) == 1


def test_the_second_report_begins_with_the_first_one_s_figures(office: Office, clock: StandingClock) -> None:
    office.complete("county", opened(office, "2027-02-01 09:00", clock), yearly.report(output="97.30"))
    task = opened(office, "2028-02-01 09:00", clock)
    with office.database.read() as session:
        known = worksheet(session, office.actors["county"], task.id).known
    assert known["report_year"] == 2027
    assert known["output"] == "97.30"
    assert known["target_patents"] == {"goal": 190}
    assert not {"experience", "signed_on", "truth_statement"} & known.keys()


def test_a_report_goes_through_the_offices_of_the_chain(database: Database, clock: StandingClock) -> None:
    """广西 第十六条: the city follows it, checks and sends it to the region; only then it is met."""
    clock.move_to("2025-04-10 09:00")
    offices = chain.furnish(database, clock, "guangxi")
    clock.move_to("2026-06-20 10:00")
    with database.write() as session:
        cluster = Cluster(
            regime="guangxi",
            bureau_code="450000",
            organisation_code="450222",
            name="柳城县中小企业特色产业集群（螺蛳粉产业）",
            state="recognised",
            recognised_on=PUBLISHED,
            first_day=PUBLISHED,
            last_day=LAST,
            created_at=clock.at,
        )
        session.add(cluster)
        session.flush()
        rules = deployments.rules(session, "guangxi")
        assert rules
        obligations.of_cluster(session, cluster, rules, PUBLISHED, LAST)
    clock.move_to("2027-02-01 09:00")
    timers.post(database)
    with database.read() as session:
        case_id = session.scalars(select(Obligation.case_id).where(Obligation.case_id.is_not(None))).one()
    assert case_id
    offices.answer(case_id, "fill_in_report", **yearly.report(cluster_name="柳城县中小企业特色产业集群（螺蛳粉产业）"))
    assert offices.standing(case_id) == [("region_city", "city_check/check_report")]
    with database.read() as session:
        assert session.scalars(select(Obligation.state).where(Obligation.case_id == case_id)).one() == "open"
    offices.answer(case_id, "check_report", **yearly.CHECKED)
    assert offices.standing(case_id) == [("region", "bureau_check/check_report")]
    with database.read() as session:
        assert session.scalars(select(Obligation.state).where(Obligation.case_id == case_id)).one() == "met"
    assert offices.answer(case_id, "check_report", **yearly.CHECKED).outcome == "report_received"
