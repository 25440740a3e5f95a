"""Controls: one place to answer, drawn by the kind of its field. What was typed stays, even if it cannot be right."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine import clock
from engine.forms.kinds import Schema
from web.form_html.layout import id_of
from web.form_html.parts import Control, Filling, Option
from web.form_html.wording import hint, labels, truths
from web.wording import _, titled

FEW = 5  # choices that are better seen at once than opened
NUMBERS = {"decimal": "decimal", "decimal_or_none": "", "percent": "decimal", "whole": "numeric", "year": "numeric"}
CHOSEN = frozenset({"case", "member"})  # by their number, where nothing is offered
TEXTS = frozenset({"line", "text", "long_text", "notice_text", "cluster_name"})
LONG = frozenset({"text", "long_text", "notice_text"})
A_SHORT_LINE = 60  # characters
_ROW = re.compile(r"\[\d+\]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def control(
    path: str,
    schema: Schema,
    value: Any,
    filling: Filling,
    told: Mapping[str, str],
    *,
    label: str = "",
    optional: bool = False,
) -> Control:
    """The place to answer for `path`; `schema` has its kind written out."""
    about: dict[str, Any] = {
        "name": path,
        "id": id_of(path),
        "label": label or titled(schema),
        "hint": hint(schema),
        "error": told.get(path, ""),
        "optional": optional,
    }
    options = filling.options.get(_ROW.sub("", path))
    if schema.get("type") == "array":
        about["error"] = next((text for at, text in told.items() if at == path or at.startswith(f"{path}[")), "")
        known = options if options is not None else list(labels(schema["items"]).items())
        return Control(**about, widget="checkboxes", options=_chosen(known, value if isinstance(value, list) else ()))
    kind = schema["x-kind"]
    if kind == "moment":
        day, time = moment_parts(text_of(value))
        return Control(**about, widget="date", value=day, time=time, width="moment")
    if kind == "date":
        text = text_of(value)
        readable = not text or _DAY.fullmatch(text)  # another text would not show in a date's box
        return Control(**about, widget="date" if readable else "line", value=text, width="short")
    if kind == "yes_no" and schema.get("const"):
        return Control(**about, widget="tick", value="true" if value is True else "")
    if kind in ("choice", "yes_no") or options is not None:
        known = list((truths() if kind == "yes_no" else labels(schema)).items()) if options is None else options
        return _choice(about, schema, known, value)
    return _written(about, schema, kind, value, filling)


def text_of(value: Any) -> str:
    """The answer as its box shows it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def moment_parts(text: str) -> tuple[str, str]:
    """Day and time of a moment, in Shanghai; of half a moment what there is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None and at.tzinfo:
        at = at.astimezone(clock.SHANGHAI)
        return f"{at:%Y-%m-%d}", f"{at:%H:%M}"
    day, _between, time = text.partition("T")
    return day, time


def _choice(about: dict[str, Any], schema: Schema, known: Sequence[tuple[str, str]], value: Any) -> Control:
    text = text_of(value)
    widget = schema.get("x-ui", {}).get("widget")
    if widget not in ("radio", "select"):
        widget = "radio" if len(known) <= FEW else "select"
    options = list(_chosen(known, [text] if text else []))
    if text and all(option.value != text for option in options):
        options.append(Option(text, text, chosen=True))  # of a draft: it is refused by name, not lost
    if widget == "radio" and about["optional"]:
        options.append(Option("", _("不选"), chosen=not text))
    return Control(**about, widget=widget, options=tuple(options), value=text, width="half")


def _written(about: dict[str, Any], schema: Schema, kind: str, value: Any, filling: Filling) -> Control:
    text = text_of(value)
    widget = schema.get("x-ui", {}).get("widget")
    limit = schema.get("maxLength", 0) if kind in TEXTS else 0
    long = kind in LONG or widget == "textarea"
    usual = "short" if kind in NUMBERS or kind in CHOSEN else "half" if not long and limit <= A_SHORT_LINE else "full"
    width = schema.get("x-ui", {}).get("width", usual)
    path = _ROW.sub("", about["name"])
    return Control(
        **about,
        widget="textarea" if long else "line",
        value=text,
        limit=limit,
        length=len(text.replace("\r\n", "\n").replace("\r", "\n").strip()),
        width="" if width == "full" else width,
        numeric=NUMBERS.get(kind, "numeric" if kind in CHOSEN else ""),
        offers=f"offers-{id_of(path)}" if path in filling.offers else "",
    )


def _chosen(known: Sequence[tuple[str, str]], values: Sequence[Any]) -> tuple[Option, ...]:
    chosen = {text_of(value) for value in values}
    options = [Option(value, label, value in chosen) for value, label in known]
    strange = [text for text in dict.fromkeys(map(text_of, values)) if text and text not in dict(known)]
    return (*options, *(Option(text, text, chosen=True) for text in strange))
