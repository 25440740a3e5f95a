"""Refusals: what each of them has to say, and that not a row has changed behind it."""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.columns import Base
from engine.db import Database
from tests.integration.http import PROBLEM

CHINESE = re.compile("[\u4e00-\u9fff]")

Fingerprint: TypeAlias = dict[str, str]


def fingerprint(database: Database, *without: str) -> Fingerprint:
    """A hash of the contents of every table but these."""
    with database.read() as session:
        return {
            name: hashlib.sha256(repr(sorted(map(repr, session.execute(select(table))))).encode()).hexdigest()
            for name, table in Base.metadata.tables.items()
            if name not in without
        }


def refused(
    database: Database,
    ask: Callable[[], TestResponse],
    expected: tuple[int, str],
    *,
    problem: tuple[str, str] | None = None,
    says: Sequence[str] = (),
    allowed: Sequence[str] = (),
) -> dict[str, Any]:
    """The problem document that answers `ask`, once it is seen that it is one and that the tables are as before.

    `expected` is status and code, `problem` the first one's field and code, `says` are pieces of its sentences;
    `allowed` are tables that may change, where the law of the house asks for it.
    """
    before = fingerprint(database, *allowed)
    answer = ask()
    assert fingerprint(database, *allowed) == before
    assert answer.content_type == PROBLEM, answer.get_data(as_text=True)
    told: dict[str, Any] = answer.get_json()
    assert (answer.status_code, told["status"], told["code"]) == (expected[0], *expected), told
    assert told["type"] == f"urn:jiqun:problem:{expected[1]}"
    problems = told.get("problems", [])
    if problem:
        assert (problems[0]["field"], problems[0]["code"]) == problem, told
    sentences = [told["title"], told["detail"], *(each["message"] for each in problems)]
    assert all(CHINESE.search(sentence) for sentence in sentences)
    assert [piece for piece in says if piece not in "\n".join(sentences)] == []
    assert (answer.status_code == 401) == ("WWW-Authenticate" in answer.headers)
    return told
