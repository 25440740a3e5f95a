"""Applying from the pool: one click begins the application of a cluster-to-be, with what is known in its draft."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import cases, cultivation, measurements, opening, tasks, worksheet
from engine.access import Actor
from engine.conventions import APPLICATION
from engine.errors import Refused
from engine.models import Case, Prospect, Round, Task
from engine.opening import Door

HIGHER: Final = "higher_level_recognition"
REFERENCE: Final = "higher_level_reference"  # asked where there is such a recognition


def doors(session: Session, actor: Actor, found: Prospect) -> list[Door]:
    """The rounds in which the actor may apply for it now."""
    behind = opening.doors(session, actor) if found.state == "growing" else []
    return [door for door in behind if door.regime == found.regime and door.process == APPLICATION]


def states_higher(session: Session, found: Prospect) -> bool:
    """Whether its figures name a recognition of a higher level, whose document the application has to name."""
    measured = measurements.of(session, found)
    return bool(measured) and measured[-1].answers.get(HIGHER, "none") != "none"


def apply(session: Session, actor: Actor, number: int, round_id: int, reference: str = "") -> Case:
    """Begin its application in this round, once: name, industry and the figures that are known stand in the draft.

    Raises NotFound, Forbidden, FormInvalid, and Refused once it has applied, or where the round takes none.
    """
    found = cultivation.locked(session, actor, number, "prospect.apply")
    door = next((door for door in doors(session, actor, found) if door.round_id == round_id), None)
    if door is None:
        why = opening.why_not(session, actor, round_id)
        raise Refused(why or said("这个批次现在不能申报，请选择正在受理申报的批次"), round=round_id)
    year = session.get_one(Round, round_id).year
    known = _known(session, found, year)
    start: dict[str, Any] = {
        "round_id": round_id,
        "cluster_name": found.name,
        "leading_industry": found.industry,
        "niche": found.niche,
        HIGHER: known.get(HIGHER, "none"),
    }
    if start[HIGHER] != "none":
        start[REFERENCE] = reference.strip()
    asked = door.form.fields()
    case = cases.open_case(
        session, actor, found.regime, door.process, {name: value for name, value in start.items() if name in asked}
    )
    if case.organisation_code != found.organisation_code:
        raise Refused(said("请由集群所在单位的经办人发起申报"))
    _begin(session, actor, case, known)
    found.state, found.case_id = "applied", case.id
    session.flush()
    cultivation.record(session, actor, found, "prospect.applied", round=round_id)
    return case


def _known(session: Session, found: Prospect, year: int) -> dict[str, Any]:
    return measurements.for_year(measurements.of(session, found), year)


def _begin(session: Session, actor: Actor, case: Case, known: Mapping[str, Any]) -> None:
    """Put what is known into the draft of the application, beside what opening it has said."""
    query = select(Task.id).where(Task.case_id == case.id, Task.state == "open", Task.form == APPLICATION)
    if task_id := session.scalar(query):
        said_already = worksheet.worksheet(session, actor, task_id).known
        tasks.save_draft(session, actor, task_id, {**known, **said_already}, 0)
