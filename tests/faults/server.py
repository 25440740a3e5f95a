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
import threading
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.faults.launcher import KILLED, Life

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
        if line == b"kill":  # the last life was over before it was told
            continue
        life = Life(**json.loads(line))
        child = os.fork()
        if not child:
            _serve(life)
        os.write(1, f"{_watched(child)}\n".encode())


def _next_line(pending: bytes) -> tuple[bytes | None, bytes]:
    while b"\n" not in pending:
        more = os.read(0, 4096)
        if not more:
            return None, b""
        pending += more
    line, _, pending = pending.partition(b"\n")
    return line, pending


def _watched(child: int) -> int:
    """Wait for the child; kill it when it is said or the test is gone. It is ours until it is waited for."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) * -1
        if select.select([0], [], [], 0.005)[0]:
            told = os.read(0, 4096)
            os.kill(child, signal.SIGTERM if told == b"stop\n" else signal.SIGKILL)


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

    def if_about_a_case(name: str, session: Session) -> None:
        if session.info.get("about_a_case"):
            here(name)

    def append(session: Session, chain: str, actor: str, entries: Any) -> None:
        if chain != events.SYSTEM:
            session.info["about_a_case"] = actor != "worker"  # whose commits have points of their own
            here("the record begins")
        old_append(session, chain, actor, entries)
        if chain != events.SYSTEM:
            here("the record is kept")

    old_append, events.append = events.append, append
    _before(cases, "save", lambda: here("the diagram has run, nothing is kept"))
    _after(cases, "keep", lambda: here("the state is kept, the record is not"))
    _after(outbox, "put", lambda: here("a letter is in the outbox"))
    for act in ("_wake", "_deliver"):
        _after(timers, act, lambda: here("the worker acts on a case"))
    event.listen(Session, "before_commit", partial(if_about_a_case, "before the commit"))
    event.listen(Session, "after_commit", partial(if_about_a_case, "after the commit"))


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
    from engine import cases

    old = cases.save

    def save(session: Any, *given: Any) -> None:
        session.flush()
        connection = session.connection()
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        old(session, *given)

    cases.save = save


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
            statement = re.sub(r" FOR (NO KEY )?UPDATE", "", statement)
        if statement.startswith("UPDATE case_run") and isinstance(parameters, dict):
            statement = re.sub(r" AND case_run\.version = \S+", "", statement)
        return statement, parameters


def _no_idempotency() -> None:
    """A request that comes again is carried out again."""
    from web import idempotency

    idempotency.carried_out = lambda _session, _person, _key, _hash, effect: effect()  # type: ignore[assignment]


_PLANT: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "two transactions": _two_transactions,
    "no lock": _no_lock,
    "no idempotency": _no_idempotency,
}

if __name__ == "__main__":
    main()
