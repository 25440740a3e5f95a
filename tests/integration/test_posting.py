"""Letters that did not get through, and what a clerk does about them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, select

from config.errors import JiqunError
from config.mail import Mail
from engine import events, outgoing, posting
from engine.access import Membership
from engine.db import Database
from engine.errors import Forbidden, FormInvalid, NotFound, Refused
from engine.models import Delivery, Event, Letter, Person
from notifications.sender import Post
from tests import letters_due, smtp
from tests.clock import StandingClock
from tests.office import BUREAU, SIBLING, Office, furnish


@pytest.fixture
def office(database: Database, clock: StandingClock) -> Office:
    return furnish(database)


@pytest.fixture
def failed(office: Office) -> int:
    """A letter of the bureau's whose mailbox nobody has."""
    (number,) = letters_due.put(office.database, ["gone.1@county.example.cn"], status="refused", attempts=1)
    with office.database.write() as session:
        letter = Letter(
            dedupe_key="l",
            template="task_due",
            organisation_code=BUREAU,
            role="bureau_officer",
            fields={},
            created_at=outgoing.clock.now(),
        )
        session.add(letter)
        session.flush()
        row = session.get_one(Delivery, number)
        row.letter_id, row.last_code, row.last_error = letter.id, "550", "5.1.1 no such user"
        row.message_id = "<kept@office.example.cn>"
        session.get_one(Person, row.person_id).email_suspect = "5.1.1 no such user"
    return number


def row(office: Office, number: int) -> Delivery:
    return letters_due.found(office.database)[number]


def recorded(office: Office) -> list[Event]:
    with office.database.read() as session:
        assert events.verify(session) == []
        query = select(Event).where(Event.kind.startswith("letter."))
        return list(session.scalars(query.order_by(Event.chain, Event.seq)))


def test_once_more_it_goes_under_the_name_it_had(office: Office, failed: int, tmp_path: Path) -> None:
    with office.database.write() as session:
        posting.retry(session, office.actors["city"], failed)
        person = session.get_one(Person, session.get_one(Delivery, failed).person_id)
        assert person.email_suspect is None
        person.email = "right@county.example.cn"
    with smtp.serving(tmp_path) as server:
        post = Post(office.database, Mail((smtp.account(server.port),)), "node", writer=letters_due.as_it_stands)
        assert post.tick() == 1
        post.close()
        assert [mail["id"] for mail in server.mails()] == ["<kept@office.example.cn>"]
    assert row(office, failed).status == "sent"
    assert [(event.kind, event.actor) for event in recorded(office)] == [("letter.retried", "city")]


def test_told_by_telephone_says_whom_and_when(office: Office, failed: int) -> None:
    with office.database.write() as session:
        posting.told(session, office.actors["city"], failed, " 3月2日 10:20\n告知张三本人 ")
    assert row(office, failed).status == "told"
    (event,) = recorded(office)
    assert event.payload["note"] == "3月2日 10:20 告知张三本人"
    assert event.payload["trouble"] == "5.1.1 no such user"


def test_called_off_it_is_not_sent_and_says_why(office: Office, failed: int) -> None:
    with office.database.write() as session:
        posting.cancel(session, office.actors["city"], failed, "人员已调离")
    assert row(office, failed).status == "cancelled"
    assert recorded(office)[0].payload["reason"] == "人员已调离"


DEEDS: list[Callable[..., Delivery]] = [
    posting.retry,
    lambda session, actor, number: posting.cancel(session, actor, number, "理由"),
    lambda session, actor, number: posting.told(session, actor, number, "已告知"),
]


@pytest.mark.parametrize("deed", DEEDS)
def test_what_needs_no_help_is_left_alone(office: Office, failed: int, deed: Callable[..., Delivery]) -> None:
    with office.database.write() as session:
        session.get_one(Delivery, failed).status = "sent"
    with pytest.raises(Refused), office.database.write() as session:
        deed(session, office.actors["city"], failed)
    assert (row(office, failed).status, recorded(office)) == ("sent", [])


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(("who", "why"), [("county", Forbidden), ("expert", Forbidden), ("leader", Forbidden)])
def test_others_may_not(
    office: Office, failed: int, deed: Callable[..., Delivery], who: str, why: type[JiqunError]
) -> None:
    with pytest.raises(why), office.database.write() as session:
        deed(session, office.actors[who], failed)
    assert row(office, failed).status == "refused"


@pytest.mark.parametrize("deed", DEEDS)
def test_a_letter_of_another_bureau_is_unknown(office: Office, failed: int, deed: Callable[..., Delivery]) -> None:
    there = Membership("bureau_officer", SIBLING, f"/440000/{SIBLING}/")
    stranger = replace(office.actors["city"], memberships=(there,))
    with pytest.raises(NotFound), office.database.write() as session:
        deed(session, stranger, failed)
    assert row(office, failed).status == "refused"


@pytest.mark.parametrize("note", ["", "  \n", "长" * 501])
def test_a_note_is_asked_for(office: Office, failed: int, note: str) -> None:
    for deed in (posting.cancel, posting.told):
        with pytest.raises(FormInvalid), office.database.write() as session:
            deed(session, office.actors["city"], failed, note)
    assert row(office, failed).status == "refused"


def test_a_stopped_account_sends_again_when_somebody_says_so(database: Database, clock: StandingClock) -> None:
    config = outgoing.Answer("config", "connect", "535", "authentication failed")
    with database.write() as session:
        outgoing.troubled(session, "notice", config)
        assert outgoing.room(session, "notice", 30) == 0
    clock.move_by(days=3)
    with database.write() as session:
        assert outgoing.room(session, "notice", 30) == 0
        posting.resume(session, "notice", "operator")
        assert outgoing.room(session, "notice", 30) == 30
    with pytest.raises(Refused), database.write() as session:
        posting.resume(session, "notice", "operator")
    with pytest.raises(Refused), database.write() as session:
        posting.resume(session, "nobody", "operator")


def test_how_many_letters_wait_is_read_from_indexes(sqlite_database: Database) -> None:
    for status, count in (("due", 3), ("sending", 1), ("failed", 2), ("refused", 1), ("sent", 4)):
        letters_due.put(sqlite_database, [None] * count, status=status)
    asked: list[str] = []
    event.listen(sqlite_database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with sqlite_database.read() as session:
        found = posting.state(session)
        counts = [each for each in asked if "count(" in each]
        plans = [str(session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {each}").all()) for each in counts]
    assert (found.waiting, found.failed) == (4, 3)
    assert ["ix_delivery_to_send" in plans[0], "ix_delivery_failed" in plans[1]] == [True, True]
