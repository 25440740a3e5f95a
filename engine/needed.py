"""Which of the common diagrams a regime needs: its own processes', and those of the diagrams that these call."""

from collections.abc import Collection, Mapping
from pathlib import Path

from engine import conventions, xml
from engine.errors import XmlRefused


def of(found: Mapping[str, Path], own: Collection[str], opened: Collection[str] = ()) -> dict[str, Path]:
    """The files but for diagrams that nothing of the regime calls.

    `own` names those it brings, `opened` the processes that its dates open.
    """
    queue = [f"{process}.bpmn" for process in (*conventions.BEGUN, *opened)]
    needed: set[str] = set()
    while queue:
        name = queue.pop()
        if name in found and name not in needed:
            needed.add(name)
            queue += _called(name, found[name])
    needed |= {*own}
    return {name: path for name, path in found.items() if name in needed or not name.endswith(".bpmn")}


def _called(name: str, path: Path) -> list[str]:
    try:
        calls = xml.read(name, path.read_bytes()).iter(xml.tag("callActivity"))
    except XmlRefused:  # the check says why
        return []
    return [f"{call.get('calledElement')}.bpmn" for call in calls]
