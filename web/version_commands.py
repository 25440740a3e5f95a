"""Commands about versions: deploy files as the next one, and tell what changed between two."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click

from web import cli
from web.answers import Unusable

# ruff: noqa: PLC0415  # each command imports what it needs when it runs

SHIPPED = "shipped"  # in place of a version: the files that come with the program


@click.command()
@click.argument("regime")
@click.option(
    "--files", "path", type=click.Path(path_type=Path), metavar="DIR|ZIP", help="部署这些文件；不写则部署随程序提供的"
)
@click.option("--approve-as", metavar="NAME", help="审核人账号；不得与部署人相同")
@click.option("--by", default="system", show_default=True, metavar="NAME", help="部署人账号")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="生效日期；不写则立即生效")
def deploy(regime: str, path: Path | None, approve_as: str | None, by: str, day: datetime | None) -> None:
    """部署一个规则体系的流程、决策表、表单、通知与参数；内容未变则不产生新部署。"""
    from engine import bundle, deploying
    from engine.scripts import sources

    files = bundle.shipped(regime) if path is None else _from(path)
    with cli.database(cli.settings()) as database, database.write() as session:
        on = day.date() if day else None
        for script in (change.script for change in sources.changed(files, deploying.before(session, regime, on))):
            where = f"{script.file} 第 {script.line} 行 {script.name or script.element}"
            click.echo(f"{where} 的脚本：\n{script.text}", err=True)  # who approves reads it
        deployment = deploying.deploy(session, regime, files, by, approve_as, effective_on=on)
        answer = {"regime": regime, "number": deployment.number, "content_hash": deployment.content_hash}
        if deployment.applied_at is None:
            answer["effective_on"] = deployment.effective_on.isoformat()
    click.echo(json.dumps(answer, ensure_ascii=False))


@click.command()
@click.argument("regime")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
def diff(regime: str, before: str, after: str) -> None:
    """改了什么：每处一行 JSON，从 A 到 B。

    A、B 是版本号、shipped（随程序提供的文件）、文件夹或者 zip。
    """
    from engine.workshop import changes

    found = changes.between(_version(regime, before), _version(regime, after))
    for change in found:
        line = {
            "file": change.file,
            "kind": change.kind,
            "element": change.element,
            "deed": change.deed,
            "label": change.label,
            "property": change.what,
            "from": change.before,
            "to": change.after,
            "clause": change.clause,
            "text": changes.told(change),
        }
        click.echo(json.dumps(line, ensure_ascii=False))
    click.echo(f"共 {len(found)} 处不同", err=True)


def _version(regime: str, name: str) -> Mapping[str, bytes]:
    """The files of a version, of what ships, or of a folder or archive. Raises Unusable, NotFound."""
    from engine import bundle, deployments
    from engine.workshop import versions

    if name == SHIPPED:
        return bundle.shipped(regime)
    if not name.isdecimal():
        return _from(Path(name))
    with cli.database(cli.settings()) as database, database.read() as session:
        return deployments.deployed(session, versions.by_number(session, regime, int(name)).id).files


def _from(path: Path) -> Mapping[str, bytes]:
    """A bundle from a folder or an archive; other files in it are told, and are no part of it. Raises Unusable."""
    from engine import bundle
    from engine.workshop import archive

    if path.is_dir():
        files: Mapping[str, bytes] = bundle.from_folder(path)
    else:
        try:
            brought = archive.brought(path.name, path.read_bytes())
        except OSError as error:
            raise Unusable(f"不能读取 {path}：{error.strerror}") from error
        for name in brought.left:
            click.echo(f"{name} 不属于流程包，没有带入", err=True)
        files = brought.files
    if "regime.toml" not in files:
        raise Unusable(f"{path} 里没有 regime.toml，不是一个流程包")
    return files
