"""A rehearsal of an invented bureau, and what stands in its lines."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from web.rehearsal.lines import Line
from web.rehearsal.outcome import Outcome
from web.rehearsal.run import Asked, Rehearsal
from web.rehearsal.scenario import Scenario


class Lived:
    """The lines of a rehearsal that is over."""

    def __init__(self, lines: Sequence[Line], outcome: Outcome, scratch: Path) -> None:
        self.lines, self.outcome, self.scratch = lines, outcome, scratch
        self._cluster_of = {each["case"]: each["subject"] for each in lines if each["kind"] == "case.opened"}

    def of(self, number: int, kind: str, **facts: Any) -> list[Line]:
        """The lines about a cluster, by its place from 1, that have these facts."""
        about = f"推演第{number}中小企业特色产业集群（示例产业）"
        return [
            each
            for each in self.lines
            if each["kind"] == kind
            and about in {each["subject"], self._cluster_of.get(each["case"])}
            and all(each[name] == value for name, value in facts.items())
        ]

    def days(self, number: int, kind: str, **facts: Any) -> list[str]:
        """On which days, each once."""
        return sorted({each["at"][:10] for each in self.of(number, kind, **facts)})


def live_through(
    folder: Path, regime: str, first: str, last: str, *, clusters: int, scenario: Scenario | None = None
) -> Lived:
    """Rehearse it from the first to the last day."""
    lines: list[Line] = []
    run = Rehearsal(
        Asked(regime, date.fromisoformat(first), date.fromisoformat(last), clusters, scenario or Scenario()), folder
    )
    run.go(lines.append)
    return Lived(lines, run.outcome, folder / "scratch.sqlite")
