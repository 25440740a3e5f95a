"""Which article asks for a step, or why the bureau has it without one: edits of clauses.toml, everything else kept."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from config import clauses as clause_files
from config.clauses import Carrier, Clauses
from config.errors import JiqunError
from config.sentences import said
from engine import xml
from engine.bundle import Files
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.workshop import toml_edits

FILE = "clauses.toml"
MAX_REASON = 300  # characters


@dataclass(frozen=True)
class Step:
    """A user task of the draft's diagrams, with what it stands on; a step that is gone from them has no name."""

    id: str  # intake.acceptance
    name: str
    diagram: str
    clauses: tuple[str, ...]
    internal: str | None

    @property
    def stands(self) -> bool:
        """Whether it is said why the step is there."""
        return bool(self.clauses) or self.internal is not None


@dataclass(frozen=True)
class Article:
    """A duty of the text, by its number in the file."""

    number: int
    clause: str
    gist: str
    actor: str
    carries: bool  # the step that is looked at
    outside: str | None


def steps(files: Files) -> list[Step]:
    """Every user task in the order of the diagrams, then the steps that clauses.toml names and no diagram has.

    Raises RegimeInvalid where clauses.toml cannot be read.
    """
    clauses = clause_files.load(files[FILE])
    found: list[Step] = []
    nodes: set[str] = set()
    for name in sorted(each for each in files if each.endswith(".bpmn")):
        try:
            root = xml.read(name, files[name])
        except JiqunError:
            return found  # nothing is told to be gone while a diagram cannot be read
        nodes |= {f"{name.removesuffix('.bpmn')}.{node.get('id')}" for node in filter(xml.is_flow_node, root.iter())}
        found += list(_steps(root, clauses))
    named = [carrier.id for duty in clauses.duties for carrier in duty.carriers if carrier.kind == "element"]
    gone = [element for element in dict.fromkeys([*named, *clauses.internal]) if element not in nodes]
    return found + [_step(element, "", "", clauses) for element in gone]


def articles(content: bytes, element: str) -> list[Article]:
    """The duties of the text to choose from, in its order."""
    clauses = clause_files.load(content)
    return [
        Article(number, duty.clause, duty.gist, duty.actor, Carrier("element", element) in duty.carriers, duty.outside)
        for number, duty in enumerate(clauses.duties)
    ]


def carried(content: bytes, element: str, numbers: Collection[int]) -> bytes:
    """The file in which these duties, and no others, are carried by the step. Raises FormInvalid."""
    duties = articles(content, element)
    wanted = set(numbers)
    if not wanted or not wanted <= {duty.number for duty in duties}:
        raise FormInvalid([Problem("articles", "required", said("请至少选一条条款；没有条款的，请写为内部环节的理由"))])
    for duty in duties:
        if duty.number in wanted and duty.outside:
            why = said(
                "%(clause)s（%(gist)s）已写明在系统之外办理，不能同时由环节承载；请另选一条",
                clause=duty.clause,
                gist=duty.gist,
            )
            raise FormInvalid([Problem("articles", "outside", why)])
    if wanted == {duty.number for duty in duties if duty.carries} and not _is_internal(content, element):
        return content
    read = toml_edits.document(content)
    _without_reason(read, element)
    for duty in duties:
        if duty.carries and duty.number not in wanted:
            _taken_away(read["clause"][duty.number], element)
        elif duty.number in wanted and not duty.carries:
            _given(read["clause"][duty.number], element)
    return _written(read)


def made_internal(content: bytes, element: str, reason: str) -> bytes:
    """The file in which no clause asks for the step, and why the bureau has it. Raises FormInvalid."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MAX_REASON:
        why = said("请写明本局为何设这一环节，不超过 %(most)s 字", most=MAX_REASON)
        raise FormInvalid([Problem("reason", "required", why)])
    clauses = clause_files.load(content)
    carries = [duty.number for duty in articles(content, element) if duty.carries]
    if clauses.internal_reason(element) == reason and not carries:
        return content
    read = toml_edits.document(content)
    for number in carries:
        _taken_away(read["clause"][number], element)
    for table in read.get("internal", ()):
        if table["element"] == element:
            table["reason"] = reason
            return _written(read)
    lines = f"\n[[internal]]\nelement = {toml_edits.text(element)}\nreason = {toml_edits.text(reason)}\n"
    made = _written(read).rstrip(b"\n") + b"\n" + lines.encode()
    clause_files.load(made)
    return made


def forgotten(content: bytes, element: str) -> bytes:
    """The file without a step that no diagram has any more."""
    read = toml_edits.document(content)
    _without_reason(read, element)
    for duty in articles(content, element):
        if duty.carries:
            _taken_away(read["clause"][duty.number], element)
    return _written(read)


def _steps(root: Any, clauses: Clauses) -> Iterator[Step]:
    for process in root.findall(xml.tag("process")):
        for task in process.iter(xml.tag("userTask")):
            element = f"{process.get('id')}.{task.get('id')}"
            yield _step(element, task.get("name") or task.get("id"), process.get("name") or "", clauses)


def _step(element: str, name: str, diagram: str, clauses: Clauses) -> Step:
    found = clauses.all_of(Carrier("element", element))
    return Step(element, name, diagram, found, clauses.internal_reason(element))


def _is_internal(content: bytes, element: str) -> bool:
    return clause_files.load(content).internal_reason(element) is not None


def _without_reason(read: Any, element: str) -> None:
    reasons = read.get("internal", [])
    for number, table in enumerate(reasons):
        if table["element"] == element:
            del reasons[number]
            if not len(reasons):
                del read["internal"]
            return


def _taken_away(duty: Any, element: str) -> None:
    carriers = duty["carriers"]
    for number, carrier in enumerate(carriers):
        if (carrier["kind"], carrier["id"]) == ("element", element):
            del carriers[number]
            break
    if not len(carriers):
        del duty["carriers"]


def _given(duty: Any, element: str) -> None:
    carrier = toml_edits.item({"kind": "element", "id": element})
    if "carriers" in duty:
        duty["carriers"].append(carrier)
    else:
        toml_edits.last(duty, "carriers", toml_edits.list_of([{"kind": "element", "id": element}]))


def _written(read: Any) -> bytes:
    made = toml_edits.written(read)
    clause_files.load(made)
    return made
