"""A filled spreadsheet read back: its rows as answers, and what is wrong by row and column."""

import io
import logging
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import CellRange

from config.sentences import Said, enumerated, said
from engine.errors import FormInvalid
from engine.forms import Form
from engine.forms import messages as form_messages
from engine.sheets import columns as sheet_columns
from engine.sheets import container
from engine.sheets.columns import CHOICES, REQUIRED, Column, Unfit, folded
from engine.sheets.problems import Imported, SheetProblem

MOST_PROBLEMS = 500  # more of them help nobody
MOST_ROWS = 20_000  # of the sheet, blank ones too
MOST_COLUMNS = 200
HEADING_WITHIN = 20  # rows from the top

log = logging.getLogger(__name__)

# What openpyxl says of parts that we do not look at (validations, print settings) is of no use to anybody.
warnings.filterwarnings("ignore", module="openpyxl")


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: its value, the kind that the file says it is, and how it is shown."""

    value: Any
    kind: str  # as openpyxl calls it: "f" a formula, "e" an error, else number, text, date, truth
    shown_as: str


Row: TypeAlias = Sequence[Cell | None]


@dataclass
class Sheet:
    """One sheet of the file, its filled part as rows; the first row is row 1."""

    title: str
    rows: list[Row]
    merged: list[CellRange]


@dataclass
class Heading:
    """The row of headings: where it is, what stands in which column (from 0), and what is wrong with it."""

    row: int
    columns: dict[int, Column] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    problems: list[SheetProblem] = field(default_factory=list)


def read(form: Form, field: str, content: bytes) -> Imported:
    """The rows of a table from an xlsx file, read and checked as if they had been posted."""
    why = container.refusal(content)
    if why:
        return _refused(why)
    try:
        sheets, aside = _open(content)
    except _TooMuch as error:
        return _refused(error.why)
    except Exception:  # openpyxl answers a broken file with whatever it stumbled over
        log.info("a spreadsheet could not be read", exc_info=True)
        return _refused(container.BROKEN)
    columns = sheet_columns.of(form, field)
    for number, sheet in enumerate(sheets):
        heading = _heading(sheet.rows, columns)
        if heading:
            aside += [other.title for other in sheets[number + 1 :]]
            imported = _import(form, field, sheet, heading)
            return Imported(imported.rows, imported.problems, _left_aside(sheet, aside))
        aside.append(sheet.title)
    return _refused(said("没有找到表头，请下载本表的模板，在模板里填写后再导入，不要改动表头"))


def _left_aside(sheet: Sheet, others: Sequence[str]) -> list[str]:
    if not others:
        return []
    note = said(
        "只读取了工作表“%(sheet)s”，其他工作表没有读取：%(others)s", sheet=sheet.title, others=enumerated(others)
    )
    return [note]


def _refused(why: str) -> Imported:
    return Imported([], [SheetProblem(0, "", why)])


class _TooMuch(Exception):
    """The sheet goes on further than anybody fills in; `why` says so."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _open(content: bytes) -> tuple[list[Sheet], list[str]]:
    """The visible sheets with something in them, and the titles of the hidden ones."""
    book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)  # formulas stay formulas
    visible, hidden = [], []
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                hidden += [] if sheet.title == CHOICES else [sheet.title]
                continue
            outline = container.outline(package.read(vars(sheet)["_worksheet_path"]))
            if not outline.last_row:
                continue
            if outline.last_row > MOST_ROWS or outline.last_column > MOST_COLUMNS:
                raise _TooMuch(
                    said(
                        "工作表“%(sheet)s”的内容一直到%(column)s 列、第 %(row)s 行，请删去表格以外的内容后再导入",
                        sheet=sheet.title,
                        column=get_column_letter(outline.last_column),
                        row=outline.last_row,
                    )
                )
            rows = sheet.iter_rows(max_row=outline.last_row, max_col=outline.last_column)
            merged = [CellRange(reference) for reference in outline.merged[:MOST_PROBLEMS]]
            visible.append(Sheet(sheet.title, [[_cell(cell) for cell in row] for row in rows], merged))
    return visible, hidden


