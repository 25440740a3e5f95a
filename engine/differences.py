"""Differences: what became of an applicant's answers between two submissions, as a reader of both would mark it."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from config.sentences import enumerated, in_turn, said
from engine import clock
from engine.columns import dump_json
from engine.forms import Form
from engine.forms import messages as form_messages
from engine.forms.kinds import KINDS, Schema, kind_of, shape_of

Rows: TypeAlias = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Change:
    """One answer that is not what it was. Without `before` it came new, without `after` it went."""

    path: str  # as in a Problem: "cluster_name", "output.2024", "enterprises[3].output_1", "evidence_1_files[0]"
    label: str  # “企业发展情况表”第 4 行“企业名称”
    before: str | None  # as people read it; a file is its id
    after: str | None
    kind: str  # kind of the answer (engine.forms.kinds); "row" of a table, "list" of several choices


def changes(form: Form, earlier: Mapping[str, Any], later: Mapping[str, Any]) -> list[Change]:
    """What differs between two kept answers of `form`, in the form's order. Drafts may be compared as well.

    A row of a table is the same row if nothing in it changed, else if its first column did not, else if it
    stands where it stood; a row that came or went is one change. Rows in another order are none.
    """
    fields: Mapping[str, Schema] = form.document["properties"]
    found: list[Change] = []
    for name, schema in fields.items():
        found.extend(_of_field(name, form_messages.label_of(schema), schema, earlier.get(name), later.get(name)))
    return found


def _of_field(path: str, label: str, schema: Schema, before: Any, after: Any) -> Iterator[Change]:
    shape = shape_of(schema)
    if shape == "table":
        yield from _of_table(path, label, schema["items"]["properties"], _rows(before), _rows(after))
    elif shape == "list" and kind_of(schema["items"]) == "file":
        yield from _of_files(path, label, _list(before), _list(after))
    elif shape == "list":
        yield from _of_list(path, label, schema["items"], _list(before), _list(after))
    elif shape == "group":
        yield from _of_parts(path, label, schema["properties"], _mapping(before), _mapping(after))
    elif shape == "by_year":
        old, new = _mapping(before), _mapping(after)
        for year in sorted(old.keys() | new.keys()):
            at = f"{path}.{year}", said("%(field)s%(year)s 年", field=label, year=year)
            yield from _of_answer(*at, schema["additionalProperties"], old.get(year), new.get(year))
    else:
        yield from _of_answer(path, label, schema, before, after)


def _of_answer(path: str, label: str, schema: Schema, before: Any, after: Any) -> Iterator[Change]:
    kind = kind_of(schema) or ""
    if _compared(kind, before) != _compared(kind, after):
        yield Change(path, label, _spoken(schema, before), _spoken(schema, after), kind)


def _of_parts(
    path: str, label: str, parts: Mapping[str, Schema], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    for name, schema in parts.items():
        at = f"{path}.{name}", form_messages.column_of(label, schema)
        yield from _of_answer(*at, schema, before.get(name), after.get(name))


def _of_list(path: str, label: str, item: Schema, before: list[Any], after: list[Any]) -> Iterator[Change]:
    """Several choices are one answer; in which order they were ticked says nothing."""
    if sorted(map(dump_json, before)) != sorted(map(dump_json, after)):
        old, new = (
            enumerated(_spoken(item, part) or "" for part in parts) if parts else None for parts in (before, after)
        )
        yield Change(path, label, old, new, "list")


def _of_files(path: str, label: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    for number, file_id in enumerate(after):
        if file_id not in before:
            yield Change(f"{path}[{number}]", label, None, str(file_id), "file")
    for number, file_id in enumerate(before):
        if file_id not in after:
            yield Change(f"{path}[{number}]", label, str(file_id), None, "file")


def _of_table(path: str, label: str, columns: Mapping[str, Schema], before: Rows, after: Rows) -> Iterator[Change]:
    pairs = _paired(before, after, next(iter(columns)))
    for number, row in enumerate(after):
        at = f"{path}[{number}]", form_messages.row_of(label, number + 1)
        if number in pairs:
            yield from _of_parts(*at, columns, before[pairs[number]], row)
        else:
            yield Change(*at, None, _row(columns, row), "row")
    for number in sorted(set(range(len(before))) - set(pairs.values())):
        at = f"{path}[{number}]", said("%(table)s原第 %(row)s 行", table=label, row=number + 1)
        yield Change(*at, _row(columns, before[number]), None, "row")


def _paired(before: Rows, after: Rows, first: str) -> dict[int, int]:
    """Which row of `after` was which row of `before`, by position. What is surest is paired first."""
    pairs: dict[int, int] = {}
    signs: tuple[Callable[[int, Mapping[str, Any]], Hashable], ...] = (
        lambda _number, row: dump_json(sorted(row.items())),
        lambda _number, row: dump_json(row.get(first)),
        lambda number, _row: number,
    )
    for sign in signs:
        waiting: dict[Hashable, list[int]] = {}
        taken = set(pairs.values())
        for number, row in enumerate(before):
            if number not in taken:
                waiting.setdefault(sign(number, row), []).append(number)
        for number, row in enumerate(after):
            if number not in pairs and (same := waiting.get(sign(number, row))):
                pairs[number] = same.pop(0)
    return pairs


def _row(columns: Mapping[str, Schema], row: Mapping[str, Any]) -> str:
    spoken = ((form_messages.title_of(schema), _spoken(schema, row.get(name))) for name, schema in columns.items())
    told = [said("%(title)s：%(value)s", title=title, value=value) for title, value in spoken if value is not None]
    return in_turn(told) if told else ""


def _compared(kind: str, value: Any) -> Any:
    """What two answers have in common when nobody would call one a change of the other: 12.5 and 12.50."""
    if value in (None, ""):
        return None
    if str(KINDS.get(kind, {}).get("format", "")).startswith("decimal"):
        try:
            return Decimal(str(value))
        except InvalidOperation:  # “无”, or a draft's slip of the pen
            return value
    return value


def _spoken(schema: Schema, value: Any) -> str | None:
    """The answer as people read it; what a draft holds of another kind is shown as it is."""
    if value in (None, ""):
        return None
    if isinstance(value, bool):
        return said("是") if value else said("否")
    kind = kind_of(schema)
    if kind == "choice":
        return form_messages.choices(schema).get(str(value), str(value))
    return _day(kind, str(value)) if kind in ("date", "moment") else str(value)


def _day(kind: str, text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    if kind == "moment" and at.tzinfo:
        at = at.astimezone(clock.SHANGHAI)
    day = said("%(year)s年%(month)s月%(day)s日", year=at.year, month=at.month, day=at.day)
    return day if kind == "date" else said("%(day)s %(time)s", day=day, time=f"{at:%H:%M}")


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in _list(value) if isinstance(row, Mapping)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
