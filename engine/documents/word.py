"""A 公文 as a Word document, made with python-docx: every style and number of it is set here, after the layout."""

import io
from collections.abc import Sequence
from copy import deepcopy
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from engine import archives, clock
from engine.documents.layout import A4, LAYOUT, POINT

if TYPE_CHECKING:
    from engine.documents import Column, Decision

# What Word and WPS call them; a machine without one takes its nearest.
FANGSONG, SONG, HEI, MARK = "仿宋", "宋体", "黑体", "方正小标宋简体"
RED = "E60012"


def written(decision: "Decision") -> bytes:
    """The document's bytes, the same for the same decision."""
    document = blank()
    settle(document, decision.title, decision.issuer, decision.day)
    _head(document, decision)
    _text(document, decision)
    if decision.entries:
        _list(document, decision)
    _foot(document, decision)
    out = io.BytesIO()
    document.save(out)
    return archives.settled(out.getvalue())


def blank() -> Any:
    """An empty document, without the picture of the library's own template."""
    from docx import Document  # noqa: PLC0415  # needed on the day of a publication alone

    document = Document()
    package = document.part.package
    for key in [key for key, part in package.rels.items() if part.reltype.endswith("/thumbnail")]:
        del package.rels[key]
    return document


def settle(document: Any, title: str, issuer: str, day: date) -> None:
    """Page, styles and properties. The library's own template has English styles and somebody's name."""
    from docx.shared import Mm, Pt  # noqa: PLC0415

    section = document.sections[0]
    section.page_width, section.page_height = (Mm(side) for side in A4)
    section.top_margin, section.bottom_margin = Mm(LAYOUT.top), Mm(LAYOUT.bottom)
    section.left_margin, section.right_margin = Mm(LAYOUT.left), Mm(LAYOUT.right)
    section.footer_distance = Mm(LAYOUT.bottom - 7 - LAYOUT.small * POINT)  # 7.5: 7 mm below the text
    section.different_first_page_header_footer = False
    document.settings.odd_and_even_pages_header_footer = True  # 7.5: odd right, even left
    for footer, right in ((section.footer, True), (section.even_page_footer, False)):
        _page_number(footer.paragraphs[0], right)
    normal = document.styles["Normal"]
    normal.font.size = Pt(LAYOUT.body)
    typeface(normal, FANGSONG)
    normal.paragraph_format.line_spacing = Pt(LAYOUT.line)
    normal.paragraph_format.space_after = Pt(0)
    normal.element.get_or_add_rPr().append(made("w:lang", {"w:val": "zh-CN", "w:eastAsia": "zh-CN"}))
    moment = datetime.combine(day, time(), clock.SHANGHAI)
    about = document.core_properties
    about.title, about.author, about.language, about.comments = title, issuer, "zh-CN", ""
    about.last_modified_by, about.revision, about.created, about.modified = issuer, 1, moment, moment


def _head(document: Any, decision: "Decision") -> None:
    """版头 (7.2)."""
    from docx.shared import Pt, RGBColor  # noqa: PLC0415

    mark = line(document, decision.mark, centred=True)
    # The first line of a page swallows the space before it, so the distance is its own height's.
    mark.paragraph_format.line_spacing = Pt(LAYOUT.mark_down / POINT + decision.mark_size)
    run = mark.runs[0]
    run.font.size, run.font.color.rgb = Pt(decision.mark_size), RGBColor.from_string(RED)
    typeface(run, MARK)
    line(document, "")
    number = line(document, decision.number, centred=True)
    number.paragraph_format.space_after = Pt(0)
    edge = {"w:val": "single", "w:sz": str(int(LAYOUT.red_line * 8)), "w:space": "11", "w:color": RED}  # 11 pt: 4 mm
    _bordered(number, {"bottom": edge})
    for _ in range(2):
        line(document, "")


def _text(document: Any, decision: "Decision") -> None:
    """主体 (7.3)."""
    from docx.shared import Pt  # noqa: PLC0415

    _title(document, decision.title, 1)
    line(document, "")
    if decision.addressees:
        line(document, decision.addressees + "：")
    for paragraph in decision.body:
        line(document, paragraph, indented=True)
    if decision.entries:
        line(document, "")
        line(document, "附件：" + decision.list_title, indented=True)
    line(document, "")
    for text, away in zip((decision.issuer, decision.date), decision.signature, strict=True):
        signed = line(document, text)
        signed.alignment = 2  # right
        signed.paragraph_format.right_indent = Pt(LAYOUT.body * away)
        signed.paragraph_format.keep_together = True


def _list(document: Any, decision: "Decision") -> None:
    """附件 (7.3.7): on a page of its own."""

    said = line(document, "附件")
    said.paragraph_format.page_break_before = True
    typeface(said.runs[0], HEI)
    line(document, "")
    _title(document, decision.list_title, 2)
    line(document, "")
    table(document, decision.columns, decision.entries)


