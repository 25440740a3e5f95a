"""The panel of a case: its seats, how they were drawn, replacing somebody, and what the open opinions come to."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from engine import access, cases, deployments, opinions, panels, reseating
from engine.access import Actor
from engine.errors import FormInvalid, Refused
from engine.figures import shown
from engine.models import Seat
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.wording import N_, _

routes = Blueprint("panel_pages", __name__)

STATES = {"invited": (N_("待声明"), "soon"), "declared": (N_("评分中"), "fine"), "done": (N_("已提交"), "done")}
ORIGINS = {"drawn": N_("抽取"), "substitute": N_("递补"), "added": N_("加签"), "chosen": N_("指定")}
CHAIRS = {"first_drawn": N_("最先抽中的专家"), "longest_serving": N_("入库时间最早的专家")}

routes.add_app_template_filter(shown, "points")


@routes.get("/cases/<number:case_id>/panel")
@guarded("panel.read")
def show(case_id: int) -> Response:
    """The panel, for the bureau; the opinions once they are open, for who sits on it as well."""
    return _page(case_id)


@routes.post("/seats/<number:seat_id>/replace")
@guarded("panel.replace")
def replace(seat_id: int) -> BaseResponse:
    """Give the seat of somebody who does not act to the next by lot."""
    return _do(seat_id, panels.replace, _("已更换，由抽取次序中的下一位专家接任。"))


@routes.post("/seats/<number:seat_id>/pass-over")
@guarded("panel.replace")
def pass_over(seat_id: int) -> BaseResponse:
    """Wait no longer for somebody once the opinions are open."""
    return _do(seat_id, reseating.pass_over, _("已不再等待该席位，理由已记录。"))


def _do(seat_id: int, command: Callable[[Session, Actor, int, str], Seat], said: str) -> BaseResponse:
    actor = guard.actor()
    with frame.reading() as session:
        case_id = panels.case_of(session, panels.find_seat(session, actor, seat_id))
    try:
        with frame.writing() as session:
            command(session, actor, seat_id, request.form.get("reason", ""))
    except FormInvalid as error:
        return _page(case_id, seat_id, error.problems[0].message, 422)
    except Refused as error:
        return _page(case_id, seat_id, error.message, 409)
    frame.say(said)
    return frame.go("panel_pages.show", case_id=case_id)


def _page(case_id: int, seat_id: int = 0, problem: str = "", status: int = 200) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        case = cases.find(session, actor, case_id)
        results = opinions.of_case(session, actor, case_id)
        listed: list[dict[str, Any]] = []
        if access.may(actor, "panel.list", case):
            listed = panels.listed(session, actor, case_id)
        rule = deployments.deployed(session, case.deployment_id).regime.review
        return frame.page(
            "panels/show.html",
            status,
            here="cases",
            case=case,
            panels=listed,
            results=results,
            rule=rule,
            may_replace=access.may(actor, "panel.replace", case),
            states=STATES,
            origins=ORIGINS,
            chairs=CHAIRS,
            wrong_seat=seat_id,
            problem=problem,
        )
