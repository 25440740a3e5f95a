"""A case that cannot go on is undone and seen, and stops nobody else; a person gets it going again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from engine import accounts, bundle, cases, deployments, repairs, timers
from engine.db import Database, LiveCases
from engine.errors import CaseStopped, Conflict, Forbidden, NotFound, Refused, StateUnreadable
from engine.instance import bounds
from engine.models import Case, Event, Incident, Letter, Round, Submission, Task
from tests import samples
from tests.clock import StandingClock, standing_at
from tests.faults import invariants
from tests.office import COUNTY, REGIME, Office, furnish

ANSWERS = samples.ANSWERS
CLOSED = "2025-06-30 17:30:01"
REFUSAL = {"decision": "refuse", "opinion": "不属于受理范围"}
EMPTY_LIST = {"cases": [], "reasons": [], "opinion": "本批次没有符合条件的集群。"}


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    with standing_at(samples.MOMENT) as standing:
        yield standing


# ---- diagrams that pass the check and fail on some data ------------------------------------------


def changed(file: str, old: str, new: str) -> dict[str, bytes]:
    """The shipped bundle with one thing in a diagram said differently."""
    files = dict(bundle.shipped(REGIME))
    drawn = files[file].decode()
    assert drawn.count(old) == 1, old
    files[file] = drawn.replace(old, new).encode()
    return files


def failing_after_acceptance() -> dict[str, bytes]:
    """Who is accepted comes to a question that compares a text with a number."""
    old = 'higher_level_recognition in ["national", "provincial"]'
    return changed("application.bpmn", old, "higher_level_recognition &gt; 3")


def failing_for_parks_at_the_start() -> dict[str, bytes]:
    """The closing time of a park's application is no moment."""
    old = ">closes_at</bpmn:timeDate>"
    return changed("application.bpmn", old, '>closes_at if applicant_level != "park" else applicant_level</bpmn:timeDate>')


def failing_for_parks_when_decided() -> dict[str, bytes]:
    """What a park's application is told in the end it cannot understand."""
    old = 'case_id in decided["recognised"]'
    return changed("application.bpmn", old, f'{old} if applicant_level != "park" else applicant_level &gt; 3')


def failing_when_the_first_round_closes() -> dict[str, bytes]:
    """Closing, the first round is given a number where a moment belongs: an effect that cannot be carried out."""
    files = dict(bundle.shipped(REGIME))
    before, closing, after = files["round.bpmn"].decode().partition("value=\"'closed'\"")
    wrong = 'value="closes_at if round_id &gt; 1 else 7"'
    files["round.bpmn"] = (before + closing + after.replace('value="closes_at"', wrong, 1)).encode()
    return files


def going_in_circles() -> dict[str, bytes]:
    """Who is accepted is asked again whether they were: without end, and without waiting for anybody."""
    flow = '<bpmn:sequenceFlow id="tell_accepted_to_higher_level" sourceRef="tell_accepted" targetRef="{}"'
    files = changed("application.bpmn", flow.format("higher_level"), flow.format("acceptance_decision"))
    arrow, gate = "<bpmn:incoming>{}</bpmn:incoming>", "acceptance_to_acceptance_decision"
    drawn = files["application.bpmn"].decode().replace(arrow.format("tell_accepted_to_higher_level"), "")
    both = arrow.format(gate) + arrow.format("tell_accepted_to_higher_level")
    return {**files, "application.bpmn": drawn.replace(arrow.format(gate), both).encode()}


# ---- what the tests do and look at ---------------------------------------------------------------


def opened_round(office: Office) -> Round:
    begun = office.open_round()
    office.complete("city", office.open_task(case_of(begun), "call_notice"), ANSWERS["call_notice"])
    return begun


def case_of(round_: Round) -> int:
    assert round_.case_id is not None
    return round_.case_id


def apply(office: Office, round_: Round, who: str = "county") -> Case:
    return office.open_case(who, {**ANSWERS["application_start"], "round_id": round_.id})


def at_acceptance(office: Office, round_: Round, who: str = "county", **answers: Any) -> Task:
    case = apply(office, round_, who)
    office.complete(who, office.open_task(case.id, "fill_in"), samples.application_data(**answers))
    if who == "park":
        office.complete("county", office.open_task(case.id, "forward"), ANSWERS["forward"])
    return office.open_task(case.id, "acceptance")


