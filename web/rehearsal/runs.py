"""Rehearsals from the browser: each is a folder in the data folder and a process of its own, one at a time.

A run holds a lock as long as it lives; the system takes it back however the process ends. So a run that says it is
under way while nobody holds the lock has been killed.
"""

import base64
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL

from engine import bundle, clock
from engine.errors import NotFound, Refused
from web.rehearsal.run import APPLICATIONS, FILE, Asked
from web.rehearsal.scenario import Scenario
from web.wording import N_, _

FOLDER: Final = "rehearsals"  # in the data folder
LINES, LETTERS = "lines.jsonl", "letters.txt"
STARTS: Final = timedelta(seconds=60)  # within which a process takes the lock
UNDER_WAY: Final = ("starting", "running")
DIFFERENCES, CASES = "differences.json", "cases.json"
_FILES: Final = "files.json"
_ASKED, _STATE, _OUTCOME, _CANCEL = "asked.json", "state.json", "outcome.json", "cancel"
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """One rehearsal: what was asked, how far it is, and what it came to."""

    number: int
    folder: Path
    regime: str
    title: str
    bureau: str
    first: date
    last: date
    clusters: int | None  # None: a copy of the live data
    seed: int
    words: Mapping[str, str]
    by: str
    asked_at: datetime
    state: str = "starting"  # running, done, cancelled, failed; killed: it ended without a word
    share: float = 0.0
    lines: int = 0
    why: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)
    draft: int | None = None  # beside whose files those in force are rehearsed
    files: str = ""  # the hash of these files

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY

    def differences(self) -> list[dict[str, Any]]:
        """What the year has otherwise with the draft."""
        return list(_read(self.folder / DIFFERENCES).get("differences", []))

    def cases(self) -> list[dict[str, Any]]:
        """The cases that it lived to their end, as examples."""
        return list(_read(self.folder / CASES).get("cases", []))

    def told(self) -> Iterator[dict[str, Any]]:
        """Its lines so far."""
        file = self.folder / LINES
        if file.is_file():
            with file.open(encoding="utf-8") as lines:
                yield from (json.loads(line) for line in lines if line.endswith("\n"))


def listed(data: Path) -> list[Run]:
    """All that there are, newest first."""
    found = []
    for number in _numbers(data / FOLDER):
        with suppress(NotFound):
            found.append(find(data, number))
    return found


def find(data: Path, number: int) -> Run:
    """Raises NotFound."""
    folder = data / FOLDER / str(number)
    asked = _read(folder / _ASKED)
    if not asked:
        raise NotFound(_("没有这次推演，或者已经删除"))
    first, last = date.fromisoformat(asked.pop("first")), date.fromisoformat(asked.pop("last"))
    at = datetime.fromisoformat(asked.pop("asked_at"))
    state = _read(folder / _STATE)
    if state.get("state") in UNDER_WAY and not _is_running(folder, at):
        state = _read(folder / _STATE)  # it may have come to its end between the two looks
        if state.get("state") in UNDER_WAY:
            state["state"] = "killed"
    outcome = _read(folder / _OUTCOME)
    return Run(number, folder, **asked, first=first, last=last, asked_at=at, **state, outcome=outcome)


def of_draft(data: Path, draft_id: int) -> Run | None:
    """The newest year of a draft beside what is in force."""
    return next((run for run in listed(data) if run.draft == draft_id), None)


def start(data: Path, asked: Asked, *, title: str, bureau: str, by: str, url: URL, draft: int | None = None) -> int:
    """Begin a rehearsal in a process of its own; answers its number. Raises Refused while another one is under way.

    `url` is of the live database: its copy is made of it, or the rules as they are deployed there. With a `draft` the
    files of `asked` are hers, and the same is lived through with those in force as well.
    """
    asked.require()
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):  # two who press the button at once: the second one finds the first one's run
        there = _numbers(folder)
        if there and _is_starting(folder / str(there[0]), _read(folder / str(there[0]) / _ASKED).get("asked_at")):
            raise Refused(_(_BUSY))
        _clear(folder)
        number = there[0] + 1 if there else 1
        own = folder / str(number)
        own.mkdir()
        about = {"regime": asked.regime, "title": title, "bureau": bureau, "clusters": asked.clusters, "by": by}
        told = {"seed": asked.scenario.seed, "words": dict(asked.scenario.words)}
        dates = {"first": asked.first.isoformat(), "last": asked.last.isoformat(), "asked_at": asked.since.isoformat()}
        if asked.files is not None:
            about |= {"draft": draft, "files": bundle.content_hash(asked.files)}
            texts = {name: base64.b64encode(content).decode() for name, content in asked.files.items()}
            write(own, _FILES, texts)
        write(own, _ASKED, {**about, **told, **dates})
        write(own, _STATE, {"state": "starting"})
    _begin(own, url)
    return number


