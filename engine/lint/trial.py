"""A dry run of a bundle's processes in a child process, which may hang or burst without harm to this one.

The child is `main`, run by another Python: JSON comes in, and a line goes out for each process that was tried.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import IO, Any, cast

from config import regime
from config.errors import JiqunError
from engine.bundle import Files
from engine.errors import BudgetExceeded, ExpressionFailed
from engine.instance.journal import Words

MEGABYTES = 1024  # address space of the child, where the platform can bound it
SECONDS = 5.0  # for one process
START_SECONDS = 30.0  # until the child has loaded the engine, on a busy machine too

MAX_STATE = 2 * 2**20  # bytes, of a state just begun
SAMPLE = {
    "case_id": 1,
    "round_id": 1,
    "cluster_id": 1,
    "applicant_level": "county",
    "closes_at": "2099-12-31T17:30:00+08:00",
    "office": "bureau",
}

_ROOT = Path(__file__).parents[2]
TOO_MUCH = f"超过 {SECONDS:g} 秒或内存过多，已停止；请减少并行分支和循环"


def dry_run(files: Files, processes: Iterable[str]) -> dict[str, str]:
    """Process id → why it could not be run. What runs well is not in it. `files` holds a sound regime.toml."""
    waiting = list(processes)
    problems: dict[str, str] = {}
    while waiting:
        answers = _answers(files, waiting)
        problems |= {process: problem for process, problem in answers.items() if problem}
        waiting = waiting[len(answers) :]
        if waiting:  # the child died over this one, or was killed
            problems[waiting.pop(0)] = TOO_MUCH
    return problems


def _answers(files: Files, processes: list[str]) -> dict[str, str]:
    """What the child said of each process, in order, until it ended or was silent for too long."""
    texts = {name: base64.b64encode(content).decode() for name, content in files.items()}
    command = [sys.executable, "-c", "from engine.lint import trial; trial.main()"]
    answers: dict[str, str] = {}
    started = False
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603  # ours
        watch = Timer(START_SECONDS, child.kill)
        watch.start()
        with suppress(BrokenPipeError), cast(IO[bytes], child.stdin) as given:  # a child that is dead reads nothing
            given.write(json.dumps({"files": texts, "processes": processes}).encode())
        for line in cast(IO[bytes], child.stdout):
            watch.cancel()
            watch = Timer(SECONDS, child.kill)
            watch.start()
            answers.update(json.loads(line))
            started = True
        watch.cancel()
    if not started:
        raise RuntimeError("the trial's process did not start; its own words stand above")
    return answers


def bound_memory() -> None:
    """Let this process have no more than MEGABYTES of memory from now on, where the platform can see to it."""
    with suppress(ImportError):  # Windows has no such bound; the time limit stays
        import resource  # noqa: PLC0415

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        bound = MEGABYTES * 2**20 if most == resource.RLIM_INFINITY else min(most, MEGABYTES * 2**20)
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def main() -> None:
    """The child: answers on standard output what it finds of the bundle on standard input."""
    bound_memory()
    from engine import bpmn, calendar, vocabulary  # noqa: PLC0415  # inside the bound, and before the clock runs

    given = json.load(sys.stdin)
    files = {name: base64.b64decode(text) for name, text in given["files"].items()}
    words = vocabulary.words(regime.load(files["regime.toml"]), calendar.shipped())
    _say({})
    for process in given["processes"]:
        try:
            _try(bpmn, files, process, words)
            _say({process: ""})
        except JiqunError as error:
            _say({process: error.message})


def _try(bpmn: Any, files: Files, process: str, words: Words) -> None:
    """Parse a process and begin an instance, for nothing. What an expression lacks in data here is no finding:
    only a caller or a form would bring it."""
    specs = bpmn.parse(files, process)
    with suppress(ExpressionFailed):
        size = len(bpmn.Workflow.start(specs, SAMPLE, words).dump())
        if size > MAX_STATE:
            raise BudgetExceeded(f"办件状态达 {size} 字节，超过 {MAX_STATE}；请减少并行分支", limit=MAX_STATE)


def _say(answer: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
