"""A case that cannot go on is undone and seen, and stops nobody else; a person gets it going again."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text

from engine import cases, lint, repairs, timers
from engine.db import Database, LiveCases
from engine.errors import CaseStopped, Refused, StateUnreadable
from engine.models import Case, Letter
from tests import samples
from tests.clock import StandingClock, standing_at
from tests.office import REGIME, furnish
from tests.stopped import (
    ANSWERS,
    CLOSED,
    apply,
    as_,
    assert_sound,
    at_acceptance,
    case_of,
    failing_after_acceptance,
    failing_for_parks_at_the_start,
    failing_for_parks_when_decided,
    failing_when_the_first_round_closes,
    going_in_circles,
    incidents_of,
    opened_round,
    recorded,
    rows,
    standing,
    stopped,
    waiting_for_its_round,
)

REFUSAL = {"decision": "refuse", "opinion": "不属于受理范围"}


def nobody(*cases: int) -> dict[str, Any]:
    """A list with nobody on it, and why these are not."""
    reasons = [{"case": case_id, "reason": "上级认定已被撤销"} for case_id in cases]
    return {"cases": [], "reasons": reasons, "opinion": "本批次没有符合条件的集群。"}


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    with standing_at(samples.MOMENT) as standing:
        yield standing


# ---- the person is told, and nothing of the command remains --------------------------------------


def test_who_completes_is_told_and_nothing_of_the_command_remains(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_after_acceptance())
    task = at_acceptance(office, opened_round(office))
    before = rows(office)
    with pytest.raises(CaseStopped, match="您提交的内容没有生效") as told:
        office.complete("city", task, ANSWERS["acceptance"])
    assert told.value.facts["case"] == task.case_id
    assert rows(office) == {**before, "incident": 1, "event": before["event"] + 1}  # that it stopped, and no more
    assert office.open_elements(task.case_id) == ["acceptance"]
    assert standing(office, task.case_id) == ("incident", None)
    assert incidents_of(office, task.case_id) == [("expression_failed", "recognised_above", None, None)]
    ((actor, payload),) = recorded(office, task.case_id, "case.stopped")
    assert (actor, payload["code"]) == ("city", "expression_failed")
    with database.read() as session:
        (listed,) = repairs.waiting(session)
    assert (listed["case_id"], listed["code"]) == (task.case_id, "expression_failed")
    assert_sound(office)


def test_a_stopped_case_has_one_incident_and_the_others_go_on(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_after_acceptance())
    round_ = opened_round(office)
    task, other = at_acceptance(office, round_), at_acceptance(office, round_)
    with pytest.raises(CaseStopped):
        office.complete("city", task, ANSWERS["acceptance"])
    for who in ("city", "city2"):
        with pytest.raises(Refused, match="异常"):
            office.complete(who, task, ANSWERS["acceptance"])
    assert len(incidents_of(office, task.case_id)) == 1
    assert office.complete("city", other, REFUSAL).outcome == "not_accepted"  # a way on which nothing is wrong
    assert_sound(office)


def test_a_case_that_cannot_even_begin_leaves_nothing(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_for_parks_at_the_start())
    round_ = opened_round(office)
    before = rows(office)
    with pytest.raises(CaseStopped):
        apply(office, round_, "park")
    assert rows(office) == before
    assert office.open_elements(apply(office, round_).id) == ["fill_in"]
    assert_sound(office)


def test_the_number_of_a_case_that_never_was_may_be_anothers(sqlite_database: Database, clock: StandingClock) -> None:
    """SQLite gives a number again: another case may have it before the incident of the first is written."""
    office = furnish(sqlite_database, failing_for_parks_at_the_start())
    data = {**ANSWERS["application_start"], "round_id": opened_round(office).id}
    with sqlite_database.write() as session:
        with pytest.raises(CaseStopped) as told:
            cases.open_case(session, office.actors["park"], REGIME, "application", data)
        session.rollback()
    clock.move_by(seconds=1)
    other = office.open_case("county", data)
    assert other.id == told.value.facts["case"]
    assert told.value.aftermath is not None
    with sqlite_database.write() as session:
        told.value.aftermath(session)
    assert standing(office, other.id) == ("open", None)
    assert_sound(office)


def test_a_case_that_ended_meanwhile_is_not_stopped(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_after_acceptance())
    task = at_acceptance(office, opened_round(office))
    with pytest.raises(CaseStopped) as told:
        office.complete("city", task, ANSWERS["acceptance"])
    as_(office, "owner", repairs.retry, task.case_id)
    office.complete("city", task, REFUSAL)
    assert told.value.aftermath is not None
    with database.write() as session:  # as if the first command had been slow to say it
        told.value.aftermath(session)
    assert standing(office, task.case_id) == ("ended", "not_accepted")
    assert_sound(office)


# ---- the others go on ----------------------------------------------------------------------------


def test_a_tick_goes_past_a_case_whose_timer_cannot_be_carried_out(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_when_the_first_round_closes())
    broken, well = opened_round(office), opened_round(office)
    unfiled = [apply(office, round_).id for round_ in (broken, well)]
    clock.move_to(CLOSED)
    assert timers.tick(database) == 3  # one round and both applications
    assert incidents_of(office, case_of(broken)) == [("step_failed", "close_filing", None, None)]
    assert recorded(office, case_of(broken), "case.stopped")[0][0] == "worker"
    assert office.open_elements(case_of(well)) == ["draw_sample"]
    assert [standing(office, case_id) for case_id in unfiled] == [("ended", "unfiled")] * 2
    assert timers.tick(database) == 0  # a stopped case waits for a person
    assert len(incidents_of(office, case_of(broken))) == 1
    assert_sound(office)


def test_a_tick_goes_past_a_case_that_cannot_understand_its_message(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_for_parks_when_decided())
    round_ = opened_round(office)
    park, county = waiting_for_its_round(office, round_, "park"), waiting_for_its_round(office, round_)
    clock.move_to(CLOSED)
    assert timers.tick(database) == 1
    office.complete("city", office.open_task(case_of(round_), "draw_sample"), ANSWERS["draw_sample"])
    office.complete("city", office.open_task(case_of(round_), "draft_list"), nobody(park, county))
    office.complete("leader", office.open_task(case_of(round_), "decide_list"), ANSWERS["decide_list"])
    assert timers.tick(database) == 1
    assert standing(office, county) == ("ended", "not_listed")
    assert standing(office, park) == ("incident", None)
    assert_sound(office)
    # A message that was not understood is not lost: put right, the case hears it again.
    as_(office, "owner", repairs.repair, park, {"applicant_level": "county"}, "园区按县级口径办理")
    assert timers.tick(database) == 1
    assert standing(office, park) == ("ended", "not_listed")
    assert_sound(office)


# ---- budgets, and states that cannot be read -----------------------------------------------------


def test_a_diagram_that_runs_in_circles_is_stopped(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check refuses such a diagram, so it comes in past the check, as from an older program."""
    monkeypatch.setattr(lint, "problems", lambda _files: [])
    office = furnish(database, going_in_circles())
    task = stopped(office)
    ((code, _, resolution, _),) = incidents_of(office, task.case_id)
    assert (code, resolution) == ("budget_exceeded", None)
    with database.read() as session:
        templates = session.scalars(select(Letter.template).where(Letter.case_id == task.case_id)).all()
    assert templates == ["submitted"]  # and not one of the many that were asked for
    assert_sound(office)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE case_run SET state_format = 99 WHERE id = :case",
        "UPDATE case_run SET state = :nonsense WHERE id = :case",
    ],
)
def test_a_state_that_cannot_be_read_is_left_as_it_is(damage: str, database: Database, clock: StandingClock) -> None:
    """A newer program's state, or a damaged one: nobody touches it, it is seen, and the others go on."""
    office = furnish(database)
    round_ = opened_round(office)
    task, other = at_acceptance(office, round_), at_acceptance(office, round_)
    unfiled = apply(office, round_)
    values = {"case": task.case_id, "nonsense": b"\x80\x04"}
    with database.write() as session:
        kept = session.execute(select(Case.state, Case.state_format).where(Case.id == task.case_id)).one()
        given = {name: value for name, value in values.items() if f":{name}" in damage}
        session.execute(text(damage), given)
        session.execute(text("UPDATE case_run SET wake_at = opened_at WHERE id = :case"), {"case": task.case_id})
    database.live = LiveCases(100)  # as after a start
    before = rows(office)
    with pytest.raises(StateUnreadable):
        office.complete("city", task, ANSWERS["acceptance"])
    assert rows(office) == before
    assert standing(office, task.case_id) == ("open", None)
    office.complete("city", other, ANSWERS["acceptance"])
    clock.move_to(CLOSED)
    assert timers.tick(database) == 2  # the round, and the application nobody filed
    assert standing(office, unfiled.id) == ("ended", "unfiled")
    with database.write() as session:
        query = text("UPDATE case_run SET state = :state, state_format = :format, wake_at = NULL WHERE id = :case")
        session.execute(query, {"state": kept.state, "format": kept.state_format, "case": task.case_id})
    ((code, _, resolution, _),) = incidents_of(office, task.case_id)
    assert (code, resolution) == ("state_unreadable", None)  # so the ticker does not try it again and again
    with database.write() as session:
        repairs.retry(session, office.actors["owner"], task.case_id)
    office.complete("city", task, ANSWERS["acceptance"])
    assert_sound(office)
