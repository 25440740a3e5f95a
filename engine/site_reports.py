"""Site reports (抽查记录): what the inspectors found, item by item, and what of it cannot be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, deployments, panels
from engine.access import Actor
from engine.errors import FormInvalid, Refused
from engine.forms import Problem
from engine.models import Case, Inspection, Panel, Sample, Task

if TYPE_CHECKING:
    from engine.acts import Answered

FORM: Final = "site_inspection"
_CHECK: Final = "check_"  # begins the name of an item of the checklist; a criterion of the regime follows


@dataclass(frozen=True)
class Report:
    """A finished report as its page shows it."""

    task: Task
    decision: str  # in words
    differs: tuple[str, ...]  # titles of the items that do not match
    unchecked: tuple[str, ...]


def report(answered: "Answered") -> Mapping[str, Any]:
    """Take the report of a visit: its team has done its part, and the appointment can no longer change.

    Raises FormInvalid for a visit before the review was concluded or the sample drawn, fewer than two of the team on
    the spot, a difference without what was found, and a decision that the checklist contradicts. Raises Refused while
    the visit is called off.
    """
    session, case, answers = answered.session, answered.case, answered.answers
    seat = panels.seat_of(answered)
    inspection = session.scalars(select(Inspection).where(Inspection.panel_id == seat.panel_id)).one()
    if inspection.cancelled_at is not None:
        raise Refused(said("本次抽查安排已取消，请等待重新安排后再提交抽查记录"), inspection=inspection.id)
    panel = session.get_one(Panel, seat.panel_id)
    team = panels.seats_of(session, panel)
    problems = [
        *_too_early(session, case, date.fromisoformat(answers["inspected_on"])),
        *_not_of_the_team(answers["inspectors"], {each.member_id for each in team}),
        *_contradictions(_results(answers), answers),
    ]
    if problems:
        raise FormInvalid(problems)
    for each in team:
        each.state = "done"
    panel.concluded_at = clock.now()
    payload = {
        "inspection": inspection.id,
        "decision": answers["site_decision"],
        "inspected_on": answers["inspected_on"],
        "inspectors": answers["inspectors"],
        "results": {name.removeprefix(_CHECK): row["result"] for name, row in _results(answers).items()},
    }
    panels.record(answered, "inspection.reported", payload)
    return {}


def of_case(session: Session, actor: Actor, case: Case) -> list[Report]:
    """The finished reports of a case that the actor may read, the newest first."""
    query = (
        select(Task)
        .where(Task.case_id == case.id, Task.form == FORM, Task.state == "done", access.visible_tasks(actor))
        .order_by(Task.closed_at.desc())
    )
    form = deployments.deployed(session, case.deployment_id).form(FORM)
    found = []
    for task in session.scalars(query):
        results = {form.title_of(name): row["result"] for name, row in _results(task.answers or {}).items()}
        differs = tuple(title for title, result in results.items() if result == "differs")
        unchecked = tuple(title for title, result in results.items() if result == "not_checked")
        decision = form.label_of("site_decision", (task.answers or {}).get("site_decision", ""))
        found.append(Report(task, decision, differs, unchecked))
    return found


def earliest(session: Session, case: Case) -> date | None:
    """The first day on which a visit to this case can have taken place; None: nothing says so."""
    reviewed = select(func.max(Panel.concluded_at)).where(Panel.case_id == case.id, Panel.kind == "expert")
    drawn = select(func.max(Sample.drawn_at)).where(Sample.round_id == case.round_id)
    moments = [moment for moment in (session.scalar(reviewed), session.scalar(drawn)) if moment]
    return max(moments).astimezone(clock.SHANGHAI).date() if moments else None


def _too_early(session: Session, case: Case, inspected_on: date) -> Iterator[Problem]:
    first = earliest(session, case)
    if first and inspected_on < first:
        why = said(
            "抽查日期早于专家评审结束和抽取样本之日（%(day)s），请核对；抽查应在列入样本之后进行", day=first.isoformat()
        )
        yield Problem("inspected_on", "before_review", why)


def _not_of_the_team(present: list[int], team: set[int]) -> Iterator[Problem]:
    for place, member in enumerate(present):
        if member not in team:
            yield Problem(
                f"inspectors[{place}]", "not_in_team", said("只能选本次抽查安排中的人员；人员有变的，请先变更安排")
            )


def _contradictions(results: Mapping[str, Mapping[str, str]], answers: Mapping[str, Any]) -> Iterator[Problem]:
    differs = [name for name, row in results.items() if row["result"] == "differs"]
    for name in differs:
        if "found" not in results[name]:
            yield Problem(f"{name}.found", "found_required", said("核对不符的，请写明现场的数据和依据"))
    if results and all(row["result"] == "not_checked" for row in results.values()):
        yield Problem("site_decision", "nothing_checked", said("没有核对任何一项，不能作出抽查结论；请至少核对一项"))
    elif differs and answers["site_decision"] == "conforms":
        yield Problem("site_decision", "contradicts", said("有核对不符的项目，抽查结论不能选“与申报材料相符”"))
    elif results and not differs and answers["site_decision"] == "falsehood":
        why = said("没有一项核对不符，不能认为涉嫌虚假申报；请核对逐项结果，或改选结论")
        yield Problem("site_decision", "contradicts", why)


def _results(answers: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """The items of the checklist: name of the field → result and, where something was written, what was found."""
    return {name: row for name, row in answers.items() if name.startswith(_CHECK) and isinstance(row, Mapping)}
