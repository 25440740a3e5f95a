"""The standing of a round: every case with its stage, what holds it up, its rank and what was found, and the totals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, calendars, clock, inbox, overview, results, rounds
from engine.access import Actor
from engine.models import Organisation
from engine.results import Result

Row: TypeAlias = Mapping[str, Any]

SORTS = ("stage", "rank", "due", "county")
DUES = ("late", "soon")


@dataclass(frozen=True)
class Filters:
    """Which cases of the round are wanted, and in which order; everything together must hold."""

    stage: str = ""  # where it stands: an element, an outcome, a message it waits for
    division: str = ""  # of the applicant, six digits: a county with its parks
    due: str = ""  # of DUES
    words: str = ""  # in the title or the applicant's name, or the case's number
    sort: str = "stage"  # of SORTS


@dataclass(frozen=True)
class Hold:
    """What a case waits for: tasks of the same step, who has them, since when, until when."""

    title: str
    tasks: int
    holders: tuple[str, ...]  # persons where the actor may know them, else offices; each once
    free: bool  # one of them has nobody yet, as far as the actor may know
    since: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class Total:
    """Cases of one stage or one county."""

    key: str
    name: str
    cases: int
    running: int
    late: int


def of_round(session: Session, actor: Actor, round_id: int) -> list[Row]:
    """Every case of the round that the actor may see; scores and findings for the bureau's own people alone.

    A fixed number of questions, however many cases there are. Raises NotFound.
    """
    round_ = rounds.find(session, actor, round_id)
    listed = overview.round_cases(session, actor, round_id)
    ours = access.of_bureau(actor, round_.bureau_code)
    found = results.of_round(session, round_id) if ours else {}
    names = _counties(session, {row["division"] for row in listed})
    now, soon = clock.now(), inbox.soon_until(calendars.of(session, round_.bureau_code))
    return [
        {
            **row,
            "county": names.get(row["division"], row["applicant"]),
            "holds": _holds(row["tasks"]),
            "late": bool(row["due_at"] and row["due_at"] < now),
            "soon": bool(row["due_at"] and now <= row["due_at"] < soon),
            "result": found.get(row["id"], Result(row["id"])) if ours else None,
        }
        for row in listed
    ]


def chosen(rows: Iterable[Row], filters: Filters) -> list[Row]:
    """The rows that the filters let through, in their order."""
    words = filters.words.casefold()
    found = [
        row
        for row in rows
        if filters.stage in {"", row["at"]}
        and filters.division in {"", row["division"]}
        and (not words or _named(row, words))
        and (filters.due not in DUES or row[filters.due])
    ]
    return sorted(found, key=lambda row: _key(row, filters.sort))


def by_stage(rows: Iterable[Row]) -> list[Total]:
    """How many cases stand where, in the order of the diagram; one at several steps counts at the first of them."""
    found: dict[tuple[Any, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["place"], row["at"]), []).append(row)
    return [
        _total(at, min((row["stage"] for row in there), key=len), there)
        for (_, at), there in sorted(found.items(), key=itemgetter(0))
    ]


def by_county(rows: Iterable[Row]) -> list[Total]:
    """How many cases each county has, with those of its parks."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=itemgetter("division")):
        found.setdefault(row["division"], []).append(row)
    return [_total(division, theirs[0]["county"], theirs) for division, theirs in found.items()]


def _total(key: str, name: str, rows: Sequence[Row]) -> Total:
    running = sum(1 for row in rows if row["status"] in {"open", "incident", "suspended"})
    return Total(key, name, len(rows), running, sum(1 for row in rows if row["late"]))


def _counties(session: Session, divisions: set[str]) -> dict[str, str]:
    query = select(Organisation.code, Organisation.name).where(Organisation.code.in_(divisions))
    return {row.code: row.name for row in session.execute(query)}


def _holds(tasks: Sequence[Row]) -> list[Hold]:
    """Seven experts who score are one line, not seven."""
    same: dict[str, list[Row]] = {}
    for task in tasks:
        same.setdefault(task["title"], []).append(task)
    return [
        Hold(
            title,
            len(each),
            tuple(dict.fromkeys(task["holder"] or task["office"] for task in each)),
            any(task["seen"] and not task["holder"] for task in each),
            min(task["opened_at"] for task in each),
            min((task["due_at"] for task in each if task["due_at"]), default=None),
        )
        for title, each in same.items()
    ]


def _named(row: Row, words: str) -> bool:
    return words in row["title"].casefold() or words in row["applicant"].casefold() or words == str(row["id"])


def _key(row: Row, sort: str) -> tuple[Any, ...]:
    due = (row["due_at"] is None, row["due_at"] or row["opened_at"], row["id"])
    if sort == "rank":
        rank = row["result"].rank if row["result"] else None
        return (rank is None, rank or 0, *due)
    if sort == "county":
        return (row["division"], row["place"], *due)
    return due if sort == "due" else (row["place"], row["at"], *due)
