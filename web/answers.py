"""Commands that only answer: working days, deadlines, the precheck, the clauses.

Where there is a database, days are those of its calendar and dates those of its newest deployments; else as shipped.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import JiqunError
from web import cli

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Each command imports what it needs when it runs: the program starts in a tenth of a second.
# ruff: noqa: PLC0415

FIRST_YEAR, LAST_YEAR = 2000, 2100  # the calendar itself reaches less far, and says so
MOST_BYTES = 1024 * 1024  # of a file of facts


class Unusable(click.ClickException):
    """Bad usage or unreadable input: one line on standard error, exit status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(" ".join(self.message.split()), err=True, file=file)


class _Read(click.ParamType[Any]):
    """A parameter read by a function that raises ValueError with a message for people."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self.read = read

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.read(value)
        except ValueError as error:
            raise Unusable(f"{self.name}：{error}") from error


def _a_day(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        raise ValueError(f"日期应写作 2025-09-26 的样子，现为 {text!r}")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"没有 {text} 这一天") from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"年份应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间，现为 {day.year}")
    return day


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError(f"应为 {least} 至 {most} 的整数，现为 {text!r}")
        return int(text)

    return read


@click.command()
@click.argument("start", type=_Read("START", _a_day))
@click.argument("n", type=_Read("N", _whole(1, 10_000)))
@click.option("--count-first", is_flag=True, help="起算当日计入；默认不计入（民法典第二百零一条）")
@click.option("--explain", is_flag=True, help="另列每一天：日期、是否工作日、依据")
@click.option("--bureau", metavar="CODE", help="按这个主管部门的工作日历，含其本局调整；默认不含")
def workdays(start: date, n: int, count_first: bool, explain: bool, bureau: str | None) -> None:
    """从 START 起的第 N 个工作日。"""
    with _unusable_if_refused(), _database() as session:
        from engine import calendar

        days = calendar.shipped()
        if session is not None:
            from engine import calendars

            days = calendars.of(session, bureau) if bureau else calendars.common(session)
        counted = days.nth_working_day(start, n, count_first=count_first)
    click.echo(counted.date.isoformat())
    for day in counted.days if explain else ():
        _print_json(
            {"date": day.date, "working": day.working, "official": day.official, "source": day.source}, indent=None
        )
    if counted.provisional:
        click.echo(f"暂定：所涉年度尚无放假通知，应在 {counted.earliest} 至 {counted.latest} 之间", err=True)


@click.command()
@click.argument("regime")
@click.option("--year", required=True, type=_Read("--year", _whole(FIRST_YEAR, LAST_YEAR)), help="日期所在的年份")
def deadlines(regime: str, year: int) -> None:
    """规则体系 REGIME 在该年的法定日期及提醒日期。"""
    with _unusable_if_refused(), _database() as session:
        from config import regime as regimes
        from engine import calendar, due_dates

        rules, days = regimes.shipped(regime), calendar.shipped()
        if session is not None:
            from engine import calendars, deployments

            rules = deployments.rules(session, regime) or rules
            days = calendars.of(session, rules.bureau)
        found = due_dates.printed(rules, year, days)
    _print_json([asdict(due) for due in found])


@click.command()
@click.argument("regime")
@click.argument("facts", metavar="FACTS.json", type=click.Path(path_type=Path))
def precheck(regime: str, facts: Path) -> None:
    """按 REGIME 的认定条件逐项核对 FACTS.json。有未达到的，退出码为 1。"""
    with _unusable_if_refused():
        from engine import bundle, criteria

        verdicts = criteria.precheck(bundle.shipped(regime), criteria.read_facts(_text(facts)))
    _print_json([asdict(verdict) for verdict in verdicts])
    if any(verdict.verdict == criteria.FAIL for verdict in verdicts):
        raise SystemExit(1)


@click.command()
@click.argument("regime")
@click.option("--carriers", is_flag=True, help="反过来列：每个环节、栏目、条件、通知和期限，各依据哪些条款")
def clauses(regime: str, carriers: bool) -> None:
    """REGIME 条文要求的每项职责及其承载者。

    有职责无人承载、承载者不存在、或（--carriers）有环节栏目没有依据的，退出码为 1。
    """
    with _unusable_if_refused():
        from config import clauses as clause_files
        from engine import bases, bundle
        from engine import carriers as carrying

        files = bundle.shipped(regime)
        named = clause_files.load(clause_files.content(regime), f"config/clauses/{regime}.toml")
        missing = carrying.missing(files, named)
        found: list[Any] = bases.of(files, named) if carriers else list(named.duties)
    _print_json([asdict(each) for each in found])
    for duty in named.uncarried():
        click.echo(f"{duty.clause}：尚无承载者，也未说明为何在系统之外：{duty.gist}", err=True)
    for clause, carrier in missing:
        click.echo(f"{clause}：承载者不存在：{carrier.kind} {carrier.id}", err=True)
    bare = [each.id for each in found if carriers and each.kind != "letter" and not (each.clauses or each.internal)]
    for name in bare:
        click.echo(f"{name}：没有条款，也没有说明理由", err=True)
    if missing or bare or named.uncarried():
        raise SystemExit(1)


COMMANDS: tuple[click.Command, ...] = (workdays, deadlines, precheck, clauses)


@contextmanager
def _database() -> "Iterator[Session | None]":
    """A transaction that only reads, where this installation has a database; its library is loaded only then."""
    chosen = cli.settings()
    if not chosen.database_url and not (chosen.data / "jiqun.sqlite").is_file():
        yield None
        return
    with cli.database(chosen) as opened, opened.read() as session:
        yield session


@contextmanager
def _unusable_if_refused() -> Iterator[None]:
    try:
        yield
    except JiqunError as error:
        raise Unusable(error.message) from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Unusable(f"{path} 超过 {MOST_BYTES // 1024} KB，不像是指标文件")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unusable(f"无法读取 {path}：{error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unusable(f"{path} 不是 UTF-8 文本，请另存为 UTF-8") from error


def _print_json(value: Any, indent: int | None = 2) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=_plain))


def _plain(value: Any) -> str:
    """Decimals as exact text, days in ISO 8601."""
    return format(value, "f") if isinstance(value, Decimal) else str(value.isoformat())
