"""One transaction a command, the same promises from both databases."""

import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError

from engine import db
from engine.db import Database, LiveCases
from engine.models import ChainHead, Event, Organisation
from tests.clock import moment
from tests.conftest import opened

MORNING = moment("2026-03-02 09:00")


def test_what_a_command_wrote_is_there_afterwards(database: Database) -> None:
    with database.write() as session:
        session.add(_head(1))
    with database.read() as session:
        assert session.scalars(select(ChainHead.seq)).all() == [1]


def test_a_command_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(_head(1))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as session:
        assert session.scalars(select(ChainHead.seq)).all() == []


def test_reading_changes_nothing(database: Database) -> None:
    """SQLite takes it back at the end; PostgreSQL refuses at once."""
    with suppress(DatabaseError), database.read() as session:
        session.add(_head(1))
        session.flush()
    with database.read() as session:
        assert session.scalars(select(ChainHead.seq)).all() == []


def test_a_connection_that_died_in_the_silence_is_replaced(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server was restarted over night; the first command of the morning does not notice."""
    if database.dialect == "sqlite":
        pytest.skip("SQLite has no server that could cut a connection")
    monkeypatch.setattr(db, "IDLE_SECONDS", 0.0)
    with database.read() as session:
        process = session.scalar(text("SELECT pg_backend_pid()"))
    with opened(database.url.render_as_string(hide_password=False)) as other, other.write() as session:
        assert session.scalar(text("SELECT pg_terminate_backend(:process)"), {"process": process})
    with database.write() as session:
        session.add(_head(7))
    with database.read() as session:
        assert session.scalars(select(ChainHead.seq)).all() == [7]


def test_a_second_writer_waits_for_the_first_and_sees_its_work(database: Database) -> None:
    """Two commands that read and then write: with a plain BEGIN one of them fails on SQLite, or one is lost."""
    with database.write() as session:
        session.add(_head(0))
    errors: list[BaseException] = []

    def count_up() -> None:
        try:
            for _ in range(10):
                with database.write() as session:
                    head = session.scalars(select(ChainHead).with_for_update()).one()
                    head.seq += 1
        except BaseException as error:  # an error in a thread is the test's
            errors.append(error)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with database.read() as session:
        assert session.scalars(select(ChainHead.seq)).one() == 40


def test_a_reader_is_not_held_up_by_a_writer(database: Database) -> None:
    with database.write() as writing:
        writing.add(_head(1))
        writing.flush()
        with database.read() as reading:
            assert reading.scalars(select(ChainHead.seq)).all() == []


def test_a_commit_is_on_the_disk_before_it_is_told(database: Database) -> None:
    questions = {
        "sqlite": [("PRAGMA synchronous", 2), ("PRAGMA journal_mode", "wal"), ("PRAGMA foreign_keys", 1)],  # 2 is FULL
        "postgresql": [("SHOW synchronous_commit", "on")],  # the rest is the server's
    }[database.dialect]
    url = database.url.render_as_string(hide_password=False)
    with closing(Database(url)) as own, own.read() as session:  # the fixture's own waits for no disk
        assert [session.scalar(text(question)) for question, _ in questions] == [answer for _, answer in questions]


def test_a_row_that_points_nowhere_is_refused(database: Database) -> None:
    orphan = Organisation(
        code="441881", name="某市工信局", level="county", division="441881", parent_code="440000", path="/"
    )
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(orphan)


def test_moments_come_back_aware_and_the_same(database: Database) -> None:
    with database.write() as session:
        session.add(_entry(at=MORNING))
    with database.read() as session:
        at = session.scalars(select(Event.at)).one()
    assert at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # nine in Shanghai
    assert at.utcoffset() is not None


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="zone"), database.write() as session:
        session.add(_entry(at=datetime(2026, 3, 2, 9, 0)))  # noqa: DTZ001  # the mistake in question


def test_json_keeps_the_order_of_its_keys(database: Database) -> None:
    with database.write() as session:
        session.add(_entry(payload={"b": 1, "a": "集群", "ä": [None, True]}))
    with database.read() as session:
        assert list(session.scalars(select(Event.payload)).one()) == ["b", "a", "ä"]


# ---- the record stays as it was written (等保 安全审计 c) ------------------------------------------


CHANGES = [
    "UPDATE event SET actor = 'somebody'",
    "UPDATE event SET hash = 'x'",
    "UPDATE event SET seq = 7",
    "UPDATE event SET case_id = NULL",
    "UPDATE event SET salt = ''",
    "UPDATE event SET payload = '{}'",
    "UPDATE event SET payload = NULL, actor = 'somebody'",
    "DELETE FROM event",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_record_cannot_be_changed(database: Database, statement: str) -> None:
    before = _record(database)
    with pytest.raises(DatabaseError, match="event: "):
        _run(database, statement)
    assert _rows(database) == before


def test_the_record_cannot_be_emptied_at_a_stroke(database: Database) -> None:
    before = _record(database)
    statement = "TRUNCATE event" if database.dialect == "postgresql" else "DELETE FROM event WHERE 1 = 1"
    with pytest.raises(DatabaseError, match="never deleted"):
        _run(database, statement)
    assert _rows(database) == before


def test_an_entry_cannot_be_written_over(database: Database) -> None:
    before = _record(database)
    values = "('441800', 1, '2026-03-02', 'x', 'x', '{}', 's', 'p', 'q', 'h')"
    columns = "(chain, seq, at, actor, kind, payload, salt, payload_hash, previous, hash)"
    statement = {
        "sqlite": f"INSERT OR REPLACE INTO event {columns} VALUES {values}",
        "postgresql": f"INSERT INTO event {columns} VALUES {values} "
        "ON CONFLICT (chain, seq) DO UPDATE SET actor = excluded.actor",
    }[database.dialect]
    with pytest.raises(DatabaseError, match="event: "):
        _run(database, statement)
    assert _rows(database) == before


def test_personal_data_can_be_erased_from_the_record(database: Database) -> None:
    (before,) = _record(database)
    _run(database, "UPDATE event SET payload = NULL WHERE seq = 1")
    (after,) = _rows(database)
    assert after["payload"] is None
    assert {**after, "payload": before["payload"]} == before


# ---- loaded instances --------------------------------------------------------------------------


def test_a_loaded_instance_has_one_owner_at_a_time() -> None:
    live = LiveCases(2)
    live.put(1, 5, "instance")
    assert live.take(1, 5) == "instance"
    assert live.take(1, 5) is None


def test_a_loaded_instance_of_an_older_version_is_forgotten() -> None:
    live = LiveCases(2)
    live.put(1, 5, "instance")
    assert live.take(1, 6) is None
    assert live.take(1, 5) is None


def test_the_instance_used_longest_ago_makes_room() -> None:
    live = LiveCases(2)
    for case_id in (1, 2):
        live.put(case_id, 1, case_id)
    live.put(1, 2, "again")
    live.put(3, 1, 3)
    assert (live.take(1, 2), live.take(2, 1), live.take(3, 1)) == ("again", None, 3)


def _head(seq: int) -> ChainHead:
    return ChainHead(chain="441800", seq=seq, hash="h")


def _entry(at: datetime = MORNING, payload: Any = None) -> Event:
    return Event(
        chain="441800",
        seq=1,
        at=at,
        actor="officer",
        kind="task.closed",
        case_id=41,
        payload=payload if payload is not None else {"name": "某人"},
        salt="salt",
        payload_hash="p",
        previous="0",
        hash="h",
    )


def _record(database: Database) -> list[dict[str, Any]]:
    with database.write() as session:
        session.add(_entry())
    return _rows(database)


def _rows(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return [dict(row) for row in session.execute(text("SELECT * FROM event")).mappings()]


def _run(database: Database, statement: str) -> None:
    with database.write() as session:
        session.execute(text(statement))
