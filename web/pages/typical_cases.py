"""典型案例: what recognised clusters have learnt, for anybody to read and print; the publisher may withdraw one."""

from flask import Blueprint, Response, g, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import access, bulletin, showcase
from engine.errors import FormInvalid
from web import context, guard
from web.api import paging
from web.api.files import sent
from web.guard import guard as guarded
from web.pages import frame
from web.pages.site import ON_PAGE, following
from web.wording import N_, _

routes = Blueprint("typical_case_pages", __name__)

PARTS = {"practice": N_("做法"), "effect": N_("成效"), "lessons": N_("可复制经验")}  # of what is written


@routes.get("/typical-cases")
@guarded("public.read")
def list_() -> Response:
    """What is public, newest first."""
    (after,) = paging.marked(request.args.get("after"), paging.number) or (None,)
    with frame.reading() as session:
        rows = showcase.listed(session, limit=ON_PAGE + 1, after=after)
    return frame.page(
        "typical_cases/list.html",
        here="typical_cases",
        stories=rows[:ON_PAGE],
        next_href=following("typical_case_pages.list_", rows, lambda row: [row["id"]]),
        first_href=url_for("typical_case_pages.list_") if after else None,
    )


@routes.get("/typical-cases/<number:typical_case_id>")
@guarded("public.read")
def show(typical_case_id: int) -> Response:
    """One, as it was published, or that it was withdrawn."""
    return _page(typical_case_id)


@routes.get("/typical-cases/<number:typical_case_id>/files/<file_id>")
@guarded("public.read")
def file(typical_case_id: int, file_id: str) -> Response:
    """A file that hangs on it."""
    with frame.reading() as session:
        return sent(context.current(), showcase.file(session, typical_case_id, file_id))


@routes.post("/typical-cases/<number:typical_case_id>/withdraw")
@guarded("typical_case.withdraw")
def withdraw(typical_case_id: int) -> BaseResponse:
    """Take it from the public."""
    reason = request.form.get("reason", "")
    try:
        with frame.writing() as session:
            showcase.withdraw(session, guard.actor(), typical_case_id, reason)
    except FormInvalid as error:
        return _page(typical_case_id, reason, {each.field: each.message for each in error.problems}, 422)
    frame.say(_("已撤下，公开页面只说明撤下的理由。"))
    return frame.go("typical_case_pages.show", typical_case_id=typical_case_id)


def _page(number: int, reason: str = "", wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    actor = g.get("actor")  # whoever is signed in
    with frame.reading() as session:
        found = showcase.shown(session, number)
        files = bulletin.files(session, found["files"])
    wrong = wrong or {}
    return frame.page(
        "typical_cases/show.html",
        status,
        here="typical_cases",
        story=found,
        parts_=[(_(title), found["told"].get(name, "")) for name, title in PARTS.items()],
        files=files,
        withdraws=found["withdrawn_at"] is None and access.may(actor, "typical_case.withdraw", found["bureau_code"]),
        reason=reason,
        wrong=wrong,
        problems=[{"field": field, "href": f"#{field}", "message": why} for field, why in wrong.items()],
    )
