"""Cases that cannot go on: bundles the check lets pass and some data break, and what is seen of it afterwards."""

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import func, select

from engine import bundle
from engine.errors import CaseStopped
from engine.models import Case, Event, Incident, Letter, Round, Task
from tests import samples
from tests.faults import invariants
from tests.office import REGIME, Office

ANSWERS = samples.ANSWERS
CLOSED = "2025-06-30 17:30:01"  # a second after the closing time


# ---- diagrams that pass the check and fail on some data ------------------------------------------


def changed(file: str, old: str, new: str) -> dict[str, bytes]:
    """The shipped bundle with one thing in a diagram said differently."""
    files = dict(bundle.shipped(REGIME))
    drawn = files[file].decode()
    assert drawn.count(old) == 1, old
    files[file] = drawn.replace(old, new).encode()
    return files


def failing_after_acceptance() -> dict[str, bytes]:
    """Who is accepted comes to a question that compares a text with a number."""
    old = 'higher_level_recognition in ["national", "provincial"]'
    return changed("application.bpmn", old, "higher_level_recognition &gt; 3")


def failing_for_parks_at_the_start() -> dict[str, bytes]:
    """The closing time of a park's application is no moment."""
    closing = ">{}</bpmn:timeDate>"
    wrong = 'closes_at if applicant_level != "park" else applicant_level'
    return changed("filing.bpmn", closing.format("closes_at"), closing.format(wrong))


def failing_for_parks_when_decided() -> dict[str, bytes]:
    """What a park's application is told in the end it cannot understand."""
    old = 'case_id in decided["recognised"]'
    return changed("outcome.bpmn", old, f'{old} if applicant_level != "park" else applicant_level &gt; 3')


def failing_when_the_first_round_closes() -> dict[str, bytes]:
    """Closing, the first round is given a number where a moment belongs: an effect that cannot be carried out."""
    files = dict(bundle.shipped(REGIME))
    before, closing, after = files["round.bpmn"].decode().partition("value=\"'closed'\"")
    wrong = 'value="closes_at if round_id &gt; 1 else 7"'
    files["round.bpmn"] = (before + closing + after.replace('value="closes_at"', wrong, 1)).encode()
    return files


def going_in_circles() -> dict[str, bytes]:
    """Who is accepted is asked again whether they were: without end, and without waiting for anybody."""
    return redirected("intake.bpmn", "tell_accepted", "accepted", "acceptance_decision")


def redirected(file: str, source: str, target: str, new_target: str) -> dict[str, bytes]:
    """The shipped bundle, where what led from `source` to `target` leads to another element."""
    files = dict(bundle.shipped(REGIME))
    root: Any = etree.fromstring(files[file])
    (flow,) = root.xpath(f"//*[@sourceRef='{source}' and @targetRef='{target}']")
    (told,) = root.xpath(f"//*[@id='{target}']/*[local-name()='incoming' and text()='{flow.get('id')}']")
    (other,) = root.xpath(f"//*[@id='{new_target}']/*[local-name()='incoming'][1]")
    flow.set("targetRef", new_target)
    other.addnext(told)
    return {**files, file: etree.tostring(root, xml_declaration=True, encoding="UTF-8")}


# ---- what the tests do and look at ---------------------------------------------------------------


def opened_round(office: Office) -> Round:
    begun = office.open_round(again="省厅要求补报")
    office.complete("city", office.open_task(case_of(begun), "call_notice"), ANSWERS["call_notice"])
    return begun


def case_of(round_: Round) -> int:
    assert round_.case_id is not None
    return round_.case_id


def apply(office: Office, round_: Round, who: str = "county") -> Case:
    return office.open_case(who, {**ANSWERS["application_start"], "round_id": round_.id})


def at_acceptance(office: Office, round_: Round, who: str = "county", **answers: Any) -> Task:
    case = apply(office, round_, who)
    office.complete(who, office.open_task(case.id, "fill_in"), samples.application_data(**answers))
    if who == "park":
        office.complete("county", office.open_task(case.id, "forward"), ANSWERS["forward"])
    return office.open_task(case.id, "acceptance")


def waiting_for_its_round(office: Office, round_: Round, who: str = "county") -> int:
    """An application that a higher level has recognised already: it needs no reviews."""
    task = at_acceptance(office, round_, who, higher_level_recognition="provincial")
    office.complete("city", task, ANSWERS["acceptance"])
    office.complete("city", office.open_task(task.case_id, "verify_higher_level"), ANSWERS["verify_higher_level"])
    return task.case_id


def stopped(office: Office) -> Task:
    """A task whose completion has stopped its case."""
    task = at_acceptance(office, opened_round(office))
    with pytest.raises(CaseStopped):
        office.complete("city", task, ANSWERS["acceptance"])
    return task


def as_(office: Office, who: str, act: Callable[..., Case], *given: Any) -> Case:
    with office.database.write() as session:
        return act(session, office.actors[who], *given)


def standing(office: Office, case_id: int) -> tuple[str, str | None]:
    with office.database.read() as session:
        case = session.get_one(Case, case_id)
        return case.status, case.outcome


def incidents_of(office: Office, case_id: int) -> list[tuple[str, str | None, str | None, str | None]]:
    with office.database.read() as session:
        found = session.scalars(select(Incident).where(Incident.case_id == case_id).order_by(Incident.id))
        return [(each.code, each.element, each.resolution, each.closed_by) for each in found]


def recorded(office: Office, case_id: int, kind: str) -> list[tuple[str, Any]]:
    with office.database.read() as session:
        query = select(Event.actor, Event.payload).where(Event.case_id == case_id, Event.kind == kind)
        return [(row.actor, row.payload) for row in session.execute(query.order_by(Event.seq))]


def rows(office: Office) -> dict[str, int]:
    """How many there are of what a command writes."""
    with office.database.read() as session:
        tables = (Case, Task, Letter, Incident, Event)
        return {each.__tablename__: session.scalar(select(func.count()).select_from(each)) or 0 for each in tables}


def assert_sound(office: Office) -> None:
    found = invariants.violations(office.database.url)
    assert found == [], found
