"""Documents: what an office signs or seals, with the same bytes each time.

A decision (公文) as a Word file to go on with and as a PDF to publish, in the layout of GB/T 9704-2012; tables and
forms as PDF to print. Nothing else knows the libraries that make them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from engine.charts import Chart
from engine.documents import essay, paper, word
from engine.documents.layout import mark_size

__all__ = [
    "Block",
    "Column",
    "Decision",
    "Draft",
    "FormPart",
    "Grid",
    "Heading",
    "Paragraph",
    "Pictured",
    "PrintedForm",
    "Table",
    "ToWrite",
    "docx",
    "draft_docx",
    "form_pdf",
    "pdf",
    "table_pdf",
]


@dataclass(frozen=True)
class Column:
    """A column of the list."""

    title: str
    width: int  # share of the whole
    centred: bool = False


@dataclass(frozen=True)
class Decision:
    """决定公布一份名单的公文."""

    issuer: str  # 发文机关
    number: str  # 发文字号; empty: none
    title: str
    addressees: str  # 主送机关; empty for what is addressed to everybody
    body: Sequence[str]  # paragraphs
    list_title: str
    columns: Sequence[Column]
    entries: Sequence[Sequence[str]]  # a row a cluster, a cell a column
    copies: str  # 抄送; empty: nobody
    day: date  # 成文日期, and the day it is printed

    @property
    def mark(self) -> str:
        """发文机关标志: the issuer's name with 文件 behind it (GB/T 9704-2012 7.2.4)."""
        return self.issuer + "文件"

    @property
    def date(self) -> str:
        """成文日期 in Arabic numerals, without leading noughts (7.3.5.4)."""
        return f"{self.day.year}年{self.day.month}月{self.day.day}日"

    @property
    def mark_size(self) -> float:
        """Of the 发文机关标志, in pt."""
        return mark_size(self.mark)

    @property
    def signature(self) -> tuple[float, float]:
        """How many characters 署名 and 成文日期 stay away from the right edge.

        The shorter line stands two characters from the edge, the date begins two characters behind the name (7.3.5.2).
        """
        name, day = float(len(self.issuer)), len(self.date) - sum(sign.isdigit() for sign in self.date) / 2
        overhang = day + 2 - name  # how far the date ends behind the name
        return (2 + overhang, 2.0) if overhang > 0 else (2.0, 2 - overhang)


@dataclass(frozen=True)
class Table:
    """A table to be sealed, on paper laid crosswise."""

    title: str
    above: Sequence[str]  # lines over the table: who seals it, whom to call
    columns: Sequence[Column]
    entries: Sequence[Sequence[str]]
    day: date  # of the document's properties


@dataclass(frozen=True)
class Block:
    """Some lines of a form: cells under headings, or names with what was filled in beside them."""

    heads: Sequence[str]  # empty: each row is a name and an answer
    rows: Sequence[Sequence[str]]
    title: str = ""
    seals: bool = False  # rows with room for a signature and a seal


@dataclass(frozen=True)
class FormPart:
    """A part of a form, on a page of its own: 一至七部分不得串页."""

    title: str
    note: str
    blocks: Sequence[Block]
    wide: bool = False  # on a page laid crosswise


@dataclass(frozen=True)
class PrintedForm:
    """A form that was filled in, as it is printed."""

    title: str
    under: str  # the line below the title: which cluster
    parts: Sequence[FormPart]
    day: date  # it was filed


@dataclass(frozen=True)
class Heading:
    """A heading of a draft; one of the second level may begin a page."""

    text: str
    level: int
    on_new_page: bool = False


@dataclass(frozen=True)
class Paragraph:
    """Sentences of a draft."""

    text: str


@dataclass(frozen=True)
class ToWrite:
    """A place where people write: marked, so that none is overlooked."""

    text: str


@dataclass(frozen=True)
class Grid:
    """A table within a draft."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Pictured:
    """Charts side by side as one picture."""

    charts: Sequence[tuple[str, Chart]]  # each with its title
    described: str  # for who does not see it


@dataclass(frozen=True)
class Draft:
    """A report that people finish."""

    title: str
    issuer: str
    day: date  # of the document's properties
    parts: Sequence[Heading | Paragraph | ToWrite | Grid | Pictured]


def docx(decision: Decision) -> bytes:
    """The Word document."""
    return word.written(decision)


def draft_docx(draft: Draft) -> bytes:
    """The Word document of a draft."""
    return essay.written(draft)


def pdf(decision: Decision) -> bytes:
    """The PDF: tagged, in Chinese, its fonts embedded as subsets."""
    return paper.printed(decision)


def table_pdf(table: Table) -> bytes:
    """The PDF of a table."""
    return paper.table(table)


def form_pdf(form: PrintedForm) -> bytes:
    """The PDF of a form."""
    return paper.form(form)
