"""A text's own end and its successor: told in time, put in force on its day, and what began goes on as it began."""

from collections.abc import Mapping
from datetime import date

import pytest

from engine import bundle, deploying, deployments, events, rule_ends, timers
from engine.clock import SHANGHAI
from engine.db import Database
from engine.errors import Refused
from engine.models import Case, Round
from tests import samples
from tests.clock import StandingClock
from tests.office import BUREAU, REGIME, Office, furnish
from tests.owing import letters, owed, recognised, recorded

END, SUCCESSOR = "in_force_until = 2028-03-03", "in_force_until = 2031-03-03"
DAY = date(2028, 3, 4)  # the text's last day is 3 March 2028 (清远 第二十条)
LATER = ("day = 15\nclause", "day = 31\nclause")


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A cluster that was recognised in June 2025, and a round that is open; it is 1 February 2028."""
    clock.move_to("2025-06-20 09:00")
    made = furnish(database)
    recognised(made, date(2025, 6, 20), date(2028, 6, 20))
    clock.move_to("2028-02-01 09:00")
    tick(made)
    return made


def tick(office: Office) -> None:
    assert timers.post(office.database) == []


def files(*changes: tuple[str, str]) -> Mapping[str, bytes]:
    shipped = dict(bundle.shipped(REGIME))
    text = shipped["regime.toml"].decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return shipped | {"regime.toml": text.encode()}


def deploy(office: Office, day: date | None, *changes: tuple[str, str]) -> int:
    with office.database.write() as session:
        return deploying.deploy(session, REGIME, files(*changes), by="owner", effective_on=day).number


def in_force(office: Office) -> int:
    with office.database.read() as session:
        return deployments.current(session, REGIME).number


def number_of(office: Office, round_: Round) -> int:
    with office.database.read() as session:
        case = session.get_one(Case, round_.case_id)
        return deployments.number(session, case.deployment_id)


def told(office: Office) -> list[tuple[str, str]]:
    """To which role, and what is left, in the order of time."""
    return [(letter.role, letter.fields["剩余"]) for letter in letters(office, rule_ends.RULES_END)]


def tell(office: Office) -> None:
    with office.database.write() as session:
        rule_ends.tell(session)


def test_a_successor_is_in_force_from_its_day_and_not_before(office: Office, clock: StandingClock) -> None:
    assert deploy(office, DAY, (END, SUCCESSOR)) == 2
    clock.move_to("2028-03-03 23:59")
    assert in_force(office) == 1
    clock.move_to("2028-03-04 00:00")
    assert in_force(office) == 2


def test_what_began_under_a_text_goes_on_under_it(office: Office, clock: StandingClock) -> None:
    before = office.open_round(year=2028)
    assert before.case_id
    deploy(office, DAY, (END, SUCCESSOR))
    clock.move_to("2028-03-04 09:00")
    tick(office)
    answers = {**samples.ANSWERS["call_notice"], "year": 2028, "closes_at": "2028-06-01T17:30:00+08:00"}
    case = office.complete("city", office.open_task(before.case_id, "call_notice"), answers)
    after = office.open_round(year=2028, again="新办法施行")
    assert (case.status, number_of(office, before), number_of(office, after)) == ("open", 1, 2)


def test_what_is_owed_follows_the_successor_on_its_day_and_once(office: Office, clock: StandingClock) -> None:
    """The report of 15 March 2028 is due on 31 March by the new text; it is told so when that text is in force."""
    deploy(office, DAY, (END, SUCCESSOR), LATER)
    tick(office)
    assert owed(office, "annual_report", 2028).printed_on == date(2028, 3, 15)
    clock.move_to("2028-03-04 00:01")
    tick(office)
    row = owed(office, "annual_report", 2028)
    assert (row.printed_on, row.due_at.astimezone(SHANGHAI).date()) == (date(2028, 3, 31), date(2028, 3, 31))
    tick(office)
    assert len(recorded(office, "obligation.moved")) == 1
    assert owed(office, "annual_report", 2027).finds_at is None, "its finding was noted long ago, and not again"
    assert [event.payload["facts"][:4] for event in recorded(office, "finding.noted")] == ["2026", "2027"]
    with office.database.read() as session:
        assert events.verify(session) == []


def test_a_successor_is_taken_back_by_planning_for_its_day_what_holds_now(office: Office, clock: StandingClock) -> None:
    deploy(office, DAY, (END, SUCCESSOR), LATER)
    assert deploy(office, DAY) == 3
    clock.move_to("2028-03-04 09:00")
    tick(office)
    assert in_force(office) == 3
    assert owed(office, "annual_report", 2028).printed_on == date(2028, 3, 15)
    assert recorded(office, "obligation.moved") == []


def test_what_is_deployed_meanwhile_holds_until_the_successors_day(office: Office, clock: StandingClock) -> None:
    deploy(office, DAY, (END, SUCCESSOR))
    assert deploy(office, None, ("window_months = 6", "window_months = 5")) == 3
    assert in_force(office) == 3
    clock.move_to("2028-03-04 00:00")
    assert in_force(office) == 2


def test_the_same_plan_again_changes_nothing(office: Office) -> None:
    assert deploy(office, DAY, (END, SUCCESSOR)) == deploy(office, DAY, (END, SUCCESSOR)) == 2


def test_no_text_is_put_in_force_on_a_day_that_is_past(office: Office) -> None:
    with pytest.raises(Refused, match="2028-01-31 已过"):
        deploy(office, date(2028, 1, 31), (END, SUCCESSOR))
    assert in_force(office) == 1


def test_the_bureau_is_told_of_the_end_of_its_text_at_each_rung_once(office: Office, clock: StandingClock) -> None:
    """1 February is 31 days before the end: of the rungs at 365, 180 and 90 days the last goes out after a stop."""
    tell(office)
    tell(office)
    assert told(office) == [("bureau_officer", "还剩31天"), ("bureau_leader", "还剩31天")]
    clock.move_to("2028-02-02 09:00")
    tell(office)
    assert told(office)[2:] == [("bureau_officer", "还剩30天"), ("bureau_leader", "还剩30天")]
    assert letters(office, rule_ends.RULES_END)[0].organisation_code == BUREAU


def test_a_year_before_its_end_only_the_officers_are_told(database: Database, clock: StandingClock) -> None:
    clock.move_to("2027-03-03 09:00")  # 2028 is a leap year: 366 days are left
    office = furnish(database)
    tell(office)
    assert told(office) == []
    clock.move_to("2027-03-04 09:00")
    tell(office)
    assert told(office) == [("bureau_officer", "还剩365天")]


def test_nobody_is_told_once_a_successor_is_planned(office: Office, clock: StandingClock) -> None:
    deploy(office, DAY, (END, SUCCESSOR))
    tell(office)
    assert told(office) == []
    with office.database.read() as session:
        assert rule_ends.coming(session) == []
    clock.move_to("2028-03-05 09:00")
    tell(office)
    assert told(office) == []


def test_after_its_end_no_round_opens_and_what_is_owed_goes_on(office: Office, clock: StandingClock) -> None:
    clock.move_to("2028-03-04 09:00")
    with office.database.read() as session:
        (ending,) = rule_ends.coming(session)
    assert ending.over
    with pytest.raises(Refused, match="今日不能开启批次"):
        office.open_round(year=2028)
    tick(office)
    report = owed(office, "annual_report", 2028)
    assert (report.state, report.case_id is not None) == ("open", True)
