"""What a file can refer to: its bundle's forms, letters, tables, processes and numbers, and the names of a case."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from lxml import etree

from config import clauses as clause_files
from config import regime as regime_files
from config.chain import LEVELS
from config.clauses import Clauses
from config.errors import JiqunError
from config.regime import Regime
from engine import calendar, conventions, forms, scripts, vocabulary, xml
from engine.bundle import Files
from engine.scripts import sources

Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Surroundings:
    """A bundle, read as far as it can be. What cannot be read is None here; its own check says why."""

    diagrams: Mapping[str, etree._Element]  # by file name
    tables: Mapping[str, etree._Element]
    forms: Mapping[str, forms.Form | None]  # by id
    letters: frozenset[str]
    regime: Regime | None
    clauses: Clauses | None

    @cached_property
    def words(self) -> Mapping[str, Callable[..., Any]]:
        """The vocabulary; without a regime each word answers with a moment, which is what most of them do."""
        if self.regime is None:
            return dict.fromkeys(vocabulary.WORDS, lambda *_given: "2026-03-02T23:59:59+08:00")
        return dict(vocabulary.words(self.regime, calendar.shipped()))

    @cached_property
    def processes(self) -> dict[str, str]:
        """Process id → file."""
        found = ((process.get("id", ""), name) for name, root in self.diagrams.items() for process in _processes(root))
        return dict(found)

    @cached_property
    def decisions(self) -> dict[str, set[str]]:
        """Decision id → the names of its outputs."""
        found = {}
        for root in self.tables.values():
            for decision in root.iter(f"{{{xml.namespace(root)}}}decision"):
                outputs = decision.iter(f"{{{xml.namespace(root)}}}output")
                found[decision.get("id", "")] = {output.get("name", "") for output in outputs}
        return found

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The levels of the chain; without a regime every one there may be."""
        return LEVELS if self.regime is None else self.regime.levels

    def process(self, name: str) -> list[etree._Element]:
        """The process of this id, if there is one."""
        root = self.diagrams.get(self.processes.get(name, ""))
        return [] if root is None else [each for each in _processes(root) if each.get("id") == name]

    def called_by(self, process: str) -> set[str]:
        """The processes that a process calls, and those they call."""
        found: set[str] = set()
        queue = [process]
        while queue:
            for caller in self.process(queue.pop()):
                called = {call.get("calledElement", "") for call in caller.iter(xml.tag("callActivity"))}
                queue += (called & self.processes.keys()) - found
                found |= called & self.processes.keys()
        return found

    def names(self, process: str) -> set[str]:
        """The names that may stand in the data when an expression of this process is answered.

        A call activity hands all data over and takes all back: callers, called, and what else the callers call
        lend each other their names.
        """
        return set(conventions.GIVEN_NAMES).union(
            *(self._own_names[each] for each in self._related(process) if each in self.processes)
        )

    def user_tasks(self, process: str) -> set[str]:
        """The ids of the user tasks that a case may have in which this process runs."""
        roots = [self.diagrams[self.processes[each]] for each in self._related(process) if each in self.processes]
        return {task.get("id", "") for root in roots for task in root.iter(xml.tag("userTask"))}

    def asks_office(self, process: str) -> bool:
        """Whether something in this process is done by, or told to, the office that its call names."""
        for root in self.process(process):
            at = (properties(task).get("at") for task in root.iter(xml.tag("userTask")))
            told = (row for row in root.iter(f"{{{xml.SPIFF}}}parameter") if row.get("id") == "to")
            if {conventions.OFFICE, conventions.ABOVE} & {*at, *(row.get("value", "").strip("'") for row in told)}:
                return True
        return False

    def _related(self, process: str) -> set[str]:
        """The process, those that call it, and what all of these call."""
        above = {process} | {other for other in self.processes if process in self.called_by(other)}
        return above.union(*(self.called_by(each) for each in above))

    def given_by(self, process: str) -> set[str]:
        """The names that this process, or what it calls, puts into the data."""
        return set().union(*(self._own_names.get(each, set()) for each in {process} | self.called_by(process)))

    @cached_property
    def _own_names(self) -> dict[str, set[str]]:
        return {process: set(self._set_in(self.diagrams[name])) for process, name in self.processes.items()}

    def _set_in(self, root: etree._Element) -> Iterator[str]:
        """Every name that something in this diagram puts into the data."""
        for task in root.iter(xml.tag("userTask")):
            yield from listed(properties(task).get("variables", ""))
            yield from conventions.ACTS.get(properties(task).get("does", ""), ())
        for variable in root.iter(f"{{{xml.SPIFF}}}messageVariable"):
            yield (variable.text or "").strip()
        for decision in root.iter(f"{{{xml.SPIFF}}}calledDecisionId"):
            yield from self.decisions.get(decision.text or "", ())
        for operator in root.iter(f"{{{xml.SPIFF}}}serviceTaskOperator"):
            yield operator.get("resultVariable", "")
        for script in sources.within("", root):
            if not scripts.problems(script.text):
                yield from scripts.read(script.text).writes
        for item in root.iter(xml.tag("inputDataItem"), xml.tag("outputDataItem")):
            yield item.get("id", "")
        for results in root.iter(xml.tag("loopDataOutputRef")):
            yield results.text or ""


def read(files: Files) -> Surroundings:
    """The surroundings that a bundle's files make for each other."""
    return Surroundings(
        dict(_roots(files, ".bpmn")),
        dict(_roots(files, ".dmn")),
        {stem(name): _or_none(forms.parse, files[name]) for name in files if name.startswith("forms/")},
        frozenset(stem(name) for name in files if name.startswith("letters/")),
        _or_none(regime_files.load, files.get("regime.toml")),
        _or_none(clause_files.load, files.get("clauses.toml")),
    )


def properties(element: etree._Element) -> dict[str, str]:
    """Our own facts about an element."""
    path = f"{xml.tag('extensionElements')}/{{{xml.SPIFF}}}properties/{{{xml.SPIFF}}}property"
    return {item.get("name", ""): item.get("value", "") for item in element.findall(path)}


def listed(text: str) -> list[str]:
    """The parts of a comma-separated property."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _processes(root: etree._Element) -> list[etree._Element]:
    return root.findall(xml.tag("process"))


def _roots(files: Files, ending: str) -> Iterator[tuple[str, etree._Element]]:
    for name, content in files.items():
        if name.endswith(ending) and (root := _or_none(lambda each: xml.read(*each), (name, content))) is not None:
            yield name, root


def _or_none(read: Callable[[Given], Found], content: Given | None) -> Found | None:
    try:
        return None if content is None else read(content)
    except JiqunError:
        return None


def stem(name: str) -> str:
    """The id of a form or a letter, from the name of its file."""
    return name.rpartition("/")[2].rpartition(".")[0]
