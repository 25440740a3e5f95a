"""Edits of a form: fields, columns, sections and rules come, change, move and go; every other byte stays."""

import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any, Final, TypeAlias

from config.sentences import Said, said
from engine.errors import FormInvalid, NotFound
from engine.forms import Problem
from engine.forms import profile as form_profile
from engine.forms import rules as form_rules
from engine.forms.kinds import KINDS, kind_of
from engine.workshop import form_questions, json_text
from engine.workshop.form_questions import Field

Document: TypeAlias = dict[str, Any]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_NAMES: Final = ("field", "other", "year", "table")  # where a rule names one field
UP, DOWN = "up", "down"


def read(content: bytes) -> Document:
    """The form as data. Raises FormInvalid where the file is not one that can be edited as questions."""
    try:
        document = form_profile.read(content)
        fields = document["properties"]
        if not all(isinstance(each, dict) for each in fields.values()):
            raise ValueError("properties")
    except (ValueError, KeyError, AttributeError) as error:
        raise FormInvalid(
            [Problem("", "unreadable", said("表单文件不能按栏目编辑，请先改正：%(why)s", why=error))]
        ) from error
    return document


def created(title: str) -> bytes:
    """A new form with one field. Raises FormInvalid without a title."""
    if not title.strip():
        raise FormInvalid([Problem("title", "required", said("请写表单的名称"))])
    opinion = {"$ref": "#/$defs/long_text", "title": str(said("意见")), "x-ui": {"widget": "textarea"}}
    document = {
        "$schema": form_profile.DIALECT,
        "title": title.strip(),
        "type": "object",
        "additionalProperties": False,
        "required": [],
        "properties": {
            "opinion": opinion,
        },
        "$defs": {"long_text": KINDS["long_text"]},
    }
    return json_text.fresh(document).encode() + b"\n"


def sections(document: Document) -> list[dict[str, Any]]:
    """The sections of a form; one without id where it has none."""
    found = document.get("x-ui", {}).get("sections")
    return found or [{"id": "", "title": "", "fields": list(document["properties"])}]


def schema(document: Document, path: str) -> dict[str, Any]:
    """The schema of a field, or of a column: "enterprises.name". Raises NotFound."""
    name, _, column = path.partition(".")
    found = document["properties"].get(name)
    if found is not None and column:
        found = _row(found).get("properties", {}).get(column)
    if found is None:
        raise NotFound(said("表单中没有栏目 %(name)s", name=path[:100]))
    return dict(found)


def field(document: Document, path: str) -> Field:
    """The questions of a field or a column. Raises NotFound."""
    own = schema(document, path)
    return form_questions.asked(own, required=path.rpartition(".")[2] in _holder(document, path).get("required", ()))


def saved(content: bytes, path: str, wanted: Field) -> bytes:
    """The form with a field answered otherwise; unchanged, the very same bytes. Raises FormInvalid, NotFound."""
    document = read(content)
    before = field(document, path)
    if wanted == before:
        return content
    holder, name = _holder(document, path), path.rpartition(".")[2]
    holder["properties"][name] = form_questions.changed(schema(document, path), before, wanted)
    _require(holder, name, wanted.required)
    return _checked(content, document, path)


def added(content: bytes, path: str, wanted: Field, *, section: str = "") -> bytes:
    """The form with one more field, last in its section; or one more column of a table. Raises FormInvalid."""
    document = read(content)
    holder, name = _holder(document, path), path.rpartition(".")[2]
    if not _NAME.fullmatch(name):
        why = said("编号应以小写字母开头，只含小写字母、数字和下划线，不超过 64 个字符")
        raise FormInvalid([Problem("name", "name", why)])
    if name in holder["properties"]:
        raise FormInvalid([Problem("name", "same", said("已有编号为 %(name)s 的栏目，请换一个", name=name))])
    new = form_questions.made(wanted)
    parts = document.get("x-ui", {}).get("sections") if holder is document else None
    if parts:
        part = next((each for each in parts if each["id"] == section), parts[-1])
        part["fields"] = [*part["fields"], name]
        holder["properties"] = _behind(holder["properties"], name, new, part["fields"][-2:-1])
    else:
        holder["properties"] = {**holder["properties"], name: new}
    _require(holder, name, wanted.required)
    return _checked(content, document, path)


def free_name(document: Document, table: str = "") -> str:
    """A name that no field has yet."""
    taken = _row(document["properties"][table])["properties"] if table else document["properties"]
    return next(name for number in range(1, len(taken) + 2) if (name := f"item_{number}") not in taken)


