"""What changed (改了什么): between any two sets of files, thing by thing and property by property, as people say it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from config import clauses as clause_files
from config.clauses import Clauses
from config.errors import JiqunError
from config.sentences import Said, said
from engine.bundle import Files
from engine.workshop.changes import clauses as clause_changes
from engine.workshop.changes import diagrams, examples, forms, letters, numbers, tables
from engine.workshop.changes.parts import ADDED, CHANGED, REMOVED, Change, Side

__all__ = ["ADDED", "CHANGED", "REMOVED", "Change", "Side", "between", "groups", "marks", "told"]

Differ: TypeAlias = Callable[[str, Side, Side], Iterator[Change]]  # of one file that both sides have

ORDER: Final[tuple[tuple[str, Differ], ...]] = (  # beginning or ending of a name; in the order they are told
    (".bpmn", diagrams.changes),
    (".dmn", tables.changes),
    ("forms/", forms.changes),
    ("letters/", letters.changes),
    ("regime.toml", numbers.changes),
    ("clauses.toml", clause_changes.changes),
    ("examples/", examples.changes),
)


def between(before: Files, after: Files) -> list[Change]:
    """Everything that is not the same in `after`: diagrams first, then tables, forms, letters, numbers and clauses.

    What cannot be read is told as a changed file, with its hash: no change is left out.
    """
    old, new = Side(before), Side(after)
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    found: list[Change] = []
    for name in sorted(names, key=lambda name: (_place(name), name)):
        found += [_with_clause(change, old, new) for change in _of_file(name, old, new)]
    return found


def marks(changes: list[Change], file: str) -> dict[str, str]:
    """What is to be coloured on a diagram: element → added, removed or changed."""
    found: dict[str, str] = {}
    for change in changes:
        if change.file == file and change.kind in ("element", "flow") and change.element:
            whole = not change.what
            found[change.element] = change.deed if whole else found.get(change.element, CHANGED)
    return found


def groups(changes: list[Change]) -> list[tuple[str, Said | str, list[Change]]]:
    """The changes file by file: its name, what people call it, and what is other in it."""
    found: dict[str, tuple[Said | str, list[Change]]] = {}
    for change in changes:
        found.setdefault(change.file, (change.of, []))[1].append(change)
    return [(name, title, listed) for name, (title, listed) in found.items()]


def told(change: Change) -> Said:
    """The change as one sentence."""
    facts = {"label": change.label, "what": change.what, "before": change.before, "after": change.after}
    if not change.what:
        if change.deed == ADDED:
            return said("新增%(label)s", label=change.label)
        if change.deed == REMOVED:
            return said("删去%(label)s", label=change.label)
        return said("%(label)s有改动", label=change.label)
    if change.before is None:
        return said("%(label)s增加%(what)s：“%(after)s”", **facts)
    if change.after is None:
        return said("%(label)s不再有%(what)s，原为“%(before)s”", **facts)
    return said("%(label)s的%(what)s由“%(before)s”改为“%(after)s”", **facts)


def _place(name: str) -> int:
    return next((at for at, (part, _differ) in enumerate(ORDER) if part in name), len(ORDER))


def _of_file(name: str, old: Side, new: Side) -> Iterator[Change]:
    title = (new if name in new.files else old).called(name)
    if name not in old.files or name not in new.files:
        deed = ADDED if name in new.files else REMOVED
        yield Change(name, "file", "", title, deed, of=title)
        return
    at = _place(name)
    found: list[Change] = []
    try:
        found = list(ORDER[at][1](name, old, new)) if at < len(ORDER) else []
    except (
        JiqunError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ):  # a draft may hold anything
        found = []
    if not found:  # what no rule of ours tells apart is still another file
        what = said("内容（校验值）")
        hashes = [_hash(side.files[name]) for side in (old, new)]
        found = [Change(name, "file", "", title, what=what, before=hashes[0], after=hashes[1])]
    for change in found:
        yield replace(change, of=title)


def _with_clause(change: Change, old: Side, new: Side) -> Change:
    """The clause that what changed stands on: as it is now, else as it was."""
    if change.clause or not change.carrier:
        return change
    for side in (new, old):
        known = _clauses(side)
        if known and (clause := known.clause_of(change.carrier, change.carries)):
            return replace(change, clause=clause)
    return change


def _clauses(side: Side) -> Clauses | None:
    if "clauses" not in side.read:
        try:
            side.read["clauses"] = clause_files.load(side.files.get("clauses.toml", b""))
        except JiqunError:
            side.read["clauses"] = None
    found = side.read["clauses"]
    return found if isinstance(found, Clauses) else None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
