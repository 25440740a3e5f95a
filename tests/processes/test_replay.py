"""The record holds all that a replay needs: from it alone a case is lived again, step for step."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from engine import bpmn, deployments, scripts
from engine.db import Database
from engine.models import Case, Event
from tests import inspected
from tests.clock import StandingClock, standing_at
from tests.office import Office
from tests.samples import ANSWERS

REPLAYED = {
    *("case.opened", "task.closed", "timer.fired", "message.received"),
    *("incident.repaired", "case.resumed"),  # which change what waits, and nothing that was
}
RETURN = {"decision": "return", "opinion": "请补正", "remarks": [{"field": "output", "remark": "与附表不一致"}]}


@pytest.fixture
def lived(sqlite_database: Database, clock: StandingClock) -> tuple[Office, int, int]:
    """A round and a case in it, lived to their ends: handed back once, judged, visited, published."""
    at = inspected.reviewed(sqlite_database, clock, count=0)

    def do(who: str, case_id: int, element: str, answers: Mapping[str, Any] | None = None) -> None:
        task = at.office.open_task(case_id, element)
        at.answer(who, case_id, element, answers or ANSWERS[task.form])

    case = at.office.open_case("county", {**ANSWERS["application_start"], "round_id": at.round_id})
    do("county", case.id, "fill_in")
    do("city", case.id, "acceptance", RETURN)
    do("county", case.id, "correct")
    do("city", case.id, "acceptance")
    do("city", case.id, "first_review")
    inspected.judge(at, case.id)
    clock.move_to(inspected.DRAW)
    at.tick()
    at.draw()
    at.arrange(case.id)
    clock.move_to(inspected.VISIT)
    at.report(case.id)
    listed = {"cases": [case.id], "reasons": [{"case": case.id, "reason": "评审通过"}], "opinion": "一个集群"}
    do("city", at.case_id, "draft_list", listed)
    do("leader", at.case_id, "decide_list")
    clock.move_to("2025-07-18 00:00")  # seven working days after Tuesday 8 July: Thursday 17 July
    at.tick()
    do("city", at.case_id, "check_objections")
    do("publisher", at.case_id, "publish")
    at.tick()
    return at.office, at.case_id, case.id


def test_a_case_is_lived_again_from_its_record_alone(lived: tuple[Office, int, int]) -> None:
    hall, *case_ids = lived
    for case_id in case_ids:
        assert lived_again(hall, case_id).ended


def lived_again(hall: Office, case_id: int) -> bpmn.Workflow:
    """The case by its record alone: it took the same way and ended as the case did."""
    with hall.database.read() as session:
        case = session.get_one(Case, case_id)
        deployed = deployments.deployed(session, case.deployment_id)
        record = session.scalars(select(Event).where(Event.case_id == case_id).order_by(Event.seq)).all()
    workflow: bpmn.Workflow | None = None
    for event in record:
        if event.kind in REPLAYED:
            with standing_at(event.at):
                workflow = again(workflow, event, deployed, case.process)
            passed = event.payload.get("passed", [])  # putting data or timers right passes nothing
            assert workflow.journal.passed == passed, (case.process, event.kind, event.element)
            workflow.dump()  # as each command does: pruned, and the journal begins anew
    assert workflow is not None
    assert workflow.ended == (case.status == "ended")
    ended = [event.payload["outcome"] for event in record if event.kind == "case.ended"]
    assert ended == ([case.outcome] if case.outcome else [])
    return workflow


def again(workflow: bpmn.Workflow | None, event: Event, deployed: deployments.Deployed, process: str) -> bpmn.Workflow:
    """The same command once more, on what the event says of it and nothing else."""
    payload = event.payload
    runner = scripts.recorded(payload.get("scripts", []))  # no script is run again
    if workflow is None:
        return bpmn.Workflow.start(deployed.specs(process), payload["start"], deployed.words, runner)
    workflow.run_scripts_by(runner)
    if event.kind == "task.closed":
        step = next(step for step in workflow.ready() if step.path + step.element == event.element)
        workflow.complete(step.id, payload["variables"])
    elif event.kind == "incident.repaired":
        workflow.set_variables(payload["variables"])
    elif event.kind == "case.resumed":
        moved = {
            place: [datetime.fromisoformat(moment) for moment in moments]
            for place, moments in payload.get("delayed", {}).items()
        }
        steps = {
            step.id: moved[step.path + step.element] for step in workflow.ready() if step.path + step.element in moved
        }
        workflow.delay({step: (old, new) for step, (old, new) in steps.items()})
    elif event.kind == "timer.fired":
        assert workflow.wake_at == datetime.fromisoformat(payload["due"])
        workflow.wake()
    else:
        workflow.deliver(payload["name"], payload["payload"])
    return workflow
