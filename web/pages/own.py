"""个人设置: a person's own password, sign-ins, tokens and language."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine import access, clock, organisations, own, passwords, pool, sign_ins
from engine.access import ADMINISTRATORS
from engine.errors import SignInFailed
from engine.passwords import PasswordWeak
from engine.sign_ins import TokenInvalid
from web import context, guard, wording
from web.guard import guard as guarded
from web.pages import frame
from web.wording import _

routes = Blueprint("own", __name__)

DAYS = (30, 90, 180, 366)  # a token may live


@routes.get("/me")
@guarded("own.read")
def show() -> Response:
    """Who I am, and what is open in my name."""
    return _page()


@routes.post("/me/password")
@guarded("password.change")
def change_password() -> BaseResponse:
    """Another password; my other sign-ins end."""
    actor, here = guard.actor(), context.current()
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        return _page([("again", _("两次输入的新密码不一致"))])
    with frame.reading() as session:  # slow on purpose, so before anything is locked
        proof = sign_ins.prove(session, actor.name, old)
    try:
        with frame.writing() as session:
            own.change_password(
                session,
                actor,
                proof,
                new,
                here.settings,
                address=request.remote_addr or "",
                keep=guard.cookie() or "",
            )
    except SignInFailed:
        return _page([("old", _("原密码不正确，或者因多次输错已锁定，请稍后再试"))])
    except PasswordWeak as error:
        return _page([("new", error.message)])
    frame.say(_("密码已修改，其他登录会话已全部退出"))
    return frame.go("own.show")


@routes.post("/me/sign-ins/end")
@guarded("own.change")
def end_sign_in() -> BaseResponse:
    """One of my sign-ins ends, or all but this one."""
    marked = request.form.get("mark", "")
    with frame.writing() as session:
        if marked == "others":
            own.end_other_sign_ins(session, guard.actor(), keep=guard.cookie() or "")
        else:
            own.end_sign_in(session, guard.actor(), marked)
    frame.say(_("其他登录会话已全部退出") if marked == "others" else _("该登录会话已退出"))
    return frame.go("own.show")


@routes.post("/me/tokens")
@guarded("own.change")
def issue_token() -> BaseResponse:
    """A new API token. It is shown on this page and never again."""
    given = request.form
    days = int(given.get("days", "")) if given.get("days", "") in {str(days) for days in DAYS} else 0
    try:
        with frame.writing() as session:
            scopes = frozenset(given.getlist("scopes"))
            token = own.issue_token(session, guard.actor(), scopes, days=days, label=given.get("label", ""))
    except TokenInvalid as error:
        return _page([(error.facts.get("field", "scopes"), error.message)])
    return _page(token=token)


@routes.post("/me/tokens/revoke")
@guarded("own.change")
def revoke_token() -> BaseResponse:
    """An API token ends."""
    with frame.writing() as session:
        own.revoke_token(session, guard.actor(), request.form.get("mark", ""))
    frame.say(_("令牌已吊销"))
    return frame.go("own.show")


@routes.post("/me/language")
@guarded("own.change")
def choose_language() -> BaseResponse:
    """The language that I am greeted in from the next sign-in on, and from now."""
    chosen = request.form.get("language", "")
    if chosen not in wording.LANGUAGES:
        return frame.go("own.show")
    with frame.writing() as session:
        own.choose_language(session, guard.actor(), chosen)
    g.language = chosen
    frame.say(_("界面语言已保存"))
    return frame.go("desk.look", switch=chosen, back=url_for("own.show"))


def _page(problems: list[tuple[str, str]] | None = None, token: str = "") -> Response:
    """The page; `problems` are (field, sentence), `token` is shown once."""
    actor, here, shown = guard.actor(), context.current(), guard.cookie() or ""
    with frame.reading() as session:
        person = own.person(session, actor)
        held = [_sign_in(kept, shown) for kept in sign_ins.holding(session, person, here.settings)]
        tokens = [_token(kept) for kept in sign_ins.tokens(session, person)]
        offices = [
            (_(access.ROLES[office.role]), organisations.get(session, office.organisation_code).name)
            for office in actor.memberships
        ]
        places = [(place.id, pool.KINDS[place.kind]) for place in pool.own(session, actor)]
        facts: dict[str, Any] = {"language_kept": person.language, "changed_at": person.password_changed_at}
    return frame.page(
        "own/show.html",
        422 if problems else 200,
        here="own",
        offices=offices,
        places=places,
        held=held,
        tokens=tokens,
        token=token,
        scopes=own.scopes_for(actor),
        days=DAYS,
        wrong=dict(problems or ()),
        given=request.form,
        shortest=passwords.SHORTEST_ADMINISTRATOR if actor.roles & ADMINISTRATORS else passwords.SHORTEST,
        longest=passwords.LONGEST,
        **facts,
    )


def _sign_in(kept: Any, shown: str) -> dict[str, Any]:
    return {
        "mark": sign_ins.mark(kept),
        "address": kept.address,
        "browser": browser(kept.agent),
        "created_at": kept.created_at,
        "last_seen_at": kept.last_seen_at,
        "this": sign_ins.is_of(kept, shown),
    }


def _token(kept: Any) -> dict[str, Any]:
    return {
        "mark": sign_ins.mark(kept),
        "label": kept.label or "—",
        "scopes": [access.SCOPES[scope] for scope in kept.scopes],
        "created_at": kept.created_at,
        "expires_at": kept.expires_at,
        "expired": kept.expires_at <= clock.now(),
    }


def browser(agent: str) -> str:
    """The browser and the system in a word each, as far as the agent tells them."""
    known = {"Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}  # the first that is told
    systems = {"Android": "Android", "iPhone": "iOS", "iPad": "iOS", "Windows": "Windows", "Mac OS": "macOS"}
    systems["Linux"] = "Linux"  # Android says so too
    found = [next((name for sign, name in signs.items() if sign in agent), "") for signs in (known, systems)]
    return " · ".join(name for name in found if name) or _("其他程序")
