"""Results of a round's cases: how the panels ranked them, what inspectors found, what was objected to.

Scores count once their panel is opened: until then nobody learns one, not even in a mean.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.conventions import OUTCOME_FIELDS
from engine.models import Case, Objection, Opinion, Panel, Seat, Task

CENT = Decimal("0.01")
_UNDECIDED = frozenset({"received", "investigating"})  # states of an objection that still blocks its cluster


@dataclass(frozen=True)
class Result:
    """What is known of one case. Means are rounded half up to two places, for people; the order uses exact ones."""

    case_id: int
    scores: tuple[Decimal, ...] = ()  # of the opened panel, one a seat, highest first
    exact: Decimal | None = None
    rank: int | None = None  # among the scored cases of the round; equal means share one
    decided: Mapping[str, str] | None = None  # form of OUTCOME_FIELDS → what was decided in it last
    objections: int = 0
    undecided: int = 0  # of the objections

    @property
    def mean(self) -> Decimal | None:
        return None if self.exact is None else self.exact.quantize(CENT, "ROUND_HALF_UP")

    @property
    def spread(self) -> Decimal | None:
        """Between the highest score and the lowest."""
        return self.scores[0] - self.scores[-1] if self.scores else None

    @property
    def automatic(self) -> bool:
        """已通过上级认定并经核实: it needs no review (清远 第十五条（二）)."""
        return self._said("verify_higher_level") == "confirm"

    @property
    def recommended(self) -> bool | None:
        """What the panel's opinion, or the second review, says; None while there is none."""
        said = self._said("second_review") or self._said("expert_review")
        return None if said is None else said in {"pass", "recommend"}

    @property
    def inspected(self) -> str | None:
        """What was found on the spot: conforms, does_not_conform, falsehood; None: not inspected."""
        return self._said("confirm_falsehood") or self._said("site_inspection")

    @property
    def proposed(self) -> bool:
        """Whether review and inspection speak for putting it on the list."""
        return self.automatic or (self.recommended is True and self.inspected in {None, "conforms"})

    def _said(self, form: str) -> str | None:
        return (self.decided or {}).get(form)


def of_round(session: Session, round_id: int) -> dict[int, Result]:
    """The result of every case of the round that has one, by case. For the bureau alone: the caller has asked."""
    scores, decided = _scores(session, round_id), _decided(session, round_id)
    objections = _objections(session, round_id)
    found = []
    for case_id in sorted(scores.keys() | decided.keys() | objections.keys()):
        each = tuple(sorted(scores.get(case_id, ()), reverse=True))
        exact = sum(each, Decimal()) / len(each) if each else None
        total, undecided = objections.get(case_id, (0, 0))
        found.append(Result(case_id, each, exact, None, decided.get(case_id), total, undecided))
    return {result.case_id: result for result in _ranked(found)}


def _ranked(found: Iterable[Result]) -> list[Result]:
    """With their ranks, the best mean first; what has no score comes last."""
    ranked: list[Result] = []
    for place, result in enumerate(sorted(found, key=_order), 1):
        before = ranked[-1] if ranked else None
        shared = before is not None and before.exact == result.exact
        rank = before.rank if before is not None and shared else place
        ranked.append(replace(result, rank=None if result.exact is None else rank))
    return ranked


def _order(result: Result) -> tuple[bool, Decimal, int]:
    return result.exact is None, -(result.exact or Decimal()), result.case_id


def _scores(session: Session, round_id: int) -> dict[int, list[Decimal]]:
    """The totals of the newest panel of each case, if it has been opened: the latest opinion of each seat."""
    newest = (
        select(func.max(Panel.number))
        .where(Panel.case_id == Opinion.case_id, Panel.kind == "expert")
        .correlate(Opinion)
        .scalar_subquery()
    )
    query = (
        select(Opinion.case_id, Opinion.seat_id, Opinion.total)
        .join(Seat, Seat.id == Opinion.seat_id)
        .join(Panel, Panel.id == Seat.panel_id)
        .where(
            Opinion.round_id == round_id,
            Panel.kind == "expert",
            Panel.opened_at.is_not(None),
            Panel.number == newest,
            Opinion.made_at <= Panel.opened_at,
        )
        .order_by(Opinion.made_at, Opinion.task_id)
    )
    latest: dict[int, dict[int, Decimal]] = {}
    for row in session.execute(query):
        latest.setdefault(row.case_id, {})[row.seat_id] = Decimal(row.total)
    return {case_id: list(seats.values()) for case_id, seats in latest.items()}


def _decided(session: Session, round_id: int) -> dict[int, dict[str, str]]:
    query = (
        select(Task.case_id, Task.form, Task.answers)
        .join(Case, Case.id == Task.case_id)
        .where(Case.round_id == round_id, Task.form.in_(OUTCOME_FIELDS), Task.state == "done")
        .order_by(Task.closed_at, Task.pass_number)
    )
    found: dict[int, dict[str, str]] = {}
    for row in session.execute(query):
        answers: Mapping[str, Any] = row.answers or {}
        if said := answers.get(OUTCOME_FIELDS[row.form]):
            found.setdefault(row.case_id, {})[row.form] = said
    return found


def _objections(session: Session, round_id: int) -> dict[int, tuple[int, int]]:
    """How many objections in time name each case, and how many of them are not decided yet."""
    query = (
        select(Objection.target_case_id, Objection.state, func.count())
        .join(Case, Case.id == Objection.target_case_id)
        .where(Case.round_id == round_id, Objection.late.is_(False))
        .group_by(Objection.target_case_id, Objection.state)
    )
    found: dict[int, tuple[int, int]] = {}
    for case_id, state, number in session.execute(query):
        total, undecided = found.get(case_id, (0, 0))
        found[case_id] = (total + number, undecided + (number if state in _UNDECIDED else 0))
    return found
