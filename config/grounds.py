"""Grounds of revocation (撤销认定的情形) as a text numbers them; a date alone opens a finding, never more."""

from dataclasses import dataclass

from config import tables

# Every text has these five; what each of them covers its own words say.
GROUNDS = ("renewal", "falsehood", "report", "change", "incident")


@dataclass(frozen=True)
class Ground:
    """情形: the clause that words it, and from when on a date that was not met is noted as a finding."""

    clause: str
    days_after: int | None  # calendar days after the effective date (setting); None: no date tells of it


def read(top: tables.Table) -> dict[str, Ground]:
    """The grounds of a file. Raises RegimeInvalid for one that is not known."""
    found = {}
    for name, table in top.tables("grounds", ("clause", "days_after")).items():
        if name not in GROUNDS:
            top.refuse("grounds", f"中的 {name} 不是可用的情形{tables.among(name, GROUNDS)}")
        days = table.whole("days_after", 0, 366) if "days_after" in table else None
        found[name] = Ground(table.text("clause"), days)
    return found
