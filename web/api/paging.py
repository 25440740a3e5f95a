"""Pages of lists: an opaque cursor says after which row the next page begins."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request

from web.errors import RequestInvalid
from web.given import Paged
from web.wording import _

Row = Mapping[str, Any]


def page(rows: Sequence[Row], asked: Paged, mark: Callable[[Row], Sequence[str | int]]) -> dict[str, Any]:
    """Items and the address of the next page. `rows` were asked for with `asked.limit + 1`, to see if there is one.

    `mark` answers the values of a row that `marked` gives back for the page after it.
    """
    items, following = rows[: asked.limit], None
    if len(rows) > asked.limit:
        kept = {name: value for name, value in request.args.items() if name != "after"}
        following = f"{request.path}?{urlencode({**kept, 'after': cursor(mark(items[-1]))})}"
    return {"items": items, "next": following}


def cursor(values: Sequence[str | int]) -> str:
    """What `marked` reads these values from again."""
    text = json.dumps(list(values), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def marked(given: str | None, *kinds: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """The values a cursor was made of, each read by its kind; None without a cursor. Raises RequestInvalid."""
    if given is None:
        return None
    try:
        values = json.loads(base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError("not one of our cursors")
        return tuple(kind(str(value)) for kind, value in zip(kinds, values, strict=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        problem = {"field": "after", "code": "cursor_invalid", "message": "不是本系统给出的游标"}
        raise RequestInvalid(_("翻页游标无效，请从第一页重新查询"), 422, [problem]) from error


def number(text: str) -> int:
    """A row's number. Raises ValueError for what no database could hold."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError("not a row's number")
    return int(text)
