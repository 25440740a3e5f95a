"""The command `jiqun`: starts in a tenth of a second, because each command imports what it needs when it runs."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import JiqunError
from web import version

if TYPE_CHECKING:
    from config.settings import Settings
    from engine.db import Database

# ruff: noqa: PLC0415  # the reason stands above

COMMANDS = {  # name → where it is defined; a module is imported when its command is wanted
    "serve": "web.server_commands:serve",
    "worker": "web.server_commands:worker",
    "db": "web.server_commands:db",
    "demo": "web.server_commands:demo",
    "user": "web.account_commands:user",
    "organisation": "web.account_commands:organisation",
    "workdays": "web.answers:workdays",
    "deadlines": "web.answers:deadlines",
    "precheck": "web.answers:precheck",
    "clauses": "web.answers:clauses",
    "mail": "web.mail_commands:mail",
    "check": "web.check:check",
    "new-regime": "web.new_regime:new_regime",
    "deploy": "web.version_commands:deploy",
    "diff": "web.version_commands:diff",
    "migrate": "web.move_commands:migrate",
    "audit": "web.record_commands:audit",
    "dossier": "web.record_commands:dossier",
    "incident": "web.record_commands:incident",
    "suspended": "web.record_commands:suspended",
    "bench": "web.bench:bench",
    "rehearse": "web.rehearse:rehearse",
    "simulate": "web.simulate:simulate",
}


class Commands(click.Group):
    """A group whose commands are imported one by one, each with the options that every command has."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        _give_shared_options(command)
        return command


def _keep(ctx: click.Context, option: click.Parameter, value: Any) -> None:
    if value is not None:
        ctx.find_root().ensure_object(dict)[str(option.name)] = value


def _shared_options() -> list[click.Option]:
    data = click.Path(path_type=Path, file_okay=False)
    return [
        click.Option(
            ["--database", "database_url"],
            metavar="URL",
            expose_value=False,
            callback=_keep,
            help="数据库地址；默认为数据目录中的 SQLite（JIQUN_DATABASE_URL）",
        ),
        click.Option(
            ["--data"],
            metavar="DIR",
            type=data,
            expose_value=False,
            callback=_keep,
            help="数据目录（JIQUN_DATA）",
        ),
    ]


def _give_shared_options(command: click.Command) -> None:
    """`jiqun --data D serve` and `jiqun serve --data D` mean the same."""
    names = {option for parameter in command.params for option in parameter.opts}
    command.params.extend(option for option in _shared_options() if not names & set(option.opts))
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _give_shared_options(inner)


@click.group(cls=Commands, params=list(_shared_options()), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version.current(), message="%(version)s")
def cli() -> None:
    """集群通：中小企业特色产业集群的申报、审核、公示与认定。"""


def settings() -> "Settings":
    """The installation's settings, with what the command line says over them. Raises SettingInvalid."""
    from config import settings as settings_

    given: dict[str, Any] = click.get_current_context().find_root().obj or {}
    return replace(settings_.load(), **given)


@contextmanager
def database(chosen: "Settings", *, checked: bool = True) -> "Iterator[Database]":
    """The installation's database, open for a command. Raises DatabaseOutdated, DatabaseNewer."""
    from engine.db import Database

    chosen.data.mkdir(parents=True, exist_ok=True)
    opened = Database(
        chosen.url,
        live_cases=chosen.live_cases,
        case_megabytes=chosen.case_megabytes,
        files=chosen.data / "files",
    )
    try:
        if checked:
            opened.check_version()
        yield opened
    finally:
        opened.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process. 0 good, 1 findings (the command says so itself), 2 could not be done."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        status = cli.main(arguments, prog_name="jiqun", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _end(error.format_message())
    except click.Abort:
        sys.exit(130)
    except JiqunError as error:
        _end(error.message)
    except Exception as error:
        if type(error).__name__ not in ("OperationalError", "DatabaseError", "ArgumentError", "NoSuchModuleError"):
            raise  # a fault of ours: its trace is what we need
        _end(f"数据库无法使用：{str(getattr(error, 'orig', error)).strip().splitlines()[0]}")
    sys.exit(status if isinstance(status, int) else 0)


def _end(message: str) -> None:
    click.echo("jiqun：" + " ".join(message.split()), err=True)
    sys.exit(2)
