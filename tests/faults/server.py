"""The server as it ships, in a process that dies where a test says, with the fault a test plants.

Run as a program this is the launcher: it has everything imported, forks a server a life and waits for its death.
A life is a line of JSON on standard input (`Life`); the launcher answers how it ended. The server itself is
`jiqun serve` with its worker; only here is it wrapped, and production knows nothing of it.
"""

import json
import os
import random
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KILLED = "killed: "  # and then where, in the log
READY = re.compile(r"http://127\.0\.0\.1:(\d+)")  # what the server says once it listens

POINTS = (
    "the answers are kept, the state is not",
    "the state is kept, the record is not",
    "a letter is in the outbox",
    "the record begins",
    "the record is kept",
    "before the commit",
    "after the commit",
    "the worker acts on a case",
)
BUGS = ("two transactions", "no lock", "no idempotency")


@dataclass(frozen=True)
class Life:
    """One server: where its things are, what time it begins, and how it dies.

    With `point` it kills itself there with `chance`; otherwise, and at the latest, the launcher kills it after
    `seconds`. Without either it lives until it is told to stop.
    """

    database: str
    data: str
    log: str
    ahead_seconds: float  # how far its clock is from the real one
    point: str = ""
    chance: float = 0.0
    seconds: float | None = None
    bug: str = ""
    seed: int = 0


class Launcher:
    """The launcher, as the test holds it."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JIQUN_")}
        environment |= {"PYTHONPATH": str(ROOT), "JIQUN_TICK_SECONDS": "1"}
        command = [sys.executable, "-m", "tests.faults.server"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)

    def start(self, life: Life) -> int:
        """Begin a life; answers the server's port once it listens, 0 if it died before."""
        Path(life.log).touch()
        self._say(json.dumps(asdict(life)))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            said = READY.search(Path(life.log).read_text(encoding="utf-8", errors="replace"))
            if said:
                return int(said[1])
            if self.over(0.01):
                return 0
        raise AssertionError(f"the server did not start: {Path(life.log).read_text(encoding='utf-8')[-2000:]}")

    def over(self, seconds: float) -> bool:
        """Whether the life has ended, waiting for it so long."""
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def ended(self) -> int:
        """How the life ended: the signal that ended it, or 0. Waits for it."""
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def stop(self) -> int:
        """Ask the server to leave, as an operator does; answers as `ended`."""
        self._say("stop")
        return self.ended()

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


# ---- the launcher, in its own process -----------------------------------------------------------


def main() -> None:
    import apscheduler.schedulers.background
    import psycopg
    import waitress
    from alembic import command, migration, script

    from engine import bundle, forms
    from web import app, server_commands, worker

    _ = (apscheduler, psycopg, waitress, command, migration, script, app, server_commands, worker)  # once, not a life
    for regime in bundle.regimes():
        for name, content in bundle.shipped(regime).items():
            if name.startswith("forms/"):
                forms.parse(content)
    pending = b""
    while True:
        line, pending = _next_line(pending)
        if line is None:
            return
        life = Life(**json.loads(line))
        child = os.fork()
        if not child:
            _serve(life)
        os.write(1, f"{_watched(child, life.seconds)}\n".encode())


def _next_line(pending: bytes) -> tuple[bytes | None, bytes]:
    while b"\n" not in pending:
        more = os.read(0, 4096)
        if not more:
            return None, b""
        pending += more
    line, _, pending = pending.partition(b"\n")
    return line, pending


def _watched(child: int, seconds: float | None) -> int:
    """Wait for the child, and kill it when its time is over or the test is gone. It is ours until it is waited for."""
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) * -1
        if until is not None and time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        elif select.select([0], [], [], 0.005)[0]:
            told = os.read(0, 4096)
            os.kill(child, signal.SIGTERM if told else signal.SIGKILL)


# ---- the server, in a process of its own --------------------------------------------------------


