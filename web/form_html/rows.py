"""Rows: a table of a form, a page of it at a time; a list of lines is a table of one column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from engine.forms.kinds import Schema
from web.form_html import controls
from web.form_html.layout import PAGE_ROWS, columns_of, id_of, shape
from web.form_html.parts import Band, Control, Filling, Row, Table
from web.form_html.wording import hint
from web.wording import titled

_COMMON = re.compile(r"(?<=）)|, ")  # where a column's title goes from what it counts to which of them
MOST_TOLD = 20  # problems of rows on other pages: more of them help nobody


def table(schema: Schema, value: Any, filling: Filling, told: Mapping[str, str], about: Mapping[str, Any]) -> Table:
    """The rows of this page of the table, and what is wrong with those of the others."""
    name: str = about["name"]
    answered = value if isinstance(value, list) else []
    lines = shape(schema) == "lines"
    least = max(1, schema.get("minItems", 0)) if len(answered) < PAGE_ROWS else 0
    pages = max(1, -(-len(answered) // PAGE_ROWS))
    page = min(max(1, filling.pages.get(name, 1)), pages)
    start = (page - 1) * PAGE_ROWS
    here: list[Any] = list(answered[start : start + PAGE_ROWS])
    if pages == 1:
        here += [None] * (min(least, schema["maxItems"]) - len(here))  # something to type in at once
    below = _of_this_page(told, name, schema["title"], start, len(here))

    def row(place: int, answer: Any) -> Row:
        path = f"{name}[{place}]"
        cells = _line(path, schema, answer, filling, below) if lines else _cells(path, schema, answer, filling, below)
        wrong = any(cell.error for cell in cells) or path in below
        return Row(place=place, number=start + place + 1, cells=cells, wrong=wrong)

    rows = tuple(row(place, answer) for place, answer in enumerate(here))
    blank = row(len(here), None)
    columns = tuple(
        Control(name=key, id="", label=titled(column), widget="", hint=hint(column), optional=optional)
        for key, column, optional in _columns(schema, lines=lines)
    )
    offered = {path: lines_ for path, lines_ in filling.offers.items() if path.startswith(f"{name}.")}
    return Table(
        **{**about, "error": told.get(name, "")},
        columns=columns,
        bands=bands(columns),
        rows=rows,
        blank=blank,
        total=len(answered),
        most=schema["maxItems"],
        start=start,
        page=page,
        pages=pages,
        elsewhere=_elsewhere(told, name, page),
        offers=tuple((f"offers-{id_of(path)}", tuple(lines_)) for path, lines_ in offered.items()),
        sheet=not lines,
    )


def bands(columns: Sequence[Control]) -> tuple[Band, ...]:
    """The columns under their heads: those that say the same up to a unit in brackets or a comma share it."""
    found = []
    for common, group in groupby(columns, lambda column: _COMMON.split(column.label, maxsplit=1)[0]):
        alike = list(group)
        below = tuple(column.label.removeprefix(common).lstrip(",， ") for column in alike)
        if len(alike) > 1 and all(below) and not any(column.hint for column in alike):
            found.append(Band(head=replace(alike[0], label=common), columns=below))
        else:
            found.extend(Band(head=column) for column in alike)
    return tuple(found)


def _columns(schema: Schema, *, lines: bool) -> list[tuple[str, Schema, bool]]:
    if lines:
        return [("", {"title": titled(schema)}, False)]
    required = schema["items"].get("required", ())
    return [(key, column, key not in required) for key, column in columns_of(schema).items()]


def _cells(path: str, schema: Schema, answer: Any, filling: Filling, told: Mapping[str, str]) -> tuple[Control, ...]:
    parts = answer if isinstance(answer, Mapping) else {}
    required = schema["items"].get("required", ())
    return tuple(
        controls.control(f"{path}.{key}", column, parts.get(key), filling, told, optional=key not in required)
        for key, column in columns_of(schema).items()
    )


def _line(path: str, schema: Schema, answer: Any, filling: Filling, told: Mapping[str, str]) -> tuple[Control, ...]:
    return (controls.control(path, schema["items"], answer, filling, told, label=titled(schema)),)


def _of_this_page(told: Mapping[str, str], name: str, title: str, start: int, count: int) -> dict[str, str]:
    """The problems of the rows on this page, under the paths that they have here."""
    found = {}
    for path, text in told.items():
        if path.startswith(f"{name}[") and start <= (number := _number(path, name)) < start + count:
            short = text.replace(f"“{title}”第 {number + 1} 行", "")  # the cell stands where that is
            found[f"{name}[{number - start}]{path.partition(']')[2]}"] = short
    return found


def _elsewhere(told: Mapping[str, str], name: str, page: int) -> tuple[tuple[int, str], ...]:
    found = [(_number(path, name) // PAGE_ROWS + 1, text) for path, text in told.items() if path.startswith(f"{name}[")]
    return tuple((at, text) for at, text in found if at != page)[:MOST_TOLD]


def _number(path: str, name: str) -> int:
    digits = path[len(name) + 1 :].partition("]")[0]
    return int(digits) if digits.isdigit() else 0


def without_blank(schema: Schema, value: Any) -> Any:
    """The rows in which something stands: blank ones are dropped when somebody saves, never while they write."""
    if not isinstance(value, list):
        return value
    return [row for row in value if _filled(row)] if shape(schema) in ("table", "lines") else value


def _filled(row: Any) -> bool:
    cells: Sequence[Any] = list(row.values()) if isinstance(row, Mapping) else [row]
    return any(cell not in (None, "") and str(cell).strip() for cell in cells)
