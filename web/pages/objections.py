"""公示异议: objecting to a published list without signing in, and asking by the receipt what became of it."""

from collections.abc import Iterator, Mapping, Sequence

from flask import Blueprint, Response, request

from config.errors import JiqunError
from engine import objections, organisations, publicity, uploads
from engine.errors import FormInvalid, NotFound, TooMany
from engine.files import FileRefused, Received
from engine.forms import Problem
from engine.objections import LONGEST_GROUNDS, MOST_FILES, SHORTEST_GROUNDS, STATES, Written
from engine.receipts import ReceiptInvalid
from engine.scanner import ScanFailed
from web import context, public_forms
from web.api import objections as arriving
from web.guard import guard
from web.pages import frame
from web.public_forms import Drawn
from web.wording import _

routes = Blueprint("objections", __name__)

LEVELS = {"received": "fine", "investigating": "fine", "upheld": "done", "dismissed": "quiet", "passed_on": "quiet"}
FIELDS = ("name", "contact", "target", "grounds")
LONGEST_TYPED = 60  # characters of a receipt's number


@routes.get("/notices/<number:notice_id>/object")
@guard("public.read")
def ask(notice_id: int) -> Response:
    """The form to object with."""
    return _form(notice_id)


@routes.post("/notices/<number:notice_id>/object")
@guard("public.write")
def send(notice_id: int) -> Response:
    """Take the objection and show its receipt, once; or the form again, with what was typed and what is wrong."""
    drawn, written = public_forms.drawn(_purpose(notice_id)), _written()
    sent = public_forms.sender(drawn.id)
    try:
        evidence: list[Received] = []
        if not arriving.sent_before(notice_id, sent):
            if problems := arriving.problems(notice_id, written) or list(_not_taken(drawn)):
                raise FormInvalid(problems)
            evidence = arriving.received()  # the bytes are safe on disk before the transaction begins
        with frame.writing() as session:
            told = objections.standing(session, objections.receive(session, notice_id, written, sent, evidence))
    except FormInvalid as error:
        return _form(notice_id, drawn, error.problems, 422)
    except (FileRefused, ScanFailed) as error:
        return _form(notice_id, drawn, [Problem("files", error.code, error.message)], 422)
    except TooMany as error:
        answer = _form(notice_id, drawn, [Problem("", error.code, error.message)], 429)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    return frame.page("objections/receipt.html", 201, here="notices", told=told)


@routes.get("/objections")
@guard("public.read")
def look_up() -> Response:
    """Where somebody asks by the receipt's number."""
    return frame.page("objections/status.html", here="notices", typed="", problem="", told=None)


@routes.post("/objections")
@guard("public.write")
def tell() -> Response:
    """What became of the objection. The number comes in the body: no address, and no log, holds it."""
    typed = request.form.get("receipt", "")[:LONGEST_TYPED]
    try:
        told = public_forms.asked(typed)
    except (NotFound, ReceiptInvalid, TooMany) as error:
        status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
        answer = frame.page(
            "objections/status.html", status, here="notices", typed=typed, problem=error.message, told=None
        )
        if isinstance(error, TooMany):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    state, level = _(STATES[told.state]), LEVELS[told.state]
    return frame.page(
        "objections/status.html", here="notices", typed="", problem="", told=told, state=state, level=level
    )


def _form(notice_id: int, drawn: Drawn | None = None, problems: Sequence[Problem] = (), status: int = 200) -> Response:
    """The form; a form that still holds is drawn as the same one, so that sent twice it stays one objection."""
    with frame.reading() as session:
        shown = objections.notice(session, notice_id)
        bureau = organisations.get(session, shown.bureau_code).name
    chosen = context.current().settings
    holds = drawn is not None and bool(drawn.id) and not drawn.old
    return frame.page(
        "objections/ask.html",
        status,
        here="notices",
        notice=shown,
        bureau=bureau,
        late=publicity.is_over(shown),
        token=request.form[public_forms.FIELD] if holds else public_forms.token(_purpose(notice_id)),
        drawn_field=public_forms.FIELD,
        bait=public_forms.BAIT,
        given={name: request.form.get(name, "") for name in FIELDS},
        chose_files=any(each.filename for each in request.files.getlist("files")),
        problems=[{"href": f"#{each.field}" if each.field else "", "message": each.message} for each in problems],
        wrong={each.field: each.message for each in problems},
        shortest=SHORTEST_GROUNDS,
        longest=LONGEST_GROUNDS,
        most_files=MOST_FILES,
        megabytes=chosen.objection_megabytes,
        kinds=uploads.MEDIA_TYPES,
    )


def _not_taken(drawn: Drawn) -> Iterator[Problem]:
    if drawn.old:
        yield Problem("", "form_old", _("本页打开已超过一天，或已失效。填写的内容还在，请核对后再提交一次。"))
    elif drawn.early:
        yield Problem("", "form_early", _("提交得太快，不能确认由人填写。填写的内容还在，请稍候几秒再提交一次。"))
    elif drawn.baited:
        yield Problem("", "form_baited", _("不能确认由人填写。填写的内容还在，请再提交一次。"))


def _written() -> Written:
    name, contact, target, grounds = (request.form.get(field, "") for field in FIELDS)
    chosen = int(target) if target.isascii() and target.isdigit() and len(target) < 10 else None
    return Written(name, contact, chosen, grounds)


def _purpose(notice_id: int) -> str:
    return f"objection {notice_id}"


_STATUS: Mapping[type[JiqunError], int] = {NotFound: 404, TooMany: 429, ReceiptInvalid: 422}
