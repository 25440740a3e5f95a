"""The pool: who may put whom into it, what its members declare, and that every change is recorded."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from engine import accounts, pool
from engine.db import Database
from engine.errors import Conflict, Forbidden, FormInvalid, JiqunError, NotFound
from engine.models import Event, PoolMember
from tests import panel as panel_
from tests import samples
from tests.clock import StandingClock
from tests.office import BUREAU, COUNTY
from tests.panel import Room, card_of


@pytest.fixture
def room(database: Database, clock: StandingClock) -> Room:
    return panel_.furnish(database, clock, count=3)


def recorded(room: Room) -> list[tuple[str, str, Any]]:
    with room.database.read() as session:
        query = select(Event).where(Event.kind.startswith("pool.")).order_by(Event.seq)
        return [(event.kind, event.actor, event.payload) for event in session.scalars(query)]


def newcomer(room: Room, *roles: str) -> str:
    with room.database.write() as session:
        person = accounts.add(session, "expert88", by="setup")
        for role in roles:
            accounts.grant(session, person, role, BUREAU, by="setup")
    return "expert88"


def test_a_member_is_added_changed_suspended_and_resumed_and_each_is_recorded(room: Room) -> None:
    before = len(recorded(room))
    city, number = room.at.actors["city"], room.members["expert01"]
    with room.database.write() as session:
        pool.change(session, city, number, card_of(1, employer="  虚构大学 ", fields=("新材料", "新材料", " 检测 ")))
        pool.suspend(session, city, number, "健康原因")
        pool.resume(session, city, number)
        pool.resume(session, city, number)
    kinds = [(kind, actor) for kind, actor, _payload in recorded(room)[before:]]
    assert kinds == [("pool.changed", "city"), ("pool.suspended", "city"), ("pool.resumed", "city")]
    changed = recorded(room)[before][2]["changed"]
    assert changed["employer"] == ["虚构研究院第1所", "虚构大学"]
    assert changed["fields"][1] == ["新材料", "检测"]
    assert panel_.member(room.database, number).suspended is None


@pytest.mark.parametrize("who", ["leader", "publisher", "county", "owner", "expert"])
def test_only_an_officer_of_the_bureau_changes_the_pool(room: Room, who: str) -> None:
    with pytest.raises((Forbidden, NotFound)), room.database.write() as session:
        pool.add(session, room.at.actors[who], BUREAU, "expert", kind="expert", card=card_of(9))
    with pytest.raises((Forbidden, NotFound)), room.database.write() as session:
        pool.suspend(session, room.at.actors[who], room.members["expert01"], "不给抽")


def test_the_bureau_reads_the_pool_and_an_expert_their_own_entry(room: Room) -> None:
    with room.database.read() as session:
        assert len(pool.listed(session, room.at.actors["leader"])) == 3
        assert [each.name for each in pool.listed(session, room.experts["expert02"])] == ["expert02"]
        assert pool.listed(session, room.at.actors["county"]) == []
        with pytest.raises(NotFound):
            pool.find(session, room.experts["expert02"], room.members["expert01"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"employer": " "}, "employer"),
        ({"employer": "长" * 101}, "employer"),
        ({"fields": ()}, "fields"),
        ({"fields": ("长" * 41,)}, "fields"),
        ({"division": "999999"}, "division"),
        ({"division": "英德市"}, "division"),
        ({"last_day": date(2024, 12, 31)}, "last_day"),
    ],
)
def test_a_card_that_cannot_be_is_refused_and_nothing_changed(room: Room, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(FormInvalid) as refused, room.database.write() as session:
        pool.change(session, room.at.actors["city"], room.members["expert01"], card_of(1, **changes))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert panel_.member(room.database, room.members["expert01"]).employer == "虚构研究院第1所"


def test_without_account_or_role_nobody_comes_into_the_pool(room: Room) -> None:
    city = room.at.actors["city"]
    for name in ("nobody-here", newcomer(room, "inspector")):
        with pytest.raises(FormInvalid) as refused, room.database.write() as session:
            pool.add(session, city, BUREAU, name, kind="expert", card=card_of(9))
        assert refused.value.problems[0].field == "name"
    with room.database.write() as session:
        pool.add(session, city, BUREAU, "expert88", kind="inspector", card=card_of(9))
    with pytest.raises(Conflict), room.database.write() as session:
        pool.add(session, city, BUREAU, "expert88", kind="inspector", card=card_of(9))


def test_a_member_declares_for_themselves_and_the_officer_for_them(room: Room) -> None:
    room.filed()
    number = room.members["expert01"]
    with room.database.write() as session:
        pool.declare(session, room.experts["expert01"], number, "曾任职", organisation_code=COUNTY)
        pool.declare(session, room.at.actors["city"], number, "来函告知", cluster=samples.CLUSTER)
    with room.database.read() as session:
        found = pool.interests(session, room.experts["expert01"], number)
    assert [(each["cluster"], each["declared_by"]) for each in found] == [(samples.CLUSTER, "city"), (None, "expert01")]
    with pytest.raises((Forbidden, NotFound)), room.database.write() as session:
        pool.declare(session, room.experts["expert02"], number, "他有", organisation_code=COUNTY)


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"cluster": samples.CLUSTER, "organisation_code": COUNTY},
        {"cluster": "没有这个集群"},
        {"organisation_code": "440000"},
        {"organisation_code": BUREAU},
    ],
)
def test_a_declaration_names_one_thing_that_exists(room: Room, where: dict[str, str]) -> None:
    room.filed()
    with pytest.raises(FormInvalid), room.database.write() as session:
        pool.declare(session, room.experts["expert01"], room.members["expert01"], "说明", **where)


def test_words_find_by_name_employer_and_field(room: Room) -> None:
    city = room.at.actors["city"]
    with room.database.read() as session:
        assert [each.name for each in pool.listed(session, city, words="第2所")] == ["expert02"]
        assert [each.name for each in pool.listed(session, city, words="数字化")] == ["expert02"]
        assert pool.listed(session, city, kind="inspector") == []


def test_an_entry_belongs_to_one_bureau(room: Room) -> None:
    with room.database.read() as session:
        assert {member.bureau_code for member in session.scalars(select(PoolMember))} == {BUREAU}
    with pytest.raises(JiqunError), room.database.write() as session:
        pool.add(session, room.at.actors["city"], COUNTY, "expert", kind="expert", card=card_of(9))
