"""A life of a server, as a test asks for it: where its things are, what time it is, and how it dies."""

import json
import os
import re
import select
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KILLED = "killed: "  # and then where, in the log
READY = re.compile(r"http://127\.0\.0\.1:(\d+)")  # what the server says once it listens

POINTS = (
    "the diagram has run, nothing is kept",
    "the state is kept, the record is not",
    "a letter is in the outbox",
    "the record begins",
    "the record is kept",
    "before the commit",
    "after the commit",
    "the worker acts on a case",
)
BUGS = ("two transactions", "no lock", "no idempotency")


@dataclass(frozen=True)
class Life:
    """One server: where its things are, what time it begins, and how it dies.

    With `point` it kills itself there with `chance`; otherwise it lives until it is killed or told to stop.
    """

    database: str
    data: str
    log: str
    ahead_seconds: float  # how far its clock is from the real one
    point: str = ""
    chance: float = 0.0
    bug: str = ""
    seed: int = 0


class Launcher:
    """The launcher, as the test holds it."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JIQUN_")}
        environment |= {"PYTHONPATH": str(ROOT), "JIQUN_TICK_SECONDS": "1"}
        command = [sys.executable, "-m", "tests.faults.server"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)

    def start(self, life: Life) -> int:
        """Begin a life; answers the server's port once it listens, 0 if it died before."""
        Path(life.log).touch()
        self._say(json.dumps(asdict(life)))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            said = READY.search(Path(life.log).read_text(encoding="utf-8", errors="replace"))
            if said:
                return int(said[1])
            if self.over(0.01):
                return 0
        raise AssertionError(f"the server did not start: {Path(life.log).read_text(encoding='utf-8')[-2000:]}")

    def over(self, seconds: float) -> bool:
        """Whether the life has ended, waiting for it so long."""
        assert self._process.stdout
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def ended(self) -> int:
        """How the life ended: the signal that ended it, or 0. Waits for it."""
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def stop(self) -> int:
        """Ask the server to leave, as an operator does; answers as `ended`."""
        self._say("stop")
        return self.ended()

    def kill(self) -> None:
        """Kill the server; one that has just died stays as dead."""
        self._say("kill")

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
