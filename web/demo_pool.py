"""The demo's pools: experts and inspectors of each office by their numbers, as demo_pool.toml tells of them."""

import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import accounts, pool
from engine.models import Person, PoolMember
from engine.pool import Card

FILE = Path(__file__).with_name("demo_pool.toml")
CALLED = {"expert": "专家", "inspector": "抽查人员"}  # what people see, before the number
UNSAID = {"division": "", "last_day": None, "suspended": None}


@lru_cache(maxsize=1)
def members() -> list[dict[str, Any]]:
    """Each member with office and role, and how it is called: 演示·专家01."""
    return [member for told in _pools() for role in CALLED for member in _of(told, role)]


def fill(session: Session) -> None:
    """Put the members who are not in their pool yet into it; their accounts are there."""
    known = select(Person.name).join(PoolMember, PoolMember.person_id == Person.id)
    there = set(session.scalars(known))
    for told in _pools():
        actor = accounts.actor(session, accounts.by_name(session, told["officer"]))
        for each in [member for role in CALLED for member in _of(told, role) if member["name"] not in there]:
            card = Card(**{name: each[name] for name in ("fields", "employer", "division", "first_day", "last_day")})
            member = pool.add(session, actor, told["office"], each["name"], kind=each["role"], card=card)
            if each["suspended"]:
                pool.suspend(session, actor, member.id, each["suspended"])


def _pools() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["pools"]
    return found


def _of(told: dict[str, Any], role: str) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(told.get(f"{role}s", ()), 1):
        called = f"{told['called']}{CALLED[role]}{number:02}"
        held = {"role": role, "organisation": told["office"], "called": called}
        yield {**UNSAID, "first_day": told["first_day"], **each, **held}
