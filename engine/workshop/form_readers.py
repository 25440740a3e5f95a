"""Who reads a field of a form: steps, conditions, tables, other forms, clauses, the precheck and the program itself."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from lxml import etree

from config import clauses as clause_files
from config.clauses import Carrier
from config.errors import JiqunError
from config.sentences import Said, said
from engine import bundle, criteria, xml
from engine.bundle import Files
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.lint.surroundings import listed, properties, stem
from engine.workshop import form_edits

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAME = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)

# Answers that the program looks for by their name, in the forms that ship.
BY_PROGRAM: Final = frozenset({
    "added", "addressees", "answer", "application_year", "area_km2", "attachments", "blocked", "body", "cases",
    "chair_rule", "champions_and_giants", "changed_on", "closes_at", "cluster_name", "co2_intensity", "comments",
    "complete", "conclusion", "contact", "contact_office", "copies", "decision", "disagreements", "discs",
    "document_number", "documents", "earlier_cluster", "ends_at", "experience", "expert_decision", "facts",
    "fields", "files", "findings", "grounds", "higher_level_recognition", "higher_level_reference",
    "incident_note", "industry_permitted", "inspected_on", "inspectors", "introduction", "leader",
    "leading_industry", "major_change", "major_change_note", "measures", "new_leading_industry", "niche",
    "niche_override_reason", "no_major_incidents", "no_violations", "note", "objections", "opens_at",
    "operating_body", "opinion", "output_growth", "patents_per_10k", "photos", "place", "plan", "plan_execution",
    "problems", "proposal", "publicity_number", "question", "rank", "rd_growth", "reason", "reasons",
    "rectify_by", "rectify_what", "remarks", "report_year", "result", "round_id", "sealed", "signed_by",
    "signed_on", "site_decision", "size", "stance", "starts_at", "statement", "target_progress", "title",
    "truth_statement", "what", "without_unfinished", "year",
})  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """What would miss the field, and in which file."""

    file: str
    element: str
    words: Said


def readers(files: Files, form: str, path: str) -> list[Reader]:
    """Everything that reads a field or a column of a form, what matters most first."""
    name, _, column = path.partition(".")
    own = f"forms/{form}.json"
    document = form_edits.read(files[own])
    found = [Reader(own, path, words) for words in form_edits.readers_within(document, path)]
    if not column:
        found += _in_diagrams(files, form, name)
        found += _in_other_forms(files, form, name)
        found += _by_clauses(files, form, name)
        found += _by_precheck(files, document, name, own)
    if name in BY_PROGRAM and form in _shipped() and path in _shipped()[form]:
        found.append(Reader(own, path, said("程序按编号 %(name)s 读取这一栏", name=path)))
    elif "x-score" in document["properties"].get(name, {}):
        found.append(Reader(own, path, said("评分按权重计入总分")))
    return found


def of_option(files: Files, form: str, path: str, value: str) -> list[Reader]:
    """What asks whether a field has this value: conditions of diagrams, of other fields and rules."""
    own = f"forms/{form}.json"
    document = form_edits.read(files[own])
    found = [
        Reader(own, other, said("栏目“%(title)s”的显示条件", title=schema.get("title", other)))
        for other, schema in document["properties"].items()
        if schema.get("x-show-when", {}).get("field") == path and value in schema["x-show-when"].get("in", ())
    ]
    for number, rule in enumerate(document.get("x-rules", ()), 1):
        for test in (rule.get("when", {}), rule.get("then", {})):
            fields = (test.get("field"), *test.get("fields", ()))
            if path in fields and value in (*test.get("in", ()), *test.get("not_in", ())):
                found.append(Reader(own, path, said("第 %(number)s 条规则", number=number)))
    if any(_routes(task, path) for _file, task in _steps(files, form)):
        near = _near(files, form, path)
        asked = (each for each in _expressions(files) if each[0] in near)
        found += [_condition(*each) for each in asked if path in _names(each[2]) and _says(each[2], value)]
    if path in BY_PROGRAM and form in _shipped() and value in _shipped()[form].get(path, ()):
        found.append(Reader(own, path, said("程序按这个选项办理")))
    return found


def refuse(found: list[Reader], what: str, field: str) -> None:
    """Raises FormInvalid, naming the first readers and the way out."""
    if not found:
        return
    names = "；".join(f"{reader.file}：{reader.words}" for reader in found[:5])
    why = said(
        "不能删去“%(what)s”，它还被读取（%(count)s 处）：%(names)s。请先在这些地方改掉，再删",
        what=what,
        count=len(found),
        names=names,
    )
    raise FormInvalid([Problem(field, "read", why)])


def _in_diagrams(files: Files, form: str, name: str) -> Iterator[Reader]:
    routed = False
    for file, task in _steps(files, form):
        given, called = properties(task), task.get("name") or task.get("id")
        for key in ("variables", "tells"):
            if name in listed(given.get(key, "")):
                routed = routed or key == "variables"
                what = said("环节“%(step)s”把它交给流程", step=called) if key == "variables" else None
                what = what or said("环节“%(step)s”把它告诉下一环节", step=called)
                yield Reader(file, str(task.get("id")), what)
    if routed:
        near = _near(files, form, name)
        yield from (_condition(*each) for each in _expressions(files) if each[0] in near and name in _names(each[2]))


def _in_other_forms(files: Files, form: str, name: str) -> Iterator[Reader]:
    for file, content in files.items():
        if not file.startswith("forms/"):
            continue
        for own, schema in _fields(content):
            beside = schema.get("x-ui", {}).get("beside") if isinstance(schema.get("x-ui"), dict) else None
            if isinstance(beside, dict) and beside.get("form") == form and name in beside.get("fields", ()):
                title = schema.get("title", own)
                yield Reader(file, own, said("栏目“%(title)s”旁边显示它的答案", title=title))


def _by_clauses(files: Files, form: str, name: str) -> Iterator[Reader]:
    try:
        clauses = clause_files.load(files.get("clauses.toml", b""))
    except JiqunError:
        return
    for clause in clauses.all_of(Carrier("field", f"{form}.{name}")):
        yield Reader("clauses.toml", clause, said("条款%(clause)s由它承载", clause=clause))


def _by_precheck(files: Files, document: Mapping[str, Any], name: str, own: str) -> Iterator[Reader]:
    words = document["properties"].get(name, {}).get("x-fact", [])
    facts = {word["fact"].partition(".")[0] for word in (words if isinstance(words, list) else [words])}
    try:
        asked = facts & criteria.read_by(files)
    except (JiqunError, KeyError):
        asked = facts
    if asked:
        yield Reader(own, name, said("预审用它核对认定条件（%(facts)s）", facts="、".join(sorted(asked))))


def _steps(files: Files, form: str) -> Iterator[tuple[str, etree._Element]]:
    """The steps and beginnings that have this form."""
    for file, root in _diagrams(files, ".bpmn"):
        for kind in ("userTask", "startEvent"):
            yield from ((file, task) for task in root.iter(xml.tag(kind)) if properties(task).get("form") == form)


def _near(files: Files, form: str, name: str) -> set[str]:
    """The diagrams in which the field's answer may be asked for, and the tables.

    Those with its steps, and those that call them unless a step of their own gives the same name another answer.
    """
    own = {file for file, task in _steps(files, form) if _routes(task, name)}
    called = {stem(file) for file in own}
    found = own | {file for file in files if file.endswith(".dmn")}
    for file, root in _diagrams(files, ".bpmn"):
        calls = {call.get("calledElement") for call in root.iter(xml.tag("callActivity"))}
        if calls & called and not any(_routes(task, name) for task in root.iter(xml.tag("userTask"))):
            found.add(file)
    return found


def _routes(task: etree._Element, name: str) -> bool:
    return name in listed(properties(task).get("variables", ""))


def _expressions(files: Files) -> Iterator[tuple[str, etree._Element, str]]:
    """Where a diagram or a table computes something, with what it says."""
    for file, root in _diagrams(files, ".bpmn"):
        for element in root.iter(etree.Element):
            if xml.local(element) == "conditionExpression" or element.tag == f"{{{xml.SPIFF}}}parameter":
                yield file, element, f"{element.text or ''} {element.get('value', '')}"
    for file, root in _diagrams(files, ".dmn"):
        for element in root.iter(etree.Element):
            if xml.local(element) == "text":
                yield file, element, element.text or ""


def _condition(file: str, element: etree._Element, text: str) -> Reader:
    near = xml.nearest_id(element)
    return Reader(file, near, said("%(element)s 的条件 %(text)s", element=near, text=" ".join(text.split())[:80]))


def _diagrams(files: Files, ending: str) -> Iterator[tuple[str, etree._Element]]:
    for name, content in files.items():
        if name.endswith(ending):
            try:
                yield name, xml.read(name, content)
            except JiqunError:
                continue  # the check says what is wrong with it


def _names(text: str) -> set[str]:
    return set(_NAME.findall(_QUOTED.sub(" ", text)))


def _says(text: str, value: str) -> bool:
    return any(quoted[1:-1] == value for quoted in _QUOTED.findall(text))


def _fields(content: bytes) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        fields = json.loads(content)["properties"]
    except (ValueError, KeyError, TypeError):
        return []
    return [(name, schema) for name, schema in fields.items() if isinstance(schema, dict)]


@cache
def _shipped() -> Mapping[str, Mapping[str, list[str]]]:
    """The forms that ship: their fields and columns, each with its choices. Read once."""
    found = {}
    for path in (bundle.FOLDER / "forms").glob("*.json"):
        fields = _fields(path.read_bytes())
        own = {name: list(schema.get("enum", ())) for name, schema in fields}
        for name, schema in fields:
            columns = schema.get("items", schema).get("properties", {})
            own |= {f"{name}.{column}": list(its.get("enum", ())) for column, its in columns.items()}
        found[stem(path.name)] = own
    return found
