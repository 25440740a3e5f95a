"""What the reader lets in, what it refuses, and where it says so."""

import pytest

from engine import xml
from engine.errors import XmlRefused
from tests.diagrams import Diagram
from tests.planted import examined, queue, table

NAME = "application.bpmn"
TEXT = examined().text(drawn=True).decode()
ENTITY = '<!DOCTYPE x [<!ENTITY q "1 == 1">]>'
BILLION_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


def refusal(content: bytes, name: str = NAME) -> XmlRefused:
    """The refusal that reading this ends in."""
    with pytest.raises(XmlRefused) as caught:
        xml.read(name, content)
    return caught.value


def put_before_root(text: str, what: str) -> str:
    return text.replace("<bpmn:definitions", f"{what}\n<bpmn:definitions", 1)


def test_a_drawn_diagram_and_one_without_drawing_are_read() -> None:
    for drawn in (True, False):
        root = xml.read(NAME, examined().text(drawn=drawn))
        assert root.find(f".//{xml.tag('userTask')}").get("id") == "examine"


def test_a_decision_table_is_read() -> None:
    assert xml.local(xml.read("size.dmn", table())) == "definitions"


@pytest.mark.parametrize(
    "drawn",
    [
        'xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" bioc:stroke="#0d4372"',
        'xmlns:color="http://www.omg.org/spec/BPMN/non-normative/color/1.0" color:border-color="#0d4372"',
        'xmlns:modeler="http://camunda.org/schema/modeler/1.0" modeler:executionPlatform="any"',
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"',  # declared and not used
    ],
)
def test_what_a_modeller_adds_to_its_drawing_is_let_in(drawn: str) -> None:
    xml.read(NAME, TEXT.replace('<bpmn:userTask id="examine"', f'<bpmn:userTask {drawn} id="examine"').encode())


def test_every_reading_gives_a_tree_of_its_own() -> None:
    assert xml.read(NAME, TEXT.encode()) is not xml.read(NAME, TEXT.encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"])
def test_a_doctype_is_refused_in_every_encoding_that_is_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    sound = TEXT.replace("UTF-8", declared)
    assert xml.read(NAME, sound.encode(encoding)).tag == xml.tag("definitions")
    refused = refusal(put_before_root(sound, ENTITY).encode(encoding))
    assert (refused.facts["rule"], refused.facts["line"]) == ("doctype", 2)


@pytest.mark.parametrize(
    "declaration",
    [
        ENTITY,
        BILLION_LAUGHS,
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]>',
        '<!DOCTYPE x [<!ATTLIST x isExecutable CDATA "true">]>',
        "<!-- a remark --><?a b?><!DOCTYPE x>",
    ],
)
def test_whatever_a_doctype_is_for_it_is_refused(declaration: str) -> None:
    assert refusal(put_before_root(TEXT, declaration).encode()).facts["rule"] == "doctype"


def test_a_remark_that_speaks_of_a_doctype_is_no_doctype() -> None:
    xml.read(NAME, put_before_root(TEXT, "<!-- <!DOCTYPE x> -->").encode())


def test_an_entity_that_nobody_declared_is_refused() -> None:
    refused = refusal(TEXT.replace("审查材料", "&secret;").encode())
    assert refused.facts["rule"] == "unreadable-xml"


@pytest.mark.parametrize("encoding", ["utf-7", "cp037", "utf-32", "big5", "no-such"])
def test_an_encoding_that_could_hide_something_is_refused(encoding: str) -> None:
    refused = refusal(TEXT.replace("UTF-8", encoding).encode())
    assert (refused.facts["rule"], refused.facts["line"]) == ("encoding", 1)


def test_bytes_that_are_not_what_they_declare_are_refused() -> None:
    assert refusal(TEXT.encode("gbk")).facts["rule"] == "encoding"


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff\xfe", b"PK\x03\x04", b"<", b"\xef\xbb\xbf", TEXT.encode()[:-9]]
)
def test_what_is_no_whole_document_is_refused(content: bytes) -> None:
    assert refusal(content).facts["rule"] in ("unreadable-xml", "encoding")


def test_a_file_of_two_megabytes_is_read_and_one_byte_more_is_not() -> None:
    filled = TEXT.replace("审查材料", "x" * (xml.MAX_BYTES - len(TEXT.replace("审查材料", "").encode())))
    assert len(filled.encode()) == xml.MAX_BYTES
    xml.read(NAME, filled.encode())
    assert refusal(filled.encode() + b" ").facts["rule"] == "too-large"


