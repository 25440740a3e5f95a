"""The worker: ticks. What is due stands in rows; APScheduler only says when to look, and late is not lost."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, TypeAlias

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.orm import Session

from config import mail
from config.settings import Settings
from engine import clock, events, files, holiday_notices, moving, once, rule_ends, tallies, timers
from engine.db import Database
from engine.models import Heartbeat
from notifications import bounces, sender
from web import idempotency
from web.rehearsal import runs

log = logging.getLogger(__name__)

LONGEST_SLEEP = 30  # seconds; the scheduler's own sleep is monotonic and knows nothing of a clock that was set
HOURLY = 3600  # seconds
RETURNED = 300  # seconds between two looks into the mailbox of returned mail

Transaction: TypeAlias = Callable[[], AbstractContextManager[Session]]


class Ticker(BackgroundScheduler):  # type: ignore[misc]  # APScheduler has no types
    """A scheduler that survives errors in a pass and clocks that jump.

    As it ships, one exception outside a job ends its thread while `running` stays true, a clock set forward is
    noticed only after the old sleep, and one set back by an hour means an hour's silence.
    """

    def _process_jobs(self) -> float:
        try:
            self._pull_back()
            wait = super()._process_jobs()
        except Exception:  # a pass that fails must not be the last one
            log.exception("a pass of the scheduler failed")
            return 1.0
        return LONGEST_SLEEP if wait is None else min(wait, LONGEST_SLEEP)

    def _pull_back(self) -> None:
        """A job further away than its own interval was planned before the clock was set back."""
        now = clock.now()
        for job in self.get_jobs():
            if job.next_run_time and job.next_run_time > now + job.trigger.interval + timedelta(seconds=1):
                job.modify(next_run_time=now)


class Worker:
    """The regular duties of an installation. Any number may run: unique keys and row locks decide."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.node = f"{socket.gethostname()}:{os.getpid()}"
        self._ticker = Ticker(
            timezone=clock.SHANGHAI,
            executors={"default": ThreadPoolExecutor(4)},  # ticks, sending, returned mail, and the hourly duties
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self.mail = mail.load(settings.mail)
        self.post = sender.Post(database, self.mail, self.node)
        self._ended = threading.Event()
        self._calendars: dict[str, str] = {}  # by which each bureau's open dates were counted last

    def start(self) -> None:
        """Begin at once, in threads of its own."""
        self._every(self.settings.tick_seconds, self.tick)
        self._every(HOURLY, self.hourly)
        self._every(self.settings.tick_seconds, self.send)
        if self.mail.bounces:
            self._every(RETURNED, self.collect)
        self._ticker.start()

    def run(self) -> None:
        """Begin, and stay until `stop`."""
        self.start()
        while not self._ended.wait(LONGEST_SLEEP):  # a wait without end would not hear a signal on Windows
            pass

    def stop(self) -> None:
        """End after what is being done now."""
        self.post.stop()
        if self._ticker.running:
            self._ticker.shutdown(wait=True)
        self.post.close()
        self._ended.set()

    def tick(self) -> None:
        """Wake the cases whose time has come, deliver messages, remind, spread letters, and say that it was done."""
        error = None
        try:
            timers.tick(self.database)
        except Exception as failed:  # a database that is away now is asked again at the next tick
            log.exception("tick failed")
            error = type(failed).__name__
        error = next(iter(timers.post(self.database)), error)
        try:
            with self.database.write() as session:
                self._beat(session, error)
        except Exception:  # as above; /readyz sees the missing heartbeat
            log.exception("heartbeat failed")

    def send(self) -> None:
        """Hand over the letters that are due; it may take minutes, beside the other duties."""
        try:
            self.post.tick()
        except Exception:  # a database that is away now is asked again at the next tick
            log.exception("sending failed")

    def collect(self) -> None:
        """See which letters came back."""
        try:
            if self.mail.bounces:
                bounces.collect(self.database, self.mail.bounces)
        except bounces.MailboxAwayError as away:
            log.warning("%s", away)
        except Exception:  # as above
            log.exception("returned mail could not be read")

    def hourly(self) -> None:
        """Anchor the record outside the database, and clear away what nobody needs any more."""
        data = self.settings.data
        self._safely("anchors", self.database.read, lambda session: events.anchor(session, data / "anchors"))
        self._safely("files", self.database.read, lambda session: files.sweep(session, data / "files"))
        self._safely("rehearsals", self.database.read, lambda _session: runs.forget(data, self.settings.rehearsal_days))
        self._safely("idempotency keys", self.database.write, idempotency.forget)
        self._safely("tallies", self.database.write, tallies.forget)
        self._safely("dates", self.database.write, self._count_anew)
        self._safely("holiday notice", self.database.write, self._ask_for_notice)
        self._safely("end of rules", self.database.write, rule_ends.tell)

    def _count_anew(self, session: Session) -> None:
        """Dates that rest on a calendar which has changed since: a new release knows a year more, a node was slow."""
        self._calendars = moving.everywhere(session, self._calendars)

    def _ask_for_notice(self, session: Session) -> None:
        if year := holiday_notices.tell_missing(session):
            log.warning("no holiday notice for %s yet: its days are estimates", year)

    def _safely(self, name: str, transaction: Transaction, duty: Callable[[Session], Any]) -> None:
        try:
            with transaction() as session:
                duty(session)
        except Exception:  # the other duties are done all the same, and this one in an hour
            log.exception("%s failed", name)

    def _beat(self, session: Session, error: str | None) -> None:
        if not once.insert(session, Heartbeat, node=self.node, last_tick_at=clock.now(), last_error=error):
            beat = session.get_one(Heartbeat, self.node)
            beat.last_tick_at, beat.last_error = clock.now(), error

    def _every(self, seconds: int, duty: Callable[[], None]) -> None:
        self._ticker.add_job(duty, "interval", seconds=seconds, next_run_time=clock.now())
