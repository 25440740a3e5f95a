"""站内消息和日历订阅."""

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from engine import feeds, mailbox
from engine.access import Actor
from engine.models import Person
from notifications import deadlines, ics, wording
from web import letters
from web.api import paging
from web.given import Paged
from web.guard import guard
from web.operations import operation
from web.told import MessageList, MessageRow
from web.wording import _

routes = Blueprint("messages", __name__)
calendar = Blueprint("calendar_feeds", __name__)


@routes.get("/messages")
@guard("own.read")
@operation()
def list_messages(session: Session, actor: Actor, query: Paged) -> MessageList:
    """站内消息

    发给本人的全部通知，新的在前；是否另发邮件，由本人选择，法定提醒总是发出。
    """
    (before,) = paging.marked(query.after, paging.number) or (None,)
    found = mailbox.messages(session, actor, limit=query.limit + 1, before=before)
    person = session.get_one(Person, actor.person_id)
    rows = [letters.told(session, each, person) for each in found]
    return MessageList.model_validate(paging.page(rows, query, lambda row: [row["id"]]))


@routes.post("/messages/<number:message_id>/read")
@guard("own.read")
@operation(problems={404})
def read_message(session: Session, actor: Actor, message_id: int) -> MessageRow:
    """标为已读

    此后措辞不再改变；再次标记不起作用。
    """
    message = mailbox.message(session, actor, message_id)
    wording.written(session, message)
    return MessageRow.model_validate(letters.told(session, message, session.get_one(Person, actor.person_id)))


@calendar.get("/calendar/<secret>.ics")
@guard("public.read")
@operation(problems={404}, media_types=("text/calendar",))
def feed(session: Session, secret: str) -> Response:
    """日历订阅

    地址中的密钥代替登录，可由本人随时吊销。待办期限和本单位的义务，不含人名；办结的标为取消。
    """
    actor = feeds.reader(session, secret)
    content = deadlines.feed(session, feeds.dates(session, actor), str(_("集群通期限")))
    answer = Response(content, content_type=ics.MEDIA_TYPE)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
