"""Reminders under kill -9: three schedulers at once, and beside them the naive way, so that the check can fail."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from engine import accounts, organisations
from engine.db import Database
from engine.models import Delivery, Obligation, Person, Reminder

ROOT = Path(__file__).parents[2]
SEED = 20261121
KILLS = 3
DUE = 400  # reminders, for two officers
PATIENCE = 120  # seconds
LONG_AGO = datetime(2026, 1, 1, 1, 0, tzinfo=UTC)

NODE = """
import sys, time
from engine import timers
from engine.db import Database

timers.SWEEPS = tuple(timers.Sweep(each.duty, 7, each.first) for each in timers.SWEEPS)
database = Database(sys.argv[1])
print("ready", flush=True)
while True:
    timers.post(database)
    time.sleep(0.01)
"""

NAIVE = """
import os, sys, time
from datetime import datetime, timedelta, timezone
from apscheduler.schedulers.background import BackgroundScheduler

def remind(number, file):
    time.sleep(3)
    with open(file, "a") as out:
        out.write(f"{number}\\n")

scheduler = BackgroundScheduler(
    timezone=timezone.utc, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
)
scheduler.add_jobstore("sqlalchemy", url=sys.argv[1])
if len(sys.argv) > 3:
    scheduler.start(paused=True)
    for number in range(int(sys.argv[3])):
        when = datetime.now(timezone.utc) + timedelta(seconds=12 if number % 2 else -1)  # half of them after the kill
        scheduler.add_job("__main__:remind", "date", run_date=when, args=[number, sys.argv[2]], id=str(number))
    os._exit(0)  # a shutdown would begin to run them
else:
    scheduler.start()
    while scheduler.get_jobs():
        time.sleep(0.05)
    scheduler.shutdown()
"""


@pytest.fixture
def due(database: Database) -> Database:
    """Two officers, and many reminders whose time has come."""
    with database.write() as session:
        organisations.add(session, "441800", "某市工业和信息化局", "city")
        for name in ("city", "city2"):
            accounts.grant(session, accounts.add(session, name, by="setup"), "bureau_officer", "441800", by="setup")
        session.execute(update(Person).values(email=Person.name.concat("@example.invalid")))
        owed = dict.fromkeys(("printed_on", "effective_on", "earliest_on", "latest_on"), LONG_AGO.date()) | {
            "regime": "test", "bureau_code": "441800", "kind": "round_closing", "due_at": LONG_AGO + timedelta(days=7),
            "provisional": False, "calendar_revision": "", "clause": "", "state": "open", "planned_at": LONG_AGO,
        }  # fmt: skip
        session.execute(insert(Obligation), [owed | {"id": number + 1, "year": number} for number in range(DUE)])
        rung = {"revision": 1, "template": "round_closing", "statutory": True, "escalates": False}
        third = LONG_AGO + timedelta(days=3)
        far = rung | {"rung": "7", "fire_at": LONG_AGO, "next_at": third}
        near = rung | {"rung": "3", "fire_at": third, "next_at": None}  # of two that are late the nearest goes
        both = [each | {"obligation_id": number + 1} for number in range(DUE) for each in (far, near)]
        session.execute(insert(Reminder), both)
    return database


@pytest.fixture
def nodes() -> Iterator[list[subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []
    yield running
    for node in running:
        if node.poll() is None:
            node.kill()
        node.wait()
        if node.stdout:
            node.stdout.close()


def test_three_schedulers_killed_again_and_again_tell_everybody_once(
    due: Database, nodes: list[subprocess.Popen[str]]
) -> None:
    url = due.url.render_as_string(hide_password=False)
    chance = random.Random(SEED)
    for number in range(KILLS):
        three = [_start([sys.executable, "-c", NODE, url], nodes) for _ in range(3)]
        _wait_until(lambda: _told(due) > number * DUE // KILLS)  # noqa: B023  # it is asked in this turn
        time.sleep(chance.uniform(0, 0.02))
        for node in chance.sample(three, 3):
            node.send_signal(signal.SIGKILL)
            node.wait()
        assert _waiting(due), "the kill fell after the last row: it shows nothing"
    three = [_start([sys.executable, "-c", NODE, url], nodes) for _ in range(3)]
    _wait_until(lambda: not _waiting(due))
    with due.read() as session:
        keys = list(session.scalars(select(Delivery.dedupe_key)))
        nearest = set(session.scalars(select(Reminder.id).where(Reminder.rung == "3")))
        people = list(session.scalars(select(Person.id)))
        passed = select(func.count()).where(Reminder.superseded_by.is_not(None), Reminder.rung == "7")
        assert session.scalar(passed) == DUE
    assert sorted(keys) == sorted(f"r{rung}.p{person}" for rung in nearest for person in people)


def test_the_naive_way_loses_letters_under_the_same_kill(tmp_path: Path, nodes: list[subprocess.Popen[str]]) -> None:
    """A job a reminder in a SQLAlchemyJobStore: its row goes before the work is done."""
    program = tmp_path / "naive.py"
    program.write_text(NAIVE, encoding="utf-8")
    url, told = f"sqlite:///{tmp_path / 'jobs.sqlite'}", tmp_path / "told"
    jobs = 20
    command = [sys.executable, str(program), url, str(told)]
    subprocess.run([*command, str(jobs)], check=True, timeout=PATIENCE)
    told.touch()
    node = _start(command, nodes)
    _wait_until(lambda: _rows_of_jobs(tmp_path / "jobs.sqlite") < jobs)
    node.kill()
    node.wait()
    subprocess.run(command, check=True, timeout=PATIENCE)  # and it starts again, until nothing is left to do
    came = set(told.read_text(encoding="utf-8").split())
    assert 0 < len(came) < jobs, "some were told; the others are gone for ever"


def _start(command: list[str], nodes: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    node = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    nodes.append(node)
    return node


def _wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def _rows_of_jobs(file: Path) -> int:
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM apscheduler_jobs").fetchone()[0])


def _told(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Delivery)) or 0


def _waiting(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).where(Reminder.expanded_at.is_(None))) or 0
