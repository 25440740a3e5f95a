"""登记编号: how the number of a recognised cluster is written."""

import re
from dataclasses import dataclass

from config import tables
from config.chain import SETTING
from config.errors import RegimeInvalid

_PART = re.compile(r"\{(short|year|serial)(?:(?<=serial):0[1-9])?\}")  # of a number; a serial may say its digits
_SERIAL = re.compile(r"\{serial[^}]*\}")


@dataclass(frozen=True)
class Register:
    """登记编号: how the number of a recognised cluster is written."""

    number: str  # "{short}{year}-{serial:03}": 简称, year of publication, serial within it from 1
    short: str  # 简称, what the numbers of this regime begin with
    clause: str | None

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or SETTING

    def written(self, year: int, serial: int) -> str:
        """The number of the `serial`-th cluster that is recognised in that year."""
        return self.number.format(short=self.short, year=year, serial=serial)

    def around(self, year: int) -> tuple[str, str]:
        """What stands before and behind the serial in the numbers of that year."""
        before, behind = _SERIAL.split(self.number)
        return before.format(short=self.short, year=year), behind.format(short=self.short, year=year)


def read(top: tables.Table) -> Register:
    """The writing of numbers. Each of its three parts stands in it once, so that no two clusters share a number."""
    table = top.table("register", ("number", "short", "clause", "basis"))
    number = table.text("number")
    rest = _PART.sub("", number)
    if sorted(_PART.findall(number)) != ["serial", "short", "year"] or "{" in rest or "}" in rest:
        said = "应由 {short}、{year} 和 {serial} 各一次组成，序号可写明位数，如 {short}{year}-{serial:03}"
        raise RegimeInvalid(f"{table.path}.number {said}", path=f"{table.path}.number")
    return Register(number, table.text("short"), tables.clause(table))
