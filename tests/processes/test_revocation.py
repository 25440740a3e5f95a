"""Revocation: from a finding, after the cluster was heard, by a person; no date revokes (清远 第十八条)."""

from datetime import date

import pytest
from sqlalchemy import func, select

from engine import findings, revocations, timers
from engine.db import Database
from engine.errors import FormInvalid, NotFound, Refused
from engine.models import Case, Cluster, Finding, Notice, Obligation, Task
from tests import owing, yearly
from tests.clock import StandingClock
from tests.office import Office, furnish

PUBLISHED, LAST = date(2026, 6, 20), date(2029, 6, 20)
FACTS = "群众反映并经查实：申报表所列专利中两件不属于集群企业。"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A bureau with a cluster that is valid until 20 June 2029."""
    clock.move_to("2026-06-20 10:00")
    furnished = furnish(database)
    owing.recognised(furnished, PUBLISHED, LAST)
    clock.move_to("2026-07-01 10:00")
    return furnished


def _step(office: Office, element: str) -> Task:
    with office.database.read() as session:
        return session.scalars(select(Task).where(Task.element == element, Task.state == "open")).one()


def _cluster(office: Office) -> Cluster:
    with office.database.read() as session:
        return session.scalars(select(Cluster)).one()


def _findings(office: Office) -> list[Finding]:
    with office.database.read() as session:
        return list(session.scalars(select(Finding).order_by(Finding.id)))


def _noted(office: Office, ground: str = "falsehood") -> int:
    with office.database.write() as session:
        return findings.note(session, office.actors["city"], _cluster(office).id, ground, FACTS).id


def _pursued(office: Office) -> int:
    noted = _noted(office)
    with office.database.write() as session:
        return revocations.pursue(session, office.actors["city"], noted).id


def _decided(office: Office, **changes: str) -> None:
    office.complete("city", _step(office, "propose_revocation"), yearly.PROPOSED)
    office.complete("leader", _step(office, "decide_revocation"), yearly.REVOKED | changes)


def test_a_recognition_is_revoked_by_people_after_the_cluster_was_heard(office: Office) -> None:
    _pursued(office)
    assert [letter.organisation_code for letter in owing.letters(office, "revocation_hearing")] == ["441881"]
    office.complete("county", _step(office, "hear"), yearly.STATED)
    _decided(office)
    assert _cluster(office).state == "recognised"  # until it is published
    case = office.complete("publisher", _step(office, "publish_revocation"), yearly.ANNOUNCED)
    assert case.outcome == "revoked"
    assert _cluster(office).state == "revoked"
    with office.database.read() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "revocation")).one()
        open_dates = select(func.count()).select_from(Obligation).where(Obligation.state == "open")
        assert (notice.number, [entry["cluster"] for entry in notice.entries]) == (
            "示例公告〔2026〕9号",
            [_cluster(office).name],
        )
        assert session.scalar(open_dates) == 0
    assert [letter.fields["意见"] for letter in owing.letters(office, "revoked")] == [yearly.REVOKED["opinion"]]


def test_a_leader_may_leave_the_recognition_as_it_is(office: Office) -> None:
    _pursued(office)
    office.complete("county", _step(office, "hear"), yearly.STATED)
    _decided(office, decision="keep", opinion="转让在申报之前已经生效，不构成虚假申报。")
    assert _cluster(office).state == "recognised"
    assert [letter.fields["意见"][:4] for letter in owing.letters(office, "not_revoked")] == ["转让在申"]


def test_who_says_nothing_in_time_is_not_waited_for(office: Office, clock: StandingClock) -> None:
    _pursued(office)
    clock.move_to("2026-07-16 00:00")  # ten working days after 1 July
    while timers.tick(office.database):
        pass
    assert _step(office, "propose_revocation").organisation_code == "441800"


def test_what_else_is_under_way_ends_with_the_recognition(office: Office, clock: StandingClock) -> None:
    clock.move_to("2027-01-14 00:00")
    timers.post(office.database)
    report = _step(office, "fill_in_report")
    _pursued(office)
    office.complete("county", _step(office, "hear"), yearly.STATED)
    _decided(office)
    office.complete("publisher", _step(office, "publish_revocation"), yearly.ANNOUNCED)
    with office.database.read() as session:
        assert session.get_one(Task, report.id).state == "cancelled"
        assert session.get_one(Case, report.case_id).status == "cancelled"


def test_a_report_that_never_comes_is_noted_and_revokes_nothing(office: Office, clock: StandingClock) -> None:
    """第十八条（三）: thirty days after 15 March 2027 (setting), once, however often the worker comes by."""
    clock.move_to("2027-04-14 23:59")
    timers.post(office.database)
    assert _findings(office) == []
    for moment in ("2027-04-15 00:00", "2027-04-16 00:00"):
        clock.move_to(moment)
        timers.post(office.database)
    (noted,) = _findings(office)
    assert (noted.ground, noted.clause, noted.state) == ("report", "第十八条（三）", "open")
    assert _cluster(office).state == "recognised"


def test_a_report_that_came_in_time_is_no_finding(office: Office, clock: StandingClock) -> None:
    clock.move_to("2027-02-01 09:00")
    timers.post(office.database)
    office.complete("county", _step(office, "fill_in_report"), yearly.report())
    clock.move_to("2027-06-01 09:00")
    timers.post(office.database)
    assert _findings(office) == []


def test_validity_that_ran_out_without_an_application_is_noted(office: Office, clock: StandingClock) -> None:
    """第十八条（一）: from the day after the last valid day."""
    clock.move_to("2029-06-20 23:59")
    timers.post(office.database)
    before = {each.ground for each in _findings(office)}
    clock.move_to("2029-06-21 00:00")
    timers.post(office.database)
    assert {each.ground for each in _findings(office)} - before == {"renewal"}
    assert _cluster(office).state == "recognised"


def test_a_failed_renewal_is_noted_with_its_reasons(office: Office, clock: StandingClock) -> None:
    clock.move_to("2028-12-20 00:00")
    timers.post(office.database)
    clock.move_to("2029-03-01 09:00")
    office.complete("county", _step(office, "apply_renewal"), yearly.renewal(signed_on="2029-03-01"))
    office.complete("city", _step(office, "review_renewal"), yearly.REVIEWED | {"decision": "fail"})
    refused = {"decision": "refuse", "opinion": "三项主要目标未完成。"}
    office.complete("leader", _step(office, "decide_renewal"), refused)
    assert [(each.ground, each.facts) for each in _findings(office) if each.seen_in] == [
        ("renewal", "三项主要目标未完成。")
    ]


def test_a_finding_is_settled_once(office: Office) -> None:
    noted = _noted(office)
    with office.database.write() as session:
        findings.drop(session, office.actors["city"], noted, "经核实，专利属于集群企业。")
    with office.database.write() as session, pytest.raises(Refused, match="已经处理"):
        revocations.pursue(session, office.actors["city"], noted)
    assert [each.payload["reason"] for each in owing.recorded(office, "finding.dropped")] == [
        "经核实，专利属于集群企业。"
    ]


def test_nothing_is_dropped_without_a_reason(office: Office) -> None:
    noted = _noted(office)
    with office.database.write() as session, pytest.raises(FormInvalid):
        findings.drop(session, office.actors["city"], noted, " ")


def test_two_revocations_of_one_cluster_do_not_run_side_by_side(office: Office) -> None:
    _pursued(office)
    second = _noted(office, "incident")
    with office.database.write() as session, pytest.raises(Refused, match="正在办理"):
        revocations.pursue(session, office.actors["city"], second)
    assert [each.state for each in _findings(office)] == ["pursued", "open"]


def test_what_is_not_recognised_cannot_be_revoked(office: Office) -> None:
    with office.database.write() as session:
        session.scalars(select(Cluster)).one().state = "candidate"
    with pytest.raises(Refused, match="不是已认定的集群"):
        _noted(office)


def test_a_county_notes_nothing_and_sees_no_finding(office: Office) -> None:
    noted = _noted(office)
    with office.database.write() as session, pytest.raises(NotFound):
        findings.drop(session, office.actors["county"], noted, "没有理由")
