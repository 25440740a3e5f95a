"""Drafts at an office with two owners: opened, saved, and what stands in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from engine import bundle, deploying, deployments, lint
from engine.db import Database
from engine.models import BundleDraft
from engine.workshop import drafts, findings
from tests import samples
from tests.clock import StandingClock
from tests.integration import desk
from tests.integration.desk import Desk
from tests.integration.reader import Reader, reader, signed_in
from tests.office import BUREAU, REGIME

LETTER, WORDS = "letters/urged.txt", "【催办】{{办件标题}}\n\n请即办理。\n".encode()
OTHER_WORDS = "【催办】{{办件标题}}\n\n请尽快。\n".encode()


@contextmanager
def nothing_found() -> Iterator[None]:
    """What the check finds is tested elsewhere; it takes a second each time."""
    with patch.object(lint, "problems", return_value=[]):
        yield
    findings.forget()


def as_(at: Desk, name: str) -> Reader:
    """Somebody at a browser."""
    return reader(at.app, signed_in(at.database, name))


def furnished(database: Database, clock: StandingClock, data: Path) -> Desk:
    """An office with a second owner."""
    clock.move_to(samples.MOMENT)
    made = desk.furnish(database, data / "data")
    made.engage("owner2", "process_owner", BUREAU)
    return made


def opened(at: Desk, title: str = "通知更简明", who: str = "owner") -> str:
    """The address of a new draft."""
    answer = as_(at, who).post("/workshop", {"regime": REGIME, "title": title})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def put(reader: Reader, address: str, content: bytes, **headers: str) -> Any:
    given = {"Accept": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return reader.send("PUT", address, data=content, headers=given)


def save(at: Desk, draft: str, path: str = LETTER, content: bytes = WORDS, who: str = "owner") -> str:
    """Save a file whatever stands there; answers its ETag."""
    reader = as_(at, who)
    before = reader.get(f"{draft}/files/{path}")
    seen = {"If_Match": before.headers["ETag"]} if before.status_code == 200 else {"If_None_Match": "*"}
    saved = put(reader, f"{draft}/files/{path}", content, **seen)
    assert saved.status_code == 200, saved.get_data(as_text=True)
    return str(saved.headers["ETag"])


def current(at: Desk) -> bundle.Files:
    with at.database.read() as session:
        return deployments.deployed(session, deployments.current(session, REGIME).id).files


def files(at: Desk) -> dict[str, bytes]:
    """Those of the newest draft."""
    newest = select(BundleDraft).order_by(BundleDraft.id.desc()).limit(1)
    with at.database.read() as session:
        return drafts.files(session, session.scalars(newest).one())


def deploy(at: Desk, **changed: bytes) -> None:
    """The next deployment, by the command line, with other words in some letters."""
    with at.database.write() as session:
        new = {**current(at), **{f"letters/{name}.txt": content for name, content in changed.items()}}
        deploying.deploy(session, REGIME, new, by="operator")
