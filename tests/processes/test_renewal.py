"""Renewal: applied for until the last valid day, reviewed, decided; three years more from the old last day."""

from datetime import date

import pytest
from sqlalchemy import select

from engine import timers
from engine.db import Database
from engine.errors import Refused
from engine.models import Case, Cluster, Obligation, Task
from tests import owing, yearly
from tests.clock import StandingClock
from tests.office import Office, furnish

PUBLISHED, LAST = date(2026, 6, 20), date(2029, 6, 20)


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A bureau with a cluster whose last valid day is 20 June 2029; its window has opened on 20 December 2028."""
    clock.move_to("2026-06-20 10:00")
    furnished = furnish(database)
    owing.recognised(furnished, PUBLISHED, LAST)
    clock.move_to("2028-12-20 00:00")
    timers.post(database)
    return furnished


def _step(office: Office, element: str) -> Task:
    with office.database.read() as session:
        return session.scalars(select(Task).where(Task.element == element, Task.state == "open")).one()


def _cluster(office: Office) -> Cluster:
    with office.database.read() as session:
        return session.scalars(select(Cluster)).one()


def _case(office: Office) -> Case:
    with office.database.read() as session:
        return session.scalars(select(Case).where(Case.process == "renewal")).one()


def _owed(office: Office) -> dict[tuple[str, int], str]:
    with office.database.read() as session:
        return {(row.kind, row.year): row.state for row in session.scalars(select(Obligation))}


def _applied(office: Office, clock: StandingClock, moment: str) -> None:
    clock.move_to(moment)
    office.complete("county", _step(office, "apply_renewal"), yearly.renewal(signed_on=moment[:10]))


def test_the_case_opens_with_the_window_and_asks_until_the_last_valid_day(office: Office) -> None:
    due = _step(office, "apply_renewal").due_at
    assert due
    assert due.isoformat() == "2029-06-20T15:59:59+00:00"


def test_who_passes_is_valid_for_three_years_from_the_old_last_day(office: Office, clock: StandingClock) -> None:
    """清远 第十六条, though it was decided after the old one was over."""
    _applied(office, clock, "2029-06-18 10:00")
    assert _owed(office)["expiry", 2029] == "met"
    clock.move_to("2029-07-20 10:00")
    office.complete("city", _step(office, "review_renewal"), yearly.REVIEWED)
    case = office.complete("leader", _step(office, "decide_renewal"), yearly.DECIDED)
    assert case.outcome == "renewed"
    assert _cluster(office).last_day == date(2032, 6, 20)
    assert {year for kind, year in _owed(office) if kind == "annual_report"} == set(range(2027, 2033))
    assert _owed(office)["expiry", 2032] == "open"
    assert [each.payload["new"] for each in owing.recorded(office, "cluster.renewed")] == ["2032-06-20"]


def test_it_is_renewed_again_and_again(office: Office, clock: StandingClock) -> None:
    for year in (2029, 2032):
        clock.move_to(f"{year - 1}-12-20 00:00")
        timers.post(office.database)
        _applied(office, clock, f"{year}-03-01 10:00")
        office.complete("city", _step(office, "review_renewal"), yearly.REVIEWED)
        office.complete("leader", _step(office, "decide_renewal"), yearly.DECIDED)
    assert _cluster(office).last_day == date(2035, 6, 20)


def test_who_does_not_pass_keeps_the_old_last_day_and_is_told_why(office: Office, clock: StandingClock) -> None:
    _applied(office, clock, "2029-03-01 10:00")
    office.complete("city", _step(office, "review_renewal"), yearly.REVIEWED | {"decision": "fail"})
    refused = {"decision": "refuse", "opinion": "三项主要目标未完成，且没有合理原因。"}
    case = office.complete("leader", _step(office, "decide_renewal"), refused)
    assert case.outcome == "not_renewed"
    assert (_cluster(office).state, _cluster(office).last_day) == ("recognised", LAST)
    told = owing.letters(office, "renewal_failed")
    assert [letter.organisation_code for letter in told] == ["441881"]
    assert "三项主要目标未完成" in told[0].fields["意见"]


def test_nobody_decides_on_what_they_reviewed_themselves(office: Office, clock: StandingClock) -> None:
    _applied(office, clock, "2029-03-01 10:00")
    office.complete("city", _step(office, "review_renewal"), yearly.REVIEWED)
    office.complete("leader", _step(office, "decide_renewal"), {"decision": "return", "opinion": "请补核专利数。"})
    assert _step(office, "review_renewal").assignee_id == office.actors["city"].person_id


def test_after_the_last_valid_day_it_is_too_late_to_apply(office: Office, clock: StandingClock) -> None:
    task = _step(office, "apply_renewal")
    clock.move_to("2029-06-21 00:00")
    with pytest.raises(Refused, match="办理时间已过"):
        office.complete("county", task, yearly.renewal(signed_on="2029-06-20"))
    while timers.tick(office.database):
        pass
    assert (_case(office).status, _case(office).outcome) == ("ended", "not_applied")
    assert _owed(office)["expiry", 2029] == "open"
    assert _cluster(office).last_day == LAST


def test_an_application_handed_in_on_the_last_evening_counts(office: Office, clock: StandingClock) -> None:
    _applied(office, clock, "2029-06-20 23:59")
    assert _owed(office)["expiry", 2029] == "met"