def waiting_for_its_round(office: Office, round_: Round, who: str = "county") -> int:
    """An application that a higher level has recognised already: it needs no reviews."""
    task = at_acceptance(office, round_, who, higher_level_recognition="provincial")
    office.complete("city", task, ANSWERS["acceptance"])
    office.complete("city", office.open_task(task.case_id, "verify_higher_level"), ANSWERS["verify_higher_level"])
    return task.case_id


def stopped(office: Office) -> Task:
    """A task whose completion has stopped its case."""
    task = at_acceptance(office, opened_round(office))
    with pytest.raises(CaseStopped):
        office.complete("city", task, ANSWERS["acceptance"])
    return task


def as_(office: Office, who: str, act: Callable[..., Case], *given: Any) -> Case:
    with office.database.write() as session:
        return act(session, office.actors[who], *given)


def standing(office: Office, case_id: int) -> tuple[str, str | None]:
    with office.database.read() as session:
        case = session.get_one(Case, case_id)
        return case.status, case.outcome


def incidents_of(office: Office, case_id: int) -> list[tuple[str, str | None, str | None, str | None]]:
    with office.database.read() as session:
        found = session.scalars(select(Incident).where(Incident.case_id == case_id).order_by(Incident.id))
        return [(each.code, each.element, each.resolution, each.closed_by) for each in found]


def recorded(office: Office, case_id: int, kind: str) -> list[tuple[str, Any]]:
    with office.database.read() as session:
        query = select(Event.actor, Event.payload).where(Event.case_id == case_id, Event.kind == kind)
        return [(row.actor, row.payload) for row in session.execute(query.order_by(Event.seq))]


def rows(office: Office) -> dict[str, int]:
    """How many there are of what a command writes."""
    with office.database.read() as session:
        tables = (Case, Task, Submission, Letter, Incident, Event)
        return {each.__tablename__: session.scalar(select(func.count()).select_from(each)) or 0 for each in tables}


def assert_sound(office: Office) -> None:
    assert invariants.violations(office.database.url) == []


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
    assert incidents_of(office, task.case_id) == [("expression_failed", "higher_level", None, None)]
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
    assert office.open_elements(case_of(well)) == ["draft_list"]
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
    office.complete("city", office.open_task(case_of(round_), "draft_list"), EMPTY_LIST)
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


# ---- a person gets it going again ----------------------------------------------------------------


def test_a_case_that_is_tried_again_goes_on_once_the_reason_is_gone(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = furnish(database)
    task = at_acceptance(office, opened_round(office))
    with monkeypatch.context() as tight, pytest.raises(CaseStopped):
        tight.setattr(bounds, "MAX_STEPS", 1)
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
    assert incidents_of(office, task.case_id) == [("expression_failed", "higher_level", "repaired", "owner")]
    said = {"variables": {"higher_level_recognition": 1}, "reason": reason}
    assert recorded(office, task.case_id, "incident.repaired") == [("owner", said)]
    assert_sound(office)


def test_a_repaired_timer_wakes_its_case(database: Database, clock: StandingClock) -> None:
    office = furnish(database, failing_when_the_first_round_closes())
    round_ = opened_round(office)
    clock.move_to(CLOSED)
    timers.tick(database)
    as_(office, "owner", repairs.repair, case_of(round_), {"round_id": 2}, "更正批次编号")
    assert timers.tick(database) == 1
    assert office.open_elements(case_of(round_)) == ["draft_list"]
    assert_sound(office)


def test_a_cancelled_case_ends_without_an_outcome_and_its_tasks_with_it(
    database: Database, clock: StandingClock
) -> None:
    office = furnish(database, failing_after_acceptance())
    task = stopped(office)
    as_(office, "owner", repairs.cancel, task.case_id, "申报主体撤回")
    assert standing(office, task.case_id) == ("cancelled", None)
    assert office.open_elements(task.case_id) == []
    assert incidents_of(office, task.case_id) == [("expression_failed", "higher_level", "cancelled", "owner")]
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


# ---- budgets, and states that cannot be read -----------------------------------------------------


def test_a_diagram_that_runs_in_circles_is_stopped(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check refuses such a diagram, so it comes in past the check, as from an older program."""
    monkeypatch.setattr(deployments.lint, "problems", lambda _files: [])
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
    ["UPDATE case_run SET state_format = 99 WHERE id = :case", "UPDATE case_run SET state = :nonsense WHERE id = :case"],
)
def test_a_state_that_cannot_be_read_is_left_as_it_is(damage: str, database: Database, clock: StandingClock) -> None:
    """A newer program's state, or a damaged one: nobody touches it, and the others go on."""
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
    office.complete("city", task, ANSWERS["acceptance"])
    assert_sound(office)
