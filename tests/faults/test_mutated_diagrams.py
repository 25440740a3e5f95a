"""Mutated diagrams go through intake, the check, walks and a few steps in a bounded child, which survives them.

JIQUN_FUZZ=3000 lives through so many; the suite through a few.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tests
from engine import xml
from tests import mutated

DIAGRAMS = int(os.environ.get("JIQUN_FUZZ", "150"))
SECONDS = 5.0  # of the processor's time, for any one of them
CHILD_SECONDS = 900 + DIAGRAMS  # for all of them, on a busy machine


@pytest.fixture(scope="module")
def lives() -> list[dict[str, Any]]:
    """What became of each diagram, as the child told it before it ended."""
    child = subprocess.run(
        [sys.executable, "-m", mutated.__name__, "0", str(DIAGRAMS)],
        cwd=Path(tests.__file__).parent.parent,
        capture_output=True,
        timeout=CHILD_SECONDS,
        check=False,
    )
    told = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, f"the child died over diagram {len(told)}:\n{child.stderr.decode()[-4000:]}"
    return told


def test_no_mutated_diagram_kills_or_hangs_the_child(lives: list[dict[str, Any]]) -> None:
    assert [life["number"] for life in lives] == list(range(DIAGRAMS))


def test_no_mutated_diagram_takes_long(lives: list[dict[str, Any]]) -> None:
    assert [life for life in lives if life["seconds"] > SECONDS] == []


def test_whatever_is_wrong_with_a_diagram_comes_out_in_our_words(lives: list[dict[str, Any]]) -> None:
    assert [(life["number"], life["wrong"]) for life in lives if life["wrong"]] == []


def test_mutated_diagrams_reach_every_stage(lives: list[dict[str, Any]]) -> None:
    reached = Counter(life["stage"] for life in lives)
    for stage in ("unread", "read", "admitted", "begun", "lived"):
        assert reached[stage] >= 3, f"too few diagrams came as far as {stage}: {reached}"


def test_the_same_number_is_the_same_diagram() -> None:
    first, again = mutated.mutant(7), mutated.mutant(7)
    assert first == again
    assert first != mutated.mutant(8)


def test_something_that_is_no_error_of_ours_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    mutated.mutant(0)  # the bundles that it mutates are read by now
    monkeypatch.setattr(xml, "read", broken)
    assert "ZeroDivisionError: planted" in mutated.live(0)["wrong"]
