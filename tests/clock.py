"""A clock that stands still until the test moves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from engine import clock


def moment(text: str) -> datetime:
    """The aware moment of an ISO text; without an offset it is Shanghai's wall clock: `2026-03-02 09:00`."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=clock.SHANGHAI)


class StandingClock:
    """What `engine.clock.now()` answers within `standing_at`. It never runs by itself.

    A thread started by the test has its own context and sees the real time, unless it runs in
    `contextvars.copy_context().run`.
    """

    def __init__(self, at: datetime) -> None:
        self.at = _aware(at)

    def move_to(self, at: datetime | str) -> None:
        """Stand at `at` from now on; text as in `moment`. Going back is allowed: clocks do."""
        self.at = _aware(moment(at) if isinstance(at, str) else at)

    def move_by(self, **length: float) -> None:
        """Go on by `timedelta(**length)`: `move_by(seconds=1)`."""
        self.at += timedelta(**length)


@contextmanager
def standing_at(at: datetime | str) -> Iterator[StandingClock]:
    """Within the block time stands at `at`."""
    standing = StandingClock(moment(at) if isinstance(at, str) else at)
    with clock.replaced_by(lambda: standing.at):
        yield standing


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return at.astimezone(clock.UTC)
