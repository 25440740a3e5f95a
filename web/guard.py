"""The door: every view names its policy, and a request that no policy lets in goes no further."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from flask import Flask, g, request

from engine import access, accounts, sign_ins
from engine.access import Actor
from engine.errors import Forbidden, SignInFailed
from web import context, csrf
from web.wording import _

View = TypeVar("View", bound=Callable[..., Any])

_POLICY = "jiqun_policy"


class Unguarded(RuntimeError):
    """A view without a policy: the application does not start with it."""


def guard(action: str) -> Callable[[View], View]:
    """Let a view answer only those who `access.may` do `action`. What they may do it to is the engine's to decide."""
    if action not in access.POLICIES and action not in access.OPEN_TO_ALL:
        raise Unguarded(f"no policy is named {action!r}; see engine/access.py")

    def mark(view: View) -> View:
        setattr(view, _POLICY, action)
        return view

    return mark


def policy_of(app: Flask, endpoint: str) -> str | None:
    """The action that a view is guarded by."""
    return getattr(app.view_functions.get(endpoint), _POLICY, None)


def unguarded(app: Flask) -> list[str]:
    """Endpoints that name no policy; the application must have none."""
    return sorted({rule.endpoint for rule in app.url_map.iter_rules() if policy_of(app, rule.endpoint) is None})


def install(app: Flask) -> None:
    """Ask the policy before every view of `app`; a view without one answers nobody."""

    @app.before_request
    def ask() -> None:
        g.actor = None
        shown = cookie()
        if not asks_by_token():
            csrf.require(shown)
        action = policy_of(app, request.endpoint) if request.endpoint else None
        if request.endpoint is None or action in access.OPEN_TO_ALL:  # without an endpoint: 404 or 405
            if shown and not asks_by_token():
                with suppress(SignInFailed):  # a page for everybody still greets whoever is signed in
                    g.actor = _who(shown)
            return
        if action is None:
            raise Forbidden(_("此地址未设访问规则，不予开放"))
        g.actor = _who(token() if asks_by_token() else shown)
        access.require(g.actor, action)


def asks_by_token() -> bool:
    """Whether this is a call of the API, which takes bearer tokens and no cookies; pages take cookies alone."""
    return request.path.startswith("/api/")


def cookie() -> str | None:
    """The sign-in that a page's request carries."""
    return request.cookies.get(cookie_name()) or None


def cookie_name() -> str:
    """With TLS the browser keeps others from planting it (`__Host-`)."""
    return "__Host-jiqun" if request.is_secure else "jiqun"


def actor() -> Actor:
    """Who is asking. Only for views whose policy asks for a name."""
    who = g.actor
    if who is None:
        raise SignInFailed(_("请先登录，或出示接口令牌"))
    return who  # type: ignore[no-any-return]  # g holds anything


def token() -> str:
    """The bearer token of the request. Raises SignInFailed."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    shown = shown.strip()
    if scheme.lower() != "bearer" or not shown or not shown.isascii():
        raise SignInFailed("请先登录，或出示接口令牌：Authorization: Bearer …")
    return shown


def _who(shown: str | None) -> Actor:
    if shown is None or (shown.startswith(sign_ins.TOKEN_PREFIX) and not asks_by_token()):
        raise SignInFailed(_("请先登录"))
    here = context.current()
    with here.database.read() as session:
        person, scopes = sign_ins.holder(session, shown, here.settings)
        who = accounts.actor(session, person, scopes)
        stale = sign_ins.unseen(session, shown)
    if stale:
        with here.database.write() as session:
            sign_ins.seen(session, shown)
    return who
