"""The numbers of a regime (数字) as questions, and the file again with what was answered: nothing else moves in it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from config import clauses as clause_files
from config import regime as regime_files
from config.errors import JiqunError, RegimeInvalid
from config.sentences import Said, said
from engine import criteria, particulars, xml
from engine.bundle import Files
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.lint.surroundings import properties
from engine.workshop import number_words, toml_edits, typed
from engine.workshop.number_words import Part
from engine.workshop.toml_edits import Path, Value

FILE = "regime.toml"
CLAUSE, BASIS = "clause", "basis"
STANDS_ON = Part(said("所依条款"), "clause", optional=True, hint=said("条文没有规定、由本局设定的，留空。"))
_NAMED = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
_INNER = ("changes", "over", "one_a_niche")  # tables within tables that have words of their own
_NEW = "limits"  # where a name of one's own may be added


@dataclass(frozen=True)
class Knob:
    """One number, date or choice: what it is called, what stands in the draft, and what is in force if that differs."""

    name: str  # "thresholds.area_km2.value": what it is posted under
    path: Path
    part: Part
    unit: str
    value: str  # as it is typed
    in_force: str | None  # None: the same


@dataclass(frozen=True)
class Entry:
    """A table of the file: a limit, a threshold, a ladder; who uses it, and what it stands on."""

    id: str  # "limits.decision"
    title: str
    used_by: tuple[str, ...]
    knobs: tuple[Knob, ...]

    @property
    def changed(self) -> bool:
        """Whether anything in it is otherwise than in force."""
        return any(knob.in_force is not None for knob in self.knobs)


@dataclass(frozen=True)
class Section:
    """The entries of one kind."""

    id: str
    title: Said
    entries: tuple[Entry, ...]


def sections(files: Files, in_force: Files | None = None) -> list[Section]:
    """Every knob of a regime's file, in its order. Raises RegimeInvalid where the file cannot be read."""
    data = toml_edits.plain(files[FILE])
    before = _knobs_of(in_force[FILE]) if in_force else {}
    users = _users(files)
    found: dict[str, list[Entry]] = {}
    rows = _rows(files) if "criteria" in data else {}
    for section, path, table in _tables(data):
        knobs = tuple(_compared(knob, before, bool(in_force)) for knob in _knobs(section, path, table))
        if section == "criteria":
            knobs = tuple(
                replace(knob, part=replace(knob.part, title=rows.get(str(knob.path[-1]), knob.part.title)))
                for knob in knobs
            )
        title = "" if not path or path == (section,) else _called(section, path, users)
        name = ".".join(map(str, path))
        found.setdefault(section, []).append(Entry(name, title, tuple(users.get(path, ())), knobs))
    return [
        Section(section, number_words.SECTIONS.get(section, Said(section)), tuple(entries))
        for section, entries in found.items()
    ]


def saved(files: Files, given: Mapping[str, str]) -> bytes:
    """The file with these answers, by the names of their knobs; what is not among them stays.

    Raises FormInvalid with a problem for each knob that cannot be so, named, with the reason and the way out.
    """
    content = files[FILE]
    titles = {entry.id: entry.title or str(section.title) for section in sections(files) for entry in section.entries}
    changes: dict[Path, Value | None] = {}
    instead: dict[Path, str] = {}
    problems = []
    for knob in _knobs_of(content).values():
        text = given.get(knob.name, knob.value)
        if text.strip() == knob.value:
            continue
        try:
            changes |= _change(knob, text, instead)
        except typed.Wrong as error:
            problems.append(Problem(knob.name, error.code, _named(knob, titles, error.message)))
    if problems:
        raise FormInvalid(problems)
    made = toml_edits.put(content, changes, instead=instead)
    if made != content:
        _whole(made, changes, titles)
    return made


def checked(files: Files, name: str, text: str) -> str:
    """What is wrong with one knob as it is typed; empty where nothing is."""
    try:
        saved(files, {name: text})
    except FormInvalid as error:
        return str(error.problems[0].message)
    return ""