def _cell(cell: Any) -> Cell | None:
    value = cell.value
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    known = isinstance(value, str | bool | int | float | datetime | date | time | timedelta)
    shown_as = cell.number_format if isinstance(value, int | float) else ""
    return Cell(value, cell.data_type if known else "f", shown_as)


def _heading(rows: Sequence[Row], columns: Sequence[Column]) -> Heading | None:
    """The first row that reads like the headings, or like their hidden names; None if there is none."""
    enough = min(2, len(columns))
    names = {column.name: column for column in columns}
    titled: dict[str, list[Column]] = {}
    for column in columns:
        for name in column.names:
            titled.setdefault(name, []).append(column)
    machine: dict[int, Column] = {}
    for number, row in enumerate(rows[:HEADING_WITHIN], 1):
        texts = {place: str(cell.value) for place, cell in enumerate(row) if cell}
        by_name = {place: names[text] for place, text in texts.items() if text in names}
        if len(by_name) >= enough and not machine:
            machine = by_name
            continue
        by_title = sum(folded(text) in titled for text in texts.values())
        if by_title >= enough or (machine and by_title):
            return _recognised(number, texts, titled, machine, columns)
    return None


def _recognised(
    number: int,
    texts: Mapping[int, str],
    titled: Mapping[str, Sequence[Column]],
    machine: Mapping[int, Column],
    columns: Sequence[Column],
) -> Heading:
    """What each column is: as its heading says; the hidden name decides between namesakes and for an empty heading."""
    heading = Heading(number)
    for place in sorted(texts.keys() | machine.keys()):
        shown = texts.get(place, "").strip().removesuffix(REQUIRED)
        candidates = titled.get(folded(shown), ()) if shown else ()
        hidden = machine.get(place)
        if hidden and (hidden in candidates or not shown):
            column = hidden
        elif candidates:
            column = next((one for one in candidates if one not in heading.columns.values()), candidates[0])
        else:
            where = _where(shown, place)
            heading.problems.append(SheetProblem(number, where, _misplaced(number, where, hidden)))
            heading.titles[place] = where
            continue
        where = _where(column.heading, place)
        heading.titles[place] = where
        if column in heading.columns.values():
            message = said("第 %(row)s 行的表头%(where)s出现了两次，请只留一列", row=number, where=where)
            heading.problems.append(SheetProblem(number, where, message))
        else:
            heading.columns[place] = column
    for column in columns:
        if column not in heading.columns.values() and not any(column is machine.get(place) for place in heading.titles):
            title = said("“%(title)s”", title=column.heading)
            message = said("第 %(row)s 行的表头缺少%(title)s，请照模板补上这一列", row=number, title=title)
            heading.problems.append(SheetProblem(number, title, message))
    return heading


def _where(title: str, place: int) -> Said:
    """A column as the reader finds it."""
    return said("“%(title)s”（%(letter)s 列）", title=title, letter=get_column_letter(place + 1))


def _misplaced(row: int, where: str, hidden: Column | None) -> Said:
    """For a heading that is not the template's; `hidden` is the column that stands there by its hidden name."""
    if hidden is None:
        return said("第 %(row)s 行的表头%(where)s：本表没有这一列，请删去", row=row, where=where)
    return said(
        "第 %(row)s 行的表头%(where)s：模板里这一列是“%(title)s”，请改回", row=row, where=where, title=hidden.heading
    )


