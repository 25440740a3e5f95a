"""The pool (专家库、抽查人员名录): who is in it, adding and changing, suspending, and what members declare."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from engine import access, organisations, pool
from engine.errors import Conflict, FormInvalid
from engine.forms import Problem
from engine.models import PoolMember
from engine.pool import KINDS, Card
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.wording import _

routes = Blueprint("pool_pages", __name__)

WORDS = 100  # characters of a keyword
_CARD = ("fields", "employer", "division", "first_day", "last_day")


@routes.get("/pool")
@guarded("pool.list")
def list_() -> Response:
    """The members of the bureau's pool."""
    kind, words = request.args.get("kind", ""), request.args.get("words", "").strip()[:WORDS]
    with frame.reading() as session:
        found = pool.listed(session, guard.actor())
        divisions = _divisions(session)
    shown = [each for each in found if each.kind == kind or kind not in KINDS]
    if words:
        said = [(each, (each.name, each.display_name, each.card.employer, *each.card.fields)) for each in shown]
        shown = [each for each, texts in said if any(words in text for text in texts)]
    return frame.page(
        "pool/list.html",
        here="rounds",
        members=shown,
        counts={name: sum(1 for each in found if each.kind == name) for name in KINDS},
        kinds=KINDS,
        kind=kind,
        words=words,
        divisions=divisions,
    )


@routes.get("/pool/new")
@guarded("pool.change")
def new() -> Response:
    """The form for a new member."""
    return _new({"first_day": "", "kind": request.args.get("kind", "")}, ())


@routes.post("/pool/new")
@guarded("pool.change")
def add() -> BaseResponse:
    """Put somebody into the pool."""
    given = _given("name", "kind", *_CARD)
    bureaus = sorted(access.offices(guard.actor(), {"bureau_officer"}))
    try:
        card = _card(given)
        with frame.writing() as session:
            pool.add(session, guard.actor(), bureaus[0], given["name"], kind=given["kind"], card=card)
    except FormInvalid as error:
        return _new(given, error.problems, 422)
    except Conflict as error:
        return _new(given, [Problem("name", error.code, error.message)], 409)
    frame.say(_("已加入名录。"))
    return frame.go("pool_pages.list_", kind=given["kind"])


@routes.get("/pool/<number:member_id>")
@guarded("pool.read")
def show(member_id: int) -> Response:
    """One member: what the pool says, what they declared, and what the reader may do."""
    return _member(member_id)


@routes.post("/pool/<number:member_id>")
@guarded("pool.change")
def change(member_id: int) -> BaseResponse:
    """Say something else of a member."""
    given = _given(*_CARD)
    try:
        card = _card(given)
        with frame.writing() as session:
            pool.change(session, guard.actor(), member_id, card)
    except FormInvalid as error:
        return _member(member_id, given, error.problems)
    frame.say(_("已保存。"))
    return frame.go("pool_pages.show", member_id=member_id)


@routes.post("/pool/<number:member_id>/suspend")
@guarded("pool.change")
def suspend(member_id: int) -> BaseResponse:
    """Nobody draws this member for the time being."""
    try:
        with frame.writing() as session:
            pool.suspend(session, guard.actor(), member_id, request.form.get("reason", ""))
    except FormInvalid as error:
        return _member(member_id, {"reason": request.form.get("reason", "")}, error.problems)
    frame.say(_("已暂停，今后的抽取不再包括此人；现任的席位不受影响。"))
    return frame.go("pool_pages.show", member_id=member_id)


@routes.post("/pool/<number:member_id>/resume")
@guarded("pool.change")
def resume(member_id: int) -> BaseResponse:
    """This member may be drawn again."""
    with frame.writing() as session:
        pool.resume(session, guard.actor(), member_id)
    frame.say(_("已恢复抽取。"))
    return frame.go("pool_pages.show", member_id=member_id)


@routes.post("/pool/<number:member_id>/interests")
@guarded("pool.declare")
def declare(member_id: int) -> BaseResponse:
    """A tie to a cluster or an office: the member is not drawn for it."""
    given = _given("cluster", "organisation_code", "statement")
    try:
        with frame.writing() as session:
            pool.declare(
                session,
                guard.actor(),
                member_id,
                given["statement"],
                cluster=given["cluster"],
                organisation_code=given["organisation_code"],
            )
    except FormInvalid as error:
        return _member(member_id, given, error.problems)
    frame.say(_("利害关系已申报，抽取时不再包括。"))
    return frame.go("pool_pages.show", member_id=member_id)


def _member(
    member_id: int, given: Mapping[str, str] | None = None, problems: Any = (), status: int | None = None
) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        member = pool.find(session, actor, member_id)
        told = next(each for each in pool.listed(session, actor) if each.id == member_id)
        return frame.page(
            "pool/show.html",
            status or (422 if problems else 200),
            here="rounds" if access.may(actor, "pool.list") else "",
            member=told,
            interests=pool.interests(session, actor, member_id),
            offices=pool.offices(session, member.bureau_code),
            divisions=_divisions(session),
            kinds=KINDS,
            given={**_written(member), **(given or {})},
            may_change=access.may(actor, "pool.change", member.bureau_code),
            may_declare=access.may(actor, "pool.declare", member),
            **_wrong(problems),
        )


def _new(given: Mapping[str, str], problems: Any, status: int = 200) -> Response:
    with frame.reading() as session:
        divisions = _divisions(session)
    return frame.page(
        "pool/new.html", status, here="rounds", given=given, kinds=KINDS, divisions=divisions, **_wrong(problems)
    )


def _card(given: Mapping[str, str]) -> Card:
    """What was typed as a card. Raises FormInvalid for days that are none."""
    days, problems = dict[str, date | None](), []
    for name in ("first_day", "last_day"):
        try:
            days[name] = date.fromisoformat(given[name]) if given[name] else None
        except ValueError:
            problems.append(Problem(name, "date", _("请按年月日填写日期")))
    first = days.get("first_day")
    if first is None and not problems:
        problems.append(Problem("first_day", "required", _("请填写任期的第一日")))
    if problems or first is None:
        raise FormInvalid(problems)
    fields = given["fields"].replace("，", "、").replace(",", "、").split("、")
    return Card(tuple(fields), given["employer"], given["division"], first, days["last_day"])


def _written(member: PoolMember) -> dict[str, str]:
    """A member's card as its form shows it."""
    return {
        "fields": "、".join(member.fields),
        "employer": member.employer,
        "division": member.division,
        "first_day": member.first_day.isoformat(),
        "last_day": member.last_day.isoformat() if member.last_day else "",
    }


def _given(*names: str) -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in names}


def _wrong(problems: Any) -> dict[str, Any]:
    return {
        "wrong": {problem.field: problem.message for problem in problems},
        "problems": [{"href": f"#{problem.field}", "message": problem.message} for problem in problems],
    }


def _divisions(session: Session) -> dict[str, str]:
    """The counties where an employer may lie, by their division code."""
    return {each.division: each.name for each in organisations.listed(session) if each.level == "county"}
