"""Forms in the reader's language: titles, choices, hints, years, amounts and days as people read them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import clock
from engine.forms.kinds import Schema
from web import wording
from web.wording import _, titled


def labels(schema: Schema) -> Mapping[str, str]:
    """The words of the choices, in their order."""
    own = schema.get("x-i18n", {}).get(wording.language().partition("-")[0], {}).get("choices", {})
    choices = schema.get("x-ui", {}).get("choices", {})
    return {value: own.get(value) or choices.get(value, value) for value in schema.get("enum", choices)}


def truths() -> Mapping[str, str]:
    return {"true": _("是"), "false": _("否")}


def hint(schema: Schema) -> str:
    """What a field says of itself; an indicator of a score sheet says how much it counts."""
    said = titled(schema, "description")
    if "x-score" not in schema:
        return said
    counts = _("满分 100 分，权重 %(weight)s%%。", weight=schema["x-score"]["weight"])
    return f"{said} {counts}" if said else counts


def said(schema: Schema, value: Any) -> str:
    """A single answer as people read it; what a draft holds of another kind stays as it was typed."""
    if value in (None, ""):
        return ""
    if isinstance(value, bool):
        return truths()[str(value).lower()]
    kind = schema.get("x-kind")
    if kind == "choice":
        return str(labels(schema).get(str(value), value))
    return day(kind, str(value)) if kind in ("date", "moment") else str(value)


def day(kind: str, text: str) -> str:
    """A date or a moment, in Shanghai; unreadable text as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    if kind == "moment" and at.tzinfo:
        at = at.astimezone(clock.SHANGHAI)
    on = f"{at.year}年{at.month}月{at.day}日" if wording.language() == wording.CHINESE else f"{at:%Y-%m-%d}"
    return on if kind == "date" else f"{on} {at:%H:%M}"


def file_size(size: int) -> str:
    """1.2 MB; small files in KB."""
    return f"{size / 1_048_576:.1f} MB" if size >= 1_048_576 else f"{max(1, round(size / 1024))} KB"
