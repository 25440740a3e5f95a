"""A round is opened and takes applications until its closing minute; who comes too late is told so, or let in."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import bundle, conditions, criteria, filing, late_filings, opening, rounds, timers
from engine.clock import SHANGHAI
from engine.db import Database
from engine.errors import Forbidden, FormInvalid, NotFound, Refused
from engine.models import Case, Event, LateFiling, Message, Round
from tests import samples
from tests.clock import StandingClock
from tests.office import BUREAU, COUNTY, PARK, REGIME, SIBLING, Office, furnish

OPENS = datetime(2025, 5, 6, 9, 0, tzinfo=SHANGHAI)
CLOSES = datetime(2025, 6, 30, 17, 30, tzinfo=SHANGHAI)
LATE = datetime(2025, 7, 10, 17, 30, tzinfo=SHANGHAI)
SECOND = timedelta(seconds=1)
TEA = "连州镇中小企业特色产业集群（茶产业）"
REASON = "申报期间遭受台风，通信中断"


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    clock.move_to(samples.MOMENT)
    return furnish(database)


def open_round(office: Office, **changes: Any) -> Round:
    """A round with its call; `changes` are answers of the call."""
    round_ = office.open_round()
    office.complete(
        "city", office.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"] | changes
    )
    return round_


def apply(office: Office, who: str, round_: Round, name: str = samples.CLUSTER) -> Case:
    return office.open_case(who, samples.ANSWERS["application_start"] | {"round_id": round_.id, "cluster_name": name})


def let_in(office: Office, round_: Round, code: str = COUNTY, until: datetime = LATE, who: str = "city") -> LateFiling:
    with office.database.write() as session:
        return late_filings.grant(session, office.actors[who], round_.id, code, until=until, reason=REASON)


def codes(refused: pytest.ExceptionInfo[FormInvalid]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in refused.value.problems]


# ---- one round a year ---------------------------------------------------------------------------


def test_a_second_round_in_a_year_needs_a_recorded_reason(office: Office) -> None:
    first = office.open_round(2025)
    with office.database.write() as session, pytest.raises(FormInvalid) as refused:
        rounds.open_round(session, office.actors["city"], REGIME, 2025, "第二批", again="  ")
    assert codes(refused) == [("again", "reason_required")]
    assert "第十三条" in refused.value.problems[0].message
    assert first.title in refused.value.problems[0].message
    with office.database.read() as session:
        assert session.scalars(select(Round.title)).all() == [first.title]
    with office.database.write() as session:
        second = rounds.open_round(session, office.actors["city"], REGIME, 2025, "第二批", again=" 省厅要求补报 ")
    assert (first.again, second.again) == (None, "省厅要求补报")
    with office.database.read() as session:
        opened = select(Event.payload).where(Event.kind == "case.opened", Event.case_id == second.case_id)
        assert session.scalars(opened).one()["answers"]["again"] == "省厅要求补报"


def test_the_next_year_and_a_cancelled_round_need_none(office: Office) -> None:
    cancelled = office.open_round(2025)
    with office.database.write() as session:
        session.get_one(Round, cancelled.id).state = "cancelled"
    assert office.open_round(2025).again is None
    assert office.open_round(2026).again is None


# ---- from the opening to the closing minute -----------------------------------------------------


def test_applications_are_taken_from_the_opening_to_the_closing_minute(office: Office, clock: StandingClock) -> None:
    round_ = open_round(office, opens_at=OPENS.isoformat())
    moments = [
        (OPENS - SECOND, "自2025年5月6日09:00起接受申报"),
        (OPENS, ""),
        (CLOSES - SECOND, ""),
        (CLOSES, ""),
        (CLOSES + SECOND, "申报已于2025年6月30日17:30截止"),
    ]
    for number, (moment, why) in enumerate(moments):
        clock.move_to(moment)
        with office.database.read() as session:
            assert why in opening.why_not(session, office.actors["county"], round_.id)
            assert bool(opening.doors(session, office.actors["county"])) is not bool(why)
        if why:
            with pytest.raises(Refused, match=why):
                apply(office, "county", round_)
        else:
            apply(office, "county", round_, f"第{number}镇中小企业特色产业集群（铝材产业）")


def test_a_late_one_is_told_the_date_whom_to_ask_and_what_can_be_done(office: Office, clock: StandingClock) -> None:
    round_ = open_round(office)
    clock.move_to(CLOSES + SECOND)
    timers.tick(office.database)
    with pytest.raises(Refused) as refused:
        apply(office, "county", round_)
    for words in ("2025年6月30日17:30", "清远市工业和信息化局（中小企业服务科 0000000）", "补报", "下一批次"):
        assert words in refused.value.message


def test_an_application_is_filed_at_the_closing_minute_and_not_a_second_later(
    office: Office, clock: StandingClock
) -> None:
    round_ = open_round(office)
    in_time, late = (
        apply(office, "county", round_),
        apply(office, "sibling", round_, TEA),
    )
    clock.move_to(CLOSES)
    office.complete("county", office.open_task(in_time.id, "fill_in"), samples.application_data())
    clock.move_to(CLOSES + SECOND)
    with pytest.raises(Refused, match="办理时间已过"):
        office.complete("sibling", office.open_task(late.id, "fill_in"), samples.application_data())
    timers.tick(office.database)
    assert office.open_elements(in_time.id) == ["acceptance"]
    with office.database.read() as session:
        assert session.get_one(Case, late.id).outcome == "unfiled"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"opens_at": "2025-06-30T17:30:00+08:00"}, ("opens_at", "not_before")),  # the minute at which it closes
        ({"opens_at": "2025-07-01T09:00:00+08:00"}, ("opens_at", "not_before")),
        ({"year": 2026}, ("year", "not_the_round")),
    ],
)
def test_a_call_that_cannot_be_is_refused_at_the_field(
    office: Office, changes: dict[str, Any], problem: tuple[str, str]
) -> None:
    with pytest.raises(FormInvalid) as refused:
        open_round(office, **changes)
    assert codes(refused) == [problem]
    with office.database.read() as session:
        assert session.scalars(select(Round.state)).all() == ["draft"]


# ---- the exception ------------------------------------------------------------------------------


def test_with_a_recorded_exception_an_office_files_after_the_closing_minute(
    office: Office, clock: StandingClock
) -> None:
    round_ = open_round(office)
    clock.move_to(CLOSES + SECOND)
    timers.tick(office.database)
    let_in(office, round_)
    case = apply(office, "county", round_)
    assert office.open_task(case.id, "fill_in").due_at == LATE
    with pytest.raises(Refused, match="申报已于2025年6月30日17:30截止"):
        apply(office, "sibling", round_)
    clock.move_to(LATE)
    office.complete("county", office.open_task(case.id, "fill_in"), samples.application_data())
    assert office.open_elements(case.id) == ["acceptance"]
    clock.move_to(LATE + SECOND)
    with pytest.raises(Refused, match="申报已于2025年7月10日17:30截止"):
        apply(office, "county", round_)


def test_who_has_not_filed_gets_the_new_time_too(office: Office, clock: StandingClock) -> None:
    round_ = open_round(office)
    case, other = (
        apply(office, "county", round_),
        apply(office, "sibling", round_, TEA),
    )
    let_in(office, round_)
    assert office.open_task(case.id, "fill_in").due_at == LATE
    clock.move_to(CLOSES + SECOND)
    timers.tick(office.database)
    assert office.open_elements(case.id) == ["fill_in"]
    assert office.open_elements(other.id) == []
    clock.move_to(LATE + SECOND)
    timers.tick(office.database)
    with office.database.read() as session:
        assert session.get_one(Case, case.id).outcome == "unfiled"


def test_the_time_of_a_park_holds_for_its_county_too(office: Office, clock: StandingClock) -> None:
    round_ = open_round(office)
    clock.move_to(CLOSES + SECOND)
    timers.tick(office.database)
    let_in(office, round_, PARK)
    case = apply(office, "park", round_)
    office.complete("park", office.open_task(case.id, "fill_in"), samples.application_data())
    assert office.open_task(case.id, "forward").due_at == LATE


def test_who_is_let_in_late_is_told_what_the_round_has_told_the_others(office: Office, clock: StandingClock) -> None:
    """Otherwise the case would wait for ever for a sample that was drawn before it came."""
    round_ = open_round(office)
    apply(office, "sibling", round_)
    clock.move_to(CLOSES + SECOND)
    timers.tick(office.database)
    office.complete("city", office.open_task(round_.case_id or 0, "draw_sample"), {"note": "无"})
    let_in(office, round_)
    case = apply(office, "county", round_)
    with office.database.read() as session:
        told = select(Message.name, Message.payload).where(Message.recipient_id == case.id)
        assert [tuple(row) for row in session.execute(told)] == [("sample_drawn", {"cases": [], "listed": []})]


def test_an_exception_is_recorded_with_who_for_whom_until_when_and_why(office: Office, clock: StandingClock) -> None:
    round_ = open_round(office)
    clock.move_to(CLOSES + SECOND)
    let_in(office, round_)
    let_in(office, round_)  # pressed twice
    let_in(office, round_, until=LATE + timedelta(days=1))  # and longer
    with office.database.read() as session:
        recorded = session.execute(
            select(Event.actor, Event.case_id, Event.payload)
            .where(Event.kind == "round.late_filing")
            .order_by(Event.seq)
        ).all()
        granted = session.scalars(select(LateFiling)).one()
    assert [(row.actor, row.case_id, row.payload["organisation"], row.payload["reason"]) for row in recorded] == [
        ("city", round_.case_id, COUNTY, REASON)
    ] * 2
    assert recorded[1].payload["before"] == recorded[0].payload["until"]
    assert (granted.granted_by, granted.until) == ("city", LATE + timedelta(days=1))


@pytest.mark.parametrize(
    ("code", "until", "reason", "problem"),
    [
        (BUREAU, LATE, REASON, ("organisation_code", "not_an_applicant")),
        ("999999", LATE, REASON, ("organisation_code", "not_an_applicant")),
        (COUNTY, CLOSES, REASON, ("until", "not_later")),
        (COUNTY, LATE, "  ", ("reason", "required")),
        (COUNTY, LATE, "a\nb", ("reason", "too_long")),
    ],
)
def test_an_exception_that_cannot_be_is_refused(
    office: Office, code: str, until: datetime, reason: str, problem: tuple[str, str]
) -> None:
    round_ = open_round(office)
    with office.database.write() as session, pytest.raises(FormInvalid) as refused:
        late_filings.grant(session, office.actors["city"], round_.id, code, until=until, reason=reason)
    assert codes(refused) == [problem]
    with office.database.read() as session:
        assert session.scalars(select(LateFiling)).all() == []


def test_only_an_officer_of_the_bureau_makes_an_exception(office: Office) -> None:
    round_ = open_round(office)
    for who in ("county", "leader", "expert"):
        with pytest.raises((Forbidden, NotFound)):
            let_in(office, round_, who=who)


def test_before_the_call_and_after_the_end_there_is_nothing_to_except(office: Office) -> None:
    draft = office.open_round(2024)
    with pytest.raises(Refused, match="尚未发布"):
        let_in(office, draft)
    round_ = open_round(office)
    with office.database.write() as session:
        session.get_one(Round, round_.id).state = "published"
    with pytest.raises(Refused, match="名单已经公示"):
        let_in(office, round_)


def test_offices_see_their_own_exceptions_and_the_bureau_all(office: Office) -> None:
    round_ = open_round(office)
    let_in(office, round_)
    let_in(office, round_, SIBLING)
    seen = {}
    for who in ("city", "county", "sibling", "park"):
        with office.database.read() as session:
            listed = late_filings.listed(session, office.actors[who], round_.id)
        seen[who] = [row["organisation_code"] for row in listed]
    assert seen == {"city": [COUNTY, SIBLING], "county": [COUNTY], "sibling": [SIBLING], "park": []}


# ---- what the round asks ------------------------------------------------------------------------


def test_the_conditions_shown_are_those_of_the_table_and_the_clauses(office: Office) -> None:
    round_ = open_round(office)
    with office.database.read() as session:
        source, asked = conditions.of_round(session, round_.case_id or 0)
        call = conditions.of_call(session, round_.id)
    assert source == "清工信函〔2025〕16号"
    assert [each.clause for each in asked] == [f"第十四条（{number}）" for number in "一二三四五六七八九"]
    by_clause = {each.clause: each.numbers for each in asked}
    assert "占地面积（平方公里）不超过 100" in by_clause["第十四条（二）"]
    assert "主导产业占集群总产值比例（%）高于 60" in by_clause["第十四条（二）"]  # 高于: 60 is not enough
    assert by_clause["第十四条（四）"] == ()  # no number settles it
    assert (call.closes_at, call.contact) == (CLOSES, "清远市工业和信息化局（中小企业服务科 0000000）")


def test_a_number_changed_in_the_regime_changes_the_conditions() -> None:
    files = dict(bundle.shipped(REGIME))
    files["regime.toml"] = files["regime.toml"].replace(b'area_km2 = { value = "100"', b'area_km2 = { value = "88"')
    assert "占地面积（平方公里）不超过 88" in [each.text for each in criteria.conditions(files)]


def test_an_office_without_an_exception_has_the_rounds_closing_minute(office: Office) -> None:
    round_ = open_round(office)
    let_in(office, round_, SIBLING)
    with office.database.read() as session:
        kept = session.get_one(Round, round_.id)
        assert filing.closes_at(session, kept, COUNTY) == CLOSES
        assert filing.closes_at(session, kept, SIBLING) == LATE
