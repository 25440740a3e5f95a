"""The sender: what becomes of letters and accounts, whatever the mail server says and the clock does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event, update

from config.mail import Account, Mail
from engine import outgoing
from engine.db import Database
from engine.models import Delivery, Person
from notifications.sender import Post
from tests import letters_due, smtp
from tests.clock import StandingClock
from tests.smtp import answering, saying, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[smtp.Post]:
    with serving(tmp_path_factory.mktemp("post")) as started:
        yield started


@pytest.fixture
def server(running: smtp.Post) -> smtp.Post:
    """A mail server that this test alone has written to."""
    return replace(running, before=len(running.mails()))


@pytest.fixture
def made(database: Database) -> Iterator[list[Post]]:
    """The posts of a test, put away at its end."""
    posts: list[Post] = []
    yield posts
    for post in posts:
        post.close()


@pytest.fixture
def opened(database: Database, made: list[Post]) -> Any:
    """A process's senders for these accounts."""

    def post(*accounts: Account, **other: Any) -> Post:
        made.append(Post(database, Mail(accounts, **other), "node", writer=letters_due.as_it_stands))
        return made[-1]

    return post


def arrived(server: smtp.Post, *addresses: str) -> list[str]:
    """Which of the addresses got a mail, one entry a copy."""
    return [mail["to"][0] for mail in server.mails() if mail["to"][0] in addresses]


def one(database: Database, number: int) -> Delivery:
    return letters_due.found(database)[number]


@pytest.mark.usefixtures("clock")
def test_letters_leave_once_and_say_so(database: Database, server: smtp.Post, opened: Any) -> None:
    addresses = [f"z{number}@a.example.cn" for number in range(45)]
    numbers = letters_due.put(database, addresses)
    post = opened(smtp.account(server.port))
    assert post.tick() == 45
    assert post.tick() == 0
    assert sorted(arrived(server, *addresses)) == sorted(addresses)
    rows = letters_due.found(database)
    assert {(rows[number].status, rows[number].attempts, rows[number].last_code) for number in numbers} == {
        ("sent", 1, "250")
    }
    assert all(row.sent_at and row.message_id for row in rows.values())
    tries = letters_due.attempts(database)
    assert [(attempt.outcome, attempt.phase, attempt.account) for attempt in tries] == [("sent", "body", "notice")] * 45
    assert {attempt.address for attempt in tries} == set(addresses)


@pytest.mark.usefixtures("clock")
def test_what_cannot_be_sent_holds_up_nobody(database: Database, server: smtp.Post, opened: Any) -> None:
    given = [
        None,
        "",
        "a@b.cn\nBcc: c@d.cn",
        "no address",
        "gone.2@b.example.cn",
        "spam.2@b.example.cn",
        "good@b.example.cn",
    ]
    numbers = letters_due.put(database, given)
    assert opened(smtp.account(server.port)).tick() == 1
    rows = letters_due.found(database)
    assert [rows[number].status for number in numbers] == ["failed"] * 4 + ["refused"] * 2 + ["sent"]
    for number in numbers[:4]:
        assert rows[number].last_error == outgoing.NO_ADDRESS
        assert rows[number].attempts == 0
    assert rows[numbers[4]].last_error == "5.1.1 no such user here"
    with database.read() as session:
        suspects = {number: session.get_one(Person, rows[number].person_id).email_suspect for number in numbers}
    assert [number for number, why in suspects.items() if why] == [numbers[4]]


def test_a_letter_that_cannot_be_written_stops_no_other(
    database: Database, server: smtp.Post, made: list[Post]
) -> None:
    numbers = letters_due.put(database, [f"w{number}@c.example.cn" for number in range(3)])

    def writer(session: Any, delivery: Delivery) -> Any:
        if delivery.id == numbers[0]:
            raise KeyError("blank")
        return letters_due.as_it_stands(session, delivery)

    made.append(Post(database, Mail((smtp.account(server.port),)), "node", writer=writer))
    assert made[0].tick() == 2
    assert one(database, numbers[0]).status == "failed"


def test_a_busy_mailbox_is_tried_again_later_and_in_the_end_a_person_is_asked(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any
) -> None:
    (number,) = letters_due.put(database, ["busy.1@d.example.cn"])
    post = opened(smtp.account(server.port))
    for wait in outgoing.WAITS:
        post.tick()
        row = one(database, number)
        assert (row.status, row.not_before) == ("due", clock.at + wait)
        clock.move_by(seconds=wait.total_seconds() - 1)
        post.tick()
        assert one(database, number).attempts == row.attempts
        clock.move_by(seconds=1)
    post.tick()
    row = one(database, number)
    assert (row.status, row.attempts, row.last_code) == ("failed", 6, "450")
    assert row.last_error is not None
    assert row.last_error.startswith(outgoing.TOO_OFTEN)


