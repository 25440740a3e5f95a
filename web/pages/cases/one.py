"""One case: facts, the way through its diagram, the record, answers, files, letters, prechecks."""

from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session

from engine import (
    access,
    cases,
    clock,
    deployments,
    identities,
    inspections,
    objections,
    overview,
    panels,
    papers,
    progress,
    queries,
    site_reports,
    suspensions,
    visits,
)
from engine.criteria import told
from engine.models import Case, Cluster, Organisation, Round
from engine.site_reports import Report
from engine.visits import Visit
from web import guard
from web.api.cases import worded
from web.drawing import drawing
from web.guard import guard as guarded
from web.pages import frame, recognitions
from web.pages.cases import timeline
from web.pages.cases.lists import routes, state
from web.wording import _


@routes.get("/cases/<number:case_id>")
@guarded("case.read")
def show(case_id: int) -> Response:
    """One case: facts, the way through the diagram, the record, answers, files, letters, prechecks."""
    actor = guard.actor()
    with frame.reading() as session:
        case = queries.case_detail(session, actor, case_id)
        run = session.get_one(Case, case_id)
        deployed = deployments.deployed(session, run.deployment_id)
        come = progress.of_case(session, actor, case_id)
        objection = objections.of_case(session, actor, run)
        round_ = session.get(Round, run.round_id) if run.round_id else None
        applicant = session.get_one(Organisation, run.organisation_code).name
        blanks = {"办件标题": run.title, "集群名称": run.title, "批次": round_.title if round_ else ""}
        return frame.page(
            "cases/show.html",
            here="cases" if run.cluster_id else "objections" if objection else "rounds",
            objection=objection,
            reviewed=access.may(actor, "panel.read", run) and panels.any_of(session, run),
            case=case,
            applicant=applicant,
            round=round_ if round_ and access.may(actor, "round.read", round_) else None,
            progress=come,
            drawn=[run_ for run_ in come.runs if run_.inside],
            outcome=_outcome(case, deployed),
            others=_others(session, run),
            mine=overview.tasks_of(session, actor, case_id),
            told=timeline.entries(progress.told(session, actor, case_id), deployed, blanks),
            visits=_visits(session, run),
            answers=overview.answered(session, actor, case_id),
            printable=access.may(actor, "papers.read", run) and papers.printable(session, actor, run),
            dossier=access.may(actor, "dossier.read", run),
            files=queries.case_files(session, actor, case_id),
            letters=[worded(session, row) for row in queries.letters(session, actor, case_id)],
            prechecks=_prechecks(queries.prechecks(session, actor, case_id), deployed)
            if access.may(actor, "precheck.read", run)
            else None,
            suspensions=suspensions.of_case(session, actor, run),
            may_suspend=case["status"] in {"open", suspensions.SUSPENDED}
            and run.process != "round"
            and access.may(actor, "case.suspend", run),
            state=state(case["status"]),
        )


@routes.get("/cases/<number:case_id>/diagram")
@guarded("case.read")
def diagram(case_id: int) -> Response:
    """What the viewer draws."""
    with frame.reading() as session:
        stands_still = cases.find(session, guard.actor(), case_id).status == suspensions.SUSPENDED
        drawn = drawing(progress.of_case(session, guard.actor(), case_id))
    called = [_with_words(each, stands_still) for each in drawn["called"] if each["inside"]]
    answer = jsonify({**_with_words(drawn, stands_still), "called": called})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _with_words(drawn: dict[str, Any], stands_still: bool) -> dict[str, Any]:
    """Beside each place where the case stands, who has it and how long still."""
    for place in drawn["current"]:
        left = frame.remaining(place["due_at"])
        time = _("已中止") if stands_still else left.text if place["due_at"] else ""
        told = (time, place["holder"])  # a long name is cut, never the time
        place |= {"level": "soon" if stands_still else left.level, "told": " · ".join(part for part in told if part)}
    return drawn


def _outcome(case: queries.Row, deployed: deployments.Deployed) -> str:
    """How it ended, in the diagram's words."""
    drawn = deployed.diagrams.get(case["process"])
    node = drawn.nodes.get(case["outcome"] or "") if drawn else None
    return node.name if node else ""


def _prechecks(made: list[queries.Row], deployed: deployments.Deployed) -> dict[str, Any] | None:
    """All prechecks side by side: a column each, a row a criterion."""
    if not made:
        return None
    names = {node.id: node.name for drawn in deployed.diagrams.values() for node in drawn.nodes.values()}
    criteria: dict[str, dict[str, Any]] = {}
    for number, precheck in enumerate(made):
        for verdict in precheck["verdicts"]:
            empty = {"text": told(verdict), "clause": verdict["clause"], "cells": [None] * len(made)}
            row = criteria.setdefault(verdict["criterion"], empty)
            value = verdict["value"]
            shown = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
            cell = {"verdict": verdict["verdict"], "value": shown, "differs": verdict.get("differs", False)}
            row["cells"][number] = cell
    columns = [{**precheck, "name": names.get(precheck["element"], precheck["element"])} for precheck in made]
    return {"made": columns, "criteria": list(criteria.values())}


def _others(session: Session, run: Case) -> list[dict[str, Any]]:
    """What else the cluster is recognised as: the register tells everybody."""
    cluster = session.get(Cluster, run.cluster_id) if run.cluster_id else None
    return recognitions.shown(identities.recognitions(session, cluster, clock.today())) if cluster else []


def _visits(session: Session, run: Case) -> list[tuple[str, Visit, list[Report]]]:
    """The visits to this cluster that the reader may see: when, which, and what was reported of it."""
    actor = guard.actor()
    if not access.may(actor, "inspection.list"):
        return []
    reports = site_reports.of_case(session, actor, run)
    found = visits.visits(session, actor, case_id=run.id)
    return [(inspections.when(each.inspection), each, reports if each.state == "reported" else []) for each in found]
