"""The sample of a round and the visits it leads to: who is drawn, who may go, and what a report may not say."""

import hashlib
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from engine import inspections, late_filings, progress, samples, site_reports, visits
from engine.clock import SHANGHAI
from engine.db import Database
from engine.errors import Forbidden, FormInvalid, NotFound, Refused
from engine.inspections import Appointment
from engine.models import Event, Inspection, Letter, Panel, Seat, Task
from engine.pool import Card
from tests import inspected
from tests.clock import StandingClock
from tests.inspected import FALSEHOOD, VISIT, Round
from tests.office import COUNTY
from tests.samples import ANSWERS

UNLIKE = {"site_decision": "does_not_conform", "opinion": "面积不符"}
LATER = Appointment(
    datetime(2025, 7, 9, 9, 0, tzinfo=SHANGHAI),
    datetime(2025, 7, 9, 12, 0, tzinfo=SHANGHAI),
    "园区东门",
    "服务科 0000000",
)


@pytest.fixture
def round_(database: Database, clock: StandingClock) -> Round:
    return inspected.reviewed(database, clock)


@pytest.fixture
def drawn(round_: Round) -> tuple[Round, int]:
    """The round with its sample drawn, and the first case of it."""
    return round_, round_.draw().drawn[0]


def refused(answering: Any) -> list[tuple[str, str]]:
    """Field and code of each problem."""
    with pytest.raises(FormInvalid) as raised:
        answering()
    return [(problem.field, problem.code) for problem in raised.value.problems]


def record(at: Round, kind: str) -> list[Event]:
    with at.database.read() as session:
        return list(session.scalars(select(Event).where(Event.kind == kind).order_by(Event.seq)))


# ---- the sample ---------------------------------------------------------------------------------


def test_two_of_three_are_drawn_and_anybody_can_repeat_the_draw(round_: Round) -> None:
    sample = round_.draw()
    # 30 % of three is 0.9, rounded up 1; the rule's least number is two.
    assert (sample.listed, len(sample.drawn), sample.added) == (list(round_.cases), 2, [])
    by_hand = sorted(sample.listed, key=lambda each: hashlib.sha256(f"{sample.seed}:{each}".encode()).hexdigest())
    assert sample.drawn == by_hand[:2]
    assert len(sample.seed) == 32
    (entry,) = record(round_, "sample.drawn")
    told = {name: entry.payload[name] for name in ("seed", "listed", "drawn", "rule")}
    assert told == {"seed": sample.seed, "listed": sample.listed, "drawn": sample.drawn, "rule": sample.rule}
    assert sample.rule == {"share_pct": "30", "at_least": 2}


def test_the_drawn_are_visited_and_the_others_wait_for_the_round(round_: Round) -> None:
    sample = round_.draw()
    for case_id in round_.cases:
        if case_id in sample.drawn:
            assert round_.office.open_elements(case_id) == ["arrange"]
        else:
            assert round_.case(case_id).awaits == " round_decided "
        with round_.database.read() as session:
            stops = progress.of_case(session, round_.office.actors["city"], case_id).stops
        assert [stop.element for stop in stops] == ["arrange" if case_id in sample.drawn else "wait_for_round"]
    assert round_.office.open_elements(round_.case_id) == ["draft_list"]


def test_another_case_is_added_for_a_reason_and_only_for_one(round_: Round) -> None:
    left = round_.cases[0]
    data = {"added": [{"case": left}]}
    assert refused(lambda: round_.draw(**data)) == [("added[0].reason", "required")]
    sample = round_.draw(added=[{"case": left, "reason": "有群众来信反映"}])
    assert sample.added == [{"case": left, "reason": "有群众来信反映"}]
    assert round_.office.open_elements(left) == ["arrange"]


def test_who_is_not_reviewed_is_named_and_waited_for_unless_somebody_says_not_to(round_: Round) -> None:
    round_.clock.move_to("2025-06-30 10:00")
    late = inspected.file(round_, "冷链食品")
    round_.clock.move_to(inspected.DRAW)
    with pytest.raises(FormInvalid) as raised:
        round_.draw()
    (problem,) = raised.value.problems
    assert (problem.field, problem.code) == ("without_unfinished", "review_unfinished")
    assert str(late) in problem.message
    sample = round_.draw(without_unfinished=True)
    assert late not in sample.listed
    assert record(round_, "sample.drawn")[0].payload["unfinished"] == [late]