def test_a_mail_nobody_answered_for_is_sent_again_under_its_name_and_not_for_ever(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any
) -> None:
    (number,) = letters_due.put(database, ["dropped.1@e.example.cn"])
    post = opened(smtp.account(server.port))
    for _ in range(8):
        post.tick()
        clock.move_by(days=1)
    copies = [mail for mail in server.mails() if mail["to"] == ["dropped.1@e.example.cn"]]
    assert len(copies) == outgoing.MOST_IN_DOUBT + 1
    assert {mail["id"] for mail in copies} == {one(database, number).message_id}
    assert [f"X-Possible-Duplicate: {copy}\r\n" in mail["content"] for copy, mail in enumerate(copies)] == [
        False,
        True,
        True,
        True,
    ]
    assert one(database, number).status == "failed"
    assert {attempt.outcome for attempt in letters_due.attempts(database)} == {"in_doubt"}


@pytest.mark.usefixtures("clock")
def test_what_is_not_statutory_may_wait_for_a_persons_word(database: Database, server: smtp.Post, opened: Any) -> None:
    ordinary, lawful = (
        letters_due.put(database, ["dropped.1@f.example.cn"], statutory=False)[0],
        letters_due.put(database, ["dropped.2@f.example.cn"])[0],
    )
    opened(smtp.account(server.port), ask_when_in_doubt=frozenset({"task_due"})).tick()
    assert one(database, ordinary).status == "failed"
    assert one(database, lawful).status == "due"


# ---- accounts -------------------------------------------------------------------------------------


def test_a_wrong_code_stops_the_account_and_no_letter(database: Database, tmp_path: Any, opened: Any) -> None:
    numbers = letters_due.put(database, [f"s{number}@g.example.cn" for number in range(3)])
    with serving(tmp_path, security="ssl", login=True) as server:
        wrong = smtp.account(server.port, security="ssl", ca_file=tmp_path / "ca.pem", password="wrong")
        for _ in range(3):
            assert opened(wrong).tick() == 0
        assert len(server.logins()) == 1  # not again and again: providers lock who tries too often
    assert {one(database, number).status for number in numbers} == {"due"}
    assert letters_due.attempts(database) == []
    account = letters_due.account(database)
    assert account.state == "stopped"
    assert account.reason is not None
    assert account.reason.startswith("535")


@pytest.mark.usefixtures("clock")
def test_a_sender_that_may_not_write_so_stops_the_account(database: Database, server: smtp.Post, opened: Any) -> None:
    numbers = letters_due.put(database, ["sender.1@h.example.cn", "other@h.example.cn"])
    assert opened(smtp.account(server.port)).tick() == 0
    assert letters_due.account(database).state == "stopped"
    assert [one(database, number).status for number in numbers] == ["due", "due"]
    assert arrived(server, "other@h.example.cn") == []


def test_a_rate_limit_lets_the_account_wait_and_condemns_no_address(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any
) -> None:
    numbers = letters_due.put(database, ["quota.1@i.example.cn", "after@i.example.cn"])
    post = opened(smtp.account(server.port))
    assert post.tick() == 0
    assert [one(database, number).status for number in numbers] == ["due", "due"]
    account = letters_due.account(database)
    assert (account.state, account.paused_until) == ("paused", clock.at + timedelta(minutes=15))
    clock.move_by(minutes=14)
    post.tick()
    assert len(letters_due.attempts(database)) == 1
    with database.write() as session:  # the provider lets it pass now
        session.execute(update(Person).values(email="now@i.example.cn"))
    clock.move_by(minutes=1)
    assert post.tick() == 2
    assert letters_due.account(database).state == "ok"


def test_a_mail_server_that_is_away_costs_no_letter_a_try(
    database: Database, tmp_path: Any, clock: StandingClock, opened: Any
) -> None:
    """Six hours long; then all leave."""
    numbers = letters_due.put(database, [f"a{number}@j.example.cn" for number in range(5)])
    with serving(tmp_path) as gone:
        port = gone.port
    post = opened(smtp.account(port))
    waits = []
    for _ in range(24):
        before = letters_due.account(database).paused_until if waits else clock.at
        post.tick()
        waits.append(letters_due.account(database).paused_until != before)
        clock.move_by(minutes=15)
    assert all(waits)
    assert letters_due.attempts(database) == []
    with serving(tmp_path, port=port) as server:
        assert post.tick() == 5
        assert len(server.mails()) == 5
    assert {one(database, number).attempts for number in numbers} == {1}


