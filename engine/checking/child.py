"""The child in which a bundle is walked and its examples are run: it may hang or burst, and is told as a finding."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from engine import bounded
from engine.bundle import Files

SILENT_SECONDS: Final = 120.0  # of the clock on the wall: a machine may be busy
CPU_SECONDS: Final = 20.0  # of the processor's time, for one process or example

Told = Callable[[int, int], object]


def answers(files: Files, asked: Sequence[tuple[str, str]], told: Told = lambda _done, _of: None) -> list[Any]:
    """What became of each `("process", id)`, `("paths", id)`, `("example", file)`; None where the child died of it.

    `told` hears how many are done. `files` are without errors of the lint.
    """
    texts = {name: base64.b64encode(content).decode() for name, content in files.items()}
    found: list[Any] = []
    while len(found) < len(asked):
        waiting = [list(each) for each in asked[len(found) :]]
        for answer in bounded.lines(__name__, {"files": texts, "asked": waiting}, silent_seconds=SILENT_SECONDS):
            found.append(answer)
            told(len(found), len(asked))
        if len(found) < len(asked):
            found.append(None)
    return found


def main() -> None:
    """Answer on standard output what is asked on standard input."""
    bounded.bound_memory()
    from engine import exploring  # noqa: PLC0415
    from engine.checking import examples, smoke  # noqa: PLC0415  # inside the bound, and before the clock runs

    given = bounded.given()
    files = {name: base64.b64decode(text) for name, text in given["files"].items()}
    ground = None
    for kind, name in given["asked"]:
        bounded.bound_time(CPU_SECONDS)
        if kind == "example":
            bounded.say(asdict(examples.run(files, name)))
        elif kind == "paths":
            bounded.say(asdict(exploring.explore(files, name)))
        else:
            ground = ground or smoke.Ground(files)
            bounded.say(ground.walk(name).plain())
