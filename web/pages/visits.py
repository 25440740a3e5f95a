"""Visits (实地抽查): the appointments, one of them with its calendar file and its record, and the sample of a round."""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine import access, clock, engagements, inspections, rounds, samples, site_reports, visits
from engine.errors import FormInvalid
from engine.inspections import Appointment
from engine.models import Case
from engine.visits import Visit
from notifications import ics
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.wording import N_, _

routes = Blueprint("visits", __name__)

STATES = {  # of a visit: its word, and the badge's look
    "arranged": (N_("已安排"), "fine"),
    "cancelled": (N_("已取消，待重新安排"), "late"),
    "reported": (N_("已提交记录"), "done"),
}
FIELDS = ("starts_at", "ends_at", "place", "contact", "reason", "leader")


@routes.get("/visits")
@guarded("inspection.list")
def list_() -> Response:
    """The appointments: an inspector's own, a bureau's all, an applicant's those of its cases."""
    actor = guard.actor()
    mine = "mine" in request.args
    with frame.reading() as session:
        found = visits.visits(session, actor, mine=mine)
        return frame.page(
            "visits/list.html",
            here="visits",
            visits=found,
            teams={visit.inspection.id: visits.shows_team(actor, visit) for visit in found},
            when=inspections.when,
            states=_states(),
            mine=mine,
            both=bool(actor.as_any_of({"inspector"})) and bool(actor.as_any_of(access.BUREAU)),
        )


@routes.get("/visits/<number:inspection_id>")
@guarded("inspection.read")
def show(inspection_id: int) -> Response:
    """One appointment: when, where, who, what was found, and the forms to change it."""
    return _page(inspection_id, None, [])


@routes.get("/visits/<number:inspection_id>/visit.ics")
@guarded("inspection.read")
def calendar(inspection_id: int) -> Response:
    """The appointment for one's own calendar; fetched again after a change, it moves or cancels the same entry."""
    with frame.reading() as session:
        visit = visits.visit(session, guard.actor(), inspection_id)
        content = ics.calendar(_appointment(visit))
    answer = Response(content, content_type=ics.MEDIA_TYPE)
    answer.headers["Content-Disposition"] = f"attachment; filename=visit-{inspection_id}.ics"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.post("/visits/<number:inspection_id>/change")
@guarded("inspection.change")
def change(inspection_id: int) -> BaseResponse:
    """Another time, place or team."""
    typed = _typed()
    starts_at, ends_at = (frame.shanghai(typed[name]) for name in ("starts_at", "ends_at"))
    if starts_at is None or ends_at is None:
        name = "ends_at" if starts_at else "starts_at"
        return _page(inspection_id, typed, [(name, _("请填写日期和时间"))], 422)
    chosen = [int(each) for each in typed["inspectors"] if each.isdecimal() and len(each) < 10]
    leader = int(typed["leader"]) if typed["leader"].isdecimal() and len(typed["leader"]) < 10 else None
    try:
        with frame.writing() as session:
            appointment = Appointment(starts_at, ends_at, typed["place"], typed["contact"])
            inspections.change(
                session,
                guard.actor(),
                inspection_id,
                appointment,
                typed["reason"],
                inspectors=chosen,
                leader=leader,
            )
    except FormInvalid as error:
        return _page(inspection_id, typed, [(each.field, each.message) for each in error.problems], 422)
    frame.say(_("抽查安排已变更，并已通知申报主体。请提醒抽查人员重新下载日程。"))
    return frame.go("visits.show", inspection_id=inspection_id)


@routes.post("/visits/<number:inspection_id>/cancel")
@guarded("inspection.change")
def cancel(inspection_id: int) -> BaseResponse:
    """Call the visit off."""
    reason = request.form.get("reason", "").strip()
    try:
        with frame.writing() as session:
            inspections.cancel(session, guard.actor(), inspection_id, reason)
    except FormInvalid as error:
        said = [(f"cancel_{each.field}", each.message) for each in error.problems]
        return _page(inspection_id, None, said, 422)
    frame.say(_("抽查安排已取消，并已通知申报主体。重新安排前，抽查记录不能提交。"))
    return frame.go("visits.show", inspection_id=inspection_id)


@routes.get("/rounds/<number:round_id>/sample")
@guarded("sample.read")
def sample(round_id: int) -> Response:
    """The samples of a round, with all that is needed to draw them once more by hand."""
    with frame.reading() as session:
        actor = guard.actor()
        drawn = samples.of_round(session, actor, round_id)
        return frame.page(
            "visits/sample.html",
            here="rounds",
            round=rounds.find(session, actor, round_id),
            samples=drawn,
            later=samples.added_later(session, actor, round_id),
        )


def _page(
    inspection_id: int, typed: dict[str, Any] | None, problems: list[tuple[str, str]], status: int = 200
) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        visit = visits.visit(session, actor, inspection_id)
        case = session.get_one(Case, visit.inspection.case_id)
        may_change = access.may(actor, "inspection.change", visit.inspection) and visit.state != "reported"
        may_change = may_change and case.status == "open"
        return frame.page(
            "visits/show.html",
            status,
            here="visits",
            visit=visit,
            case=case if access.may(actor, "case.read", case) else None,
            when=inspections.when(visit.inspection),
            states=_states(),
            team=visits.shows_team(actor, visit),
            overlaps=[
                (name, other.case_id, inspections.when(other))
                for name, other in engagements.overlapping(session, visit.inspection)
                if visit.state == "arranged"
            ],
            task_id=visits.report_task(session, actor, visit),
            reports=site_reports.of_case(session, actor, case),
            typed=typed or _kept(visit),
            choices=inspections.choices(session, case, visits.arranged_by(session, visit)) if may_change else [],
            may_change=may_change,
            problems=[{"href": f"#{_place(field)}", "message": message} for field, message in problems],
            wrong={_place(field): message for field, message in reversed(problems)},
        )


def _place(field: str) -> str:
    return field.partition("[")[0]


def _typed() -> dict[str, Any]:
    typed: dict[str, Any] = {name: request.form.get(name, "").strip() for name in FIELDS}
    return typed | {"inspectors": request.form.getlist("inspectors")}


def _kept(visit: Visit) -> dict[str, Any]:
    """The form as it begins: as things stand."""
    inspection = visit.inspection
    starts, ends = (
        f"{at.astimezone(clock.SHANGHAI):%Y-%m-%dT%H:%M}" for at in (inspection.starts_at, inspection.ends_at)
    )
    members = [str(each.member_id) for each in visit.team]
    said = {"place": inspection.place, "contact": inspection.contact, "reason": ""}
    return {"starts_at": starts, "ends_at": ends, **said, "leader": members[0], "inspectors": members}


def _states() -> dict[str, tuple[str, str]]:
    return {state: (_(word), look) for state, (word, look) in STATES.items()}


def _appointment(visit: Visit) -> ics.Appointment:
    inspection = visit.inspection
    return ics.Appointment(
        uid=f"{inspection.uid}@jiqun",
        sequence=inspection.sequence,
        changed_at=inspection.arranged_at,
        starts_at=inspection.starts_at,
        ends_at=inspection.ends_at,
        summary=_("实地抽查：%(title)s", title=visit.title),
        place=inspection.place,
        description="\n".join(
            (
                _("联系：%(contact)s", contact=inspection.contact),
                _("所属批次：%(round)s", round=visit.round_title),
                _("办件编号：%(number)s", number=inspection.case_id),
            )
        ),
        cancelled=inspection.cancelled_at is not None,
    )
