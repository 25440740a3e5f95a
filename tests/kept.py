"""What many tests begin with is built once for each kind of database; the others get a copy of its rows and files.

    @kept
    def furnish(database: Database, clock: StandingClock, count: int = 6) -> Room: …

The copy is the same in everything: ids, moments, the clock's hand, what was answered. In earnest is furnished where
something stands in the database already, where the words cannot be told apart from others', and where a test has
put other files or another calendar in the place of what ships.
"""

import io
import pickle
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import text

from engine import bundle, calendar
from engine.clock import now
from engine.db import Database, LiveCases
from tests import postgres
from tests.clock import StandingClock

Words = ParamSpec("Words")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Copy:
    rows: Path | str  # an SQLite file; the name of a PostgreSQL database to copy from
    files: Path
    answer: bytes
    at: Any  # where the clock stood at the end


WORTH_SECONDS = 0.3  # copying a PostgreSQL database takes about as long


def _shipped() -> tuple[object, ...]:
    return (bundle.shipped, calendar.shipped)


SHIPPED = _shipped()

_copies: dict[bytes, _Copy | None] = {}  # None: quicker built than copied
_folders: list[tempfile.TemporaryDirectory[str]] = []


def kept(
    furnish: Callable[Concatenate[Database, Words], Answer],
) -> Callable[Concatenate[Database, Words], Answer]:
    """`furnish(database, …)`, of which the same words give a copy the second time. Its rows and files, nothing else."""

    @wraps(furnish)
    def furnished(database: Database, *given: Words.args, **more: Words.kwargs) -> Answer:
        clock = next((one for one in [*given, *more.values()] if isinstance(one, StandingClock)), None)
        key = _key(furnish, database, clock, [given, sorted(more.items())])
        if key is None or _shipped() != SHIPPED or not _untouched(database):
            return furnish(database, *given, **more)
        if key not in _copies:
            began = time.monotonic()
            answer = furnish(database, *given, **more)
            worth = database.dialect == "sqlite" or time.monotonic() - began > WORTH_SECONDS
            _copies[key] = _taken(database, clock, answer) if worth else None
            return answer
        known = _copies[key]
        if known is None:
            return furnish(database, *given, **more)
        _restore(database, known)
        if clock:
            clock.move_to(known.at)
        found: Answer = _Reader(known.answer, database, clock).load()
        return found

    return furnished


class _Writer(pickle.Pickler):
    """Leaves out what the next test has of its own: the database, and the clock."""

    def __init__(self, buffer: io.BytesIO, database: Database, clock: StandingClock | None) -> None:
        super().__init__(buffer)
        self._own = {id(database): "database", id(clock): "clock"}

    def persistent_id(self, thing: Any) -> str | None:
        return self._own.get(id(thing)) if isinstance(thing, Database | StandingClock) else None


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes, database: Database, clock: StandingClock | None) -> None:
        super().__init__(io.BytesIO(content))
        self._own = {"database": database, "clock": clock}

    def persistent_load(self, name: Any) -> Any:
        return self._own[name]


def _pickled(thing: Any, database: Database, clock: StandingClock | None) -> bytes:
    buffer = io.BytesIO()
    _Writer(buffer, database, clock).dump(thing)
    return buffer.getvalue()


def _key(furnish: Callable[..., Any], database: Database, clock: StandingClock | None, words: Any) -> bytes | None:
    about = (furnish.__module__, furnish.__qualname__, database.dialect, now(), words)
    try:
        return _pickled(about, database, clock)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None


def _untouched(database: Database) -> bool:
    with database.engine.connect() as connection:
        tables = ("organisation", "person", "deployment", "chain_head")
        return not any(connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables)


def _taken(database: Database, clock: StandingClock | None, answer: Any) -> _Copy:
    folder = tempfile.TemporaryDirectory(prefix="jiqun-kept-")
    _folders.append(folder)  # removed when the process ends
    files = Path(folder.name) / "files"
    if database.files.is_dir():
        shutil.copytree(database.files, files)
    content = _pickled(answer, database, clock)
    if database.dialect == "sqlite":
        rows: Path | str = Path(folder.name) / "kept.sqlite"
        with closing(sqlite3.connect(str(database.url.database))) as source, closing(sqlite3.connect(rows)) as copy:
            source.backup(copy)
    else:
        name = str(database.url.database)
        rows = f"{name}_kept_{len(_folders)}"
        database.close()
        postgres.copy(_server(database), name, rows)
    return _Copy(rows, files, content, clock.at if clock else None)


def _restore(database: Database, known: _Copy) -> None:
    database.close()
    name = str(database.url.database)
    if database.dialect == "sqlite":
        for tail in ("", "-wal", "-shm"):
            Path(name + tail).unlink(missing_ok=True)
        shutil.copyfile(known.rows, name)
    else:
        postgres.replace(_server(database), str(known.rows), name)
    database.live = LiveCases(database.live.size)
    database.deployed.clear()
    database.calendars.clear()
    if known.files.is_dir():
        shutil.copytree(known.files, database.files, dirs_exist_ok=True)


def _server(database: Database) -> Path:
    return Path(str(database.url.query["host"])).parent
