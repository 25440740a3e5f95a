"""Tables for a spreadsheet: CSV in UTF-8 with its mark, and no cell that a spreadsheet would calculate."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Response

from engine import clock

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate a cell that begins so


def answer(name: str, columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> Response:
    """The rows as a file to keep, called `name`.csv; `columns` is each fact with its heading."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns.values())
    for row in rows:
        writer.writerow([_cell(row.get(fact)) for fact in columns])
    sheet = Response(out.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    sheet.headers["Content-Disposition"] = f"attachment; filename=table.csv; filename*=UTF-8''{quote(name)}.csv"
    sheet.headers["Cache-Control"] = "no-store"
    return sheet


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULAS) else text
