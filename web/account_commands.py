"""Commands about people: organisations, accounts, offices, passwords, tokens."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from web import cli

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# ruff: noqa: PLC0415  # each command imports what it needs when it runs

BY = "system"  # whoever may run commands on this machine


@click.group()
def organisation() -> None:
    """机构。"""


@organisation.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--level", required=True, help="ministry、province、city、county、park")
@click.option("--parent", help="上级机构的代码")
def add_organisation(code: str, name: str, level: str, parent: str | None) -> None:
    """新增代码为 CODE、名称为 NAME 的机构。CODE 为六位行政区划代码，同一区划的第二个机构加 -01。"""
    from engine import organisations

    with _writing() as session:
        organisations.add(session, code, name, level, parent)


@organisation.command("mark")
@click.argument("code")
@click.option("--western", is_flag=True, help="西部地区：推荐时可以适当放宽")
@click.option("--special", is_flag=True, help="计划单列市、新疆生产建设兵团：推荐数量另定")
def mark_organisation(code: str, western: bool, special: bool) -> None:
    """标记省级主管部门 CODE；不写选项的，取消标记。"""
    from engine import organisations

    with _writing() as session:
        organisations.mark(session, code, western=western, special=special)


@organisation.command("list")
def list_organisations() -> None:
    """列出机构。"""
    from engine import organisations

    with _writing() as session:
        rows = [
            {"code": each.code, "name": each.name, "level": each.level, "parent": each.parent_code}
            | {"western": each.western, "special": each.special}
            for each in organisations.listed(session)
        ]
    _print(rows)


@click.group()
def user() -> None:
    """账号。"""


@user.command()
@click.argument("name")
@click.option("--role", required=True, help="岗位，如 county_officer")
@click.option("--organisation", required=True, metavar="CODE", help="机构代码")
@click.option("--display-name", default="", help="显示名称")
@click.option("--password-stdin", "given", flag_value="stdin", help="从标准输入读取密码")
@click.option("--no-password", "given", flag_value="none", help="不设密码，只使用令牌")
def add(name: str, role: str, organisation: str, display_name: str, given: str | None) -> None:
    """新增账号 NAME，授予岗位，并显示一次性密码；首次登录后须改为自己的密码。"""
    from engine import accounts

    password = _password() if given == "stdin" else None
    once = ""
    with _writing() as session:
        person = accounts.add(session, name, display_name=display_name, by=BY)
        accounts.grant(session, person, role, organisation, by=BY)
        if password is not None:
            accounts.set_password(session, person, password, by=BY)
        elif given is None:
            once = accounts.issue_password(session, person, by=BY)
    click.echo(f"已新增账号 {name}" + ("；一次性密码如下，只显示这一次" if once else ""), err=True)
    if once:
        click.echo(once)


@user.command()
@click.argument("name")
@click.option("--role", required=True, help="岗位")
@click.option("--organisation", required=True, metavar="CODE", help="机构代码")
def grant(name: str, role: str, organisation: str) -> None:
    """授予账号 NAME 又一个岗位；其登录会话随即失效。"""
    from engine import accounts

    with _writing() as session:
        accounts.grant(session, accounts.by_name(session, name), role, organisation, by=BY)


@user.command()
@click.argument("name")
@click.option("--role", required=True, help="岗位")
@click.option("--organisation", required=True, metavar="CODE", help="机构代码")
def withdraw(name: str, role: str, organisation: str) -> None:
    """收回账号 NAME 的一个岗位；其登录会话随即失效。"""
    from engine import accounts

    with _writing() as session:
        accounts.withdraw(session, accounts.by_name(session, name), role, organisation, by=BY)


@user.command()
@click.argument("name")
@click.option("--withdraw", "ends", is_flag=True, help="收回授权")
def accredit(name: str, ends: bool) -> None:
    """授权流程管理人员 NAME 部署带脚本的流程；--withdraw 收回授权，已部署的不变。"""
    from engine import accounts, accreditation

    with _writing() as session:
        person = accounts.by_name(session, name)
        if ends:
            accreditation.withdraw(session, person, by=BY)
        else:
            accreditation.grant(session, person, by=BY)


@user.command("password")
@click.argument("name")
@click.option("--one-time", is_flag=True, help="不读取密码，改为显示一个一次性密码")
def set_password(name: str, one_time: bool) -> None:
    """从标准输入读取账号 NAME 的新密码；其登录会话随即失效。"""
    from engine import accounts

    password = "" if one_time else _password()
    with _writing() as session:
        person = accounts.by_name(session, name)
        if one_time:
            password = accounts.issue_password(session, person, by=BY)
        else:
            accounts.set_password(session, person, password, by=BY)
    if one_time:
        click.echo(password)


@user.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, default=("read", "act"), show_default=True, help="read、act、admin")
@click.option("--days", type=int, default=90, show_default=True, help="有效天数")
@click.option("--label", default="", help="用途")
def token(name: str, scopes: tuple[str, ...], days: int, label: str) -> None:
    """给账号 NAME 发放接口令牌。令牌只显示这一次。"""
    from engine import accounts, sign_ins

    with _writing() as session:
        person = accounts.by_name(session, name)
        issued = sign_ins.issue_token(session, person, frozenset(scopes), days=days, label=label, by=BY)
    click.echo(issued)


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """停用账号 NAME：会话与令牌立即失效。账号不删除，办理记录仍指向它。"""
    from engine import accounts

    with _writing() as session:
        accounts.disable(session, accounts.by_name(session, name), by=BY)


@user.command("list")
def list_users() -> None:
    """列出账号及其岗位。"""
    from engine import accounts

    with _writing() as session:
        rows = [
            {
                "name": person.name,
                "display_name": person.display_name,
                "disabled": person.disabled_at is not None,
                "roles": [{"role": office.role, "organisation": office.organisation_code} for office in offices],
            }
            for person, offices in accounts.listed(session)
        ]
    _print(rows)


@contextmanager
def _writing() -> "Iterator[Session]":
    with cli.database(cli.settings()) as database, database.write() as session:
        yield session


def _password() -> str:
    return sys.stdin.readline(1000).rstrip("\r\n")


def _print(rows: Sequence[Mapping[str, object]]) -> None:
    click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
