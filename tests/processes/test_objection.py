"""Objections to a published list: until when they count, who handles them, and what they do to the list."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from unittest.mock import patch

import pytest
from sqlalchemy import select

from engine import access, bundle, lint, objections, receipts, settlement, tasks
from engine.db import Database
from engine.errors import FormInvalid, Refused, TooMany
from engine.models import Case, Cluster, Event, Notice, Objection, Round
from engine.objections import Sent, Written
from tests import office
from tests.clock import StandingClock
from tests.publicised import (
    DISMISSED,
    GROUNDS,
    INVESTIGATED,
    LAST_MINUTE,
    OVER,
    UPHELD,
    List,
    listed,
    publicised,
    with_second_leader,
)

SETTING = b'upheld = "remove"'


def furnished(database: Database, files: bundle.Files | None = None) -> office.Office:
    with patch.object(lint, "problems", return_value=[]):  # that the bundle is right is tested elsewhere
        return with_second_leader(office.furnish(database, files))


@pytest.fixture
def public(database: Database, clock: StandingClock) -> List:
    return listed(database, clock, second_leader=True)


@pytest.fixture
def anew(sqlite_database: Database, clock: StandingClock) -> List:
    """A bureau whose setting lets an upheld cluster be publicised again."""
    files = bundle.shipped("qingyuan")
    assert files["regime.toml"].count(SETTING) == 1
    changed = files["regime.toml"].replace(SETTING, b'upheld = "publicise_anew"')
    return publicised(furnished(sqlite_database, {**files, "regime.toml": changed}), clock)


def refused(answering: Callable[[], None]) -> list[tuple[str, str]]:
    """Field and code of each problem."""
    with pytest.raises(FormInvalid) as raised:
        answering()
    return [(problem.field, problem.code) for problem in raised.value.problems]


def standing_of(public: List) -> list[str]:
    with public.office.database.read() as session:
        known = settlement.standings(session, session.get_one(Case, public.round_case))
    return [known[case_id] for case_id in public.cases]


def proposed(public: List, form: str) -> dict[str, object]:
    begin = {"check_objections": settlement.check_begun, "settle_held": settlement.settlement_begun}[form]
    with public.office.database.read() as session:
        return begin(session, session.get_one(Case, public.round_case), form)


# ---- taking one ---------------------------------------------------------------------------------


def test_an_objection_in_the_last_second_counts_and_one_second_later_it_is_late(public: List) -> None:
    public.clock.move_to(LAST_MINUTE)
    counts = public.object(0)
    public.clock.move_to(OVER)
    late = public.object(1)
    assert (counts.late, counts.state, counts.case_id is None) == (False, "received", False)
    assert (late.late, late.state, late.case_id) == (True, "passed_on", None)
    assert standing_of(public) == ["open", "none", "none"]


def test_an_objection_is_a_case_of_the_bureau_that_no_county_sees(public: List) -> None:
    objection = public.object(0)
    with public.office.database.read() as session:
        case = session.get_one(Case, objection.case_id)
        assert (case.process, case.opened_by, case.round_id, case.cluster_id) == ("objection", "public", None, None)
        sees = {name for name, actor in public.office.actors.items() if access.may(actor, "case.read", case)}
    assert sees == {"city", "city2", "leader", "leader2", "both", "publisher"}
    assert public.office.open_elements(objection.case_id or 0) == ["investigate"]


def test_the_same_form_sent_twice_is_one_objection(public: List) -> None:
    first, second = (public.object(0, form="pressed twice") for _ in range(2))
    assert (first.id, first.receipt) == (second.id, second.receipt)
    with public.office.database.read() as session:
        assert len(session.scalars(select(Objection.id)).all()) == 1
        assert len(session.scalars(select(Case.id).where(Case.process == "objection")).all()) == 1


def test_a_button_pressed_twice_at_once_is_one_objection(public: List) -> None:
    written, notice = Written("示例反映人", "0763-0000000", public.cases[0], GROUNDS), public.notice.id

    def press(_number: int) -> str:
        with public.office.database.write() as session:
            return objections.receive(session, notice, written, Sent("here", "one form", an_hour=5, in_all=9)).receipt

    with ThreadPoolExecutor(4) as threads:
        pressed = [threads.submit(copy_context().run, press, number) for number in range(4)]
        assert len({one.result(timeout=60) for one in pressed}) == 1
    with public.office.database.read() as session:
        assert len(session.scalars(select(Objection.id)).all()) == 1


def test_the_sixth_objection_of_an_hour_from_one_address_is_refused_and_leaves_nothing(public: List) -> None:
    def send(number: int) -> None:
        written = Written("示例反映人", "0763-0000000", public.cases[0], GROUNDS)
        with public.office.database.write() as session:
            sent = Sent("here", f"form{number}", an_hour=5, in_all=99)
            objections.receive(session, public.notice.id, written, sent)

    for number in range(5):
        send(number)
        public.clock.move_by(seconds=6)
    with pytest.raises(TooMany, match="请在 60 分钟后再试") as raised:
        send(5)
    assert raised.value.retry_after == 3570  # the first one was thirty seconds ago
    with public.office.database.read() as session:
        assert len(session.scalars(select(Objection.id)).all()) == 5
    public.clock.move_by(seconds=3570)
    send(5)


def test_all_addresses_together_may_send_only_so_many(public: List) -> None:
    written = Written("示例反映人", "0763-0000000", public.cases[0], GROUNDS)
    with public.office.database.write() as session:
        for number in range(3):
            sent = Sent(f"address {number}", f"form{number}", an_hour=5, in_all=3)
            objections.receive(session, public.notice.id, written, sent)
        sent = Sent("another", "another", an_hour=5, in_all=3)
        with pytest.raises(TooMany):
            objections.receive(session, public.notice.id, written, sent)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " \u200b\u3000 "}, "name"),
        ({"name": "长" * 101}, "name"),
        ({"contact": "请电话联系"}, "contact"),
        ({"contact": "somebody@"}, "contact"),
        ({"target": None}, "target"),
        ({"target": 1}, "target"),  # the round's own case is on no list
        ({"grounds": "不公平"}, "grounds"),
        ({"grounds": "一二三四五六七八九"}, "grounds"),
        ({"grounds": "字" * 3001}, "grounds"),
    ],
)
def test_what_is_missing_or_too_long_is_told_at_its_field(public: List, change: dict[str, object], field: str) -> None:
    written = Written(
        **{"name": "甲", "contact": "00000000000", "target": public.cases[0], "grounds": GROUNDS, **change}
    )  # type: ignore[arg-type]  # on purpose
    with public.office.database.read() as session:
        found = objections.problems(session.merge(public.notice, load=False), written)
    assert [problem.field for problem in found] == [field]


@pytest.mark.parametrize("contact", ["0763-0000000", "+86 000 0000 0000", "０００００００００００", "a.b@example.cn"])
def test_a_telephone_or_an_address_is_a_contact(public: List, contact: str) -> None:
    assert public.object(0, contact=contact).contact


def test_ten_to_three_thousand_characters_are_grounds_however_lines_end(public: List) -> None:
    assert public.object(0, grounds="一二三四五六七八九十").grounds == "一二三四五六七八九十"
    assert len(public.object(0, grounds="字" * 1499 + "\r\n" + "字" * 1500).grounds) == 3000


# ---- receipts -----------------------------------------------------------------------------------


def test_a_receipt_is_read_however_it_is_typed_and_a_slip_is_noticed() -> None:
    receipt = receipts.number(2025)
    shown = receipts.shown(receipt)
    assert len(shown) == 17
    for typed in (shown, shown.lower(), shown.replace("-", " "), f" {receipt}", shown.replace("-", "—")):
        assert receipts.read(typed) == receipt
    for place, right in enumerate(receipt):
        for wrong in receipts.ALPHABET if place > 1 else "0123456789":
            if wrong != right:
                with pytest.raises(receipts.ReceiptInvalid):
                    receipts.read(receipt[:place] + wrong + receipt[place + 1 :])
    for place in range(13):
        swapped = receipt[:place] + receipt[place + 1] + receipt[place] + receipt[place + 2 :]
        if swapped != receipt:
            with pytest.raises(receipts.ReceiptInvalid):
                receipts.read(swapped)


def test_receipts_differ_and_hold_no_characters_taken_for_each_other() -> None:
    drawn = {receipts.number(2025) for _ in range(1000)}
    assert len(drawn) == 1000
    assert not {"0", "1", "I", "L", "O"} & set("".join(receipt[2:] for receipt in drawn))


# ---- who ----------------------------------------------------------------------------------------


def test_who_did_the_first_review_neither_claims_nor_answers_the_investigation(public: List) -> None:
    objection = public.object(0)
    task = public.office.open_task(objection.case_id or 0, "investigate")
    with public.office.database.write() as session, pytest.raises(Refused, match=r"初审人员不能核查.*其他经办人"):
        tasks.claim(session, public.office.actors["city"], task.id)
    with pytest.raises(Refused, match="初审人员不能核查"):
        public.answer("city", objection.case_id, "investigate", INVESTIGATED)
    public.answer("city2", objection.case_id, "investigate", INVESTIGATED)
    assert public.office.open_elements(objection.case_id or 0) == ["decide"]


def test_who_investigated_does_not_decide(public: List) -> None:
    objection = public.object(0)
    public.answer("both", objection.case_id, "investigate", INVESTIGATED)
    with pytest.raises(Refused):
        public.answer("both", objection.case_id, "decide", DISMISSED)
    public.answer("leader", objection.case_id, "decide", DISMISSED)


def test_a_decision_needs_reasons_and_an_answer(public: List) -> None:
    objection = public.object(0)
    public.answer("city2", objection.case_id, "investigate", INVESTIGATED)
    bare = {"decision": "uphold"}
    wrong = refused(lambda: public.answer("leader", objection.case_id, "decide", bare))
    assert {field for field, _ in wrong} == {"reasons", "answer"}
    assert standing_of(public)[0] == "open"


def test_the_objector_reads_by_the_receipt_how_it_goes_and_what_was_decided(public: List) -> None:
    objection = public.object(0)

    def told() -> objections.Standing:
        with public.office.database.read() as session:
            return objections.asked(session, receipts.read(receipts.shown(objection.receipt)))

    assert (told().state, told().answer) == ("received", None)
    assert str(told().answer_by) == "2025-07-18"  # thirteen working days after Tuesday 1 July
    public.answer("city2", objection.case_id, "investigate", INVESTIGATED)
    assert told().state == "investigating"
    public.answer("leader", objection.case_id, "decide", DISMISSED)
    assert (told().state, told().answer) == ("dismissed", DISMISSED["answer"])


def test_the_record_holds_neither_name_nor_contact_nor_grounds(public: List) -> None:
    objection = public.object(0, name="欧阳示例", contact="00000001234")
    public.decided(objection, UPHELD)
    with public.office.database.read() as session:
        written = "".join(str(row) for row in session.execute(select(Event.kind, Event.payload, Event.actor)))
        state = session.scalar(select(Case.state).where(Case.id == objection.case_id))
    for secret in ("欧阳示例", "00000001234", GROUNDS, objection.receipt):
        assert secret not in written
        assert secret.encode() not in (state or b"")
    assert "objection.received" in written
    assert "objection.decided" in written


# ---- what it does to the list -------------------------------------------------------------------


def test_an_open_objection_holds_back_its_cluster_and_not_the_list(public: List) -> None:
    public.object(1)
    public.clock.move_to(OVER)
    public.tick()
    assert proposed(public, "check_objections") == {"objections": "some", "blocked": [public.cases[1]]}
    assert refused(public.checked) == [("blocked", "objection_not_dismissed")]
    assert refused(lambda: public.checked(0)) == [("blocked", "objection_not_dismissed")]
    assert public.office.open_elements(public.round_case) == ["check_objections"]
    public.checked(1)
    public.published()
    assert [public.outcome(place) for place in range(3)] == ["recognised", None, "recognised"]
    assert public.office.open_elements(public.round_case) == ["settle_held"]


def test_a_dismissed_objection_confirms_the_cluster_but_is_not_said_away(public: List) -> None:
    public.decided(public.object(0), DISMISSED)
    public.clock.move_to(OVER)
    public.tick()
    assert refused(lambda: public.checked(objections="none")) == [("objections", "there_are_some")]
    public.checked()
    public.published()
    assert {public.outcome(place) for place in range(3)} == {"recognised"}


def test_of_two_objections_against_one_cluster_the_upheld_one_wins(public: List) -> None:
    for decisions in ((DISMISSED, UPHELD), (UPHELD, DISMISSED)):
        place = 0 if decisions[0] is DISMISSED else 1
        first, second = public.object(place), public.object(place)
        public.decided(first, decisions[0])
        assert standing_of(public)[place] == "open"
        public.decided(second, decisions[1])
    assert standing_of(public) == ["upheld", "upheld", "none"]
    public.clock.move_to(OVER)
    public.tick()
    assert proposed(public, "check_objections")["blocked"] == public.cases[:2]


def test_a_cluster_off_the_list_is_not_held_back(public: List) -> None:
    public.clock.move_to(OVER)
    public.tick()
    data = {"objections": "some", "blocked": [public.round_case], "note": "有书面异议"}
    assert refused(lambda: public.answer("city", public.round_case, "check_objections", data))
    public.checked(2)  # an objection on paper: the officer's own
    assert proposed(public, "settle_held") == {"decision": "close", "cases": [], "blocked": []}


def test_a_late_objection_holds_nothing_back(public: List) -> None:
    public.clock.move_to(OVER)
    public.tick()
    public.object(0)
    assert proposed(public, "check_objections") == {"objections": "none", "blocked": []}
    public.checked(objections="none")
    public.published()
    assert public.outcome(0) == "recognised"


def held(public: List, *places: int) -> list[Objection]:
    """An open objection against each of these places, the others published."""
    made = [public.object(place) for place in places]
    public.clock.move_to(OVER)
    public.tick()
    public.checked(*places)
    public.published()
    return made


def test_a_cluster_whose_objection_is_dismissed_follows_by_an_addendum(public: List) -> None:
    (objection,) = held(public, 1)
    assert refused(lambda: public.settled("publish", cases=[1])) == [("cases", "objection_open")]
    assert refused(lambda: public.settled("close")) == [("blocked", "objection_open")]
    public.decided(objection, DISMISSED)
    assert proposed(public, "settle_held") == {"decision": "publish", "cases": [public.cases[1]], "blocked": []}
    assert refused(lambda: public.settled("close")) == [("cases", "dropped")]
    public.settled("publish", cases=[1])
    public.published("示例〔2025〕2号")
    assert public.outcome(1) == "recognised"
    with public.office.database.read() as session:
        assert session.scalars(select(Round.state)).one() == "published"
        published = select(Notice).where(Notice.kind == "publication").order_by(Notice.id)
        listed = [[entry["case"] for entry in notice.entries] for notice in session.scalars(published)]
    assert listed == [[public.cases[0], public.cases[2]], [public.cases[1]]]


def test_a_cluster_whose_objection_is_upheld_leaves_the_list(public: List) -> None:
    (objection,) = held(public, 1)
    public.decided(objection, UPHELD)
    assert refused(lambda: public.settled("publish", cases=[1])) == [("cases", "objection_upheld")]
    assert refused(lambda: public.settled("publicise", cases=[1])) == [("decision", "not_the_setting")]
    assert proposed(public, "settle_held") == {"decision": "close", "cases": [], "blocked": []}
    public.settled("close")
    assert public.outcome(1) == "not_listed"
    with public.office.database.read() as session:
        states = dict(
            session.execute(select(Case.id, Cluster.state).join(Cluster, Cluster.id == Case.cluster_id)).all()
        )
    assert states[public.cases[1]] == "candidate"


def test_while_one_waits_another_may_follow(public: List) -> None:
    dismissed, waiting = held(public, 0, 1)
    public.decided(dismissed, DISMISSED)
    assert proposed(public, "settle_held") == {
        "decision": "publish",
        "cases": [public.cases[0]],
        "blocked": [public.cases[1]],
    }
    assert refused(lambda: public.settled("publish", cases=[0])) == [("blocked", "objection_open")]
    public.settled("publish", cases=[0], blocked=[1])
    public.published("示例〔2025〕2号")
    assert [public.outcome(place) for place in (0, 1)] == ["recognised", None]
    public.decided(waiting, UPHELD)
    public.settled("close")
    assert public.outcome(1) == "not_listed"


@pytest.mark.parametrize(
    ("cases", "blocked", "expected"),
    [
        ([2], [0, 1], ("cases[0]", "case_not_ready")),  # it was published and is at its end
        ([1], [0, 1], ("blocked", "twice")),
        ([1], [0, 2], ("blocked[1]", "case_not_ready")),
    ],
)
def test_settling_speaks_of_the_held_ones_once_each(
    public: List, cases: Sequence[int], blocked: Sequence[int], expected: tuple[str, str]
) -> None:
    _waiting, dismissed = held(public, 0, 1)
    public.decided(dismissed, DISMISSED)
    assert refused(lambda: public.settled("publish", cases, blocked)) == [expected]


def test_only_a_new_publicity_is_given_a_number(public: List) -> None:
    (objection,) = held(public, 1)
    public.decided(objection, DISMISSED)
    numbered = partial(public.settled, "publish", cases=[1], number="示例公示〔2025〕2号")
    assert refused(numbered) == [("publicity_number", "hidden_field")]


def test_where_the_setting_says_so_an_upheld_cluster_is_publicised_anew(anew: List) -> None:
    upheld, waiting = held(anew, 0, 1)
    anew.decided(upheld, UPHELD)
    first = anew.notice.id
    assert proposed(anew, "settle_held") == {
        "decision": "publicise",
        "cases": [anew.cases[0]],
        "blocked": [anew.cases[1]],
    }
    anew.settled("publicise", cases=[0], blocked=[1], number="示例公示〔2025〕2号")
    second = anew.notice
    assert second.id != first
    assert second.number == "示例公示〔2025〕2号"
    assert [entry["case"] for entry in second.entries] == [anew.cases[0]]
    assert "重新公示" in second.title
    assert standing_of(anew) == ["none", "open", "none"]
    anew.clock.move_to(f"{second.last_day} 23:59:59")
    anew.clock.move_by(seconds=1)
    anew.tick()
    assert proposed(anew, "check_objections")["blocked"] == [anew.cases[1]]  # still held back from the first time
    assert refused(lambda: anew.checked(objections="none")) == [("blocked", "objection_not_dismissed")]
    anew.checked(1)
    anew.published("示例〔2025〕2号")
    assert [anew.outcome(place) for place in (0, 1)] == ["recognised", None]
    anew.decided(waiting, DISMISSED)
    anew.settled("publish", cases=[1])
    anew.published("示例〔2025〕3号")
    assert anew.outcome(1) == "recognised"
