"""Messages (站内消息): what the reader was told, whether a mail of it left or not."""

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import access, letter_log, mailbox
from engine.models import Person
from notifications import wording
from notifications.wording import LetterInvalid
from web import guard, letters
from web.api import paging
from web.given import Paged
from web.guard import guard as guarded
from web.pages import frame
from web.wording import _

routes = Blueprint("mailbox", __name__)

PAGE = 30


@routes.get("/messages")
@guarded("own.read")
def list_() -> Response:
    """The messages, newest first."""
    actor, unread = guard.actor(), "unread" in request.args
    paged = Paged(limit=PAGE, after=request.args.get("after") or None)
    (before,) = paging.marked(paged.after, paging.number) or (None,)
    with frame.reading() as session:
        found = mailbox.messages(session, actor, only_unread=unread, limit=PAGE + 1, before=before)
        person = session.get_one(Person, actor.person_id)
        rows = [letters.told(session, each, person) for each in found]
        newest = found[0].id if found else 0
    shown = paging.page(rows, paged, lambda row: [row["id"]])
    return frame.page(
        "letters/messages.html",
        here="messages",
        rows=shown["items"],
        newest=newest,
        next_href=shown["next"],
        first_href=url_for("mailbox.list_", unread=1 if unread else None) if before else None,
        only_unread=unread,
    )


@routes.get("/messages/<number:message_id>")
@guarded("own.read")
def show(message_id: int) -> Response:
    """One message; from now on it is read, and stays in these words."""
    actor = guard.actor()
    with frame.writing() as session:
        message = mailbox.message(session, actor, message_id)
        person = session.get_one(Person, actor.person_id)
        try:
            wording.written(session, message)
        except LetterInvalid as error:
            row = letters.told(session, message, person) | {"body": error.message}
        else:
            row = letters.told(session, message, person)
        case = letter_log.case_of(session, message)
        row |= {"case_id": case.id if case and access.may(actor, "case.read", case) else None}
    return frame.page("letters/message.html", here="messages", message=row)


@routes.post("/messages/read")
@guarded("own.change")
def read_all() -> BaseResponse:
    """All that stood on the list is read."""
    until = request.form.get("until", "")
    with frame.writing() as session:
        if until.isdecimal() and len(until) < 10:
            mailbox.read_all(session, guard.actor(), int(until))
    frame.say(_("所列消息已全部标为已读"))
    return frame.go("mailbox.list_")