def _import(form: Form, field: str, sheet: Sheet, heading: Heading) -> Imported:
    problems = heading.problems + list(_merged(sheet, heading)) + list(_outside(sheet, heading))
    rows, numbers = [], []
    for number, row in enumerate(sheet.rows[heading.row :], heading.row + 1):
        if not any(row[place] for place in heading.columns):
            continue
        answers = {}
        for place, column in heading.columns.items():
            cell = row[place]
            if cell is None:
                continue
            try:
                answers[column.name] = _answer(column, cell)
            except Unfit as why:
                where = heading.titles[place]
                message = said("%(cell)s%(why)s", cell=_cell_at(number, where), why=why.why)
                problems.append(SheetProblem(number, where, message))
        rows.append(answers)
        numbers.append(number)
    schema = form.field(field)
    if not rows:
        message = said("表头下面没有内容，请从第 %(row)s 行起填写后再导入", row=heading.row + 1)
        problems.append(SheetProblem(0, "", message))
    elif len(rows) > schema["maxItems"]:
        over = numbers[schema["maxItems"]]
        message = said(
            "%(table)s最多 %(most)s 行，现有 %(count)s 行，请删去第 %(over)s 行起多出的部分",
            table=form_messages.label_of(schema),
            most=schema["maxItems"],
            count=len(rows),
            over=over,
        )
        problems.append(SheetProblem(over, "", message))
        rows = []
    else:
        rows, wrong = _checked(form, field, rows, numbers, heading)
        told = {(problem.row, problem.column) for problem in problems}
        problems += [one for one in wrong if (one.row, one.column) not in told]
    return Imported(rows, sorted(problems, key=lambda problem: problem.row)[:MOST_PROBLEMS])


def _answer(column: Column, cell: Cell) -> Any:
    if cell.kind == "f":
        raise Unfit(said("是公式，请粘贴为数值"))
    if cell.kind == "e":
        raise Unfit(said("是错误值 %(value)s，请改为确定的内容", value=cell.value))
    return sheet_columns.from_cell(column, cell.value, cell.shown_as)


def _merged(sheet: Sheet, heading: Heading) -> Iterator[SheetProblem]:
    """Merged cells hide which row an answer belongs to. Above the headings they hurt nobody."""
    for area in sheet.merged:
        touched = [title for place, title in heading.titles.items() if area.min_col <= place + 1 <= area.max_col]
        if area.max_row >= heading.row and touched:
            message = said(
                "第 %(row)s 行的 %(cells)s 是合并单元格，请取消合并，每一行都填写", row=area.min_row, cells=area.coord
            )
            yield SheetProblem(area.min_row, touched[0], message)


def _outside(sheet: Sheet, heading: Heading) -> Iterator[SheetProblem]:
    """Content in a column without a heading, told once a column."""
    told: set[int] = set()
    for number, row in enumerate(sheet.rows[heading.row :], heading.row + 1):
        for place, cell in enumerate(row):
            if cell and place not in heading.titles and place not in told:
                told.add(place)
                letter = get_column_letter(place + 1)
                message = said(
                    "第 %(row)s 行 %(letter)s 列有内容，但这一列没有表头，请移到相应的列或删去",
                    row=number,
                    letter=letter,
                )
                yield SheetProblem(number, said("%(letter)s 列", letter=letter), message)


def _checked(
    form: Form, field: str, rows: list[dict[str, Any]], numbers: Sequence[int], heading: Heading
) -> tuple[list[dict[str, Any]], list[SheetProblem]]:
    """The rows as a draft keeps them, and the form's own sentences with the rows numbered as the spreadsheet does."""
    try:
        kept, problems = form.check(field, rows)
    except FormInvalid as refused:
        kept, problems = [], refused.problems
    places = {column.name: heading.titles[place] for place, column in heading.columns.items()}
    found = []
    for problem in problems:
        at = re.match(r"\w+\[(\d+)\](?:\.(\w+))?", problem.field)
        if at and at[2] and at[2] not in places:
            continue  # its column is missing, which is told once
        row, where = (numbers[int(at[1])], places.get(at[2], "")) if at else (0, "")
        found.append(SheetProblem(row, where, _as_in_the_file(problem.message, numbers, where)))
    return kept, found


def _as_in_the_file(text: Any, numbers: Sequence[int], where: str) -> Any:
    """A sentence of the form with its rows numbered and its column called as in the spreadsheet."""
    if not isinstance(text, Said):
        return text
    facts = text.facts
    if "row" in facts:
        return said("第 %(row)s 行", row=numbers[facts["row"] - 1])
    if "place" in facts:
        return _cell_at(numbers[facts["place"].facts["row"] - 1], where)
    return Said(text.sentence, **{name: _as_in_the_file(fact, numbers, where) for name, fact in facts.items()})


def _cell_at(row: int, where: str) -> Said:
    return said("第 %(row)s 行%(where)s", row=row, where=where)
