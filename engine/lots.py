"""Drawing lots so that anybody can repeat the draw by hand: a random seed, and an order that follows from it alone."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item", int, str)


_source: ContextVar[Callable[[], str] | None] = ContextVar("lots", default=None)


def seed() -> str:
    """128 random bits in hexadecimal digits, from the system's own source. It is stored with what it drew."""
    source = _source.get()
    return source() if source else secrets.token_hex(16)


@contextmanager
def seeded_by(source: Callable[[], str]) -> Iterator[None]:
    """Within the block `seed()` asks `source`: for a rehearsal that comes out the same each time, never in earnest."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


def order(seed: str, items: Iterable[Item]) -> list[Item]:
    """Every one of `items` once, in the order the lots give them.

    An item's lot is the SHA-256 of the text `seed:item` in UTF-8, in hexadecimal digits; the smallest lot comes first.
    The order depends on nothing else: not on how the items were listed, not on what else takes part. So a draw is
    repeated with `printf '%s' "$SEED:$ITEM" | sha256sum` for each item, and a sort.
    """
    return sorted(set(items), key=lambda item: (hashlib.sha256(f"{seed}:{item}".encode()).hexdigest(), str(item)))


def draw(seed: str, items: Iterable[Item], count: int) -> list[Item]:
    """The first `count` of `items` in the order the lots give them; fewer only if there are not as many.

    Raises ValueError for a negative count.
    """
    if count < 0:
        raise ValueError(f"nobody draws {count} lots")
    return order(seed, items)[:count]