@pytest.fixture
def late(round_: Round) -> tuple[Round, int]:
    """A case whose panel concluded two days after the draw, which did not wait for it."""
    round_.clock.move_to("2025-06-30 10:00")
    case_id = inspected.file(round_, "冷链食品")
    round_.clock.move_to(inspected.DRAW)
    round_.draw(without_unfinished=True)
    round_.clock.move_to("2025-07-03 09:00")
    inspected.judge(round_, case_id)
    round_.tick()
    return round_, case_id


def test_who_is_reviewed_after_the_draw_waits_for_nobody_but_the_officer(late: tuple[Round, int]) -> None:
    at, case_id = late
    assert at.office.open_elements(case_id) == ["decide_visit"]
    with pytest.raises(Forbidden):
        at.answer("leader", case_id, "decide_visit", ANSWERS["late_sample"])
    unexplained = {"decision": "inspect"}
    assert refused(lambda: at.answer("city", case_id, "decide_visit", unexplained)) == [("reason", "required")]
    at.answer("city", case_id, "decide_visit", ANSWERS["late_sample"])
    assert at.case(case_id).awaits == " round_decided "
    assert record(at, "sample.added") == []


def test_an_officer_adds_who_came_after_the_draw_with_a_reason(late: tuple[Round, int]) -> None:
    at, case_id = late
    at.answer("city", case_id, "decide_visit", {"decision": "inspect", "reason": "产值增长异常"})
    assert at.office.open_elements(case_id) == ["arrange"]
    (entry,) = record(at, "sample.added")
    assert (entry.case_id, entry.actor, entry.payload) == (case_id, "city", {"case": case_id, "reason": "产值增长异常"})
    with at.database.read() as session:
        (sample,) = samples.of_round(session, at.office.actors["leader"], at.round_id)
        (added,) = samples.added_later(session, at.office.actors["leader"], at.round_id)
        with pytest.raises(Forbidden):
            samples.added_later(session, at.office.actors["county"], at.round_id)
    assert case_id not in sample.sample.listed  # the draw stays as it was drawn
    assert sample.sample.added == []
    assert (added.case_id, added.reason) == (case_id, "产值增长异常")
    at.arrange(case_id)
    at.clock.move_to(VISIT)
    at.report(case_id)
    assert at.case(case_id).awaits == " round_decided "


def test_who_is_let_in_after_the_draw_is_decided_on_as_well(database: Database, clock: StandingClock) -> None:
    at = inspected.reviewed(database, clock, count=2)
    at.draw()
    clock.move_to("2025-07-02 09:00")
    with database.write() as session:
        until = datetime(2025, 7, 4, 17, 30, tzinfo=SHANGHAI)
        late_filings.grant(session, at.office.actors["city"], at.round_id, COUNTY, until=until, reason="台风")
    case_id = inspected.review(at, "冷链食品")
    at.tick()
    assert at.office.open_elements(case_id) == ["decide_visit"]
    at.answer("city", case_id, "decide_visit", ANSWERS["late_sample"])
    assert at.case(case_id).awaits == " round_decided "


def test_a_cluster_recognised_from_above_is_never_drawn(database: Database, clock: StandingClock) -> None:
    at = inspected.reviewed(database, clock, count=1)
    clock.move_to("2025-06-20 09:00")
    automatic = inspected.file(at, "精细化工", higher_level_recognition="national")
    clock.move_to(inspected.DRAW)
    added = [{"case": automatic, "reason": "顺路"}]
    assert refused(lambda: at.draw(added=added)) == [("added[0].case", "case_not_ready")]
    sample = at.draw()
    assert (sample.listed, sample.drawn) == (list(at.cases), list(at.cases))
    assert at.case(automatic).awaits == " round_decided "


def test_the_bureau_reads_the_sample_and_nobody_else(round_: Round) -> None:
    sample = round_.draw()
    with round_.database.read() as session:
        (told,) = samples.of_round(session, round_.office.actors["leader"], round_.round_id)
        assert told.sample.id == sample.id
        assert told.repeated
        for who in ("county", "inspector"):
            with pytest.raises(Forbidden):
                samples.of_round(session, round_.office.actors[who], round_.round_id)


# ---- the appointment ----------------------------------------------------------------------------


