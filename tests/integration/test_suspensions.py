"""A case that a leader suspends stands still, and its time limits with it; statutory dates go on."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from engine import moving, suspensions, timers
from engine.db import Database
from engine.errors import Forbidden, FormInvalid, NotFound, Refused
from engine.models import Case, Letter, Obligation, Reminder, Task
from tests import owing
from tests.clock import StandingClock, moment
from tests.office import Office, furnish
from tests.processes.test_replay import lived_again
from tests.processes.test_revocation import _pursued, _step
from tests.stopped import ANSWERS, CLOSED, apply, as_, assert_sound, at_acceptance, opened_round, recorded, standing

GROUND = {"ground": "appraisal", "reason": "委托机构鉴定", "clause": "行政许可法 第四十五条"}


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    clock.move_to("2025-05-20 10:00")  # a Tuesday
    return furnish(database)


def suspend(office: Office, case_id: int, who: str = "leader", **given: str) -> Any:
    with office.database.write() as session:
        return suspensions.suspend(session, office.actors[who], case_id, **(GROUND | given))


def resume(office: Office, case_id: int, who: str = "leader") -> Any:
    return as_(office, who, suspensions.resume, case_id, "鉴定意见已收到")


def due(office: Office, task: Task) -> str:
    with office.database.read() as session:
        at = session.get_one(Task, task.id).due_at
    return f"{at.astimezone(moment('2025-01-01').tzinfo):%m-%d %H:%M}" if at else ""


def waiting(office: Office, task: Task) -> dict[str, str]:
    """The reminders of a task that are still to leave: rung and day."""
    with office.database.read() as session:
        query = select(Reminder).where(
            Reminder.task_id == task.id, Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None)
        )
        zone = moment("2025-01-01").tzinfo
        return {each.rung: f"{each.fire_at.astimezone(zone):%m-%d}" for each in session.scalars(query)}


def test_a_suspended_case_stands_still_and_its_limit_with_it(office: Office, clock: StandingClock) -> None:
    task = at_acceptance(office, opened_round(office))
    assert due(office, task) == "05-27 23:59"  # five working days: 21, 22, 23, 26, 27
    assert timers.post(office.database) == []
    assert waiting(office, task) == {
        "3w": "05-22",
        "1w": "05-26",
        "0w": "05-27",
        "-1w": "05-28",
        "-3w": "05-30",
        "-5w": "06-04",
    }
    clock.move_to("2025-05-23 16:00")  # a Friday
    assert timers.post(office.database) == []
    suspend(office, task.case_id)
    with pytest.raises(Refused, match="中止"):
        office.complete("city", task, ANSWERS["acceptance"])
    clock.move_to("2025-05-29 10:00")  # past the old date: nobody is reminded of it
    assert timers.post(office.database) == []
    assert waiting(office, task) == {}
    with office.database.read() as session:
        late = session.scalars(select(Letter).where(Letter.template.in_(("task_due", "task_overdue")))).all()
        (listed,) = suspensions.waiting(session)
    assert late == []
    assert (listed["case_id"], listed["ground"], listed["working_days"]) == (
        task.case_id,
        "等待鉴定、检测或者专家评审",
        4,  # 26 to 29 May
    )
    clock.move_to("2025-06-03 09:00")  # a Tuesday; 端午 was from Saturday to Monday
    made = resume(office, task.case_id)
    assert made.working_days == 6  # 26 to 30 May and 3 June
    assert due(office, task) == "06-05 23:59"  # two days were left and two are: 4 and 5 June
    ((who, moved),) = recorded(office, task.case_id, "task.moved")
    assert (who, moved["old"][:10], moved["new"][:10]) == ("leader", "2025-05-27", "2025-06-05")
    ((who, told),) = recorded(office, task.case_id, "case.resumed")
    assert (who, told["working_days"], told["note"]) == ("leader", 6, "鉴定意见已收到")
    assert recorded(office, task.case_id, "case.suspended") == [("leader", GROUND)]
    with office.database.read() as session:
        (letter,) = session.scalars(select(Letter).where(Letter.template == "date_changed"))
    assert (letter.organisation_code, letter.fields["期限"]) == ("441800", "2025年6月5日")
    assert timers.post(office.database) == []
    assert waiting(office, task) == {"1w": "06-04", "0w": "06-05", "-1w": "06-06", "-3w": "06-10", "-5w": "06-12"}
    with office.database.write() as session:  # a later count of the bureau's dates leaves it there
        assert [entry for entry in moving.of_bureau(session, "441800") if entry.kind == "task.moved"] == []
    office.complete("city", task, ANSWERS["acceptance"])
    assert_sound(office)


def test_a_second_suspension_puts_it_off_again_and_one_of_a_day_does_not(office: Office, clock: StandingClock) -> None:
    task = at_acceptance(office, opened_round(office))
    suspend(office, task.case_id)
    clock.move_to("2025-05-20 17:00")
    resume(office, task.case_id)
    assert due(office, task) == "05-27 23:59"
    for out, back in (("2025-05-21 10:00", "2025-05-22 10:00"), ("2025-05-23 10:00", "2025-05-25 10:00")):
        clock.move_to(out)
        suspend(office, task.case_id)
        clock.move_to(back)
        resume(office, task.case_id)
    assert due(office, task) == "05-28 23:59"  # the second was over a weekend
    assert_sound(office)


def test_a_closing_minute_goes_on_and_is_found_passed(office: Office, clock: StandingClock) -> None:
    case = apply(office, opened_round(office))
    closing = due(office, office.open_task(case.id, "fill_in"))
    suspend(office, case.id)
    clock.move_to(CLOSED)
    timers.tick(office.database)
    assert standing(office, case.id) == ("suspended", None)
    clock.move_to("2025-07-02 10:00")
    assert_sound(office)
    resume(office, case.id)
    assert due(office, office.open_task(case.id, "fill_in")) == closing
    assert timers.tick(office.database) == 1
    assert standing(office, case.id) == ("ended", "unfiled")
    assert_sound(office)


def test_a_timer_on_a_step_is_put_off_with_its_limit(office: Office, clock: StandingClock) -> None:
    clock.move_to("2026-06-20 10:00")
    owing.recognised(office, date(2026, 6, 20), date(2029, 6, 20))
    clock.move_to("2026-07-01 10:00")  # a Wednesday
    case_id = _pursued(office)
    task = _step(office, "hear")
    assert due(office, task) == "07-15 23:59"  # ten working days
    suspend(office, case_id)
    clock.move_to("2026-07-16 10:00")
    assert timers.tick(office.database) == 0
    resume(office, case_id)  # eleven working days: 2, 3, 6–10, 13–16
    assert due(office, task) == "07-30 23:59"
    ((_, told),) = recorded(office, case_id, "case.resumed")
    assert [place.rpartition("/")[2] for place in told["timers"]] == ["hearing_over"]
    clock.move_to("2026-07-30 23:59")
    assert timers.tick(office.database) == 0
    clock.move_to("2026-07-31 00:00")
    assert timers.tick(office.database) == 1
    assert office.open_elements(case_id) == ["propose_revocation"]
    lived_again(office, case_id)
    assert_sound(office)


def test_what_is_owed_stays_due_and_is_reminded_of_again(office: Office, clock: StandingClock) -> None:
    clock.move_to("2026-06-20 10:00")
    owing.recognised(office, date(2026, 6, 20), date(2029, 6, 20))
    clock.move_to("2027-01-20 10:00")
    assert timers.post(office.database) == []  # the report is opened by itself
    with office.database.read() as session:
        owed = session.scalars(select(Obligation).where(Obligation.kind == "annual_report")).first()
    assert owed is not None
    assert owed.case_id is not None
    before = owed.due_at
    suspend(office, owed.case_id)
    assert timers.post(office.database) == []

    def to_come() -> list[str]:
        with office.database.read() as session:
            query = select(Reminder.rung).where(
                Reminder.obligation_id == owed.id, Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None)
            )
            return sorted(session.scalars(query), key=int)

    assert to_come() == []
    clock.move_to("2027-02-20 10:00")
    resume(office, owed.case_id)
    assert timers.post(office.database) == []
    assert to_come()[-1] in {"14", "30"}
    with office.database.read() as session:
        assert session.get_one(Obligation, owed.id).due_at == before
    assert_sound(office)


def test_who_may_suspend_what_and_why(office: Office, clock: StandingClock) -> None:
    round_ = opened_round(office)
    task = at_acceptance(office, round_)
    for who, refusal in (("city", Forbidden), ("county", Forbidden), ("owner", NotFound), ("sibling", NotFound)):
        with pytest.raises(refusal):
            suspend(office, task.case_id, who)
    for wrong in ({"reason": " "}, {"reason": "长" * 501}, {"ground": "whim"}, {"clause": "一\n二"}):
        with pytest.raises(FormInvalid):
            suspend(office, task.case_id, **wrong)
    with pytest.raises(Refused, match="对外公布"):
        suspend(office, round_.case_id or 0)
    with pytest.raises(Refused, match="没有中止"):
        resume(office, task.case_id)
    suspend(office, task.case_id)
    with pytest.raises(Refused, match="已经中止"):
        suspend(office, task.case_id)
    for who, refusal in (("city", Forbidden), ("sibling", NotFound)):
        with pytest.raises(refusal):
            resume(office, task.case_id, who)
    with office.database.read() as session:
        case = session.get_one(Case, task.case_id)
        seen = {
            who: [row["reason"] for row in suspensions.of_case(session, office.actors[who], case)]
            for who in ("county", "city", "expert")
        }
        listed = {who: len(suspensions.listed(session, office.actors[who])) for who in ("city", "leader", "sibling")}
    assert seen == {"county": ["委托机构鉴定"], "city": ["委托机构鉴定"], "expert": [""]}
    assert listed == {"city": 1, "leader": 1, "sibling": 0}
    assert_sound(office)
