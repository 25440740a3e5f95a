"""Annual reports (年度报告): what one begins with, what it must say, and when what is owed is met."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, cluster_history, deployments, findings, organisations, panels
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.models import Case, Obligation, Task

if TYPE_CHECKING:
    from engine.acts import Answered

FORM: Final = "annual_report"
DECISION, FORWARD = "decision", "forward"
YEAR, AREA = "report_year", "area_km2"
# Said of one year alone: nobody may hand them in again as they were.
_ANEW: Final = frozenset(
    {"major_change", "major_change_note", "plan_execution", "target_progress", "experience", "problems"}
    | {"no_major_incidents", "no_violations", "incident_note", "attachments"}
    | {"truth_statement", "signed_by", "signed_on"}
)


def hand_in(answered: "Answered") -> Mapping[str, Any]:
    """Settle what the case is there to meet, where this answer sends a report to the bureau; the record says how late.

    What an office sends back, or on to another below the bureau, settles nothing; a report is met once. Raises
    FormInvalid for a report of another year than the one that is owed, or of an area of nothing.
    """
    case = answered.case
    due = owed(answered)
    if due is None or answered.answers.get(DECISION, FORWARD) != FORWARD:
        return {}
    if problems := list(_problems(due, answered.answers)):
        raise FormInvalid(problems)
    if organisations.next_above(answered.session, case, answered.step.place) == case.bureau_code:
        meet(answered, due)
        _note_what_it_tells(answered, due)
    return {}


def apply(answered: "Answered") -> Mapping[str, Any]:
    """Settle what the case is there to meet: the application for renewal goes to the bureau itself."""
    if due := owed(answered):
        meet(answered, due)
    return {}


def owed(answered: "Answered") -> Obligation | None:
    """What the case is there to meet, locked."""
    query = select(Obligation).where(Obligation.case_id == answered.case.id)
    return answered.session.scalar(query.with_for_update())


def meet(answered: "Answered", owed: Obligation) -> None:
    """Settle what is owed, once; the record says how late."""
    if owed.state != "open":
        return
    owed.state, owed.settled_at = "met", clock.now()
    late = max(0, (clock.today() - owed.effective_on).days)
    facts = {"obligation": owed.id, "kind": owed.kind, "year": owed.year, "days_late": late}
    panels.record(answered, "obligation.met", facts)


def _note_what_it_tells(answered: "Answered", owed: Obligation) -> None:
    """A change that nobody filed, an incident: each may be a ground of revocation, and is for a person to look into."""
    session, case = answered.session, answered.case
    report = answered.answers if YEAR in answered.answers else last_report(session, case)
    noted = []
    if report.get("major_change") and not cluster_history.was_filed(session, owed.cluster_id or 0, owed.year - 1):
        noted.append(findings.told(session, case, "change", report["major_change_note"]))
    if report.get("no_major_incidents") is False or report.get("no_violations") is False:
        noted.append(findings.told(session, case, "incident", report["incident_note"]))
    for found in filter(None, noted):
        findings.record(session, found, findings.SYSTEM, "finding.noted")


def last_report(session: Session, case: Case) -> Mapping[str, Any]:
    """What was last reported in this case; empty before that."""
    query = select(Task.answers).where(Task.case_id == case.id, Task.form == FORM, Task.state == "done")
    return session.scalar(query.order_by(Task.closed_at.desc(), Task.pass_number.desc()).limit(1)) or {}


def begun(session: Session, case: Case, form: str) -> dict[str, Any]:
    """What a report begins with: its year, and what the cluster filed last; of an application, its last year's figures.

    The targets are those of the plan; what is said of one year alone is asked anew.
    """
    owed = session.scalar(select(Obligation).where(Obligation.case_id == case.id))
    known: dict[str, Any] = {YEAR: owed.year - 1} if owed else {}
    filed = _filed(session, case)
    for name in deployments.deployed(session, case.deployment_id).form(form).fields() - _ANEW:
        if name in filed and name not in known:
            known[name] = _carried_over(filed[name])
    return known


def _problems(owed: Obligation, answers: Mapping[str, Any]) -> list[Problem]:
    found = []
    if YEAR in answers and answers[YEAR] >= clock.today().year:
        facts = {"year": str(answers[YEAR]), "asked": str(owed.year - 1)}
        why = said("%(year)s 年尚未结束，不能填报；本次应填报 %(asked)s 年度的情况，请改为 %(asked)s", **facts)
        found.append(Problem(YEAR, "not_ended", why))
    elif YEAR in answers and answers[YEAR] != owed.year - 1:
        why = said("本次应填报 %(year)s 年度的情况；请改为 %(year)s", year=str(owed.year - 1))
        found.append(Problem(YEAR, "not_the_year", why))
    if AREA in answers and Decimal(answers[AREA]) <= 0:
        found.append(Problem(AREA, "not_positive", said("占地面积应大于 0；集群范围有变动的，请核对面积并及时报备")))
    return found


def _filed(session: Session, case: Case) -> Mapping[str, Any]:
    """What was filed last for the cluster: a report of a year before, else its application."""
    query = (
        select(Task.answers)
        .join(Case, Case.id == Task.case_id)
        .where(Case.cluster_id == case.cluster_id, Case.id != case.id, Task.form.in_((FORM, "application")))
        .where(Task.state == "done")
    )
    return session.scalar(query.order_by(Task.closed_at.desc(), Task.pass_number.desc()).limit(1)) or {}


def _carried_over(value: Any) -> Any:
    """The last of three years; of a target, what is aimed at."""
    if isinstance(value, list):
        return [_carried_over(row) for row in value]
    if not isinstance(value, Mapping):
        return value
    if "goal" in value:
        return {name: part for name, part in value.items() if name not in {"base", "now"}}
    return value[max(value)] if value else None
