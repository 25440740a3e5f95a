"""Ladders (提醒梯级): when people are reminded of a date, as a regime's file says it."""

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config import tables
from config.errors import RegimeInvalid

EARLIEST, LATEST = time(5), time(22)  # of a rung's time of day: later and earlier, a clock that is changed may skip it
FURTHEST = 366  # rungs before or after the date
_KEYS = ("days", "working_days", "escalate_from", "statutory", "at", "zone", "clause", "basis")


@dataclass(frozen=True)
class Ladder:
    """The rungs at which one kind of date is reminded of, and to whom they go beside those who owe it."""

    rungs: tuple[int, ...]  # so many days before the date, the farthest first; 0 on the day; negative: after it
    in_working_days: bool  # else in days of the calendar
    escalate_from: int | None  # this rung and those after it go to the superior as well
    statutory: bool  # no preference and no digest holds it back
    at: time  # of the day, in `zone`
    zone: ZoneInfo
    clause: str | None  # None: the bureau decided

    def name(self, rung: int) -> str:
        """How a rung is called where it is recorded: "60", "-7"; "3w" in working days."""
        return f"{rung}w" if self.in_working_days else str(rung)

    def escalates(self, rung: int) -> bool:
        """Does this rung go to the superior as well?"""
        return self.escalate_from is not None and rung <= self.escalate_from


def of_days(days: tuple[int, ...]) -> Ladder:
    """The ladder of a file written before there were any: days, for nobody's superior, and never held back."""
    return Ladder(_in_order(days), False, None, True, time(9), ZoneInfo("Asia/Shanghai"), None)


def read(top: tables.Table, kinds: tuple[str, ...]) -> dict[str, Ladder]:
    """The ladders of a file by the kind of date, one of `kinds`. Raises RegimeInvalid with the path of the key."""
    found = {}
    for kind, table in top.tables("ladders", _KEYS).items() if "ladders" in top else ():
        if kind not in kinds:
            raise RegimeInvalid(f"{table.path} 没有这种期限{tables.among(kind, kinds)}", path=table.path)
        found[kind] = _ladder(table)
    return found


def _ladder(table: tables.Table) -> Ladder:
    if ("days" in table) == ("working_days" in table):
        raise RegimeInvalid(f"{table.path} 应写明 days（日）或 working_days（工作日），二者择一", path=table.path)
    unit = "days" if "days" in table else "working_days"
    rungs = _in_order(table.wholes(unit, -FURTHEST, FURTHEST))
    escalate_from = table.whole("escalate_from", -FURTHEST, FURTHEST) if "escalate_from" in table else None
    if escalate_from is not None and escalate_from not in rungs:
        path = f"{table.path}.escalate_from"
        raise RegimeInvalid(f"{path} 应为 {unit} 中的一级，现为 {escalate_from}", path=path)
    return Ladder(
        rungs=rungs,
        in_working_days=unit == "working_days",
        escalate_from=escalate_from,
        statutory=table.flag("statutory"),
        at=_at(table),
        zone=_zone(table),
        clause=tables.clause(table),
    )


def _at(table: tables.Table) -> time:
    text = table.text("at") if "at" in table else "09:00"
    try:
        at = time.fromisoformat(text)
    except ValueError:
        at = time.min
    if len(text) != len("09:00") or not EARLIEST <= at <= LATEST:
        path = f"{table.path}.at"
        raise RegimeInvalid(
            f"{path} 应为 {EARLIEST:%H:%M} 至 {LATEST:%H:%M} 的时刻（如 09:00），现为 {text!r}", path=path
        )
    return at


def _zone(table: tables.Table) -> ZoneInfo:
    name = table.text("zone") if "zone" in table else "Asia/Shanghai"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # unknown, a path, or a folder of the data
        path = f"{table.path}.zone"
        raise RegimeInvalid(f"{path} 没有名为 {name!r} 的时区；应如 Asia/Shanghai", path=path) from error


def _in_order(rungs: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(rungs, reverse=True))
