"""Where an instance stands, in plain values that can be compared: its tokens, and what runs inside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

WAITS, ARRIVES, LOST = "waits", "arrives", "lost"


@dataclass(frozen=True, order=True)
class Token:
    """One token of a process or sub-process."""

    at: str  # the element
    state: str = WAITS  # or it arrives and has not been looked at yet, or is lost: nothing will ever move it
    by: str = ""  # the element it came from; told only before a join and while it arrives
    inside: tuple[tuple[Token, ...], ...] = ()  # what it runs: a call, a sub-process; of several at a time, each
    items: int = 0  # of a step that is done by several: how many have not done it yet
    fired: frozenset[str] = frozenset()  # its boundary events that have fired and left it where it is
    why: str = ""  # of a lost one


Marking: TypeAlias = tuple[Token, ...]  # sorted, so that one place is one value


def marking(tokens: Iterable[Token]) -> Marking:
    return tuple(sorted(tokens, key=_order))


def side_by_side(each: Iterable[Marking]) -> tuple[Marking, ...]:
    """What several at a time have come to: which of them it is makes no difference."""
    return tuple(sorted(each, key=lambda one: [_order(token) for token in one]))


def begun(start: str) -> Marking:
    """A process that has just been called."""
    return (Token(start, ARRIVES),)


def places(tokens: Marking, above: str = "") -> Iterator[tuple[str, Token]]:
    """Every token with its path, those that run something before what they run: ("publicity/publish", …)."""
    for token in tokens:
        here = above + token.at
        yield here, token
        for each in token.inside:
            yield from places(each, f"{here}/")


def size(tokens: Marking) -> int:
    return sum(1 for _ in places(tokens))


def _order(token: Token) -> tuple[object, ...]:
    inside = tuple(tuple(_order(each) for each in one) for one in token.inside)
    return (token.at, token.state, token.by, token.items, tuple(sorted(token.fired)), token.why, inside)
