"""Scripts in pydantic-monty: another Python, written in Rust, in worker processes that have nothing else to lose.

The only module that knows it, and loaded when the first script runs: it takes a third of a second.
"""

import os
import re
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pydantic_monty as library

from engine.scripts import workers
from engine.scripts.workers import Broke, TooLong

_LIMITS: Final = {
    "max_memory": workers.MEGABYTES * 2**20,
    "max_recursion_depth": workers.RECURSION,
    "max_suspensions": workers.SUSPENSIONS,
    "max_total_sleep_secs": 0,
}
_BEFORE: Final = """
from decimal import Decimal
def exact(number):
    if isinstance(number, (int, Decimal)):
        return Decimal(number)
    raise TypeError("unsupported operand type(s) for /")
"""
_COLLECTED: Final = """
__left = [__found]
__seen = 0
while __left:
    __one = __left.pop()
    __seen = __seen + 1 + (len(__one) // 16 if isinstance(__one, str) else 0)
    if __seen > 40000:
        raise OverflowError("too much")
    if isinstance(__one, dict):
        for __key in __one:
            __left.append(__key)
            __left.append(__one[__key])
    elif isinstance(__one, (list, tuple, set)):
        for __member in __one:
            __left.append(__member)
__found
"""
_SCRIPT: Final = "<python-input-1>"  # the second thing that a session is fed
_KIND: Final = re.compile(r"([A-Za-z.]+)(?:: (.*))?", re.DOTALL)


class Worker:
    """One process of its own pool, so that it is known which one a script's time is counted on."""

    def __init__(self) -> None:
        self.sound, before = True, _children()
        self._pool = library.Monty(
            binary_path=_binary(),
            min_processes=1,
            max_processes=1,
            checkout_timeout=workers.WAIT,
            request_timeout=workers.KILLED,
        )
        self._pool.__enter__()
        started = _children() - before
        self._pid = started.pop() if len(started) == 1 else None

    def run(
        self, text: str, given: Mapping[str, Any], wanted: frozenset[str], words: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """As workers.Worker: a session of its own for each script."""
        limits: Any = _LIMITS | {"max_feed_duration_secs": seconds}
        before, ended = workers.processor_time(self._pid), _ended()
        try:
            with self._pool.checkout(
                limits=limits,
                assert_message_annotations=False,
                os_policy={"sleep": "zero"},
            ) as session:
                session.feed_run(_BEFORE)
                session.feed_run(text, inputs=dict(given), external_lookup=dict(words), print_callback=_unheard)
                found: dict[str, Any] = session.feed_run(_collecting(wanted), print_callback=_unheard)
                return found
        except library.MontyCrashedError as crashed:
            if getattr(crashed, "timed_out", False):
                raise TooLong(None if before is None else _ended() - ended - before) from crashed
            self.sound = False
            raise Broke("MemoryError", "", None) from crashed
        except (library.MontyRuntimeError, library.MontySyntaxError) as error:
            kind, message = _told(error)
            after = workers.processor_time(self._pid)
            if kind == "TimeoutError":
                raise TooLong(None if before is None or after is None else after - before) from error
            frames = [frame.line for frame in error.traceback() if frame.filename == _SCRIPT]
            raise Broke(kind, message, frames[-1] if frames else None) from error
        except (library.MontyError, ValueError, TypeError, OverflowError) as error:  # what it gave is no value of ours
            raise Broke(type(error).__name__, str(error), None) from error

    def close(self) -> None:
        self._pool.__exit__(None, None, None)


def _collecting(wanted: frozenset[str]) -> str:
    """What gathers the names that are there, and refuses more than fits into a case before it leaves the worker."""
    lines = ["__found = {}"]
    for name in sorted(wanted):
        lines.append(f"try:\n    __found[{name!r}] = {name}\nexcept NameError:\n    pass")
    return "\n".join(lines) + _COLLECTED


def _told(error: Any) -> tuple[str, str]:
    found = _KIND.match(error.display("type-msg"))
    return (found[1], found[2] or "") if found else ("Exception", "")


def _unheard(*_printed: Any) -> None:
    """What a script prints is for nobody."""


def _binary() -> str | None:
    """The worker's program beside the library, where it was not installed into the environment's own scripts."""
    beside = Path(library.__file__).parents[1] / "bin" / "monty"
    installed = Path(sysconfig.get_path("scripts")) / "monty"
    return str(beside) if beside.is_file() and not installed.exists() else None


def _children() -> set[int]:
    """The processes of this kind that are ours, as far as the system tells."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            name, _, rest = stat.read_text(encoding="utf-8").rpartition(")")
            if "(monty" in name and int(rest.split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def _ended() -> float:
    """Processor seconds of all child processes that have ended."""
    used = os.times()
    return used.children_user + used.children_system
