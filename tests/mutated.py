"""Mutated diagrams: what a slip of the hand, a broken tool or an attacker makes of a sound one, and what becomes of it.

Run as a program it is the child of tests/faults/test_mutated_diagrams.py: a range of numbers comes in, and a JSON
line a diagram goes out. The number alone decides what a diagram is like.
"""

import faulthandler
import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache
from typing import Any, TypeAlias

from lxml import etree

from config import regime
from config.errors import JiqunError
from engine import bounded, bpmn, bundle, calendar, clock, exploring, lint, vocabulary, xml
from engine.checking import smoke
from engine.lint.surroundings import properties
from engine.workshop import changes, intake
from tests.bundles import bundle as small_bundle
from tests.planted import chosen, empty, repeated, table
from tests.sound import everything

HANG_SECONDS = 60  # after which the child ends itself and tells where it stood
STEPS = 6
SMALL = 0.85  # of all are mutants of a small bundle, which is checked in a tenth of the time of a shipped one
WALKED = 40  # things done by the smoke run of one
SCRAPS = [
    *("<!DOCTYPE x>", "&amp;", "&x;", "]]>", "<!--", "\u202e", "\x00", "\ud83d\ude00", "中", "P7D", "10**10**10"),
    *('<bpmn:userTask id="x"/>', "</bpmn:process>", "<bpmn:terminateEventDefinition/>", ' id="done"', "'", '"'),
]
EXPRESSIONS = [
    *("decision == 'accept'", "decision == 'refuse'", "case_id == 1", "True", "False", "None", "not decision", "cases"),
    *("1/0", "limit('area_km2') > 5", "deadline('publicity')", "working_days(3)", "working_days(99999999)", "'PT1S'"),
    *("open('x')", "__import__('os')", "[1, 2]", "{'a': [cases]}", "length(cases) > 2", "10**10", "(" * 30, "x." * 9),
    *(
        "'2026-03-02T18:00:00+08:00'",
        "'R3/PT1S'",
        "'P99999999Y'",
        "closes_at",
        "decision",
        "cases[0]",
        "cases[99] == 1",
    ),
]
TAGS = [*sorted(xml.FLOW_NODES), "sequenceFlow", "laneSet", "dataObject", "standardLoopCharacteristics"]
VALUES = ["", "true", "false", "x", "-1", "99999999999999999999", "Start", "审查", "<b>", "{{x}}", "a,b", "None", "1e9"]
Seed: TypeAlias = tuple[dict[str, bytes], str]
ANSWERS: list[Any] = ["accept", "refuse", "return", None, [], [1], [1, 2, 3], True, "", 7]


def mutant(number: int) -> tuple[dict[str, bytes], str]:
    """A bundle with one diagram mutated, and the process it is."""
    chance = random.Random(number)
    shipped, small = _seeds()
    files, name = chance.choice(small if chance.random() < SMALL else shipped)
    content = files[name]
    for _ in range(chance.randint(1, 3)):
        content = chance.choice([_in_text, _in_tree, _in_tree, _gently, _gently])(chance, content)
    return {**files, name: content}, name.removesuffix(".bpmn")


def live(number: int) -> dict[str, Any]:
    """What becomes of a mutant: how far it came, how long it took, and what came out that should not."""
    files, process = mutant(number)
    chance, began = random.Random(number), time.process_time()
    stage, wrong = "unread", ""
    try:
        with suppress(JiqunError):
            xml.read(f"{process}.bpmn", files[f"{process}.bpmn"])
            stage = "read"
        _looked_at(files, f"{process}.bpmn")
        if not any(finding.severity == "error" for finding in lint.problems(files, dry_run=False)):
            stage = "admitted"
            told = smoke.Ground(files, WALKED).walk(process)
            sound = not any(trouble.kind != "form" and not trouble.forced for trouble in told.troubles)
            with suppress(JiqunError):
                for stage in _lived(files, process, chance):  # noqa: B007  # the last one counts
                    pass
            if stage == "admitted" and sound:
                wrong = "the check found nothing, and no case can be begun: it would be deployed broken"
    except Exception:  # noqa: BLE001, RUF100  # whatever is no JiqunError is what the test looks for
        wrong = traceback.format_exc()
    return {"number": number, "stage": stage, "seconds": time.process_time() - began, "wrong": wrong}


def _looked_at(files: dict[str, bytes], name: str) -> None:
    """What a server does with the bytes that an owner sends: takes them in or not, tells the change, explores."""
    with suppress(JiqunError):
        intake.require(name, files[name])
    before = next(seed for group in _seeds() for seed, of in group if of == name)
    changes.between({name: before[name]}, {name: files[name]})
    with suppress(JiqunError):
        exploring.explore(files, name.removesuffix(".bpmn"), bound=500)


