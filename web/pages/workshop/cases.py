"""Running cases and the versions they run on: what would become of each on another, moving them, taking it back."""

import time
from typing import Any

from flask import Response, jsonify, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine import access, deployments, diagrams
from engine.deployments import Deployed
from engine.errors import NotFound
from engine.models import Deployment
from engine.moves import listing, moving
from engine.moves.verdicts import SAFE, UNKNOWN, UNSAFE, Verdict
from engine.workshop import versions
from web import context, guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.workshop.opened import routes
from web.wording import N_, _

ON_PAGE = 50
SECONDS = 4.0  # in which one request moves what it can; the rest is there to be asked for again

VERDICTS = {
    SAFE: (N_("能办结"), "done"),
    UNSAFE: (N_("不能办结"), "late"),
    UNKNOWN: (N_("未能断定"), "soon"),
    "": (N_("待判定"), "quiet"),
}


@routes.get("/workshop/<regime>/cases")
@guarded("move.list")
def running_cases(regime: str) -> Response:
    """All that runs, each with its verdict for the version that is asked about."""
    with frame.reading() as session:
        actor = guard.actor()
        listed = versions.list_(session, actor, regime)
        target = _target(session, regime)
        rows = listing.rows(session, listing.open_cases(session, actor, regime), target)
        after = request.args.get("after", 0, type=int)
        shown = [row for row in rows if row.case.id > after]
        more = len(shown) > ON_PAGE
        here: dict[str, Any] = {"regime": regime, "to": target.number}
        return frame.page(
            "workshop/cases.html",
            here="workshop",
            regime=regime,
            title=deployments.deployed(session, target.id).regime.title,
            versions=listed,
            target=target,
            rows=[_shown(session, row, target) for row in shown[:ON_PAGE]],
            counted=listing.counted(row for row in rows if row.case.deployment_id != target.id),
            there=sum(row.case.deployment_id == target.id for row in rows),
            verdicts=VERDICTS,
            may_move=access.may(actor, "case.move"),
            next_href=url_for("workshop.running_cases", after=shown[ON_PAGE - 1].case.id, **here) if more else None,
            first_href=url_for("workshop.running_cases", **here) if after else None,
        )


@routes.post("/workshop/<regime>/cases")
@guarded("case.move")
def move_cases(regime: str) -> BaseResponse:
    """Those that were chosen, or all that are safe: each in a transaction of its own."""
    actor, until = guard.actor(), time.monotonic() + SECONDS
    with frame.reading() as session:
        versions.require(session, actor, regime)
        target = _target(session, regime)
        chosen = [_chosen(mark) for mark in request.form.getlist("case")]
        if request.form.get("which") == SAFE:
            rows = listing.rows(session, listing.open_cases(session, actor, regime), target)
            chosen = [(row.case.id, row.case.version) for row in rows if row.verdict and row.verdict.result == SAFE]
    moved, refused, left = 0, list[str](), 0
    for case_id, version in chosen:
        if time.monotonic() > until:
            left += 1
            continue
        try:
            with context.current().database.write() as session:
                moving.move(session, actor, case_id, target.number, seen=version, unknown=True)
            moved += 1
        except JiqunError as error:  # one that cannot move must not keep the others back
            refused.append(_("办件 %(case)s：%(why)s", case=case_id, why=error.message))
    frame.say(_result(moved, refused, left))
    return frame.go("workshop.running_cases", regime=regime, to=target.number)


@routes.get("/workshop/<regime>/cases/<number:case_id>")
@guarded("move.list")
def running_case(regime: str, case_id: int) -> Response:
    """One of them: why, and the way on the diagram."""
    with frame.reading() as session:
        row, target = _one(session, regime, case_id)
        return frame.page(
            "workshop/case.html",
            here="workshop",
            regime=regime,
            target=target,
            row=_shown(session, row, target),
            verdict=row.verdict,
            verdicts=VERDICTS,
            may_move=access.may(guard.actor(), "case.move"),
        )


@routes.get("/workshop/<regime>/cases/<number:case_id>/diagram")
@guarded("move.list")
def running_diagram(regime: str, case_id: int) -> Response:
    """What the viewer draws: the version that is asked about, with the way in it."""
    with frame.reading() as session:
        row, target = _one(session, regime, case_id)
        deployed = deployments.deployed(session, target.id)
        drawn = _drawn(deployed, row.case.process, row.verdict or Verdict(SAFE, ""))
    answer = jsonify({**drawn[0], "called": drawn[1:]})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.post("/workshop/<regime>/cases/<number:case_id>/undo")