def test_64_levels_are_read_and_65_are_not() -> None:
    def nested(levels: int) -> bytes:  # definitions, process and the task are three of them
        inner = levels - 4
        remark = f"<bpmn:extensionElements>{'<bpmn:x>' * inner}{'</bpmn:x>' * inner}</bpmn:extensionElements>"
        return TEXT.replace("<bpmn:outgoing>examine_to_done", f"{remark}<bpmn:outgoing>examine_to_done", 1).encode()

    xml.read(NAME, nested(64))
    assert refusal(nested(65)).facts["rule"] == "too-large"


def test_20000_elements_are_read_and_one_more_is_not() -> None:
    count = len(list(xml.read(NAME, TEXT.encode()).iter()))

    def with_elements(number: int) -> bytes:
        return TEXT.replace("</bpmn:process>", "<bpmn:group/>" * (number - count) + "</bpmn:process>").encode()

    xml.read(NAME, with_elements(20_000))
    assert refusal(with_elements(20_001)).facts["rule"] == "too-large"


def test_400_flow_nodes_are_read_and_one_more_is_not() -> None:
    xml.read(NAME, queue(398).text())  # and a beginning and an end
    assert refusal(queue(399).text()).facts["element"] == "task_399"


def test_what_a_remark_would_hide_from_the_engine_is_read_whole() -> None:
    condition = "decision<!-- or so --> == 'accept'"
    text = TEXT.replace("</bpmn:process>", f"<bpmn:documentation>{condition}</bpmn:documentation></bpmn:process>")
    found = xml.read(NAME, text.encode()).find(f".//{xml.tag('process')}/{xml.tag('documentation')}")
    assert found.text == "decision == 'accept'"


def test_a_flow_into_another_sub_process_is_refused() -> None:
    inner = Diagram().start("heard").end("heard_out").path("heard", "heard_out")
    text = Diagram().start().sub("hearing", inner).end().path("filed", "hearing", "done").text().decode()
    refused = refusal(
        text.replace('sourceRef="filed" targetRef="hearing"', 'sourceRef="filed" targetRef="heard"').encode()
    )
    assert (refused.facts["rule"], refused.facts["element"]) == ("dangling-reference", "filed_to_hearing")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<bpmn:outgoing>examine_to_done", "<bpmn:outgoing>nowhere"),
        ("<bpmn:outgoing>examine_to_done", "<bpmn:outgoing>filed_to_examine"),
        ("<bpmn:flowNodeRef>examine", "<bpmn:flowNodeRef>somebody"),
        ('<bpmn:userTask id="examine"', '<bpmn:userTask default="filed_to_examine" id="examine"'),
        ('<bpmn:userTask id="examine"', '<bpmn:userTask default="done" id="examine"'),
        ("</bpmn:process>", '<bpmn:boundaryEvent id="late" attachedToRef="done"/></bpmn:process>'),
        ("</bpmn:process>", '<bpmn:boundaryEvent id="late"/></bpmn:process>'),
        ("</bpmn:process>", '<bpmn:receiveTask id="hear" messageRef="examine"/></bpmn:process>'),
        ("</bpmn:process>", '<bpmn:sequenceFlow id="way"/></bpmn:process>'),
    ],
)
def test_a_reference_to_nothing_or_to_the_wrong_thing_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    assert refusal(TEXT.replace(old, new, 1).encode()).facts["rule"] == "dangling-reference"


@pytest.mark.parametrize("id_", ["", "1st", "-a", "a b", "审查", "a" * 101, "&lt;script&gt;", "a&#10;"])
def test_an_id_that_a_page_or_a_path_could_stumble_over_is_refused(id_: str) -> None:
    assert refusal(TEXT.replace(' id="definitions"', f' id="{id_}"').encode()).facts["rule"] == "bad-id"


def test_a_step_without_an_id_is_refused() -> None:
    assert (
        refusal(TEXT.replace("</bpmn:process>", "<bpmn:userTask/></bpmn:process>").encode()).facts["rule"] == "bad-id"
    )


def test_white_space_around_a_lanes_task_does_not_lose_the_lane() -> None:
    text = TEXT.replace("<bpmn:flowNodeRef>examine", "<bpmn:flowNodeRef>\n  examine\n")
    assert xml.read(NAME, text.encode()).find(f".//{xml.tag('flowNodeRef')}").text == "examine"


def test_a_refusal_names_file_line_and_way_out() -> None:
    refused = refusal(put_before_root(TEXT, ENTITY).encode())
    assert refused.message == "application.bpmn 第 2 行：含有 DOCTYPE 声明，可能夹带实体或隐藏内容；请删除这一声明"
    assert refused.facts["file"] == NAME
