"""Moments as a client sends them: with their zone, or not at all."""

from datetime import datetime

from engine.errors import FormInvalid
from engine.forms import Problem


def read(field: str, text: str) -> datetime:
    """The moment in this text (ISO 8601). Raises FormInvalid at `field` without a zone, or for another text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        why = "应为带时区的时间，例如 2026-07-10T17:30:00+08:00"
        raise FormInvalid([Problem(field, "moment", why)])
    return moment
