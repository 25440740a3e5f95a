"""Typical cases: written by the office that the text names, checked by who publishes (清远 第十一条)."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from engine import showcase, typical_cases
from engine.access import Actor
from engine.clock import SHANGHAI
from engine.db import Database
from engine.errors import Forbidden, FormInvalid, NotFound, Refused
from engine.models import Case, Cluster, Task, TypicalCase
from tests import chain, owing, yearly
from tests.clock import StandingClock
from tests.office import COUNTY, Office, furnish

PUBLISHED, LAST = date(2026, 6, 20), date(2029, 6, 20)


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A bureau with a cluster that was recognised in June 2026."""
    clock.move_to("2026-06-20 10:00")
    furnished = furnish(database)
    owing.recognised(furnished, PUBLISHED, LAST)
    return furnished


def begun(office: Office, who: str = "county") -> Case:
    with office.database.write() as session:
        return typical_cases.begin(session, office.actors[who], 1)


def published(office: Office, **changes: Any) -> int:
    """The number of a typical case that was written, checked and put out."""
    case = begun(office)
    office.complete("county", office.open_task(case.id, "write_case"), yearly.TYPICAL | changes)
    done = office.complete("publisher", office.open_task(case.id, "check_case"), yearly.PUBLISHED)
    assert (done.status, done.outcome) == ("ended", "case_published")
    with office.database.read() as session:
        return session.scalars(select(TypicalCase.id)).one()


def listed(office: Office) -> list[str]:
    with office.database.read() as session:
        return [row["title"] for row in showcase.listed(session, limit=10)]


def test_the_county_writes_and_the_publisher_puts_it_before_the_public(office: Office, clock: StandingClock) -> None:
    case = begun(office)
    task = office.open_task(case.id, "write_case")
    assert (task.organisation_code, task.roles.split()) == (COUNTY, ["county_officer", "bureau_officer"])
    office.complete("county", task, yearly.TYPICAL)
    assert listed(office) == [], "what nobody has checked is not public"
    clock.move_to("2026-07-01 09:00")
    office.complete("publisher", office.open_task(case.id, "check_case"), yearly.PUBLISHED)
    assert listed(office) == [yearly.TYPICAL["title"]]
    with office.database.read() as session:
        shown = showcase.shown(session, 1)
    assert shown["told"]["practice"] == yearly.TYPICAL["practice"]
    assert (shown["office"], shown["published_at"].astimezone(SHANGHAI).date()) == (
        "英德市中小企业主管部门",
        date(2026, 7, 1),
    )


def test_without_the_operators_consent_nothing_is_handed_in(office: Office) -> None:
    task = office.open_task(begun(office).id, "write_case")
    with pytest.raises(FormInvalid) as refused:
        office.complete("county", task, yearly.TYPICAL | {"operator_consent": False})
    assert [problem.field for problem in refused.value.problems] == ["operator_consent"]


def test_what_is_returned_is_mended_and_published(office: Office, clock: StandingClock) -> None:
    case = begun(office)
    office.complete("county", office.open_task(case.id, "write_case"), yearly.TYPICAL)
    back = {"remarks": [{"field": "effect", "remark": "请写明数据来源"}], "opinion": "成效缺少数据来源。"}
    office.complete("publisher", office.open_task(case.id, "check_case"), {"decision": "return", **back})
    task = office.open_task(case.id, "rewrite_case")
    assert task.assignee_id == office.actors["county"].person_id
    clock.move_by(minutes=1)
    mended = yearly.TYPICAL | {"effect": "据统计部门数据，检测费用下降三成。"}
    office.complete("county", task, mended)
    office.complete("publisher", office.open_task(case.id, "check_case"), yearly.PUBLISHED)
    with office.database.read() as session:
        assert showcase.shown(session, 1)["told"]["effect"] == mended["effect"]


def test_a_withdrawn_one_is_in_no_list_and_its_page_says_why(office: Office, clock: StandingClock) -> None:
    number = published(office)
    clock.move_to("2026-08-01 09:00")
    with office.database.write() as session:
        showcase.withdraw(session, office.actors["publisher"], number, "所述数据有误")
    assert listed(office) == []
    with office.database.read() as session:
        shown = showcase.shown(session, number)
    assert (shown["reason"], shown["told"]) == ("所述数据有误", {})
    with office.database.write() as session, pytest.raises(Refused):
        showcase.withdraw(session, office.actors["publisher"], number, "再撤一次")
    assert len(owing.recorded(office, "typical_case.withdrawn")) == 1


def test_a_withdrawal_needs_its_reason_and_the_publisher(office: Office) -> None:
    number = published(office)
    with office.database.write() as session, pytest.raises(FormInvalid):
        showcase.withdraw(session, office.actors["publisher"], number, " ")
    with office.database.write() as session, pytest.raises(Forbidden):
        showcase.withdraw(session, office.actors["county"], number, "试试")
    assert listed(office) == [yearly.TYPICAL["title"]]


@pytest.mark.parametrize(("who", "refused"), [("city", Forbidden), ("sibling", NotFound), ("park", NotFound)])
def test_an_office_that_the_text_does_not_name_begins_none(who: str, refused: type[Exception], office: Office) -> None:
    with pytest.raises(refused):
        begun(office, who)


def test_one_at_a_time_and_only_of_a_recognised_cluster(office: Office) -> None:
    begun(office)
    with pytest.raises(Refused, match="正在办理"):
        begun(office)
    with office.database.write() as session:
        session.get_one(Cluster, 1).state = "revoked"
    with pytest.raises(Refused, match="不是已认定"):
        begun(office)


def test_in_guangxi_every_level_may_write(database: Database, clock: StandingClock) -> None:
    """广西 第十条: 各级工信部门及时总结."""
    clock.move_to("2025-04-10 09:00")
    offices = chain.furnish(database, clock, "guangxi")
    with database.write() as session:
        cluster = Cluster(
            regime="guangxi",
            bureau_code="450000",
            organisation_code="450222",
            name="柳城县中小企业特色产业集群（螺蛳粉产业）",
            state="recognised",
            created_at=clock.at,
        )
        session.add(cluster)
        session.flush()
        number = cluster.id
    for who, level in (("region_county", "450222"), ("region", "450000")):
        with database.write() as session:
            case = typical_cases.begin(session, _actor(offices, who), number)
            task = session.scalars(select(Task).where(Task.case_id == case.id, Task.state == "open")).one()
            assert task.organisation_code == level
            case.status = "cancelled"  # so that the next level may begin


def _actor(offices: chain.Chain, who: str) -> Actor:
    return offices.actors[who]
