"""Why there is what there is: steps, fields, rows, letters and obligations, each with the clauses it stands on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from config import clauses as clause_files
from config.clauses import Carrier, Clauses
from engine import carriers, xml

_WITHOUT_STEP = {"row", "letter", "obligation"}  # reminders are sent by the program itself
_ORDER = {kind: place for place, kind in enumerate(clause_files.KINDS)}


@dataclass(frozen=True)
class Basis:
    """A carrier and its clauses. Where no clause names it itself, they are those of the steps it belongs to."""

    kind: str
    id: str
    clauses: tuple[str, ...]
    steps: tuple[str, ...]  # those steps: of a field, where it is answered; of a letter, what it is sent after
    internal: str | None  # why there is this step, or a step it belongs to, though no clause asks for it


def of(files: Mapping[str, bytes], clauses: Clauses | None = None) -> list[Basis]:
    """Everything in the bundle that carries a duty or belongs to a step, kind by kind.

    Left out are gateways and the like, and the forms that no step uses. Raises XmlRefused, RegimeInvalid.
    """
    named = clauses or clause_files.load(files["clauses.toml"])
    steps, belongs = set[str](), dict[Carrier, list[str]]()
    for name, content in sorted(files.items()):
        if name.endswith(".bpmn"):
            for step, carrier in _belonging(name.removesuffix(".bpmn"), xml.read(name, content)):
                steps.add(step)
                if carrier is not None:
                    belongs.setdefault(carrier, []).append(step)
    present = sorted(carriers.there_are(files), key=lambda each: (_ORDER[each.kind], each.id))
    found = [_basis(carrier, _owners(carrier, belongs), named) for carrier in present]
    return [each for each in found if each.clauses or each.internal or each.id in steps or each.kind in _WITHOUT_STEP]


def _owners(carrier: Carrier, belongs: Mapping[Carrier, list[str]]) -> tuple[str, ...]:
    whole = Carrier("form", carrier.id.partition(".")[0]) if carrier.kind == "field" else carrier
    return tuple(dict.fromkeys(belongs.get(whole, ())))


def _basis(carrier: Carrier, steps: tuple[str, ...], named: Clauses) -> Basis:
    own = named.all_of(carrier)
    theirs = dict.fromkeys(clause for step in steps for clause in named.all_of(Carrier("element", step)))
    asked = (carrier.id,) if carrier.kind == "element" else steps
    reasons = dict.fromkeys(reason for step in asked if (reason := named.internal_reason(step)))
    clauses = own or tuple(theirs)
    return Basis(carrier.kind, carrier.id, clauses, steps, None if clauses else "；".join(reasons) or None)


def _belonging(process: str, root: etree._Element) -> Iterator[tuple[str, Carrier | None]]:
    """Each step that somebody does, and beside it what belongs to it: its form, the letters that are sent after it."""
    before: dict[str, list[str]] = {}
    for flow in root.iter(xml.tag("sequenceFlow")):
        before.setdefault(flow.get("targetRef", ""), []).append(flow.get("sourceRef", ""))
    done = {node.get("id", "") for node in root.iter(xml.tag("userTask"))}
    for node in root.iter(xml.tag("userTask"), xml.tag("startEvent")):
        form = node.find(f"{xml.tag('extensionElements')}/*/{{{xml.SPIFF}}}property[@name='form']")
        if form is not None or node.get("id") in done:
            given = "" if form is None else form.get("value", "")
            yield f"{process}.{node.get('id')}", Carrier("form", given)
    for node in root.iter(xml.tag("serviceTask")):
        for template in node.iterfind(f".//{{{xml.SPIFF}}}parameter[@id='template']"):
            letter = Carrier("letter", template.get("value", "").strip("'\""))
            for step in _last_done(node.get("id", ""), before, done):
                yield f"{process}.{step}", letter


def _last_done(node: str, before: Mapping[str, list[str]], done: set[str]) -> list[str]:
    """The steps that somebody has done when this node is come to, none between."""
    found, seen, queue = [], {node}, [node]
    while queue:
        for source in before.get(queue.pop(), ()):
            if source in done:
                found.append(source)
            elif source not in seen:
                seen.add(source)
                queue.append(source)
    return found
