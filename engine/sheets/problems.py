"""What comes of reading a filled spreadsheet: its rows, or what is wrong and where to find it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SheetProblem:
    """One thing that is wrong. `row` is the number beside the row in the spreadsheet, 0 for the file as a whole."""

    row: int
    column: str  # as the reader finds it: “企业名称”（A 列）; empty for a whole row or the file
    message: str  # what is wrong and the way out


@dataclass(frozen=True)
class Imported:
    """The rows as answers of the table, as far as they could be read. Only without problems are they all of it."""

    rows: list[dict[str, Any]]
    problems: list[SheetProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left aside and does no harm
