"""Senders are killed with letters in flight: no row is lost or doubled, a second copy bears the first one's name."""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.db import Database
from engine.models import Delivery
from tests import letters_due, smtp
from tests.faults.postmen import BUGS, Postmen, kill

KILLS = int(os.environ.get("KILLS", "20"))  # more for who doubts
LETTERS = 8 * KILLS
STANDSTILL = 30  # seconds
KINDS = ("late", "slow")  # the answer comes long after the mail was accepted, or long before


@contextmanager
def sending(database: Database, port: int, bug: str = "") -> Iterator[Postmen]:
    postmen = Postmen(database.url.render_as_string(hide_password=False), port, bug)
    try:
        yield postmen
    finally:
        postmen.close()


def besieged(database: Database, folder: Path, *, senders: int, kills: int, letters: int, bug: str = "") -> list[str]:
    """Kill one sender after the other, put another in its place, let the last ones finish; what does not hold."""
    moment = random.Random(2026)
    letters_due.put(database, [f"{KINDS[number % 2]}.{number}@county.example.cn" for number in range(letters)])
    with smtp.serving(folder, pipelining=senders > 1) as post, sending(database, post.port, bug) as postmen:
        at_work = [postmen.begin() for _ in range(senders)]
        for _ in range(kills):
            _until_it_sends(database, at_work[0])
            time.sleep(moment.uniform(0.0, 0.15))
            kill(at_work.pop(0))
            at_work.append(postmen.begin())
        _wait(database)
        return violations(database, post, kills)


def _until_it_sends(database: Database, postman: int) -> None:
    """This sender has a letter on its way, or all have gone."""
    held = (
        select(Delivery.id).where(Delivery.status == "sending", Delivery.locked_by.startswith(f"{postman}:")).limit(1)
    )
    left = select(Delivery.id).where(Delivery.status != "sent").limit(1)
    until = time.monotonic() + STANDSTILL
    while time.monotonic() < until:
        with database.read() as session:
            if session.scalar(held) or not session.scalar(left):
                return
        time.sleep(0.01)


def _wait(database: Database) -> None:
    """Until all are sent, or nothing happens any more."""
    left, moved_at = _left(database), time.monotonic()
    while left and time.monotonic() - moved_at < STANDSTILL:
        time.sleep(0.1)
        if (now := _left(database)) != left:
            left, moved_at = now, time.monotonic()


def _left(database: Database) -> int:
    return sum(row.status != "sent" for row in letters_due.found(database).values())


def violations(database: Database, post: smtp.Post, kills: int) -> list[str]:
    """What must hold of letters and mails, whatever was killed."""
    rows, tries, mails = letters_due.found(database), letters_due.attempts(database), post.mails()
    copies = Counter(mail["id"] for mail in mails)
    tried = Counter(attempt.delivery_id for attempt in tries)
    found = [f"{row.id} is {row.status}" for row in rows.values() if row.status != "sent"]
    for row in rows.values():
        here = copies.pop(row.message_id or "", 0)
        if not here:
            found.append(f"{row.id} is lost")
        if here > 1 + row.in_doubt:
            found.append(f"{row.id} came {here} times, in doubt {row.in_doubt} times")
        if tried[row.id] != row.attempts or here > row.attempts:
            found.append(f"{row.id} came {here} times, by {tried[row.id]} tries of {row.attempts}")
    found += [f"{name} belongs to no letter" for name in copies]
    open_tries = [attempt for attempt in tries if attempt.finished_at is None]
    found += [f"try {attempt.id} was forgotten" for attempt in open_tries if attempt.outcome != "in_doubt"]
    if sum(row.in_doubt for row in rows.values()) > kills:
        found.append("more letters in doubt than senders killed")
    seen: set[str] = set()
    for mail in mails:
        second = "X-Possible-Duplicate: " in mail["content"]
        if mail["id"] in seen and not second:
            found.append(f"{mail['id']} came again and does not say so")
        seen.add(mail["id"])
    return found


@pytest.mark.parametrize("senders", [1, 3])
def test_no_letter_is_lost_or_written_twice(database: Database, tmp_path: Path, senders: int) -> None:
    assert besieged(database, tmp_path / "post", senders=senders, kills=KILLS, letters=LETTERS * senders) == []
    in_flight = sum(row.in_doubt for row in letters_due.found(database).values())
    assert in_flight > KILLS / 5, "the senders were killed while they rested: nothing is proved"


@pytest.mark.parametrize("bug", BUGS)
def test_a_sender_that_forgets_its_doubts_is_found(sqlite_database: Database, tmp_path: Path, bug: str) -> None:
    assert besieged(sqlite_database, tmp_path / "post", senders=1, kills=15, letters=80, bug=bug) != []
