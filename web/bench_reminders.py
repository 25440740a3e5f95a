"""The benchmark of reminders: a hundred thousand that are due of a million, found, deduplicated and written out.

What is counted are rows of the outbox: each is the notice in the application and, where the person has an address,
the mail to be sent. The tick is the worker's own; beside it stands a tick that finds nothing to do.
"""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from engine.db import Database

# ruff: noqa: PLC0415  # each command imports what it needs when it runs

DAY = datetime(2030, 3, 1, 1, 0, tzinfo=UTC)  # on which a tenth of them is due, at nine in Shanghai
CLUSTERS = 500  # to an office
RUNGS = 10  # of an obligation, of which one is due
IDLE = 200  # ticks that find nothing


def measured(url: str, reminders: int) -> Iterator[dict[str, Any]]:
    """Rows for this many reminders in tables of their own: the tick in which a tenth is due, and idle ones."""
    from engine import clock, timers
    from engine.db import Database

    database = Database(_apart(url))
    try:
        database.upgrade()
        due = reminders // RUNGS
        _furnish(database, due)
        with clock.replaced_by(lambda: DAY):
            began = time.perf_counter()
            failed = timers.post(database)
            seconds = time.perf_counter() - began
            written = _written(database)
            if failed or written != due:
                raise SystemExit(f"提醒测速：应写出 {due} 行，实为 {written} 行；{'、'.join(failed)}")
            yield _row(database, f"{due} due of {reminders} reminders", seconds, written)
            began = time.perf_counter()
            for _ in range(IDLE):
                timers.tick(database)
                timers.post(database)
            yield _row(database, "idle tick", (time.perf_counter() - began) / IDLE, 0)
    finally:
        database.close()


def _apart(url: str) -> str:
    """Another file beside that of SQLite, another schema of PostgreSQL: nothing else is due there."""
    from sqlalchemy import create_engine, make_url, text

    given = make_url(url)
    if given.get_backend_name() == "sqlite":
        return given.set(database=f"{given.database}.reminders").render_as_string(hide_password=False)
    engine = create_engine(given.set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS reminders CASCADE"))
        connection.execute(text("CREATE SCHEMA reminders"))
    engine.dispose()
    return given.update_query_dict({"options": "-csearch_path=reminders"}).render_as_string(hide_password=False)


def _row(database: "Database", what: str, seconds: float, rows: int) -> dict[str, Any]:
    return {"database": database.dialect, "what": what, "ms": round(seconds * 1000, 2), "rows": rows}


def _written(database: "Database") -> int:
    from sqlalchemy import func, select

    from engine.models import Delivery

    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Delivery)) or 0


def _furnish(database: "Database", obligations: int) -> None:
    """Counties with an officer each, and what their clusters owe, with all its rungs planned."""
    from sqlalchemy import insert, text

    from engine import accounts, organisations
    from engine.models import Cluster, Obligation, Reminder

    clusters = max(1, obligations // RUNGS)
    counties = max(1, clusters // CLUSTERS)
    with database.write() as session:
        organisations.add(session, "990000", "省", "province")
        organisations.add(session, "990100", "市", "city", "990000")
        for number in range(counties):
            code = f"{990101 + number}"
            organisations.add(session, code, f"县{number}", "county", "990100")
            person = accounts.add(session, f"county{number}", by="setup")
            accounts.grant(session, person, "county_officer", code, by="setup")
        session.execute(text("UPDATE person SET email = name || '@example.invalid'"))
        _many(session, insert(Cluster), (_cluster(number, counties) for number in range(clusters)))
        _many(session, insert(Obligation), (_obligation(number, clusters) for number in range(obligations)))
    for rung in range(RUNGS):
        with database.write() as session:
            _many(session, insert(Reminder), (_reminder(number, rung) for number in range(obligations)))
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))


def _many(session: "Session", statement: Any, rows: Iterator[dict[str, Any]]) -> None:
    from itertools import islice

    while batch := list(islice(rows, 10_000)):
        session.execute(statement, batch)


def _cluster(number: int, counties: int) -> dict[str, Any]:
    return {
        "id": number + 1,
        "regime": "bench",
        "bureau_code": "990100",
        "organisation_code": f"{990101 + number % counties}",
        "name": f"集群{number}",
        "state": "recognised",
        "created_at": DAY,
    }


def _obligation(number: int, clusters: int) -> dict[str, Any]:
    on = date(2030, 3, 15)
    days = dict.fromkeys(("printed_on", "effective_on", "earliest_on", "latest_on"), on)
    return {
        "id": number + 1,
        "regime": "bench",
        "bureau_code": "990100",
        "cluster_id": number % clusters + 1,
        "kind": "annual_report",
        "year": 2030 + number // clusters,
        "due_at": DAY + timedelta(days=14),
        "provisional": False,
        "calendar_revision": "",
        "clause": "",
        "state": "open",
        "planned_at": DAY,
        **days,
    }


def _reminder(number: int, rung: int) -> dict[str, Any]:
    """The first rung is due; the others come a day after the other."""
    return {
        "obligation_id": number + 1,
        "rung": str(14 - rung),
        "revision": 1,
        "template": "annual_report",
        "statutory": True,
        "escalates": False,
        "fire_at": DAY + timedelta(days=rung),
        "next_at": DAY + timedelta(days=rung + 1) if rung + 1 < RUNGS else None,
    }
