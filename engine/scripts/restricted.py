"""Scripts in RestrictedPython, for platforms without pydantic-monty's wheel: bounded processes, one for each script.

The language alone would not hold: it is the process that has no files, no memory and no time. It needs a system that
can fork. What runs in the process is `child.py`.
"""

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, cast

from engine.scripts import child, reading, workers
from engine.scripts.workers import Broke, Lost, TooLong

_PROGRAM = Path(child.__file__)
_STATUS = struct.Struct(">id")  # how a child ended, and the processor seconds it used
_TIME_IS_UP = (signal.SIGPROF, signal.SIGXCPU)


class Worker:
    """A process that forks for each script; it is started without an environment, and without our packages."""

    def __init__(self) -> None:
        found = find_spec("RestrictedPython")
        if found is None or not found.submodule_search_locations or not hasattr(os, "fork"):
            raise RuntimeError("RestrictedPython needs to be installed, and a system that can fork")
        folder = str(Path(found.submodule_search_locations[0]).parent)
        self._status, told = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603  # ours
            [sys.executable, "-I", str(_PROGRAM), folder, str(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            pass_fds=(told,),
            start_new_session=True,  # so that it is ended with the children it has
        )
        os.close(told)
        self._given, self._out = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        self._data = b""
        self.sound = True

    def run(
        self, text: str, given: Mapping[str, Any], wanted: frozenset[str], words: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """As workers.Worker: a process of its own for each script."""
        asked = {
            "text": text,
            "given": child.packed(dict(given)),
            "wanted": sorted(wanted),
            "words": sorted(words),
            "methods": sorted(reading.METHODS),
            "functions": sorted(reading.FUNCTIONS),
            "megabytes": workers.MEGABYTES,
            "seconds": workers.SECONDS,
            "recursion": workers.RECURSION,
            "suspensions": workers.SUSPENSIONS,
        }
        try:
            told, ended, used = self._exchanged(asked, words, time.monotonic() + seconds)
        except (EOFError, OSError, ValueError) as error:  # it speaks no longer, or strangely
            self.sound = False
            raise Lost from error
        if os.WIFSIGNALED(ended) and os.WTERMSIG(ended) in _TIME_IS_UP:
            raise TooLong(used)
        if "found" in told and ended == 0:
            found: dict[str, Any] = child.unpacked(told["found"])
            return found
        raise Broke(str(told.get("broke", "MemoryError")), str(told.get("message", "")), told.get("line"))

    def _exchanged(
        self, asked: Mapping[str, Any], words: Mapping[str, Any], until: float
    ) -> tuple[Mapping[str, Any], int, float]:
        """What the child said last, how it ended and the time it used. Raises TooLong, EOFError."""
        self._given.write(child.framed(asked))
        self._given.flush()
        told: Mapping[str, Any] = {}
        out = self._out.fileno()
        while True:
            ready, _, _ = select.select([out, self._status], [], [], max(0, until - time.monotonic()))
            if not ready:
                self._kill()
                raise TooLong(0.0)  # its processor time was not up: that would have ended it before
            if out in ready:
                for frame in self._frames():
                    if "call" in frame:
                        self._given.write(child.framed(_answered(words, frame)))
                        self._given.flush()
                    else:
                        told = frame
                continue
            status = os.read(self._status, _STATUS.size)
            if not status:
                raise EOFError
            if self._data:  # half a frame of one that was killed
                self.sound = False
            ended, used = _STATUS.unpack(status)
            return told, ended, used

    def _frames(self) -> list[dict[str, Any]]:
        """The frames that are whole by now."""
        more = os.read(self._out.fileno(), 2**20)
        if not more:
            raise EOFError
        self._data += more
        found = []
        while len(self._data) >= 4:
            (length,) = struct.unpack(">I", self._data[:4])
            if length > 2**24:
                raise EOFError
            if len(self._data) < 4 + length:
                break
            found.append(json.loads(self._data[4 : 4 + length]))
            self._data = self._data[4 + length :]
        return found

    def _kill(self) -> None:
        self.sound = False
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        self._kill()
        self._process.wait()
        os.close(self._status)
        for pipe in (self._given, self._out):
            with suppress(OSError):  # what was still to be written goes nowhere
                pipe.close()


def _answered(words: Mapping[str, Any], frame: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": child.packed(words[frame["call"]](*child.unpacked(frame["arguments"])))}
    except (ValueError, TypeError, LookupError) as error:
        return {"failed": str(error)}
