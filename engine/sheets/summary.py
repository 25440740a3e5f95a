"""A table of a document as an xlsx file: to be sent beside its printed sheet, with the same columns."""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from engine import archives
from engine.sheets.template import write

if TYPE_CHECKING:
    from engine.documents import Column

_THIN = Side(style="thin")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_MOMENT = datetime(*archives.MOMENT, tzinfo=UTC).replace(tzinfo=None)  # openpyxl wants it naive
_WIDTH = 4.5  # characters of a sheet's column for each share of a printed one


def summary(
    title: str, above: Sequence[str], columns: Sequence["Column"], entries: Sequence[Sequence[str]], most: int | None
) -> bytes:
    """The file's bytes, the same for the same table. `most`: characters that its last column takes; None: any."""
    book = Workbook()
    book.properties.creator, book.properties.title = "", title
    book.properties.created = book.properties.modified = _MOMENT
    sheet = book.worksheets[0]
    sheet.title = title[-31:]
    write(sheet, 1, 1, title).font = Font(bold=True, size=16)
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(columns))
    sheet["A1"].alignment = Alignment(horizontal="center")
    for row, line in enumerate(above, 2):
        write(sheet, row, 1, line)
    first = len(above) + 2
    for row, cells in enumerate([[column.title for column in columns], *entries], first):
        for place, (text, column) in enumerate(zip(cells, columns, strict=True), 1):
            cell = write(sheet, row, place, text)
            centred = row == first or column.centred
            cell.alignment = Alignment(horizontal="center" if centred else "left", vertical="center", wrap_text=True)
            cell.border, cell.font = _BORDER, Font(bold=row == first)
    for place, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width * _WIDTH
    if most is not None:
        _bounded(sheet, get_column_letter(len(columns)), first, len(entries), most)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", "9"  # A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0
    sheet.print_title_rows = f"{first}:{first}"
    filled = io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(filled, "w")).save()  # Workbook.save would write down when
    return archives.settled(filled.getvalue())


def _bounded(sheet: Worksheet, column: str, head: int, rows: int, most: int) -> None:
    """The column takes so many characters, as the spreadsheet itself tells."""
    refused = f"不得超过 {most} 字"
    check = DataValidation(type="textLength", operator="lessThanOrEqual", formula1=str(most), error=refused)
    check.showErrorMessage = True
    check.add(f"{column}{head + 1}:{column}{head + max(rows, 1)}")
    sheet.add_data_validation(check)
