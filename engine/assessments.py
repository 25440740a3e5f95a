"""Supervision and assessment (监督和考核): a conclusion in words, and what a cluster is to put right by when.

No text knows grades or points: nothing is computed, and nothing follows by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, due_dates, reports
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.models import Case, Obligation, Task

if TYPE_CHECKING:
    from engine.acts import Answered

FORM, CHECK, FILED = "assessment", "check_rectification", "rectification"
YEAR, BY, ASKED = "year", "rectify_by", "rectify"


@dataclass(frozen=True)
class Assessment:
    """What was said of a cluster in one year."""

    case_id: int
    on: date
    year: int
    conclusion: str
    rectify_what: str | None  # None: nothing was to be put right
    rectify_by: date | None
    rectified_on: date | None  # None: not yet, or nothing was asked


@dataclass(frozen=True)
class Reported:
    """The annual report of the year that is assessed."""

    year: int  # in which it is due: it tells of the one before
    state: str  # open, met
    case_id: int | None
    printed_on: date
    settled_on: date | None
    days_late: int


def assess(answered: "Answered") -> Mapping[str, Any]:
    """The conclusion meets what the bureau owed. Raises FormInvalid for another year, or a day that has passed."""
    owed = reports.owed(answered)
    if owed and answered.answers[YEAR] != owed.year - 1:
        why = said("本次考核 %(year)s 年度的情况；请改为 %(year)s", year=str(owed.year - 1))
        raise FormInvalid([Problem(YEAR, "not_the_year", why)])
    _require_ahead(answered.answers)
    if owed:
        reports.meet(answered, owed)
    return {}


def check(answered: "Answered") -> Mapping[str, Any]:
    """What is not put right has a new day. Raises FormInvalid for one that has passed."""
    _require_ahead(answered.answers)
    return {}


def rectify_by(session: Session, case: Case) -> datetime | None:
    """The end of the day until which the cluster is to put right what was found, as it was said last."""
    for answers in session.scalars(_said(case.id).order_by(Task.closed_at.desc(), Task.pass_number.desc())):
        if answers and BY in answers:
            return due_dates.end_of(date.fromisoformat(answers[BY]))
    return None


def begun(session: Session, case: Case, form: str) -> dict[str, Any]:  # noqa: ARG001  # as every beginning of a form
    """An assessment begins with its year: the one that the annual report tells of."""
    owed = session.scalar(select(Obligation).where(Obligation.case_id == case.id))
    return {YEAR: owed.year - 1} if owed else {}


def report(session: Session, case: Case) -> Sequence[Reported]:
    """The annual report that this assessment is about; nothing where none was owed."""
    owed = select(Obligation.year).where(Obligation.case_id == case.id).scalar_subquery()
    due = Obligation.cluster_id == case.cluster_id, Obligation.kind == reports.FORM, Obligation.year == owed
    found = session.scalars(select(Obligation).where(*due, Obligation.state.in_(("open", "met"))))
    return [_reported(each) for each in found]


def _reported(owed: Obligation) -> Reported:
    on = owed.settled_at.astimezone(clock.SHANGHAI).date() if owed.settled_at else None
    late = max(0, ((on or clock.today()) - owed.effective_on).days)
    return Reported(owed.year, owed.state, owed.case_id, owed.printed_on, on, late)


def of_cluster(session: Session, cluster_id: int) -> Sequence[Assessment]:
    """What was said of a cluster, newest first."""
    cases = select(Case).where(Case.cluster_id == cluster_id, Case.process == FORM).order_by(Case.id.desc())
    found = [_told(session, case) for case in session.scalars(cases)]
    return [each for each in found if each]


def _told(session: Session, case: Case) -> Assessment | None:
    done = select(Task).where(Task.case_id == case.id, Task.state == "done").order_by(Task.closed_at, Task.pass_number)
    steps = session.scalars(done.where(Task.form.in_((FORM, CHECK)))).all()
    first = next((step for step in steps if step.form == FORM), None)
    if first is None or first.closed_at is None:
        return None
    answers: Mapping[str, Any] = first.answers or {}
    by = [date.fromisoformat(step.answers[BY]) for step in steps if step.answers and BY in step.answers]
    put_right = [
        step.closed_at for step in steps if step.form == CHECK and (step.answers or {}).get("decision") == "forward"
    ]
    return Assessment(
        case_id=case.id,
        on=first.closed_at.astimezone(clock.SHANGHAI).date(),
        year=answers[YEAR],
        conclusion=answers["opinion"],
        rectify_what=answers.get("rectify_what"),
        rectify_by=by[-1] if by else None,
        rectified_on=put_right[-1].astimezone(clock.SHANGHAI).date() if put_right and put_right[-1] else None,
    )


def _said(case_id: int) -> Any:
    return select(Task.answers).where(Task.case_id == case_id, Task.form.in_((FORM, CHECK)), Task.state == "done")


def _require_ahead(answers: Mapping[str, Any]) -> None:
    if BY in answers and date.fromisoformat(answers[BY]) <= clock.today():
        raise FormInvalid([Problem(BY, "not_ahead", said("整改期限应晚于今天"))])
