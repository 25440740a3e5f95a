"""A dry run of a bundle's processes in a child process, which may hang or burst without harm to this one.

The child is `main`, run by another Python: JSON comes in, and a line goes out for each process that was tried.
"""

import base64
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from config import regime
from config.errors import JiqunError
from engine import bounded
from engine.bundle import Files
from engine.errors import BudgetExceeded, ExpressionFailed
from engine.instance.journal import Words

SECONDS = 5.0  # for one process
MAX_STATE = 2 * 2**20  # bytes, of a state just begun
SAMPLE = {
    "case_id": 1,
    "round_id": 1,
    "cluster_id": 1,
    "applicant_level": "county",
    "closes_at": "2099-12-31T17:30:00+08:00",
    "office": "bureau",
}

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
    answers: dict[str, str] = {}
    for said in bounded.lines(__name__, {"files": texts, "processes": processes}, silent_seconds=SECONDS):
        answers.update(said)
    return answers


def main() -> None:
    """The child: answers on standard output what it finds of the bundle on standard input."""
    bounded.bound_memory()
    from engine import bpmn, calendar, vocabulary  # noqa: PLC0415  # inside the bound, and before the clock runs

    given = bounded.given()
    files = {name: base64.b64decode(text) for name, text in given["files"].items()}
    words = vocabulary.words(regime.load(files["regime.toml"]), calendar.shipped())
    for process in given["processes"]:
        try:
            _try(bpmn, files, process, words)
            bounded.say({process: ""})
        except JiqunError as error:
            bounded.say({process: error.message})


def _try(bpmn: Any, files: Files, process: str, words: Words) -> None:
    """Parse a process and begin an instance, for nothing. What an expression lacks in data here is no finding:
    only a caller or a form would bring it."""
    specs = bpmn.parse(files, process)
    with suppress(ExpressionFailed):
        size = len(bpmn.Workflow.start(specs, SAMPLE, words, _unrun).dump())
        if size > MAX_STATE:
            raise BudgetExceeded(f"办件状态达 {size} 字节，超过 {MAX_STATE}；请减少并行分支", limit=MAX_STATE)


def _unrun(*_script: Any) -> dict[str, Any]:
    """No script runs that nobody has approved."""
    return {}