def removed(content: bytes, path: str) -> bytes:
    """The form without a field or a column. Who reads it is `form_readers`' matter. Raises FormInvalid, NotFound."""
    document = read(content)
    schema(document, path)
    holder, name = _holder(document, path), path.rpartition(".")[2]
    if len(holder["properties"]) == 1:
        raise FormInvalid([Problem("", "last", said("至少要留一个栏目"))])
    del holder["properties"][name]
    _require(holder, name, False)
    if holder is document:
        for part in document.get("x-ui", {}).get("sections", ()):
            part["fields"] = [each for each in part["fields"] if each != name]
    return _checked(content, document, path)


def moved(content: bytes, path: str, way: str) -> bytes:
    """The form with a field one place up or down within its section. Raises FormInvalid, NotFound."""
    document = read(content)
    schema(document, path)
    holder, name = _holder(document, path), path.rpartition(".")[2]
    parts = document.get("x-ui", {}).get("sections", ()) if holder is document else ()
    part = next((each for each in parts if name in each["fields"]), None)
    order = part["fields"] if part else list(holder["properties"])
    at = order.index(name)
    to = at - 1 if way == UP else at + 1
    if not 0 <= to < len(order):
        return content
    other = order[to]
    if part:
        part["fields"] = _swapped(order, at, to)
    names = [each for each in holder["properties"] if each != name]
    names.insert(names.index(other) + (way == DOWN), name)
    holder["properties"] = {each: holder["properties"][each] for each in names}
    return _checked(content, document, path)


def put_into(content: bytes, name: str, section: str) -> bytes:
    """The form with a field last in another section. Raises FormInvalid, NotFound."""
    document = read(content)
    own, parts = schema(document, name), sections(document)
    to = _section(parts, section)
    if name in to["fields"]:
        return content
    for part in parts:
        part["fields"] = [each for each in part["fields"] if each != name]
    del document["properties"][name]
    document["properties"] = _behind(document["properties"], name, own, to["fields"][-1:])
    to["fields"] = [*to["fields"], name]
    return _checked(content, document, name)


def about(content: bytes, section: str | None, words: Mapping[str, str]) -> bytes:
    """The form with another title and hint; of a section with `section`. Raises FormInvalid, NotFound."""
    document = read(content)
    holder = document if section is None else _section(sections(document), section)
    before, names = told(holder), ("title", "hint", "english_title", "english_hint")
    wanted = Field(kind="", **{name: words.get(name, getattr(before, name)) for name in names})
    if wanted == before:
        return content
    new = form_questions.worded(holder, before, wanted)
    holder.clear()
    holder.update(new)
    return _checked(content, document, "")


def told(holder: Mapping[str, Any]) -> Field:
    """Title and hint of a form or a section, in both languages."""
    english = holder.get("x-i18n", {}).get("en", {})
    return Field(
        holder.get("title", ""),
        "",
        holder.get("description", ""),
        english.get("title", ""),
        english.get("description", ""),
    )


def section_added(content: bytes, title: str) -> bytes:
    """The form with one more section and a field in it; a form without sections gets its first. Raises FormInvalid."""
    document = read(content)
    title = title.strip()
    if not title:
        raise FormInvalid([Problem("title", "required", said("请写这一节的名称"))])
    parts = document.get("x-ui", {}).get("sections") or []
    if not parts:
        first = {"id": "section_1", "title": document["title"], "fields": list(document["properties"])}
        document = form_questions.with_word(document, "x-ui", {**document.get("x-ui", {}), "sections": [first]})
        parts = document["x-ui"]["sections"]
    taken = {part["id"] for part in parts}
    name = next(each for number in range(1, len(parts) + 2) if (each := f"section_{number}") not in taken)
    item = free_name(document)
    parts.append({"id": name, "title": title, "fields": [item]})
    document["properties"][item] = form_questions.made(Field(str(form_questions.DEFAULT_TITLE), "line"))
    return _checked(content, document, item)


def section_removed(content: bytes, section: str) -> bytes:
    """The form without a section that has no fields left. Raises FormInvalid, NotFound."""
    document = read(content)
    parts = sections(document)
    if _section(parts, section)["fields"]:
        raise FormInvalid([Problem("", "full", said("这一节还有栏目，请先移到别的节或删去"))])
    document["x-ui"]["sections"] = [part for part in parts if part["id"] != section]
    return _checked(content, document, "")


