"""Panels: drawn by lot among those free of ties, repeated from what is kept, filled again when somebody leaves."""

import hashlib
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine import accounts, panels, pool, tasks, ties
from engine.db import Database
from engine.errors import ClaimedByAnother, Forbidden, FormInvalid, NotFound, Refused
from engine.models import Case, Event, Interest, Seat, Task
from engine.pool import Card
from tests import panel as panel_
from tests import samples
from tests.clock import StandingClock
from tests.office import BUREAU, COUNTY
from tests.panel import Room, card_of

ENTERPRISE = samples.application_data()["enterprises"][0]["name"]


@pytest.fixture
def room(database: Database, clock: StandingClock) -> Room:
    return panel_.furnish(database, clock)


def reasons(room: Room, case: Case) -> dict[str, str | None]:
    """Why each expert may not judge the case, by account."""
    with room.database.read() as session:
        found = ties.candidates(session, session.get_one(Case, case.id), "expert")
        return {
            name: next(one.excluded for one in found if one.member_id == room.members[name]) for name in room.members
        }


def events(room: Room, case: Case, kind: str) -> list[Any]:
    with room.database.read() as session:
        query = select(Event.payload).where(Event.case_id == case.id, Event.kind == kind).order_by(Event.seq)
        return list(session.scalars(query))


def change(room: Room, name: str, card: Card) -> None:
    with room.database.write() as session:
        pool.change(session, room.at.actors["city"], room.members[name], card)


# ---- the draw ----------------------------------------------------------------------------------


def test_a_panel_is_drawn_and_reviews_to_its_end(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    for number, points in ((1, "80"), (2, "85.50"), (3, "91")):
        room.score(case, number, points)
    room.officer(case, "open_opinions")
    room.conclude(case)
    assert "expert" not in {task.form for task in _open(room, case)}
    assert room.panel(case).concluded_at == room.clock.at
    assert events(room, case, "panel.concluded")[0] | {"panel": 0} == {
        "panel": 0,
        "decision": "recommend",
        "opinions": 3,
        "mean": "85.50",
        "spread": "11",
    }


def test_a_replayed_draw_gives_the_same_people(room: Room) -> None:
    """By hand: the smallest SHA-256 of seed and member first."""
    case = room.filed()
    panel = room.convene(case, 4)
    lots = {
        one["member"]: hashlib.sha256(f"{panel.seed}:{one['member']}".encode()).hexdigest() for one in panel.candidates
    }
    assert [seat.member_id for seat in room.seats(case).values()] == sorted(lots, key=lots.__getitem__)[:4]
    assert events(room, case, "panel.drawn")[0]["seed"] == panel.seed


def test_the_wanted_fields_come_first_and_the_rest_is_filled_from_all(room: Room) -> None:
    case = room.filed()
    room.convene(case, 5, ["有色金属"])
    odd = {room.members[name] for name in ("expert01", "expert03", "expert05")}
    drawn = [seat.member_id for seat in room.seats(case).values()]
    assert set(drawn[:3]) == odd
    assert not set(drawn[3:]) & odd


def test_the_chair_may_be_who_is_longest_in_the_pool(room: Room) -> None:
    change(room, "expert04", card_of(4, first_day=date(2024, 1, 1)))
    case = room.filed()
    room.convene(case, 6, chair_rule="longest_serving")
    assert room.holder(case, 1) == "expert04"


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (card_of(1, employer=ENTERPRISE), "企业发展情况表"),
        (card_of(1, employer=ENTERPRISE.replace("（", "(").replace("）", " )")), "企业发展情况表"),
        (card_of(1, employer="云溪产业园管理委员会"), "集群运营管理机构"),
        (card_of(1, employer="英德市中小企业主管部门"), "申报主体"),
        (card_of(1, division=COUNTY), "申报主体所在的县"),
        (card_of(1, last_day=date(2025, 4, 9)), "不在任期内"),
        (card_of(1, first_day=date(2025, 4, 11)), "不在任期内"),
    ],
)
def test_who_has_a_tie_is_not_drawn_and_the_reason_is_kept(room: Room, card: Card, reason: str) -> None:
    change(room, "expert01", card)
    case = room.filed()
    panel = room.convene(case, 5)
    assert room.members["expert01"] not in [seat.member_id for seat in room.seats(case).values()]
    kept = next(one for one in panel.candidates if one["member"] == room.members["expert01"])
    assert reason in kept["excluded"]


