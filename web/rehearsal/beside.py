"""The coming year twice, with the files in force and with those of a draft: which letters, tasks and dates differ."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from engine import clock
from engine.bundle import Files
from web.rehearsal.lines import Line
from web.rehearsal.run import APPLICATIONS, Asked, Rehearsal
from web.rehearsal.scenario import Scenario

CLUSTERS: Final = 3  # recognised ones of the invented bureau
YEAR: Final = timedelta(days=365)
BEFORE, AFTER = "before", "after"  # folders of the two
_DATES: Final = 3  # of each difference, as examples

Key = tuple[str, str, str, str]  # kind, process, element, role


@dataclass
class Difference:
    """Something of which there is more or less, or at another time. `name` is what people call it, if anything."""

    kind: str  # of lines.ALL_KINDS
    process: str
    element: str  # of a letter its template
    role: str
    name: str
    before: int  # how often in the year, as things stand
    after: int  # with the draft
    first_before: str | None  # the first day on which it is otherwise, on either side
    first_after: str | None
    days_before: list[str] = field(default_factory=list)  # some days that the other side does not have
    days_after: list[str] = field(default_factory=list)


def asked(regime: str, files: Files | None, first: date | None = None, seed: int = 1) -> Asked:
    """The coming year of an invented bureau: recognised clusters, a round, and applications to it."""
    begin = first or clock.today()
    return Asked(regime, begin, begin + YEAR, CLUSTERS, Scenario(seed), files=files, applications=APPLICATIONS)


@dataclass
class Twice:
    """Both years, one after the other, in one folder."""

    asked: Asked  # with the draft's files
    folder: Path
    source: str | None = None  # where the files in force are read
    lines: int = 0
    outcome: dict[str, Any] = field(default_factory=dict)  # of the draft's year
    cases: list[dict[str, Any]] = field(default_factory=list)

    def go(self, tell: Callable[[Line], object], told: Callable[[float], None]) -> list[Difference]:
        """Live through both; `tell` hears the lines of the draft's year. Raises what a rehearsal raises."""
        sides: dict[str, list[Line]] = {BEFORE: [], AFTER: []}
        for half, side in enumerate(sides):
            own = self.folder / side
            own.mkdir(exist_ok=True)
            once = self.asked if side == AFTER else replace(self.asked, files=None)
            run = Rehearsal(once, own, source=self.source)

            def keep(line: Line, side: str = side) -> None:
                self.lines += 1
                sides[side].append(line)
                if side == AFTER:
                    tell(line)

            run.go(keep, lambda share, half=half: told((half + share) / 2))  # type: ignore[misc]
            self.outcome, self.cases = run.outcome.plain(), run.cases
        return differences(sides[BEFORE], sides[AFTER])


def differences(before: Iterable[Line], after: Iterable[Line]) -> list[Difference]:
    """What the one year has otherwise than the other, kind by kind, the earliest first."""
    left, right, names = _days(before), _days(after), {}
    for line in (*_named(before), *_named(after)):
        names[_key(line)] = line["subject"]
    found = []
    for key in left.keys() | right.keys():
        had, has = left.get(key, []), right.get(key, [])
        if had != has:
            gone, come = _without(had, has), _without(has, had)
            found.append(
                Difference(
                    *key,
                    names.get(key, ""),
                    len(had),
                    len(has),
                    gone[0] if gone else None,
                    come[0] if come else None,
                    gone[:_DATES],
                    come[:_DATES],
                )
            )
    return sorted(
        found, key=lambda each: (each.kind, min(filter(None, (each.first_before, each.first_after))), each.element)
    )


def plain(found: Iterable[Difference]) -> list[dict[str, Any]]:
    """As JSON has it."""
    return [asdict(each) for each in found]


def _days(lines: Iterable[Line]) -> dict[Key, list[str]]:
    days: dict[Key, list[str]] = {}
    for line in lines:
        days.setdefault(_key(line), []).append(line["at"][:10])
    return {key: sorted(each) for key, each in days.items()}


def _key(line: Line) -> Key:
    return line["kind"], line["process"] or "", line["element"] or "", line["role"] or ""


def _named(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines whose subject is what the step is called: those of tasks."""
    return (line for line in lines if line["kind"].startswith("task.") and line["subject"])


def _without(days: list[str], others: list[str]) -> list[str]:
    """The days that the others do not have, as often as they are missing there."""
    left = list(others)
    found = []
    for day in days:
        if day in left:
            left.remove(day)
        else:
            found.append(day)
    return found
