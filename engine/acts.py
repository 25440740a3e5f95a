"""Acts: what a person's step does besides being answered, before the diagram runs on and in the same transaction.

A step names its act in the property `does`. An act refuses what its form alone cannot see, writes its own rows and
gives the variables that engine.conventions lists.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

from engine import (
    assessments,
    changes,
    dispatches,
    draft_lists,
    inspections,
    objections,
    panels,
    prerequisites,
    publication,
    recommendations,
    reports,
    rounds,
    samples,
    scoring,
    settlement,
    site_reports,
)
from engine.access import Actor
from engine.instance.journal import Step
from engine.models import Case, Task

Variables: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Answered:
    """A step that somebody is finishing just now, with the answers that its form has cleaned."""

    session: Session
    actor: Actor
    case: Case
    task: Task
    step: Step
    answers: Mapping[str, Any]


_ACTS: Mapping[str, Callable[[Answered], Variables]] = {
    "convene_panel": panels.convene,
    "declare_interest": panels.declare,
    "give_opinion": scoring.give,
    "open_opinions": panels.open_or_add,
    "take_stance": scoring.take_stance,
    "conclude_panel": scoring.conclude,
    "check_objections": settlement.check,
    "settle_held": settlement.settle,
    "investigate_objection": objections.investigate,
    "decide_objection": objections.decide,
    "call_applications": rounds.call,
    "publish": publication.publish,
    "draw_sample": samples.draw,
    "decide_visit": samples.decide_visit,
    "arrange_inspection": inspections.arrange,
    "report_inspection": site_reports.report,
    "file": prerequisites.file,
    "accept": prerequisites.accept,
    "verify_higher_level": prerequisites.verify,
    "recommend": recommendations.recommend,
    "register_dispatch": dispatches.register,
    "draft_list": draft_lists.draft,
    "file_change": changes.file,
    "hand_in": reports.hand_in,
    "apply": reports.apply,
    "assess": assessments.assess,
    "check_rectification": assessments.check,
}


def do(answered: Answered) -> dict[str, Any]:
    """Carry out the step's act, if it has one; answers the variables it gives.

    Raises what the act refuses: FormInvalid for an answer, Refused for the moment.
    """
    name = answered.step.properties.get("does")
    return dict(_ACTS[name](answered)) if name else {}


def require_hands(session: Session, person: str, case: Case, does: str | None) -> None:
    """Nothing, if the person with this account may take the step of this act: beyond `not_by`. Raises Refused."""
    look = _HANDS.get(does or "")
    if look:
        look(session, person, case)


_HANDS: Mapping[str, Callable[[Session, str, Case], None]] = {
    "investigate_objection": objections.require_other_eyes,
}
