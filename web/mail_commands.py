"""Commands for who looks after the mail: do the accounts work, how do they fare, let one send again."""

from typing import TYPE_CHECKING, Any

import click

from web import cli

if TYPE_CHECKING:
    from config.mail import Account

# ruff: noqa: PLC0415  # each command imports what it needs when it runs

BY = "operator"  # in the record: whoever has a shell on the machine


@click.group()
def mail() -> None:
    """邮件：发信账号和退信邮箱。"""


@mail.command()
def check() -> int:
    """连接并登录每个发信账号和退信邮箱，不发信；有不能用的则退出码为 1。"""
    from config import mail as accounts
    from notifications import bounces

    settings = accounts.load(cli.settings().mail)
    if not settings.accounts:
        raise click.ClickException("没有设置发信账号（JIQUN_MAIL），不发邮件")
    troubles = [(account.key, _trouble(account)) for account in settings.accounts]
    if settings.bounces:
        troubles.append(("bounces", bounces.trouble(settings.bounces)))
    for name, trouble in troubles:
        click.echo(f"{name}\t{trouble or '可用'}")
    if settings.redirect_to:
        click.echo(f"测试模式：全部邮件改发 {settings.redirect_to}", err=True)
    return 1 if any(trouble for _, trouble in troubles) else 0


@mail.command()
def status() -> int:
    """各发信账号的状态，待发和未送达的件数；有停用的账号或未送达的通知则退出码为 1。"""
    from engine import posting

    with cli.database(cli.settings()) as database, database.read() as session:
        told = posting.state(session)
    for account in told.accounts:
        click.echo("\t".join([account.name, _STATES[account.state], account.reason or ""]).rstrip())
    click.echo(f"待发 {told.waiting} 件，未送达 {told.failed} 件")
    return 1 if told.failed or any(account.state == "stopped" for account in told.accounts) else 0


@mail.command()
@click.argument("account")
def resume(account: str) -> None:
    """设置改正后，让停用的发信账号 ACCOUNT 继续发信。"""
    from engine import posting

    with cli.database(cli.settings()) as database, database.write() as session:
        posting.resume(session, account, BY)


@mail.command(name="pass-over")
@click.confirmation_option(prompt="现在待发的通知都不再发邮件，只留在站内消息中，继续吗")
def pass_over() -> None:
    """把现在待发的通知全部改为不发邮件；用于一直没有发信、现在开始发信的安装。"""
    from engine import posting

    with cli.database(cli.settings()) as database, database.write() as session:
        passed = posting.pass_over(session, BY)
    click.echo(f"{passed} 件通知不再发邮件", err=True)


_STATES: dict[str, Any] = {"ok": "正常", "paused": "稍候", "stopped": "停用"}


def _trouble(account: "Account") -> str:
    from notifications.mailer import Mailer

    mailer = Mailer(account)
    verdict = mailer.connect()
    mailer.close()
    return f"{verdict.code} {verdict.text}".strip() if verdict else ""