def test_a_leading_enterprise_named_in_a_text_is_a_tie(room: Room) -> None:
    change(room, "expert02", card_of(2, employer="云溪铝业集团"))
    case = room.filed(coordinated_development="龙头企业：云溪铝业集团、云溪型材集团；签订配套协议。")
    assert "集群协同发展情况" in (reasons(room, case)["expert02"] or "")


def test_the_last_day_of_the_term_still_counts_and_another_county_is_no_tie(room: Room) -> None:
    change(room, "expert01", card_of(1, last_day=samples.MOMENT.date(), division="441882"))
    assert reasons(room, room.filed())["expert01"] is None


def test_the_suspended_the_disabled_and_those_without_the_role_are_not_drawn(room: Room) -> None:
    case = room.filed()
    with room.database.write() as session:
        pool.suspend(session, room.at.actors["city"], room.members["expert01"], "出国进修")
        accounts.disable(session, accounts.by_name(session, "expert02"), by="setup")
        accounts.withdraw(session, accounts.by_name(session, "expert03"), "expert", BUREAU, by="setup")
    said = reasons(room, case)
    assert said["expert01"] == "已暂停：出国进修"
    assert said["expert02"] == "账号已停用"
    assert said["expert03"] == "没有相应岗位"
    assert said["expert04"] is None


@pytest.mark.parametrize("to", ["cluster", "office"])
def test_a_declared_interest_keeps_its_member_out(room: Room, to: str) -> None:
    case = room.filed()
    with room.database.write() as session:
        where = {"cluster": samples.CLUSTER} if to == "cluster" else {"organisation_code": COUNTY}
        pool.declare(session, room.experts["expert05"], room.members["expert05"], "配偶在其中任职", **where)
    assert reasons(room, case)["expert05"] == "已申报利害关系：配偶在其中任职"


def test_a_panel_larger_than_the_pool_is_refused_with_who_is_free_and_why_others_are_not(room: Room) -> None:
    change(room, "expert01", card_of(1, employer=ENTERPRISE))
    case = room.filed()
    with pytest.raises(FormInvalid) as refused:
        room.convene(case, 6)
    (problem,) = refused.value.problems
    assert problem.field == "size"
    assert "只有 5 人" in problem.message
    assert "专家01" in problem.message
    assert "企业发展情况表" in problem.message
    assert room.at.open_elements(case.id) == ["convene"]


# ---- declaring, leaving, replacing --------------------------------------------------------------


def test_whoever_recuses_gives_the_seat_to_the_next_by_lot_who_declares_first(room: Room) -> None:
    case = room.filed()
    panel = room.convene(case, 3)
    order = panels.sequence(panel.seed, panel.candidates)
    gone = room.holder(case, 2)
    room.recuse(case, 2)
    seat = room.seats(case)[2]
    assert (seat.member_id, seat.state, seat.origin) == (order[3], "invited", "substitute")
    assert room.task(case, 2, "declare").assignee_id == seat.person_id
    (told,) = events(room, case, "seat.recused")
    assert (told["from"], told["to"], told["reason"]) == (room.members[gone], order[3], "任该企业的顾问")
    with room.database.read() as session:
        kept = session.scalars(select(Interest)).one()
    assert (kept.member_id, kept.cluster_id, kept.declared_by) == (room.members[gone], case.cluster_id, gone)


def test_two_who_leave_are_followed_by_two_others(room: Room) -> None:
    case = room.filed()
    panel = room.convene(case, 3)
    order = panels.sequence(panel.seed, panel.candidates)
    room.recuse(case, 1, grounds="unavailable")
    room.recuse(case, 1, grounds="unavailable")
    assert room.seats(case)[1].member_id == order[4]
    with room.database.read() as session:
        assert session.scalars(select(Interest)).all() == []  # who has no time has no tie


def test_with_nobody_left_a_recusal_says_what_to_do_and_works_once_it_is_done(room: Room) -> None:
    case = room.filed()
    room.convene(case, 6)
    with pytest.raises(Refused, match="先在专家库中增补专家"):
        room.recuse(case, 4)
    assert room.seats(case)[4].state == "invited"
    with room.database.write() as session:
        person = accounts.add(session, "expert07", by="setup")
        accounts.grant(session, person, "expert", BUREAU, by="setup")
        added = pool.add(session, room.at.actors["city"], BUREAU, "expert07", kind="expert", card=card_of(7))
        room.members["expert07"] = added.id  # type: ignore[index]  # the test's own dict
    room.recuse(case, 4)
    assert room.holder(case, 4) == "expert07"
    panel = room.panel(case)
    assert panels.sequence(panel.seed, panel.candidates)[-1] == added.id


