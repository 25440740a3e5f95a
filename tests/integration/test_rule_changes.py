"""A regime's rule is changed by a deployment: from its day on what is owed follows, and the past stays as it was."""

from datetime import date

import pytest
from sqlalchemy import select, update

from engine import bundle, deploying, deployments, events, timers
from engine.clock import SHANGHAI
from engine.db import Database
from engine.models import Obligation
from tests.clock import StandingClock
from tests.office import BUREAU, COUNTY, REGIME, Office, furnish
from tests.owing import letters, owed, recognised, recorded, rungs

AMENDED = """
[[obligations.annual_report.changes]]
applies_from = 2028-01-01
day = 30
clause = "第十七条（2027年修订）"
"""
BESIDE = "first_due_years_after = 1"
DAYS = "days = [60, 30, 14, 7, 3, 1, 0, -1, -7, -14]"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A cluster that was recognised on 20 June 2025 reports in 2026, 2027 and 2028; it is January 2027."""
    clock.move_to("2025-06-20 09:00")
    made = furnish(database)
    recognised(made, date(2025, 6, 20), date(2028, 6, 20))
    clock.move_to("2027-01-08 09:00")
    tick(made)
    return made


def tick(office: Office) -> None:
    assert timers.post(office.database) == []


def deploy(office: Office, *changes: tuple[str, str], by: str = "owner") -> int:
    """The shipped rules with these texts in the place of those."""
    files = dict(bundle.shipped(REGIME))
    text = files["regime.toml"].decode()
    for old, new in changes:
        head, found, tail = text.partition(old)
        assert found, old
        text = head + new + tail
    with office.database.write() as session:
        return deploying.deploy(session, REGIME, files | {"regime.toml": text.encode()}, by=by).number


def amend(office: Office) -> int:
    return deploy(office, (BESIDE, BESIDE + AMENDED))


def due(office: Office, year: int) -> tuple[date, date, str]:
    row = owed(office, "annual_report", year)
    return row.printed_on, row.due_at.astimezone(SHANGHAI).date(), row.clause


def test_an_amended_date_moves_the_years_from_its_day_on_and_leaves_those_before(office: Office) -> None:
    assert amend(office) == 2
    for year in (2026, 2027):
        assert due(office, year) == (date(year, 3, 15), date(year, 3, 15), "第十七条")
    assert due(office, 2028) == (date(2028, 3, 30), date(2028, 3, 30), "第十七条（2027年修订）")
    (event,) = recorded(office, "obligation.moved")
    assert (event.chain, event.actor) == (BUREAU, "owner")
    assert (event.payload["year"], event.payload["old"][:10], event.payload["new"][:10]) == (
        2028,
        "2028-03-15",
        "2028-03-30",
    )
    assert "自 2028-01-01 起适用，印定日期由 2028-03-15 改为 2028-03-30" in event.payload["rule"]
    assert event.payload["clause"] == "第十七条（2027年修订）"
    assert letters(office, "date_changed") == [], "nobody had heard of 15 March 2028 yet"
    with office.database.read() as session:
        assert events.verify(session) == []


def test_reminders_that_are_to_come_are_those_of_the_new_date(office: Office) -> None:
    report, before = owed(office, "annual_report", 2028), owed(office, "annual_report", 2027)
    assert rungs(office, report.id)["60"] == date(2028, 1, 15)
    still = rungs(office, before.id)
    amend(office)
    tick(office)
    assert rungs(office, report.id)["60"] == date(2028, 1, 30)
    assert "eve" not in rungs(office, report.id), "15 March 2028 is no date any more, and the 30th a Thursday"
    assert rungs(office, before.id) == still


def test_who_was_reminded_of_the_old_date_is_told_of_the_new_one(office: Office, clock: StandingClock) -> None:
    """The amendment is deployed late: on 20 January 2028 the county has had the reminder of sixty days before."""
    clock.move_to("2028-01-20 09:00")
    tick(office)
    amend(office)
    told = letters(office, "date_changed")
    assert [each.organisation_code for each in told] == [COUNTY, COUNTY], "to each officer who had the reminder"
    assert {(each.fields["原期限"], each.fields["期限"]) for each in told} == {("2028年3月15日", "2028年3月30日")}
    assert "2027年修订" in told[0].fields["变更依据"]


def test_deploying_the_same_again_moves_nothing(office: Office) -> None:
    number = amend(office)
    tick(office)
    with office.database.read() as session:
        planned = session.scalars(select(Obligation.planned_at).order_by(Obligation.id)).all()
    assert amend(office) == number
    with office.database.write() as session:  # another letter, the same rules
        files = dict(deployments.deployed(session, deployments.current(session, REGIME).id).files)
        files["letters/returned.txt"] += b"\n"
        assert deploying.deploy(session, REGIME, files, by="owner").number == number + 1
    with office.database.read() as session:
        assert session.scalars(select(Obligation.planned_at).order_by(Obligation.id)).all() == planned
    assert len(recorded(office, "obligation.moved")) == 1


def test_what_is_met_never_changes(office: Office) -> None:
    with office.database.write() as session:
        session.execute(update(Obligation).where(Obligation.year == 2028).values(state="met"))
    amend(office)
    assert due(office, 2028) == (date(2028, 3, 15), date(2028, 3, 15), "第十七条")
    assert recorded(office, "obligation.moved") == []


def test_who_is_recognised_afterwards_owes_by_the_new_rule(office: Office) -> None:
    amend(office)
    later = recognised(office, date(2026, 6, 20), date(2029, 6, 20))
    with office.database.read() as session:
        query = select(Obligation.printed_on).where(Obligation.cluster_id == later, Obligation.kind == "annual_report")
        found = sorted(session.scalars(query))
    assert found == [date(2027, 3, 15), date(2028, 3, 30), date(2029, 3, 30)]


def test_a_date_that_is_changed_without_a_day_counts_for_what_lies_ahead(office: Office, clock: StandingClock) -> None:
    """On 20 March 2027 the report of 2027 is late, and stays so."""
    clock.move_to("2027-03-20 09:00")
    deploy(office, ("month = 3\nday = 15", "month = 3\nday = 30"))
    assert due(office, 2027)[0] == date(2027, 3, 15)
    assert due(office, 2028)[0] == date(2028, 3, 30)
    assert "起适用" not in recorded(office, "obligation.moved")[0].payload["rule"]


def test_a_bureau_that_rolls_dates_from_now_on_moves_those_ahead(office: Office) -> None:
    """15 March 2026 was a Sunday, and is over. That of 2031 is a Saturday, and Monday the 17th no holiday."""
    recognised(office, date(2028, 6, 20), date(2031, 6, 20))
    deploy(office, ('roll = "none"', 'roll = "next_working_day"'))
    rolled = owed(office, "annual_report", 2031)
    assert (rolled.printed_on, rolled.effective_on) == (date(2031, 3, 15), date(2031, 3, 17))
    assert owed(office, "annual_report", 2026).effective_on == date(2026, 3, 15)
    (event,) = recorded(office, "obligation.moved")
    assert "印定日期 2031-03-15 遇非工作日的处理有变" in event.payload["rule"]


def test_a_window_for_renewal_that_opens_earlier_moves_once(office: Office) -> None:
    deploy(office, ("window_months = 6", "window_months = 9"))
    window = owed(office, "renewal", 2027)
    assert (window.printed_on, window.due_at.date()) == (date(2027, 9, 20), date(2027, 9, 20))
    assert len(recorded(office, "obligation.moved")) == 1


def test_another_ladder_is_climbed_from_now_on(office: Office, clock: StandingClock) -> None:
    """The rung of 60 days before 15 March 2027 lies on 14 January; the new ladder has none, and one of ten days."""
    report = owed(office, "annual_report", 2027)
    assert rungs(office, report.id)["60"] == date(2027, 1, 14)
    renewal = rungs(office, owed(office, "renewal", 2027).id)
    deploy(office, (DAYS, "days = [90, 10, 0]"), ("escalate_from = -1", ""))
    tick(office)
    assert rungs(office, report.id) == {"10": date(2027, 3, 5), "0": date(2027, 3, 15)}, "90 days before is over"
    assert rungs(office, owed(office, "renewal", 2027).id) == renewal
    assert recorded(office, "obligation.moved") == []


def test_rules_that_can_no_longer_be_read_are_mended_by_a_deployment(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.database.deployed.clear()
    broken = dict(bundle.shipped(REGIME)) | {"regime.toml": b"name ="}
    read = deployments.Deployed

    monkeypatch.setattr(
        deployments, "Deployed", lambda number, files, days=None: read(number, broken if number == 1 else files, days)
    )
    assert amend(office) == 2
    assert due(office, 2028)[0] == date(2028, 3, 30)
