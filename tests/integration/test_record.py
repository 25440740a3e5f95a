"""The record: whatever is changed in it afterwards is found, by the chain or by who remembers its heads."""

import hashlib
import json
from collections.abc import Callable
from contextvars import copy_context
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from engine import events
from engine.columns import dump_json
from engine.db import Database
from engine.events import Break
from engine.models import Event
from tests.clock import StandingClock
from tests.faults import invariants
from web import cli

BUREAU, OTHER = "441800", "440500"
ENTRIES = 6  # in the bureau's chain
FORGED = "UPDATE event SET {} WHERE chain = '441800' AND seq = {}"


@pytest.fixture
def record(database: Database, clock: StandingClock) -> Database:
    """Six entries in the bureau's chain and two in another's, an hour between them."""
    for number in range(1, ENTRIES + 1):
        write(database, BUREAU, "task.closed", case_id=7, element="受理", payload={"opinion": f"意见{number}"})
        clock.move_by(hours=1)
    write(database, OTHER, "case.opened", payload={"area_km2": Decimal("86.40"), "on": date(2026, 3, 2)})
    write(database, OTHER, "case.ended", payload={})
    return database


def write(database: Database, chain: str, kind: str, **details: Any) -> None:
    with database.write() as session:
        events.record(session, chain, "city", kind, **details)


def found(database: Database, anchors: Path | None = None) -> list[tuple[str, int]]:
    with database.read() as session:
        return [(each.chain, each.seq) for each in events.verify(session, anchors=anchors)]


def reasons(database: Database, anchors: Path | None = None) -> list[str]:
    with database.read() as session:
        return [each.reason for each in events.verify(session, anchors=anchors)]


def tamper(database: Database, *statements: str, **values: Any) -> None:
    """What somebody does who has the database itself, and takes away first the triggers that keep the record."""
    names = ("event_is_never_deleted", "event_is_never_changed", "event_is_never_replaced", "event_is_never_emptied")
    drop = "DROP TRIGGER IF EXISTS {}" if database.dialect == "sqlite" else "DROP TRIGGER IF EXISTS {} ON event"
    with database.writer.begin() as connection:
        for name in names:
            connection.execute(text(drop.format(name)))
        for statement in statements:
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), given)


def recompute(database: Database, first: int = 1) -> None:
    """Forge hashes, links and head from entry `first` on, so that the bureau's chain holds again."""
    with database.read() as session:
        query = select(Event.__table__).where(Event.chain == BUREAU).order_by(Event.seq)
        rows = [dict(row) for row in session.execute(query).mappings()]
    previous = rows[first - 2]["hash"] if first > 1 else "0" * 64
    for seq, row in enumerate(rows[first - 1 :], first):
        old = row["seq"]
        payload_hash = sha(row["salt"] + dump_json(row["payload"]))
        at = row["at"].isoformat()
        whole = [previous, BUREAU, seq, at, *(row[name] for name in ("actor", "kind", "case_id", "task_id", "element"))]
        digest = sha(json.dumps([*whole, payload_hash], ensure_ascii=False, separators=(",", ":")))
        change = "seq = :seq, previous = :previous, payload_hash = :payload, hash = :hash"
        query_ = f"UPDATE event SET {change} WHERE chain = '441800' AND seq = {old}"
        tamper(database, query_, seq=seq, previous=previous, payload=payload_hash, hash=digest)
        previous = digest
    move_head(database)


def move_head(database: Database) -> None:
    """Let the head be the last entry there is."""
    last = "(SELECT max(seq) FROM event WHERE chain = '441800')"
    hash_ = f"(SELECT hash FROM event WHERE chain = '441800' AND seq = {last})"
    tamper(database, f"UPDATE chain_head SET seq = {last}, hash = {hash_} WHERE chain = '441800'")


