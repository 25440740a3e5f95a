"""The process of a rehearsal from the browser: python -m web.rehearsal.child, what to do on standard input."""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from config.errors import JiqunError
from web.rehearsal import beside, runs
from web.rehearsal.lines import Line
from web.rehearsal.run import FILE, Asked, Rehearsal, Stopped

Tell: TypeAlias = Callable[[Line], object]
Say: TypeAlias = Callable[[float], None]

EVERY = 0.5  # seconds between two words on how far it is
WAITS = 20.0  # seconds for whoever looks whether something is under way
POLITENESS = 10  # the people at the desks come first


def carry_out(folder: Path, url: str) -> None:
    """Live through the rehearsal in this folder, and say in its state how far it is and how it ended."""
    said_at, counted = 0.0, 0

    def say(share: float) -> None:
        nonlocal said_at
        if runs.is_cancelled(folder):
            raise Stopped
        if time.monotonic() - said_at > EVERY:
            said_at = time.monotonic()
            runs.say(folder, "running", share, counted)

    try:
        with runs.alone(folder.parent, WAITS):
            asked = runs.asked_of(folder)
            with (folder / runs.LINES).open("w", encoding="utf-8", newline="\n") as lines:

                def tell(line: Line) -> None:
                    nonlocal counted
                    counted += 1
                    lines.write(json.dumps(line, ensure_ascii=False) + "\n")

                state, why = "done", ""
                lived = _twice if asked.files is not None else _once
                try:
                    lived(asked, folder, url, tell, say)
                except Stopped:
                    state = "cancelled"
                except JiqunError as error:
                    state, why = "failed", error.message
                except Exception as error:  # whatever it is, the page says so; the trace stands in errors.txt
                    traceback.print_exc()
                    state, why = "failed", f"程序错误：{type(error).__name__}"
            runs.say(folder, state, 1.0 if state == "done" else 0.0, counted, why)
    except JiqunError as error:
        runs.say(folder, "failed", why=error.message)
    finally:
        for left in [*folder.glob(f"{FILE}*"), *folder.glob(f"*/{FILE}*")]:
            left.unlink()


def _once(asked: Asked, folder: Path, url: str, tell: Tell, say: Say) -> None:
    run = Rehearsal(asked, folder, source=url, letters_to=folder / runs.LETTERS)
    try:
        run.go(tell, say)
    finally:  # what there was until it was stopped is shown too
        runs.keep(folder, run.outcome.plain())
        runs.write(folder, runs.CASES, {"cases": run.cases})


def _twice(asked: Asked, folder: Path, url: str, tell: Tell, say: Say) -> None:
    """The year of a draft beside the one in force."""
    years = beside.Twice(asked, folder, url)
    found = years.go(tell, say)
    runs.keep(folder, years.outcome)
    runs.write(folder, runs.CASES, {"cases": years.cases})
    runs.write(folder, runs.DIFFERENCES, {"differences": beside.plain(found)})


def main() -> None:
    """Read what to do, and do it behind everything else on this machine."""
    given = json.load(sys.stdin)
    with suppress(AttributeError, OSError):  # not on Windows
        os.nice(POLITENESS)
    carry_out(Path(given["folder"]), given["url"])


if __name__ == "__main__":
    main()
