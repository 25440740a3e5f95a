"""What every test may ask for: an empty database of either kind, and a clock that stands still."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event
from werkzeug.routing import Rule

from engine import bpmn, bundle, deploying, deployments, diagrams, lint
from engine.db import Database
from tests import once, postgres
from tests.clock import StandingClock, standing_at

TEMPLATE = "migrated"
SESSION = pytest.StashKey[postgres.Session]()
FOLDER = pytest.StashKey[Path]()

_numbers = itertools.count(1)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database at `url`, closed when the block ends. No test cuts the power: it waits for no disk."""
    found = Database(url)
    if found.dialect == "sqlite":
        event.listen(found.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    try:
        yield found
    finally:
        found.close()


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", None)  # a worker of pytest-xdist uses its controller's server
    if given:
        config.stash[FOLDER] = Path(given["postgres"])
        return
    session = postgres.Session()
    config.stash[SESSION] = session
    config.stash[FOLDER] = session.folder


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["postgres"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(SESSION, None)
    if session:
        session.close()


@pytest.fixture(scope="session", autouse=True)
def checked_once() -> Iterator[None]:
    """A bundle that one test has deployed is not checked again for the next: it is the same, and a second's work."""
    known: dict[str, list[lint.Finding]] = {}

    def problems(files: bundle.Files) -> list[lint.Finding]:
        content = bundle.content_hash(files)
        if content not in known:
            known[content] = lint.problems(files)
        return known[content]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deploying, "lint", SimpleNamespace(problems=problems))
        yield


@pytest.fixture(scope="session", autouse=True)
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Diagrams that one test has read, and templates that one application has compiled, serve the next as well."""
    specs: dict[tuple[str, str], Any] = {}
    drawn: dict[str, Any] = {}
    parse, of = bpmn.parse, diagrams.of

    def parsed(files: bundle.Files, process: str) -> Any:
        key = (bundle.content_hash(files), process)
        if key not in specs:
            specs[key] = parse(files, process)
        return specs[key]

    def diagrams_of(files: bundle.Files) -> Any:
        key = bundle.content_hash(files)
        if key not in drawn:
            drawn[key] = of(files)
        return drawn[key]

    compiled = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deployments, "bpmn", SimpleNamespace(parse=parsed, step=bpmn.step))
        patched.setattr(deployments, "diagrams", SimpleNamespace(of=diagrams_of))
        patched.setattr(Flask, "jinja_options", {"bytecode_cache": compiled})
        patched.setattr(Rule, "_compile_builder", _when_asked(Rule._compile_builder))  # type: ignore[attr-defined]
        yield


@pytest.fixture
def clock() -> Iterator[StandingClock]:
    """Time stands at nine on a Monday morning, Shanghai, until the test moves it."""
    with standing_at("2026-03-02 09:00") as standing:
        yield standing


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    folder = _postgres(request.config)
    with postgres.database(folder, _name()) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty database of each kind in turn. Its `url` serves other processes as well."""
    if request.param == "sqlite":
        yield from _sqlite(request, tmp_path)
        return
    folder = _postgres(request.config)
    with postgres.database(folder, _name(), template=TEMPLATE) as url, opened(url) as found:
        found.files = tmp_path / "data" / "files"
        yield found


@pytest.fixture
def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database, for what does not depend on the kind."""
    yield from _sqlite(request, tmp_path)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""

    def migrate(folder: Path) -> None:
        _migrate(f"sqlite:///{folder / 'jiqun.sqlite'}")

    return once.folder(tmp_path_factory, "migrated", migrate) / "jiqun.sqlite"


def _when_asked(build: Callable[..., Any]) -> Callable[..., Any]:
    """What writes a route's addresses is made when the first is written: an application has 250, a test needs few."""

    def compiled(rule: Any, append_unknown: bool = True) -> Any:
        made: list[Any] = []

        def written(this: Any, **values: Any) -> Any:
            if not made:
                made.append(build(rule, append_unknown))
            return made[0](this, **values)

        return written

    return compiled


def _sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "jiqun.sqlite"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    with opened(f"sqlite:///{path}") as found:
        found.files = tmp_path / "data" / "files"
        yield found


def _postgres(config: pytest.Config) -> Path:
    """The folder of the running server; skips the test, or fails it where PostgreSQL is required."""
    folder = config.stash[FOLDER]
    try:
        postgres.ensure(folder, lambda: _migrate(postgres.make_template(folder, TEMPLATE)))
    except postgres.UnavailableError as error:
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            pytest.fail(f"PostgreSQL is required: {error}")
        pytest.skip(str(error))
    return folder


def _name() -> str:
    return f"{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{next(_numbers)}"


def _migrate(url: str) -> None:
    with opened(url) as fresh:
        fresh.upgrade()
