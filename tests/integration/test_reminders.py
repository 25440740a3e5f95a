"""Who is told what and when: each once, whoever ticks, however late, and never past the deadline."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from engine import accounts, deliveries, obligations, singly, timers
from engine.clock import SHANGHAI
from engine.db import Database
from engine.due_dates import end_of
from engine.models import (
    Case,
    Delivery,
    Deployment,
    DeploymentFile,
    Digest,
    Letter,
    LetterChoice,
    Membership,
    Obligation,
    Person,
    Reminder,
    Substitute,
    Task,
)
from tests import samples
from tests.clock import StandingClock, moment
from tests.office import BUREAU, REGIME, Office, furnish
from tests.owing import recognised


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    clock.move_to("2025-05-20 10:00")
    made = furnish(database)
    with database.write() as session:
        session.execute(update(Person).values(email=Person.name.concat("@example.invalid")))
    return made


@pytest.fixture
def case_id(office: Office) -> int:
    """An application that waits at the bureau's acceptance; what was said before is out."""
    round_ = office.open_round()
    office.complete("city", office.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    case = office.open_case("county", samples.ANSWERS["application_start"] | {"round_id": round_.id})
    office.complete("county", office.open_task(case.id, "fill_in"), samples.ANSWERS["application"])
    return case.id


def tick(office: Office) -> None:
    assert timers.post(office.database) == []


def rows(office: Office, query: Any) -> list[Any]:
    with office.database.read() as session:
        return list(session.scalars(query))


def told(office: Office, *templates: str) -> list[tuple[str, str]]:
    """Who was told what: template and account, in order."""
    query = select(Delivery.template, Person.name).join(Person, Person.id == Delivery.person_id)
    with office.database.read() as session:
        found = session.execute(query.where(Delivery.template.in_(templates)).order_by(Delivery.id))
        return sorted((row.template, row.name) for row in found)


def person(office: Office, name: str) -> int:
    return office.actors[name].person_id


def choose(office: Office, name: str, **choice: Any) -> None:
    usual = {"mail": True, "digest": False, "quiet_from": 0, "quiet_until": 0, "working_days_only": False}
    with office.database.write() as session:
        session.add(LetterChoice(person_id=person(office, name), **usual | choice))


def owed(office: Office, due_at: datetime, rungs: Iterable[tuple[str, datetime]], **reminder: Any) -> int:
    """An obligation of the bureau's with these rungs, planned already."""
    with office.database.write() as session:
        row = Obligation(
            regime=REGIME, bureau_code=BUREAU, kind="round_closing", year=due_at.year, printed_on=due_at.date(),
            effective_on=due_at.date(), due_at=due_at, earliest_on=due_at.date(), latest_on=due_at.date(),
            provisional=False, calendar_revision="", clause="", state="open", planned_at=due_at,
        )  # fmt: skip
        session.add(row)
        session.flush()
        times = sorted(rungs, key=lambda rung: rung[1])
        usual = {"revision": 1, "template": "round_closing", "statutory": True, "escalates": False}
        for at, (rung, fire_at) in enumerate(times):
            following = times[at + 1][1] if at + 1 < len(times) else None
            key = {"obligation_id": row.id, "rung": rung, "fire_at": fire_at, "next_at": following}
            session.add(Reminder(**usual | key | reminder))
            session.flush()
        return row.id


# ---- planning -----------------------------------------------------------------------------------


def test_a_new_task_is_told_once_to_those_who_may_do_it(office: Office, case_id: int) -> None:
    with office.database.write() as session:  # the diagram's own letter of this change is taken away
        session.execute(delete(Letter))
    for _ in range(2):
        tick(office)
    assert told(office, "task_assigned") == [("task_assigned", "city"), ("task_assigned", "city2")]
    (letter,) = rows(office, select(Letter))
    task = office.open_task(case_id, "acceptance")
    assert (letter.task_id, letter.role, letter.fields["环节"]) == (task.id, "bureau_officer", task.title)


def test_who_has_two_roles_that_may_do_a_task_is_told_of_it_once(office: Office, case_id: int) -> None:
    """The office's two roles get a letter each; the city officer has both, and finds one letter."""
    task = office.open_task(case_id, "acceptance")
    with office.database.write() as session:
        accounts.grant(session, session.get_one(Person, person(office, "city")), "publisher", BUREAU, by="setup")
        session.execute(update(Task).where(Task.id == task.id).values(roles=" bureau_officer publisher "))
        session.execute(delete(Letter).where(Letter.case_id == case_id))
    tick(office)
    written = rows(office, select(Letter).where(Letter.task_id == task.id))
    assert sorted(each.role for each in written) == ["bureau_officer", "publisher"]
    assert [each for each in told(office, "task_assigned") if each[1].startswith(("city", "publisher"))] == [
        ("task_assigned", "city"),
        ("task_assigned", "city2"),
        ("task_assigned", "publisher"),
    ]


def test_who_was_told_by_the_diagram_is_not_told_again(office: Office, case_id: int) -> None:
    task = office.open_task(case_id, "acceptance")
    (letter,) = rows(office, select(Letter).where(Letter.case_id == case_id))
    assert (letter.template, letter.created_at, letter.organisation_code) == ("submitted", task.opened_at, BUREAU)
    tick(office)
    assert told(office, "task_assigned") == []
    assert told(office, "submitted") == [("submitted", "city"), ("submitted", "city2")]


def test_a_task_has_the_rungs_of_its_ladder_in_working_days(office: Office, case_id: int) -> None:
    """受理: five working days. Counted by hand from the calendar of 2025."""
    tick(office)
    task = office.open_task(case_id, "acceptance")
    opened = task.opened_at.astimezone(SHANGHAI)
    assert (opened.date().isoformat(), opened.strftime("%a")) == ("2025-05-20", "Tue")
    assert task.due_at == moment("2025-05-27T23:59:59+08:00")
    planned = rows(office, select(Reminder).where(Reminder.task_id == task.id).order_by(Reminder.fire_at))
    assert [(row.rung, row.fire_at, row.template, row.escalates) for row in planned] == [
        ("3w", moment("2025-05-22 09:00"), "task_due", False),
        ("1w", moment("2025-05-26 09:00"), "task_due", False),
        ("0w", moment("2025-05-27 09:00"), "task_due", False),
        ("-1w", moment("2025-05-28 09:00"), "task_overdue", True),
        ("-3w", moment("2025-05-30 09:00"), "task_overdue", True),
        ("-5w", moment("2025-06-04 09:00"), "task_overdue", True),  # 2 June 2025 is off: 端午节 was on Saturday
    ]
    assert [row.next_at for row in planned] == [*(row.fire_at for row in planned[1:]), None]


def test_a_round_has_its_closing_minute_in_the_register_and_loses_it_when_it_is_closed(
    office: Office, case_id: int, clock: StandingClock
) -> None:
    tick(office)
    (row,) = rows(office, select(Obligation))
    closes_at = moment(samples.ANSWERS["call_notice"]["closes_at"])
    assert (row.kind, row.due_at, row.state) == ("round_closing", closes_at, "open")
    clock.move_to(closes_at + timedelta(minutes=1))
    timers.tick(office.database)
    (row,) = rows(office, select(Obligation))
    assert (row.state, row.settled_at) == ("met", clock.at)


def test_the_closing_minute_is_never_reminded_of_when_it_has_passed(office: Office, clock: StandingClock) -> None:
    """A closing at eight: the day's reminder would be an hour late."""
    clock.move_to("2025-05-20 10:00")
    with office.database.write() as session:
        round_ = office_round(session)
        obligations.of_round(session, round_, moment("2025-06-30 08:00"), "")
    tick(office)
    on_the_day = rows(office, select(Reminder).where(Reminder.rung == "0"))
    assert [row.fire_at for row in on_the_day] == [moment("2025-06-30 08:00")]


def office_round(session: Any) -> Any:
    from engine.models import Round

    round_ = Round(
        regime=REGIME, bureau_code=BUREAU, year=2025, title="批次", state="open", created_at=moment("2025-05-20"),
        created_by="city",
    )  # fmt: skip
    session.add(round_)
    session.flush()
    return round_


def test_a_date_that_is_moved_is_planned_anew_and_what_went_out_is_not_repeated(
    office: Office, clock: StandingClock
) -> None:
    clock.move_to("2025-06-16 08:00")
    with office.database.write() as session:
        round_ = office_round(session)
        obligations.of_round(session, round_, moment("2025-06-30 17:30"), "")
    tick(office)
    clock.move_to("2025-06-16 09:00")
    tick(office)
    assert told(office, "round_closing") == [("round_closing", "city"), ("round_closing", "city2")]
    with office.database.write() as session:
        obligations.of_round(session, session.merge(round_), moment("2025-07-02 17:30"), "")
    tick(office)
    standing = select(Reminder).where(Reminder.withdrawn_at.is_(None), Reminder.expanded_at.is_(None))
    planned = rows(office, standing.order_by(Reminder.fire_at))
    assert [(row.rung, row.revision, row.fire_at) for row in planned] == [
        ("7", 2, moment("2025-06-25 09:00")),  # and no second reminder of fourteen days, two days after the first
        ("3", 2, moment("2025-06-29 09:00")),
        ("1", 2, moment("2025-07-01 09:00")),
        ("0", 2, moment("2025-07-02 09:00")),
    ]


def test_a_printed_date_that_is_no_working_day_has_one_rung_more_on_the_working_day_before(
    office: Office, clock: StandingClock
) -> None:
    """15 March 2026 is a Sunday; the Friday before it is the 13th."""
    clock.move_to("2026-03-02 08:00")
    recognised(office, date(2025, 6, 20), date(2028, 6, 20))
    tick(office)
    query = select(Reminder).join(Obligation).where(Obligation.kind == "annual_report", Obligation.year == 2026)
    planned = rows(office, query.order_by(Reminder.fire_at))
    assert [(row.rung, row.fire_at.astimezone(SHANGHAI).date().isoformat()) for row in planned] == [
        ("7", "2026-03-08"),
        ("3", "2026-03-12"),
        ("eve", "2026-03-13"),
        ("1", "2026-03-14"),
        ("0", "2026-03-15"),
        ("-1", "2026-03-16"),
        ("-7", "2026-03-22"),
        ("-14", "2026-03-29"),
    ]


def test_validity_is_reminded_of_at_its_five_rungs(office: Office, clock: StandingClock) -> None:
    clock.move_to("2026-01-05 08:00")
    recognised(office, date(2023, 12, 18), date(2026, 12, 18))
    tick(office)
    query = select(Reminder).join(Obligation).where(Obligation.kind == "expiry").order_by(Reminder.fire_at)
    assert [(row.rung, row.fire_at, row.template) for row in rows(office, query)] == [
        ("180", moment("2026-06-21 09:00"), "validity"),
        ("90", moment("2026-09-19 09:00"), "validity"),
        ("60", moment("2026-10-19 09:00"), "validity"),
        ("30", moment("2026-11-18 09:00"), "validity"),
        ("7", moment("2026-12-11 09:00"), "validity"),
    ]
    clock.move_to("2026-11-18 08:00")
    tick(office)
    before = told(office, "validity", "escalation")
    clock.move_to("2026-11-18 09:00")
    tick(office)
    assert sorted((Counter(told(office, "validity", "escalation")) - Counter(before)).elements()) == [
        ("escalation", "city"),
        ("escalation", "city2"),
        ("validity", "county"),
        ("validity", "county2"),
    ]


# ---- firing -------------------------------------------------------------------------------------


def test_a_reminder_leaves_on_the_minute_and_once(office: Office, clock: StandingClock) -> None:
    due = moment("2025-06-30 17:30")
    owed(office, due, [("7", moment("2025-06-23 09:00"))])
    clock.move_to("2025-06-23 08:59:59")
    tick(office)
    assert told(office, "round_closing") == []
    clock.move_by(seconds=1)
    for _ in range(3):
        tick(office)
    assert told(office, "round_closing") == [("round_closing", "city"), ("round_closing", "city2")]
    assert len(set(rows(office, select(Delivery.dedupe_key)))) == 2


def test_after_a_stop_only_the_nearest_rung_goes_and_the_others_are_recorded(
    office: Office, clock: StandingClock
) -> None:
    due = moment("2025-06-30 17:30")
    times = [("7", "2025-06-23 09:00"), ("3", "2025-06-27 09:00"), ("1", "2025-06-29 09:00"), ("0", "2025-06-30 09:00")]
    owed(office, due, [(rung, moment(at)) for rung, at in times])
    clock.move_to("2025-06-29 21:00")  # all nodes were down for a week
    tick(office)
    by_rung = {row.rung: row for row in rows(office, select(Reminder))}
    assert [row.reminder_id for row in rows(office, select(Delivery))] == [by_rung["1"].id] * 2
    assert [by_rung[rung].superseded_by for rung in ("7", "3", "1", "0")] == [by_rung["1"].id] * 2 + [None] * 2
    assert [by_rung[rung].expanded_at for rung in ("7", "3", "1", "0")] == [clock.at] * 3 + [None]


def test_of_two_rungs_at_one_moment_one_goes(office: Office, clock: StandingClock) -> None:
    friday = moment("2026-03-13 09:00")
    owed(office, end_of(moment("2026-03-14").date()), [("eve", friday), ("1", friday)])
    clock.move_to(friday)
    tick(office)
    assert len(rows(office, select(Delivery))) == 2, "one for each of the two officers"


def test_what_is_done_is_not_reminded_of(office: Office, case_id: int, clock: StandingClock) -> None:
    tick(office)
    task = office.open_task(case_id, "acceptance")
    office.complete("city", task, samples.ANSWERS["acceptance"])
    clock.move_to("2025-05-22 09:00")
    tick(office)
    assert told(office, "task_due") == []
    first = rows(office, select(Reminder).where(Reminder.task_id == task.id).order_by(Reminder.fire_at))[0]
    assert (first.withdrawn_at, first.expanded_at) == (clock.at, clock.at)


def test_a_task_that_somebody_has_taken_is_their_matter(office: Office, case_id: int, clock: StandingClock) -> None:
    tick(office)
    with office.database.write() as session:
        session.execute(update(Task).where(Task.case_id == case_id).values(assignee_id=person(office, "city2")))
    clock.move_to("2025-05-22 09:00")
    tick(office)
    assert told(office, "task_due") == [("task_due", "city2")]


def test_the_superior_is_told_from_a_rung_on(office: Office, case_id: int, clock: StandingClock) -> None:
    tick(office)
    clock.move_to("2025-05-27 09:00")
    tick(office)
    assert told(office, "escalation") == []
    clock.move_to("2025-05-28 09:00")
    tick(office)
    assert told(office, "escalation") == [("escalation", "leader")]
    assert told(office, "task_overdue") == [("task_overdue", "city"), ("task_overdue", "city2")]


def test_who_stands_in_today_is_told_beside_the_absent_one(office: Office, clock: StandingClock) -> None:
    with office.database.write() as session:
        for member in ("city2",):
            session.execute(delete(Membership).where(Membership.person_id == person(office, member)))
        day = moment("2025-06-23").date()
        away = {"person_id": person(office, "city"), "substitute_id": person(office, "leader")}
        session.add(Substitute(**away, first_day=day, last_day=day, named_at=clock.at, named_by="city"))
    owed(office, moment("2025-06-30 17:30"), [("7", moment("2025-06-23 09:00"))])
    owed_later = [("6", moment("2025-06-24 09:00"))]
    clock.move_to("2025-06-23 09:00")
    tick(office)
    assert told(office, "round_closing") == [("round_closing", "city"), ("round_closing", "leader")]
    owed(office, moment("2025-07-01 17:30"), owed_later)
    clock.move_to("2025-06-24 09:00")
    tick(office)
    assert told(office, "round_closing") == [("round_closing", "city")] * 2 + [("round_closing", "leader")]


def test_who_is_disabled_is_told_nothing(office: Office, clock: StandingClock) -> None:
    with office.database.write() as session:
        session.execute(update(Person).where(Person.name == "city2").values(disabled_at=clock.at))
    owed(office, moment("2025-06-30 17:30"), [("7", moment("2025-06-23 09:00"))])
    clock.move_to("2025-06-23 09:00")
    tick(office)
    assert told(office, "round_closing") == [("round_closing", "city")]


# ---- how it reaches them ------------------------------------------------------------------------


def status(office: Office, name: str) -> tuple[str, datetime]:
    row = rows(office, select(Delivery).where(Delivery.person_id == person(office, name)))[-1]
    return row.status, row.not_before


@pytest.mark.parametrize(
    ("statutory", "choice", "status_", "not_before"),
    [
        (True, {"mail": False}, "due", "2025-06-23 09:00"),  # nobody can silence what the law asks us to tell
        (True, {"digest": True}, "due", "2025-06-23 09:00"),
        (False, {"mail": False}, "none", "2025-06-23 09:00"),
        (False, {"digest": True}, "held", "2025-06-24 08:30"),
        (False, {}, "due", "2025-06-23 09:00"),
        (False, {"quiet_from": 8, "quiet_until": 14}, "due", "2025-06-23 14:00"),
        (True, {"quiet_from": 8, "quiet_until": 14}, "due", "2025-06-23 14:00"),
        (True, {"quiet_from": 22, "quiet_until": 9}, "due", "2025-06-23 09:00"),
        (True, {"quiet_from": 22, "quiet_until": 10}, "due", "2025-06-23 10:00"),
    ],
)
def test_preferences_choose_the_way_and_silence_nothing_statutory(
    office: Office, clock: StandingClock, *, statutory: bool, choice: dict[str, Any], status_: str, not_before: str
) -> None:
    choose(office, "city", **choice)
    owed(office, moment("2025-06-30 17:30"), [("7", moment("2025-06-23 09:00"))], statutory=statutory)
    clock.move_to("2025-06-23 09:00")
    tick(office)
    assert status(office, "city") == (status_, moment(not_before))


def test_quiet_hours_never_push_a_letter_past_the_deadline(office: Office, clock: StandingClock) -> None:
    choose(office, "city", quiet_from=8, quiet_until=18)
    choose(office, "city2", quiet_from=8, quiet_until=17)
    owed(office, moment("2025-06-30 17:30"), [("0", moment("2025-06-30 09:00"))])
    clock.move_to("2025-06-30 09:00")
    tick(office)
    assert status(office, "city") == ("due", moment("2025-06-30 09:00")), "half past five would be too late"
    assert status(office, "city2") == ("due", moment("2025-06-30 17:00"))


def test_who_wants_working_days_only_is_left_in_peace_at_the_weekend(office: Office, clock: StandingClock) -> None:
    choose(office, "city", quiet_from=20, quiet_until=8, working_days_only=True)
    owed(office, moment("2025-06-30 17:30"), [("2", moment("2025-06-28 09:00"))])  # a Saturday
    clock.move_to("2025-06-28 09:00")
    tick(office)
    assert status(office, "city") == ("due", moment("2025-06-30 08:00"))


def test_who_has_no_address_finds_it_in_the_application(office: Office, clock: StandingClock) -> None:
    with office.database.write() as session:
        session.execute(update(Person).where(Person.name == "city").values(email=None))
    owed(office, moment("2025-06-30 17:30"), [("7", moment("2025-06-23 09:00"))])
    clock.move_to("2025-06-23 09:00")
    tick(office)
    assert status(office, "city")[0] == "none"


def test_what_is_held_leaves_as_one_mail_in_the_morning(office: Office, clock: StandingClock) -> None:
    choose(office, "city", digest=True)
    for rung in ("7", "8", "9"):
        owed(office, moment("2025-06-30 17:30"), [(rung, moment("2025-06-23 09:00"))], statutory=False)
    clock.move_to("2025-06-23 09:00")
    tick(office)
    clock.move_to("2025-06-24 08:29:59")
    tick(office)
    assert told(office, "digest") == []
    clock.move_by(seconds=1)
    for _ in range(2):
        tick(office)
    assert told(office, "digest") == [("digest", "city")]
    (made,) = rows(office, select(Digest))
    gathered = rows(office, select(Delivery).where(Delivery.digest_id == made.id))
    assert sorted((row.template, row.status) for row in gathered) == [
        ("digest", "due"),
        *[("round_closing", "held")] * 3,
    ]


def test_a_digest_of_what_was_read_already_is_not_sent(office: Office, clock: StandingClock) -> None:
    choose(office, "city", digest=True)
    owed(office, moment("2025-06-30 17:30"), [("7", moment("2025-06-23 09:00"))], statutory=False)
    clock.move_to("2025-06-23 09:00")
    tick(office)
    with office.database.write() as session:
        session.execute(update(Delivery).values(read_at=clock.at))
    clock.move_to("2025-06-24 08:30")
    tick(office)
    assert rows(office, select(Digest)) == []
    assert status(office, "city")[0] == "none"


def test_a_letter_tells_what_became_of_it(office: Office, case_id: int) -> None:
    query = select(deliveries.letter_status()).select_from(Letter).where(Letter.case_id == case_id)
    assert rows(office, query) == ["due"]
    tick(office)
    for became, says in (("sent", "sent"), ("failed", "failed"), ("none", "shown"), ("cancelled", "cancelled")):
        with office.database.write() as session:
            session.execute(update(Delivery).values(status=became))
        assert rows(office, query) == [says]


# ---- the clock ----------------------------------------------------------------------------------


def test_a_clock_set_forward_and_back_sends_nothing_twice_and_loses_nothing(
    office: Office, clock: StandingClock
) -> None:
    for day in range(23, 29):
        owed(office, moment("2025-06-30 17:30"), [(str(30 - day), moment(f"2025-06-{day} 09:00"))])
    clock.move_to("2025-06-25 08:00")
    for hours in (0, 2, -3, 2, -3, 2, 48, -3, 24, 24):
        clock.move_by(hours=hours)
        tick(office)
    keys = rows(office, select(Delivery.dedupe_key))
    assert len(keys) == len(set(keys)) == 6 * 2


def test_one_duty_that_fails_does_not_keep_the_others_from_being_done(
    office: Office, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    owed(office, moment("2025-06-30 17:30"), [("7", moment("2025-06-23 09:00"))])
    clock.move_to("2025-06-23 09:00")
    broken = timers.Sweep(lambda *_: 1 // 0, 1, None)
    monkeypatch.setattr(timers, "SWEEPS", (broken, *timers.SWEEPS))
    assert timers.post(office.database) == ["ZeroDivisionError"]
    assert len(told(office, "round_closing")) == 2


def broken_deployment(office: Office) -> int:
    """The deployment of a regime whose rules cannot be read."""
    with office.database.write() as session:
        made = Deployment(
            regime="elsewhere",
            number=1,
            content_hash="0",
            deployed_at=moment("2025-05-20 10:00"),
            deployed_by="setup",
            engine_version="0",
        )
        session.add(made)
        session.flush()
        session.add(DeploymentFile(deployment_id=made.id, path="regime.toml", content=b"name ="))
        return made.id


def test_a_row_that_cannot_be_planned_does_not_hold_up_the_others(
    office: Office,
    case_id: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A round of a regime whose rules cannot be read, before one of ours; an application in the same state, too."""
    monkeypatch.setattr(timers, "SWEEPS", tuple(timers.Sweep(each.duty, 2, each.first) for each in timers.SWEEPS))
    sound, broken = rows(office, select(Deployment.id))[0], broken_deployment(office)
    bad = [owed(office, moment("2025-06-30 17:30"), []) for _ in range(3)]
    good = [owed(office, moment("2025-06-30 17:30"), []) for _ in range(3)]
    bad_task = office.open_task(case_id, "acceptance").id
    second = office.open_case("sibling", samples.ANSWERS["application_start"] | {"round_id": 1})
    with office.database.write() as session:
        session.execute(update(Case).where(Case.id == case_id).values(deployment_id=broken))
        session.execute(update(Obligation).where(Obligation.id.in_(bad)).values(regime="elsewhere"))
        session.execute(update(Obligation).where(Obligation.id.in_(bad + good)).values(planned_at=None))
    tick(office)
    assert set(rows(office, select(Obligation.id).where(Obligation.planned_at.is_(None)))) == set(bad)
    assert rows(office, select(Task.id).where(Task.state == "open", Task.planned_at.is_(None))) == [bad_task]
    assert rows(office, select(Reminder.id).where(Reminder.obligation_id.in_(good))) != []
    assert rows(office, select(Reminder.id).where(Reminder.task_id == office.open_task(second.id, "fill_in").id)) != []
    tick(office)
    told = [each.getMessage() for each in caplog.records if "put aside" in each.getMessage()]
    assert [text.split(" is ")[0] for text in told] == [*(f"obligation {each}" for each in bad), f"task {bad_task}"]

    with office.database.write() as session:  # mended, and an hour later tried once more
        session.execute(update(Case).where(Case.id == case_id).values(deployment_id=sound))
        session.execute(update(Obligation).values(regime=REGIME))
    tick(office)
    assert rows(office, select(Task.id).where(Task.planned_at.is_(None), Task.state == "open")) == [bad_task]
    later = time.monotonic() + singly.AGAIN
    monkeypatch.setattr(time, "monotonic", lambda: later)
    tick(office)
    assert rows(office, select(Obligation.id).where(Obligation.planned_at.is_(None))) == []
    assert rows(office, select(Task.id).where(Task.planned_at.is_(None), Task.state == "open")) == []
    assert rows(office, select(Reminder.id).where(Reminder.task_id == bad_task)) != []


def test_more_than_a_batch_is_done_in_one_tick(
    office: Office, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        owed(office, moment("2025-06-30 17:30"), [("7", moment("2025-06-23 09:00"))])
    clock.move_to("2025-06-23 09:00")
    small = tuple(timers.Sweep(each.duty, 2, each.first) for each in timers.SWEEPS)
    monkeypatch.setattr(timers, "SWEEPS", small)
    tick(office)
    with office.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 14
