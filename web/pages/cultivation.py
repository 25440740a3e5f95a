"""培育库: the clusters-to-be of a pool, what is missing to each, its plan, and the application that begins from it."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request, send_file
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from engine import access, applying, clock, criteria, cultivation, measurements, organisations, pool_sheet
from engine.cultivation import CARD, STATES, STEPS, Card, Pool
from engine.errors import Conflict, Forbidden, FormInvalid
from engine.forms import Problem
from engine.models import Measurement, Prospect
from engine.sheets import XLSX
from web import guard
from web.form_html import Filling, draw, kept, layout_of, read
from web.form_html.layout import id_of
from web.guard import guard as guarded
from web.pages import frame
from web.wording import N_, _

routes = Blueprint("cultivation_pages", __name__)

LOOKS = {"growing": "soon", "applied": "done", "out": "quiet"}  # of a badge
VERDICTS = {criteria.PASS: (N_("达到"), "done"), criteria.FAIL: (N_("未达到"), "late")}
TO_JUDGE = (N_("待判断"), "soon")
SPARE = 3  # empty rows of a plan
TITLES = {"direction": N_("培育方向"), "measures": N_("培育措施"), "responsible": N_("责任单位"), "by": N_("完成时间")}


@routes.get("/cultivation")
@guarded("prospect.list")
def list_() -> Response:
    """The clusters-to-be that the reader may see."""
    actor, state, place = guard.actor(), request.args.get("state", ""), request.args.get("place", "")
    with frame.reading() as session:
        seen = cultivation.listed(session, actor)
        found = [each for each in seen if state in ("", each.state) and place in ("", each.organisation_code)]
        names = {code: organisations.get(session, code).name for code in {each.organisation_code for each in seen}}
        rows = [_row(session, each, names) for each in found]
        keeps = cultivation.pools(session, actor)
    return frame.page(
        "cultivation/list.html",
        here="clusters",
        rows=rows,
        pools=keeps,
        places=names,
        place=place,
        states={name: _(title) for name, title in STATES.items()},
        state=state,
    )


@routes.get("/cultivation.xlsx")
@guarded("prospect.list")
def sheet() -> Response:
    """The same as a spreadsheet."""
    with frame.reading() as session:
        content = pool_sheet.made(session, guard.actor())
    answer = send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name="培育库.xlsx")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@routes.get("/cultivation/new")
@guarded("prospect.add")
def new() -> Response:
    """The form for one more."""
    with frame.reading() as session:
        return _card(session, _pool(session), None, {})


@routes.post("/cultivation/new")
@guarded("prospect.add")
def add() -> BaseResponse:
    """Put it into the pool."""
    with frame.reading() as session:
        pool = _pool(session)
    try:
        with frame.writing() as session:
            number = cultivation.add(session, guard.actor(), pool, _given()).id
    except (FormInvalid, Conflict) as error:
        with frame.reading() as session:
            return _card(session, pool, None, request.form, _problems(error), status=422)
    frame.say(_("已加入培育库。请填写测评数据，对照认定条件查看差距。"))
    return frame.go("cultivation_pages.show", prospect_id=number)


@routes.get("/cultivation/<number:prospect_id>")
@guarded("prospect.read")
def show(prospect_id: int) -> Response:
    """One: its gaps, its years, its plan, and the application that may begin."""
    return _one(prospect_id)


@routes.get("/cultivation/<number:prospect_id>/edit")
@guarded("prospect.change")
def edit(prospect_id: int) -> Response:
    """The form to change what is said of it."""
    with frame.reading() as session:
        found = cultivation.find(session, guard.actor(), prospect_id)
        access.require(guard.actor(), "prospect.change", found)
        return _card(session, None, found, _answers(found))


@routes.post("/cultivation/<number:prospect_id>/edit")
@guarded("prospect.change")
def change(prospect_id: int) -> BaseResponse:
    """Say something else of it."""
    try:
        with frame.writing() as session:
            cultivation.change(session, guard.actor(), prospect_id, _given())
    except (FormInvalid, Conflict) as error:
        with frame.reading() as session:
            found = cultivation.find(session, guard.actor(), prospect_id)
            return _card(session, None, found, request.form, _problems(error), status=422)
    frame.say(_("已保存。"))
    return frame.go("cultivation_pages.show", prospect_id=prospect_id)


@routes.get("/cultivation/<number:prospect_id>/measure")
@guarded("prospect.change")
def figures(prospect_id: int) -> Response:
    """The form for the figures of a year; it begins with those that are known."""
    with frame.reading() as session:
        found = cultivation.find(session, guard.actor(), prospect_id)
        access.require(guard.actor(), "prospect.change", found)
        year = request.args.get("year", type=int)
        measured = [each for each in measurements.of(session, found) if year in (None, each.year)]
        known = {measurements.YEAR: clock.today().year}  # the figures of the three years before
        return _figures(session, found, dict(measured[-1].answers) if measured else known, ())


@routes.post("/cultivation/<number:prospect_id>/measure")
@guarded("prospect.change")
def measure(prospect_id: int) -> BaseResponse:
    """Keep the figures of a year."""
    with frame.reading() as session:
        found = cultivation.find(session, guard.actor(), prospect_id)
        layout = layout_of(measurements.form(session, found.regime))
    given = kept(layout, read(layout, layout.fields, request.form, {}))
    try:
        with frame.writing() as session:
            measurements.measure(session, guard.actor(), prospect_id, given)
    except FormInvalid as error:
        with frame.reading() as session:
            found = cultivation.find(session, guard.actor(), prospect_id)
            return _figures(session, found, given, error.problems, 422)
    frame.say(_("已保存测评数据。"))
    return frame.go("cultivation_pages.show", prospect_id=prospect_id)


@routes.post("/cultivation/<number:prospect_id>/withdraw")
@guarded("prospect.change")
def withdraw(prospect_id: int) -> BaseResponse:
    """Take it out of the pool."""
    reason = request.form.get("reason", "")
    try:
        with frame.writing() as session:
            cultivation.withdraw(session, guard.actor(), prospect_id, reason)
    except FormInvalid as error:
        return _one(prospect_id, {"reason": reason}, error.problems, 422)
    frame.say(_("已出库。"))
    return frame.go("cultivation_pages.show", prospect_id=prospect_id)


@routes.post("/cultivation/<number:prospect_id>/apply")
@guarded("prospect.apply")
def apply(prospect_id: int) -> BaseResponse:
    """Begin its application, with what is known in the draft."""
    round_id, reference = request.form.get("round_id", 0, type=int), request.form.get("reference", "")
    try:
        with frame.writing() as session:
            case = applying.apply(session, guard.actor(), prospect_id, round_id, reference)
    except FormInvalid as error:
        return _one(prospect_id, {"reference": reference}, error.problems, 422)
    frame.say(_("申报已发起，已知的数据已填入草稿，请核对后补充其余内容。"))
    return frame.go("case_pages.show", case_id=case.id)


def _one(
    number: int, given: Mapping[str, Any] | None = None, problems: Sequence[Problem] = (), status: int = 200
) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        found = cultivation.find(session, actor, number)
        measured = measurements.of(session, found)
        by_year = {each.year: measurements.gaps(session, found, each.answers) for each in measured}
        names = {found.organisation_code: organisations.get(session, found.organisation_code).name}
        seen = found.case_id is not None and access.may(actor, "prospect.apply", found)
        keeps = found.state == "growing" and access.may(actor, "prospect.change", found)
        applies = access.may(actor, "prospect.apply", found)
        return frame.page(
            "cultivation/show.html",
            status,
            here="clusters",
            prospect=found,
            place=names[found.organisation_code],
            keeper=organisations.get(session, found.keeper_code).name,
            badge=(_(STATES[found.state]), LOOKS[found.state]),
            steps=found.plan,
            titles={name: _(title) for name, title in TITLES.items()},
            years=list(by_year),
            lines=_lines(by_year),
            keeps=keeps,
            case_shown=seen or access.may(actor, "case.list"),
            doors=applying.doors(session, actor, found) if applies else [],
            asks_reference=applies and applying.states_higher(session, found),
            given=given or {},
            wrong={each.field: each.message for each in problems},
            problems=_summed(problems),
        )


def _lines(by_year: Mapping[int, Sequence[measurements.Gap]]) -> list[dict[str, Any]]:
    """Criterion by criterion: the newest gap, and each year's verdict."""
    found: dict[str, dict[str, Any]] = {}
    for year, gaps in by_year.items():
        for gap in gaps:
            line = found.setdefault(gap.verdict.criterion, {"years": {}})
            line |= {"text": _(gap.verdict.text), "clause": gap.verdict.clause, "gap": _(gap.text)}
            word, look = VERDICTS.get(gap.verdict.verdict, TO_JUDGE)
            line["years"][year] = (_(word), look)
    return list(found.values())