def sha(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()


def anchored(database: Database, folder: Path) -> Path:
    """Anchors somebody keeps outside the database, noted now."""
    with database.read() as session:
        events.anchor(session, folder)
    return folder


# ---- what the chain alone finds ------------------------------------------------------------------


def test_a_record_nobody_touched_is_whole(record: Database, tmp_path: Path) -> None:
    assert found(record) == []
    assert found(record, anchored(record, tmp_path)) == []
    assert invariants.violations(record.url) == []  # by its own arithmetic


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        ([FORGED.format("actor = 'nobody'", 3)], 3),
        ([FORGED.format("kind = 'task.claimed'", 1)], 1),
        ([FORGED.format("case_id = 8", 6)], 6),
        ([FORGED.format("element = NULL", 4)], 4),
        ([FORGED.format("at = '2026-03-01 01:00:00.000000'", 3)], 3),
        ([FORGED.format("""payload = '{"opinion":"另一意见"}'""", 2)], 2),
        ([FORGED.format("salt = 'another'", 2)], 2),
        ([FORGED.format("payload_hash = 'another'", 2)], 2),
        ([FORGED.format("payload = NULL, payload_hash = 'another'", 2)], 2),  # an erasure that is none
        ([FORGED.format("hash = 'another'", 5)], 5),
        ([FORGED.format("previous = 'another'", 5)], 5),
        (["DELETE FROM event WHERE chain = '441800' AND seq = 3"], 3),
        (["DELETE FROM event WHERE chain = '441800' AND seq = 1"], 1),
        (["DELETE FROM event WHERE chain = '441800' AND seq = 6"], 6),  # its head still speaks of it
        (["DELETE FROM event WHERE chain = '441800'"], 1),
        ([FORGED.format("seq = 99", 3), FORGED.format("seq = 3", 4), FORGED.format("seq = 4", 99)], 3),  # swapped
        (["UPDATE chain_head SET seq = 5 WHERE chain = '441800'"], 7),
        (["DELETE FROM chain_head WHERE chain = '441800'"], 7),
    ],
)
def test_a_change_is_found_by_the_chain_alone(statements: list[str], seq: int, record: Database) -> None:
    tamper(record, *statements)
    assert found(record) == [(BUREAU, seq)]  # and the other bureau's chain is whole
    assert invariants.violations(record.url) != []


def test_an_entry_slipped_in_is_found_by_the_chain_alone(record: Database) -> None:
    columns = "chain, at, actor, kind, case_id, task_id, element, payload, salt, payload_hash, previous, hash"
    tamper(
        record,
        f"INSERT INTO event (seq, {columns}) SELECT 7, {columns} FROM event WHERE chain = '441800' AND seq = 6",
        FORGED.format("previous = (SELECT hash FROM event WHERE chain = '441800' AND seq = 6)", 7),
    )
    assert found(record) == [(BUREAU, 7)]


# ---- what only the anchors find ------------------------------------------------------------------


def cut_tail(database: Database) -> None:
    tamper(database, "DELETE FROM event WHERE chain = '441800' AND seq > 4")
    move_head(database)


def edit_and_recompute(database: Database) -> None:
    tamper(database, FORGED.format("""actor = 'nobody', payload = '{"opinion":"另一意见"}'""", 3))
    recompute(database, 3)


def delete_and_recompute(database: Database) -> None:
    tamper(database, "DELETE FROM event WHERE chain = '441800' AND seq = 3")
    recompute(database, 3)


def wipe_out(database: Database) -> None:
    tamper(database, "DELETE FROM event WHERE chain = '441800'", "DELETE FROM chain_head WHERE chain = '441800'")


@pytest.mark.parametrize(
    ("forge", "seq"),
    [
        (cut_tail, 5),  # the anchors know of a sixth, and there is no fifth
        (edit_and_recompute, 6),  # the head that was noted is another now
        (delete_and_recompute, 6),
        (wipe_out, 1),
    ],
)
def test_a_forged_chain_is_found_only_by_who_remembers_its_head(
    forge: Callable[[Database], None], seq: int, record: Database, tmp_path: Path
) -> None:
    folder = anchored(record, tmp_path)
    forge(record)
    assert found(record) == []
    assert found(record, folder) == [(BUREAU, seq)]
    write(record, BUREAU, "task.opened")  # life goes on upon the forged chain, and hides nothing
    write(record, BUREAU, "task.opened")
    write(record, BUREAU, "task.opened")
    anchored(record, folder)
    assert [chain for chain, _ in found(record, folder)] == [BUREAU]


