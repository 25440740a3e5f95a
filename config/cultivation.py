"""Cultivation (培育): which level keeps its pool (培育库), and which ones write typical cases (典型案例)."""

from dataclasses import dataclass

from config import tables
from config.chain import LEVELS

OFFICES = ("county", *LEVELS, "bureau")  # from below


@dataclass(frozen=True)
class Cultivation:
    """培育库: clusters-to-be, kept by one level."""

    level: str  # of OFFICES
    clause: str


@dataclass(frozen=True)
class TypicalCases:
    """典型案例: what recognised clusters have learnt, summed up by these levels for everybody to read."""

    levels: tuple[str, ...]  # of OFFICES
    clause: str


def pool(top: tables.Table) -> Cultivation:
    """The table [cultivation]. Raises RegimeInvalid."""
    table = top.table("cultivation", ("level", "clause"))
    return Cultivation(table.choice("level", OFFICES), table.text("clause"))


def typical_cases(top: tables.Table) -> TypicalCases:
    """The table [typical_cases]. Raises RegimeInvalid for a level that there is not."""
    table = top.table("typical_cases", ("levels", "clause"))
    levels = table.words("levels")
    for level in levels:
        if level not in OFFICES:
            table.refuse("levels", f"中的 {level} 不是可用的级别{tables.among(level, OFFICES)}")
    return TypicalCases(levels, table.text("clause"))
