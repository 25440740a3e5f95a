"""What an inbox costs with 100 000 open tasks in the database: medians as JSON, on SQLite and on PostgreSQL.

    python -m tests.bench.inbox [--tasks 100000] [--rounds 30]

All tasks lie in one bureau: most with its officers, a tenth claimed by a colleague, some with leader and expert.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text

from config.settings import Settings
from engine import clock, deployments, inbox
from engine.access import Actor
from engine.db import Database
from engine.inbox import Filters
from engine.models import Case, Cluster, Task
from tests import office, postgres, samples
from tests.clock import standing_at
from tests.integration import reader
from web.app import create_app

STEPS = {  # element → roles and how many of a hundred
    "acceptance": (" bureau_officer ", 50),
    "first_review": (" bureau_officer ", 40),
    "decide_list": (" bureau_leader ", 5),
    "review": (" expert ", 4),
    "verify_higher_level": (" bureau_officer ", 1),
}
BATCH = 5000


def fill(made: office.Office, tasks: int) -> None:
    """So many open tasks, each of a case of its own, in one round; due from ten days ago to fifty days ahead."""
    round_id, colleague = made.open_round().id, made.actors["city2"].person_id
    steps = [name for name, (_, share) in STEPS.items() for _ in range(share)]
    with made.database.write() as session:
        deployment = deployments.current(session, office.REGIME).id
        first = max(session.scalars(select(Case.id))) + 1
        cluster = Cluster(
            regime=office.REGIME,
            bureau_code=office.BUREAU,
            organisation_code=office.COUNTY,
            name="示例",
            state="candidate",
            created_at=clock.now(),
        )
        session.add(cluster)
        session.flush()
        for begin in range(0, tasks, BATCH):
            numbers = range(begin, min(begin + BATCH, tasks))
            about = {"deployment_id": deployment, "round_id": round_id, "cluster_id": cluster.id}
            session.execute(insert(Case), [case(first + number) | about for number in numbers])
            rows = [task(first, number, steps[number % 100], colleague) for number in numbers]
            session.execute(insert(Task), rows)


def case(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "regime": office.REGIME,
        "process": "application",
        "title": f"某县中小企业特色产业集群（第{number}号示例产业）",
        "bureau_code": office.BUREAU,
        "organisation_code": office.COUNTY if number % 2 else office.SIBLING,
        "status": "open",
        "version": 1,
        "awaits": " ",
        "opened_at": clock.now(),
        "opened_by": "county",
        "state_format": 1,
        "state": b"x" * 6000,
    }


def task(first: int, number: int, step: str, colleague: int | None) -> dict[str, Any]:
    due = None if number % 20 == 0 else clock.now() + timedelta(days=-10 + (number * 7919) % 60, seconds=number)
    return {
        "id": str(UUID(int=(number * 2654435761) % 2**64)),
        "case_id": first + number,
        "process": "application",
        "element": step,
        "instance_path": "",
        "pass_number": 1,
        "title": step,
        "form": step,
        "roles": STEPS[step][0],
        "organisation_code": office.BUREAU,
        "assignee_id": colleague if number % 10 == 0 else None,
        "state": "open",
        "opened_at": clock.now() - timedelta(seconds=number),
        "due_at": due,
    }


def measured(made: office.Office, rounds: int) -> Iterator[dict[str, Any]]:
    """The median of each question, in milliseconds; each in a transaction of its own."""
    for who, name, filters in ASKED:
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            _ask(made.database, made.actors[who], filters)
            times.append((time.perf_counter() - began) * 1000)
        yield _row(made, who, name, times)


ASKED: list[tuple[str, str, Filters]] = [
    ("city", "page", Filters()),
    ("city", "late", Filters(state="late")),
    ("city", "step, one in a hundred", Filters(step="verify_higher_level")),
    ("city", "step that nobody has", Filters(step="publish")),
    ("city", "round", Filters(round_id=1)),
    ("city", "round without a task", Filters(round_id=9)),
    ("city", "words, many", Filters(words="示例")),
    ("city", "words, one", Filters(words="第77777号")),
    ("expert", "page", Filters()),
    ("publisher", "page of an empty desk", Filters()),
]


def served(made: office.Office, folder: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """The median of whole pages as the server makes them, the sign-in asked and all."""
    app = create_app(Settings(data=folder), made.database)
    for who, path in PAGES:
        browser = reader.reader(app, reader.signed_in(made.database, who))
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            answer = browser.get(path)
            times.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, answer.text
        yield _row(made, who, f"GET {path}", times)


PAGES = [
    ("city", "/tasks"),
    ("city", "/tasks?state=late"),
    ("city", "/tasks?q=第77777号"),
    ("expert", "/tasks"),
    ("city", "/cases"),
]


def _row(made: office.Office, who: str, what: str, times: list[float]) -> dict[str, Any]:
    median, worst = round(statistics.median(times), 2), round(max(times), 2)
    return {"database": made.database.dialect, "who": who, "what": what, "median_ms": median, "worst_ms": worst}


def _ask(database: Database, actor: Actor, filters: Filters) -> None:
    with database.read() as session:
        on = inbox.piles(session, actor)
        inbox.counts(session, actor, on)
        inbox.tasks(session, actor, on, filters, limit=51)


def main(argv: list[str]) -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--tasks", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=30)
    given = options.parse_args(argv)

    def run(url: str) -> list[dict[str, Any]]:
        database = Database(url)
        try:
            database.upgrade()
            made = office.furnish(database)
            fill(made, given.tasks)
            with database.engine.begin() as connection:
                connection.execute(text("ANALYZE"))
            with tempfile.TemporaryDirectory() as folder:
                return [*measured(made, given.rounds), *served(made, Path(folder), given.rounds)]
        finally:
            database.close()

    with standing_at(samples.MOMENT):
        json.dump([*on_sqlite(run), *on_postgresql(run)], sys.stdout, ensure_ascii=False, indent=1)


def on_sqlite(run: Callable[[str], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        return run(f"sqlite:///{Path(folder) / 'bench.sqlite'}")


def on_postgresql(run: Callable[[str], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    session = postgres.Session(durable=True)
    try:
        postgres.ensure(session.folder, lambda: postgres.make_template(session.folder, "empty"))
        with postgres.database(session.folder, "bench", template="empty") as url:
            return run(url)
    finally:
        session.close()


if __name__ == "__main__":
    main(sys.argv[1:])
