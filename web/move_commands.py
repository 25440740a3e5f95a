"""`jiqun migrate`: what would become of running cases on another version, and moving those that may go on there."""

import json
from typing import TYPE_CHECKING, Any

import click

from web import cli

if TYPE_CHECKING:
    from engine.moves.verdicts import Verdict

# ruff: noqa: PLC0415  # each command imports what it needs when it runs


@click.command()
@click.argument("case", type=int, required=False)
@click.option("--to", "number", type=click.IntRange(1), metavar="N", help="目标版本；不写则为现行版本")
@click.option("--all", "regime", metavar="REGIME", help="这个规则体系的全部未办结办件")
@click.option("--dry-run", is_flag=True, help="只预演，不迁移")
@click.option("--undo", is_flag=True, help="撤销这个办件最近一次迁移")
@click.option("--as", "name", metavar="NAME", help="流程管理人员的账号；不写则记为 system")
def migrate(  # noqa: PLR0917  # click hands over one by one
    case: int | None, number: int | None, regime: str | None, dry_run: bool, undo: bool, name: str | None
) -> int:
    """把办件迁移到另一版本：先预演，能办结的才迁移。每个办件输出一行 JSON；有不能迁移的，退出码为 1。"""
    from engine import accounts
    from engine.errors import NotFound, Refused
    from engine.models import Case
    from engine.moves import listing, moving
    from engine.moves.verdicts import SAFE

    if (case is None) == (regime is None) or (undo and (regime or number or dry_run)):
        raise click.UsageError("请写明一个办件，如 jiqun migrate 41 --to 3，或用 --all REGIME 指明全部")
    with cli.database(cli.settings()) as database:
        with database.read() as session:
            actor = accounts.actor(session, accounts.by_name(session, name)) if name else None
        if undo:
            with database.write() as session:
                moving.undo(session, actor, case or 0)
            return 0
        with database.read() as session:
            one = session.get(Case, case) if case is not None else None
            if case is not None and one is None:
                raise NotFound(f"没有办件 {case}")
            of = regime or (one.regime if one else "")
            deployment = moving.deployment(session, of, number)
            found = [one] if one else moving.running(session, of)
            listed = listing.rows(session, found, deployment, seconds=float("inf"))
        bad = False
        for row in listed:
            if row.verdict is None:
                continue  # it runs there already
            answer = _told(row.case.id, row.number, deployment.number, row.verdict)
            if row.verdict.result == SAFE and not dry_run:
                try:
                    with database.write() as session:
                        moving.move(session, actor, row.case.id, deployment.number, seen=row.case.version)
                    answer["moved"] = True
                except Refused as error:
                    answer |= {"moved": False, "why": error.message}
            bad = bad or row.verdict.result != SAFE or answer.get("moved") is False
            click.echo(json.dumps(answer, ensure_ascii=False))
    return 1 if bad else 0


def _told(case: int, number: int, to: int, verdict: "Verdict") -> dict[str, Any]:
    return {
        "case": case,
        "from": number,
        "to": to,
        "verdict": verdict.result,
        "why": verdict.why,
        "path": list(verdict.path) if verdict.result != "safe" else [],
        "stands": list(verdict.stands),
        "notes": list(verdict.notes),
    }