def _row(session: Session, each: Prospect, names: Mapping[str, str]) -> dict[str, Any]:
    measured = measurements.of(session, each)
    return {
        "prospect": each,
        "place": names[each.organisation_code],
        "badge": (_(STATES[each.state]), LOOKS[each.state]),
        **_met(session, each, measured[-1] if measured else None),
    }


def _met(session: Session, each: Prospect, last: Measurement | None) -> dict[str, Any]:
    gaps = measurements.gaps(session, each, last.answers) if last else []
    met = sum(gap.verdict.verdict == criteria.PASS for gap in gaps)
    return {"year": last.year if last else None, "met": met, "asked": len(gaps)}


def _card(
    session: Session,
    pool: Pool | None,
    found: Prospect | None,
    given: Mapping[str, Any],
    problems: Sequence[Problem] = (),
    *,
    status: int = 200,
) -> Response:
    """The form of what is said of a cluster-to-be."""
    keeper = found.keeper_code if found else pool.keeper_code if pool else ""
    rows = _plan(given)
    return frame.page(
        "cultivation/card.html",
        status,
        here="clusters",
        prospect=found,
        pools=cultivation.pools(session, guard.actor()),
        pool=pool,
        places=cultivation.places(session, keeper),
        given=given,
        rows=[*rows, *[dict.fromkeys(STEPS, "")] * SPARE],
        titles={name: _(title) for name, title in TITLES.items()},
        wrong={each.field: each.message for each in problems},
        problems=_summed(problems),
    )