def _lived(files: dict[str, bytes], process: str, chance: random.Random) -> Iterable[str]:
    """Parse, begin, take a few steps, store and read again."""
    words = vocabulary.words(regime.load(files["regime.toml"]), calendar.shipped())
    specs = bpmn.parse(files, process)
    yield "parsed"
    data = {
        "case_id": 1,
        "round_id": 1,
        "cluster_id": 1,
        "applicant_level": "park",
        "closes_at": "2026-04-01T17:30:00+08:00",
    }
    workflow = bpmn.Workflow.start(specs, data, words)
    yield "begun"
    for _ in range(STEPS):
        if ready := workflow.ready():
            step = chance.choice(ready)
            names = step.properties.get("variables", "").split(",")
            workflow.complete(step.id, {name.strip(): chance.choice(ANSWERS) for name in names if name.strip()})
        elif workflow.awaits:
            workflow.deliver(min(workflow.awaits), {"recognised": [1]})
        elif workflow.wake_at is not None:
            moment = workflow.wake_at
            with clock.replaced_by(lambda at=moment: at):  # type: ignore[misc]
                workflow.wake()
        workflow = bpmn.Workflow.load(specs, workflow.dump(), bpmn.STATE_FORMAT, words)
    yield "lived"


@lru_cache(maxsize=1)
def _seeds() -> tuple[list[Seed], list[Seed]]:
    """Sound bundles, each with the diagram to mutate: those that ship, and small ones."""
    shipped = [dict(bundle.shipped(regime)) for regime in bundle.regimes()]
    found = [(files, name) for files in shipped for name in files if name.endswith(".bpmn")]
    drawings = (everything(), chosen("decision == 'refuse'"), repeated("parallelGateway"))
    small = [small_bundle(drawn, empty("publicity"), size_dmn=table()) for drawn in drawings]
    return found, [(files, "application.bpmn") for files in (small[0], *small)]


def _in_text(chance: random.Random, content: bytes) -> bytes:
    """Cut, double, exchange or insert something, with no regard to XML."""
    text = content.decode("utf-8", "replace")
    begin = chance.randrange(max(1, len(text)))
    end = min(len(text), begin + chance.randint(1, 60))
    changes: list[Callable[[], str]] = [
        lambda: text[:begin] + text[end:],
        lambda: text[:end] + text[begin:],
        lambda: text[:begin] + chance.choice(SCRAPS) + text[begin:],
        lambda: text[:begin],
        lambda: text.replace(chance.choice(TAGS), chance.choice(TAGS)),
    ]
    changed = chance.choice(changes)().encode("utf-8", "surrogatepass")
    return changed if chance.random() < 0.95 else changed.decode("utf-8", "replace").encode("utf-16", "replace")


def _in_tree(chance: random.Random, content: bytes) -> bytes:
    """Delete, double, move, rename or rewire elements, so that it stays XML."""
    root = _tree(content)
    elements = [] if root is None else [element for element in root.iter() if element.getparent() is not None]
    if root is None or not elements:
        return content
    element, other = chance.choice(elements), chance.choice(elements)
    parent = element.getparent()
    ids = [found for each in elements if (found := each.get("id"))] or ["x"]
    kind = chance.randrange(6)
    if kind == 0:
        parent.remove(element)
    elif kind == 1:
        parent.append(deepcopy(element))
    elif kind == 2 and element not in [other, *other.iterancestors()]:
        other.append(element)
    elif kind == 3:
        element.tag = xml.tag(chance.choice(TAGS))
    elif kind == 4 and element.attrib:
        element.set(chance.choice(list(element.attrib)), chance.choice([*ids, *VALUES, *EXPRESSIONS]))
    else:
        element.text = chance.choice([*EXPRESSIONS, *VALUES])
    return etree.tostring(root)


def _gently(chance: random.Random, content: bytes) -> bytes:
    """Change what a process owner might: conditions, timers, names, ways, properties."""
    root = _tree(content)
    nodes = [] if root is None else [each for each in root.iter() if xml.is_flow_node(each) and each.get("id")]
    if root is None or not nodes:
        return content
    node, ids = chance.choice(nodes), [each.get("id") for each in nodes]
    flows = list(root.iter(xml.tag("sequenceFlow"))) or [node]
    kind = chance.randrange(5)
    if kind == 0:
        node.set("name", chance.choice(["审查", "", "x" * 500, *VALUES]))
    elif kind == 1:
        texts = list(root.iter(xml.tag("conditionExpression"), xml.tag("timeDate"))) or [node]
        chance.choice(texts).text = chance.choice(EXPRESSIONS)
    elif kind == 2:
        _rewire(chance.choice(flows), root, str(chance.choice(ids)))
    elif kind == 3 and properties(node):
        chance.choice(list(node.iter(f"{{{xml.SPIFF}}}property"))).set(
            "value", chance.choice([*VALUES, *map(str, ids)])
        )
    else:
        for each in root.iter(xml.tag("boundaryEvent")):
            each.set("cancelActivity", chance.choice(["true", "false"]))
        for each in root.iter(xml.tag("multiInstanceLoopCharacteristics")):
            each.set("isSequential", chance.choice(["true", "false"]))
    return etree.tostring(root)


def _rewire(flow: etree._Element, root: etree._Element, target: str) -> None:
    """Let the flow lead somewhere else, with the bookkeeping that an editor does."""
    for told in list(root.iter(xml.tag("incoming"))):
        if told.text == flow.get("id"):
            told.getparent().remove(told)
    flow.set("targetRef", target)


def _tree(content: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None


def main() -> None:
    """Live through the numbers given as first and last."""
    bounded.bound_memory()
    first, last = map(int, sys.argv[1:])
    for number in range(first, last):
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        sys.stdout.write(json.dumps(live(number)) + "\n")
        sys.stdout.flush()
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
