"""Posting: what a page or its script sends becomes answers, put into the answers there were.

A page shows some fields, and of a long table some rows. What it did not ask stays as it was: a field that another
answer hides, a row of another page, a field by year while the year is not known.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.forms.kinds import Schema
from web.form_html.layout import Layout, shape
from web.form_html.rows import without_blank

FROM, TO = "_from.", "_to."  # before a table's name: which rows the page held when it was drawn

_CELL = re.compile(r"([a-z][a-z0-9_]*)\[(\d{1,4})\](?:\.([a-z][a-z0-9_]*))?")


def read(
    layout: Layout,
    names: Iterable[str],
    posted: MultiDict[str, str],
    base: Mapping[str, Any],
    *,
    blank_rows: bool = False,
) -> dict[str, Any]:
    """All answers of the form after a page with the fields `names` was sent; rows without a word only if asked for."""
    cells = _cells(posted)
    data = {}
    for name in names:
        value = _posted(name, layout.fields[name], posted, cells)
        if value is not None:
            data[name] = value if blank_rows else without_blank(layout.fields[name], value)
    spans = {name: span for name in cells.keys() | data.keys() if (span := span_of(name, posted))}
    return given(layout, names, data, base, spans)


def given(
    layout: Layout,
    names: Iterable[str],
    data: Mapping[str, Any],
    base: Mapping[str, Any],
    spans: Mapping[str, tuple[int, int | None]] | None = None,
) -> dict[str, Any]:
    """All answers of the form after `data` came for the fields `names`. A span says which rows of a table came."""
    answers = dict(base)
    names = list(names)
    for name in names:
        if name not in data:
            continue
        value = _whole(layout.fields[name], data[name])
        if name in (spans or {}):
            before, after = _around(base.get(name), (spans or {})[name])
            value = [*before, *value, *after] if isinstance(value, list) else value
        answers[name] = value
    asked = layout.form.asked(answers)
    for name in names:
        if name not in data and name in asked and not _unseen(layout, name, base):
            answers.pop(name, None)
    strange = {name: value for name, value in data.items() if name not in layout.fields}  # for the form to refuse
    return {name: value for name, value in answers.items() if value is not None and value != ""} | strange


def kept(layout: Layout, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to what is asked: one that another answer hides stays in the draft and is not submitted."""
    asked = layout.form.asked(answers)
    return {name: value for name, value in answers.items() if name in asked or name not in layout.fields}


def span_of(name: str, sent: Mapping[str, str]) -> tuple[int, int | None] | None:
    """Which rows of a table the page held: from, and up to; None for up to the end. None where it held them all."""
    first, last = sent.get(FROM + name, ""), sent.get(TO + name, "")
    if not (first.isdecimal() and len(first) < 6):  # a table has a thousand rows at most
        return None
    return int(first), int(last) if last.isdecimal() and len(last) < 6 else None


def _around(rows: Any, span: tuple[int, int | None]) -> tuple[list[Any], list[Any]]:
    rows = rows if isinstance(rows, list) else []
    first, last = span
    return rows[:first], rows[last:] if last is not None else []


def _unseen(layout: Layout, name: str, base: Mapping[str, Any]) -> bool:
    return shape(layout.fields[name]) == "by_year" and not layout.years(name, base)


def _posted(name: str, schema: Schema, posted: MultiDict[str, str], cells: Mapping[str, Mapping[int, Any]]) -> Any:
    """The answer of one field as a script would send it; None where nothing came."""
    value: Any = None
    match shape(schema):
        case "table" | "lines":
            rows = cells.get(name, {})
            value = [rows[number] for number in sorted(rows)]
        case "choices" | "cases":
            value = [one for one in posted.getlist(name) if one]
        case "files":
            ids = list(dict.fromkeys(one for one in posted.getlist(name) if one))
            value = ids if schema.get("type") == "array" else (ids[-1] if ids else None)
        case "by_year":
            years = {key.partition(".")[2]: cell for key, cell in posted.items() if key.startswith(f"{name}.")}
            value = years or None
        case "group":
            value = {part: posted[f"{name}.{part}"] for part in schema["properties"] if f"{name}.{part}" in posted}
        case _ if schema["x-kind"] == "moment":
            value = {part: posted.get(f"{name}.{part}", "") for part in ("date", "time")}
        case _:
            value = posted.get(name)
    return value


def _cells(posted: MultiDict[str, str]) -> dict[str, dict[int, Any]]:
    """Rows by table and number; a list of lines has its items under their numbers."""
    tables: dict[str, dict[int, Any]] = {}
    for key, value in posted.items():
        found = _CELL.fullmatch(key)
        if found:
            name, number, column = found[1], int(found[2]), found[3]
            if column:
                row = tables.setdefault(name, {}).setdefault(number, {})
                if isinstance(row, dict):
                    row[column] = value
            else:
                tables.setdefault(name, {})[number] = value
    return tables


def _whole(schema: Schema, value: Any) -> Any:
    """The value as the form reads it: a moment from its day and its time, empty parts left out."""
    how = shape(schema)
    if how == "one" and schema["x-kind"] == "moment" and isinstance(value, Mapping):
        day, time = str(value.get("date") or "").strip(), str(value.get("time") or "").strip()
        return f"{day}T{time}:00+08:00" if day and time else f"{day}T{time}" if day or time else None
    if how in ("by_year", "group") and isinstance(value, Mapping):
        parts = {key: part for key, part in value.items() if part not in (None, "")}
        return parts or None
    return value