@guarded("case.move")
def undo_move(regime: str, case_id: int) -> BaseResponse:
    """The last move is taken back."""
    with frame.writing() as session:
        made = moving.undo(session, guard.actor(), case_id)
        tried = deployments.number(session, made.to_id)
    frame.say(_("办件 %(case)s 的迁移已撤销，回到迁移之前", case=case_id))
    return frame.go("workshop.running_cases", regime=regime, to=tried)


def _target(session: Session, regime: str) -> Deployment:
    return moving.deployment(session, regime, request.values.get("to", type=int))


def _one(session: Session, regime: str, case_id: int) -> tuple[listing.Row, Deployment]:
    versions.require(session, guard.actor(), regime)
    target = _target(session, regime)
    found = [case for case in listing.open_cases(session, guard.actor(), regime) if case.id == case_id]
    if not found:
        raise NotFound(_("没有这个办件，或者您无权查看"))
    return listing.rows(session, found, target)[0], target


def _chosen(mark: str) -> tuple[int, int | None]:
    """A case and the version of it that was looked at."""
    case_id, _sep, version = mark.partition(".")
    return int(case_id) if case_id.isdecimal() else 0, int(version) if version.isdecimal() else None


def _result(moved: int, refused: list[str], left: int) -> str:
    parts = [_("已迁移 %(count)s 件", count=moved)]
    if left:
        parts.append(_("还有 %(count)s 件没有来得及，请再按一次继续", count=left))
    if refused:
        parts.append(_("没有迁移的 %(count)s 件：%(first)s", count=len(refused), first=refused[0]))
    return _("；").join(parts)


def told(session: Session, row: listing.Row) -> dict[str, Any]:
    """A running case and its verdict, for a table."""
    name, level = VERDICTS[row.verdict.result if row.verdict else ""]
    drawn = deployments.deployed(session, row.case.deployment_id).diagrams.get(row.case.process)
    return {
        "case": row.case,
        "process": drawn.name if drawn else row.case.process,
        "number": row.number,
        "steps": row.steps,
        "verdict": row.verdict,
        "state": _(name),
        "level": level,
    }


def _shown(session: Session, row: listing.Row, target: Deployment) -> dict[str, Any]:
    return {
        **told(session, row),
        "there": row.case.deployment_id == target.id,
        "movable": row.verdict is not None and row.verdict.result in {SAFE, UNKNOWN},
        "mark": f"{row.case.id}.{row.case.version}",
        "undo": row.moved,
    }


def _drawn(deployed: Deployed, process: str, verdict: Verdict) -> list[dict[str, Any]]:
    """Each diagram that the way comes through, the case's own first; where it strands, late."""
    found: dict[str, dict[str, Any]] = {}
    way, stands = ([_calls(here)[-1] for here in places] for places in (verdict.path, verdict.stands))
    for here in ("", *way, *stands):
        above = here.rpartition("/")[0]
        for path in _above(f"{above}/" if above else ""):
            diagram = diagrams.within(deployed.diagrams, process, path)
            if diagram is not None:
                facts = {"process": diagram.process, "name": diagram.name, "xml": diagram.text, "inside": False}
                found.setdefault(path, {"path": path, **facts, "passed": {"elements": {}, "flows": {}}, "current": []})
    for here in way:
        _mark(found, deployed, process, here)
    for here in dict.fromkeys(place for stand in stands for place in _calls(stand)):
        above, _sep, element = here.rpartition("/")
        drawing = found.get(f"{above}/" if above else "")
        if drawing is not None:
            level = "late" if verdict.result == UNSAFE else ""
            drawing["current"].append({"element": element, "name": element, "level": level, "told": ""})
            drawing["inside"] = True
    return [found[path] for path in sorted(found)]


def _mark(found: dict[str, dict[str, Any]], deployed: Deployed, process: str, here: str) -> None:
    """One element of the way, and the flows that lead to it from those before."""
    above, _sep, element = here.rpartition("/")
    path = f"{above}/" if above else ""
    drawing, diagram = found.get(path), diagrams.within(deployed.diagrams, process, path)
    if drawing is None or diagram is None:
        return
    passed = drawing["passed"]
    for flow in diagram.flows:
        if flow.target == element and flow.source in passed["elements"]:
            passed["flows"][flow.id] = 1
    passed["elements"][element] = passed["elements"].get(element, 0) + 1


def _calls(here: str) -> list[str]:
    """The step at this path, and the calls that lead to it: each is where the case stands on its own drawing."""
    parts = [part.partition("[")[0] for part in here.split("/")]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts)) if parts[depth]]


def _above(path: str) -> list[str]:
    """A path and those above it: "a/b/" lies in "a/" and ""."""
    parts = path.split("/")[:-1]
    return ["".join(f"{part}/" for part in parts[:depth]) for depth in range(len(parts) + 1)]
