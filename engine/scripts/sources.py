"""The scripts in a bundle's diagrams: where each stands, its text, and which are new or changed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from engine import xml
from engine.bundle import Files

TASK, BEFORE, AFTER = "task", "before", "after"
EXTENSIONS: Final = {"preScript": BEFORE, "postScript": AFTER}


@dataclass(frozen=True)
class Script:
    """A script as it stands in a diagram."""

    file: str
    element: str
    name: str  # of the element, for people
    when: str  # TASK: a script task's; BEFORE, AFTER: of another step
    text: str
    line: int  # of the file, on which the text begins

    @property
    def digest(self) -> str:
        return digest(self.text)


@dataclass(frozen=True)
class Change:
    """A script that is new or not what it was; `before` is the text it had, None for a new one."""

    script: Script
    before: str | None


def digest(text: str) -> str:
    """What a script is known by wherever it stands."""
    return hashlib.sha256(text.encode()).hexdigest()


def listed(files: Files) -> list[Script]:
    """Every script of a bundle, by file and line. Raises XmlRefused."""
    return [
        script
        for name, content in sorted(files.items())
        if name.endswith(".bpmn")
        for script in within(name, xml.read(name, content))
    ]


def within(file: str, root: etree._Element) -> Iterator[Script]:
    """The scripts of one diagram, in its order."""
    for node in root.iter(xml.tag("script"), *(f"{{{xml.SPIFF}}}{kind}" for kind in EXTENSIONS)):
        holder = _holder(node)
        if holder is not None:
            when = EXTENSIONS.get(xml.local(node), TASK)
            name, text = holder.get("name", ""), node.text or ""
            yield Script(file, holder.get("id", ""), name, when, text, xml.line(node) or 1)


def changed(files: Files, before: Files | None) -> list[Change]:
    """The scripts that `before` does not have at the same place with the same text; all, where there is none."""
    there = {(each.file, each.element, each.when): each.text for each in listed(before or {})}
    found = [Change(each, there.get((each.file, each.element, each.when))) for each in listed(files)]
    return [change for change in found if change.before != change.script.text]


def _holder(node: etree._Element) -> etree._Element | None:
    """The step whose script this is."""
    parent = node.getparent()
    if xml.local(node) == "script" and parent is not None:
        return parent if parent.tag == xml.tag("scriptTask") else None
    return None if parent is None else parent.getparent()
