"""Drawing: fields of a form with what is answered, wrong, remarked and changed, as items for the page."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from engine.forms import Problem
from engine.forms.kinds import Schema
from web.form_html import controls
from web.form_html.layout import Layout, id_of, shape, top
from web.form_html.parts import Files, Filling, Group, Head, Item, Line, Matrix, Question, StoredName
from web.form_html.rows import table
from web.form_html.wording import hint, labels, truths
from web.wording import _, spoken, titled

_CLAUSE = re.compile(r"[：:]\s*")  # between what a hint is about and what it says


def draw(layout: Layout, names: Iterable[str], filling: Filling) -> list[Item]:
    """The items of these fields, in their order; neighbours that are asked by year stand in one table."""
    told = messages(filling.problems)
    items: list[Item] = []
    for (how, *_alike), group in groupby(names, lambda name: neighbours(layout, name)):
        alike = list(group)
        if how == "by_year":
            items.append(_by_year(layout, alike, filling, told))
        elif how == "group" and len(alike) > 1:
            items.append(_groups(layout, alike, filling, told))
        else:
            items.extend(_item(layout, name, filling, told) for name in alike)
    return items


def messages(problems: Iterable[Problem]) -> dict[str, str]:
    """What is wrong, by path, as a page says it: a moment has a box for its day and one for its time."""
    found = {}
    for problem in problems:
        found[problem.field] = _("请填写日期和时间") if problem.code == "moment" else spoken(problem.message)
    return found


def at_or_below(told: Mapping[str, str], path: str) -> str:
    """The first thing wrong with the answer at this path, or with a part of it."""
    return next(
        (text for where, text in told.items() if where == path or where.startswith((f"{path}.", f"{path}["))), ""
    )


def hints_of(layout: Layout, names: Iterable[str]) -> tuple[str, list[str]]:
    """What the hints of these fields all begin with, up to a colon, and what each says of its own."""
    whole = [hint(layout.fields[name]) for name in names]
    parts = [_CLAUSE.split(each, maxsplit=1) for each in whole]
    if any(len(each) < 2 or each[0] != parts[0][0] for each in parts):
        return "", whole
    return parts[0][0], [rest for _shared, rest in parts]


def neighbours(layout: Layout, name: str) -> tuple[str, ...]:
    """Fields with an equal answer here that follow each other may stand in one table."""
    schema = layout.fields[name]
    condition = json.dumps(schema.get("x-show-when"))
    match shape(schema):
        case "by_year":
            return "by_year", hint(schema), condition, layout.year_field(name)
        case "group":
            parts = schema["properties"].items()
            return "group", condition, *(f"{part} {titled(inner)} {hint(inner)}" for part, inner in parts)
        case _:
            return "alone", name


def _item(layout: Layout, name: str, filling: Filling, told: Mapping[str, str]) -> Item:
    schema = layout.fields[name]
    about = _about(layout, name, filling)
    value = filling.answers.get(name)
    match shape(schema):
        case "one" | "choices" | "cases":
            only = controls.control(name, schema, value, filling, told, optional=about["optional"])
            return Question(**about, control=only)
        case "group":
            parts = value if isinstance(value, Mapping) else {}
            return Group(
                **about,
                error=told.get(name, ""),
                controls=tuple(
                    controls.control(
                        f"{name}.{part}", inner, parts.get(part), filling, told, optional=part not in schema["required"]
                    )
                    for part, inner in schema["properties"].items()
                ),
            )
        case "files":
            many = schema.get("type") == "array"
            ids = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one]
            return Files(
                **about,
                error=at_or_below(told, name),
                files=tuple(filling.files.get(one, StoredName(one, _("已上传的文件"), 0)) for one in ids),
                many=many,
                most=schema.get("maxItems", 1),
                photos=name in layout.photo_fields,
            )
        case _:
            return table(schema, value, filling, told, about)


def _by_year(layout: Layout, names: Sequence[str], filling: Filling, told: Mapping[str, str]) -> Matrix:
    wanted = layout.years(names[0], filling.answers)
    answered = [_mapping(filling.answers.get(name)) for name in names]
    odd = {str(year) for answer in answered for year in answer} - set(wanted) if wanted else set()
    years = sorted(odd) + wanted
    deciding = layout.year_field(names[0])
    rows = []
    for name, answer in zip(names, answered, strict=True):
        schema = layout.fields[name]
        cell, label = schema["additionalProperties"], titled(schema)
        short = {
            path: text.replace(f"“{schema['title']}”{path.partition('.')[2]} 年", "")  # the cell stands where that is
            for path, text in told.items()
            if path.startswith(f"{name}.")
        }
        rows.append(
            Line(
                name=name,
                id=id_of(name),
                label=label,
                optional=not layout.is_required(name),
                error=at_or_below(told, name),
                cells=tuple(
                    controls.control(
                        f"{name}.{year}",
                        cell,
                        answer.get(year),
                        filling,
                        short,
                        label=_("%(label)s 年", label=f"{label} {year}"),
                        optional=True,
                    )
                    for year in years
                ),
                remarks=tuple(filling.remarks.get(name, ())),
                before=before(name, filling),
            )
        )
    about = _about(layout, names[0], filling) | {"remarks": (), "before": (), "id": f"{id_of(names[0])}-years"}
    year_label = titled(layout.fields[deciding]) if deciding else ""
    return Matrix(
        **{**about, "hint": about["hint"] or _("分年度填写")},
        heads=tuple(Head(label=_("%(year)s 年", year=year)) for year in years),
        odd_years=frozenset(odd),
        rows=tuple(rows),
        year_field=deciding,
        year_label=year_label,
    )


def _groups(layout: Layout, names: Sequence[str], filling: Filling, told: Mapping[str, str]) -> Matrix:
    """Neighbours with the same parts, as the printed form has them: what all their hints begin with is said once."""
    first = layout.fields[names[0]]
    shared, hints = hints_of(layout, names)
    rows = []
    for name, own_hint in zip(names, hints, strict=True):
        schema, answer = layout.fields[name], _mapping(filling.answers.get(name))
        label = titled(schema)
        rows.append(
            Line(
                name=name,
                id=id_of(name),
                label=label,
                hint=own_hint,
                optional=not layout.is_required(name),
                error=told.get(name, ""),
                cells=tuple(
                    controls.control(
                        f"{name}.{part}",
                        inner,
                        answer.get(part),
                        filling,
                        told,
                        label=f"{label} {titled(inner)}",
                        optional=part not in schema["required"],
                    )
                    for part, inner in schema["properties"].items()
                ),
                remarks=tuple(filling.remarks.get(name, ())),
                before=before(name, filling),
                beside=tuple(filling.beside.get(name, ())),
            )
        )
    about = {
        "remarks": (),
        "before": (),
        "beside": (),
        "id": f"{id_of(names[0])}-lines",
        "hint": shared or _("逐项填写"),
    }
    heads = [Head(label=titled(inner), hint=hint(inner)) for inner in first["properties"].values()]
    return Matrix(**{**_about(layout, names[0], filling), **about}, heads=tuple(heads), rows=tuple(rows))


def _about(layout: Layout, name: str, filling: Filling) -> dict[str, Any]:
    """What every item says of its field."""
    schema = layout.fields[name]
    about: dict[str, Any] = {
        "name": name,
        "id": id_of(name),
        "label": titled(schema),
        "hint": hint(schema),
        "optional": not layout.is_required(name),
        "remarks": tuple(filling.remarks.get(name, ())),
        "before": before(name, filling),
        "beside": tuple(filling.beside.get(name, ())),
    }
    condition = schema.get("x-show-when")
    if condition:
        about |= {
            "show_field": condition["field"],
            "show_in": json.dumps(condition["in"]),
            "show_hint": _asked_when(layout.fields[condition["field"]], condition["in"]),
        }
    return about


def _asked_when(controller: Schema, values: Sequence[Any]) -> str:
    words = {**truths(), **labels(controller)}
    chosen = _("”“").join(words.get(str(value).lower() if isinstance(value, bool) else value, "") for value in values)
    return _("“%(field)s”选“%(chosen)s”时填写", field=titled(controller), chosen=chosen)


def before(name: str, filling: Filling) -> tuple[str, ...]:
    """What the last submission said where the answer is another now. Files that came need no word: they are seen."""
    found = []
    for change in filling.changes:
        if top(change.path) != name or (change.kind == "file"):
            continue
        place = spoken(change.label).partition("”")[2].strip(" ,")  # behind the field's title: year, row, column
        before = spoken(change.before) if change.before is not None else _("（未填）")
        found.append(f"{place}{_('：')}{before}" if place else before)
    return tuple(found)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
