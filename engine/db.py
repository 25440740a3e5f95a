"""The database: one transaction a command, the same on SQLite and PostgreSQL."""

import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from config.sentences import said
from engine import clock
from engine.errors import DatabaseNewer, DatabaseOutdated, Stale, WithAftermath

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MILLISECONDS = 20_000  # a writer waits this long for the one before it
ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}  # SQLite's readers have it by nature
IDLE_SECONDS = 1.0  # after which a connection is asked whether it still lives


class Database:
    """An open database. `write()` is the only place where anything is committed."""

    def __init__(
        self, url: str, *, live_cases: int = 2000, case_megabytes: int = 1024, files: Path | None = None
    ) -> None:
        self.url = make_url(url)
        self.dialect = self.url.get_backend_name()
        self.engine = _sqlite(url) if self.dialect == "sqlite" else _postgresql(url)
        self.writer = self.engine.execution_options(jiqun_write=True)
        self.reader = self.engine if self.dialect == "sqlite" else self.engine.execution_options(**ONE_MOMENT)
        self.live = LiveCases(live_cases)
        self.case_megabytes = case_megabytes  # all files of one case: engine.files asks, whoever binds them
        # Where the bytes of files lie; without another word beside the database, as in the data folder.
        self.files = files or Path(self.url.database or "").parent / "files"
        self.judged: dict[Any, Any] = {}  # engine.moves keeps its verdicts: of a case's version on a deployment
        self.deployed: dict[int, Any] = {}  # engine.deployments keeps what it has read; deployments never change
        self.calendars: dict[str, Any] = {}  # engine.calendars keeps what it has read, and asks again
        self.aside: dict[tuple[str, Any], float] = {}  # what broke in engine.singly, and until when it waits

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed when the block ends well, and leaves nothing otherwise.

        The clock stands still within: one command, one moment. SQLite takes the write lock at once
        (BEGIN IMMEDIATE): a plain BEGIN fails with "database is locked" when a reader wants to write
        and another has written meanwhile. An error WithAftermath has it written after the rollback.
        """
        try:
            with self._transaction() as session:
                yield session
        except WithAftermath as error:
            if error.aftermath:
                with self._transaction() as session:
                    error.aftermath(session)
            raise
        except StaleDataError as error:
            raise Stale(said("数据刚被他人更新，请刷新后重试")) from error

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            session.info["database"] = self
            session.connection()
            with clock.standing():
                yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that sees one moment and changes nothing."""
        with Session(self.reader, expire_on_commit=False, autoflush=False) as session:
            session.info["database"] = self
            # psycopg forgets its prepared statements at every ROLLBACK, so a reader on PostgreSQL ends well.
            with session.begin() if self.dialect == "postgresql" else nullcontext():
                yield session
                session.expunge_all()

    def close(self) -> None:
        self.engine.dispose()

    def upgrade(self, revision: str = "head") -> None:
        """Bring the tables to `revision`, or change nothing. Raises DatabaseNewer.

        Runs while the old release still serves.
        """
        from alembic import command  # noqa: PLC0415  # half a second that only this command pays

        with self.writer.connect() as connection, _rebuilding(connection), connection.begin():
            _refuse_newer(_current(connection))
            command.upgrade(_alembic(connection), revision)
            _check_references(connection)

    def check_version(self) -> None:
        """Raises DatabaseOutdated or DatabaseNewer unless the tables are those of this program."""
        with self.engine.connect() as connection:
            current = _current(connection)
        _refuse_newer(current)
        if current != _history().get_current_head():
            raise DatabaseOutdated(said("数据库版本低于程序版本，请先运行 jiqun db upgrade"), revision=current)


class LiveCases:
    """Loaded instances, most recently used last. One command owns an instance while it works on it.

    `take` hands it out and forgets it; `put` gives it back after the commit. A command that is rolled
    back never gives its half-advanced instance back, so the next one loads from the row.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._items: OrderedDict[int, tuple[int, Any]] = OrderedDict()
        self._lock = Lock()

    def take(self, case_id: int, version: int) -> Any | None:
        with self._lock:
            held = self._items.pop(case_id, None)
        return held[1] if held and held[0] == version else None

    def put(self, case_id: int, version: int, instance: Any) -> None:
        with self._lock:
            self._items[case_id] = (version, instance)
            self._items.move_to_end(case_id)
            while len(self._items) > self.size:
                self._items.popitem(last=False)


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_MILLISECONDS / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # NORMAL may lose the last commits when the power fails
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("jiqun_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: str) -> Engine:
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, pool_size=12, connect_args={"connect_timeout": 3})
    engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows in one statement: psycopg sends one for each

    @event.listens_for(engine, "checkin")
    def _note(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ping(connection: Any, record: Any, _proxy: Any) -> None:
        """As pool_pre_ping, but only after a silence: asking before every command costs a tenth of it."""
        if time.monotonic() - record.info.get("idle_since", 0.0) > IDLE_SECONDS and not _alive(engine, connection):
            raise DisconnectionError  # the pool opens another

    return engine


def _alive(engine: Engine, connection: Any) -> bool:
    try:
        return engine.dialect.do_ping(connection)  # outside any transaction: it costs no prepared statement
    except Exception:  # whatever it is, this connection serves nobody
        return False


def _alembic(connection: Connection) -> Any:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    from alembic.migration import MigrationContext  # noqa: PLC0415

    return MigrationContext.configure(connection).get_current_revision()


def _history() -> Any:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return ScriptDirectory(str(MIGRATIONS))


def _refuse_newer(current: str | None) -> None:
    if current is not None and current not in {script.revision for script in _history().walk_revisions()}:
        raise DatabaseNewer(said("数据库版本高于本程序，请使用不低于它的程序版本"), revision=current)


@contextmanager
def _rebuilding(connection: Connection) -> Iterator[None]:
    """Within the block SQLite lets go of a table that others point to: it changes a column by copying the table."""
    driver: Any = connection.connection.dbapi_connection
    watched = connection.dialect.name == "sqlite"
    if watched:
        driver.execute("PRAGMA foreign_keys = OFF")  # heard only between transactions
    try:
        yield
    finally:
        if watched:
            driver.execute("PRAGMA foreign_keys = ON")


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken:
            raise RuntimeError(f"the upgrade would leave a row of {broken[0]} pointing nowhere; it was taken back")
