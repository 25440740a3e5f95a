"""What is opened in the editors and saved unchanged says what it said before, so other modellers open it as well."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from lxml import etree

from engine import bundle
from tests.source import ROOT

FILES = sorted(bundle.FOLDER.rglob("*.bpmn")) + sorted(bundle.FOLDER.rglob("*.dmn"))
# What the standard says where nothing is written: an editor leaves it out.
SILENT = {("boundaryEvent", "cancelActivity"): "true", ("multiInstanceLoopCharacteristics", "isSequential"): "false"}


def test_every_shipped_diagram_and_table_comes_out_of_its_editor_as_it_went_in() -> None:
    written = dict(_written())
    assert len(written) == len(FILES) > 30
    for path in FILES:
        assert told(written[str(path)].encode()) == told(path.read_bytes()), path.name


def told(content: bytes) -> list[object]:
    """A document without what carries no meaning: prefixes, order of attributes, indentation, defaults written out."""
    return _told(etree.fromstring(content))


def _told(element: etree._Element) -> list[object]:
    if not isinstance(element.tag, str):
        return ["comment", " ".join((element.text or "").split())]
    kind = etree.QName(element).localname
    attributes = {key: value for key, value in element.attrib.items() if SILENT.get((kind, str(key))) != value}
    return [element.tag, attributes, (element.text or "").strip(), [_told(child) for child in element]]


def _written() -> Iterator[tuple[str, str]]:
    """Each file as the editors' own reading and writing leaves it."""
    node = shutil.which("node") or str(ROOT / ".venv" / "bin" / "node")
    script = ROOT / "frontend" / "roundtrip.mjs"
    if not os.access(node, os.X_OK) or not (ROOT / "frontend" / "node_modules").is_dir():
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("no Node, or the front end was not built: sh run.sh run")
        pytest.skip("no Node, or the front end was not built")
    done = subprocess.run([node, script, *map(str, FILES)], capture_output=True, check=True, timeout=120, text=True)
    for line in done.stdout.splitlines():
        found = json.loads(line)
        yield found["path"], found["xml"]
