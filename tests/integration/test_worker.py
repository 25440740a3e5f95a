"""The worker ticks: whatever fails, and however the clock is set."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from config.settings import Settings
from engine import clock, events, timers
from engine.db import Database
from engine.models import Heartbeat, IdempotencyKey
from tests.clock import StandingClock
from web import worker as workers
from web.worker import LONGEST_SLEEP, Ticker, Worker


@pytest.fixture
def worker(database: Database, tmp_path: Path) -> Iterator[Worker]:
    made = Worker(database, Settings(data=tmp_path / "data", tick_seconds=1))
    yield made
    made.stop()


def until(happened: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it happens within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happened():
            return True
        time.sleep(0.02)
    return False


def beats(database: Database) -> list[Heartbeat]:
    with database.read() as session:
        return list(session.scalars(select(Heartbeat)))


def test_a_worker_ticks_at_once_and_again(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: list[float] = []
    monkeypatch.setattr(timers, "tick", lambda _: ticks.append(time.monotonic()))
    worker.start()
    assert until(lambda: len(ticks) >= 3)
    assert until(lambda: len(beats(worker.database)) == 1)
    assert ticks[2] - ticks[1] > 0.5


def test_a_tick_that_fails_is_noted_and_not_the_last(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: Database) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr(timers, "tick", fails)
    worker.tick()
    assert beats(worker.database)[0].last_error == "ConnectionError"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == ["tick failed"]
    monkeypatch.undo()
    worker.tick()
    (beat,) = beats(worker.database)
    assert beat.last_error is None


def test_the_heartbeat_moves_with_each_tick(worker: Worker, clock: StandingClock) -> None:
    worker.tick()
    first = beats(worker.database)[0].last_tick_at
    clock.move_by(seconds=15)
    worker.tick()
    (beat,) = beats(worker.database)
    assert beat.last_tick_at == first + timedelta(seconds=15)


def test_every_hour_the_record_is_anchored_and_old_things_are_cleared_away(
    worker: Worker, clock: StandingClock
) -> None:
    with worker.database.write() as session:
        from engine import accounts

        person = accounts.add(session, "somebody", by="setup")
        old = clock.at - timedelta(days=8)
        key = {"request_hash": "", "status": 200, "body": "", "created_at": old}
        session.add(IdempotencyKey(person_id=person.id, key="old", **key))
    worker.hourly()
    anchors = worker.settings.data / "anchors"
    assert (anchors / "system.jsonl").exists()
    with worker.database.read() as session:
        assert events.verify(session, anchors=anchors) == []
        assert session.scalars(select(IdempotencyKey)).all() == []


def test_one_duty_that_fails_does_not_keep_the_others_from_being_done(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(events, "anchor", lambda *_: 1 / 0)
    monkeypatch.setattr(workers.files, "sweep", lambda *_: done.append("files"))
    monkeypatch.setattr(workers.idempotency, "forget", lambda _: done.append("keys"))
    worker.hourly()
    assert done == ["files", "keys"]


# ---- the scheduler beneath ----------------------------------------------------------------------


@pytest.fixture
def ticker() -> Iterator[Ticker]:
    made = Ticker(timezone=clock.SHANGHAI, job_defaults={"coalesce": True, "misfire_grace_time": None})
    yield made
    if made.running:
        made.shutdown(wait=False)


def test_it_never_sleeps_longer_than_half_a_minute(ticker: Ticker) -> None:
    """APScheduler's sleep is monotonic: a clock set forward would be noticed only when the old sleep is over."""
    ticker.add_job(lambda: None, "interval", hours=1)
    ticker.start(paused=False)
    assert ticker._process_jobs() == LONGEST_SLEEP
    ticker.remove_all_jobs()
    assert ticker._process_jobs() == LONGEST_SLEEP


def test_an_error_in_a_pass_does_not_end_it(
    ticker: Ticker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As it ships one error in a pass ends the thread, and `running` goes on to say True."""
    ran = threading.Event()
    good = ticker._pull_back
    broken = iter([True, True])

    def sometimes() -> None:
        if next(broken, False):
            raise OSError("the machine hiccups")
        good()

    monkeypatch.setattr(ticker, "_pull_back", sometimes)
    ticker.add_job(ran.set, "interval", seconds=1, next_run_time=clock.now())
    ticker.start()
    assert ran.wait(20)
    assert "a pass of the scheduler failed" in caplog.text


def test_a_clock_set_back_by_an_hour_is_no_hours_silence(ticker: Ticker) -> None:
    """The next tick was planned by the old clock, an hour ahead of the new one."""
    ran = threading.Event()
    job = ticker.add_job(ran.set, "interval", seconds=15)
    ticker.start()
    job.modify(next_run_time=clock.now() + timedelta(hours=1))
    ticker.wakeup()
    assert ran.wait(20)


def test_a_clock_set_forward_runs_what_is_late_once(ticker: Ticker) -> None:
    """An hour's ticks were missed: they are done as one, and none is dropped for being late."""
    runs: list[int] = []
    job = ticker.add_job(lambda: runs.append(1), "interval", seconds=15)
    ticker.start()
    job.modify(next_run_time=clock.now() - timedelta(hours=1))
    ticker.wakeup()
    assert until(lambda: len(runs) == 1)
    assert not until(lambda: len(runs) > 1, seconds=0.5)
