"""集群档案: a cluster's whole life on one page, what is ahead of it, and what may follow from a finding."""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine import (
    access,
    changes,
    cultivation,
    deployments,
    findings,
    lives,
    queries,
    register,
    revocations,
    showcase,
    typical_cases,
)
from engine.conventions import GROUNDS
from engine.errors import FormInvalid, Refused
from engine.models import Finding
from engine.particulars import duty
from web import guard
from web.api import paging
from web.guard import guard as guarded
from web.pages import frame
from web.pages.site import ON_PAGE, following
from web.wording import N_, _

routes = Blueprint("lives", __name__)

KINDS = {"recognised": N_("认定"), "renewed": N_("复核通过"), "revoked": N_("撤销认定"), "changed": N_("重大变动")}
STATES = {"open": N_("待处理"), "dropped": N_("不予处理"), "pursued": N_("已发起撤销")}
LEVELS = {"open": "soon", "dropped": "quiet", "pursued": "late"}  # of a badge


@routes.get("/clusters")
@guarded("cluster.list")
def list_() -> Response:
    """The clusters that the reader may see."""
    (after,) = paging.marked(request.args.get("after"), paging.number) or (0,)
    with frame.reading() as session:
        rows = queries.list_clusters(session, guard.actor(), limit=ON_PAGE + 1, after=after)
        waiting = lives.listed(session, guard.actor(), state="open")
        pooled = cultivation.concerns(session, guard.actor())
    return frame.page(
        "lives/list.html",
        here="clusters",
        clusters=[{**row, "badge": _(register.STATES.get(row["state"], N_("申报中")))} for row in rows[:ON_PAGE]],
        waiting=len(waiting),
        pooled=pooled,
        next_href=following("lives.list_", rows, lambda row: [row["id"]]),
    )


@routes.get("/clusters/<number:cluster_id>")
@guarded("cluster.read")
def show(cluster_id: int) -> Response:
    """The life of one cluster."""
    return _page(cluster_id, {}, {})


@routes.post("/clusters/<number:cluster_id>/changes")
@guarded("case.open")
def begin_change(cluster_id: int) -> BaseResponse:
    """Begin the filing of a major change."""
    with frame.writing() as session:
        case = changes.begin(session, guard.actor(), cluster_id)
    frame.say(_("已发起报备，请在待办中填写并提交。"))
    return frame.go("case_pages.show", case_id=case.id)


@routes.post("/clusters/<number:cluster_id>/typical-cases")
@guarded("typical_case.write")
def begin_typical_case(cluster_id: int) -> BaseResponse:
    """Begin to write a typical case of this cluster."""
    with frame.writing() as session:
        case = typical_cases.begin(session, guard.actor(), cluster_id)
    frame.say(_("已发起，请在待办中撰写并提交。"))
    return frame.go("case_pages.show", case_id=case.id)


@routes.post("/clusters/<number:cluster_id>/findings")
@guarded("finding.note")
def note(cluster_id: int) -> BaseResponse:
    """Note a fact that may be a ground of revocation."""
    given = {name: request.form.get(name, "").strip() for name in ("ground", "facts")}
    try:
        with frame.writing() as session:
            findings.note(session, guard.actor(), cluster_id, given["ground"], given["facts"])
    except FormInvalid as error:
        return _page(cluster_id, given, {each.field: each.message for each in error.problems}, 422)
    frame.say(_("已登记。是否发起撤销，另行决定。"))
    return frame.go("lives.show", cluster_id=cluster_id)


@routes.get("/findings")
@guarded("finding.list")
def list_findings() -> Response:
    """The findings that wait, and those that were settled."""
    state = request.args.get("state", "open")
    state = state if state in STATES else "open"
    with frame.reading() as session:
        found = lives.listed(session, guard.actor(), state=state)
        names = {each.id: queries.cluster_detail(session, guard.actor(), each.cluster_id)["name"] for each in found}
    return frame.page(
        "lives/findings.html",
        here="clusters",
        findings=[{**_told(each), "cluster": names[each.id]} for each in found],
        state=state,
        states={name: _(title) for name, title in STATES.items()},
    )


@routes.post("/findings/<number:finding_id>/drop")
@guarded("finding.settle")
def drop(finding_id: int) -> BaseResponse:
    """Nothing follows from it."""
    try:
        with frame.writing() as session:
            found = findings.drop(session, guard.actor(), finding_id, request.form.get("reason", ""))
            cluster_id = found.cluster_id
    except FormInvalid as error:
        raise Refused(error.problems[0].message) from error
    frame.say(_("已记录：不予处理。"))
    return frame.go("lives.show", cluster_id=cluster_id)


@routes.post("/findings/<number:finding_id>/pursue")
@guarded("finding.settle")
def pursue(finding_id: int) -> BaseResponse:
    """Open the case in which revocation is decided."""
    with frame.writing() as session:
        case = revocations.pursue(session, guard.actor(), finding_id)
    frame.say(_("已发起撤销办件，先听取集群所在单位的陈述和申辩。"))
    return frame.go("case_pages.show", case_id=case.id)


def _page(cluster_id: int, given: dict[str, str], wrong: dict[str, str], status: int = 200) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        found = lives.life(session, actor, cluster_id)
        cluster = found.cluster
        rules = deployments.rules(session, cluster.regime)
        diagrams = deployments.deployed(session, deployments.current(session, cluster.regime).id).diagrams
        names = {process: diagram.name for process, diagram in diagrams.items()}
        own = {each.organisation_code for each in actor.as_any_of(access.APPLICANTS)}
        return frame.page(
            "lives/show.html",
            status,
            here="clusters",
            life=found,
            state=_(register.STATES.get(cluster.state, N_("申报中"))),
            past=[_moment(each, names) for each in found.past],
            ahead=[{"duty": duty(each.kind), "row": each} for each in found.ahead],
            findings=[_told(each) for each in found.findings],
            grounds={name: _(GROUNDS[name]) for name in (rules.grounds if rules else ())},
            stories=showcase.of_cluster(session, cluster_id),
            writes=cluster.state == "recognised"
            and access.may(actor, "typical_case.write")
            and typical_cases.writes_as(session, actor, cluster) is not None,
            files_changes=cluster.state == "recognised" and cluster.organisation_code in own,
            notes=cluster.state == "recognised" and access.may(actor, "finding.note", cluster),
            given=given,
            wrong=wrong,
            problems=[{"field": field, "href": f"#{field}", "message": why} for field, why in wrong.items()],
        )


def _moment(each: lives.Moment, names: dict[str, str]) -> dict[str, Any]:
    if each.kind == "case":
        title = _("发起%(process)s", process=names.get(each.what, each.what))
    elif each.kind == "met":
        by_bureau = (each.facts or {}).get("by_bureau")
        words = N_("%(duty)s已作出结论") if by_bureau else N_("%(duty)s已报送")
        title = _(words, duty=duty(each.what))
    else:
        title = _(KINDS[each.kind])
    return {"on": each.on, "title": title, "case_id": each.case_id, "facts": each.facts or {}, "kind": each.kind}


def _told(found: Finding) -> dict[str, Any]:
    return {
        "row": found,
        "ground": _(GROUNDS[found.ground]),
        "state": _(STATES[found.state]),
        "level": LEVELS[found.state],
    }
