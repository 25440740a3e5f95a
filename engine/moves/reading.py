"""What the expressions of a diagram read: so that a changed condition asks for nothing that a case never wrote."""

from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from config.errors import JiqunError
from engine import conventions, expressions, vocabulary, xml
from engine.bundle import Files
from engine.exploring import Need
from engine.lint.graph import scopes

_TEXTS = {xml.tag(kind) for kind in ("timeDate", "timeDuration", "timeCycle", "loopCardinality")}


def changed(before: Files, after: Files) -> Need:
    """The names that expressions of `after` read which `before` had not at the same element.

    What was asked before as well is left to the record: the case has come through with it.
    """
    was = _all(before)
    found = {}
    for place, texts in _all(after).items():
        names = frozenset[str]().union(*(_names(text) for text in texts - was.get(place, frozenset())))
        if names - conventions.GIVEN_NAMES:
            found[place] = names - conventions.GIVEN_NAMES
    return found


def _all(files: Files) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for name, content in files.items():
        if name.endswith(".bpmn"):
            found |= _read(name, content)
    return found


@lru_cache(maxsize=256)
def _read(name: str, content: bytes) -> dict[tuple[str, str], frozenset[str]]:
    """The expressions at each element, those of its flows with it."""
    found = {}
    for scope in scopes(xml.read(name, content)):
        for node, element in scope.nodes.items():
            flows = (flow.findtext(xml.tag("conditionExpression")) for flow in scope.outgoing[node])
            texts = frozenset(text.strip() for text in (*flows, *_within(element)) if text)
            if texts:
                found[scope.element.get("id", ""), node] = texts
    return found


def _within(element: etree._Element) -> Iterator[str | None]:
    if xml.local(element) in xml.SUBPROCESSES:
        return  # what stands in it is told of its own elements
    for each in element.iter():
        if each.tag in _TEXTS or each.tag == f"{{{xml.SPIFF}}}messagePayload":
            yield each.text
        elif each.tag == f"{{{xml.SPIFF}}}parameter":
            yield each.get("value")
        elif each.tag == xml.tag("loopDataInputRef"):
            yield each.text


def _names(text: str) -> frozenset[str]:
    try:
        return frozenset(expressions.check(text, words=vocabulary.WORDS))
    except JiqunError:  # no sound expression: the check of the bundle says so
        return frozenset()
