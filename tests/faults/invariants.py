"""What must hold in a database at any moment, asked in plain SQL, so that the engine's own faults cannot hide.

Only two things of ours are used: the reader of a case's state, for nobody else can read it, and the deployment's
files with it. `violations` is empty when all is well; `missing` is what was answered to a client and is not there.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from engine.bpmn import Workflow
from engine.deployments import Deployed

COMMANDS = ("case.opened", "task.closed", "timer.fired", "message.received")  # each writes its case once
# … and so does each of these.
REPAIRS = (
    *("case.stopped", "incident.retried", "incident.repaired", "incident.cancelled"),
    *("case.suspended", "case.resumed"),
)
GENESIS = "0" * 64
ONE_TRANSACTION = timedelta(seconds=20)  # its clock stands still at its beginning; it reads what came since
# A letter's key begins with … → the line that was written with it.
_TOLD_WITH = {"moved": "task.moved", "urge": "task.urged", "short": "publicity.too_short"}

_deployed: dict[str, Deployed] = {}  # by content hash: parsed once a test session


@dataclass(frozen=True)
class Done:
    """What a client was told is done: a task completed, or a case opened, by whom, with a word only they said."""

    kind: str  # "task" or "case"
    id: str
    person: str
    word: str


def violations(url: Any, *, case_id: int | None = None) -> list[str]:
    """Everything that does not hold, a sentence each; with `case_id` only what concerns that case."""
    with _reading(url) as connection:
        found: list[str] = []
        for check in _OF_A_CASE:
            found += check(connection, case_id)
        if case_id is None:
            for overall in _OF_ALL:
                found += overall(connection)
    return found


def missing(url: Any, done: Iterable[Done]) -> list[str]:
    """What was acknowledged and is not in the database exactly once, by that person, with their word."""
    with _reading(url) as connection:
        answered = {row.id: row for row in _all(connection, "SELECT id, closed_by, answers FROM task")}
        closed = Counter(_column(connection, "SELECT task_id FROM event WHERE kind = 'task.closed'"))
        opened = Counter(
            (row.title, row.opened_by) for row in _all(connection, "SELECT title, opened_by FROM case_run")
        )
        ids = {row.id: row.title for row in _all(connection, "SELECT id, title FROM case_run")}
    found = []
    for told in done:
        if told.kind == "case":
            once = opened[(told.word, told.person)] == 1 and ids.get(int(told.id)) == told.word
        else:
            row = answered.get(told.id)
            once = (
                row is not None
                and row.closed_by == told.person
                and told.word in (row.answers or "")
                and closed[told.id] == 1
            )
        if not once:
            found.append(f"acknowledged, and not there once: {told}")
    return found


def closed_by(url: Any) -> dict[str, str]:
    """Who closed each task that is done."""
    with _reading(url) as connection:
        return {
            row.id: row.closed_by for row in _all(connection, "SELECT id, closed_by FROM task WHERE state = 'done'")
        }


# ---- what holds for each case -------------------------------------------------------------------


def _states(connection: Connection, case_id: int | None) -> Iterator[str]:
    """The instance can be read, and the rows beside it say what it says."""
    rows: dict[int, set[str]] = {}
    for task in _all(connection, "SELECT id, case_id FROM task WHERE state = 'open'"):
        rows.setdefault(task.case_id, set()).add(task.id)
    query = "SELECT * FROM case_run" + (" WHERE id = :case" if case_id else "")
    for case in _all(connection, query, case=case_id):
        try:
            deployed = _read(connection, case.deployment_id)
            specs, state = deployed.specs(case.process), bytes(case.state)
            workflow = Workflow.load(specs, state, case.state_format, deployed.words)
        except Exception as error:  # whatever it is, the case is lost
            yield f"case {case.id}: state unreadable: {error!r}"
            continue
        going_on = case.status in {"open", "incident", "suspended"}
        fits = _fits_open if going_on else _fits_ended
        yield from (f"case {case.id}: {case.status}, {what}" for what in fits(case, workflow, rows.get(case.id, set())))


def _fits_open(case: Any, workflow: Workflow, tasks: set[str]) -> Iterator[str]:
    ready = {step.id for step in workflow.ready()}
    if ready != tasks:
        yield f"steps without a row {sorted(ready - tasks)}, rows without a step {sorted(tasks - ready)}"
    if not ready and workflow.wake_at is None and not workflow.awaits:
        yield "waits for nothing, and has not ended"
    if workflow.wake_at != _moment(case.wake_at):
        yield f"wakes at {case.wake_at}, its instance at {workflow.wake_at}"
    if set(case.awaits.split()) != workflow.awaits:
        yield f"awaits {case.awaits!r}, its instance {sorted(workflow.awaits)}"


def _fits_ended(case: Any, workflow: Workflow, tasks: set[str]) -> Iterator[str]:
    if tasks:
        yield f"with open tasks {sorted(tasks)}"
    if case.wake_at is not None:
        yield "and would be woken"
    if workflow.ready() or (case.status == "ended" and not workflow.ended):
        yield "its instance goes on"


def _statuses(connection: Connection, case_id: int | None) -> Iterator[str]:
    """Status, outcome, ending and incident fit together; a version a command, none lost."""
    query = """SELECT c.id, c.status, c.outcome, c.ended_at, c.version,
        (SELECT count(*) FROM incident i WHERE i.case_id = c.id AND i.closed_at IS NULL) AS incidents,
        (SELECT count(*) FROM event e WHERE e.case_id = c.id AND e.kind IN :commands) AS commands,
        (SELECT count(*) FROM event e WHERE e.case_id = c.id AND e.kind = 'case.opened') AS opened,
        (SELECT count(*) FROM event e WHERE e.case_id = c.id AND e.kind = 'case.ended') AS ended
        FROM case_run c"""
    kinds = ", ".join(f"'{kind}'" for kind in COMMANDS + REPAIRS)
    query = query.replace(":commands", f"({kinds})") + (" WHERE c.id = :case" if case_id else "")
    fitting = {  # status → (has an outcome, has an ending, open incidents)
        "open": (False, False, 0),
        "incident": (False, False, 1),
        "suspended": (False, False, 0),
        "ended": (True, True, 0),
        "cancelled": (False, True, 0),
    }
    for case in _all(connection, query, case=case_id):
        shown = (case.outcome is not None, case.ended_at is not None, case.incidents)
        if shown != fitting.get(case.status):
            yield f"case {case.id}: {case.status} with outcome, ending, open incidents = {shown}"
        if case.version < 1 or case.version != 1 + case.commands:
            yield f"case {case.id}: version {case.version} after {case.commands} commands"
        if case.opened != 1 or case.ended != (case.status == "ended"):
            yield f"case {case.id}: {case.status}, in the record opened {case.opened} and ended {case.ended} times"


def _tasks(connection: Connection, case_id: int | None) -> Iterator[str]:
    """A finished task was answered once and recorded once; an open or cancelled one never."""
    query = """SELECT t.id, t.case_id, t.state, t.closed_at, t.closed_by, t.pass_number,
        t.answers IS NOT NULL AS answered, t.closed_by IS NOT NULL AS signed,
        (SELECT count(*) FROM event e WHERE e.case_id = t.case_id
            AND e.task_id = t.id AND e.kind = 'task.opened') AS opened,
        (SELECT count(*) FROM event e WHERE e.case_id = t.case_id
            AND e.task_id = t.id AND e.kind = 'task.closed') AS closed,
        (SELECT count(*) FROM event e WHERE e.case_id = t.case_id
            AND e.task_id = t.id AND e.kind = 'task.cancelled') AS cancelled,
        (SELECT count(*) FROM task o WHERE o.case_id = t.case_id AND o.element = t.element
            AND o.instance_path = t.instance_path AND o.pass_number = t.pass_number) AS same
        FROM task t"""
    fitting = {  # state → (answered, signed, opened, closed, cancelled, is closed)
        "open": (False, False, 1, 0, 0, False),
        "done": (True, True, 1, 1, 0, True),
        "cancelled": (False, False, 1, 0, 1, True),
        "skipped": (False, True, 1, 1, 0, True),
    }
    for task in _all(connection, query + (" WHERE t.case_id = :case" if case_id else ""), case=case_id):
        signs = (bool(task.answered), bool(task.signed))
        shown = (*signs, task.opened, task.closed, task.cancelled, task.closed_at is not None)
        if shown != fitting.get(task.state):
            yield f"task {task.id} of case {task.case_id}: {task.state} with {shown}"
        if task.same != 1:
            yield f"task {task.id} of case {task.case_id}: its pass {task.pass_number} is there {task.same} times"


def _letters(connection: Connection, case_id: int | None) -> Iterator[str]:
    """Each letter has a key of its own; what a command or an effect wrote has its line, and each line has its letter.

    A tick tells of new tasks without a line: the task explains the letter. One that tells of a date that moved, of an
    urging or of a period that became too short was written at the moment of the line that says so.
    """
    only = " AND case_id = :case" if case_id else ""
    keys = Counter(_column(connection, "SELECT dedupe_key FROM letter WHERE 1 = 1" + only, case=case_id))
    yield from (f"letter {key} is there {times} times" for key, times in keys.items() if times != 1)
    query = "SELECT kind, case_id, task_id, at, element FROM event WHERE kind IN :kinds" + only
    lines = _all(
        connection,
        query.replace(":kinds", str(("letter.queued", "obligation.moved", *_TOLD_WITH.values()))),
        case=case_id,
    )
    queued = Counter((line.case_id, line.element) for line in lines if line.kind == "letter.queued")
    moments = {(line.kind, line.case_id, line.task_id, _moment(line.at)) for line in lines}
    query = """SELECT l.dedupe_key, l.case_id, l.task_id, l.created_at, t.opened_at FROM letter l
        LEFT JOIN task t ON t.id = l.task_id AND t.case_id = l.case_id AND t.organisation_code = l.organisation_code
        WHERE (l.case_id IS NOT NULL OR l.dedupe_key LIKE 'moved:%')"""
    written: Counter[Any] = Counter()
    for letter in _all(connection, query + only.replace("case_id", "l.case_id"), case=case_id):
        begins, at = letter.dedupe_key.partition(":")[0], _moment(letter.created_at)
        if begins == "assigned":
            opened_at = _moment(letter.opened_at)
            explained = opened_at is not None and at is not None and opened_at <= at + ONE_TRANSACTION
        elif begins in _TOLD_WITH:
            kind = _TOLD_WITH[begins] if letter.case_id is not None else "obligation.moved"
            explained = (kind, letter.case_id, letter.task_id, at) in moments
        else:
            written[letter.case_id, letter.dedupe_key.rpartition(":")[2]] += 1
            explained = True
        if not explained:
            yield f"letter {letter.dedupe_key}: nothing explains it"
    yield from _different("letters", written, queued)


def _messages(connection: Connection, case_id: int | None) -> Iterator[str]:
    """A message is delivered at most once, and received exactly as often as it was delivered."""
    only = " AND recipient_id = :case" if case_id else ""
    query = "SELECT recipient_id, sender_id, name FROM message WHERE delivered_at IS NOT NULL" + only
    delivered = Counter((row.recipient_id, row.name, row.sender_id) for row in _all(connection, query, case=case_id))
    query = "SELECT case_id, payload FROM event WHERE kind = 'message.received' AND payload IS NOT NULL"
    received: Counter[Any] = Counter()
    for row in _all(connection, query + (" AND case_id = :case" if case_id else ""), case=case_id):
        payload = json.loads(row.payload)
        received[(row.case_id, payload["name"], payload["from"])] += 1
    yield from _different("messages", delivered, received)


def _different(things: str, rows: Counter[Any], record: Counter[Any]) -> Iterator[str]:
    for key in sorted(set(rows) | set(record)):
        if rows[key] != record[key]:
            yield f"{things} {key}: {rows[key]} there, {record[key]} in the record"


# ---- what holds for the whole -------------------------------------------------------------------


def _file(connection: Connection) -> Iterator[str]:
    """SQLite's own opinion of its file. PostgreSQL keeps its promises itself."""
    if connection.dialect.name == "sqlite":
        found = [tuple(row) for row in _all(connection, "PRAGMA integrity_check")]
        yield from (f"file: {row}" for row in found if row != ("ok",))
        yield from (f"foreign key: {tuple(row)}" for row in _all(connection, "PRAGMA foreign_key_check"))


