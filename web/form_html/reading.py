"""Answers to read: the same fields without boxes, for checking, for a finished task, and for paper."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any

from engine.forms.kinds import Schema
from web.form_html.drawing import at_or_below, hints_of, messages, neighbours
from web.form_html.drawing import before as before_
from web.form_html.layout import Layout, columns_of, id_of, shape
from web.form_html.parts import Filed, Filling, StoredName
from web.form_html.wording import said
from web.wording import _, titled

FEW_ROWS = 20


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A field with its answer in words, or several that read best as one table."""

    name: str
    id: str
    label: str
    text: str = ""
    files: tuple[StoredName, ...] = ()
    heads: tuple[str, ...] = ()  # of a table; the first column is the row's name or number
    rows: tuple[tuple[str, ...], ...] = ()
    more: int = 0  # rows that are not shown
    error: str = ""
    before: tuple[str, ...] = ()
    by_year: bool = False


def show(
    layout: Layout, names: Iterable[str], filling: Filling, asked: Container[str], *, all_rows: bool = False
) -> list[Shown]:
    """What was answered in these fields, without those that were not asked (`Form.asked`)."""
    told = messages(filling.problems)
    shown: list[Shown] = []
    seen = [name for name in names if name in asked]
    for (how, *_alike), group in groupby(seen, lambda name: _together(layout, name)):
        alike = list(group)
        if how == "by_year":
            shown.append(_years(layout, alike, filling, told))
        elif how == "group" and len(alike) > 1:
            shown.append(_groups(layout, alike, filling, told))
        else:
            shown.extend(_field(layout, name, filling, told, all_rows=all_rows) for name in alike)
    return shown


def filed_lines(
    layout: Layout,
    names: Iterable[str],
    answers: Mapping[str, Any],
    files: Mapping[str, StoredName] = MappingProxyType({}),
) -> list[Filed]:
    """What was filed in these fields, a line or a file each: for a page on which they are held against something."""
    lines: list[Filed] = []
    for shown in show(layout, names, Filling(answers, files=files), layout.form.asked(answers)):
        if shown.by_year:
            years = shown.heads[1:]
            for title, *values in shown.rows:
                filed = _("，").join(f"{year} {value}" for year, value in zip(years, values, strict=True))
                lines.append(f"{title}{_('：')}{filed}")
        elif shown.files:
            lines += [stored for stored in shown.files if stored.id in files]
        elif shown.text:
            lines.append(f"{shown.label}{_('：')}{shown.text}")
    return lines


def _together(layout: Layout, name: str) -> tuple[str, ...]:
    """As where they are asked; but all that follow each other by year are one table, whatever is said of them there."""
    how = neighbours(layout, name)
    return how[:1] if how[0] == "by_year" else how


def _field(layout: Layout, name: str, filling: Filling, told: Mapping[str, str], *, all_rows: bool) -> Shown:
    schema, value = layout.fields[name], filling.answers.get(name)
    about: dict[str, Any] = {
        "name": name,
        "id": f"c{id_of(name)[1:]}",
        "label": titled(schema),
        "error": at_or_below(told, name),
        "before": before_(name, filling),
    }
    match shape(schema):
        case "table":
            return Shown(**about, **_rows(schema, value if isinstance(value, list) else [], all_rows=all_rows))
        case "files":
            ids = value if isinstance(value, list) else [value] if value else []
            return Shown(
                **about, files=tuple(filling.files.get(one, StoredName(one, _("已上传的文件"), 0)) for one in ids)
            )
        case "group":
            parts = value if isinstance(value, Mapping) else {}
            spoken = ((titled(part), said(part, parts.get(key))) for key, part in schema["properties"].items())
            return Shown(**about, text="\n".join(f"{title}{_('：')}{text}" for title, text in spoken if text))
        case "choices" | "lines":
            return Shown(**about, text="\n".join(said(schema["items"], one) for one in value or ()))
        case "cases":
            known = dict(filling.options.get(name, ()))
            return Shown(**about, text="\n".join(known.get(str(one), str(one)) for one in value or ()))
        case _:
            known = dict(filling.options.get(name, ()))
            return Shown(**about, text=known.get(str(value)) or said(schema, value))


def _rows(schema: Schema, rows: Sequence[Any], *, all_rows: bool) -> dict[str, Any]:
    columns = columns_of(schema)
    seen = rows if all_rows else rows[:FEW_ROWS]
    return {
        "heads": (_("序号"), *(titled(column) for column in columns.values())),
        "rows": tuple(
            (str(number), *(said(column, row.get(key)) for key, column in columns.items()))
            for number, row in enumerate(seen, 1)
            if isinstance(row, Mapping)
        ),
        "more": len(rows) - len(seen),
    }


def _groups(layout: Layout, names: Sequence[str], filling: Filling, told: Mapping[str, str]) -> Shown:
    parts = layout.fields[names[0]]["properties"]
    shared, _own = hints_of(layout, names)
    rows = []
    for name in names:
        answer = value if isinstance(value := filling.answers.get(name), Mapping) else {}
        inner = layout.fields[name]["properties"]
        rows.append((titled(layout.fields[name]), *(said(inner[part], answer.get(part)) for part in parts)))
    return Shown(
        label=shared or _("逐项填写的内容"),
        heads=(_("项目"), *(titled(part) for part in parts.values())),
        **_as_one(layout, names, filling, told, rows),
    )


def _years(layout: Layout, names: Sequence[str], filling: Filling, told: Mapping[str, str]) -> Shown:
    answered = [value if isinstance(value := filling.answers.get(name), Mapping) else {} for name in names]
    years = sorted({*layout.years(names[0], filling.answers), *(str(year) for answer in answered for year in answer)})
    rows = []
    for name, answer in zip(names, answered, strict=True):
        cell = layout.fields[name]["additionalProperties"]
        rows.append((titled(layout.fields[name]), *(said(cell, answer.get(year)) for year in years)))
    return Shown(
        label=_("分年度数据"),
        heads=(_("指标"), *(_("%(year)s 年", year=year) for year in years)),
        by_year=True,
        **_as_one(layout, names, filling, told, rows),
    )


def _as_one(
    layout: Layout, names: Sequence[str], filling: Filling, told: Mapping[str, str], rows: Sequence[tuple[str, ...]]
) -> dict[str, Any]:
    """What is said of several fields in one table."""
    errors = [error for name in names if (error := at_or_below(told, name))]
    before = [f"{titled(layout.fields[name])} {text}" for name in names for text in before_(name, filling)]
    return {
        "name": names[0],
        "id": f"c{id_of(names[0])[1:]}",
        "rows": tuple(rows),
        "error": _("；").join(errors),
        "before": tuple(before),
    }