def table(document: Any, columns: Sequence["Column"], entries: Sequence[Sequence[str]]) -> None:
    """A table over the whole width, its head again on each page."""
    from docx.oxml.ns import qn  # noqa: PLC0415
    from docx.shared import Mm  # noqa: PLC0415

    grid = document.add_table(rows=1, cols=len(columns), style="Table Grid")
    grid.autofit = False
    shares = sum(column.width for column in columns)
    grid.rows[0]._tr.get_or_add_trPr().append(made("w:tblHeader", {}))  # the head again on each page
    for column, drawn in zip(columns, grid.columns, strict=True):
        drawn.width = Mm(LAYOUT.text_width * column.width / shares)
    _row(grid.rows[0], columns, [column.title for column in columns], head=True)
    if entries:
        pattern = _row(grid.add_row(), columns, entries[0])
    for texts in entries[1:]:  # like the first, which is much faster than to say how each of them looks
        drawn = deepcopy(pattern)
        for run, text in zip(drawn.iter(qn("w:r")), texts, strict=True):
            run.text = text
        grid._tbl.append(drawn)


def _row(row: Any, columns: Sequence["Column"], texts: Sequence[str], *, head: bool = False) -> Any:
    """The row as XML, filled."""
    from docx.shared import Mm, Pt  # noqa: PLC0415

    shares = sum(column.width for column in columns)
    for cell, text, column in zip(row.cells, texts, columns, strict=True):
        cell.width = Mm(LAYOUT.text_width * column.width / shares)
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.line_spacing = Pt(LAYOUT.table * 1.5)
        paragraph.alignment = 1 if head or column.centred else 0  # centre, left
        run = paragraph.add_run(text)
        run.font.size = Pt(LAYOUT.table)
        typeface(run, HEI if head else FANGSONG)
    return row._tr


def _foot(document: Any, decision: "Decision") -> None:
    """版记 (7.4): 抄送, and who printed it when, between lines."""
    from docx.shared import Mm, Pt  # noqa: PLC0415

    thick = {"w:val": "single", "w:sz": "8", "w:space": "4", "w:color": "000000"}  # eighths of a point: 0.35 mm
    thin = {**thick, "w:sz": "6"}  # 0.25 mm
    line(document, "")
    texts = [f"抄送：{decision.copies}。"] if decision.copies else []
    texts.append(f"{decision.issuer}\t{decision.date}印发")
    for place, text in enumerate(texts):
        printed = line(document, text)
        printed.paragraph_format.keep_with_next = place + 1 < len(texts)
        printed.paragraph_format.left_indent = printed.paragraph_format.right_indent = Pt(LAYOUT.small)
        printed.paragraph_format.tab_stops.add_tab_stop(Mm(LAYOUT.text_width - LAYOUT.small * POINT), 2)  # right
        for run in printed.runs:
            run.font.size = Pt(LAYOUT.small)
        last = place + 1 == len(texts)
        _bordered(printed, {"top": thin if place else thick} | ({"bottom": thick} if last else {}))


def line(document: Any, text: str, *, centred: bool = False, indented: bool = False) -> Any:
    from docx.shared import Pt  # noqa: PLC0415

    paragraph = document.add_paragraph()
    if text:
        paragraph.add_run(text)
    if centred:
        paragraph.alignment = 1
    if indented:  # 7.3.3: two characters
        paragraph.paragraph_format.first_line_indent = Pt(LAYOUT.body * 2)
    return paragraph


def _title(document: Any, text: str, level: int) -> None:
    """A heading that readers hear as one, and that looks as 7.3.1 wants it."""
    from docx.shared import Pt, RGBColor  # noqa: PLC0415

    heading = document.add_heading(text, level)
    heading.alignment = 1
    heading.paragraph_format.space_before = Pt(0)
    heading.paragraph_format.line_spacing = Pt(LAYOUT.title * 1.5)
    run = heading.runs[0]
    run.font.size, run.font.bold, run.font.color.rgb = Pt(LAYOUT.title), False, RGBColor(0, 0, 0)
    typeface(run, MARK)


def _page_number(paragraph: Any, right: bool) -> None:
    from docx.shared import Pt  # noqa: PLC0415

    paragraph.alignment = 2 if right else 0
    if right:
        paragraph.paragraph_format.right_indent = Pt(LAYOUT.small)
    else:
        paragraph.paragraph_format.left_indent = Pt(LAYOUT.small)
    for text, field in (("— ", None), ("", "begin"), ("PAGE", "instruction"), ("", "end"), (" —", None)):
        run = paragraph.add_run("" if field else text)
        run.font.size = Pt(LAYOUT.small)
        typeface(run, SONG)
        if field == "instruction":
            run._r.append(made("w:instrText", {}, text))
        elif field:
            run._r.append(made("w:fldChar", {"w:fldCharType": field}))


def typeface(styled: Any, name: str) -> None:
    """The typeface of a style or run, for Chinese characters as for the others."""
    from docx.oxml.ns import qn  # noqa: PLC0415

    styled.font.name = name
    fonts = styled.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)  # a theme's typeface would win
    fonts.set(qn("w:eastAsia"), name)


def _bordered(paragraph: Any, edges: dict[str, dict[str, str]]) -> None:
    borders = made("w:pBdr", {})
    for side, look in edges.items():
        borders.append(made(f"w:{side}", look))
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")


def made(tag: str, attributes: dict[str, str], text: str = "") -> Any:
    from docx.oxml import OxmlElement  # noqa: PLC0415
    from docx.oxml.ns import qn  # noqa: PLC0415

    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(name), value)
    if text:
        element.text = text
    return element