def section_moved(content: bytes, section: str, way: str) -> bytes:
    """The form with a section one place up or down; its fields go with it. Raises FormInvalid, NotFound."""
    document = read(content)
    parts = sections(document)
    at = parts.index(_section(parts, section))
    to = at - 1 if way == UP else at + 1
    if not 0 <= to < len(parts):
        return content
    document["x-ui"]["sections"] = _swapped(parts, at, to)
    order = [name for part in document["x-ui"]["sections"] for name in part["fields"]]
    document["properties"] = {name: document["properties"][name] for name in order}
    return _checked(content, document, "")


def rule_added(content: bytes, rule: Mapping[str, Any]) -> bytes:
    """The form with one more rule of the closed list. Raises FormInvalid."""
    document = read(content)
    if dict(rule) in document.get("x-rules", []):
        raise FormInvalid([Problem("rule", "same", said("已有这条规则"))])
    document = form_questions.with_word(document, "x-rules", [*document.get("x-rules", []), dict(rule)])
    return _checked(content, document, "rule")


def rule_removed(content: bytes, number: int) -> bytes:
    """The form without one of its rules. Raises FormInvalid, NotFound."""
    document = read(content)
    rules = document.get("x-rules", [])
    if not 0 <= number < len(rules):
        raise NotFound(said("没有这条规则"))
    left = [rule for at, rule in enumerate(rules) if at != number]
    if left:
        document["x-rules"] = left
    else:
        del document["x-rules"]
    return _checked(content, document, "rule")


def readers_within(document: Document, name: str) -> list[Said]:
    """What in the form itself looks at a field: conditions of other fields, rules."""
    found = [
        said("栏目“%(title)s”的显示条件", title=own.get("title", other))
        for other, own in document["properties"].items()
        if own.get("x-show-when", {}).get("field") == name
    ]
    rules = document.get("x-rules", [])
    found += [
        said("第 %(number)s 条规则", number=number)
        for number, rule in enumerate(rules, 1)
        if name in (form_rules.fields_of(rule) if "." not in name else [f"{rule.get('table')}.{rule.get('column')}"])
    ]
    return found


def _checked(before: bytes, document: Document, path: str) -> bytes:
    """The form's bytes, if nothing is wrong with it that was not wrong before. Raises FormInvalid."""
    _kinds(document)
    made = json_text.kept(before, document)
    old = form_profile.problems(before)
    if new := [why for why in form_profile.problems(made) if why not in old]:
        raise FormInvalid([Problem(path, "form", Said(message)) for _pointer, message in new[:5]])
    return made


def _kinds(document: Document) -> None:
    """The kinds that are used stand in the file, letter by letter; the others do not."""
    used = set(_used(document["properties"]))
    there = document.get("$defs", {})
    kept = {kind: there[kind] for kind in there if kind in used}
    for kind in KINDS:
        if kind in used and kind not in kept:
            kept[kind] = deepcopy(KINDS[kind])
    document["$defs"] = kept


def _used(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        if (kind := kind_of(value)) in KINDS:
            yield str(kind)
        for part in value.values():
            yield from _used(part)


def _holder(document: Document, path: str) -> dict[str, Any]:
    """What has the field among its properties: the form, or a table's row. Raises NotFound."""
    name, _, column = path.partition(".")
    if not column:
        return document
    found = document["properties"].get(name)
    if found is None or "properties" not in _row(found):
        raise NotFound(said("表单中没有栏目 %(name)s", name=path[:100]))
    return _row(found)


def _row(own: dict[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = own.get("items", own)
    return inner


def _require(holder: dict[str, Any], name: str, wanted: bool) -> None:
    """List the field among those that have to be answered, in the form's order; a list says it with its least items."""
    listed = holder.get("required", [])
    wanted = wanted and holder["properties"][name].get("type") != "array"
    if wanted == (name in listed):
        return
    if not wanted:
        holder["required"] = [each for each in listed if each != name]
        return
    order = list(holder["properties"])
    later: Callable[[str], bool] = lambda each: each in order and order.index(each) > order.index(name)  # noqa: E731
    at = next((number for number, each in enumerate(listed) if later(each)), len(listed))
    holder["required"] = [*listed[:at], name, *listed[at:]]


def _behind(fields: Mapping[str, Any], name: str, own: Any, before: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each, its in fields.items():
        found[each] = its
        if [each] == before:
            found[name] = own
    return found if name in found else {**found, name: own}


def _swapped(order: list[Any], at: int, to: int) -> list[Any]:
    made = list(order)
    made[at], made[to] = made[to], made[at]
    return made


def _section(parts: list[dict[str, Any]], section: str) -> dict[str, Any]:
    found = next((part for part in parts if part["id"] == section), None)
    if found is None:
        raise NotFound(said("表单中没有这一节"))
    return found
