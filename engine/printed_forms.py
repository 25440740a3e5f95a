"""Printed forms: what was filled in, part by part as the form's own file says, ready to be set and sealed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

from engine.documents import Block, FormPart, PrintedForm
from engine.forms import Form
from engine.forms.kinds import Schema

Names: TypeAlias = Mapping[str, str]  # id of a file → its name

WIDE = 8  # columns; a part with a table of more is laid crosswise
TICKED, OPEN = "■", "□"
YES_NO = {"true": "是", "false": "否"}


def printed(
    form: Form,
    answers: Mapping[str, Any],
    files: Names,
    *,
    under: str,
    day: date,
    seals: Mapping[str, Sequence[Block]],
) -> PrintedForm:
    """The form with these answers. `seals`: field → what is sealed below the part that has it."""
    asked = form.asked(answers)
    document = form.document
    whole = [{"title": document["title"], "fields": list(document["properties"])}]
    parts = []
    for section in document.get("x-ui", {}).get("sections", whole):
        shown = {name: form.field(name) for name in section["fields"] if name in asked}
        blocks = [*_blocks(shown, answers, files)]
        for name in section["fields"]:
            blocks += seals.get(name, ())
        wide = any(len(block.heads) > WIDE for block in blocks)
        parts.append(FormPart(section["title"], section.get("description", ""), blocks, wide))
    return PrintedForm(document["title"], under, parts, day)


def _blocks(fields: Mapping[str, Schema], answers: Mapping[str, Any], files: Names) -> Iterator[Block]:
    """Fields one below the other; those with the same columns, as years, share one table."""
    heads: tuple[str, ...] = ()
    rows: list[Sequence[str]] = []
    for name, schema in fields.items():
        title, value = str(schema["title"]), answers.get(name)
        if schema.get("type") == "array" and "properties" in schema["items"]:
            if rows:
                yield Block(heads, rows)
            heads, rows = (), []
            yield _table(title, schema["items"]["properties"], value or [], files)
            continue
        columns = _columns(schema, value)
        wanted = ("项目", *columns.values()) if columns else ()
        if rows and wanted != heads:
            yield Block(heads, rows)
            rows = []
        heads = wanted
        cells = [_text(_part(schema, key), (value or {}).get(key), files) for key in columns]
        rows.append([title, *cells] if columns else [title, _text(schema, value, files)])
    if rows:
        yield Block(heads, rows)


def _columns(schema: Schema, value: Any) -> dict[str, str]:
    """Key → heading of an answer that has several: years, oldest first, or the parts of a group."""
    if schema.get("type") != "object":
        return {}
    if "propertyNames" in schema:
        return {year: f"{year}年" for year in sorted(value or {})}
    return {name: str(part["title"]) for name, part in schema["properties"].items()}


def _part(schema: Schema, key: str) -> Schema:
    part: Schema = schema["additionalProperties"] if "propertyNames" in schema else schema["properties"][key]
    return part


def _table(title: str, columns: Mapping[str, Schema], rows: Sequence[Mapping[str, Any]], files: Names) -> Block:
    heads = ["序号", *(str(column["title"]) for column in columns.values())]
    cells = [
        [str(number), *(_text(column, row.get(name), files) for name, column in columns.items())]
        for number, row in enumerate(rows, 1)
    ]
    return Block(heads, cells or [["无"] + [""] * len(columns)], title=title)


def _text(schema: Schema, value: Any, files: Names) -> str:
    several = schema.get("type") == "array"
    one: Schema = schema["items"] if several else schema
    values = list(value or ()) if several else [value]
    if "enum" in one:
        return _ticks(one, values)
    return "\n".join(_single(one, each, files) for each in values)


def _single(schema: Schema, value: Any, files: Names) -> str:
    kind = schema.get("x-kind")
    if kind == "yes_no" and schema.get("const") is True:  # a promise is printed as it was made
        return f"{TICKED if value is True else OPEN}{schema.get('description', YES_NO['true'])}"
    if kind == "yes_no":
        return "  ".join(f"{TICKED if str(value).lower() == key else OPEN}{word}" for key, word in YES_NO.items())
    if value is None:
        return ""
    return files.get(str(value), "") if kind == "file" else str(value)


def _ticks(schema: Schema, chosen: Sequence[Any]) -> str:
    """Every choice as the printed form has it, those that were made ticked."""
    labels = schema.get("x-ui", {}).get("choices", {})
    return "\n".join(f"{TICKED if value in chosen else OPEN}{labels.get(value, value)}" for value in schema["enum"])
