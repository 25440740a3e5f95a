"""The cases of a regime that run, each with its verdict for another version: of a deployment, or of a draft's files."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, bundle, cases, deployments
from engine.access import OWNERS, Actor
from engine.bundle import Files
from engine.models import Case, Deployment, Move, Task
from engine.moves import judging, moving
from engine.moves.verdicts import Target, Verdict

MOST_KEPT = 20_000  # verdicts in memory; a case's next command makes its own worthless
SECONDS = 2.0  # in which a page judges what it can; the rest is judged when it is asked for again


@dataclass(frozen=True)
class Row:
    """One running case. It is told without its title: owners look after diagrams, not after what cases contain."""

    case: Case
    number: int  # of the version it runs on
    steps: tuple[str, ...]  # what is open, as its tasks are called
    verdict: Verdict | None  # none: not judged yet, or it runs there already
    moved: Move | None  # its last move, where that may still be undone


def open_cases(session: Session, actor: Actor, regime: str) -> list[Case]:
    """The running cases of a regime in the bureaus whose processes the actor looks after, the oldest first."""
    query = select(Case).where(
        Case.regime == regime,
        Case.bureau_code.in_(access.offices(actor, OWNERS)),
        Case.status.in_(cases.RUNNING),
    )
    return list(session.scalars(query.order_by(Case.id)))


def rows(session: Session, found: Sequence[Case], deployment: Deployment, *, seconds: float = SECONDS) -> list[Row]:
    """These cases with their verdicts for a deployment, as many as can be judged in this time."""
    others = [case for case in found if case.deployment_id != deployment.id]
    verdicts = _judged(session, others, deployment.id, lambda: judging.against(session, deployment.id), seconds)
    return _told(session, found, verdicts)


def foreseen(session: Session, found: Sequence[Case], files: Files, *, seconds: float = SECONDS) -> list[Row]:
    """The same for a bundle that is not deployed yet."""
    mark = bundle.content_hash(files)
    verdicts = _judged(session, found, mark, lambda: judging.against_files(session, files), seconds)
    return _told(session, found, verdicts)


def _judged(
    session: Session, found: Iterable[Case], mark: int | str, target: Callable[[], Target], seconds: float
) -> dict[int, Verdict]:
    """Verdicts by case; `mark` tells one target from another."""
    until, kept = time.monotonic() + seconds, session.info["database"].judged
    made: Target | None = None
    verdicts: dict[int, Verdict] = {}
    for case in found:
        key = case.id, case.version, mark
        if key not in kept and time.monotonic() < until:
            if len(kept) >= MOST_KEPT:
                kept.clear()
            made = made or target()
            kept[key] = judging.judged(session, case, made).verdict
        if key in kept:
            verdicts[case.id] = kept[key]
    return verdicts


def counted(listed: Iterable[Row]) -> dict[str, int]:
    """How many there are of each verdict; those not judged yet, and those that run there already, under ""."""
    found: dict[str, int] = {}
    for row in listed:
        result = row.verdict.result if row.verdict else ""
        found[result] = found.get(result, 0) + 1
    return found


def _told(session: Session, found: Sequence[Case], verdicts: dict[int, Verdict]) -> list[Row]:
    ids = [case.id for case in found]
    steps: dict[int, list[str]] = {}
    open_ones = select(Task.case_id, Task.title).where(Task.case_id.in_(ids), Task.state == "open")
    for case_id, title in session.execute(open_ones.order_by(Task.case_id, Task.id)):
        steps.setdefault(case_id, []).append(title)
    made = select(Move).where(Move.case_id.in_(ids), Move.undone_at.is_(None)).order_by(Move.id)
    moves = {move.case_id: move for move in session.scalars(made)}
    return [
        Row(
            case,
            deployments.number(session, case.deployment_id),
            tuple(dict.fromkeys(steps.get(case.id, ()))),
            verdicts.get(case.id),
            move if (move := moves.get(case.id)) and moving.undoable(case, move) else None,
        )
        for case in found
    ]