def _serve(life: Life) -> None:
    status = 1
    try:
        log = os.open(life.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.close(0)
        random.seed(life.seed)
        _set_clock(timedelta(seconds=life.ahead_seconds))
        _PLANT[life.bug]()
        _die_at(life.point, life.chance)
        from web import cli

        cli.main(["--data", life.data, "--database", life.database, "serve", "--port", "0"])
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    finally:
        os._exit(status)


def _set_clock(ahead: timedelta) -> None:
    """The office's time runs from where the test says; the scheduler looks at the same clock."""
    from apscheduler.schedulers import base

    from engine import clock

    class Ahead:
        @staticmethod
        def now(zone: Any) -> datetime:
            return clock.now().astimezone(zone)

    clock._source = ContextVar("clock", default=lambda: datetime.now(UTC) + ahead)
    base.datetime = Ahead


def _die_at(point: str, chance: float) -> None:
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    from engine import cases, events, outbox, timers

    def here(name: str) -> None:
        if name == point and random.random() < chance:
            os.write(2, f"{KILLED}{name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
            threading.Event().wait()  # no further step: the signal is on its way

    def about_a_case(session: Session) -> bool:
        return bool(session.info.get("about_a_case"))

    def append(session: Session, chain: str, actor: str, entries: Any) -> None:
        if chain != events.SYSTEM:
            session.info["about_a_case"] = actor != "worker"  # whose commits have points of their own
            here("the record begins")
        old_append(session, chain, actor, entries)
        if chain != events.SYSTEM:
            here("the record is kept")

    old_append, events.append = events.append, append
    _before(cases, "save", lambda: here("the answers are kept, the state is not"))
    _after(cases, "keep", lambda: here("the state is kept, the record is not"))
    _after(outbox, "put", lambda: here("a letter is in the outbox"))
    for act in ("_wake", "_deliver"):
        _after(timers, act, lambda: here("the worker acts on a case"))
    event.listen(Session, "before_commit", lambda session: about_a_case(session) and here("before the commit"))
    event.listen(Session, "after_commit", lambda session: about_a_case(session) and here("after the commit"))


def _before(module: Any, name: str, act: Callable[[], None]) -> None:
    old = getattr(module, name)

    def wrapped(*given: Any, **named: Any) -> Any:
        act()
        return old(*given, **named)

    setattr(module, name, wrapped)


def _after(module: Any, name: str, act: Callable[[], None]) -> None:
    old = getattr(module, name)

    def wrapped(*given: Any, **named: Any) -> Any:
        answer = old(*given, **named)
        act()
        return answer

    setattr(module, name, wrapped)


# ---- planted faults: the tests must find each of them -------------------------------------------


def _two_transactions() -> None:
    """The task row is committed before the state."""
    from engine import tasks

    old = tasks._keep_answers

    def keep_answers(session: Any, *given: Any) -> None:
        old(session, *given)
        session.flush()
        connection = session.connection()
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")

    tasks._keep_answers = keep_answers


def _no_lock() -> None:
    """Nobody locks a case, and no writer looks at its version."""
    from sqlalchemy import Engine, event

    from engine import db

    old = db.Database.__init__

    def made(self: Any, *given: Any, **named: Any) -> None:
        old(self, *given, **named)
        self.writer = self.engine
        if self.dialect == "sqlite":  # as if a command looked before it wrote
            event.listen(self.engine, "begin", lambda begun: begun.exec_driver_sql("SELECT 1 FROM person").close())

    db.Database.__init__ = made  # type: ignore[method-assign]

    @event.listens_for(Engine, "before_cursor_execute", retval=True)
    def careless(_c: Any, _k: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> tuple[str, Any]:
        if "FROM case_run" in statement:
            statement = statement.replace(" FOR UPDATE", "")
        if statement.startswith("UPDATE case_run") and isinstance(parameters, dict):
            statement = re.sub(r" AND case_run\.version = \S+", "", statement)
        return statement, parameters


def _no_idempotency() -> None:
    """A request that comes again is carried out again."""
    from web import idempotency

    idempotency.carried_out = lambda _session, _person, _key, _hash, effect: effect()


_PLANT: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "two transactions": _two_transactions,
    "no lock": _no_lock,
    "no idempotency": _no_idempotency,
}

if __name__ == "__main__":
    main()
