"""A case that cannot go on is undone and seen, and stops nobody else; a person gets it going again."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from engine import accounts, bounds, bundle, cases, lint, repairs, timers
from engine.db import Database, LiveCases
from engine.errors import (
    AlreadyDone,
    CaseStopped,
    Conflict,
    Forbidden,
    JiqunError,
    NotFound,
    Refused,
    StateUnreadable,
)
from engine.models import Case, Event, Incident, Letter, Round, Submission, Task
from tests import samples
from tests.clock import StandingClock, standing_at
from tests.faults import invariants
from tests.office import COUNTY, REGIME, Office, furnish

ANSWERS = samples.ANSWERS
CLOSED = "2025-06-30 17:30:01"
HIGHER = "higher_level_recognition in [&quot;national&quot;, &quot;provincial&quot;]"
TOLD = 'case_id in decided["recognised"]'
LOOP = '<bpmn:sequenceFlow id="tell_accepted_to_higher_level" sourceRef="tell_accepted" targetRef="{}"'


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    with standing_at(samples.MOMENT) as standing:
        yield standing


def changed(old: str, new: str, file: str = "application.bpmn") -> dict[str, bytes]:
    """The shipped bundle with one thing in a diagram said differently."""
    files = dict(bundle.shipped(REGIME))
    drawn = files[file].decode()
    assert drawn.count(old) == 1, old
    files[file] = drawn.replace(old, new).encode()
    return files


def broken_after_acceptance() -> dict[str, bytes]:
    """Whoever is accepted comes to a question that compares a text with a number: no check can foresee it."""
    return changed('higher_level_recognition in ["national", "provincial"]', "higher_level_recognition &gt; 3")


def broken_for_parks() -> dict[str, bytes]:
    """Only an application of a park fails, and only when its round is decided."""
    return changed(TOLD, f'{TOLD} if applicant_level == "county" else decided["recognised"] &gt; 3')


def opened_round(office: Office) -> Round:
    begun = office.open_round()
    office.complete("city", office.open_task(case_of(begun), "call_notice"), ANSWERS["call_notice"])
    return begun


def case_of(round_: Round) -> int:
    assert round_.case_id is not None
    return round_.case_id


def at_acceptance(office: Office, round_: Round, who: str = "county", **answers: Any) -> Task:
    case = office.open_case(who, {**ANSWERS["application_start"], "round_id": round_.id})
    office.complete(who, office.open_task(case.id, "fill_in"), samples.application_data(**answers))
    if who == "park":
        office.complete("county", office.open_task(case.id, "forward"), ANSWERS["forward"])
    return office.open_task(case.id, "acceptance")


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
        rows = session.execute(
            select(Event.actor, Event.payload).where(Event.case_id == case_id, Event.kind == kind).order_by(Event.seq)
        )
        return [(row.actor, row.payload) for row in rows]


def contents(office: Office) -> dict[str, int]:
    """How many rows there are of what a completion writes."""
    with office.database.read() as session:
        return {
            model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0
            for model in (Case, Task, Submission, Letter, Event)
        }


def owner(office: Office, act: Any, *given: Any, who: str = "owner") -> Case:
    with office.database.write() as session:
        case: Case = act(session, office.actors[who], *given)
        return case


def sound(office: Office) -> None:
    assert invariants.violations(office.database.url) == []


# ---- the person is told, and nothing of the command remains --------------------------------------


def test_who_completes_is_told_and_nothing_of_the_command_remains(database: Database, clock: StandingClock) -> None:
    office = furnish(database, broken_after_acceptance())
    task = at_acceptance(office, opened_round(office))
    before = contents(office)
    with pytest.raises(CaseStopped, match="没有生效") as stopped:
        office.complete("city", task, ANSWERS["acceptance"])
    assert stopped.value.facts["case"] == task.case_id
    assert contents(office) == {**before, "event": before["event"] + 1}  # that it stopped
    assert office.open_elements(task.case_id) == ["acceptance"]
    assert standing(office, task.case_id) == ("incident", None)
    assert incidents_of(office, task.case_id) == [("expression_failed", "higher_level", None, None)]
    ((actor, payload),) = recorded(office, task.case_id, "case.stopped")
    assert (actor, payload["code"]) == ("city", "expression_failed")
    with database.read() as session:
        (listed,) = repairs.waiting(session)
    assert (listed["case_id"], listed["code"]) == (task.case_id, "expression_failed")
    sound(office)


def test_a_stopped_case_is_not_worked_on_and_has_one_incident(database: Database, clock: StandingClock) -> None:
    office = furnish(database, broken_after_acceptance())
    round_ = opened_round(office)
    task, other = at_acceptance(office, round_), at_acceptance(office, round_)
    with pytest.raises(CaseStopped):
        office.complete("city", task, ANSWERS["acceptance"])
    for _ in range(2):
        with pytest.raises(Refused, match="异常"):
            office.complete("city", task, ANSWERS["acceptance"])
    assert len(incidents_of(office, task.case_id)) == 1
    refusal = {"decision": "refuse", "opinion": "不属于受理范围"}  # a way on which nothing is wrong
    assert office.complete("city", other, refusal).outcome == "not_accepted"
    sound(office)


def test_a_case_that_cannot_even_begin_leaves_nothing(database: Database, clock: StandingClock) -> None:
    office = furnish(database, changed('"P30D"', '"P30D"') if False else failing_at_once())
    before = contents(office)
    with pytest.raises(CaseStopped):
        office.open_round()
    assert contents(office) == before
    assert incidents_of(office, 1) == []
    sound(office)


def failing_at_once() -> dict[str, bytes]:
    """A round whose first step is a question about a text as if it were a number."""
    return changed(
        '<bpmn:sequenceFlow id="start_round_to_call_notice" sourceRef="start_round" targetRef="call_notice" />',
        '<bpmn:exclusiveGateway id="which" name="哪一级？" default="which_to_call_notice" />'
        '<bpmn:sequenceFlow id="start_round_to_which" sourceRef="start_round" targetRef="which" />'
        '<bpmn:sequenceFlow id="which_to_call_notice" sourceRef="which" targetRef="call_notice" />'
        '<bpmn:sequenceFlow id="which_to_draft_list" name="甲" sourceRef="which" targetRef="draft_list">'
        '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">applicant_level &gt; 3</bpmn:conditionExpression>'
        "</bpmn:sequenceFlow>",
        "round.bpmn",
    )


def test_the_number_of_a_case_that_never_was_may_be_anothers(database: Database, clock: StandingClock) -> None:
    """SQLite gives a number again. Between the undoing and the incident another case may have taken it."""
    office = furnish(database)
    round_ = opened_round(office)
    undone: list[JiqunError] = []
    with database.write() as session:
        case = cases.open_case(session, office.actors["county"], REGIME, "application", start(round_))
        stopping = stopped_by(case)
        session.rollback()
        undone.append(stopping)
    clock.move_by(seconds=1)
    with database.write() as session:
        session.execute(text("SELECT 1"))
    other = office.open_case("county", start(round_))
    with database.write() as session:
        session.execute(text("UPDATE case_run SET title = title"))
        stopping.case_id = other.id
    assert standing(office, other.id) == ("open", None)


def start(round_: Round) -> dict[str, Any]:
    return {**ANSWERS["application_start"], "round_id": round_.id}


def stopped_by(_case: Case) -> Any:
    raise NotImplementedError
