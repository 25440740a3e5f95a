"""The xlsx template of a table: headings, formats and choices, and the rows that are already there."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from engine import clock
from engine.forms import Form
from engine.sheets import columns as sheet_columns
from engine.sheets.columns import CHOICES, DECIMALS, REQUIRED, WHOLES, Column

TITLE_ROW, HINT_ROW, NAME_ROW, HEADING_ROW, FIRST_ROW = 1, 2, 3, 4, 5  # the row of names is hidden, for us

_LONG = {"text", "long_text", "notice_text"}
# Two places are always shown, and a third that slipped in is seen before it is refused.
_FORMATS: Final = {
    **dict.fromkeys(DECIMALS, "0.00##"),
    **dict.fromkeys(WHOLES, "0"),
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
_THIN = Side(style="thin", color="FFBFC7D1")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEAD_FILL = PatternFill("solid", fgColor="FFE3ECF7")


def template(form: Form, field: str, answers: Mapping[str, Any] | None = None) -> bytes:
    """An xlsx file for the rows of a table, with the rows of `answers` filled in."""
    schema = form.field(field)
    columns = sheet_columns.of(form, field)
    rows = [row for row in (answers or {}).get(field) or [] if isinstance(row, Mapping)]
    book = Workbook()
    book.properties.creator = form.title
    book.properties.created = book.properties.modified = clock.now().replace(tzinfo=None)
    sheet = book.worksheets[0]
    sheet.title = re.sub(r"[\[\]:*?/\\]", " ", schema["title"])[:31]
    _headings(sheet, schema, columns)
    last_row = FIRST_ROW + schema["maxItems"] - 1
    for place, column in enumerate(columns, 1):
        _column(sheet, column, place, rows[: schema["maxItems"]], last_row)
    _choices(book, sheet, columns, last_row)
    _paper(sheet, len(columns))
    filled = io.BytesIO()
    book.save(filled)
    return filled.getvalue()


def _headings(sheet: Worksheet, schema: Mapping[str, Any], columns: Sequence[Column]) -> None:
    hint = (
        f"请从第 {FIRST_ROW} 行起填写，每行一项，最多 {schema['maxItems']} 行；带 * 的必填。"
        "数字不带单位和逗号，最多两位小数。"
        "从别的表格粘贴时请选“只粘贴数值”：不用公式，不合并单元格，不改动表头。"
    )
    write(sheet, TITLE_ROW, 1, schema["title"])
    write(sheet, HINT_ROW, 1, " ".join(filter(None, [schema.get("description"), hint])))
    sheet.cell(TITLE_ROW, 1).font = Font(bold=True, size=16)
    sheet.cell(HINT_ROW, 1).font = Font(color="FF5A6472")
    sheet.row_dimensions[TITLE_ROW].height = 28
    sheet.row_dimensions[NAME_ROW].hidden = True
    sheet.row_dimensions[HEADING_ROW].height = 48
    for place, column in enumerate(columns, 1):
        write(sheet, NAME_ROW, place, column.name)
        cell = write(sheet, HEADING_ROW, place, column.heading + (REQUIRED if column.required else ""))
        cell.font, cell.fill, cell.border = Font(bold=True), _HEAD_FILL, _BORDER
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.freeze_panes = f"B{FIRST_ROW}"


def _column(sheet: Worksheet, column: Column, place: int, rows: Sequence[Mapping[str, Any]], last_row: int) -> None:
    """The answers, the number format of the whole column, and what the spreadsheet itself refuses."""
    letter = get_column_letter(place)
    long, number = column.kind in _LONG, column.kind in _FORMATS
    shown_as = _FORMATS.get(column.kind, "@")  # in a column of text nothing is calculated, not even "=1+1"
    sheet.column_dimensions[letter].width = 44 if long else 14 if number or column.choices else 28
    sheet.column_dimensions[letter].number_format = shown_as
    for row, answers in enumerate(rows, FIRST_ROW):
        cell = write(sheet, row, place, sheet_columns.to_cell(column, answers.get(column.name)))
        cell.number_format = shown_as
        if long:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    check = None if column.choices else _validation(column, f"{letter}{FIRST_ROW}")
    if check:
        check.errorTitle, check.showErrorMessage = column.heading[:32], True
        check.add(f"{letter}{FIRST_ROW}:{letter}{last_row}")
        sheet.add_data_validation(check)


def _validation(column: Column, cell: str) -> DataValidation | None:
    least, most = column.schema.get("minimum"), column.schema.get("maximum")
    if column.kind in DECIMALS:
        fits = f"AND(ISNUMBER({cell}),ROUND({cell},2)={cell},{cell}>={least},{cell}<={most})"
        nothing = column.kind == "decimal_or_none"
        return DataValidation(
            type="custom",
            formula1=f'OR({cell}="无",{fits})' if nothing else fits,
            error=f"请填 {least} 至 {most} 的数字，不带单位，最多两位小数" + ("；没有的填“无”" if nothing else ""),
        )
    if column.kind in WHOLES:
        error = f"请填 {least} 至 {most} 的整数"
        return DataValidation(type="whole", operator="between", formula1=str(least), formula2=str(most), error=error)
    if column.kind == "date":
        day, error = "DATE(2000,1,1)", "请填日期，写成 2025-09-26 的样子"
        return DataValidation(type="date", operator="greaterThanOrEqual", formula1=day, error=error)
    if "maxLength" in column.schema:
        most = column.schema["maxLength"]
        error = f"不得超过 {most} 字"
        return DataValidation(type="textLength", operator="lessThanOrEqual", formula1=str(most), error=error)
    return None


def _choices(book: Workbook, sheet: Worksheet, columns: Sequence[Column], last_row: int) -> None:
    """The lists to choose from, on a hidden sheet."""
    chosen = [(place, column) for place, column in enumerate(columns, 1) if column.choices]
    if not chosen:
        return
    lists = book.create_sheet(CHOICES)
    lists.sheet_state = "hidden"
    for number, (place, column) in enumerate(chosen, 1):
        for row, label in enumerate(column.choices.values(), 1):
            write(lists, row, number, label)
        source, target = get_column_letter(number), get_column_letter(place)
        check = DataValidation(
            type="list",
            formula1=f"{CHOICES}!${source}$1:${source}${len(column.choices)}",
            allow_blank=not column.required,
            errorTitle=column.heading[:32],
            error="请从下拉选项中选择",
            showErrorMessage=True,
        )
        check.add(f"{target}{FIRST_ROW}:{target}{last_row}")
        sheet.add_data_validation(check)


def _paper(sheet: Worksheet, width: int) -> None:
    sheet.page_setup.orientation = "landscape" if width > 4 else "portrait"
    sheet.page_setup.paperSize = "9"  # A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0
    sheet.print_title_rows = f"{HEADING_ROW}:{HEADING_ROW}"


def write(sheet: Worksheet, row: int, place: int, value: Any) -> Cell:
    """The value; text stays text, so that nobody's "=1+1" or "#N/A" is calculated by the reader's spreadsheet."""
    cell = cast(Cell, sheet.cell(row, place))  # nothing is merged here
    cell.value = value
    if isinstance(value, str):
        cell.value = re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", value)  # xlsx has its own way to write "_x000D_"
        cell.data_type = "s"
    return cell
