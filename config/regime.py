"""A regime: every number and date of one rule set, parsed from its file and checked."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from config import tables
from config.errors import RegimeInvalid

FOLDER = Path(__file__).parent / "regimes"
SETTING = "本局设置"  # shown where the text is silent and the bureau decides

_TOP = (
    "name", "title", "source", "bureau", "in_force_from", "in_force_until",
    "criteria", "thresholds", "limits", "periods", "obligations", "validity", "renewal",
)  # fmt: skip
_STANDS_ON = ("clause", "basis")


@dataclass(frozen=True)
class Threshold:
    """认定条件中的数. Whether it must be reached, passed or stayed under stands in criteria.dmn."""

    value: Decimal
    unit: str  # 亿元, %, 家 …
    clause: str
    advisory: bool  # the text says 一般: not meeting it is for a reviewer to judge


@dataclass(frozen=True)
class Period:
    """期限 in working days (工作日)."""

    working_days: int
    count_first: bool  # does the day of the event count? 民法典 第二百零一条: it does not
    clause: str | None  # None: the text is silent

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or SETTING


@dataclass(frozen=True)
class FixedDate:
    """每年的固定日期. Month, day and clause are the text's; the rest is the bureau's setting."""

    month: int
    day: int
    clause: str
    roll: str  # "none": stays where it is printed; "next_working_day"
    reminders: tuple[int, ...]  # days before the date; negative: after it
    first_due_years_after: int  # calendar years between publication and the first time

    def in_year(self, year: int) -> date:
        return date(year, self.month, self.day)


@dataclass(frozen=True)
class Validity:
    """有效期 of a recognition."""

    years: int
    clause: str
    counts_first_day: bool  # is the day of publication the first of the days counted?


@dataclass(frozen=True)
class Renewal:
    """复核申请的窗口: so many months before the last valid day, until that day."""

    window_months: int
    clause: str | None

    @property
    def basis(self) -> str:
        """The clause, or that the bureau decided."""
        return self.clause or SETTING

    def opens_on(self, last_day: date) -> date:
        """The first day on which renewal may be applied for."""
        return _months_later(last_day, -self.window_months)


@dataclass(frozen=True)
class Regime:
    """规则体系. Mappings keep the order of the file."""

    name: str
    title: str  # the title that is given, 认定名称
    source: str  # 文号
    bureau: str  # code of the organisation that recognises
    in_force_from: date
    in_force_until: date | None  # last day; None: not stated
    criteria: Mapping[str, str]  # id of a row of criteria.dmn → the clause it stands on
    thresholds: Mapping[str, Threshold]
    limits: Mapping[str, Period]  # for a step
    periods: Mapping[str, Period]  # for the public
    obligations: Mapping[str, FixedDate]
    validity: Validity
    renewal: Renewal

    @property
    def advisory(self) -> tuple[str, ...]:
        """Names of the thresholds that bind nobody."""
        return tuple(name for name, threshold in self.thresholds.items() if threshold.advisory)

    def validity_days(self, published: date) -> tuple[date, date]:
        """First and last valid day of a recognition published on that day.

        The day of publication is valid and, unless the regime counts it, not one of the days counted:
        2025-06-20 → 2028-06-20. Where the month has no such day, its last day ends the period:
        2024-02-29 → 2027-02-28. Source: 民法典 第二百零一条、第二百零二条.
        """
        last = _months_later(published, 12 * self.validity.years)
        if self.validity.counts_first_day and last.day == published.day:
            last -= timedelta(days=1)
        return published, last


def load(content: bytes | str, name: str = "regime.toml") -> Regime:
    """The regime in this file. Raises RegimeInvalid with the path of the key, and what is allowed there."""
    top = tables.read(content, name, _TOP)
    limits, periods = _periods(top, "limits"), _periods(top, "periods")
    for twice in limits.keys() & periods.keys():
        raise RegimeInvalid(f'{name}: limits.{twice} 与 periods.{twice} 重名；deadline("{twice}") 无从选择', path=twice)
    validity = top.table("validity", ("years", "clause", "counts_first_day"))
    renewal = top.table("renewal", ("window_months", *_STANDS_ON))
    regime = Regime(
        name=top.text("name"),
        title=top.text("title"),
        source=top.text("source"),
        bureau=top.text("bureau"),
        in_force_from=top.day("in_force_from"),
        in_force_until=top.day("in_force_until") if "in_force_until" in top else None,
        criteria=MappingProxyType(top.texts("criteria")),
        thresholds=MappingProxyType(_thresholds(top)),
        limits=MappingProxyType(limits),
        periods=MappingProxyType(periods),
        obligations=MappingProxyType(_obligations(top)),
        validity=Validity(validity.whole("years", 1, 50), validity.text("clause"), validity.flag("counts_first_day")),
        renewal=Renewal(renewal.whole("window_months", 1, 60), _clause(renewal)),
    )
    if regime.in_force_until and regime.in_force_until < regime.in_force_from:
        raise RegimeInvalid(f"{name}: in_force_until 早于 in_force_from", path="in_force_until")
    return regime


def names() -> list[str]:
    """The regimes that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def content(name: str) -> bytes:
    """The shipped file of that regime. Raises RegimeInvalid, naming those there are."""
    if name not in names():
        raise RegimeInvalid(f"没有名为 {name} 的规则体系；现有 {'、'.join(names())}", name=name)
    return (FOLDER / f"{name}.toml").read_bytes()


def shipped(name: str) -> Regime:
    """The regime of that name as it ships. Raises RegimeInvalid."""
    label = f"config/regimes/{name}.toml"
    regime = load(content(name), label)
    if regime.name != name:
        raise RegimeInvalid(f"{label}: name 应与文件名一致，现为 {regime.name!r}", path="name")
    return regime


def _thresholds(top: tables.Table) -> dict[str, Threshold]:
    found = top.tables("thresholds", ("value", "unit", "clause", "advisory"))
    return {
        name: Threshold(
            value=table.decimal("value"),
            unit=table.text("unit"),
            clause=table.text("clause"),
            advisory=table.flag("advisory") if "advisory" in table else False,
        )
        for name, table in found.items()
    }


def _periods(top: tables.Table, key: str) -> dict[str, Period]:
    found = top.tables(key, ("working_days", "count_first", *_STANDS_ON))
    return {
        name: Period(
            working_days=table.whole("working_days", 1, 1000),
            count_first=table.flag("count_first") if "count_first" in table else False,
            clause=_clause(table),
        )
        for name, table in found.items()
    }


def _obligations(top: tables.Table) -> dict[str, FixedDate]:
    known = ("month", "day", "clause", "roll", "reminders", "first_due_years_after")
    found = {}
    for name, table in top.tables("obligations", known).items():
        month = table.whole("month", 1, 12)
        found[name] = FixedDate(
            month=month,
            day=table.whole("day", 1, monthrange(2025, month)[1]),  # a common year: the date exists every year
            clause=table.text("clause"),
            roll=table.choice("roll", ("none", "next_working_day")),
            reminders=table.wholes("reminders", -366, 366),
            first_due_years_after=table.whole("first_due_years_after", 0, 10),
        )
    return found


def _clause(table: tables.Table) -> str | None:
    """The text's clause, or None where `basis = "setting"` says that the bureau decided. One of both must be there."""
    if ("clause" in table) == ("basis" in table):
        raise RegimeInvalid(
            f'{table.path} 应写明条款 clause，或写 basis = "setting"（本局设置），二者择一', path=table.path
        )
    if "clause" in table:
        return table.text("clause")
    table.choice("basis", ("setting",))
    return None


def _months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last day where it has none. 民法典 第二百零二条."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
