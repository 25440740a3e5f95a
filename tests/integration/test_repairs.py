"""What people do about a case that cannot go on: try it again, put it right, or end it; and only they may."""

from collections.abc import Iterator

import pytest

from engine import accounts, repairs, timers
from engine.db import Database
from engine.errors import CaseStopped, Conflict, Forbidden, NotFound, Refused
from engine.instance import bounds
from tests import samples
from tests.clock import StandingClock, standing_at
from tests.office import COUNTY, Office, furnish
from tests.stopped import (
    ANSWERS,
    CLOSED,
    as_,
    assert_sound,
    at_acceptance,
    case_of,
    failing_after_acceptance,
    failing_when_the_first_round_closes,
    incidents_of,
    opened_round,
    recorded,
    rows,
    standing,
    stopped,
)


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    with standing_at(samples.MOMENT) as standing:
        yield standing


def test_a_case_that_is_tried_again_goes_on_once_the_reason_is_gone(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = furnish(database)
    task = at_acceptance(office, opened_round(office))
    with monkeypatch.context() as tight:
        tight.setattr(bounds, "MAX_STEPS", 1)
        with pytest.raises(CaseStopped):
            office.complete("city", task, ANSWERS["acceptance"])
    as_(office, "owner", repairs.retry, task.case_id)
    assert standing(office, task.case_id) == ("open", None)
    office.complete("city", task, ANSWERS["acceptance"])
    assert office.open_elements(task.case_id) == ["first_review"]
    assert incidents_of(office, task.case_id) == [("budget_exceeded", None, "retried", "owner")]
    assert recorded(office, task.case_id, "incident.retried") == [("owner", {})]
    assert_sound(office)


def test_a_case_that_fails_again_has_a_second_incident(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_after_acceptance())
    task = stopped(office)
    as_(office, "owner", repairs.retry, task.case_id)
    with pytest.raises(CaseStopped):
        office.complete("city", task, ANSWERS["acceptance"])
    assert [resolution for *_, resolution, _ in incidents_of(office, task.case_id)] == ["retried", None]
    assert_sound(office)


def test_a_repaired_case_goes_on_with_the_right_variables(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_after_acceptance())
    task = stopped(office)
    reason = "上级认定情况应填数字"
    as_(office, "owner", repairs.repair, task.case_id, {"higher_level_recognition": 1}, reason)
    office.complete("city", task, ANSWERS["acceptance"])
    assert office.open_elements(task.case_id) == ["first_review"]
    assert incidents_of(office, task.case_id) == [("expression_failed", "recognised_above", "repaired", "owner")]
    said = {"variables": {"higher_level_recognition": 1}, "old": {"higher_level_recognition": "none"}, "reason": reason}
    assert recorded(office, task.case_id, "incident.repaired") == [("owner", said)]
    assert_sound(office)


def test_a_repaired_timer_wakes_its_case(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_when_the_first_round_closes())
    round_ = opened_round(office)
    clock.move_to(CLOSED)
    timers.tick(database)
    as_(office, "owner", repairs.repair, case_of(round_), {"round_id": 2}, "更正批次编号")
    assert timers.tick(database) == 1
    assert office.open_elements(case_of(round_)) == ["draw_sample"]
    assert_sound(office)


def test_a_cancelled_case_ends_without_an_outcome_and_its_tasks_with_it(
    database: Database, clock: StandingClock
) -> None:
    office = furnish(database, failing_after_acceptance())
    task = stopped(office)
    as_(office, "owner", repairs.cancel, task.case_id, "申报主体撤回")
    assert standing(office, task.case_id) == ("cancelled", None)
    assert office.open_elements(task.case_id) == []
    assert incidents_of(office, task.case_id) == [("expression_failed", "recognised_above", "cancelled", "owner")]
    assert recorded(office, task.case_id, "incident.cancelled") == [("owner", {"reason": "申报主体撤回"})]
    assert len(recorded(office, task.case_id, "task.cancelled")) == 1
    with pytest.raises(Conflict, match="已失效"):
        office.complete("city", task, ANSWERS["acceptance"])
    clock.move_to(CLOSED)
    timers.tick(database)
    assert_sound(office)


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("city", Forbidden),  # they know the case, and diagrams are not theirs to mend
        ("leader", Forbidden),
        ("county", Forbidden),
        ("sibling", NotFound),  # a neighbour does not even learn that it exists
        ("expert", NotFound),
        ("stranger", NotFound),  # a process owner, of another office
    ],
)
def test_only_the_bureaus_process_owner_may_handle_an_incident(
    who: str, refusal: type[Exception], sqlite_database: Database, clock: StandingClock
) -> None:
    office = furnish(sqlite_database, failing_after_acceptance())
    with sqlite_database.write() as session:
        stranger = accounts.add(session, "stranger", by="setup")
        accounts.grant(session, stranger, "process_owner", COUNTY, by="setup")
        office = Office(sqlite_database, {**office.actors, "stranger": accounts.actor(session, stranger)})
    task = stopped(office)
    before = rows(office)
    for act, *given in ((repairs.retry,), (repairs.repair, {"decision": 1}, "试试"), (repairs.cancel, "试试")):
        with pytest.raises(refusal):
            as_(office, who, act, task.case_id, *given)
    assert standing(office, task.case_id) == ("incident", None)
    assert rows(office) == before
    assert_sound(office)


def test_a_case_without_an_incident_is_not_to_be_repaired(database: Database, clock: StandingClock) -> None:
    office = furnish(database)
    task = at_acceptance(office, opened_round(office))
    for act, *given in ((repairs.retry,), (repairs.repair, {"decision": 1}, "试试"), (repairs.cancel, "试试")):
        with pytest.raises(Refused, match="没有异常"):
            as_(office, "owner", act, task.case_id, *given)
    office.complete("city", task, ANSWERS["acceptance"])
    assert_sound(office)
