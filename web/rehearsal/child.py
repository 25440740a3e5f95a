"""The process of a rehearsal from the browser: python -m web.rehearsal.child, what to do on standard input."""

import json
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from config.errors import JiqunError
from web.rehearsal import runs
from web.rehearsal.run import FILE, Rehearsal, Stopped

EVERY = 0.5  # seconds between two words on how far it is
WAITS = 20.0  # seconds for whoever looks whether something is under way
POLITENESS = 10  # the people at the desks come first


def carry_out(folder: Path, url: str) -> None:
    """Live through the rehearsal in this folder, and say in its state how far it is and how it ended."""
    said_at = 0.0

    def say(share: float) -> None:
        nonlocal said_at
        if runs.is_cancelled(folder):
            raise Stopped
        if time.monotonic() - said_at > EVERY:
            said_at = time.monotonic()
            runs.say(folder, "running", share, run.outcome.lines)

    try:
        with runs.alone(folder.parent, WAITS):
            run = Rehearsal(runs.asked_of(folder), folder, source=url, letters_to=folder / runs.LETTERS)
            with (folder / runs.LINES).open("w", encoding="utf-8", newline="\n") as lines:
                state, why = "done", ""
                try:
                    run.go(lambda line: lines.write(json.dumps(line, ensure_ascii=False) + "\n"), say)
                except Stopped:
                    state = "cancelled"
                except JiqunError as error:
                    state, why = "failed", error.message
                except Exception as error:  # whatever it is, the page says so; the trace stands in errors.txt
                    traceback.print_exc()
                    state, why = "failed", f"程序错误：{type(error).__name__}"
            runs.keep(folder, run.outcome.plain())
            runs.say(folder, state, 1.0 if state == "done" else 0.0, run.outcome.lines, why)
    except JiqunError as error:
        runs.say(folder, "failed", why=error.message)
    finally:
        for left in folder.glob(f"{FILE}*"):
            left.unlink()


def main() -> None:
    """Read what to do, and do it behind everything else on this machine."""
    given = json.load(sys.stdin)
    with suppress(AttributeError, OSError):  # not on Windows
        os.nice(POLITENESS)
    carry_out(Path(given["folder"]), given["url"])


if __name__ == "__main__":
    main()