def test_a_minute_holds_so_many_letters(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any
) -> None:
    letters_due.put(database, [f"m{number}@k.example.cn" for number in range(70)])
    account = smtp.account(server.port, per_minute=30)
    first, second = opened(account), opened(account)  # two nodes share it
    assert first.tick() + second.tick() == 30
    clock.move_by(seconds=59)
    assert first.tick() + second.tick() == 0
    clock.move_by(seconds=1)
    assert second.tick() + first.tick() == 30
    clock.move_by(minutes=1)
    assert first.tick() + second.tick() == 10


def test_several_accounts_share_the_letters_each_at_its_pace(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any
) -> None:
    letters_due.put(database, [f"n{number}@l.example.cn" for number in range(50)])
    accounts = [smtp.account(server.port, key=key, per_minute=limit) for key, limit in (("slow", 10), ("fast", 25))]
    assert opened(*accounts).tick() == 35
    by = [attempt.account for attempt in letters_due.attempts(database)]
    assert (by.count("slow"), by.count("fast")) == (10, 25)
    clock.move_by(minutes=1)
    assert opened(*accounts).tick() == 15


@pytest.mark.usefixtures("clock")
def test_while_one_account_is_stopped_another_sends(database: Database, server: smtp.Post, opened: Any) -> None:
    letters_due.put(database, [f"o{number}@m.example.cn" for number in range(5)])
    with answering(saying(b"220 ok\r\n", b"250 ok\r\n")) as port:  # offers no sign-in
        broken = smtp.account(port, key="broken")
        broken = replace(broken, server=replace(broken.server, security="starttls"))
        assert opened(broken, smtp.account(server.port, key="works")).tick() == 5
    assert letters_due.account(database, "broken").state == "stopped"


@pytest.mark.usefixtures("clock")
def test_in_test_mode_all_letters_go_to_one_address(database: Database, server: smtp.Post, opened: Any) -> None:
    letters_due.put(database, ["zhang@n.example.cn", "li@n.example.cn"])
    opened(smtp.account(server.port), redirect_to="tester@n.example.cn").tick()
    assert arrived(server, "zhang@n.example.cn", "li@n.example.cn") == []
    assert len(arrived(server, "tester@n.example.cn")) == 2
    assert {attempt.address for attempt in letters_due.attempts(database)} == {"tester@n.example.cn"}


@pytest.mark.usefixtures("clock")
def test_without_accounts_nothing_leaves(database: Database, opened: Any) -> None:
    (number,) = letters_due.put(database, ["zhang@o.example.cn"])
    assert opened().tick() == 0
    assert one(database, number).status == "due"


# ---- leases, fences, clocks -----------------------------------------------------------------------


def _held(database: Database, status: str, holder: str = "dead:1", **other: Any) -> None:
    with database.write() as session:
        until = outgoing.clock.now() + outgoing.LEASE
        given = {"status": status, "locked_by": holder, "lock_until": until, "fence": 1} | other
        session.execute(update(Delivery).values(**given))


@pytest.mark.parametrize("status", ["claimed", "sending"])
def test_what_a_dead_sender_held_is_sent_when_its_lease_is_over(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any, status: str
) -> None:
    (number,) = letters_due.put(database, [f"{status}@p.example.cn"])
    _held(database, status, message_id="<kept@office.example.cn>")
    post = opened(smtp.account(server.port))
    clock.move_by(seconds=outgoing.LEASE.total_seconds() - 1)
    assert post.tick() == 0
    clock.move_by(seconds=1)
    assert post.tick() == 1
    row = one(database, number)
    assert (row.status, row.in_doubt, row.message_id) == ("sent", int(status == "sending"), "<kept@office.example.cn>")


@pytest.mark.parametrize("hours", [2, -3])
def test_a_clock_that_jumps_loses_nothing_and_doubles_nothing(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any, hours: int
) -> None:
    addresses = [f"j{number}@q.example.cn" for number in range(20)]
    letters_due.put(database, addresses[:10], due_at=clock.at - timedelta(hours=4))
    post = opened(smtp.account(server.port, per_minute=15))
    assert post.tick() == 10
    clock.move_by(hours=hours)
    letters_due.put(database, addresses[10:])
    assert post.tick() == 10  # the minute that was counted lies elsewhere now
    assert sorted(arrived(server, *addresses)) == sorted(addresses)
    assert {row.in_doubt for row in letters_due.found(database).values()} == {0}


def test_a_clock_set_back_does_not_hold_a_dead_senders_letter(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any
) -> None:
    letters_due.put(database, ["back@r.example.cn"], due_at=clock.at - timedelta(hours=4))
    _held(database, "sending")
    clock.move_by(hours=-3)
    assert opened(smtp.account(server.port)).tick() == 1


