"""The benchmark: one completion through the real function, early and late in a case's life, beside its floor.

The demo bureau hands an application back again and again. Measured is the handing back: lock, form check, engine,
record, task rows, the letter in the outbox, commit. In a checkout the same diagram runs on stock SpiffWorkflow
beside it (tests/bench/stock.py), a process of its own, in turns with ours; ratios are taken within one run.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web import bench_mail, bench_reminders

if TYPE_CHECKING:
    from engine.db import Database

# ruff: noqa: PLC0415  # each command imports what it needs when it runs

EARLY = 10  # finished steps of the diagram: tasks, gateways and events passed
TURNS = 5  # ours and stock by turns
STEPS_A_PASS = 4  # the correction, the acceptance, the gateway behind it, the letter
ROOT = Path(__file__).parent.parent
STOCK = ROOT / "tests" / "bench" / "stock.py"
APPLICATION = Path(__file__).with_name("demo_application.json")
RETURN = {"decision": "return", "opinion": "请补正", "remarks": [{"field": "output", "remark": "与附表不一致"}]}


@click.command()
@click.option("--quick", is_flag=True, help="只到两百步，少测几次")
@click.option("--postgres", metavar="URL", help="也在这个空的 PostgreSQL 数据库上测")
def bench(quick: bool, postgres: str | None) -> None:
    """测速：办结一步的用时，办件之初与两千步之后；发信的速度；十万条到期提醒的用时。结果为 JSON。"""
    late, rounds = (200, 10) if quick else (2000, 40)
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{folder}/bench.sqlite", *([postgres] if postgres else [])]
        rows = [row for url in urls for row in _measured(url, late, rounds)]
        mail = [bench_mail.measured(url, 10 * rounds, senders) for url in urls for senders in (1, 2)]
        many = 100_000 if quick else 1_000_000
        reminders = [row for url in urls for row in bench_reminders.measured(url, many)]
    told = {"rows": rows, "ratios": _ratios(rows, late), "mail": mail, "reminders": reminders}
    click.echo(json.dumps(told, ensure_ascii=False, indent=1))


def _measured(url: str, late: int, rounds: int) -> Iterator[dict[str, Any]]:
    from engine.db import Database

    database = Database(url)
    try:
        database.upgrade()
        office = _Office(database)
        fresh, old = [office.case(EARLY) for _ in range(rounds)], office.case(late)
        times: dict[int, list[float]] = {EARLY: [], late: []}
        with _Beside(url, late, rounds) as stock:
            for _ in range(TURNS):  # so that a slow minute of the machine meets both of them
                for _ in range(rounds // TURNS):  # and a busy moment an early case as well as the late one
                    times[EARLY].append(office.hand_back(fresh.pop()))
                    times[late].append(office.hand_back(old))
                    office.correct(old)
                stock.measure(rounds // TURNS)
            for finished, seconds in times.items():
                yield _row(database.dialect, "jiqun", finished, seconds)
            yield _row(database.dialect, "bare commit", 0, list(_floor(database, office.state_of(old), rounds)))
            yield from stock.rows()
    finally:
        database.close()


class _Beside:
    """Stock SpiffWorkflow as a process of its own, which measures when it is told to; nothing outside a checkout."""

    def __init__(self, url: str, late: int, rounds: int) -> None:
        self._process: subprocess.Popen[str] | None = None
        if STOCK.exists():
            options = ["--url", url, "--processes", str(ROOT / "processes"), "--late", str(late)]
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, str(STOCK), *options, "--instances", str(rounds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self._answer()  # once its instances stand

    def __enter__(self) -> "_Beside":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()

    def measure(self, rounds: int) -> None:
        """So many rounds, and wait for their end."""
        self._ask(str(rounds))

    def rows(self) -> list[dict[str, Any]]:
        return json.loads(self._ask("rows") or "[]")  # type: ignore[no-any-return]

    def _ask(self, line: str) -> str:
        if self._process and self._process.stdin:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        answer = self._process.stdout.readline() if self._process and self._process.stdout else "\n"
        if not answer:
            raise click.ClickException("并列测量的进程中断")
        return answer.strip()


class _Office:
    """The demo bureau with an open round, and a case handed back and corrected as often as wanted."""

    def __init__(self, database: "Database") -> None:
        from engine import accounts, rounds
        from web import demo

        self.database = database
        self.application = json.loads(APPLICATION.read_text(encoding="utf-8"))
        with database.write() as session:
            demo.load(session)
        with database.write() as session:
            self.county, self.city = (
                accounts.actor(session, accounts.by_name(session, name)) for name in ("county", "city")
            )
            self.regime = _regime_of(session, self.city)
            self.round_id = rounds.open_round(session, self.city, self.regime, 2025, "测速批次").id
        notice = {"title": "通知", "year": 2025, "body": "请组织申报", "closes_at": "2099-12-31T17:30:00+08:00"}
        self._complete(self.city, "call_notice", {**notice, "contact_office": "企业科"})

    def case(self, finished: int) -> int:
        """A case before its acceptance with so many finished steps behind it."""
        from engine import cases

        start = {"round_id": self.round_id, "cluster_name": "云溪县中小企业特色产业集群（测速产业）"}
        start |= {"leading_industry": "测速", "niche": "测速", "higher_level_recognition": "none"}
        with self.database.write() as session:
            case_id = cases.open_case(session, self.county, self.regime, "application", start).id
        self._complete(self.county, "fill_in", self.application, case_id)
        for _ in range(finished // STEPS_A_PASS):
            self.hand_back(case_id)
            self.correct(case_id)
        return case_id

    def hand_back(self, case_id: int) -> float:
        return self._complete(self.city, "acceptance", RETURN, case_id)

    def correct(self, case_id: int) -> float:
        return self._complete(self.county, "correct", self.application, case_id)

    def state_of(self, case_id: int) -> bytes:
        from sqlalchemy import select

        from engine.models import Case

        with self.database.read() as session:
            return session.scalars(select(Case.state).where(Case.id == case_id)).one()

    def _complete(self, actor: Any, element: str, data: Any, case_id: int | None = None) -> float:
        from sqlalchemy import select

        from engine import tasks
        from engine.models import Task

        query = select(Task.id).where(Task.element == element, Task.state == "open")
        with self.database.read() as session:
            task_id = session.scalars(query if case_id is None else query.where(Task.case_id == case_id)).one()
        began = time.perf_counter()
        with self.database.write() as session:
            tasks.complete(session, actor, task_id, data)
        return time.perf_counter() - began


def _regime_of(session: Any, officer: Any) -> str:
    """The regime that the demo deployed for this officer's bureau."""
    from sqlalchemy import select

    from engine import deployments
    from engine.models import Deployment

    offices = {membership.organisation_code for membership in officer.memberships}
    for row in session.scalars(select(Deployment)):
        if deployments.deployed(session, row.id).regime.bureau in offices:
            return str(row.regime)
    raise click.ClickException("演示机构没有部署规则体系")


