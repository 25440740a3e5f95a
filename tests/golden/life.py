"""How the golden states were made: every waiting shape an instance can be stored in, half done.

python -m tests.golden.life tests/golden/0.2.0      (once a release; the folders of earlier ones never change)
"""

import sys
from pathlib import Path

from engine import bpmn
from tests.clock import standing_at
from tests.diagrams import Diagram, for_each

PROCESS = "life"
NOW = "2026-03-02 09:00"  # the moment at which they were stored
DUE = "2026-03-11T23:59:59+08:00"
START = {"reviewers": ["甲", "乙", "丙"], "due": DUE, "a": 0, "b": 0}


def files() -> dict[str, bytes]:
    """A parallel fork of: a called process with a boundary timer, reviews one for each, a wait for a message."""
    called = (
        Diagram("visit", "走访")
        .start()
        .user("appoint", "约定")
        .boundary("late", "appoint", "due")
        .end("visited")
        .end("missed")
    )
    called.path("filed", "appoint", "visited").path("late", "missed")
    life = Diagram(PROCESS, "一生").start().parallel("fork").parallel("meet").user("close", "办结").end()
    life.call("visit_it", "visit").user(
        "review", "评审", inner=for_each("reviewers", "reviewer", results="opinions", result="opinion")
    )
    life.catch("wait", "decided", "decision").path("filed", "fork")
    for branch in ("visit_it", "review", "wait"):
        life.path("fork", branch, "meet")
    return {"life.bpmn": life.path("meet", "close", "done").text(), "visit.bpmn": called.text()}


def half_done() -> bpmn.Workflow:
    """One of three reviews is in; the visit is not appointed, the message not there."""
    workflow = bpmn.Workflow.start(bpmn.parse(files(), PROCESS), START, {})
    first = next(step for step in workflow.ready() if step.element == "review")
    workflow.complete(first.id, {"opinion": "同意"})
    return workflow


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    with standing_at(NOW):
        (folder / "state.json").write_bytes(half_done().dump())
    (folder / "state_format").write_text(str(bpmn.STATE_FORMAT), encoding="ascii")
    for name, content in files().items():
        (folder / name).write_bytes(content)