def _chains(connection: Connection) -> Iterator[str]:
    """Every chain computed anew, entry by entry, to its head."""
    heads = {row.chain: (row.seq, row.hash) for row in _all(connection, "SELECT chain, seq, hash FROM chain_head")}
    ends: dict[str, tuple[int, str]] = dict.fromkeys(heads, (0, GENESIS))
    for row in _all(connection, "SELECT * FROM event ORDER BY chain, seq"):
        seq, previous = ends.get(row.chain, (0, GENESIS))
        if row.seq != seq + 1 or row.previous != previous:
            yield f"chain {row.chain}: entry {row.seq} does not follow entry {seq}"
        if row.payload is not None and _sha(row.salt + row.payload) != row.payload_hash:
            yield f"chain {row.chain}: payload of entry {row.seq} is another"
        ends[row.chain] = (row.seq, _entry_hash(row))
        if ends[row.chain][1] != row.hash:
            yield f"chain {row.chain}: entry {row.seq} is another"
    if ends != heads:
        yield f"chains end at {ends}, heads at {heads}"


def _entry_hash(row: Any) -> str:
    at = _moment(row.at)
    named = [row.previous, row.chain, row.seq, at.isoformat() if at else None, row.actor, row.kind]
    named += [row.case_id, row.task_id, row.element, row.payload_hash]
    return _sha(json.dumps(named, ensure_ascii=False, separators=(",", ":")))


