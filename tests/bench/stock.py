"""Stock SpiffWorkflow beside our own: the whole instance as JSON, loaded anew for each completion.

    python tests/bench/stock.py --url URL --processes FOLDER --late 2000 --instances 30

Runs the shipped application round and round through its 退回补正 and gives rows like those of `jiqun bench`.
One transaction a completion: read, deserialise, run, serialise, update, one audit row, the inbox rows, commit.
What stock SpiffWorkflow cannot do at this depth is lifted first: its iterators and Python's recursion limit.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.util.task import TaskIterator
from sqlalchemy import Engine, create_engine, event, make_url, text

PROCESS = "application"
FIELDS = {f"field_{number:02}": f"第{number}项的内容，一段不长不短的文字" for number in range(40)}
START = {"applicant_level": "county", "closes_at": "2099-01-01T17:30:00+08:00", "decision": "", **FIELDS}
START["outcome"] = "filed"  # how the filing ended: an end of a called diagram says so by its id in ours, not in stock
ANSWERS = {"fill_in": {"higher_level_recognition": None}, "correct": FIELDS, "acceptance": {"decision": "return"}}
DEEP = 100_000

TaskIterator.__init__.__defaults__ = (None, DEEP, True, None)
BpmnTaskIterator.__init__.__defaults__ = (None, DEEP, True, False, None)


class Services(TaskDataEnvironment):
    def call_service(self, context: Any, **_: Any) -> str:
        return "null"


class Stock:
    """The instances of one database, each a row of JSON text."""

    def __init__(self, url: str, processes: Path) -> None:
        parser = SpiffBpmnParser()
        parser.add_bpmn_files([str(path) for path in sorted(processes.glob("*.bpmn"))])
        self.specs = parser.get_spec(PROCESS), parser.get_subprocess_specs(PROCESS)
        self.serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
        self.script_engine = PythonScriptEngine(Services())
        self.engine = opened(url)
        key = "INTEGER PRIMARY KEY" if self.engine.dialect.name == "sqlite" else "SERIAL PRIMARY KEY"
        with self.engine.begin() as connection:
            for table in ("stock_instance", "stock_audit", "stock_inbox"):
                connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
            connection.execute(text("CREATE TABLE stock_instance (id INTEGER PRIMARY KEY, state TEXT NOT NULL)"))
            connection.execute(text(f"CREATE TABLE stock_audit (id {key}, instance INTEGER, element TEXT, at FLOAT)"))
            connection.execute(text("CREATE TABLE stock_inbox (task TEXT PRIMARY KEY, instance INTEGER, element TEXT)"))

    def instance(self, number: int, finished: int) -> None:
        """A stored instance with so many finished steps of the diagram, advanced in memory."""
        workflow = BpmnWorkflow(*self.specs, script_engine=self.script_engine)
        workflow.task_tree.data.update(START)
        workflow.do_engine_steps()
        while done(workflow) < finished or ready(workflow).task_spec.bpmn_id != "acceptance":
            advance(workflow)
        with self.engine.begin() as connection:
            state = self.serializer.serialize_json(workflow)
            connection.execute(text("INSERT INTO stock_instance VALUES (:id, :state)"), {"id": number, "state": state})

    def complete(self, number: int) -> float:
        """Complete the ready task; seconds."""
        began = time.perf_counter()
        with self.engine.begin() as connection:
            lock = "" if self.engine.dialect.name == "sqlite" else " FOR UPDATE"
            query = text(f"SELECT state FROM stock_instance WHERE id = :id{lock}")
            workflow = self.serializer.deserialize_json(connection.execute(query, {"id": number}).scalar_one())
            workflow.script_engine = self.script_engine
            task = advance(workflow)
            state, now_ready = self.serializer.serialize_json(workflow), ready(workflow)
            connection.execute(text("UPDATE stock_instance SET state = :s WHERE id = :id"), {"s": state, "id": number})
            row = {"i": number, "e": task.task_spec.bpmn_id, "at": time.time()}
            connection.execute(text("INSERT INTO stock_audit (instance, element, at) VALUES (:i, :e, :at)"), row)
            connection.execute(text("DELETE FROM stock_inbox WHERE task = :t"), {"t": str(task.id)})
            row = {"t": str(now_ready.id), "i": number, "e": now_ready.task_spec.bpmn_id}
            connection.execute(text("INSERT INTO stock_inbox VALUES (:t, :i, :e)"), row)
        return time.perf_counter() - began


def opened(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def ready(workflow: BpmnWorkflow) -> Any:
    return workflow.get_tasks(state=TaskState.READY, manual=True)[0]


def done(workflow: BpmnWorkflow) -> int:
    return len(workflow.get_tasks(state=TaskState.COMPLETED))  # those of called diagrams, too


def advance(workflow: BpmnWorkflow) -> Any:
    task = ready(workflow)
    task.data.update(ANSWERS[task.task_spec.bpmn_id])
    task.run()
    workflow.do_engine_steps()
    return task


def measured(url: str, processes: Path, late: int, instances: int) -> Iterator[str]:
    """Completions of `acceptance` (handing back) early and late, in turns; the correction between is not counted.

    One line of answer to each line of standard input: a number of rounds, or `rows`.
    """
    stock = Stock(url, processes)
    stock.instance(0, late)
    for number in range(1, instances + 1):
        stock.instance(number, 10)
    fresh = iter(range(1, instances + 1))
    times: dict[int, list[float]] = {10: [], late: []}
    yield "ready"
    for line in sys.stdin:
        if line.strip() == "rows":
            yield json.dumps([row(stock.engine.dialect.name, *timed) for timed in times.items()])
            continue
        for _ in range(int(line)):
            times[10].append(stock.complete(next(fresh)))
            times[late].append(stock.complete(0))
            stock.complete(0)
        yield "done"


def row(dialect: str, finished: int, seconds: list[float]) -> dict[str, Any]:
    median = round(statistics.median(seconds) * 1000, 3)
    return {"database": dialect, "what": "stock", "finished_steps": finished, "median_ms": median}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--url", required=True)
    options.add_argument("--processes", required=True, type=Path)
    options.add_argument("--late", type=int, default=2000)
    options.add_argument("--instances", type=int, default=30)
    given = options.parse_args()
    for answer in measured(given.url, given.processes, given.late, given.instances):
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.setrecursionlimit(DEEP)
    threading.stack_size(512 * 1024 * 1024)  # the default stack is too small for that recursion
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