def limit_added(content: bytes, name: str, working_days: str, clause: str) -> bytes:
    """The file with one more time limit for steps to name. Raises FormInvalid."""
    known = toml_edits.plain(content)
    problems = []
    if not _NAMED.fullmatch(name) or len(name) > 60:
        problems.append(Problem("name", "name", said("名称应为小写英文，词间用下划线，如 second_opinion")))
    elif name in known.get(_NEW, {}) or name in known.get("periods", {}):
        problems.append(Problem("name", "same", said("已有名为 %(name)s 的时限，请换一个名称", name=name)))
    days = 0
    try:
        days = typed.whole(working_days, number_words.WORKING_DAYS, 1, 1000)
    except typed.Wrong as error:
        problems.append(Problem("working_days", error.code, said("时限%(why)s", why=error.message)))
    if problems:
        raise FormInvalid(problems)
    stands: dict[str, str | bool | int] = {CLAUSE: clause.strip()} if clause.strip() else {BASIS: "setting"}
    made = toml_edits.put(content, {(_NEW, name): {"working_days": days, **stands}})
    regime_files.load(made, FILE)
    return made


def _tables(data: Mapping[str, Any]) -> Iterator[tuple[str, Path, Mapping[str, Any]]]:
    """Every table that has knobs, with the section whose words it is asked in."""
    yield "", (), data
    for section, table in data.items():
        if isinstance(table, Mapping) or (isinstance(table, list) and table and isinstance(table[0], Mapping)):
            yield from _within(section, (section,), table)


def _within(section: str, path: Path, table: Any) -> Iterator[tuple[str, Path, Mapping[str, Any]]]:
    if isinstance(table, list):
        for number, each in enumerate(table):
            yield section, (*path, number), each
        return
    inner = {key: each for key, each in table.items() if isinstance(each, Mapping) or _is_array(each)}
    if len(inner) < len(table):
        yield section, path, table
    for key, each in inner.items():
        yield from _within(section, (*path, key), each)


