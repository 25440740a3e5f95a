"""Columns drawn by the server: where they stand and how high they are, for an SVG without style or script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEIGHT = 160  # of the tallest column
WIDTH = 960  # of the whole chart
BELOW = 24  # for the words under it
_LABELS = 12  # at most so many words under the columns


@dataclass(frozen=True)
class Piece:
    """A part of a column: `series` is its place in the legend."""

    x: float
    y: float
    width: float
    height: float
    series: int
    title: str


@dataclass(frozen=True)
class Columns:
    """A chart, and the same numbers as a table."""

    pieces: Sequence[Piece]
    labels: Sequence[tuple[float, str]]  # where a word stands under the columns
    rows: Sequence[tuple[str, Sequence[int], int]]  # name, a number for each series, all of them
    most: int
    width: int = WIDTH
    height: int = HEIGHT
    whole: int = HEIGHT + BELOW


def columns(rows: Sequence[tuple[str, Mapping[str, int]]], series: Sequence[str]) -> Columns:
    """One column for each row, its parts upon each other in the order of `series`."""
    table = [(name, [counts.get(each, 0) for each in series], sum(counts.values())) for name, counts in rows]
    most = max((in_all for _, _, in_all in table), default=0)
    step = WIDTH / max(len(table), 1)
    pieces, labels = [], []
    every = -(-len(table) // _LABELS) or 1
    for place, (name, counts, _in_all) in enumerate(table):
        top = float(HEIGHT)
        for number, count in enumerate(counts):
            if count:
                high = round(HEIGHT * count / most, 2)
                top -= high
                wide = round(min(step * 0.8, 40), 2)
                pieces.append(Piece(round(place * step, 2), round(top, 2), wide, high, number, f"{name} {count}"))
        if place % every == 0:
            labels.append((round(place * step, 2), name))
    return Columns(pieces, labels, table, most)