def cancel(run: Run) -> None:
    """Let it end at its next moment. What has ended stays as it is."""
    if run.under_way:
        (run.folder / _CANCEL).touch()


def delete(run: Run) -> None:
    """Take it away with all its files. Raises Refused while it is under way."""
    if run.under_way:
        raise Refused(_("推演还在进行，请先取消"))
    shutil.rmtree(run.folder)


def forget(data: Path, days: int) -> None:
    """Take away what is older than so many days, and what killed ones left of their copies."""
    folder = data / FOLDER
    if folder.is_dir():
        with suppress(Refused), alone(folder):
            _clear(folder)
    for run in listed(data):
        if not run.under_way and run.asked_at < clock.now() - timedelta(days=days):
            delete(run)


# ---- within the process of the run --------------------------------------------------------------


def asked_of(folder: Path) -> Asked:
    """What the run in this folder is to do."""
    told, texts = _read(folder / _ASKED), _read(folder / _FILES)
    files = {name: base64.b64decode(text) for name, text in texts.items()} or None
    return Asked(
        regime=told["regime"],
        first=date.fromisoformat(told["first"]),
        last=date.fromisoformat(told["last"]),
        clusters=told["clusters"],
        scenario=Scenario(told["seed"], told["words"]),
        since=datetime.fromisoformat(told["asked_at"]),
        files=files,
        applications=APPLICATIONS if files else 0,
    )


def say(folder: Path, state: str, share: float = 0.0, lines: int = 0, why: str = "") -> None:
    """How far it is."""
    write(folder, _STATE, {"state": state, "share": share, "lines": lines, "why": why})


def keep(folder: Path, outcome: Mapping[str, Any]) -> None:
    """What it came to."""
    write(folder, _OUTCOME, outcome)


def is_cancelled(folder: Path) -> bool:
    """Whether somebody wants it to end."""
    return (folder / _CANCEL).exists()


def write(folder: Path, name: str, told: Mapping[str, Any]) -> None:
    """Whole or not at all: a reader finds the file of before, or this one."""
    part = folder / f"{name}.part"
    part.write_text(json.dumps(dict(told), ensure_ascii=False), encoding="utf-8")
    part.replace(folder / name)


@contextmanager
def alone(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of all runs. Raises Refused where somebody else holds it."""
    connection = sqlite3.connect(folder / "lock.sqlite", timeout=wait, isolation_level=None)
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise Refused(_(_BUSY)) from error
        yield
    finally:
        connection.close()


def _begin(folder: Path, url: URL) -> None:
    command = [sys.executable, "-m", "web.rehearsal.child"]
    with (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603  # ours
            command,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,  # Ctrl-C at the server is not meant for it
        )
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(Path(url.database).resolve()))  # the process stands in another folder
    source = url.render_as_string(hide_password=False)
    told = json.dumps(
        {"folder": str(folder.resolve()), "url": source}
    ).encode()  # not as an argument: all could read it
    threading.Thread(target=process.communicate, args=(told,), daemon=True).start()  # and it leaves no zombie


def _clear(folder: Path) -> None:
    """Take away the scratch databases. Whoever calls it holds the lock, so nobody works in one."""
    for left in folder.glob(f"*/{FILE}*"):
        left.unlink()


def _numbers(folder: Path) -> list[int]:
    """The runs that there are, newest first."""
    there = folder.iterdir() if folder.is_dir() else ()
    return sorted((int(each.name) for each in there if each.name.isdigit()), reverse=True)


def _is_running(folder: Path, asked_at: datetime) -> bool:
    """Whether its process lives, or may yet begin. Only the newest run can be the one that holds the lock."""
    if _numbers(folder.parent)[0] != int(folder.name):
        return False
    try:
        with alone(folder.parent):
            return _is_starting(folder, asked_at.isoformat())
    except Refused:
        return True


def _is_starting(folder: Path, asked_at: str | None) -> bool:
    begun = _read(folder / _STATE).get("state") == "starting" and asked_at is not None
    return begun and clock.now() < datetime.fromisoformat(str(asked_at)) + STARTS


def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


_BUSY = N_("已有一次推演正在进行；请等它结束，或先取消它")
