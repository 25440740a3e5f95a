"""The command `jiqun rehearse`: lines on standard output, how far it is and the summary on standard error."""

import json
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from web import cli

if TYPE_CHECKING:
    from web.rehearsal.scenario import Scenario

# ruff: noqa: PLC0415  # each command imports what it needs when it runs

EVERY = 2.0  # seconds between two words on how far it is
_DAY = click.DateTime(["%Y-%m-%d"])
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("regime")
@click.option("--from", "first", type=_DAY, help="第一日；推演现有数据时默认今天")
@click.option("--until", "last", type=_DAY, required=True, help="最后一日")
@click.option("--clusters", type=click.IntRange(1, 1000), help="虚构的集群数；默认 5")
@click.option("--live", is_flag=True, help="推演现有数据的副本，而不是虚构的集群；不写入、不发信")
@click.option("--scenario", type=_FILE, help="人们怎样办理（TOML，见 README）")
@click.option("--letters", type=click.Path(path_type=Path, dir_okay=False), help="把各件通知写入这个文件")
def rehearse(  # noqa: PLR0917  # click gives each option by its name
    regime: str,
    first: datetime | None,
    last: datetime,
    clusters: int | None,
    live: bool,
    scenario: Path | None,
    letters: Path | None,
) -> None:
    """推演：规则体系 REGIME 在一段时间里会发生什么。逐行 JSON；进度和小结写在标准错误。"""
    from engine import clock
    from web.rehearsal.run import Asked, Rehearsal

    if live and clusters:
        raise click.UsageError("--live 推演现有的集群，不能再写 --clusters")
    if first is None and not live:
        raise click.UsageError("请写明第一日 --from；只有推演现有数据（--live）时可以省略")
    asked = Asked(
        regime=regime,
        first=first.date() if first else clock.today(),
        last=last.date(),
        clusters=None if live else clusters or 5,
        scenario=_read(scenario),
    )
    said_at = time.monotonic()

    def say(share: float) -> None:
        nonlocal said_at
        if time.monotonic() - said_at > EVERY:
            said_at = time.monotonic()
            click.echo(f"已推演 {share:.0%}，{run.outcome.lines} 行", err=True)

    source = None
    if live:
        source = cli.settings().url
        with cli.database(cli.settings()):  # refuses one that is not of this program
            pass
    with tempfile.TemporaryDirectory() as folder:
        run = Rehearsal(asked, Path(folder), source=source, letters_to=letters)
        run.go(lambda line: click.echo(json.dumps(line, ensure_ascii=False)), say)
    click.echo(run.summary, err=True)


def _read(path: Path | None) -> "Scenario":
    from web.rehearsal import scenario

    return scenario.read(path.read_bytes(), path.name) if path else scenario.Scenario()
