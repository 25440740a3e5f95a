"""异常: the stopped cases of a bureau, what happened to each in plain words, and what a person can do about it."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from config.errors import JiqunError
from engine import access, clock, deployments, queries, repairs, routing, skips
from engine.deployments import Deployed
from engine.errors import FormInvalid, NotFound
from engine.models import Case, Organisation, Person
from engine.routing import Datum
from web import guard
from web.api import paging
from web.given import Paged
from web.guard import guard as guarded
from web.pages import frame
from web.wording import N_, _

routes = Blueprint("incident_pages", __name__)

PAGE = 50
REASON = 500  # characters
WORDS: Mapping[str, tuple[str, str]] = {  # an incident's code → what happened, what a person can do
    "expression_failed": (
        N_("流程图上的一个条件算不出结果：它要用的一项数据缺少，或者不是它所能比较的那一类。"),
        N_("多半是数据的问题：核对下面的流程数据，更正后重试。条件本身写错的，请修改流程图并部署新版。"),
    ),
    "expression_invalid": (
        N_("流程图上的一个条件不能用。"),
        N_("请修改流程图并部署新版；这个办件可以跳过该环节，或者终止。"),
    ),
    "step_failed": (
        N_("一个由系统自动办理的环节没有办成。"),
        N_("先重试；仍然不成的，核对下面的流程数据，更正后再试。"),
    ),
    "budget_exceeded": (
        N_("流程图在原地打转，或者一次要办的环节太多，系统停了下来。"),
        N_("更正让它打转的数据后重试；流程图画错的，请修改并部署新版，这个办件可以跳过该环节，或者终止。"),
    ),
    "state_unreadable": (
        N_("这个办件的运行状态读不出来：由更新版本的程序写成，或者已经损坏。"),
        N_("请系统管理员升级程序，或者从备份恢复，之后重试。"),
    ),
}
UNEXPECTED = (
    N_("办理中发生了程序没有预料到的错误。"),
    N_("先重试一次；再次发生的，请把编号和时间告知系统管理员，由其查看运行日志。"),
)


@routes.get("/incidents")
@guarded("incident.list")
def list_() -> Response:
    """The cases that cannot go on, oldest first."""
    actor = guard.actor()
    paged = Paged(limit=PAGE, after=request.args.get("after") or None)
    (after,) = paging.marked(paged.after, paging.number) or (0,)
    with frame.reading() as session:
        found = queries.incidents(session, actor, limit=PAGE + 1, after=after)
        shown = paging.page(found, paged, lambda row: [row["id"]])
        rows = [_row(session, row) for row in shown["items"]]
    first = url_for("incident_pages.list_") if after else None
    return frame.page("incidents/list.html", here="incidents", rows=rows, next_href=shown["next"], first_href=first)


@routes.get("/cases/<number:case_id>/incident")
@guarded("incident.read")
def show(case_id: int) -> Response:
    """One stopped case."""
    return _page(case_id)


@routes.post("/cases/<number:case_id>/incident/retry")
@guarded("incident.handle")
def retry(case_id: int) -> BaseResponse:
    """Let it try again as it stands."""
    return _do(case_id, "retry", repairs.retry, _("已恢复，办件照原样继续；未成的一步由原办理人或系统再办一次。"))


@routes.post("/cases/<number:case_id>/incident/repair")
@guarded("incident.handle")
def repair(case_id: int) -> BaseResponse:
    """Put the data right that were changed on the page."""
    reason = request.form.get("reason", "").strip()
    with frame.reading() as session:
        case, workflow = repairs.looked_at(session, guard.actor(), case_id)
        known = routing.of(deployments.deployed(session, case.deployment_id), workflow.variables() if workflow else {})
    changed, problems = _changed(known)
    if not changed and not problems:
        problems.append(_problem("data", _("请更正至少一项数据；不改数据而再试一次，请用“重试”")))
    problems += _reason_problems(reason, "repair-reason")
    if problems:
        return _page(case_id, problems, 422)
    return _do(
        case_id, "data", repairs.repair, _("已更正，办件继续办理。原来的值和理由记入办理记录。"), changed, reason
    )


@routes.post("/cases/<number:case_id>/incident/cancel")
@guarded("incident.handle")
def cancel(case_id: int) -> BaseResponse:
    """End the case."""
    reason = request.form.get("reason", "").strip()
    if problems := _reason_problems(reason, "cancel-reason"):
        return _page(case_id, problems, 422)
    return _do(case_id, "cancel-reason", repairs.cancel, _("办件已终止。"), reason)


@routes.post("/cases/<number:case_id>/incident/skip")
@guarded("incident.handle")
def skip(case_id: int) -> BaseResponse:
    """Ask that a step be left undone."""
    task, _space, way = request.form.get("way", "").partition("|")
    reason = request.form.get("reason", "").strip()
    problems = _reason_problems(reason, "skip-reason")
    if not way:
        problems.insert(0, _problem("way", _("请选择跳过之后的去向")))
    if problems:
        return _page(case_id, problems, 422)

    def ask(session: Session, actor: access.Actor, number: int) -> Any:
        return skips.ask(session, actor, number, task, way=way, reason=reason)

    return _do(case_id, "way", ask, _("已提出跳过申请，须由另一位流程管理人员或者本局领导确认。"), stays=True)


@routes.post("/cases/<number:case_id>/incident/skip/confirm")
@guarded("incident.confirm")
def confirm(case_id: int) -> BaseResponse:
    """Be the second pair of eyes."""
    return _do(case_id, "skip", skips.confirm, _("已确认跳过，办件继续办理。"), _asked())


@routes.post("/cases/<number:case_id>/incident/skip/refuse")
@guarded("incident.confirm")
def refuse(case_id: int) -> BaseResponse:
    """Leave the step as it is."""
    return _do(case_id, "skip", skips.refuse, _("未同意跳过，环节照旧。"), _asked(), stays=True)


def _do(
    case_id: int, field: str, command: Callable[..., Any], said: str, *given: Any, stays: bool = False
) -> BaseResponse:
    try:
        with frame.writing() as session:
            command(session, guard.actor(), case_id, *given)
    except FormInvalid as error:
        return _page(case_id, [_problem(field, each.message) for each in error.problems], 422)
    except NotFound:
        raise
    except JiqunError as error:
        return _page(case_id, [_problem(field, error.message)], 409)
    frame.say(said)
    return frame.go("incident_pages.show", case_id=case_id) if stays else frame.go("incident_pages.list_")


def _page(case_id: int, problems: list[dict[str, str]] | None = None, status: int = 200) -> Response:
    actor = guard.actor()
    with frame.reading() as session:
        case, workflow = repairs.looked_at(session, actor, case_id)
        deployed = deployments.deployed(session, case.deployment_id)
        incident = repairs.open_incident(session, case)
        asked = skips.waiting(session, case.id)
        return frame.page(
            "incidents/show.html",
            status,
            here="incidents",
            case=case,
            applicant=session.get_one(Organisation, case.organisation_code).name,
            incident=incident,
            step=_step(deployed, incident.element),
            words=WORDS.get(incident.code, UNEXPECTED),
            days=_days(incident.happened_at),
            data=routing.of(deployed, workflow.variables()) if workflow else [],
            steps=skips.steps(session, case, workflow) if workflow else [],
            asked=asked,
            asker=_name(session, asked.asked_by) if asked else "",
            is_own=asked is not None and asked.asked_by == actor.name,
            may_handle=access.may(actor, "incident.handle", case),
            may_read=access.may(actor, "case.read", case),
            given=request.form,
            problems=problems or [],
            wrong={problem["field"]: problem["message"] for problem in problems or []},
        )


def _row(session: Session, row: Mapping[str, Any]) -> dict[str, Any]:
    case = session.get_one(Case, row["case_id"])
    deployed = deployments.deployed(session, case.deployment_id)
    happened = WORDS.get(row["code"], UNEXPECTED)[0]
    drawn = deployed.diagrams.get(case.process)
    return {
        **row,
        "title": case.title,
        "process": drawn.name if drawn else case.process,
        "step": _step(deployed, row["element"]),
        "happened": _(happened),
        "days": _days(row["happened_at"]),
        "asked": skips.waiting(session, case.id) is not None,
    }


def _step(deployed: Deployed, element: str | None) -> str:
    """The element's name in whichever diagram of the deployment it stands."""
    names = {node.id: node.name for drawn in deployed.diagrams.values() for node in drawn.nodes.values()}
    return names.get(element or "", element or "")


def _days(since: Any) -> str:
    days = frame.working_days(since.astimezone(clock.SHANGHAI).date(), clock.today())
    return _("已 %(days)s 个工作日", days=days) if days else _("今日")


def _name(session: Session, account: str) -> str:
    return session.scalar(select(Person.display_name).where(Person.name == account)) or account


def _changed(known: list[Datum]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The data that were typed otherwise than they are, and what of it cannot be read."""
    changed: dict[str, Any] = {}
    problems = []
    for datum in known:
        typed = request.form.get(f"v-{datum.name}")
        if typed is None or typed.replace("\r\n", "\n") == datum.typed:
            continue
        try:
            changed[datum.name] = routing.read(datum, typed.strip())
        except routing.ValueUnreadable as error:
            problems.append(_problem(f"v-{datum.name}", error.message))
    return changed, problems


def _reason_problems(reason: str, field: str) -> list[dict[str, str]]:
    if not reason:
        return [_problem(field, _("请写明理由"))]
    return [_problem(field, _("理由不超过 %(limit)s 字", limit=REASON))] if len(reason) > REASON else []


def _asked() -> int:
    given = request.form.get("request", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _problem(field: str, message: str) -> dict[str, str]:
    return {"field": field, "href": f"#{field}", "message": message}
