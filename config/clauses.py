"""The clauses of a regime's text that ask somebody to do something, and what in the system carries each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from config import tables
from config.errors import RegimeInvalid

FOLDER = Path(__file__).parent / "clauses"
KINDS = ("element", "field", "row", "letter", "obligation", "page")
_DOCUMENT = re.compile(r"\w*[0-9]+号")
_KEYS = ("clause", "gist", "actor", "carriers", "outside", "waits")  # the last one of deployments from before


@dataclass(frozen=True)
class Carrier:
    """What does a duty's work: `element` application.fill_in, `row` criteria.area, `field` application.area_km2 …"""

    kind: str  # of KINDS
    id: str


@dataclass(frozen=True)
class Clause:
    """A duty. Where one article asks several things of several people, each is a duty of its own."""

    clause: str  # as the text prints it: 第十五条（二）
    gist: str  # in our own words
    actor: str
    carriers: tuple[Carrier, ...]
    outside: str | None  # why this duty is not the system's


@dataclass(frozen=True)
class Clauses:
    """The duties in the text's order, and the steps that no clause asks for with the reason for each."""

    duties: tuple[Clause, ...]
    internal: Mapping[str, str]  # element → reason, shown as 本局内部流程

    def clause_of(self, element: str, kind: str = "element") -> str | None:
        """The clause (several: joined by 、) that this element carries, or None."""
        return "、".join(self.all_of(Carrier(kind, element))) or None

    def all_of(self, carrier: Carrier) -> tuple[str, ...]:
        """Every clause that this carries, in the text's order."""
        return self._carried.get(carrier, ())

    @cached_property
    def _carried(self) -> Mapping[Carrier, tuple[str, ...]]:
        clauses: dict[Carrier, dict[str, None]] = {}
        for duty in self.duties:
            for carrier in duty.carriers:
                clauses.setdefault(carrier, {})[duty.clause] = None
        return {carrier: tuple(found) for carrier, found in clauses.items()}

    def internal_reason(self, element: str) -> str | None:
        """Why the bureau has this step though no clause asks for it, or None."""
        return self.internal.get(element)

    def uncarried(self) -> tuple[Clause, ...]:
        """The duties that nothing carries and that are not said to be outside."""
        return tuple(duty for duty in self.duties if not (duty.carriers or duty.outside))


def of_another_text(clause: str) -> bool:
    """Does the name begin with the number of a document of its own (粤24号 三), and not of the regime's text?"""
    return bool(_DOCUMENT.match(clause))


def load(content: bytes | str, name: str = "clauses.toml") -> Clauses:
    """The clauses in this file. Raises RegimeInvalid with the path of the key, and what is allowed there."""
    top = tables.read(content, name, ("clause", "internal"))
    duties = tuple(map(_duty, top.array("clause", _KEYS)))
    internal: dict[str, str] = {}
    carried = {carrier.id for duty in duties for carrier in duty.carriers if carrier.kind == "element"}
    for table in top.array("internal", ("element", "reason")) if "internal" in top else ():
        element = table.text("element")
        if element in internal or element in carried:
            raise RegimeInvalid(f"{table.path} 的步骤 {element} 已在别处说明依据，请只留一处", path=table.path)
        internal[element] = table.text("reason")
    return Clauses(duties, MappingProxyType(internal))


def content(name: str) -> bytes:
    """The shipped file of that regime. Raises RegimeInvalid where there is none."""
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    if name not in known:
        raise RegimeInvalid(f"没有规则体系 {name} 的条款对照文件；现有 {'、'.join(known)}", name=name)
    return (FOLDER / f"{name}.toml").read_bytes()


def _duty(table: tables.Table) -> Clause:
    carriers = [
        Carrier(item.choice("kind", KINDS), item.text("id"))
        for item in (table.array("carriers", ("kind", "id")) if "carriers" in table else ())
    ]
    outside = table.text("outside") if "outside" in table else None
    if carriers and outside:
        why = "carriers、outside 只能写一样；一部分由系统承载的，请拆成两条"
        raise RegimeInvalid(f"{table.path} 的 {why}", path=table.path)
    if "waits" in table:
        outside = f"当时待系统的后续部分（{table.text('waits')}）承载"
    return Clause(table.text("clause"), table.text("gist"), table.text("actor"), tuple(carriers), outside)
