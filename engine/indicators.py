"""指标体系: the indicators of a score sheet as a table with weights and scoring rules, which owners edit."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from config.errors import RegimeInvalid

ENDING = ".indicators.csv"  # forms/score_sheet.indicators.csv has the indicators of forms/score_sheet.json
COLUMNS = ("编号", "指标", "权重", "评分规则", "依据", "Indicator", "Scoring rule")
OWN = "细化指标体系（指标、权重和评分规则）由本局拟定。"
OWN_IN_ENGLISH = " The indicators, weights and scoring rules are the bureau's own."


def applied(common: bytes, table: bytes, name: str) -> bytes:
    """The score sheet with the table's indicators in the place of its own; each is asked for as its own were.

    A row is an indicator: a name in small letters, title, weight of a hundred, scoring rule, clause, both in English.
    Raises RegimeInvalid with the row where the table cannot be read; weights are looked at with the form.
    """
    sheet = json.loads(common)
    fields: dict[str, Any] = sheet["properties"]
    own = [field for field, schema in fields.items() if "x-score" in schema]
    pattern, first = fields[own[0]], list(fields).index(own[0])
    made = {f"score_{row['编号']}": _indicator(pattern, row) for row in _rows(table, name)}
    others = [(field, schema) for field, schema in fields.items() if field not in own]
    sheet["properties"] = dict([*others[:first], *made.items(), *others[first:]])
    required: list[str] = [field for field in sheet["required"] if field not in own]
    sheet["required"] = [*required, *made]
    sheet["description"] += OWN
    sheet["x-i18n"]["en"]["description"] += OWN_IN_ENGLISH
    return json.dumps(sheet, ensure_ascii=False, indent=2).encode() + b"\n"


def _indicator(pattern: dict[str, Any], row: dict[str, str]) -> dict[str, Any]:
    english = {"title": row["Indicator"], "description": row["Scoring rule"]}
    return {
        **pattern,
        "title": row["指标"],
        "description": f"{row['评分规则']}（{row['依据']}）",
        "x-i18n": {"en": english},
        "x-score": {"weight": row["权重"]},
    }


def _rows(table: bytes, name: str) -> Iterator[dict[str, str]]:
    try:
        text = table.decode("utf-8-sig")  # as spreadsheets write it
    except UnicodeDecodeError as error:
        raise RegimeInvalid(f"{name} 不是 UTF-8 编码，请另存为“CSV UTF-8”", path=name) from error
    head, *rows = csv.reader(io.StringIO(text))
    if tuple(head) != COLUMNS:
        raise RegimeInvalid(f"{name} 的表头应为 {'、'.join(COLUMNS)}，现为 {'、'.join(head)}", path=name)
    seen = set[str]()
    for number, cells in enumerate(rows, 2):
        row = dict(zip(COLUMNS, map(str.strip, cells), strict=False))
        if len(cells) != len(COLUMNS) or not all(row.values()):
            raise RegimeInvalid(f"{name} 第 {number} 行应有 {len(COLUMNS)} 栏，都不能空着", path=name)
        if row["编号"] in seen:
            raise RegimeInvalid(f"{name} 第 {number} 行的编号 {row['编号']} 重复，请只留一行", path=name)
        seen.add(row["编号"])
        yield row
