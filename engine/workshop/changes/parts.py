"""What all differences share: a change, the two sides, and how facts of one thing are held against each other."""

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from lxml import etree

from config.errors import JiqunError
from config.sentences import Said, said
from engine import conventions, xml
from engine.bundle import Files

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

PLACES: Final = {
    "applicant": said("申报主体"),
    "county": said("县级主管部门"),
    "bureau": said("认定机关"),
    "office": said("所在的一级"),
    "above": said("上一级"),
}


@dataclass(frozen=True)
class Change:
    """One thing that is not what it was. Without `what` the whole thing came or went."""

    file: str
    kind: str  # file, element, flow, drawing, field, form, row, column, table, letter, number, clause, example
    element: str  # its id in the file; "" for the file itself
    label: str  # as people call it: 环节“复核”
    deed: str = CHANGED  # added, removed, changed
    what: str = ""  # the property: 时限
    before: str | None = None  # as people read it; None: there was none
    after: str | None = None
    clause: str = ""
    of: str = ""  # what people call the file
    carrier: str = ""  # as the clause file names it, and its kind there
    carries: str = "element"


class Known(str):
    """What a file says, an id as a rule, and what people call that: two of them are the same if the files say so."""

    spoken: str

    def __new__(cls, value: str, spoken: str) -> "Known":
        made = super().__new__(cls, value)
        made.spoken = spoken
        return made


@dataclass(frozen=True)
class Side:
    """The files of one side, each read when first asked for; what cannot be read is nothing."""

    files: Files
    read: dict[str, Any] = field(default_factory=dict)

    def tree(self, name: str) -> etree._Element:
        """A diagram or table. Raises XmlRefused."""
        if name not in self.read:
            self.read[name] = xml.admitted(name, self.files[name])
        found: etree._Element = self.read[name]
        return found

    def json(self, name: str) -> dict[str, Any]:
        """A form. Raises ValueError."""
        if name not in self.read:
            self.read[name] = json.loads(self.files[name])
        found: dict[str, Any] = self.read[name]
        return found

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """The regime's file; empty where it cannot be read."""
        try:
            return tomllib.loads(self.files.get("regime.toml", b"").decode())
        except ValueError:
            return {}

    def called(self, name: str) -> Said | str:
        """What people call a file."""
        stem = name.rpartition("/")[2].partition(".")[0]
        if name.endswith(".bpmn"):
            return said("流程图“%(name)s”", name=self.process(stem))
        if name.endswith(".dmn"):
            return said("决策表“%(name)s”", name=self._drawn(name) or stem)
        if name.startswith("forms/"):
            return said("表单“%(name)s”", name=self.form(stem))
        if name.startswith("letters/"):
            return said("通知“%(name)s”", name=self.letter(stem))
        known = {"regime.toml": said("规则体系的数字"), "clauses.toml": said("条款对照")}
        return known.get(name) or (said("示例“%(name)s”", name=stem) if name.startswith("examples/") else name)

    def process(self, process: str) -> str:
        """What a diagram calls its process."""
        return self._drawn(f"{process}.bpmn") or process

    def form(self, form: str) -> str:
        """What a form is called; its id where it has no title or is none."""
        try:
            return str(self.json(f"forms/{form}.json").get("title") or form)
        except (ValueError, KeyError, AttributeError):
            return form

    def letter(self, letter: str) -> str:
        """A letter by its subject."""
        content = self.files.get(f"letters/{letter}.txt", b"").decode("utf-8", "replace")
        return content.partition("\n")[0].strip() or letter

    def limit(self, limit: str) -> Said | str:
        """A time limit with its working days."""
        found = self.numbers.get("limits", {})
        days = found.get(limit, {}).get("working_days") if isinstance(found, dict) else None
        return limit if days is None else said("%(limit)s（%(days)s 个工作日）", limit=limit, days=days)

    def _drawn(self, name: str) -> str:
        """The name of the process, or decision, of a file."""
        try:
            root = self.tree(name)
        except (JiqunError, KeyError):
            return ""
        kinds = {"process", "decision"}
        return next((each.get("name", "") for each in root if xml.local(each) in kinds and each.get("name")), "")


def roles(value: str) -> str:
    """The titles of roles that a property names, one after the other."""
    return "、".join(conventions.ROLES.get(role.strip(), role.strip()) for role in value.split(",") if role.strip())


def of_thing(
    like: Change, was: Mapping[str, str] | None, now: Mapping[str, str] | None, word: Callable[[str], str] = str
) -> Iterator[Change]:
    """The thing came or went as a whole; else a change for every fact of it that is not the same.

    `like` says which thing it is. Facts come in the order of what is, then of what was; `word` says what one is called.
    """
    if was is None or now is None:
        yield replace(like, deed=ADDED if was is None else REMOVED)
        return
    for key in united(was, now):
        if was.get(key) != now.get(key):
            yield replace(like, what=word(key), before=_shown(was.get(key)), after=_shown(now.get(key)))


def united(was: Iterable[str], now: Iterable[str]) -> list[str]:
    """All names, in the order of what is; those that went come last."""
    return list(dict.fromkeys([*now, *was]))


def flat(value: Any, path: str = "") -> dict[str, str]:
    """The leaves of what JSON or TOML holds, by path: {"a": {"b": [1]}} is {"a.b": "1"}. Plain lists are one leaf."""
    if isinstance(value, dict):
        found = {} if value else {path: "{}"}
        for key, inner in value.items():
            found |= flat(inner, f"{path}.{key}" if path else str(key))
        return found
    if isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        found = {}
        for number, inner in enumerate(value, 1):
            found |= flat(inner, f"{path}[{number}]")
        return found
    return {path: spoken(value)}


def _shown(value: str | None) -> str | None:
    return value.spoken if isinstance(value, Known) else value


def spoken(value: Any) -> str:
    """A plain value as people read it."""
    if isinstance(value, bool):
        return said("是") if value else said("否")
    if isinstance(value, list):
        return "、".join(spoken(each) for each in value)
    return "" if value is None else str(value)
