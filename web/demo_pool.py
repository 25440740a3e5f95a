"""The demo's pool: thirty experts and six inspectors by their numbers, as demo_pool.toml tells of them."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import accounts, pool
from engine.models import Person, PoolMember
from engine.pool import Card

FILE = Path(__file__).with_name("demo_pool.toml")
CALLED = {"expert": "演示·专家", "inspector": "演示·抽查人员"}  # what people see, before the number


@lru_cache(maxsize=1)
def members() -> list[dict[str, Any]]:
    """Each member with the role it needs, and how it is called: 演示·专家01."""
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [
        {
            "first_day": told["first_day"],
            "last_day": None,
            "suspended": None,
            **each,
            "role": role,
            "called": f"{CALLED[role]}{number:02}",
        }
        for role in CALLED
        for number, each in enumerate(told[f"{role}s"], 1)
    ]


def fill(session: Session, bureau: str, officer: str) -> None:
    """Put the members who are not in the pool yet into it; their accounts are there."""
    actor = accounts.actor(session, accounts.by_name(session, officer))
    known = select(Person.name).join(PoolMember, PoolMember.person_id == Person.id)
    there = set(session.scalars(known.where(PoolMember.bureau_code == bureau)))
    for each in members():
        if each["name"] in there:
            continue
        card = Card(**{name: each[name] for name in ("fields", "employer", "division", "first_day", "last_day")})
        member = pool.add(session, actor, bureau, each["name"], kind=each["role"], card=card)
        if each["suspended"]:
            pool.suspend(session, actor, member.id, each["suspended"])