def test_the_anchors_say_between_which_hours_a_chain_was_forged(
    database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    for number in range(1, ENTRIES + 1):
        write(database, BUREAU, "task.closed", payload={"opinion": f"意见{number}"})
        if number % 2 == 0:
            anchored(database, tmp_path)
        clock.move_by(hours=1)
    edit_and_recompute(database)
    assert found(database, tmp_path) == [(BUREAU, 4)]  # not the anchor at 2, but the first one after the change


def test_anchors_are_noted_once_for_each_head(record: Database, clock: StandingClock, tmp_path: Path) -> None:
    with record.read() as session:
        assert events.anchor(session, tmp_path) == 2
        assert events.anchor(session, tmp_path) == 0
    write(record, BUREAU, "task.opened")
    with record.read() as session:
        assert events.anchor(session, tmp_path) == 1
    lines = (tmp_path / f"{BUREAU}.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [ENTRIES, ENTRIES + 1]
    assert (tmp_path / "anchor.key").stat().st_mode & 0o077 == 0  # the key is its owner's alone


# ---- anchors that were tampered with -------------------------------------------------------------


def other_hash(line: dict[str, Any]) -> str:
    return json.dumps({**line, "hash": "0" * 64})


def other_number(line: dict[str, Any]) -> str:
    return json.dumps({**line, "seq": 4})


def other_moment(line: dict[str, Any]) -> str:
    return json.dumps({**line, "at": "2026-03-01T00:00:00+00:00"})


def other_mac(line: dict[str, Any]) -> str:
    return json.dumps({**line, "mac": "零" * 64})


def no_mac(line: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in line.items() if name != "mac"})


@pytest.mark.parametrize(
    "forge",
    [
        other_hash,
        other_number,
        other_moment,
        other_mac,
        no_mac,
        lambda _: "{",
        lambda _: "7",
        lambda line: json.dumps(line)[:40],  # torn
        lambda line: json.dumps({**line, "mac": 7}),
    ],
)
def test_an_anchor_that_was_changed_is_found(
    forge: Callable[[dict[str, Any]], str], record: Database, tmp_path: Path
) -> None:
    file = anchored(record, tmp_path) / f"{BUREAU}.jsonl"
    file.write_text(forge(json.loads(file.read_text(encoding="utf-8"))) + "\n", encoding="utf-8")
    (reason,) = reasons(record, tmp_path)
    assert "锚点文件被改动" in reason


def test_anchors_made_with_another_key_are_found(record: Database, tmp_path: Path) -> None:
    anchored(record, tmp_path)
    (tmp_path / "anchor.key").write_text("0" * 64, encoding="ascii")
    assert len(reasons(record, tmp_path)) == 2  # of both chains


def test_a_line_torn_by_a_power_failure_does_not_stop_the_anchors(record: Database, tmp_path: Path) -> None:
    file = anchored(record, tmp_path) / f"{BUREAU}.jsonl"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole + whole[:30], encoding="utf-8")
    write(record, BUREAU, "task.opened")
    anchored(record, tmp_path)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [lines[0], json.loads(lines[2])["seq"]] == [whole.strip(), ENTRIES + 1]


# ---- what may be done ----------------------------------------------------------------------------


def test_an_erased_payload_leaves_the_chain_whole(record: Database, tmp_path: Path) -> None:
    """个人信息保护法 第四十七条: personal data can be erased, and the record stays evidence."""
    folder = anchored(record, tmp_path)
    with record.writer.begin() as connection:
        connection.execute(text(FORGED.format("payload = NULL", 2)))
    assert found(record) == []
    assert found(record, folder) == []
    assert invariants.violations(record.url) == []


