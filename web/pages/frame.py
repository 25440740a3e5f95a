"""What all pages share: transactions, the frame around them, and the words templates use for days and moments."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from engine import access, calendar, calendars, clock, mailbox, queries
from engine.calendar import Calendar
from web import context, csrf, demo, guard, wording
from web.wording import _

SAID = "jq_said"  # a sentence for the next page
LOOK = "jq_look"  # language and looks, chosen by the reader: "en large contrast"
LOOKS = ("large", "contrast")  # 长辈版, 高对比度
MOST_WAITING = 99  # more are shown as 99+
SOON_DAYS = 3  # working days
A_YEAR = timedelta(days=366)
FORM_BYTES = 4 * 1024 * 1024  # of a page's form, its files not counted
FORM_PARTS = 4000


@dataclass(frozen=True)
class Remaining:
    """How long a time limit still runs, in working days."""

    days: int  # below zero: that many working days late
    level: str  # late, soon, fine, none
    text: str


def reading() -> AbstractContextManager[Session]:
    """A transaction that sees one moment and changes nothing."""
    return context.current().database.read()


def writing() -> AbstractContextManager[Session]:
    """One command: committed when the block ends well."""
    return context.current().database.write()


def page(template: str, status: int = 200, **facts: Any) -> Response:
    """The page, with the frame around it."""
    said = request.cookies.get(SAID)
    answer = make_response(render_template(template, said=unquote(said) if said else "", **facts), status)
    if said:
        answer.delete_cookie(SAID)
    answer.headers["Cache-Control"] = "no-store" if g.get("actor") else "no-cache"
    answer.vary.add("Cookie")
    return answer


def ask_nothing() -> None:
    """Draw what is still to come of this answer without the database: it may be what has failed."""
    g.alone, g.actor = True, None


def say(sentence: str) -> None:
    """Let the next page begin with this sentence."""
    g.said = sentence


def go(endpoint: str, **values: Any) -> BaseResponse:
    """On to another page, after a command (303)."""
    return redirect(url_for(endpoint, **values), 303)


def remaining(due_at: datetime | None) -> Remaining:
    """The working days left until a moment; on its own day none is left, and it is due today."""
    if due_at is None:
        return Remaining(0, "none", _("无期限"))
    if due_at < clock.now():
        late = _days(due_at.astimezone(clock.SHANGHAI).date(), clock.today())
        return Remaining(-late, "late", _("已逾期 %(days)s 个工作日", days=late) if late else _("今日已逾期"))
    if due_at - clock.now() > A_YEAR:
        return Remaining(A_YEAR.days, "fine", _("还剩一年以上"))
    left = _days(clock.today(), due_at.astimezone(clock.SHANGHAI).date())
    text = _("还剩 %(days)s 个工作日", days=left) if left else _("今日到期")
    return Remaining(left, "soon" if left <= SOON_DAYS else "fine", text)


def working_days(after: date, until: date) -> int:
    """How many working days lie after one date, up to and with another, by the reader's calendar."""
    return _days(after, until)


def shanghai(text: str) -> datetime | None:
    """A date and time of Shanghai as somebody types it, or as the browser's own field sends it; else None."""
    try:
        return datetime.fromisoformat(text.replace("/", "-")).replace(tzinfo=clock.SHANGHAI)
    except ValueError:
        return None


def begin() -> None:
    """Before anything else reads a page's request: how much it may hold, and in which language it is answered."""
    if request.path.startswith("/api/"):
        return
    request.max_form_memory_size, request.max_form_parts = FORM_BYTES, FORM_PARTS
    chosen = request.cookies.get(LOOK, "").split()
    g.looks = [look for look in LOOKS if look in chosen]
    g.language = next((name for name in wording.LANGUAGES if name in chosen), wording.CHINESE)


def install(app: Flask) -> None:
    """The frame's filters and words for the templates of `app`."""
    app.after_request(_keep_said)
    app.jinja_env.filters.update(day=_day, moment=_moment, short_moment=_short_moment, remaining=remaining)
    app.jinja_env.globals.update(csrf_field=_csrf_field, csrf_token=_csrf_token, now=clock.now, may=_may)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_around)


def _keep_said(answer: Response) -> Response:
    if g.get("said"):
        answer.set_cookie(SAID, quote(g.said), httponly=True, samesite="Lax", secure=request.is_secure, max_age=60)
    return answer


def _around() -> dict[str, Any]:
    """What base.html shows of the reader and the installation."""
    actor, here = g.get("actor"), context.current()
    around: dict[str, Any] = {
        "actor": actor,
        "settings": here.settings,
        "language": wording.language(),
        "looks": g.get("looks", []),
        "waiting": 0,
        "unread": 0,
        "office": "",
        "demo": False,
    }
    if g.get("alone"):
        return around
    with here.database.read() as session:
        around["demo"] = demo.is_loaded(session)
        if actor:
            around["waiting"] = queries.waiting(session, actor, most=MOST_WAITING + 1)
            around["unread"] = mailbox.unread(session, actor, most=MOST_WAITING + 1)
            around["office"] = queries.office_of(session, actor)
            g.calendar = calendars.for_actor(session, actor)
    return around


def _may(action: str) -> bool:
    """Whether the reader's roles let them try this at all: for what the frame offers. The engine decides."""
    actor = g.get("actor")
    return actor is not None and action in access.POLICIES and access.may(actor, action)


def _csrf_token() -> str:
    sign_in = guard.cookie()
    return csrf.token(sign_in) if sign_in else ""


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, _csrf_token())


def _days(after: date, until: date) -> int:
    return _counted(g.get("calendar") or calendar.shipped(), after, until)


@lru_cache(maxsize=4096)
def _counted(days: Calendar, after: date, until: date) -> int:
    return days.working_days(after, until)


def _day(value: date | datetime | None) -> str:
    if value is None:
        return "—"
    on = value.astimezone(clock.SHANGHAI).date() if isinstance(value, datetime) else value
    return f"{on.year}年{on.month}月{on.day}日" if wording.language() == wording.CHINESE else on.isoformat()


def _moment(value: datetime | None) -> str:
    return "—" if value is None else f"{value.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"


def _short_moment(value: datetime | None) -> str:
    return "—" if value is None else f"{value.astimezone(clock.SHANGHAI):%m-%d %H:%M}"
