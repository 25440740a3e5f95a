"""Opening a round: its regime, year and title, and the reason for one more in a year."""

from collections.abc import Iterable

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine import clock, overview, rounds
from engine.errors import FormInvalid, NotFound, Refused
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.pages.rounds.lists import routes
from web.wording import _

YEARS = range(2000, 2101)
TITLE = 100  # characters
FIELDS = ("regime", "year", "title", "again")


@routes.get("/rounds/new")
@guarded("round.open")
def new() -> Response:
    """The form for a new round."""
    return _form({**dict.fromkeys(FIELDS, ""), "year": str(clock.today().year)}, [])


@routes.post("/rounds/new")
@guarded("round.open")
def open_() -> BaseResponse:
    """Open a round; its call for applications is the first task."""
    actor = guard.actor()
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    problems = list(_problems(given))
    if problems:
        return _form(given, problems, 422)
    try:
        with frame.writing() as session:
            round_ = rounds.open_round(
                session, actor, given["regime"], int(given["year"]), given["title"], again=given["again"]
            )
            round_id = round_.id
    except FormInvalid as error:
        said = [{"field": each.field, "href": f"#{each.field}", "message": each.message} for each in error.problems]
        return _form(given, said, 422)
    except (NotFound, Refused) as error:
        return _form(given, [_problem("regime", error)], 409)
    frame.say(_("批次已开启。请填写申报通知；通知发布后，申报主体即可申报。"))
    return frame.go("round_pages.show", round_id=round_id)


def _form(given: dict[str, str], problems: list[dict[str, str]], status: int = 200) -> Response:
    with frame.reading() as session:
        regimes = overview.regimes(session, guard.actor())
    said = {problem["field"]: problem["message"] for problem in problems}
    return frame.page(
        "rounds/new.html", status, here="rounds", given=given, problems=problems, wrong=said, regimes=regimes
    )


def _problems(given: dict[str, str]) -> Iterable[dict[str, str]]:
    """What is wrong with the form of a new round, a problem a field."""
    year = given["year"]
    if not given["regime"]:
        yield {"field": "regime", "href": "#regime", "message": _("请选择认定依据")}
    if not (year.isascii() and year.isdigit() and int(year[:9]) in YEARS):
        yield {"field": "year", "href": "#year", "message": _("请填写四位数的年度，例如 2026")}
    if not given["title"]:
        yield {"field": "title", "href": "#title", "message": _("请填写批次名称")}
    elif len(given["title"]) > TITLE or not given["title"].isprintable():
        message = _("批次名称不超过 %(most)s 字，不能换行", most=TITLE)
        yield {"field": "title", "href": "#title", "message": message}


def _problem(field: str, error: JiqunError) -> dict[str, str]:
    return {"field": field, "href": f"#{field}", "message": error.message}
