"""Renewal (复核): when it may be applied for, and what holds between the last valid day and its decision."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Final

from config import chain, tables

HOLDS, RESTS = "holds", "rests"
_KEYS: Final = ("window_months", "meanwhile", "clause", "basis")


@dataclass(frozen=True)
class Renewal:
    """复核申请的窗口: so many months before the last valid day, until that day."""

    window_months: int
    meanwhile: str  # of a recognition whose last valid day is over: it HOLDS until the decision, or RESTS
    clause: str | None

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or chain.SETTING

    @property
    def holds_meanwhile(self) -> bool:
        """Does a recognition count between its last valid day and the decision? No text says so."""
        return self.meanwhile == HOLDS

    def opens_on(self, last_day: date) -> date:
        """The first day on which renewal may be applied for."""
        return months_later(last_day, -self.window_months)


def read(top: tables.Table) -> Renewal:
    """The renewal of a file. Raises RegimeInvalid with the path of the key."""
    table = top.table("renewal", _KEYS)
    meanwhile = table.choice("meanwhile", (HOLDS, RESTS)) if "meanwhile" in table else RESTS
    return Renewal(table.whole("window_months", 1, 60), meanwhile, tables.clause(table))


def months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it has none. 民法典 第二百零二条."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