def _keys(connection: Connection) -> Iterator[str]:
    """A kept answer is whole, and speaks of something that is there."""
    things: Mapping[str, set[Any]] = {
        table: set(_column(connection, f"SELECT id FROM {table}")) for table in ("case_run", "task", "round", "file")
    }
    for row in _all(connection, "SELECT key, status, body FROM idempotency_key"):
        if row.status not in {200, 201, 204}:
            yield f"idempotency key {row.key}: kept with status {row.status}"
            continue
        said = json.loads(row.body) if row.body else {}
        table = next((table for member, table in _TOLD.items() if member in said), "task")
        if said and said["id"] not in things[table]:
            yield f"idempotency key {row.key}: {table} {said['id']} is not there"


_TOLD = {"process": "case_run", "regime": "round", "sha256": "file"}  # a member that tells what an answer speaks of
_OF_A_CASE: tuple[Callable[[Connection, int | None], Iterator[str]], ...] = (
    _states,
    _statuses,
    _tasks,
    _letters,
    _messages,
)
_OF_ALL: tuple[Callable[[Connection], Iterator[str]], ...] = (_file, _chains, _keys)


# ---- reading ------------------------------------------------------------------------------------


@contextmanager
def _reading(url: Any) -> Iterator[Connection]:
    """One moment of the database, over a connection of its own."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
    finally:
        engine.dispose()


def _all(connection: Connection, query: str, **values: Any) -> list[Any]:
    return list(connection.execute(text(query), {name: value for name, value in values.items() if value is not None}))


def _column(connection: Connection, query: str, **values: Any) -> list[Any]:
    return [row[0] for row in _all(connection, query, **values)]


def _read(connection: Connection, deployment_id: int) -> Deployed:
    content_hash = _column(connection, "SELECT content_hash FROM deployment WHERE id = :it", it=deployment_id)[0]
    if content_hash not in _deployed:
        query = "SELECT path, content FROM deployment_file WHERE deployment_id = :it"
        files = {row.path: bytes(row.content) for row in _all(connection, query, it=deployment_id)}
        _deployed[content_hash] = Deployed(deployment_id, files)
    return _deployed[content_hash]


def _moment(value: Any) -> datetime | None:
    """An aware moment: SQLite keeps text in UTC, PostgreSQL answers in the connection's zone."""
    if value is None:
        return None
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _sha(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()
