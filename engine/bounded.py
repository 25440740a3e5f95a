"""A child process that may hang or burst without harm to this one: JSON goes in, a line of JSON comes out at a time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import IO, Any, Final, cast

MEGABYTES: Final = 1024  # address space of the child, where the platform can bound it
START_SECONDS: Final = 30.0  # until the child has loaded the engine, on a busy machine too

_ROOT = Path(__file__).parents[1]


def lines(child: str, given: Any, *, silent_seconds: float) -> Iterator[Any]:
    """What the child says, line by line, until it ends, dies, or is silent for so long that it is ended.

    `child` is a module with a function `main`, which reads `given` from standard input and says something as soon as
    it has begun; that line is not passed on. Raises RuntimeError where it does not begin.
    """
    command = [sys.executable, "-c", f"import {child} as child; child.main()"]
    started = False
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        watch = Timer(START_SECONDS, process.kill)
        watch.start()
        try:
            with suppress(BrokenPipeError), cast(IO[bytes], process.stdin) as taken:  # a dead child reads nothing
                taken.write(json.dumps(given).encode())
            for line in cast(IO[bytes], process.stdout):
                watch.cancel()
                watch = Timer(silent_seconds, process.kill)
                watch.start()
                if started:
                    yield json.loads(line)
                started = True
        finally:
            watch.cancel()
    if not started:
        raise RuntimeError("the child process did not start; its own words stand above")


def given() -> Any:
    """Within the child: what it was given. Says that it has begun."""
    taken = json.load(sys.stdin)
    say({})
    return taken


def say(answer: Any) -> None:
    """Within the child: one line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def bound_memory() -> None:
    """Let this process have no more than MEGABYTES of memory from now on, where the platform can see to it."""
    with suppress(ImportError):  # Windows has no such bound; the time limit stays
        import resource  # noqa: PLC0415

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        bound = MEGABYTES * 2**20 if most == resource.RLIM_INFINITY else min(most, MEGABYTES * 2**20)
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def bound_time(seconds: float) -> None:
    """Let this process use so many seconds more of the processor, where the platform can see to it."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, most))
