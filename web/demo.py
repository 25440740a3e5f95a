"""The demo's bureaus: organisations, an account for each role, and the regimes of the bureaus deployed."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import regime as regimes
from engine import accounts, bundle, deploying, organisations, passwords
from engine.access import ROLES
from engine.errors import Refused
from engine.models import Organisation, Person
from web import demo_pool

FILE = Path(__file__).with_name("demo.toml")
BUREAUS = Path(__file__).with_name("demo_bureaus")  # what has happened in each, a file for each
BY = "system"
PREFIX = "演示·"  # of the names that are shown


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
    told = plan()
    strangers = sorted(set(session.scalars(select(Person.name))) - _names())
    if strangers and not is_loaded(session):  # whoever was added to a demo since is part of it
        raise Refused(f"数据库中已有账号 {strangers[0]}：演示账号的密码是公开的，不能与正式账号并存")
    offices: dict[str, str] = {}
    for office in told["organisations"]:
        offices[office["code"]] = office["name"]
        if session.get(Organisation, office["code"]) is None:
            organisations.add(session, office["code"], office["name"], office["level"], office.get("parent"))
            if office.get("western"):
                organisations.mark(session, office["code"], western=True, special=False)
    present = set(session.scalars(select(Person.name)))
    for account in told["accounts"]:
        if account["name"] in present:
            continue
        title = account.get("called") or f"{PREFIX}{ROLES[account['role']]}"
        person = accounts.add(session, account["name"], display_name=title, by=BY)
        accounts.grant(session, person, account["role"], account["organisation"], by=BY)
        accounts.set_password(session, person, told["password"], by=BY)
    demo_pool.fill(session)
    for name in bundle.regimes():
        if regimes.shipped(name).bureau in offices:
            deploying.deploy(session, name, bundle.shipped(name), by=BY)
    return [
        Account(account["name"], told["password"], f"{offices[account['organisation']]}·{ROLES[account['role']]}")
        for account in told["accounts"]
    ]


def is_loaded(session: Session) -> bool:
    """Whether this is a demo: pages then say so. Cheap enough to be asked for every page."""
    query = select(Person.id).where(Person.name.in_(_names()), Person.display_name.startswith(PREFIX))
    return session.scalar(query.limit(1)) is not None


def open_accounts(session: Session) -> list[str]:
    """The demo accounts with which anybody could sign in, for their password is public."""
    query = select(Person).where(Person.name.in_(_names()), Person.disabled_at.is_(None)).order_by(Person.name)
    return [each.name for each in session.scalars(query) if passwords.verify(each.password_hash, plan()["password"])]


def require_none(session: Session) -> None:
    """Nothing, in a database where no demo account can sign in. Raises Refused with the way out."""
    found = open_accounts(session)
    if found:
        raise Refused(
            f"JIQUN_PRODUCTION 已设为正式运行，但演示账号 {'、'.join(found)} 仍可用公开的密码登录；"
            "请以 jiqun user disable NAME 逐一停用，或改用没有演示数据的数据库"
        )


@lru_cache(maxsize=1)
def plan() -> dict[str, Any]:
    """What demo.toml tells, the accounts of those in the pools, and `bureaus`: the story of each, with all it needs."""
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))
    stories = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(BUREAUS.glob("*.toml"))]
    clusters = {key: story.get("region", {}) | each for story in stories for key, each in story["clusters"].items()}
    bureaus = [_bureau(told, story) for story in stories]
    return {**told, "accounts": [*told["accounts"], *demo_pool.members()], "clusters": clusters, "bureaus": bureaus}


def below(bureau: str) -> set[str]:
    """The codes of a bureau and of the organisations below it."""
    found = {bureau}
    for office in plan()["organisations"]:  # each stands behind the one above it
        if office.get("parent") in found:
            found.add(office["code"])
    return found


def _bureau(told: Mapping[str, Any], story: Mapping[str, Any]) -> dict[str, Any]:
    """A bureau's story over what all of them say and write."""
    said, own = told["answers"], story["answers"]
    answers = {name: said.get(name, {}) | own.get(name, {}) for name in [*said, *own]}
    return {**story, "answers": answers, "application": told["application"] | story.get("application", {})}


def _names() -> set[str]:
    return {account["name"] for account in plan()["accounts"]}
