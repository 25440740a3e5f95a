"""The demo bureau: organisations, an account a role, and the regime of the bureau deployed."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import regime as regimes
from engine import accounts, bundle, deployments, organisations
from engine.access import ROLES
from engine.errors import Refused
from engine.models import Organisation, Person

FILE = Path(__file__).with_name("demo.toml")
BY = "system"


@dataclass(frozen=True)
class Account:
    """A demo account, as it is told to whoever tries the program."""

    name: str
    password: str
    title: str  # role and office, in Chinese


def load(session: Session) -> list[Account]:
    """The demo accounts, made if they are not there. Raises Refused in a database that has other accounts.

    Their password is public, so they must never stand beside real ones.
    """
    plan = tomllib.loads(FILE.read_text(encoding="utf-8"))
    names = {account["name"] for account in plan["accounts"]}
    strangers = sorted(set(session.scalars(select(Person.name))) - names)
    if strangers:
        raise Refused(f"数据库中已有账号 {strangers[0]}：演示账号的密码是公开的，不能与正式账号并存")
    offices: dict[str, str] = {}
    for office in plan["organisations"]:
        offices[office["code"]] = office["name"]
        if session.get(Organisation, office["code"]) is None:
            organisations.add(session, office["code"], office["name"], office["level"], office.get("parent"))
    present = set(session.scalars(select(Person.name)))
    for account in plan["accounts"]:
        if account["name"] in present:
            continue
        title = f"演示·{ROLES[account['role']]}"
        person = accounts.add(session, account["name"], display_name=title, by=BY)
        accounts.grant(session, person, account["role"], account["organisation"], by=BY)
        accounts.set_password(session, person, plan["password"], by=BY)
    for name in bundle.regimes():
        if regimes.shipped(name).bureau in offices:
            deployments.deploy(session, name, bundle.shipped(name), by=BY)
    return [
        Account(account["name"], plan["password"], f"{offices[account['organisation']]}·{ROLES[account['role']]}")
        for account in plan["accounts"]
    ]
