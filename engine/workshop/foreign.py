"""What other systems have written into a diagram: told item by item, kept until an owner takes it out."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from engine import xml
from engine.bundle import Files
from engine.errors import XmlRefused


@dataclass(frozen=True)
class Foreign:
    """Something that this program does not carry out."""

    file: str
    line: int | None
    element: str  # the step or flow that it stands in
    name: str  # camunda:assignee, or <zeebe:taskDefinition>
    value: str


def in_files(files: Files) -> list[Foreign]:
    """All of it, in diagrams and tables that can be read; the check says why others cannot."""
    found: list[Foreign] = []
    for name, content in files.items():
        if name.endswith((".bpmn", ".dmn")):
            try:
                root = xml.admitted(name, content)
            except XmlRefused:
                continue
            found += _in_tree(name, root)
    return found


def cleared(name: str, content: bytes) -> bytes:
    """The file without it; everything else is as it was, comments too. Raises XmlRefused."""
    xml.admitted(name, content)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(content, parser)
    for element in list(root.iter("*")):
        for key in list(element.attrib):
            if _is_foreign(etree.QName(key).namespace):
                del element.attrib[key]
        parent = element.getparent()
        if parent is not None and _is_foreign(xml.namespace(element)):
            _keep_tail(element, parent)
            parent.remove(element)
    etree.cleanup_namespaces(root)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _in_tree(name: str, root: etree._Element) -> Iterator[Foreign]:
    for element in root.iter():
        line, own = xml.line(element), xml.nearest_id(element)
        if _is_foreign(xml.namespace(element)):
            told = [f"{etree.QName(key).localname}={value!s}" for key, value in element.attrib.items()]
            text = (element.text or "").strip()
            yield Foreign(name, line, own, f"<{_name(element, str(element.tag))}>", " ".join([*told, text]).strip())
            continue
        for key, value in element.attrib.items():
            if _is_foreign(etree.QName(key).namespace):
                yield Foreign(name, line, own, _name(element, str(key)), str(value))


def _is_foreign(space: str | None) -> bool:
    return bool(space) and (space not in xml.NAMESPACES or space == xml.CAMUNDA)


def _name(element: etree._Element, full: str) -> str:
    """As the file writes it, with the prefix that it uses."""
    name = etree.QName(full)
    prefix = next((prefix for prefix, space in element.nsmap.items() if space == name.namespace and prefix), "")
    return f"{prefix}:{name.localname}" if prefix else name.localname


def _keep_tail(element: etree._Element, parent: etree._Element) -> None:
    """The text behind an element that goes is no part of it."""
    if not element.tail or not element.tail.strip():
        return
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + element.tail
    else:
        parent.text = (parent.text or "") + element.tail
