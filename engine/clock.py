"""The only clock. Aware moments in UTC; a context variable may replace it for rehearsals and tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")  # the zone of every civil date; no daylight saving since 1991

_source: ContextVar[Callable[[], datetime] | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """This moment, aware, in UTC. Raises ValueError for a replacement's moment without a zone."""
    source = _source.get()
    if source is None:
        return datetime.now(UTC)
    moment = source()
    if moment.tzinfo is None:  # nobody knows which moment that is; `astimezone` would take the zone of the machine
        raise ValueError(f"a moment needs its zone: {moment}")
    return moment.astimezone(UTC)


def today() -> date:
    """The civil date in Asia/Shanghai."""
    return now().astimezone(SHANGHAI).date()


@contextmanager
def replaced_by(source: Callable[[], datetime]) -> Iterator[None]:
    """Within the block `now()` asks `source`, which answers aware moments, in whatever zone."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


@contextmanager
def standing() -> Iterator[None]:
    """Within the block it is one moment: what one command writes bears one time."""
    moment = now()
    with replaced_by(lambda: moment):
        yield