def _is_array(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _knobs_of(content: bytes) -> dict[str, Knob]:
    data = toml_edits.plain(content)
    return {knob.name: knob for section, path, table in _tables(data) for knob in _knobs(section, path, table)}


def _knobs(section: str, path: Path, table: Mapping[str, Any]) -> Iterator[Knob]:
    """What the file says there, and what it might say besides."""
    known = number_words.TOP if not path else number_words.PARTS.get(_words_of(section, path), {})
    if section == "criteria":
        known = {row: Part(Said(row), "text") for row in table}
    for key, part in known.items():
        if key in table or part.optional:
            unit = str(table.get("unit", "")) if section == "thresholds" and key == "value" else part.unit
            yield _knob((*path, key), part, unit, table.get(key))
    if path and section != "criteria" and (CLAUSE in table or BASIS in table or path[-1] == "changes"):
        part = STANDS_ON if _may_be_set(section, path) else replace(STANDS_ON, optional=False, hint="")
        yield _knob((*path, CLAUSE), part, "", table.get(CLAUSE))


def _knob(path: Path, part: Part, unit: str, value: Any) -> Knob:
    if value is None and part.kind == "flag":
        value = False  # what every one that may be left out means
    return Knob(".".join(map(str, path)), path, part, unit, typed.as_text(value), None)


def _words_of(section: str, path: Path) -> str:
    """Which words a table within a table is asked in: an amendment of a date has its own."""
    named = [str(step) for step in path[1:] if step in _INNER]
    return named[-1] if named else section


def _may_be_set(section: str, path: Path) -> bool:
    """Whether the bureau may decide there where the text is silent."""
    always = {"thresholds", "validity", "grounds", "evaluation", "cultivation", "typical_cases"}
    return section not in always and "over" not in path and "changes" not in path


def _compared(knob: Knob, before: Mapping[str, Knob], known: bool) -> Knob:
    old = before[knob.name].value if knob.name in before else ""
    return replace(knob, in_force=old) if known and old != knob.value else knob


def _titled(knob: Knob, rows: Mapping[str, Said]) -> Knob:
    """A row of the criteria under the name that criteria.dmn gives it."""
    title = rows.get(str(knob.path[-1]), knob.part.title)
    return replace(knob, part=replace(knob.part, title=title))


def _change(knob: Knob, text: str, instead: dict[Path, str]) -> dict[Path, Value | None]:
    part, (*table, key) = knob.part, knob.path
    if part.kind == "clause" and part.optional:
        other: Path = (*table, BASIS)
        if text.strip():
            instead[knob.path] = BASIS
            return {knob.path: text.strip(), other: None}
        instead[other] = CLAUSE
        return {other: "setting", knob.path: None}
    if not text.strip():
        if part.optional:
            return {knob.path: None}
        raise typed.Wrong("required", said("不能留空，请填写"))
    value = _read(part, knob.unit, text)
    if key == "value" and str(table[-1]) in criteria.SHARES and not 0 <= float(str(value)) <= 100:
        raise typed.Wrong("number", said("占比应在 0 至 100 之间，现为“%(text)s”", text=text.strip()))
    return {knob.path: value}


def _read(part: Part, unit: str, text: str) -> Value:
    bounds = unit, part.least, part.most
    readers: dict[str, Callable[[], Value]] = {
        "decimal": lambda: typed.decimal(text, unit),
        "whole": lambda: typed.whole(text, *bounds),
        "wholes": lambda: typed.wholes(text, *bounds),
        "words": lambda: [_among(word, part.choices) for word in typed.words(text)],
        "day": lambda: typed.day(text),
        "moment": lambda: typed.moment(text),
        "choice": lambda: _among(text.strip(), part.choices),
        "flag": lambda: _among(text.strip(), part.choices) == "true",
    }
    return readers[part.kind]() if part.kind in readers else " ".join(text.split())


def _among(word: str, choices: Mapping[str, str] | None) -> str:
    if choices is not None and word not in choices:
        raise typed.Wrong("choice", said("没有“%(word)s”这一项；可用的有 %(all)s", word=word, all="、".join(choices)))
    return word


def _named(knob: Knob, titles: Mapping[str, str], why: Said) -> Said:
    of = titles.get(".".join(map(str, knob.path[:-1])), "")
    if not of:
        return said("“%(part)s”%(why)s", part=knob.part.title, why=why)
    return said("“%(of)s”的%(part)s%(why)s", of=of, part=knob.part.title, why=why)


def _whole(made: bytes, changes: Mapping[Path, Value | None], titles: Mapping[str, str]) -> None:
    """What only the whole file shows: a rung to escalate from that is none, a day its month does not have."""
    try:
        regime_files.load(made, FILE)
    except RegimeInvalid as error:
        at = str(error.facts.get("path", "")).removeprefix(f"{FILE}: ")
        names = [".".join(map(str, path)) for path in changes]
        field = next((name for name in names if name == at or at in name or name in at), names[0])
        of = titles.get(field.rpartition(".")[0]) or field
        why = said("“%(of)s”：%(why)s", of=of, why=error.message)
        raise FormInvalid([Problem(field, "regime", why)]) from error


def _called(section: str, path: Path, users: Mapping[Path, list[str]]) -> str:
    """What a named table is called: by its indicator, its duty, or the steps that go by it."""
    last = str(path[-1])
    if isinstance(path[-1], int):
        return str(said("第 %(number)s 项", number=path[-1] + 1))
    if section == "limits":
        return "、".join(dict.fromkeys(each.partition("（")[0] for each in users.get(path, ()))) or last
    words: dict[str, Mapping[str, str]] = {
        "thresholds": number_words.INDICATORS,
        "obligations": number_words.CALLED | particulars.DUTIES,
        "opens": number_words.CALLED | particulars.DUTIES,
        "ladders": number_words.CALLED | particulars.DUTIES,
    }
    own = words.get(section, number_words.CALLED)
    return "·".join(own.get(str(step), str(step)) for step in path[1:])


def _rows(files: Files) -> dict[str, Said]:
    """What criteria.dmn calls its rows."""
    try:
        table = xml.read("criteria.dmn", files["criteria.dmn"])
    except (KeyError, JiqunError):
        return {}
    names = [output.get("name") for output in table.iter() if xml.local(output) == "output"]
    found = {}
    for rule in (each for each in table.iter() if xml.local(each) == "rule"):
        cells = [cell.text or "" for entry in rule if xml.local(entry) == "outputEntry" for cell in entry]
        found[str(rule.get("id"))] = Said(dict(zip(names, cells, strict=False)).get("label", "").strip('"'))
    return found


def _users(files: Files) -> dict[Path, list[str]]:
    """The steps that go by a time limit, by its path: 受理（intake.acceptance）."""
    found: dict[Path, list[str]] = {}
    for name, content in files.items():
        if not name.endswith(".bpmn"):
            continue
        try:
            root = xml.read(name, content)
        except JiqunError:
            continue  # the check says what is wrong with it
        for task in root.iter(xml.tag("userTask")):
            if limit := properties(task).get("limit"):
                process = next((each.get("id") for each in task.iterancestors(xml.tag("process"))), "")
                found.setdefault((_NEW, limit), []).append(f"{task.get('name')}（{process}.{task.get('id')}）")
    return found


def clauses_of(files: Files) -> list[str]:
    """The names of the articles to choose from, each once, in the text's order."""
    try:
        duties = clause_files.load(files.get("clauses.toml", b"")).duties
    except RegimeInvalid:
        return []
    return list(dict.fromkeys(duty.clause for duty in duties))
