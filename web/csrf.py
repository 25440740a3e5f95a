"""Requests forged from another site: refused before any view runs.

A page's unsafe requests carry a token that only a page of the same sign-in can know. Before there is a sign-in, the
browser's own word about where the request comes from must do (Sec-Fetch-Site, Origin). The API takes no cookies.
"""

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import request

from engine.errors import Forbidden
from web.wording import _

FIELD = "_csrf"
HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Forged(Forbidden):
    """An unsafe request that does not come from one of our own pages."""

    code = "forged"


def token(sign_in: str) -> str:
    """What the pages of this sign-in carry."""
    return hmac.new(sign_in.encode(), b"csrf", hashlib.sha256).hexdigest()


def require(sign_in: str | None) -> None:
    """Raises Forged for an unsafe request without the token, or from elsewhere where nobody is signed in."""
    if request.method in SAFE:
        return
    if sign_in is None:
        if not _from_here():
            raise Forged(_("这一请求不是从本系统的页面发出的，请从本系统的页面重新操作"))
        return
    shown = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if not hmac.compare_digest(shown.encode(), token(sign_in).encode()):
        raise Forged(_("页面已过期，请返回上一页刷新后重试；已保存的草稿不受影响"))


def _from_here() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