def test_two_inspectors_are_seated_and_the_leader_reports(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    inspection = at.arrange(case_id, "inspector2", "inspector")
    task = at.report_task(case_id)
    with at.database.read() as session:
        panel = session.get_one(Panel, inspection.panel_id)
        seats = session.scalars(select(Seat).where(Seat.panel_id == panel.id).order_by(Seat.number)).all()
        assert [seat.member_id for seat in seats] == [at.inspectors["inspector2"], at.inspectors["inspector"]]
        assert {seat.origin for seat in seats} == {"chosen"}
        assert (panel.kind, panel.seed) == ("inspector", "")
        assert task.assignee_id == at.office.actors["inspector2"].person_id
        letter = session.scalars(select(Letter).where(Letter.template == "inspection")).one()
    assert (letter.organisation_code, letter.role) == (COUNTY, "county_officer")
    assert letter.fields["安排"] == (
        "时间：2025年7月8日09:30至16:00\n地点：云溪产业园管理委员会一楼大厅（虚构）\n联系：中小企业服务科 0000000"
    )
    assert letter.fields["条款"] == "第十五条（二）"


def test_one_inspector_alone_is_refused(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    assert refused(lambda: at.arrange(case_id, "inspector")) == [("inspectors", "too_few")]
    with at.database.read() as session:
        assert session.scalars(select(Inspection)).all() == []


def test_a_leader_from_outside_the_team_and_a_visit_that_ends_too_soon_are_refused(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    wrong = {"leader": at.inspectors["inspector3"], "ends_at": "2025-07-08T09:30:00+08:00"}
    assert refused(lambda: at.arrange(case_id, **wrong)) == [("leader", "not_in_team"), ("ends_at", "before_start")]


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (Card(("统计",), "云溪第一铝业有限公司（虚构）", "", date(2025, 1, 1), None), "任职单位"),
        (Card(("统计",), "某协会", COUNTY, date(2025, 1, 1), None), "所在的县"),
        (Card(("统计",), "某协会", "", date(2025, 1, 1), date(2025, 6, 30)), "任期"),
    ],
)
def test_an_inspector_with_a_tie_or_out_of_the_term_is_refused(
    card: Card, why: str, sqlite_database: Database, clock: StandingClock
) -> None:
    at = inspected.reviewed(sqlite_database, clock, count=1, cards={2: card})
    (case_id,) = at.draw().drawn
    with pytest.raises(FormInvalid) as raised:
        at.arrange(case_id)
    (problem,) = raised.value.problems
    assert (problem.field, problem.code) == ("inspectors[1]", "conflict")
    assert why in problem.message


def test_changing_and_cancelling_keep_the_uid_and_raise_the_sequence(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    first = at.arrange(case_id)
    seen = [(first.uid, first.sequence, False)]
    for act in ("change", "cancel", "change"):
        with at.database.write() as session:
            args = (LATER, "台风") if act == "change" else ("台风",)
            getattr(inspections, act)(session, at.office.actors["city"], first.id, *args)
        now = at.inspection(case_id)
        seen.append((now.uid, now.sequence, now.cancelled_at is not None))
    assert seen == [(first.uid, 0, False), (first.uid, 1, False), (first.uid, 2, True), (first.uid, 3, False)]
    with at.database.read() as session:
        told = session.scalars(select(Letter).where(Letter.template == "inspection_changed").order_by(Letter.id)).all()
    assert [letter.fields["安排"].partition("\n")[0] for letter in told] == [
        "时间：2025年7月9日09:00至12:00",
        "原定的抽查已取消。",
        "时间：2025年7月9日09:00至12:00",
    ]
    assert {letter.fields["意见"] for letter in told} == {"台风"}


def test_another_leader_takes_over_the_report(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    inspection = at.arrange(case_id)
    team = [at.inspectors["inspector3"], at.inspectors["inspector2"]]
    with at.database.write() as session:
        city = at.office.actors["city"]
        inspections.change(session, city, inspection.id, LATER, "原组长病假", inspectors=team, leader=team[0])
    task = at.report_task(case_id)
    assert task.assignee_id == at.office.actors["inspector3"].person_id
    at.clock.move_to("2025-07-09 17:00")
    with pytest.raises(NotFound):
        at.report(case_id, "inspector", inspectors=team)
    at.report(case_id, "inspector3", inspectors=team, inspected_on="2025-07-09")
    assert at.case(case_id).awaits == " round_decided "


def test_only_the_officers_change_a_visit_and_not_once_it_is_reported(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    inspection = at.arrange(case_id)
    for who, kind in {"leader": Forbidden, "inspector": Forbidden, "county": Forbidden, "sibling": NotFound}.items():
        with pytest.raises(kind), at.database.write() as session:
            inspections.cancel(session, at.office.actors[who], inspection.id, "台风")
    at.clock.move_to(VISIT)
    at.report(case_id)
    with pytest.raises(Refused), at.database.write() as session:
        inspections.cancel(session, at.office.actors["city"], inspection.id, "台风")


def test_a_visit_is_seen_by_its_team_the_bureau_and_the_applicant_alone(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    at.arrange(case_id)
    seeing = set()
    with at.database.read() as session:
        for who, actor in at.office.actors.items():
            if visits.visits(session, actor):
                seeing.add(who)
        shown = visits.visits(session, at.office.actors["county"])[0]
        assert not visits.shows_team(at.office.actors["county"], shown)
        assert visits.shows_team(at.office.actors["inspector2"], shown)
    assert seeing == {"city", "city2", "leader", "publisher", "inspector", "inspector2", "county", "county2"}


# ---- the report ---------------------------------------------------------------------------------


def test_a_visit_that_conforms_lets_the_case_wait_for_the_round(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    at.arrange(case_id)
    at.clock.move_to(VISIT)
    at.report(case_id)
    assert at.case(case_id).awaits == " round_decided "
    (entry,) = record(at, "inspection.reported")
    assert entry.payload["decision"] == "conforms"


def test_a_visit_before_the_review_was_concluded_is_refused_and_so_is_one_tomorrow(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    at.arrange(case_id)
    at.clock.move_to(VISIT)
    early = refused(lambda: at.report(case_id, inspected_on="2025-06-30"))  # the sample is of 1 July
    assert early == [("inspected_on", "before_review")]
    assert refused(lambda: at.report(case_id, inspected_on="2025-07-09")) == [("inspected_on", "not_after_today")]
    at.report(case_id, inspected_on="2025-07-01")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"check_area": {"result": "differs"}, **UNLIKE}, "check_area.found"),
        ({"check_area": {"result": "differs", "found": "实测 120 平方公里"}}, "site_decision"),
        ({"site_decision": "falsehood", "falsehood_facts": "无", "opinion": "可疑"}, "site_decision"),
        ({"inspectors": [1, 3]}, "inspectors[1]"),
    ],
    ids=["a difference without what was found", "it conforms although something differs", "false although all matches",
         "somebody who was not sent"],
)  # fmt: skip
def test_a_report_that_contradicts_itself_is_refused(
    changes: dict[str, Any], problem: str, sqlite_database: Database, clock: StandingClock
) -> None:
    at = inspected.reviewed(sqlite_database, clock, count=1)
    (case_id,) = at.draw().drawn
    at.arrange(case_id)
    at.clock.move_to(VISIT)
    if "inspectors" in changes:
        changes = {"inspectors": [at.inspectors["inspector"], at.inspectors["inspector3"]]}
    assert [field for field, _code in refused(lambda: at.report(case_id, **changes))] == [problem]
    assert at.report_task(case_id).state == "open"


def test_nothing_is_reported_while_the_visit_is_called_off(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    inspection = at.arrange(case_id)
    with at.database.write() as session:
        inspections.cancel(session, at.office.actors["city"], inspection.id, "台风")
    at.clock.move_to(VISIT)
    with pytest.raises(Refused):
        at.report(case_id)


def test_a_falsehood_that_the_leader_confirms_stops_the_case_and_names_the_clause(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    at.arrange(case_id)
    at.clock.move_to(VISIT)
    at.report(case_id, **FALSEHOOD)
    at.answer("leader", case_id, "confirm_falsehood", ANSWERS["confirm_falsehood"])
    assert (at.case(case_id).status, at.case(case_id).outcome) == ("ended", "disqualified")
    with at.database.read() as session:
        letter = session.scalars(select(Letter).where(Letter.template == "falsified")).one()
        task = session.scalars(select(Task).where(Task.element == "confirm_falsehood")).one()
    assert letter.fields["条款"] == "第十五条（一）"
    assert "统计报表" in letter.fields["意见"]
    assert task.closed_by == "leader"


@pytest.mark.parametrize("decision", ["does_not_conform", "conforms"])
def test_a_falsehood_that_the_leader_does_not_confirm_lets_the_case_go_on(
    decision: str, sqlite_database: Database, clock: StandingClock
) -> None:
    at = inspected.reviewed(sqlite_database, clock, count=1)
    (case_id,) = at.draw().drawn
    at.arrange(case_id)
    at.clock.move_to(VISIT)
    at.report(case_id, **FALSEHOOD)
    said = ANSWERS["confirm_falsehood"] | {"site_decision": decision}
    at.answer("leader", case_id, "confirm_falsehood", said)
    assert at.case(case_id).awaits == " round_decided "


def test_the_first_day_of_a_visit_is_that_of_the_review_and_the_draw(drawn: tuple[Round, int]) -> None:
    at, case_id = drawn
    with at.database.read() as session:
        assert site_reports.earliest(session, at.case(case_id)) == date(2025, 7, 1)
