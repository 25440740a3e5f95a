"""A table that comes from a spreadsheet with something wrong in it: told by row and column, and nothing changed."""

import io
import re
from collections.abc import Callable

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from playwright.sync_api import Page, expect

from tests import samples
from tests.browser.desk import Desk

FIRST = 5  # row of the sheet that holds the table's first


def _put(place: str, value: object) -> Callable[[Worksheet], None]:
    def put(sheet: Worksheet) -> None:
        sheet[place] = value

    return put


WRONG: dict[str, tuple[Callable[[Worksheet], None], str]] = {
    "a wrong column": (_put("B4", "法定代表人"), "第 4 行的表头“法定代表人”（B 列）：模板里这一列是“主营业务”"),
    "a column that is missing": (lambda sheet: sheet.delete_cols(2), "第 4 行的表头缺少“主营业务”"),
    "a formula": (_put("C6", "=C5*2"), "第 6 行“产值（亿元）第一年”（C 列）是公式，请粘贴为数值"),
    "a merged cell": (lambda sheet: sheet.merge_cells("B5:B7"), "第 5 行的 B5:B7 是合并单元格"),
    "a number as text": (_put("C7", "30亿"), "第 7 行“产值（亿元）第一年”（C 列）只填数字，不写单位"),
}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_sheet_is_told_by_row_and_column_and_brings_nothing(desk: Desk, what: str, scripts: bool) -> None:
    spoil, sentence = WRONG[what]
    page = desk.open("enterprises_table") if scripts else desk.without_scripts("enterprises_table")
    sheet = filled(page, spoil)
    page.get_by_role("link", name="导入表格").click()
    page.locator("[name=_sheet]").set_input_files([{"name": "企业.xlsx", "mimeType": "", "buffer": sheet}])
    page.get_by_role("button", name="上传并查看").click()
    expect(page).to_have_title(re.compile("^错误"))
    expect(page.locator("[data-summary] li").first).to_contain_text(sentence)
    if scripts:
        expect(page.locator("[data-summary]")).to_be_focused()
    expect(page.get_by_role("button", name="导入并替换")).to_have_count(0)
    assert "enterprises" not in desk.draft
    page.get_by_role("link", name="返回").last.click()
    expect(page.locator("h1")).to_have_text("企业发展情况表")


def filled(page: Page, spoil: Callable[[Worksheet], None]) -> bytes:
    """The form's own sheet, with three good rows in it and then this fault."""
    with page.expect_download() as fetched:
        page.get_by_role("link", name="下载填写表格").click()
    book = load_workbook(io.BytesIO(fetched.value.path().read_bytes()))
    sheet = book.worksheets[0]
    for number in range(3):
        row = samples.enterprise(f"虚构企业{number + 1}")
        for column, name in enumerate([cell.value for cell in sheet[3]], 1):
            value = row.get(str(name), "无")
            is_amount = str(name).startswith(("output", "rd_", "software", "exports"))
            sheet.cell(FIRST + number, column).value = float(value) if is_amount else value
    spoil(sheet)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()
