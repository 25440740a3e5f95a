"""`jiqun new-regime`: a rule set to begin with, for whoever writes no Python."""

from pathlib import Path

import click

from config.errors import JiqunError
from web.answers import Unusable

HERE = Path(__file__).parent.parent  # the working tree


@click.command("new-regime")
@click.argument("name")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=HERE, help="写到这个文件夹；默认为本系统"
)
def new_regime(name: str, folder: Path) -> None:
    """新建规则体系 NAME：写出数字和条款两个文件，待填写；流程图、表单、通知直接用共用的。"""
    from engine import clock, skeleton  # noqa: PLC0415  # as every command

    try:
        written = skeleton.write(folder, skeleton.files(name, clock.today()))
    except JiqunError as error:
        raise Unusable(error.message) from error
    except OSError as error:
        raise Unusable(f"不能写入 {folder}：{error.strerror}") from error
    for path in written:
        click.echo(path)
    click.echo("请填写其中写着“请填写”的内容，再运行 jiqun check", err=True)
