"""What a rehearsal takes: an invented bureau over four years, and a copy of live data over the next; seconds as JSON.

    python -m tests.bench.rehearsal [--clusters 50] [--live 500]

`cpu` is what it takes of a processor; on a machine that does nothing else the clock on the wall shows little more.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from tests.clock import standing_at
from web.rehearsal.run import FILE, Asked, Rehearsal
from web.rehearsal.scenario import Scenario

REGIME = "qingyuan"
PUBLISHED = date(2025, 6, 20)


def taken(what: str, asked: Asked, folder: Path, source: str | None = None) -> dict[str, Any]:
    kinds: Counter[str] = Counter()
    wall, cpu = time.perf_counter(), time.process_time()
    Rehearsal(asked, folder, source=source).go(lambda line: kinds.update([line["kind"]]))
    spent = {"wall": round(time.perf_counter() - wall, 1), "cpu": round(time.process_time() - cpu, 1)}
    return {"what": what, **spent, "lines": kinds.total(), "letters": kinds["letter.sent"]}


def live(folder: Path, clusters: int) -> str:
    """The URL of an installation with so many clusters, recognised the day before: what an invented bureau has then."""
    before = Asked(REGIME, PUBLISHED, PUBLISHED, clusters, Scenario())
    Rehearsal(before, folder).go(lambda _line: None)
    return f"sqlite:///{folder / FILE}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clusters", type=int, default=50)
    parser.add_argument("--live", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        one, two, three = (Path(folder) / name for name in ("invented", "live", "copy"))
        for each in (one, two, three):
            each.mkdir()
        four_years = Asked(REGIME, PUBLISHED, date(2029, 6, 19), given.clusters, Scenario())
        _say(taken(f"{given.clusters} clusters, four years", four_years, one))
        url = live(two, given.live)
        with standing_at("2025-06-21 09:00"):
            year = Asked(REGIME, date(2025, 6, 21), date(2026, 6, 20), None, Scenario())
            _say(taken(f"{given.live} live clusters, one year", year, three, url))


def _say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
