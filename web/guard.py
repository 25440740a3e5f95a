"""The door: every view names its policy, and a request that no policy lets in goes no further."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, g, request

from engine import access, accounts, sign_ins
from engine.access import Actor
from engine.errors import Forbidden, SignInFailed
from web import context

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
        if request.endpoint is None:  # no such address: the answer is 404 or 405
            return
        action = policy_of(app, request.endpoint)
        if action is None:
            raise Forbidden("此地址未设访问规则，不予开放")
        if action in access.OPEN_TO_ALL:
            return
        g.actor = _who()
        access.require(g.actor, action)


def actor() -> Actor:
    """Who is asking. Only for views whose policy asks for a name."""
    who = g.actor
    if who is None:
        raise SignInFailed("请先登录，或出示接口令牌")
    return who  # type: ignore[no-any-return]  # g holds anything


def token() -> str:
    """The bearer token of the request. Raises SignInFailed."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    shown = shown.strip()
    if scheme.lower() != "bearer" or not shown or not shown.isascii():
        raise SignInFailed("请先登录，或出示接口令牌：Authorization: Bearer …")
    return shown


def _who() -> Actor:
    shown, here = token(), context.current()
    with here.database.read() as session:
        person, scopes = sign_ins.holder(session, shown, here.settings)
        who = accounts.actor(session, person, scopes)
        stale = sign_ins.unseen(session, shown)
    if stale:
        with here.database.write() as session:
            sign_ins.seen(session, shown)
    return who
