"""Prechecks: what the criteria say of an application's answers, kept when they come in and when they are reviewed.

They advise. Nothing in a diagram depends on them, and one that cannot be made stops nobody.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from config.errors import JiqunError
from engine import clock, criteria, deployments, events, prerequisites, recommendations
from engine.criteria import Verdict
from engine.forms import Form
from engine.models import Case, Precheck, Task

# Built once: what a completion asks and writes costs less than putting the question together.
_FILED = (
    select(Task.answers)
    .where(Task.case_id == bindparam("case"), Task.form == bindparam("form"), Task.state == "done")
    .order_by(Task.closed_at.desc(), Task.pass_number.desc())
    .limit(1)
)
_KEPT = insert(Precheck.__table__)  # type: ignore[arg-type]  # a Table


def of_answers(session: Session, case: Case, form: Form, answers: Mapping[str, Any]) -> list[Verdict]:
    """A verdict for each criterion of the case's own deployment, from answers that `form` has cleaned.

    Where a recognition has to come first, one that the system knows counts like one that is stated,
    and one that was revoked does not.
    Raises FactsInvalid for a figure that no criterion can read, StepFailed where a row cannot be answered.
    """
    deployed = deployments.deployed(session, case.deployment_id)
    facts = criteria.facts_of(form.facts(answers))
    if criteria.PREREQUISITE in deployed.regime.criteria:
        facts["first_batch"] = prerequisites.first_batch(session, case)
        facts[prerequisites.STATED] = prerequisites.counting(session, case.cluster_id, facts[prerequisites.STATED])
    return criteria.precheck(deployed.files, facts)


def keep(session: Session, case: Case, task: Task, again: str | None) -> list[events.Entry]:
    """Keep the verdicts that a task just finished gives rise to; answers what to record.

    Its own answers are checked if its form carries facts; with `again`, the id of such a form (the step's
    property `prechecks`), what was last filed in it. Every other task costs nothing.
    """
    deployed = deployments.deployed(session, case.deployment_id)
    form, answers = deployed.form(task.form), task.answers
    if not form.has_facts:
        if again is None:
            return []
        form, answers = deployed.form(again), session.scalar(_FILED, {"case": case.id, "form": again})
        if answers is None:
            return []
    verdicts, problem = list[Verdict](), None
    try:
        verdicts = of_answers(session, case, form, answers)
        if reason := recommendations.relaxation(session, case):
            verdicts = criteria.relaxed(verdicts, reason)
    except (
        JiqunError
    ) as error:  # a figure out of all reason: for the reviewer to see, not for the applicant to be stuck
        problem = _told(error, form)
    row = {"task_id": task.id, "case_id": case.id, "made_at": clock.now(), "problem": problem}
    session.connection().execute(_KEPT, row | {"verdicts": [asdict(verdict) for verdict in verdicts]})
    found = {verdict.criterion: verdict.verdict for verdict in verdicts}
    payload = {"verdicts": found, "problem": problem}
    return [events.Entry("precheck.done", case.id, task.id, task.instance_path + task.element, payload)]


def _told(error: JiqunError, form: Form) -> str:
    """The reason in the words of the form: a fact has a machine's name, its field has a title."""
    fact = str(error.facts.get("name", ""))
    for schema in form.document["properties"].values():
        words = schema.get("x-fact", [])
        if fact and any(fact.startswith(word["fact"]) for word in (words if isinstance(words, list) else [words])):
            return f"“{schema['title']}”的数值超出合理范围，未能预审，请人工核对"
    return f"未能预审，请人工核对：{error.message}"
