"""Late filings (逾期受理): the exceptions of a round, and granting one."""

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from engine import access, late_filings, rounds
from engine.errors import FormInvalid, Refused
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.rounds.lists import routes
from web.wording import _

FIELDS = ("organisation_code", "until", "reason")


@routes.get("/rounds/<number:round_id>/late-filings")
@guarded("round.extend")
def late(round_id: int) -> Response:
    """The exceptions there are, and the form for one more."""
    return _page(round_id, dict.fromkeys(FIELDS, ""), [])


@routes.post("/rounds/<number:round_id>/late-filings")
@guarded("round.extend")
def grant(round_id: int) -> BaseResponse:
    """Let an office file late."""
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    until = frame.shanghai(given["until"])
    if until is None:
        return _page(round_id, given, [_problem("until", _("请填写补报期限，例如 2026-07-10 17:30"))], 422)
    try:
        with frame.writing() as session:
            late_filings.grant(
                session,
                guard.actor(),
                round_id,
                given["organisation_code"],
                until=until,
                reason=given["reason"],
            )
    except FormInvalid as error:
        return _page(round_id, given, [_problem(each.field, each.message) for each in error.problems], 422)
    except Refused as error:
        return _page(round_id, given, [_problem("organisation_code", error.message)], 409)
    frame.say(_("已同意逾期受理并记录。该单位在补报期限内可以申报或推荐。"))
    return frame.go("round_pages.show", round_id=round_id)


def _page(round_id: int, given: dict[str, str], problems: list[dict[str, str]], status: int = 200) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        round_ = rounds.find(session, actor, round_id)
        access.require(actor, "round.extend", round_)
        return frame.page(
            "rounds/late.html",
            status,
            here="rounds",
            round=round_,
            granted=late_filings.listed(session, actor, round_id),
            offices=late_filings.offices(session, round_),
            given=given,
            problems=problems,
            wrong={problem["field"]: problem["message"] for problem in problems},
        )


def _problem(field: str, message: str) -> dict[str, str]:
    return {"field": field, "href": f"#{field}", "message": message}
