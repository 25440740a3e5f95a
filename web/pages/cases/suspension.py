"""Suspending a case and letting it go on."""

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine import access, cases, suspensions
from engine.errors import FormInvalid, Refused
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.cases.lists import routes
from web.wording import _

FIELDS = ("ground", "clause", "reason", "note")


@routes.get("/cases/<number:case_id>/suspension")
@guarded("case.suspend")
def suspension(case_id: int) -> Response:
    """The form to suspend the case; of one that is suspended, the form to let it go on."""
    return _page(case_id, dict.fromkeys(FIELDS, ""), [])


@routes.post("/cases/<number:case_id>/suspension")
@guarded("case.suspend")
def suspend(case_id: int) -> BaseResponse:
    """Let the case stand still."""
    given = _given()
    try:
        with frame.writing() as session:
            suspensions.suspend(
                session,
                guard.actor(),
                case_id,
                ground=given["ground"],
                reason=given["reason"],
                clause=given["clause"],
            )
    except FormInvalid as error:
        return _page(case_id, given, [_problem(each.field, each.message) for each in error.problems], 422)
    except Refused as error:
        return _page(case_id, given, [_problem("ground", error.message)], 409)
    frame.say(_("已中止办理。恢复办理之前，各环节的期限不计，不发提醒。"))
    return frame.go("case_pages.show", case_id=case_id)


@routes.post("/cases/<number:case_id>/resumption")
@guarded("case.suspend")
def resume(case_id: int) -> BaseResponse:
    """Let the case go on."""
    given = _given()
    try:
        with frame.writing() as session:
            days = suspensions.resume(session, guard.actor(), case_id, given["note"]).working_days
    except FormInvalid as error:
        return _page(case_id, given, [_problem(each.field, each.message) for each in error.problems], 422)
    except Refused as error:
        return _page(case_id, given, [_problem("note", error.message)], 409)
    frame.say(_("已恢复办理，各环节的期限顺延 %(days)s 个工作日。", days=days))
    return frame.go("case_pages.show", case_id=case_id)


def _page(case_id: int, given: dict[str, str], problems: list[dict[str, str]], status: int = 200) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        case = cases.find(session, actor, case_id)
        access.require(actor, "case.suspend", case)
        suspended = case.status == suspensions.SUSPENDED
        return frame.page(
            "cases/suspension.html",
            status,
            here="cases",
            case=case,
            suspended=suspensions.of_case(session, actor, case)[0] if suspended else None,
            limits=suspensions.moved_today(session, case) if suspended else [],
            grounds=suspensions.GROUNDS.items(),
            given=given,
            problems=problems,
            wrong={problem["field"]: problem["message"] for problem in problems},
        )


def _given() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in FIELDS}


def _problem(field: str, message: str) -> dict[str, str]:
    return {"field": field, "href": f"#{field}", "message": message}
