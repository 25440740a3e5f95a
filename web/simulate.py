"""The simulation: a whole round with many applications side by side, carried to publication by the engine's functions.

Nothing is short-cut: every step is one command in a transaction of its own, on a clock of its own. The same seed gives
the same round.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from random import Random

    from config.regime import Regime
    from engine.access import Actor
    from engine.db import Database
    from engine.models import Task
    from web.simulated import Office

# ruff: noqa: PLC0415  # each command imports what it needs when it runs

MOST_SWEEPS = 10_000  # over all open tasks; more of them would lead nowhere
OBJECTIONS = 30  # one for so many clusters on the list, at least two
TELL_EVERY = 5.0  # seconds


@click.command()
@click.option("--applications", type=click.IntRange(1, 2000), default=200, show_default=True, help="申报数")
@click.option("--experts", type=click.IntRange(1, 15), default=7, show_default=True, help="每组专家人数")
@click.option("--seed", type=int, default=1, show_default=True, help="种子：相同的种子得到相同的批次")
@click.option("--into", metavar="URL", help="空的数据库；不给的，用临时的 SQLite")
def simulate(applications: int, experts: int, seed: int, into: str | None) -> None:
    """模拟：一个批次从通知到公布，测量速度和大小。结果为 JSON。"""
    with (
        tempfile.TemporaryDirectory() as folder,
        _empty(into or f"sqlite:///{folder}/jiqun.sqlite", folder) as database,
    ):
        run = Run(database, Path(folder), applications, experts, seed)
        click.echo(json.dumps(run.go(), ensure_ascii=False, indent=2))


@dataclass
class Run:
    """One simulated round in a database without people."""

    database: "Database"
    folder: Path
    applications: int
    experts: int
    seed: int
    tell: bool = True
    tasks: int = 0  # completed by people
    woken: int = 0  # timers fired and messages delivered
    phases: dict[str, float] = field(default_factory=dict)  # state of the round → seconds of work in it
    actors: dict[str, "Actor"] = field(default_factory=dict)
    _now: datetime | None = None
    _waits: set[datetime] = field(default_factory=set)
    _told_at: float = 0.0

    def go(self) -> dict[str, Any]:
        """Carry the round to its end; answers the figures. Raises RuntimeError where nothing moves any more."""
        began = time.perf_counter()
        self.prepare()
        prepared, processor = time.perf_counter(), time.process_time()
        self.carry()
        seconds = {"seconds": time.perf_counter() - prepared, "cpu_seconds": time.process_time() - processor}
        return self._figures({**seconds, "preparing_seconds": prepared - began})

    @cached_property
    def regime(self) -> "Regime":
        """The first that ships for a city of the demo."""
        from config import regime as regimes
        from engine import bundle
        from web import demo

        cities = {each["code"] for each in demo.plan()["organisations"] if each["level"] == "city"}
        shipped = (regimes.shipped(name) for name in bundle.regimes())
        return next(regime for regime in shipped if regime.bureau in cities)

    @cached_property
    def office(self) -> "Office":
        from web import simulated

        return simulated.Office(self.seed, self.applications, self.experts, self.regime.in_force_from.year)

    @cached_property
    def seeds(self) -> "Random":
        """What the draws are seeded with, one after the other."""
        return self.office.luck("lots")

    @property
    def at(self) -> datetime:
        """The moment at which the round stands."""
        from engine import clock

        first = self.regime.in_force_from + timedelta(days=30)
        return self._now or datetime.combine(first, day_time(9), clock.SHANGHAI).astimezone(UTC)

    @contextmanager
    def on_its_clock(self) -> Iterator[None]:
        """Within the block it is the round's own time, and lots fall as the seed has them."""
        from engine import clock, lots

        with clock.replaced_by(lambda: self.at), lots.seeded_by(lambda: f"{self.seeds.getrandbits(128):032x}"):
            yield

    def prepare(self) -> None:
        """The regime deployed, and everybody in their place."""
        from engine import bundle, deploying

        with self.on_its_clock():
            with self.database.write() as session:
                deploying.deploy(session, self.regime.name, bundle.shipped(self.regime.name), by="simulate")
            with self.database.write() as session:
                self.actors = self.office.furnish(session, self.regime.bureau)

    def carry(self, until: str = "") -> None:
        """Open the round if it is not there, and sweep over what is open until it has ended.

        `until` names a step: as soon as one stands open, everything is left as it is. The applications go before the
        round's own steps.
        """
        with self.on_its_clock():
            if self._state() == "draft":
                self._open()
            for _ in range(MOST_SWEEPS):
                state = self._state()
                if (state == "published" and not self._open_tasks()) or (until and until in self._elements()):
                    return
                since = time.perf_counter()
                moved = self._sweep() or self._object() or (self._wait() if self._waits else 0)
                moved = moved or self._sweep(rounds=True) or self._wait()
                self.phases[state] = self.phases.get(state, 0.0) + time.perf_counter() - since
                if not moved:
                    raise RuntimeError(f"the simulated round stands still at {sorted(self._elements())}")
            raise RuntimeError("the simulated round does not come to its end")

    def _open(self) -> None:
        """The round with its call, and an application of each cluster."""
        from engine import cases, rounds

        regime, year = self.regime.name, self.office.year
        with self.database.write() as session:
            round_id = rounds.open_round(session, self.actors["city1"], regime, year, f"{year}年度模拟批次").id
        self._sweep()
        applicants = self.office.applicants(self.actors)
        for number, applied in enumerate(self.office.applied.values()):
            self._tick()
            who = applicants[number % len(applicants)]
            with self.database.write() as session:
                cases.open_case(session, who, regime, "application", self.office.started(applied, round_id))

    def _sweep(self, *, rounds: bool = False) -> int:
        """Do every open task once, in the order of the cases; answers how many were done."""
        from web.simulated import NotYet

        done = 0
        self._waits.clear()
        for task_id in self._open_tasks(rounds=rounds or self._state() == "draft"):
            try:
                self._do(task_id)
            except NotYet as wait:
                self._waits.add(wait.until)
                continue
            done += 1
            if rounds:
                break  # the applications that wait for this step go on first
        self.tasks += done
        return done + self._deliver()

    def _do(self, task_id: str) -> None:
        from engine import tasks
        from engine.errors import Refused
        from engine.models import Case, Task
        from web import simulated

        self._tick()
        with self.database.read() as session:
            task = session.get_one(Task, task_id)
            case = session.get_one(Case, task.case_id)
            given = simulated.answer(simulated.Asked(session, task, case, self.office))
            able = _able(task, self.actors)
        if task.form == "application":
            given["signed_statement"] = self._upload(able[0])
        for number, who in enumerate(able):
            try:
                with self.database.write() as session:
                    tasks.complete(session, who, task_id, given)
            except Refused:  # four eyes: the next colleague
                if number + 1 == len(able):
                    raise
            else:
                return

    def _upload(self, actor: "Actor") -> str:
        from engine import files
        from web.demo_rounds import PAPER

        received = files.receive(
            self.folder / "files", BytesIO(PAPER.read_bytes()), "声明.pdf", megabytes=1, scanner=""
        )
        with self.database.write() as session:
            return files.add(session, actor, received).id

    def _object(self) -> int:
        """While the list is public: a few citizens object, once."""
        from sqlalchemy import select

        from engine import objections
        from engine.models import Notice, Objection
        from engine.objections import Sent, Written

        with self.database.read() as session:
            shown = session.scalar(select(Notice).where(Notice.kind == "publicity").order_by(Notice.id).limit(1))
            if shown is None or session.scalar(select(Objection.id).limit(1)):
                return 0
            listed = [entry["case"] for entry in shown.entries]
        some = min(max(len(listed) - 1, 0), max(2, len(listed) // OBJECTIONS))
        chosen = self.office.luck("objections").sample(listed, some)
        for number, case_id in enumerate(chosen):
            self._tick()
            written = Written(f"模拟异议人{number}", "0000-0000000", case_id, "申报数据与实际不符，请予核查。")
            sent = Sent(f"source-{number}", f"form-{self.seed}-{number}", 1000, 1000)
            with self.database.write() as session:
                objections.receive(session, shown.id, written, sent)
        return len(chosen)

    def _deliver(self) -> int:
        """Let the worker do what is due, until nothing is."""
        from engine import timers

        total = 0
        while moved := timers.tick(self.database, limit=1000):
            total += moved
        self.woken += total
        return total

    def _wait(self) -> int:
        """Nobody has anything to do: the clock goes on to the next moment that somebody waits for."""
        from sqlalchemy import func, select

        from engine.models import Case

        with self.database.read() as session:
            wake_at = session.scalar(select(func.min(Case.wake_at)).where(Case.status == "open"))
        ahead = [moment for moment in (wake_at, *self._waits) if moment]
        if not ahead:
            return 0
        self._now = max(self.at, min(ahead)) + timedelta(seconds=1)
        return 1 + self._deliver()

    def _state(self) -> str:
        from sqlalchemy import select

        from engine.models import Round

        with self.database.read() as session:
            return session.scalar(select(Round.state)) or "draft"

    def _open_tasks(self, *, rounds: bool = True) -> list[str]:
        from sqlalchemy import select

        from engine.models import Case, Task

        query = select(Task.id).join(Case, Case.id == Task.case_id).where(Task.state == "open")
        if not rounds:
            query = query.where(Case.process != "round")
        with self.database.read() as session:
            return list(session.scalars(query.order_by(Task.case_id, Task.element, Task.instance_path)))

    def _elements(self) -> set[str]:
        """The steps that stand open."""
        from sqlalchemy import select

        from engine.models import Task

        with self.database.read() as session:
            return set(session.scalars(select(Task.element).where(Task.state == "open").distinct()))

    def _tick(self) -> None:
        self._now = self.at + timedelta(seconds=1)
        if self.tell and time.perf_counter() - self._told_at > TELL_EVERY:
            self._told_at = time.perf_counter()
            click.echo(f"{self.at:%Y-%m-%d %H:%M} 已办 {self.tasks} 个待办", err=True)

    def _figures(self, spent: dict[str, float]) -> dict[str, Any]:
        from sqlalchemy import func, select

        from engine.models import Case, Cluster, Event, Letter

        with self.database.read() as session:
            outcomes = dict(
                session.execute(
                    select(func.coalesce(Case.outcome, Case.status), func.count())
                    .where(Case.cluster_id.is_not(None))
                    .group_by(func.coalesce(Case.outcome, Case.status))
                ).all()
            )
            entries = session.scalar(select(func.count()).select_from(Event))
            letters = session.scalar(select(func.count()).select_from(Letter))
            recognised = session.scalar(select(func.count()).where(Cluster.recognised_on.is_not(None)))
        size = _size(self.database)
        return {
            "database": self.database.dialect,
            "applications": self.applications,
            "experts": self.experts,
            "seed": self.seed,
            "outcomes": outcomes,
            "recognised": recognised,
            "tasks": self.tasks,
            "woken": self.woken,
            "entries": entries,
            "letters": letters,
            **{name: round(seconds, 1) for name, seconds in spent.items()},
            "tasks_a_second": round(self.tasks / spent["seconds"], 1),
            "seconds_by_state": {state: round(seconds, 1) for state, seconds in self.phases.items()},
            "database_bytes": size,
            "bytes_a_case": size // self.applications,
            "peak_memory_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MEGABYTE,
        }


_MEGABYTE = 1024 * 1024 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in kilobytes elsewhere


@contextmanager
def _empty(url: str, folder: str) -> "Iterator[Database]":
    """The database at `url`, with its tables. Raises Refused where somebody is in it."""
    from sqlalchemy import select

    from engine.db import Database
    from engine.errors import Refused
    from engine.models import Organisation

    database = Database(url, files=Path(folder) / "files")
    try:
        database.upgrade()
        with database.read() as session:
            if session.scalar(select(Organisation.code).limit(1)):
                raise Refused("模拟只在空的数据库里进行，所给的数据库里已有机构")
        yield database
    finally:
        database.close()


def _able(task: "Task", actors: dict[str, "Actor"]) -> list["Actor"]:
    """Who may do it: the holder, else those with the role in the office, in turn from case to case."""
    if task.assignee_id is not None:
        return [actor for actor in actors.values() if actor.person_id == task.assignee_id]
    able = [
        actor
        for actor in actors.values()
        if any(each.organisation_code == task.organisation_code for each in actor.as_any_of(set(task.roles.split())))
    ]
    turn = task.case_id % len(able)
    return able[turn:] + able[:turn]


def _size(database: "Database") -> int:
    """What the data takes, in bytes."""
    from sqlalchemy import text

    asked = "SELECT pg_database_size(current_database())"
    if database.dialect == "sqlite":
        asked = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    with database.read() as session:
        return int(session.execute(text(asked)).scalar_one())
