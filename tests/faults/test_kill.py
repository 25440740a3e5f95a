"""The server is killed at work, again and again: what it answered is there, once, and nothing is left half-done."""

import json
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import accounts, pool, sign_ins
from engine.access import SCOPES
from engine.db import Database
from engine.pool import Card
from tests import office, samples
from tests.clock import standing_at
from tests.faults import clients, invariants
from tests.faults.launcher import BUGS, KILLED, POINTS, Launcher, Life

KILLS = 20  # on each database: every point in its turn, and between them at any moment
CLIENTS = 5
LEAST_WORK = 20  # acknowledged before a life ends at any moment: work, not time, so that a slow machine does as much
MOST_WORK = 150  # in a life that should have ended by itself
PATIENCE = 60  # seconds: nothing more may be left to do
WORKER = POINTS[-1]  # it has something to do in most lives, not in all
DAY = 86_400  # seconds; so far the office's clock goes on with each new server, so that rounds close and periods end


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    started = Launcher()
    yield started
    started.close()


@dataclass
class Siege:
    """A server that is killed, its clients, and what was found."""

    launcher: Launcher
    database: Database
    folder: Path
    bug: str = ""
    returns: float = 0.7
    answers_count: bool = True  # whether what the clients were told counts, or only what stands in the database
    line: clients.Line = field(default_factory=clients.Line)
    ledger: clients.Ledger = field(default_factory=clients.Ledger)
    deaths: list[str] = field(default_factory=list)  # where each server died

    def __post_init__(self) -> None:
        self.random = random.Random(2025)
        self.began = samples.MOMENT
        with standing_at(samples.MOMENT):
            round_id, tokens, pooled = _furnish(self.database)
        self.clients = [
            clients.Client(number, tokens, round_id, self.line, self.ledger, pool=pooled, returns=self.returns)
            for number in range(CLIENTS)
        ]

    def run(self, kills: int) -> list[str]:
        """Kill so often, or until something is found; then let the clients finish. Answers what does not hold."""
        began = time.monotonic()
        found = self._run(kills)
        figures = {**self.ledger.counts, "kills": self.deaths, "seconds": time.monotonic() - began, "found": found}
        (self.folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")  # for who measures
        return found

    def _run(self, kills: int) -> list[str]:
        for client in self.clients:
            client.start()
        try:
            for number in range(kills):
                self._live_and_die(number)
                found = self._found()
                if found:
                    return found
        finally:
            self._let_finish(kills)
        return self._found() + invariants.missing(self.database.url, self.ledger.done)

    def _live_and_die(self, number: int) -> None:
        if number % 2:
            point = POINTS[number // 2 % len(POINTS)]
            life, work = self._life(number, point=point, chance=0.5 if point == WORKER else 0.05), MOST_WORK
        else:
            life, work = self._life(number), self.random.randrange(LEAST_WORK, 2 * LEAST_WORK)
        died_of = self._lived(life, work)
        log = Path(life.log).read_text(encoding="utf-8")
        assert died_of == signal.SIGKILL, f"{life}: {log[-2000:]}"
        self.deaths.append(life.point if KILLED + life.point + "\n" in log else "at any moment")

    def _let_finish(self, number: int) -> None:
        self.line.over.set()
        port = self.launcher.start(self._life(number))
        self._open(port)
        for client in self.clients:
            client.join(60)
        assert not any(client.is_alive() for client in self.clients)
        assert self.launcher.stop() == 0

    def _lived(self, life: Life, work: int) -> int:
        """The signal it died of: where it was told to, or any moment after so much work was acknowledged."""
        enough, until = self.ledger.counts["acknowledged"] + work, time.monotonic() + PATIENCE
        port = self.launcher.start(life)
        if port:
            self._open(port)
        while self.ledger.counts["acknowledged"] < enough and time.monotonic() < until:
            if self.launcher.over(0.005):
                break
        else:
            time.sleep(self.random.uniform(0, 0.02))
            self.launcher.kill()
        died_of = self.launcher.ended()
        self.line.open.clear()
        _settle(self.database)
        return died_of

    def _open(self, port: int) -> None:
        self.line.port = port
        self.line.open.set()

    def _life(self, number: int, point: str = "", chance: float = 0.0) -> Life:
        begins = samples.MOMENT.timestamp() + DAY * number
        self.line.ahead_seconds = begins - time.time()
        return Life(
            database=self.database.url.render_as_string(hide_password=False),
            data=str(self.folder / "data"),
            log=str(self.folder / f"life-{number}.log"),
            ahead_seconds=self.line.ahead_seconds,
            point=point,
            chance=chance,
            bug=self.bug,
            seed=number,
        )

    def _found(self) -> list[str]:
        """What does not hold now, in the database and in what the clients were told."""
        found = invariants.violations(self.database.url)
        if not self.answers_count:
            return found
        closed_by = invariants.closed_by(self.database.url)
        own = [
            f"{person} was told that {task} is done, and had done it: a repetition was refused"
            for task, person, code in self.ledger.refused.copy()
            if code == "task_already_done" and closed_by.get(task) == person
        ]
        return found + self.ledger.faults.copy() + own


def test_a_killed_server_loses_nothing_it_answered_and_leaves_nothing_half_done(
    launcher: Launcher, database: Database, tmp_path: Path
) -> None:
    siege = Siege(launcher, database, tmp_path)
    assert siege.run(KILLS) == []
    counts = siege.ledger.counts
    assert len(siege.deaths) == KILLS
    assert set(POINTS) - {WORKER} <= set(siege.deaths), siege.deaths
    assert counts["acknowledged"] == len(siege.ledger.done) + rounds_opened(database)
    assert counts["acknowledged"] >= LEAST_WORK * KILLS // 2, counts
    assert counts["unanswered"] > 0, counts
    assert counts["replayed after a lost answer"] > 0, counts
    assert counts["repeated on purpose"] > KILLS, counts


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_fault_is_found(bug: str, launcher: Launcher, database: Database, tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    returns = 0.0 if bug == "no lock" else 0.7  # cases hurry to their panels, whose members act at once
    # What a lock is for shows in the rows, but on SQLite: it refuses by itself to write upon what has changed (503).
    in_rows = bug == "two transactions" or (bug == "no lock" and database.dialect == "postgresql")
    siege = Siege(launcher, database, tmp_path, bug=bug, returns=returns, answers_count=not in_rows)
    assert siege.run(KILLS), f"{bug}: not found in {len(siege.deaths)} kills, {siege.ledger.counts}"


def rounds_opened(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text("SELECT count(*) FROM round")).scalar_one()) - 1  # one is the office's own


def _furnish(database: Database) -> tuple[int, dict[str, str], dict[str, int]]:
    """The office with one open round, and the people of every client, each with a token; who is in the pool."""
    made = office.furnish(database)
    round_ = made.open_round()
    made.complete("city", made.open_task(round_.case_id or 0, "call_notice"), samples.ANSWERS["call_notice"])
    tokens, pooled = {}, {}
    with database.write() as session:
        for number in range(CLIENTS):
            for role, (held, organisation) in clients.ROLES.items():
                person = accounts.add(session, f"{role}.{number}", by="setup")
                accounts.grant(session, person, held, organisation, by="setup")
                scopes = frozenset(SCOPES)
                token = sign_ins.issue_token(session, person, scopes, days=366, label="", by="setup")
                tokens[person.name] = token
                if role in clients.POOLED:
                    card = Card(("有色金属",), f"虚构研究院{number}", "", samples.MOMENT.date(), None)
                    city = made.actors["city"]
                    pooled[person.name] = pool.add(session, city, organisation, person.name, kind=role, card=card).id
    return round_.id, tokens, pooled


def _settle(database: Database) -> None:
    """Wait until PostgreSQL has noticed that its client is dead and undone what it was at."""
    if database.dialect == "sqlite":
        return
    busy = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with database.read() as session:
            if not session.execute(busy).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("the dead server's transactions are still open")