@pytest.mark.parametrize(
    "statement",
    [
        FORGED.format("actor = 'nobody'", 3),
        FORGED.format("""payload = '{"opinion":"另一意见"}'""", 3),
        FORGED.format("payload = NULL, actor = 'nobody'", 3),
        FORGED.format("seq = 99", 3),
        FORGED.format("hash = 'another'", 3),
        "DELETE FROM event WHERE chain = '441800' AND seq = 6",
        "DELETE FROM event",
    ],
)
def test_the_database_itself_refuses_to_change_the_record(statement: str, record: Database) -> None:
    with pytest.raises(DBAPIError, match="event: "), record.writer.begin() as connection:
        connection.execute(text(statement))
    assert found(record) == []
    with record.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == ENTRIES + 2


def test_the_database_itself_refuses_to_replace_or_empty_the_record(record: Database) -> None:
    columns = "chain, seq, at, kind, case_id, task_id, element, payload, salt, payload_hash, previous, hash"
    replace = f"INSERT OR REPLACE INTO event ({columns}, actor) SELECT {columns}, 'nobody' FROM event WHERE seq = 3"
    statement = replace if record.dialect == "sqlite" else "TRUNCATE event"
    with pytest.raises(DBAPIError, match="event: "), record.writer.begin() as connection:
        connection.execute(text(statement))
    assert found(record) == []


def test_eight_who_write_at_once_write_one_chain(record: Database) -> None:
    def write_five() -> None:
        for _ in range(5):
            write(record, BUREAU, "task.claimed")

    writers = [Thread(target=copy_context().run, args=(write_five,)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    with record.read() as session:
        assert session.scalar(select(func.max(Event.seq)).where(Event.chain == BUREAU)) == ENTRIES + 40
    assert found(record) == []


# ---- the command ---------------------------------------------------------------------------------


def jiqun(database: Database, data: Path, *arguments: str) -> int:
    """The exit status of a command on this database."""
    url = database.url.render_as_string(hide_password=False)
    with pytest.raises(SystemExit) as leaving:
        cli.main(["--database", url, "--data", str(data), *arguments])
    assert isinstance(leaving.value.code, int)
    return leaving.value.code


def test_the_command_says_with_its_status_whether_the_record_is_whole(
    record: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert jiqun(record, tmp_path, "audit", "anchor") == 0
    assert jiqun(record, tmp_path, "audit", "verify") == 0
    assert jiqun(record, tmp_path, "audit", "verify", "--anchors") == 0
    assert capsys.readouterr().out == ""
    cut_tail(record)
    assert jiqun(record, tmp_path, "audit", "verify") == 0
    assert jiqun(record, tmp_path, "audit", "verify", "--anchors") == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["chain"], said["seq"]) == (BUREAU, 5)
    tamper(record, FORGED.format("actor = 'nobody'", 3))
    assert jiqun(record, tmp_path, "audit", "verify") == 1
    assert json.loads(capsys.readouterr().out)["seq"] == 3


def test_the_command_compares_with_anchors_kept_elsewhere(record: Database, tmp_path: Path) -> None:
    kept = anchored(record, tmp_path / "usb")
    cut_tail(record)
    assert jiqun(record, tmp_path / "data", "audit", "verify", "--anchors-in", str(kept)) == 1


def test_the_command_does_not_call_whole_what_it_cannot_compare(
    record: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_tail(record)
    assert jiqun(record, tmp_path, "audit", "verify", "--anchors") == 2  # nobody has noted any
    assert "没有锚点" in capsys.readouterr().err
    assert jiqun(record, tmp_path, "audit", "verify", "--case", "99") == 2
    assert "没有办件 99" in capsys.readouterr().err


def test_a_break_names_chain_entry_and_reason(record: Database) -> None:
    tamper(record, "DELETE FROM event WHERE chain = '441800' AND seq = 3")
    with record.read() as session:
        assert events.verify(session, BUREAU) == [Break(BUREAU, 3, "缺少第 3 条记录")]
        assert events.verify(session, OTHER) == []
