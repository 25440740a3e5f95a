"""Recognitions on a page: those that a cluster has beside the one that is shown."""

from collections.abc import Iterable
from typing import Any

from engine.identities import Recognition
from engine.register import STATES
from web.wording import _

LEVELS = {"recognised": "done", "expired": "soon", "revoked": "quiet"}  # of a badge


def shown(found: Iterable[Recognition]) -> list[dict[str, Any]]:
    """Each with its state in words and the look of its badge."""
    return [{**vars(each), "state_title": _(STATES[each.state]), "look": LEVELS[each.state]} for each in found]
