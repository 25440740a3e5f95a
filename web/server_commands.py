"""Commands that run the office: the server, the worker, the tables, the demo."""

import logging
import signal
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NoReturn

import click

from config.errors import SettingInvalid
from web import cli

if TYPE_CHECKING:
    from config.settings import Settings
    from engine.db import Database

# ruff: noqa: PLC0415  # each command imports what it needs when it runs


@click.command()
@click.option("--host", help="监听地址（JIQUN_HOST）")
@click.option("--port", type=click.IntRange(0, 65535), help="端口（PORT、JIQUN_PORT）；0 由系统选择")
@click.option("--no-worker", is_flag=True, help="不运行调度；另以 jiqun worker 运行")
def serve(host: str | None, port: int | None, no_worker: bool) -> None:
    """运行网站与接口，连同调度。"""
    from engine import scanner
    from web import assets
    from web import server as servers
    from web.app import create_app
    from web.worker import Worker

    assets.require()
    settings = cli.settings()
    believed = proxied(settings.trusted_proxy)
    scanner.command(settings.scanner)  # a name that leads nowhere is told now, not at the first upload
    _log()
    with cli.database(settings) as database:
        _require_real(settings, database)
        app = create_app(settings, database)
        try:
            server = servers.create(
                app,
                host=host or settings.host,
                port=settings.port if port is None else port,
                threads=settings.threads,
                **believed,
            )
        except OSError as error:
            where = f"{host or settings.host}:{settings.port if port is None else port}"
            raise click.ClickException(f"无法在 {where} 监听：{error.strerror}") from error
        ticking = None if no_worker else Worker(database, settings)
        signal.signal(signal.SIGTERM, _leave)
        if ticking:
            ticking.start()
        click.echo(f"集群通：http://{server.effective_host}:{server.effective_port}", err=True)
        try:
            server.run()  # returns after SIGTERM or Ctrl-C, when the requests under way are answered
        finally:
            if ticking:
                ticking.stop()
            server.close()


def proxied(trusted: str) -> dict[str, Any]:
    """What waitress is told about forwarded addresses: those of this one proxy count, all others are taken off.

    Without a proxy nobody's count. Raises SettingInvalid for what is no IP address: it would never match.
    """
    if not trusted:
        return {"clear_untrusted_proxy_headers": True}
    try:
        address = str(ip_address(trusted))
    except ValueError as error:
        raise SettingInvalid(
            f"JIQUN_TRUSTED_PROXY 应为反向代理的 IP 地址，现为 {trusted!r}", name="JIQUN_TRUSTED_PROXY"
        ) from error
    return {
        "trusted_proxy": address,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        "clear_untrusted_proxy_headers": True,
    }


@click.command()
def worker() -> None:
    """运行调度：到期事项、消息、记录锚点。"""
    from web.worker import Worker

    settings = cli.settings()
    _log()
    with cli.database(settings) as database:
        _require_real(settings, database)
        ticking = Worker(database, settings)
        signal.signal(signal.SIGTERM, _leave)
        try:
            ticking.run()
        except (SystemExit, KeyboardInterrupt):
            ticking.stop()


@click.group()
def db() -> None:
    """数据库。"""


@db.command()
def upgrade() -> None:
    """建立数据表，或升级到本程序的版本。"""
    with cli.database(cli.settings(), checked=False) as database:
        database.upgrade()
        database.check_version()
    click.echo("数据库已是本程序的版本", err=True)


@click.group()
def demo() -> None:
    """演示数据。"""


@demo.command()
def load() -> None:
    """建立演示机构、账号和办到各个环节的演示批次；再次运行不改变什么。"""
    from web import demo as demonstration
    from web import demo_rounds

    settings = cli.settings()
    with cli.database(settings) as database:
        with database.write() as session:
            accounts = demonstration.load(session)
        demo_rounds.play(database, settings.data / "files")
    for account in accounts:
        click.echo(f"{account.name}\t{account.password}\t{account.title}")


def _require_real(settings: "Settings", database: "Database") -> None:
    """Nothing, unless the installation is one in earnest and has a door that everybody has the key to."""
    from web import demo as demonstration

    if settings.production:
        with database.read() as session:
            demonstration.require_none(session)


def _leave(_signal: int, _frame: Any) -> NoReturn:
    raise SystemExit(0)


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
