"""The few worker processes in which scripts run: started when one runs, handed out one at a time, replaced."""

import atexit
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

SECONDS: Final = 0.25  # a script's processor time, and at first the time it is waited for
PATIENCE: Final = 0.9  # seconds it is waited for on a machine that had no time for it
KILLED: Final = 1.0  # seconds after which a worker that answers nothing is killed
MEGABYTES: Final = 32
RECURSION: Final = 100
SUSPENSIONS: Final = 20  # calls of words, and names looked up
MOST: Final = max(2, os.cpu_count() or 1)
WAIT: Final = 5.0  # seconds for a free worker
RUNS: Final = 5000  # of one worker, then it is replaced


class Broke(Exception):
    """A script stopped at an error: its kind as Python names it, its words, and the line, where known."""

    def __init__(self, kind: str, message: str, line: int | None) -> None:
        super().__init__(message)
        self.kind, self.message, self.line = kind, message, line


class TooLong(Exception):
    """A script was stopped for its time. `processor` is what it used in seconds; None where nobody can tell."""

    def __init__(self, processor: float | None) -> None:
        super().__init__(processor)
        self.processor = processor


class Lost(Exception):
    """The worker died, and not of the script."""


class Worker(Protocol):
    """A process that runs scripts one after the other, and keeps nothing of them."""

    sound: bool  # may be used again

    def run(
        self, text: str, given: Mapping[str, Any], wanted: frozenset[str], words: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """The values of the wanted names that there are in the end. Raises Broke, TooLong, Lost."""

    def close(self) -> None:
        """The process ends."""


class Workers:
    """Up to MOST workers of one kind. One that failed in any way but `Broke` is not used again."""

    def __init__(self, made: Callable[[], Worker], tries: tuple[float, ...]) -> None:
        self._made = made
        self.tries = tries  # seconds that a script is waited for, and again when the machine had no time for it
        self._free: list[tuple[Worker, int]] = []  # with the runs it has behind it
        self._lock = threading.Lock()
        self._room = threading.Semaphore(MOST)
        self._process = os.getpid()  # a pool used by a forked child would corrupt both
        atexit.register(self.close)

    @property
    def mine(self) -> bool:
        return self._process == os.getpid()

    @contextmanager
    def one(self) -> Iterator[Worker]:
        """A worker for one run. Raises TimeoutError when all are busy for too long."""
        if not self._room.acquire(timeout=WAIT):
            raise TimeoutError
        try:
            with self._lock:  # one start at a time: a new process is known by being new
                worker, runs = self._free.pop() if self._free else (self._made(), 0)
            try:
                yield worker
            except Broke:
                self._back(worker, runs + 1)
                raise
            except BaseException:
                worker.close()
                raise
            self._back(worker, runs + 1)
        finally:
            self._room.release()

    def close(self) -> None:
        """All free workers end; nothing where a fork left us with those of another process."""
        if self.mine:
            with self._lock:
                free, self._free = self._free, []
            for worker, _ in free:
                with suppress(OSError):
                    worker.close()

    def _back(self, worker: Worker, runs: int) -> None:
        if runs < RUNS and worker.sound:
            with self._lock:
                self._free.append((worker, runs))
        else:
            worker.close()


def processor_time(pid: int | None) -> float | None:
    """Seconds of processor time that a process has used so far; None where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return None
