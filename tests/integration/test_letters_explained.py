"""Every letter of a case is explained by the record or by its task; the invariants of the fault tests find others."""

from typing import Any

import pytest

from engine import day_overrides, timers, urging
from engine.db import Database
from engine.models import Letter
from tests import samples
from tests.clock import StandingClock, moment
from tests.faults import invariants
from tests.office import BUREAU, Office, furnish

AT = "2025-04-11 10:00"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    """A tick told of a new task; the limit of another moved, and it was urged."""
    clock.move_to(samples.MOMENT)
    made = furnish(database)
    round_ = made.open_round()
    assert timers.post(database) == []
    made.complete("city", made.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    case = made.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id})
    clock.move_to("2025-04-10 10:00")
    made.complete("county", made.open_task(case.id, "fill_in"), samples.application_data())
    assert timers.post(database) == []
    clock.move_to(AT)
    with database.write() as session:
        day = moment("2025-04-14 00:00").date()
        day_overrides.put(
            session, made.actors["city"], BUREAU, day, working=False, reason="台风停工", number="示例〔2025〕3号"
        )
        urging.urge(session, made.actors["leader"], made.open_task(case.id, "acceptance").id)
    return made


def letters(office: Office) -> list[Letter]:
    with office.database.read() as session:
        return session.query(Letter).order_by(Letter.id).all()


def test_what_ticks_moves_and_urgings_tell_is_explained(office: Office) -> None:
    begun = {letter.dedupe_key.partition(":")[0] for letter in letters(office) if letter.case_id is not None}
    assert {"assigned", "moved", "urge"} <= begun
    assert invariants.violations(office.database.url) == []


@pytest.mark.parametrize(
    "change",
    [
        {"dedupe_key": "assigned:x:bureau_officer", "task_id": None},  # of no task
        {"dedupe_key": "assigned:y:bureau_officer", "organisation_code": "441882"},  # of another office's task
        {"dedupe_key": "assigned:z:bureau_officer", "created_at": moment("2025-01-01 09:00")},  # before there was any
        {"dedupe_key": "moved:task_id:x", "created_at": moment("2025-04-12 09:00")},  # nothing moved then
        {"dedupe_key": "moved:obligation_id:1", "case_id": None, "task_id": None},
        {"dedupe_key": "urge:x:2025-04-12", "created_at": moment("2025-04-12 09:00")},
        {"dedupe_key": "short:1:2025-07-11"},
        {"dedupe_key": "1:accepted"},  # without its line in the record
    ],
)
def test_a_letter_that_nothing_explains_is_found(office: Office, change: dict[str, Any]) -> None:
    like = next(letter for letter in letters(office) if letter.dedupe_key.startswith("urge:"))
    copied = {column.key: getattr(like, column.key) for column in Letter.__table__.columns if column.key != "id"}
    with office.database.write() as session:
        session.add(Letter(**copied | change))
    (found,) = invariants.violations(office.database.url)
    assert found.startswith("letter")