def test_whoever_declares_no_tie_against_the_pool_is_refused(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    name = room.holder(case, 1)
    change(room, name, card_of(1, employer=ENTERPRISE))
    with pytest.raises(FormInvalid) as refused:
        room.act(case, 1, "declare")
    assert refused.value.problems[0].code == "has_a_tie"
    room.recuse(case, 1)


def test_a_tie_found_after_declaring_stops_the_scoring_until_the_officer_replaces(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.act(case, 1, "declare")
    name = room.holder(case, 1)
    with room.database.write() as session:
        pool.declare(session, room.experts[name], room.members[name], "近日受聘为顾问", cluster=samples.CLUSTER)
    with pytest.raises(FormInvalid) as refused:
        room.act(case, 1, "score")
    assert "受聘为顾问" in refused.value.problems[0].message
    with room.database.write() as session:
        panels.replace(session, room.at.actors["city"], room.seats(case)[1].id, "已申报利害关系")
    room.score(case, 1)


def test_an_officer_replaces_who_does_not_act(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.act(case, 3, "declare")
    gone, task = room.holder(case, 3), room.task(case, 3, "score")
    with room.database.write() as session:
        panels.replace(session, room.at.actors["city"], room.seats(case)[3].id, "  两次催办未评分  ")
    assert room.holder(case, 3) != gone
    assert room.task(case, 3, "declare").title == "声明利害关系"
    (told,) = events(room, case, "seat.replaced")
    assert told["reason"] == "两次催办未评分"
    with room.database.read() as session:
        assert session.get_one(Task, task.id).state == "cancelled"
    with pytest.raises(NotFound), room.database.write() as session:
        tasks.complete(session, room.experts[gone], task.id, samples.ANSWERS["score_sheet"])


@pytest.mark.parametrize(
    ("who", "reason", "expected"),
    [
        ("leader", "不评分", Forbidden),
        ("county", "不评分", Forbidden),
        ("city", "", FormInvalid),
        ("city", "长" * 201, FormInvalid),
    ],
)
def test_only_an_officer_with_a_reason_replaces(room: Room, who: str, reason: str, expected: type[Exception]) -> None:
    case = room.filed()
    room.convene(case, 3)
    with pytest.raises(expected), room.database.write() as session:
        panels.replace(session, room.at.actors[who], room.seats(case)[1].id, reason)
    assert events(room, case, "seat.replaced") == []


def test_whoever_has_handed_in_is_not_replaced(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    room.score(case, 1)
    with pytest.raises(Refused, match="不需要更换"), room.database.write() as session:
        panels.replace(session, room.at.actors["city"], room.seats(case)[1].id, "想换人")


def test_a_seat_is_neither_released_nor_taken_by_another_expert(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    task = room.task(case, 1, "declare")
    other = next(name for name in room.members if name not in {room.holder(case, number) for number in (1, 2, 3)})
    with pytest.raises(Refused, match="不能释放"), room.database.write() as session:
        tasks.release(session, room.experts[room.holder(case, 1)], task.id)
    with pytest.raises((NotFound, ClaimedByAnother)), room.database.write() as session:
        tasks.claim(session, room.experts[other], task.id)


def test_one_more_expert_is_added_with_a_reason_and_scores_alone(room: Room) -> None:
    case = room.filed()
    room.convene(case, 3)
    for number in (1, 2, 3):
        room.score(case, number)
    with pytest.raises(FormInvalid):
        room.officer(case, "open_opinions", decision="add")
    room.officer(case, "open_opinions", decision="add", reason="分歧较大")
    seat = room.seats(case)[4]
    assert (seat.origin, seat.state) == ("added", "invited")
    assert [task.element for task in _open(room, case)] == ["declare"]
    room.score(case, 4, "70")
    room.officer(case, "open_opinions")
    assert len([task for task in _open(room, case) if task.element == "concur"]) == 4


def test_the_term_and_the_employer_are_asked_on_the_day_of_the_draw(room: Room) -> None:
    change(room, "expert06", card_of(6, last_day=samples.MOMENT.date()))
    case = room.filed()
    room.clock.move_to(samples.MOMENT + timedelta(days=1))
    assert reasons(room, case)["expert06"] == "今天不在任期内"


def _open(room: Room, case: Case) -> list[Task]:
    with room.database.read() as session:
        query = select(Task).where(Task.case_id == case.id, Task.state == "open").order_by(Task.element)
        return list(session.scalars(query))


def test_every_seat_of_a_panel_has_another_holder(room: Room) -> None:
    case = room.filed()
    room.convene(case, 6)
    with room.database.read() as session:
        assert len(set(session.scalars(select(Seat.person_id)))) == 6
