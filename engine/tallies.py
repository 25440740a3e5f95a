"""Tallies: what the public may do only so often, counted in the database: by all processes, and over a restart."""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, once
from engine.errors import TooMany
from engine.models import Tally

KEPT = timedelta(days=1)  # longer than any window


def count(session: Session, key: str, *, most: int, window: timedelta, what: str) -> None:
    """One more under `key`. Raises TooMany if there were `most` within the window; then nothing is counted.

    The row stays locked to the end of the transaction: who counts under the same key waits. Of several keys take
    the wider one first, everywhere.
    """
    now = clock.now()
    once.insert(session, Tally, key=key, times=0, since=now)
    tally = session.get_one(Tally, key, with_for_update=True, populate_existing=True)
    if tally.since + window <= now:
        tally.times, tally.since = 0, now
    _require(tally, most, window, what)
    tally.times += 1
    session.flush()


def require(session: Session, key: str, *, most: int, window: timedelta, what: str) -> None:
    """Nothing, if one more may still be counted; else TooMany, as `count` would say. Changes nothing."""
    tally = session.get(Tally, key)
    if tally is not None and tally.since + window > clock.now():
        _require(tally, most, window, what)


def forget(session: Session) -> None:
    """Drop what counts no more."""
    session.execute(delete(Tally).where(Tally.since < clock.now() - KEPT))


def _require(tally: Tally, most: int, window: timedelta, what: str) -> None:
    if tally.times >= most:
        left = tally.since + window - clock.now()
        seconds = max(1, -int(-left.total_seconds() // 1))
        minutes = -(-seconds // 60)
        raise TooMany(said("%(what)s过于频繁，请在 %(minutes)s 分钟后再试", what=what, minutes=minutes), seconds)
