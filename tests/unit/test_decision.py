"""The decision as a 公文: right measures and fonts, the same bytes each time, and text that is no more than text."""

import io
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from docx import Document
from docx.shared import Mm
from pypdf import PdfReader
from pypdf.generic import BooleanObject

from engine import documents
from engine.documents import Column, Decision
from engine.documents.layout import LAYOUT, POINT, mark_size

DECISION = Decision(
    issuer="示例市工业和信息化局",
    number="示例〔2025〕12号",
    title="示例市工业和信息化局关于公布2025年度集群名单的通知",
    addressees="各县（市、区）中小企业主管部门",
    body=["经公示无异议，现将名单予以公布。", "特此通知。"],
    list_title="2025年度集群名单",
    columns=(Column("序号", 1, centred=True), Column("集群名称", 5), Column("有效期", 3)),
    entries=[("1", "示例县中小企业特色产业集群（红茶产业）", "2025-07-01 至 2028-07-01")],
    copies="示例省工业和信息化厅",
    day=date(2025, 7, 1),
)
KINDS = {"pdf": documents.pdf, "docx": documents.docx}


def read(decision: Decision) -> PdfReader:
    return PdfReader(io.BytesIO(documents.pdf(decision)))


def said(decision: Decision) -> str:
    """All words of the PDF; lines break where there is no room, so blanks say nothing."""
    return "".join("".join(page.extract_text() for page in read(decision).pages).split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_decision_has_the_same_bytes(kind: str) -> None:
    assert KINDS[kind](DECISION) == KINDS[kind](replace(DECISION))
    assert KINDS[kind](DECISION) != KINDS[kind](replace(DECISION, day=date(2025, 7, 2)))


def test_a_screen_reader_hears_language_title_and_headings() -> None:
    printed = read(DECISION)
    assert printed.metadata is not None
    assert printed.metadata.title == DECISION.title
    assert printed.metadata.author == DECISION.issuer
    assert printed.root_object["/Lang"] == "zh-CN"
    assert printed.root_object["/MarkInfo"]["/Marked"] == BooleanObject(True)
    assert "/StructTreeRoot" in printed.root_object
    assert b"<pdfuaid:part>1</pdfuaid:part>" in printed.root_object["/Metadata"].get_data()


def test_the_fonts_are_the_packaged_ones_embedded_as_subsets() -> None:
    found = set()
    for page in read(DECISION).pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font["/DescendantFonts"][0]
            descriptor = inner["/FontDescriptor"]
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)
            found.add(str(font["/BaseFont"]).partition("+")[2])
    assert {name.removesuffix("-Identity-H") for name in found} == {"NotoSerifSC-Regular", "NotoSansSC-Regular"}
    assert len(documents.pdf(DECISION)) < 200_000  # of fonts of 20 MB


def test_the_page_is_a4_with_the_margins_of_the_standard() -> None:
    width, height = (float(side) * POINT for side in read(DECISION).pages[0].mediabox[2:])
    assert (round(width), round(height)) == (210, 297)
    (section,) = Document(io.BytesIO(documents.docx(DECISION))).sections
    measures = (section.page_width, section.page_height, section.top_margin, section.left_margin)
    assert [round(measure.mm, 1) for measure in measures] == [210, 297, 37, 28]  # 5.1, 5.2.1
    assert round((section.page_width - section.left_margin - section.right_margin) / Mm(1), 1) == 156
    assert round((section.page_height - section.top_margin - section.bottom_margin) / Mm(1), 1) == 225


def test_twenty_two_lines_of_twenty_eight_characters_fit() -> None:
    assert 22 <= (225 / POINT + LAYOUT.line - LAYOUT.body) / LAYOUT.line < 23
    assert 28 <= LAYOUT.text_width / POINT / (LAYOUT.body + LAYOUT.tracking) < 29


@pytest.mark.parametrize("name", ["局文件", "某某省某某市某某县某某产业园区管理委员会经济发展局文件"])
def test_the_mark_stays_on_one_line_whatever_the_issuer_is_called(name: str) -> None:
    assert mark_size(name) * len(name) * POINT <= LAYOUT.text_width + 1e-9


@pytest.mark.parametrize(
    ("issuer", "day", "away"),
    [
        # The name takes ten, the date six (six digits of half a character): begun two later, it ends two earlier.
        ("示例市工业和信息化局", date(2025, 7, 1), (2.0, 4.0)),
        # Three and seven: now the date stands two from the edge, begins at nine, and the name at eleven.
        ("示例局", date(2025, 12, 31), (8.0, 2.0)),
    ],
)
def test_the_date_begins_two_characters_behind_the_name(issuer: str, day: date, away: tuple[float, float]) -> None:
    signed = replace(DECISION, issuer=issuer, day=day)
    assert signed.signature == away
    digits = sum(sign.isdigit() for sign in signed.date)
    width = len(signed.date) - digits / 2
    assert (away[0] + len(issuer)) - (away[1] + width) == 2
    assert min(away) == 2


def test_a_date_has_no_leading_noughts() -> None:
    assert "2025年7月1日" in said(DECISION)
    assert "07月" not in said(DECISION)


def test_what_is_not_given_leaves_no_trace() -> None:
    bare = replace(DECISION, number="", addressees="", copies="", entries=[])
    words = said(bare)
    typed = "".join(paragraph.text for paragraph in Document(io.BytesIO(documents.docx(bare))).paragraphs)
    for text in (words, typed):
        assert "抄送" not in text
        assert "附件" not in text
        assert "各县" not in text
        assert DECISION.title in text


@pytest.mark.parametrize("text", ['#read("/etc/passwd")', "*粗*_斜_`码`", "$x^2$", "<b>&amp;</b>", "// 注", "@preview"])
def test_text_is_never_read_as_markup(text: str) -> None:
    marked = replace(DECISION, title=f"关于{text}的通知", body=[text], entries=[("1", text, "无")])
    assert said(marked).count(text.replace(" ", "")) >= 3
    document = Document(io.BytesIO(documents.docx(marked)))
    assert text in [paragraph.text for paragraph in document.paragraphs]
    assert document.tables[0].rows[1].cells[1].text == text


def test_a_long_list_goes_on_over_pages_with_its_head_on_each() -> None:
    many = replace(DECISION, entries=[(str(place), f"第{place}号集群", "无") for place in range(1, 121)])
    pages = ["".join(page.extract_text().split()) for page in read(many).pages]
    listed = [page for page in pages if "号集群" in page]
    assert len(listed) > 2
    assert all("集群名称" in page for page in listed)
    assert "第120号集群" in listed[-1]
    assert "印发" in pages[-1]
    assert f"—{len(pages)}—" in pages[-1]


def test_the_word_document_tells_nothing_of_library_machine_and_moment() -> None:
    content = documents.docx(DECISION)
    document = Document(io.BytesIO(content))
    about = document.core_properties
    assert (about.title, about.author, about.last_modified_by) == (DECISION.title, DECISION.issuer, DECISION.issuer)
    assert (about.language, about.comments) == ("zh-CN", "")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in archive.namelist() if "thumbnail" in name]
        assert b"python-docx" not in b"".join(archive.read(name) for name in archive.namelist())


def test_the_word_document_has_headings_and_a_table_head_that_repeats() -> None:
    document = Document(io.BytesIO(documents.docx(DECISION)))
    headings = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name.startswith("Heading")]
    assert headings == [DECISION.title, DECISION.list_title]
    assert "tblHeader" in document.tables[0].rows[0]._tr.xml
