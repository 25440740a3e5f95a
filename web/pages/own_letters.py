"""接收方式: where a person's mail goes, how they want to hear, who gets it beside them, and their calendar feeds."""

from dataclasses import replace
from datetime import date

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from config.addresses import AddressInvalid
from engine import feeds, own, preferences, substitutes
from engine.errors import FormInvalid, Refused
from engine.preferences import Choice
from web import guard
from web.guard import guard as guarded
from web.pages import frame
from web.wording import _

routes = Blueprint("own_letters", __name__)


@routes.get("/me/letters")
@guarded("own.read")
def show() -> Response:
    """How letters come to me."""
    return _page()


@routes.post("/me/letters/address")
@guarded("own.change")
def give_address() -> BaseResponse:
    """Where my mail goes."""
    try:
        with frame.writing() as session:
            preferences.give_address(session, guard.actor(), request.form.get("email", "").strip(" "))
    except AddressInvalid as error:
        return _page([("email", error.message)])
    frame.say(
        _("邮箱地址已保存") if request.form.get("email", "").strip(" ") else _("邮箱地址已清除，今后只在站内收到")
    )
    return frame.go("own_letters.show")


@routes.post("/me/letters/choice")
@guarded("own.change")
def choose() -> BaseResponse:
    """How I want to hear what no law asks us to tell."""
    given = request.form
    chosen = Choice(
        mail=given.get("way", "mail") != "here",
        digest=given.get("way") == "digest",
        quiet_from=_hour(given.get("quiet_from", "")),
        quiet_until=_hour(given.get("quiet_until", "")),
        working_days_only="working_days_only" in given,
    )
    if "quiet" not in given:
        chosen = replace(chosen, quiet_from=0, quiet_until=0)
    try:
        with frame.writing() as session:
            preferences.choose(session, guard.actor(), chosen)
    except FormInvalid as error:
        return _page([(each.field, each.message) for each in error.problems])
    frame.say(_("接收方式已保存"))
    return frame.go("own_letters.show")


@routes.post("/me/letters/substitutes")
@guarded("own.change")
def name_substitute() -> BaseResponse:
    """Who gets my letters beside me while I am away."""
    given = request.form
    first_day, last_day = (_day(given.get(name, "")) for name in ("first_day", "last_day"))
    try:
        with frame.writing() as session:
            substitutes.name(session, guard.actor(), given.get("substitute", ""), first_day, last_day)
    except FormInvalid as error:
        return _page([(each.field, each.message) for each in error.problems])
    frame.say(_("代理已安排。所选日期内，您的通知同时发给代理人；待办仍在您名下。"))
    return frame.go("own_letters.show")


@routes.post("/me/letters/substitutes/end")
@guarded("own.change")
def end_substitute() -> BaseResponse:
    """From today on nobody gets my letters beside me any more."""
    number = request.form.get("absence", "")
    with frame.writing() as session:
        substitutes.end(session, guard.actor(), int(number) if number.isdecimal() and len(number) < 10 else 0)
    frame.say(_("代理已取消"))
    return frame.go("own_letters.show")


@routes.post("/me/letters/feeds")
@guarded("own.change")
def issue_feed() -> BaseResponse:
    """A secret address for my calendar program. It is shown on this page and never again."""
    try:
        with frame.writing() as session:
            secret = feeds.issue(session, guard.actor())
    except Refused as error:
        return _page([("feeds", error.message)])
    return _page(secret=secret)


@routes.post("/me/letters/feeds/revoke")
@guarded("own.change")
def revoke_feed() -> BaseResponse:
    """An address for a calendar program ends."""
    with frame.writing() as session:
        feeds.revoke(session, guard.actor(), request.form.get("mark", ""))
    frame.say(_("日历订阅已吊销，原地址不再可用"))
    return frame.go("own_letters.show")


def _page(problems: list[tuple[str, str]] | None = None, secret: str = "") -> Response:
    """The page; `problems` are (field, sentence), `secret` is shown once."""
    actor, wrong = guard.actor(), dict(reversed(problems or ()))
    with frame.reading() as session:
        person = own.person(session, actor)
        return frame.page(
            "own/letters.html",
            422 if problems else 200,
            here="own",
            email=request.form.get("email", "") if "email" in wrong else person.email or "",
            suspect=person.email_suspect,
            choice=preferences.of(session, actor),
            hours=preferences.HOURS,
            colleagues=substitutes.colleagues(session, actor),
            absences=substitutes.absences(session, actor),
            feeds=[{"mark": feeds.mark(feed), "created_at": feed.created_at} for feed in feeds.of(session, actor)],
            feed_address=url_for("calendar_feeds.feed", secret=secret, _external=True) if secret else "",
            problems=[{"href": f"#{field}", "message": message} for field, message in problems or ()],
            wrong=wrong,
            given=request.form,
        )


def _hour(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= 2 else -1


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        return None
