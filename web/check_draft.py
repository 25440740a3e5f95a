"""`jiqun check --draft N`: the whole check of a draft, and with `--year` what the coming year has otherwise."""

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.lint import Finding
from web import cli
from web.answers import Unusable

if TYPE_CHECKING:
    from engine.checking import Row

# ruff: noqa: PLC0415  # each command imports what it needs when it runs

EVERY = 2.0  # seconds between two words on how far it is


def findings(number: int, *, year: bool) -> list[Finding]:
    """What is wrong with the draft; with `year` the differences go to standard output, a JSON line each."""
    from engine import checking
    from engine.models import BundleDraft
    from engine.workshop import drafts

    settings = cli.settings()
    with cli.database(settings) as database, database.read() as session:
        draft = session.get(BundleDraft, number)
        if draft is None:
            raise Unusable(f"没有草案 {number}")
        regime, files = draft.regime, drafts.files(session, draft)
    report = checking.whole(files, told=lambda done, of: _say(f"已检查 {done}/{of}"))
    if year and not report.errors:
        _year(regime, files, settings.url)
    return [_finding(row) for row in report.rows]


def _year(regime: str, files: dict[str, bytes], source: str) -> None:
    from web.rehearsal import beside

    said_at = time.monotonic()

    def say(share: float) -> None:
        nonlocal said_at
        if time.monotonic() - said_at > EVERY:
            said_at = time.monotonic()
            _say(f"已推演 {share:.0%}")

    with tempfile.TemporaryDirectory() as folder:
        years = beside.Twice(beside.asked(regime, files), Path(folder), source)
        found = years.go(lambda _line: None, say)
    for each in beside.plain(found):
        click.echo(json.dumps({"difference": each}, ensure_ascii=False))
    _say(f"今后一年有 {len(found)} 处不同")


def _finding(row: "Row") -> Finding:
    message = f"{row.reason}；{row.way_out}" if row.way_out else row.reason
    plain = Finding(row.file, row.line, row.element, row.rule, "error", message)
    return plain if row.severity == "error" else replace(plain, severity="warning")


def _say(text: str) -> None:
    click.echo(text, err=True)