def _floor(database: "Database", state: bytes, rounds: int) -> Iterator[float]:
    """Seconds of a bare update and commit of as many bytes as a case's state has."""
    from sqlalchemy import text

    kind = "BLOB" if database.dialect == "sqlite" else "BYTEA"
    with database.writer.begin() as connection:
        connection.execute(text(f"CREATE TABLE bare (id INTEGER PRIMARY KEY, state {kind})"))
        connection.execute(text("INSERT INTO bare VALUES (1, :state)"), {"state": state})
    for number in range(rounds):
        began = time.perf_counter()
        with database.writer.begin() as connection:
            connection.execute(
                text("UPDATE bare SET state = :state WHERE id = 1"), {"state": state + bytes([number % 256])}
            )
        yield time.perf_counter() - began


def _row(dialect: str, what: str, finished: int, seconds: list[float]) -> dict[str, Any]:
    median = round(statistics.median(seconds) * 1000, 3)
    return {"database": dialect, "what": what, "finished_steps": finished, "median_ms": median}


def _ratios(rows: list[dict[str, Any]], late: int) -> list[dict[str, Any]]:
    at = {(row["database"], row["what"], row["finished_steps"]): row["median_ms"] for row in rows}
    ratios = []
    for dialect in dict.fromkeys(row["database"] for row in rows):
        ours = at[dialect, "jiqun", late], at[dialect, "jiqun", EARLY]
        found: dict[str, Any] = {"database": dialect, "late_to_early": round(ours[0] / ours[1], 2)}
        if (dialect, "stock", late) in at:
            found["stock_to_jiqun_late"] = round(at[dialect, "stock", late] / ours[0], 1)
            found["jiqun_to_stock_early"] = round(ours[1] / at[dialect, "stock", EARLY], 2)
        ratios.append(found)
    return ratios
