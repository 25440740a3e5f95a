"""A browser of the system, the demo bureau behind a real server, and windows to it that complain aloud."""

import os
import re
import shutil
import tomllib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from config.settings import Settings
from engine.db import Database
from tests import once
from tests.browser.desk import Desk
from tests.browser.office import Office
from tests.browser.visit import Visits
from tests.clock import StandingClock, standing_at
from tests.integration.http import serving
from tests.source import ROOT
from web import assets, demo, demo_rounds
from web.app import create_app

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = ROOT / "artefacts"  # of failed tests; under pages/ of every kind of page
PATIENCE = 30_000  # milliseconds until what should be seen counts as missing; two cores may be busy with other tests
FURNISHED_AT = "2026-03-02 08:00"

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, started once; the test is skipped without one, or fails where one is required."""
    path = _chromium()
    if path is None:
        reason = "no Chromium: install chromium-headless-shell or chromium, or name one by CHROMIUM=/path"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def demo_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the demo bureau in it, to copy."""

    def load(folder: Path) -> None:
        path = folder / "jiqun.sqlite"
        shutil.copyfile(sqlite_template, path)
        with standing_at(FURNISHED_AT), closing(Database(f"sqlite:///{path}")) as database, database.write() as session:
            demo.load(session)

    return once.folder(tmp_path_factory, "demo", load) / "jiqun.sqlite"


@pytest.fixture(scope="session")
def running_template(demo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the demo's rounds played up to today: a data folder to copy."""

    def play(data: Path) -> None:
        shutil.copyfile(demo_template, data / "jiqun.sqlite")
        with standing_at(FURNISHED_AT), closing(Database(f"sqlite:///{data / 'jiqun.sqlite'}")) as database:
            demo_rounds.play(database, data / "files")

    return once.folder(tmp_path_factory, "running", play)


@pytest.fixture
def office(demo_template: Path, tmp_path: Path, clock: StandingClock) -> Iterator[Office]:
    """The demo bureau as it opens on the clock's morning, for this test alone."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copyfile(demo_template, data / "jiqun.sqlite")
    with _opened(data, clock) as opened:
        yield opened


@pytest.fixture
def running_office(running_template: Path, tmp_path: Path, clock: StandingClock) -> Iterator[Office]:
    """The demo bureau with a round published and a round running, for this test alone."""
    clock.move_to(FURNISHED_AT)
    shutil.copytree(running_template, tmp_path / "data")
    with _opened(tmp_path / "data", clock) as opened:
        yield opened


@pytest.fixture
def visits(browser: Browser, office: Office, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """Windows to the office: `visits.signed_in("county")`, `visits.stranger()`. A console's error fails the test."""
    with _visiting(browser, office, request) as opened:
        yield opened


@pytest.fixture
def running(browser: Browser, running_office: Office, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """Windows to the office whose rounds are on their way."""
    with _visiting(browser, running_office, request) as opened:
        yield opened


@pytest.fixture
def desk(office: Office, visits: Visits) -> Desk:
    """A park's officer at an application that has just been started."""
    return Desk(office, visits)


@contextmanager
def _opened(data: Path, clock: StandingClock) -> Iterator[Office]:
    assets.require()
    settings = Settings(data=data)
    with (
        closing(Database(settings.url)) as database,
        serving(create_app(settings, database, clock=lambda: clock.at)) as (host, port),
    ):
        yield Office(f"http://{host}:{port}", database, settings, clock)


@contextmanager
def _visiting(browser: Browser, office: Office, request: pytest.FixtureRequest) -> Iterator[Visits]:
    opened = Visits(browser, office.address, _password())
    try:
        yield opened
        if request.node.stash.get(FAILED, False) or opened.unforgiven:
            opened.picture(lambda whose: _picture(request.node.nodeid, whose))
    finally:
        opened.close()
    assert opened.unforgiven == []


def _chromium() -> str | None:
    given = os.environ.get("CHROMIUM")
    return shutil.which(given) if given else next(filter(None, map(shutil.which, BROWSERS)), None)


def _password() -> str:
    return str(tomllib.loads(demo.FILE.read_text(encoding="utf-8"))["password"])


def _picture(test: str, whose: str) -> Path:
    PICTURES.mkdir(exist_ok=True)
    plain = re.sub(r"\W+", "-", test.removeprefix("tests/browser/"))
    return PICTURES / f"{plain[-150:]}-{whose}.png"  # some file systems stop at 255 bytes
