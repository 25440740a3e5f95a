"""Change filings: a recognised cluster's major changes, checked and kept with their days (清远 第十八条（四）)."""

from datetime import date

import pytest
from sqlalchemy import select

from engine import changes, cluster_history, files, timers
from engine.db import Database
from engine.errors import FormInvalid, NotFound, Refused
from engine.files import Received
from engine.models import Cluster, Finding, Task
from tests import owing, yearly
from tests.clock import StandingClock
from tests.office import COUNTY, Office, furnish
from tests.yearly import CHECKED

PUBLISHED, LAST = date(2026, 6, 20), date(2029, 6, 20)


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A bureau with a cluster that was recognised in June 2026."""
    clock.move_to("2026-06-20 10:00")
    furnished = furnish(database)
    owing.recognised(furnished, PUBLISHED, LAST)
    clock.move_to("2026-11-02 10:00")
    return furnished


def _cluster(office: Office) -> Cluster:
    with office.database.read() as session:
        return session.scalars(select(Cluster)).one()


def _begun(office: Office, who: str = "county") -> Task:
    with office.database.write() as session:
        case_id = changes.begin(session, office.actors[who], _cluster(office).id).id
    return office.open_task(case_id, "file_change")


def _change(office: Office, **changes: str) -> dict[str, object]:
    with office.database.write() as session:
        received = Received("批复.pdf", "application/pdf", "0" * 64, 12)
        return yearly.change(files.keep(session, received, COUNTY, "county").id, **changes)


def _filed(office: Office) -> Task:
    task = _begun(office)
    office.complete("county", task, _change(office))
    return office.open_task(task.case_id, "check_change")


def test_a_checked_change_stands_in_the_history_and_in_the_register(office: Office, clock: StandingClock) -> None:
    check = _filed(office)
    clock.move_to("2026-11-05 10:00")
    assert office.complete("city", check, CHECKED).outcome == "change_entered"
    with office.database.read() as session:
        (kept,) = cluster_history.of_cluster(session, _cluster(office).id)
    assert (kept.changed_on, kept.filed_on) == (date(2026, 10, 20), date(2026, 11, 2))
    assert kept.told["kinds"] == ["industry"]
    assert _cluster(office).industry == "铝基复合材料"


def test_a_corrected_filing_keeps_the_day_of_the_first_one(office: Office, clock: StandingClock) -> None:
    asked = {"remarks": [{"field": "what", "remark": "请写明变动前的情况。"}], "opinion": "请补充。"}
    check = _filed(office)
    office.complete("city", check, {"decision": "return", **asked})
    clock.move_to("2026-11-09 10:00")
    again = office.open_task(check.case_id, "correct_change")
    office.complete("county", again, _change(office, new_leading_industry="铝基新材料"))
    office.complete("city", office.open_task(check.case_id, "check_change"), CHECKED)
    with office.database.read() as session:
        (kept,) = cluster_history.of_cluster(session, _cluster(office).id)
    assert (kept.filed_on, kept.told["new_leading_industry"]) == (date(2026, 11, 2), "铝基新材料")


def test_a_change_before_the_recognition_is_told_at_its_field(office: Office) -> None:
    task = _begun(office)
    with pytest.raises(FormInvalid) as refused:
        office.complete("county", task, _change(office, changed_on="2026-06-19"))
    assert [(each.field, each.code) for each in refused.value.problems] == [("changed_on", "before_recognition")]
    assert office.open_elements(task.case_id) == ["file_change"]


def test_one_filing_at_a_time(office: Office) -> None:
    _begun(office)
    with pytest.raises(Refused, match="正在办理"):
        _begun(office)


def test_another_county_cannot_file_for_it(office: Office) -> None:
    with pytest.raises(NotFound):
        _begun(office, "sibling")


def _reported(office: Office, clock: StandingClock, **told: object) -> set[str]:
    """The grounds that a report on 2026 leads to."""
    clock.move_to("2027-02-01 09:00")
    timers.post(office.database)
    with office.database.read() as session:
        task = session.scalars(select(Task).where(Task.element == "fill_in_report")).one()
    office.complete("county", task, yearly.report(**told))
    with office.database.read() as session:
        return set(session.scalars(select(Finding.ground)))


def test_a_change_that_the_report_tells_and_nobody_filed_is_noted(office: Office, clock: StandingClock) -> None:
    assert _reported(office, clock, major_change=True, major_change_note="管委会改为平台公司。") == {"change"}
    assert [each.payload["facts"] for each in owing.recorded(office, "finding.noted")] == ["管委会改为平台公司。"]


def test_a_change_that_was_filed_is_no_finding(office: Office, clock: StandingClock) -> None:
    office.complete("city", _filed(office), CHECKED)
    assert _reported(office, clock, major_change=True, major_change_note="已于2026年11月报备。") == set()


def test_an_incident_that_the_report_tells_is_noted(office: Office, clock: StandingClock) -> None:
    told = {"no_major_incidents": False, "incident_note": "9月发生一起较大安全事故，已结案。"}
    assert _reported(office, clock, **told) == {"incident"}
    assert _cluster(office).state == "recognised"
