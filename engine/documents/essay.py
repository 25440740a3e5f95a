"""A longer draft as a Word document: headings, sentences, tables, charts, and marked places where people write."""

import io
from typing import TYPE_CHECKING, Any

from engine import archives
from engine.documents import paper, word
from engine.documents.layout import LAYOUT

if TYPE_CHECKING:
    from engine.documents import Draft

_SIZES = {1: 22, 2: 16, 3: 16}  # pt of headings by level; GB/T 9704-2012 7.3.1, 5.2.2


def written(draft: "Draft") -> bytes:
    """The document's bytes, the same for the same draft."""
    from docx.shared import Mm  # noqa: PLC0415

    from engine import documents  # noqa: PLC0415  # the kinds of its parts stand there

    document = word.blank()
    word.settle(document, draft.title, draft.issuer, draft.day)
    pictures = iter(paper.pictures([part for part in draft.parts if isinstance(part, documents.Pictured)]))
    for part in draft.parts:
        match part:
            case documents.Heading():
                _heading(document, part.text, part.level, on_new_page=part.on_new_page)
            case documents.Paragraph():
                word.line(document, part.text, indented=True)
            case documents.ToWrite():
                _marked(word.line(document, f"【请填写：{part.text}】", indented=True))
            case documents.Grid():
                word.table(document, part.columns, part.rows)
                word.line(document, "")
            case documents.Pictured():
                document.add_picture(io.BytesIO(next(pictures)), width=Mm(LAYOUT.text_width))
                paragraph = document.paragraphs[-1]
                paragraph.paragraph_format.line_spacing = 1  # a fixed one would cut the picture
                paragraph._p.xpath(".//wp:docPr")[0].set("descr", part.described)
    out = io.BytesIO()
    document.save(out)
    return archives.settled(out.getvalue())


def _heading(document: Any, text: str, level: int, *, on_new_page: bool) -> None:
    from docx.shared import Pt, RGBColor  # noqa: PLC0415

    heading = document.add_heading(text, level)
    heading.paragraph_format.page_break_before = on_new_page
    heading.paragraph_format.space_before = Pt(0 if level == 1 else LAYOUT.small)
    heading.paragraph_format.line_spacing = Pt(_SIZES[level] * 1.5)
    heading.alignment = 1 if level == 1 else 0
    run = heading.runs[0]
    run.font.size, run.font.bold, run.font.color.rgb = Pt(_SIZES[level]), False, RGBColor(0, 0, 0)
    word.typeface(run, word.MARK if level == 1 else word.HEI)


def _marked(paragraph: Any) -> None:
    from docx.enum.text import WD_COLOR_INDEX  # noqa: PLC0415

    for run in paragraph.runs:
        run.font.highlight_color = WD_COLOR_INDEX.YELLOW
