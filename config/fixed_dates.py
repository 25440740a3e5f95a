"""Fixed dates (每年的固定日期), as a regime's file says them, and from when on a changed one counts."""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date

from config import tables
from config.chain import SETTING

KEYS = (
    "month",
    "day",
    "clause",
    "basis",
    "owed_by",
    "roll",
    "reminders",
    "first_due_years_after",
    "changes",
)  # `reminders`: before [ladders]
CLUSTER, BUREAU = "cluster", "bureau"
ROLLS = ("none", "next_working_day")
_CHANGE = ("applies_from", "month", "day", "clause", "roll")


@dataclass(frozen=True)
class FixedDate:
    """A date of every year. Month, day and clause are the text's; where it is silent, and in all else, the bureau's.

    Where the text is silent `clause` says 本局设置.
    """

    month: int
    day: int
    clause: str
    roll: str  # "none": stays where it is printed; "next_working_day"
    first_due_years_after: int  # calendar years between publication and the first time
    owed_by: str = CLUSTER  # or BUREAU: what the bureau owes, once for each of its clusters
    applies_from: date | None = None  # of a change; None: as the text first said
    changes: tuple["FixedDate", ...] = ()  # each later than the one before

    def in_year(self, year: int) -> date:
        return date(year, self.month, self.day)

    def of_year(self, year: int) -> "FixedDate":
        """The rule by which the date of that year lies.

        A change counts from its day on: where that year's date lies before it, by the old rule or by the new one,
        the old one stays.
        """
        found = self
        for change in self.changes:
            if change.applies_from and change.applies_from <= min(found.in_year(year), change.in_year(year)):
                found = change
        return found


def read(top: tables.Table) -> dict[str, FixedDate]:
    """The fixed dates of a file. Raises RegimeInvalid with the path of the key.

    A later amendment stands below its date, with what it changes; what it does not name stays:

        [[obligations.annual_report.changes]]
        applies_from = 2028-01-01
        day = 30
        clause = "第十七条（2027年修订）"
    """
    found = {}
    for name, table in top.tables("obligations", KEYS).items():
        month = table.whole("month", 1, 12)
        first = FixedDate(
            month=month,
            day=_day(table, month),
            clause=tables.clause(table) or SETTING,
            roll=table.choice("roll", ROLLS),
            first_due_years_after=table.whole("first_due_years_after", 0, 10),
            owed_by=table.choice("owed_by", (CLUSTER, BUREAU)) if "owed_by" in table else CLUSTER,
        )
        found[name] = replace(first, changes=_changes(table, first) if "changes" in table else ())
    return found


def _changes(table: tables.Table, rule: FixedDate) -> tuple[FixedDate, ...]:
    found: list[FixedDate] = []
    before = date.min
    for change in table.array("changes", _CHANGE):
        applies_from = change.day("applies_from")
        if applies_from <= before:
            change.refuse("applies_from", f"应晚于前一次变更的 {before}")
        month = change.whole("month", 1, 12) if "month" in change else rule.month
        rule = replace(
            rule,
            applies_from=applies_from,
            month=month,
            day=_day(change, month) if "month" in change or "day" in change else rule.day,
            clause=change.text("clause") if "clause" in change else rule.clause,
            roll=change.choice("roll", ROLLS) if "roll" in change else rule.roll,
        )
        found.append(rule)
        before = applies_from
    return tuple(found)


def _day(table: tables.Table, month: int) -> int:
    return table.whole("day", 1, monthrange(2025, month)[1])  # a common year: the date exists every year
