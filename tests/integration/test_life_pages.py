"""The pages of a cluster's life: what was and what is ahead, changes, findings and what follows from them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import select

from engine import files, timers
from engine.db import Database
from engine.models import Case, Finding, StoredFile, Task
from tests import owing, samples, yearly
from tests.clock import StandingClock
from tests.integration import desk, reader
from tests.integration.desk import Desk

Reading: TypeAlias = Callable[[str], reader.Reader]
FACTS = {"ground": "falsehood", "facts": "群众反映并经查实：申报表所列专利不属于集群企业。"}


@pytest.fixture
def at(sqlite_database: Database, tmp_path: Path, clock: StandingClock) -> Desk:
    """A bureau with a cluster that was recognised in June 2026."""
    clock.move_to("2026-06-20 10:00")
    furnished = desk.furnish(sqlite_database, tmp_path)
    owing.recognised(furnished.office, date(2026, 6, 20), date(2029, 6, 20))
    return furnished


@pytest.fixture
def as_(at: Desk) -> Reading:
    return lambda who: reader.reader(at.app, reader.signed_in(at.database, who) if who else "")


def _findings(at: Desk) -> list[tuple[str, str]]:
    with at.database.read() as session:
        return [(each.ground, each.state) for each in session.scalars(select(Finding).order_by(Finding.id))]


def _waiting(at: Desk) -> Task:
    with at.database.read() as session:
        return session.scalars(select(Task).where(Task.process == "renewal", Task.state == "open")).one()


def test_a_county_sees_what_is_ahead_of_its_cluster(as_: Reading) -> None:
    assert samples.CLUSTER in as_("county").get("/clusters").text
    shown = as_("county").get("/clusters/1").text
    for told in ("2026年6月20日 至 2029年6月20日", "年度报告", "2027年3月15日", "第十七条", "报备重大变动"):
        assert told in shown
    assert "登记线索" not in shown


def test_the_page_has_the_files_of_the_clusters_cases_and_who_looks_after_it(at: Desk, as_: Reading) -> None:
    as_("county").post("/clusters/1/changes")
    with at.database.write() as session:
        case = session.scalars(select(Case)).one()
        for version in ("旧", "新"):
            files.make(session, case, "变更说明.txt", version.encode())
        newest = session.scalars(select(StoredFile.id).order_by(StoredFile.uploaded_at, StoredFile.id)).all()
    for who in ("county", "city"):
        shown = as_(who).get("/clusters/1").text
        assert shown.count("变更说明.txt") == 1
        assert any(f"/files/{each}" in shown for each in newest)
        assert "经办人员" in shown


def test_another_county_does_not_learn_of_it(as_: Reading) -> None:
    assert as_("sibling").get("/clusters/1").status_code == 404
    assert as_("sibling").post("/clusters/1/changes").status_code == 404


def test_a_change_begins_from_the_page(at: Desk, as_: Reading) -> None:
    answer = as_("county").post("/clusters/1/changes")
    assert answer.status_code == 303
    with at.database.read() as session:
        assert session.scalars(select(Case.process)).all() == ["change_filing"]
    assert "发起重大变动报备" in as_("county").get("/clusters/1").text


def test_who_examines_a_renewal_is_led_to_the_years_and_the_plan(at: Desk, as_: Reading, clock: StandingClock) -> None:
    clock.move_to("2028-12-20 00:00")
    timers.post(at.database)
    clock.move_to("2029-06-18 10:00")
    at.office.complete("county", _waiting(at), yearly.renewal(signed_on="2029-06-18"))
    shown = as_("city").get(f"/tasks/{_waiting(at).id}").text
    assert "/clusters/1/figures" in shown
    assert "规划目标与实际" in as_("city").get("/clusters/1/figures").text


def test_an_officer_notes_a_finding_and_begins_the_revocation(at: Desk, as_: Reading) -> None:
    assert as_("city").post("/clusters/1/findings", FACTS).status_code == 303
    assert "不属于集群企业" in as_("city").get("/clusters/1").text
    assert "不属于集群企业" in as_("city").get("/findings").text
    assert "不属于集群企业" not in as_("county").get("/clusters/1").text
    assert as_("city").post("/findings/1/pursue").status_code == 303
    assert _findings(at) == [("falsehood", "pursued")]


def test_a_finding_without_facts_is_told_at_its_field(at: Desk, as_: Reading) -> None:
    answer = as_("city").post("/clusters/1/findings", FACTS | {"facts": ""})
    assert answer.status_code == 422
    assert "请写明事实和来源" in answer.text
    assert _findings(at) == []


def test_nothing_follows_where_a_reason_is_given(at: Desk, as_: Reading) -> None:
    as_("city").post("/clusters/1/findings", FACTS)
    assert as_("city").post("/findings/1/drop", {"reason": ""}).status_code == 409
    assert as_("city").post("/findings/1/drop", {"reason": "经核实，专利属于集群企业。"}).status_code == 303
    assert _findings(at) == [("falsehood", "dropped")]
    assert "经核实，专利属于集群企业" in as_("city").get("/clusters/1").text


def test_a_county_notes_nothing(at: Desk, as_: Reading) -> None:
    assert as_("county").post("/clusters/1/findings", FACTS).status_code == 403
    assert as_("county").get("/findings").status_code == 403
    assert _findings(at) == []