def _figures(
    session: Session, found: Prospect, given: Mapping[str, Any], problems: Sequence[Problem], status: int = 200
) -> Response:
    layout = layout_of(measurements.form(session, found.regime))
    return frame.page(
        "cultivation/measure.html",
        status,
        here="clusters",
        prospect=found,
        items=draw(layout, list(layout.fields), Filling(answers=dict(given), problems=list(problems))),
        problems=[{"href": f"#{id_of(each.field)}", "message": each.message} for each in problems],
    )


def _pool(session: Session) -> Pool:
    """The pool that is asked for, or the first that the reader keeps."""
    keeps = cultivation.pools(session, guard.actor())
    asked = request.values.get("regime", "")
    found = next((each for each in keeps if each.regime == asked), keeps[0] if keeps else None)
    if found is None:
        raise Forbidden(_("按现行规则体系，您的单位不建立集群培育库"))
    return found


def _given() -> Card:
    form = request.form
    return Card(form.get("organisation_code", ""), {name: form.get(name, "") for name in CARD}, _plan(form))


def _plan(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of the plan as they were typed, without the empty ones."""
    rows = []
    for at in range(cultivation.MOST_STEPS + SPARE + 1):
        row = {name: str(given.get(f"plan[{at}].{name}") or "") for name in STEPS}
        if any(text.strip() for text in row.values()):
            rows.append(row)
    return rows


def _answers(found: Prospect) -> dict[str, Any]:
    """What is kept, as the form posts it."""
    said = dict(zip(CARD, (found.name, found.industry, found.niche), strict=True))
    plan = {f"plan[{at}].{name}": text for at, step in enumerate(found.plan) for name, text in step.items()}
    return {"organisation_code": found.organisation_code, **said, **plan}


def _problems(error: FormInvalid | Conflict) -> Sequence[Problem]:
    if isinstance(error, FormInvalid):
        return error.problems
    return [Problem(CARD[0], error.code, error.message)]


def _summed(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """A row of the plan is one place to go to."""
    at = {each.field: each.field.replace("[", "-").replace("]", "") for each in problems}
    return [{"href": f"#{at[each.field]}", "message": each.message} for each in problems]
