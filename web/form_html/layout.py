"""The layout of a form: its sections, the shape of each field, and where on which page a problem's path stands."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine import clock
from engine.forms import Form
from engine.forms.kinds import Schema
from engine.forms.rules import YEARS

PAGE_ROWS = 50  # of a table: more of them make a page slow and a person tired
_STEP = re.compile(r"[^.\[\]]+")
_TOP = re.compile(r"[^.\[]*")
_ROW = re.compile(r"\[(\d+)\]")
_LISTS = {"choice": "choices", "case": "cases", "member": "cases", "file": "files"}
_LATE_YEAR, _EARLY_YEAR = 2100, 2000


@dataclass(frozen=True)
class Section:
    """A part of a form on a page of its own; a form without parts is one section without id."""

    id: str
    number: int  # from 1
    schema: Schema  # its title and description
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a problem's path stands: the section, the page of its table (from 1; 0: no table), the id to go to."""

    section: str
    table: str
    page: int
    id: str


class Layout:
    """What pages ask a form again and again; made once from a form, which never changes."""

    def __init__(self, form: Form) -> None:
        document = form.document
        self.form = form
        self.document: Schema = document
        self.required = frozenset(document.get("required", ()))
        self.fields: dict[str, Schema] = {name: form.field(name) for name in document["properties"]}
        listed = document.get("x-ui", {}).get("sections")
        parts = listed or [{"id": "", "title": document["title"], "fields": list(self.fields)}]
        self.has_sections = bool(listed)
        self.sections = tuple(
            Section(part["id"], number, part, tuple(part["fields"])) for number, part in enumerate(parts, 1)
        )
        self.file_fields = tuple(name for name, schema in self.fields.items() if shape(schema) == "files")
        self.photo_fields = tuple(name for name in self.file_fields if _widget(self.fields[name]) == "photos")
        self.case_paths = tuple(_paths_of("case", self.fields))
        self.member_paths = tuple(_paths_of("member", self.fields))
        self._section_of = {name: section.id for section in self.sections for name in section.fields}
        rules = [rule for rule in document.get("x-rules", ()) if rule["rule"] == "years_before"]
        self._year_of: dict[str, str] = {name: rule["year"] for rule in rules for name in rule["fields"]}

    def section(self, section_id: str) -> Section | None:
        return next((section for section in self.sections if section.id == section_id), None)

    def section_of(self, path: str) -> str:
        return self._section_of.get(top(path), self.sections[0].id)

    def after(self, section: Section) -> Section | None:
        return self.sections[section.number] if section.number < len(self.sections) else None

    def is_required(self, name: str) -> bool:
        """Whether a field has to be answered whenever it is asked."""
        return name in self.required or bool(self.fields[name].get("minItems"))

    def asks_for_files(self, names: Sequence[str]) -> bool:
        return any(shape(self.fields[name]) == "files" for name in names)

    def year_field(self, name: str) -> str:
        """The field that says for which years this one is asked; empty where the form has no such rule."""
        return self._year_of.get(name, "")

    def years(self, name: str, answers: Mapping[str, Any]) -> list[str]:
        """The years a field is asked for, oldest first; none while the year that decides is not known."""
        deciding = self.year_field(name)
        year = answers.get(deciding) if deciding else clock.today().year
        if isinstance(year, str) and year.isdecimal() and len(year) == 4:  # just typed, not yet read
            year = int(year)
        if isinstance(year, bool) or not isinstance(year, int) or not _EARLY_YEAR < year <= _LATE_YEAR:
            return []
        return [str(number) for number in range(year - YEARS, year)]

    def place(self, path: str) -> Place:
        """Where to go for this path. A table's row stands under its number on its page of the table."""
        name = top(path)
        schema = self.fields.get(name, {})
        found = shape(schema) if schema else ""
        if found == "table" and (row := _ROW.search(path)):
            page, inner = divmod(int(row[1]), PAGE_ROWS)
            return Place(self.section_of(path), name, page + 1, id_of(_ROW.sub(f"[{inner}]", path, count=1)))
        # Several choices or files are one control, whichever of them is wrong.
        return Place(self.section_of(path), "", 0, id_of(name if found in ("choices", "files", "cases") else path))


@lru_cache(maxsize=256)
def layout_of(form: Form) -> Layout:
    """The layout of a form, made once."""
    return Layout(form)


def shape(schema: Schema) -> str:
    """How a field is drawn: table, lines, choices, cases, files, by_year, group, else one."""
    if "x-kind" in schema:
        return "files" if schema["x-kind"] == "file" else "one"
    if schema.get("type") == "object":
        return "by_year" if "propertyNames" in schema else "group"
    items: Schema = schema["items"]
    if "properties" in items:
        return "table"
    kind: str = items["x-kind"]
    return _LISTS.get(kind, "lines")


def columns_of(schema: Schema) -> Mapping[str, Schema]:
    """The columns of a table, the parts of a group."""
    columns: Mapping[str, Schema] = schema.get("items", schema)["properties"]
    return columns


def _paths_of(kind: str, fields: Mapping[str, Schema]) -> Iterator[str]:
    """Where a case of the round, or somebody of the pool, is chosen: "cases", "reasons.case"."""
    for name, schema in fields.items():
        how = shape(schema)
        if kind in (schema.get("x-kind"), schema.get("items", {}).get("x-kind")):
            yield name
        elif how in ("table", "group"):
            yield from (f"{name}.{key}" for key, column in columns_of(schema).items() if column["x-kind"] == kind)


def _widget(schema: Schema) -> str:
    return str(schema.get("x-ui", {}).get("widget", ""))


def top(path: str) -> str:
    """The field that a path begins with."""
    found = _TOP.match(path)
    return found[0] if found else path


def id_of(path: str) -> str:
    """The id of the control at this path; stable, so that a summary may link to it."""
    return "-".join(["f", *_STEP.findall(path)])
