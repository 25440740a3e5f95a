"""Openings (到期开办): which process begins by itself for what a cluster owes, and when before its date."""

from collections.abc import Collection
from dataclasses import dataclass

from config import tables

_KEYS = ("process", "days_before", "clause", "basis")


@dataclass(frozen=True)
class Opening:
    """A case that the date opens, so that nobody has to remember it."""

    process: str
    days_before: int | None  # calendar days before the printed date; None: when the renewal window opens
    clause: str | None  # None: the text is silent


def read(top: tables.Table, kinds: Collection[str]) -> dict[str, Opening]:
    """The openings of a file by kind of date. Raises RegimeInvalid for a kind that no cluster owes."""
    found = {}
    for kind, table in top.tables("opens", _KEYS).items():
        if kind not in kinds:
            top.refuse("opens", f"中的 {kind} 不是集群的义务{tables.among(kind, kinds)}")
        days = table.whole("days_before", 0, 366) if "days_before" in table else None
        found[kind] = Opening(table.text("process"), days, tables.clause(table))
    return found
