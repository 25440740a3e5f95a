"""What the waits of a bureau cost with 100 000 open tasks and as many done: medians as JSON, on both databases.

python -m tests.bench.waits [--tasks 100000] [--rounds 10]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import func, insert, select, text

from engine import clock, deployments, lint, waits
from engine.db import Database
from engine.models import Case, Task
from engine.waits import Filters
from tests import office, samples
from tests.bench import inbox
from tests.clock import standing_at

YEAR = samples.MOMENT.year


def fill(made: office.Office, tasks: int) -> None:
    """So many open tasks, each of a case of its own, opened over half a year; and as many done, over a year."""
    round_id = made.open_round().id
    with made.database.write() as session:
        about = {"deployment_id": deployments.current(session, office.REGIME).id, "round_id": round_id}
        first = (session.scalar(select(func.max(Case.id))) or 0) + 1
        for begin in range(0, tasks, inbox.BATCH):
            numbers = range(begin, min(begin + inbox.BATCH, tasks))
            session.execute(insert(Case), [inbox.case(first + number) | about for number in numbers])
            session.execute(insert(Task), [_open(first, number) for number in numbers])
            session.execute(insert(Task), [_done(first, number) for number in numbers])


def _open(first: int, number: int) -> dict[str, Any]:
    step = ("acceptance", "first_review", "decide_list")[number % 3]
    process = {"acceptance": "intake", "first_review": "examination", "decide_list": "application"}[step]
    opened = {"opened_at": clock.now() - timedelta(days=number % 120), "instance_path": f"{process}/"}
    return inbox.task(first, number, "acceptance", None) | {"element": step, "process": process} | opened


def _done(first: int, number: int) -> dict[str, Any]:
    closed = clock.now().replace(month=1, day=2) + timedelta(minutes=number * 5)
    took = number * 7919 % 23
    step = ("acceptance", "correct")[number % 2]
    return {
        "id": str(UUID(int=2**100 + number)),
        "case_id": first + number,
        "process": "intake",
        "element": step,
        "instance_path": "intake/",
        "pass_number": 1,
        "title": step,
        "form": step,
        "roles": " bureau_officer ",
        "organisation_code": office.BUREAU,
        "state": "done",
        "opened_at": closed - timedelta(days=took),
        "due_at": closed + timedelta(days=5 - took),
        "closed_at": closed,
        "closed_by": "city",
        "took": took,
    }


def measured(made: office.Office, rounds: int) -> list[dict[str, Any]]:
    leader = made.actors["leader"]
    filters = Filters(office.REGIME)
    asked: dict[str, Callable[[Any], Any]] = {
        "heat": lambda session: waits.heat(session, leader, office.BUREAU, filters),
        "heat of a round": lambda session: waits.heat(session, leader, office.BUREAU, Filters(office.REGIME, 1)),
        "took": lambda session: waits.took(session, leader, office.BUREAU, filters, YEAR),
    }
    found = []
    for name, ask in asked.items():
        times = []
        for _ in range(rounds):
            with made.database.read() as session:
                began = time.perf_counter()
                rows = ask(session)
                times.append((time.perf_counter() - began) * 1000)
        told = {"database": made.database.dialect, "question": name, "ms": round(statistics.median(times), 1)}
        found.append({**told, "rows": len(rows)})
    return found


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args(arguments)

    def run(url: str) -> list[dict[str, Any]]:
        database = Database(url)
        try:
            database.upgrade()
            with patch.object(lint, "problems", return_value=[]):  # seconds that say nothing about this
                made = office.furnish(database)
            fill(made, given.tasks)
            with database.engine.begin() as connection:
                connection.execute(text("ANALYZE"))
            return measured(made, given.rounds)
        finally:
            database.close()

    with standing_at(samples.MOMENT):
        json.dump([*inbox.on_sqlite(run), *inbox.on_postgresql(run)], sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main(sys.argv[1:])
