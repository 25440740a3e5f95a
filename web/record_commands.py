"""Commands about what stands: the record and its anchors, cases that cannot go on."""

import json
from pathlib import Path

import click

from web import cli
from web.account_commands import BY

# ruff: noqa: PLC0415  # each command imports what it needs when it runs


@click.group()
def audit() -> None:
    """办理记录。"""


@audit.command()
@click.option("--case", "case_id", type=int, help="只核对这个办件所在的记录链")
@click.option("--anchors", is_flag=True, help="同时对照数据目录之外保存或其中的锚点")
@click.option("--anchors-in", type=click.Path(path_type=Path, file_okay=False, exists=True), help="锚点所在目录")
def verify(case_id: int | None, anchors: bool, anchors_in: Path | None) -> int:
    """核对记录链：全部完好则退出码为 0，否则列出第一处断裂，退出码为 1。"""
    from engine import events
    from engine.models import Case

    settings = cli.settings()
    folder = anchors_in or (settings.data / "anchors" if anchors else None)
    if folder and not any(folder.glob("*.jsonl")):
        raise click.ClickException(f"{folder} 中没有锚点，无从对照；请用 --anchors-in 指明保存锚点的目录")
    with cli.database(settings) as database, database.read() as session:
        case = session.get(Case, case_id) if case_id is not None else None
        if case_id is not None and case is None:
            raise click.ClickException(f"没有办件 {case_id}")
        breaks = events.verify(session, case.bureau_code if case else None, folder)
    for found in breaks:
        click.echo(json.dumps({"chain": found.chain, "seq": found.seq, "reason": found.reason}, ensure_ascii=False))
    return 1 if breaks else 0


@audit.command()
def anchor() -> None:
    """现在就把各记录链的链首记到数据库之外；运行中的系统每小时自动记一次。"""
    from engine import events

    settings = cli.settings()
    with cli.database(settings) as database, database.read() as session:
        noted = events.anchor(session, settings.data / "anchors")
    click.echo(f"记下 {noted} 条记录链", err=True)


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(file: Path) -> None:
    """把全部记录写成 JSON 行，每条一行，可脱离数据库核对。"""
    from engine import events
    from engine.columns import dump_json

    with cli.database(cli.settings()) as database, database.read() as session, file.open("w", encoding="utf-8") as out:
        for row in events.every(session):
            out.write(dump_json(row) + "\n")


@click.group()
def incident() -> None:
    """异常办件。"""


@incident.command(name="list")
def list_incidents() -> int:
    """列出不能继续的办件；有则退出码为 1。"""
    from engine import repairs
    from engine.columns import dump_json

    with cli.database(cli.settings()) as database, database.read() as session:
        rows = repairs.waiting(session)
    for row in rows:
        click.echo(dump_json(row))
    return 1 if rows else 0


@incident.command()
@click.argument("case", type=int)
@click.option("--as", "name", required=True, metavar="NAME", help="流程管理人员的账号")
def retry(case: int, name: str) -> None:
    """让办件按现状继续。"""
    from engine import accounts, repairs

    with cli.database(cli.settings()) as database, database.write() as session:
        repairs.retry(session, accounts.actor(session, accounts.by_name(session, name)), case)


@incident.command()
@click.argument("case", type=int)
@click.option("--as", "name", required=True, metavar="NAME", help="流程管理人员的账号")
@click.option("--reason", required=True, help="理由，写入办理记录")
def cancel(case: int, name: str, reason: str) -> None:
    """终止办件，不产生结果。"""
    from engine import accounts, repairs

    with cli.database(cli.settings()) as database, database.write() as session:
        repairs.cancel(session, accounts.actor(session, accounts.by_name(session, name)), case, reason)


@click.command()
def suspended() -> None:
    """列出中止办理的办件：情形、依据、自何时起、至今多少个工作日。"""
    from engine import suspensions
    from engine.columns import dump_json

    with cli.database(cli.settings()) as database, database.read() as session:
        rows = suspensions.waiting(session)
    for row in rows:
        click.echo(dump_json(dict(row)))


@click.command()
@click.argument("case", type=int, required=False)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--verify", "given", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="核对一份卷宗")
def dossier(case: int | None, file: Path | None, given: Path | None) -> int:
    """把一个办件的全部材料写成一份卷宗 FILE（zip），再次制作逐字节相同；或以 --verify 核对一份卷宗。"""
    from engine import dossier as dossiers
    from notifications import wording

    if given is not None:
        found = dossiers.problems(given)
        for problem in found:
            click.echo(problem)
        return 1 if found else 0
    if case is None or file is None:
        raise click.UsageError("请写明办件编号和卷宗文件，如 jiqun dossier 41 out.zip；或用 --verify 核对")
    with cli.database(cli.settings()) as database, database.read() as session:
        made = dossiers.of_case(session, None, case, wording.read)
        try:
            with file.open("w+b") as out:
                dossiers.written(made, out)
                with database.write() as recording:
                    dossiers.note_taken(recording, BY, made, out)
        except BaseException:
            file.unlink(missing_ok=True)  # half a dossier is none
            raise
    click.echo(f"{file}：{len(made.parts)} 个文件", err=True)
    return 0