def test_a_clock_set_forward_takes_no_letter_from_who_is_sending_it(
    database: Database, server: smtp.Post, clock: StandingClock, opened: Any
) -> None:
    """The process's own letters in flight are known to be."""
    (number,) = letters_due.put(database, ["forward@s.example.cn"])
    post = opened(smtp.account(server.port))
    _held(database, "sending", holder=post._senders[0].holder)
    clock.move_by(hours=2)
    assert post.tick() == 0
    assert one(database, number).in_doubt == 0


def test_who_comes_back_after_its_lease_changes_no_letter_that_another_has(
    database: Database, clock: StandingClock
) -> None:
    (number,) = letters_due.put(database, ["fence@t.example.cn"])
    answer = outgoing.Answer("refused", "envelope", "550", "no")

    def taken(holder: str) -> outgoing.Claim:
        with database.write() as session:
            claim = outgoing.claim(session, holder, 1, str)[0][0]
            assert outgoing.begin(session, claim, account="notice", address="fence@t.example.cn")
        return claim

    slow = taken("slow")
    clock.move_by(minutes=6)
    with database.write() as session:
        outgoing.reclaim(session, outgoing.stranded(session))
    fast = taken("fast")
    with database.write() as session:
        outgoing.finish(session, slow, answer)
    assert (one(database, number).status, one(database, number).locked_by) == ("sending", "fast")
    with database.write() as session:
        outgoing.finish(session, fast, replace(answer, outcome="sent"))
    assert one(database, number).status == "sent"
    assert [attempt.outcome for attempt in letters_due.attempts(database)] == ["refused", "sent"]  # the evidence stays


def test_an_answer_after_the_lease_still_counts_while_nobody_else_has_the_letter(
    database: Database, clock: StandingClock
) -> None:
    (number,) = letters_due.put(database, ["tardy@t.example.cn"])
    with database.write() as session:
        claim = outgoing.claim(session, "slow", 1, str)[0][0]
        outgoing.begin(session, claim, account="notice", address="tardy@t.example.cn")
    clock.move_by(minutes=6)
    with database.write() as session:
        outgoing.reclaim(session, outgoing.stranded(session))
    with database.write() as session:
        outgoing.finish(session, claim, outgoing.Answer("sent", "body", "250", "OK"))
    assert one(database, number).status == "sent"


@pytest.mark.usefixtures("clock")
def test_a_letter_called_off_between_claim_and_mark_stays(database: Database) -> None:
    letters_due.put(database, ["off@u.example.cn"])
    with database.write() as session:
        claim = outgoing.claim(session, "one", 1, str)[0][0]
    with database.write() as session:
        session.execute(update(Delivery).values(status="cancelled"))
        assert not outgoing.begin(session, claim, account="notice", address="off@u.example.cn")


@pytest.mark.usefixtures("clock")
def test_who_is_told_to_stop_gives_back_what_has_not_left(
    database: Database, server: smtp.Post, made: list[Post]
) -> None:
    letters_due.put(database, [f"v{number}@v.example.cn" for number in range(30)])
    stopping = Event()

    def writer(session: Any, delivery: Delivery) -> Any:
        if delivery.id == 25:
            made[0].stop()
            stopping.set()
        return letters_due.as_it_stands(session, delivery)

    made.append(Post(database, Mail((smtp.account(server.port),)), "node", writer=writer))
    assert made[0].tick() < 30
    assert stopping.is_set()
    assert {row.status for row in letters_due.found(database).values()} == {"sent", "due"}
    assert {row.locked_by for row in letters_due.found(database).values()} == {None}


def test_what_is_due_is_found_by_the_index_for_it(sqlite_database: Database) -> None:
    """However many were sent before: SQLite takes a partial index only for a question in the index's own words."""
    asked: list[tuple[str, Any]] = []

    @event.listens_for(sqlite_database.engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    letters_due.put(sqlite_database, ["x@x.example.cn"], status="sent")
    with sqlite_database.read() as session:
        asked.clear()
        assert not outgoing.waiting(session)
        assert not outgoing.stranded(session, ["somebody"])
        assert not outgoing.claim(session, "one", 20, str)
        questions = [(statement, given) for statement, given in asked if statement.startswith("SELECT")]
        explain = session.connection().exec_driver_sql
        plans = [str(explain(f"EXPLAIN QUERY PLAN {statement}", given).all()) for statement, given in questions]
    assert len(plans) == 3
    assert [plan for plan in plans if "ix_delivery_to_send" not in plan] == []
