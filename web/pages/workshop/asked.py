"""What a form's editor is asked: which part of the form the page is about, and which edit a post wants."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import request

from engine.errors import FormInvalid, NotFound
from engine.forms import Problem
from engine.forms.kinds import NARROWING
from engine.workshop import form_edits, form_questions, form_readers, rule_questions
from engine.workshop.form_edits import Document
from engine.workshop.form_questions import Field, Option
from web.wording import _

Files = Mapping[str, bytes]

_FORM = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_WORDS = ("title", "hint", "english_title", "english_hint")
_BOUNDS = (("most_length", "maxLength"), ("minimum", "minimum"), ("maximum", "maximum"))
MORE_OPTIONS = 3  # empty lines below the options there are


@dataclass(frozen=True)
class Edit:
    """One edit: what it makes of the form, and what the next page is about."""

    work: Callable[[Files, str], bytes]
    then: Mapping[str, str] = field(default_factory=dict)


def new_form(files: Files, name: str, title: str) -> bytes:
    """A new form. Raises FormInvalid."""
    if not _FORM.fullmatch(name):
        why = _("编号应以小写字母开头，只含小写字母、数字和下划线，不超过 64 个字符")
        raise FormInvalid([Problem("name", "name", why)])
    if f"forms/{name}.json" in files:
        raise FormInvalid([Problem("name", "same", _("已有编号为 %(name)s 的表单，请换一个", name=name))])
    return form_edits.created(title)


def questions(kind: str, *, column: bool) -> set[str]:
    """Which questions a field of this kind is asked."""
    shape, _, inner = kind.rpartition(":")
    narrowing = NARROWING.get(inner, frozenset())
    found = {*_WORDS, "kind", "required", "width"} | {name for name, key in _BOUNDS if key in narrowing}
    if inner == "choice":
        found.add("options")
    if shape == "list" or kind == form_questions.TABLE:
        found.add("most_items")
    if kind == "yes_no":
        found.add("must_agree")
    return found if column else found | {"show"}


def view(document: Document, *, typed: bool) -> dict[str, Any]:
    """What the page is about: a field, a section, the rules, a new field, or the form's own words."""
    given = request.values
    path, section = given.get("field", ""), given.get("section", "")
    what = given.get("about") or ("field" if path else "section" if section else "form")
    own: dict[str, Any] = {"what_of": what, "field": path, "section": section, "given": request.form if typed else {}}
    if what == "field":
        before = form_edits.field(document, path)
        answered = _typed(before, path) if typed and given.get("deed") == "save" else before
        own |= {
            "answered": answered,
            "questions": questions(before.kind, column="." in path),
            "may_be": form_questions.kinds_for(before.kind),
            "options": [*answered.options, *[Option("", "")] * MORE_OPTIONS],
            "controllers": _controllers(document, path),
        }
    elif what == "new":
        table = given.get("table", "")
        kinds = form_questions.CELLS if table else tuple(form_questions.TITLES)
        own |= {"table": table, "new_kinds": kinds, "free": form_edits.free_name(document, table)}
    elif what == "rules":
        own |= {"all_rules": rule_questions.RULES, "rule": given.get("rule", ""), "parts_of": _parts(document)}
    else:
        holder = document if what == "form" else _section(document, section)
        told = form_edits.told(holder)
        own["answered"] = replace(told, **{name: given.get(name, getattr(told, name)) for name in _WORDS})
    return own


def edit() -> Edit:
    """The edit that was posted; one that there is not is refused when it is tried."""
    deed, path, section = (request.form.get(each, "") for each in ("deed", "field", "section"))
    at, part = {"field": path}, _in(section)
    edits: dict[str, Callable[[], Edit]] = {
        "save": lambda: Edit(lambda files, form: _saved(files, form, path), {"field": path}),
        "remove": lambda: Edit(lambda files, form: _removed(files, form, path), _above(path)),
        "up": lambda: _moved(path, form_edits.UP),
        "down": lambda: _moved(path, form_edits.DOWN),
        "into": lambda: Edit(lambda files, form: form_edits.put_into(_own(files, form), path, section), at),
        "add": _added,
        "words": lambda: Edit(lambda files, form: form_edits.about(_own(files, form), section or None, _words()), part),
        "section_add": lambda: Edit(lambda files, form: form_edits.section_added(_own(files, form), _words()["title"])),
        "section_remove": lambda: Edit(lambda files, form: form_edits.section_removed(_own(files, form), section)),
        "section_up": lambda: _section_moved(section, form_edits.UP),
        "section_down": lambda: _section_moved(section, form_edits.DOWN),
        "rule_add": lambda: Edit(_rule_added, {"about": "rules"}),
        "rule_remove": lambda: Edit(_rule_removed, {"about": "rules"}),
    }
    return edits.get(deed, _no_such)()


def _no_such() -> Edit:
    def refuse(_files: Files, _form: str) -> bytes:
        raise FormInvalid([Problem("", "deed", _("没有这种修改"))])

    return Edit(refuse)


def _own(files: Files, form: str) -> bytes:
    content = files.get(f"forms/{form}.json")
    if content is None:
        raise NotFound(_("草案中没有这份表单"))
    return content


def _saved(files: Files, form: str, path: str) -> bytes:
    content = _own(files, form)
    before = form_edits.field(form_edits.read(content), path)
    wanted = _typed(before, path)
    left = {option.value for option in wanted.options}
    for option in before.options:
        if option.value not in left:
            form_readers.refuse(form_readers.of_option(files, form, path, option.value), option.label, "options")
    return form_edits.saved(content, path, wanted)


def _removed(files: Files, form: str, path: str) -> bytes:
    content = _own(files, form)
    title = form_edits.field(form_edits.read(content), path).title
    form_readers.refuse(form_readers.readers(files, form, path), title, "")
    return form_edits.removed(content, path)


def _moved(path: str, way: str) -> Edit:
    return Edit(lambda files, form: form_edits.moved(_own(files, form), path, way), {"field": path})


def _section_moved(section: str, way: str) -> Edit:
    return Edit(lambda files, form: form_edits.section_moved(_own(files, form), section, way), _in(section))


def _added() -> Edit:
    given = request.form
    table, section, kind = given.get("table", ""), given.get("section", ""), given.get("kind", "line")
    name = given.get("name", "").strip() or given.get("free", "")
    path = f"{table}.{name}" if table else name
    options = (Option("option_1", _first(1)), Option("option_2", _first(2))) if kind.endswith("choice") else ()
    wanted = Field(_words()["title"], kind, required="required" in given, options=options)

    def work(files: Files, form: str) -> bytes:
        if kind not in form_questions.TITLES or (table and kind not in form_questions.CELLS):
            raise FormInvalid([Problem("kind", "choice", _("请从列表中选择一种类型"))])
        if not wanted.title:
            raise FormInvalid([Problem("title", "required", _("请写栏目的名称"))])
        return form_edits.added(_own(files, form), path, wanted, section=section)

    return Edit(work, {"field": path})


def _first(number: int) -> str:
    return str(_("选项%(number)s", number=number))


def _rule_added(files: Files, form: str) -> bytes:
    content = _own(files, form)
    given = {name: request.form.getlist(name) for name in request.form}
    rule = rule_questions.made(request.form.get("rule", ""), given, form_edits.read(content))
    return form_edits.rule_added(content, rule)


def _rule_removed(files: Files, form: str) -> bytes:
    return form_edits.rule_removed(_own(files, form), request.form.get("number", -1, type=int))


def _typed(before: Field, path: str) -> Field:
    """The answers that were posted; what the page does not ask stays."""
    given, asked = request.form, questions(before.kind, column="." in path)
    answers: dict[str, Any] = dict(_words())
    answers |= {name: given.get(name, "").strip() for name, _key in _BOUNDS if name in asked}
    answers |= {name: given.get(name, "") for name in ("kind", "width") if name in given}
    answers["required"] = "required" in given
    if "most_items" in asked:
        answers["most_items"] = given.get("most_items", "").strip()
    if "must_agree" in asked:
        answers["must_agree"] = "must_agree" in given
    if "options" in asked:
        answers["options"] = tuple(_options(before))
    if "show" in asked:
        field_, values = given.get("show_field", ""), given.getlist("show_values")
        own = tuple(value.partition("=")[2] for value in values if value.partition("=")[0] == field_)
        answers |= {"show_field": field_, "show_values": own if field_ else ()}
    return replace(before, **answers)


def _words() -> dict[str, str]:
    """The words that were posted, on one line each, a hint on several."""
    return {
        name: request.form[name].replace("\r\n", "\n").strip()
        if "hint" in name
        else " ".join(request.form[name].split())
        for name in _WORDS
        if name in request.form
    }


def _options(before: Field) -> list[Option]:
    """The lines of the options: an empty one is none, a new one gets a value that diagrams may name."""
    taken = {option.value for option in before.options}
    found = []
    for number in range(len(before.options) + 50):
        label = " ".join(request.form.get(f"option-{number}-label", "").split())
        value = request.form.get(f"option-{number}-value", "").strip()
        if not label:
            continue
        if not value:
            value = next(each for at in range(1, 1000) if (each := f"option_{at}") not in taken)
        taken.add(value)
        found.append(Option(value, label, " ".join(request.form.get(f"option-{number}-english", "").split())))
    return found


def _controllers(document: Document, path: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The earlier fields that may decide whether this one is asked: name, title, (value, label)."""
    found = []
    for name in document["properties"]:
        if name == path:
            break
        own = form_edits.field(document, name)
        if own.kind == "choice":
            found.append((name, own.title, [(option.value, option.label) for option in own.options]))
        elif own.kind == "yes_no":
            found.append((name, own.title, [("true", str(_("是"))), ("false", str(_("否")))]))
    return found


def _parts(document: Document) -> dict[str, list[tuple[str, str]]]:
    """For each part of a rule the fields that fit."""
    kind = request.values.get("rule", "")
    parts = rule_questions.RULES[kind][1] if kind in rule_questions.RULES else ()
    return {part: rule_questions.fitting(document, shapes) for part, _title, shapes in parts}


def _section(document: Document, section: str) -> Mapping[str, Any]:
    found = next((part for part in form_edits.sections(document) if part["id"] == section), None)
    if found is None:
        raise NotFound(_("表单中没有这一节"))
    return found


def _above(path: str) -> dict[str, str]:
    table, _, column = path.partition(".")
    return {"field": table} if column else {}


def _in(section: str) -> dict[str, str]:
    return {"section": section} if section else {}
