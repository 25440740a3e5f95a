"""The spreadsheet of a table: filled in and read back, and each thing that people do to a spreadsheet."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from engine import bundle, clock, forms, sheets
from engine.forms.kinds import KINDS
from engine.sheets import container
from tests import samples

FILES = bundle.shipped("qingyuan")
FORM = forms.parse(FILES["forms/application.json"])
TABLE = "enterprises"
FIRST = 5  # the row under the headings
TABLES = [
    (name, field)
    for name in sorted(FILES)
    if name.startswith("forms/")
    for field in sorted(forms.parse(FILES[name]).fields())
    if "properties" in forms.parse(FILES[name]).field(field).get("items", {})
]


@pytest.fixture(autouse=True)
def _the_samples_day() -> Iterator[None]:
    with clock.replaced_by(lambda: samples.MOMENT):
        yield


def enterprises(count: int = 3) -> list[dict[str, Any]]:
    return [
        samples.enterprise(f"云溪县虚构铝业（第{number}号）有限公司", remark="无") for number in range(1, count + 1)
    ]


def edited(edit: Callable[[Worksheet], Any], *, count: int = 3, form: forms.Form = FORM, field: str = TABLE) -> bytes:
    """The template with rows in it, after somebody had it open."""
    book = load_workbook(io.BytesIO(sheets.template(form, field, {field: enterprises(count)})))
    edit(book.worksheets[0])
    return saved(book)


def saved(book: Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def imported(edit: Callable[[Worksheet], Any], **more: Any) -> sheets.Imported:
    return sheets.read(FORM, TABLE, edited(edit, **more))


def told(edit: Callable[[Worksheet], Any], **more: Any) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.message) for one in imported(edit, **more).problems]


def put(**cells: Any) -> Callable[[Worksheet], None]:
    """An edit that writes values, or a value with its number format."""

    def edit(sheet: Worksheet) -> None:
        for place, value in cells.items():
            bare, shown_as = value if isinstance(value, tuple) else (value, "General")
            sheet[place].value = bare
            sheet[place].number_format = shown_as

    return edit


def same(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with their numbers as numbers: 12.50 and 12.5 are the same answer."""
    return [
        {name: Decimal(str(value)) if str(value).replace(".", "").isdigit() else value for name, value in row.items()}
        for row in rows
    ]


def answer(schema: dict[str, Any], number: int) -> Any:
    """Some right answer of a cell."""
    match schema["x-kind"]:
        case "choice":
            return schema["enum"][number % len(schema["enum"])]
        case "yes_no":
            return True
        case "case" | "whole":
            return 40 + number
        case "decimal" | "percent":
            return f"{number}.25"
    return f"第{number}项：补正“产值”一栏\n=1+1" if schema["x-kind"] == "text" else f"第{number}项，=1+1"


# ---- there and back ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "field"), TABLES)
def test_every_table_goes_into_a_sheet_and_comes_back(name: str, field: str) -> None:
    form = forms.parse(FILES[name])
    columns = form.field(field)["items"]["properties"]
    rows = [{column: answer(schema, number) for column, schema in columns.items()} for number in range(1, 4)]
    back = sheets.read(form, field, sheets.template(form, field, {field: rows}))
    assert (same(back.rows), back.problems, back.notes) == (same(rows), [], [])


def test_the_tables_of_the_shipped_forms_are_all_tried() -> None:
    assert ("forms/application.json", "enterprises") in TABLES
    assert len(TABLES) >= 5


def test_a_template_filled_by_hand_is_read_like_posted_answers() -> None:
    book = load_workbook(io.BytesIO(sheets.template(FORM, TABLE)))
    row = ["云溪县𠮷祥铝业有限公司", "特种铝型材", *[Decimal("2.10")] * 12, 320, 41, "“无”"]
    for place, value in enumerate(row, 1):
        book.worksheets[0].cell(FIRST, place).value = value
    read = sheets.read(FORM, TABLE, saved(book))
    assert read.problems == []
    assert read.rows[0] == FORM.check(TABLE, read.rows)[0][0]
    assert read.rows[0]["name"] == "云溪县𠮷祥铝业有限公司"
    assert read.rows[0]["staff"] == 320


def test_a_template_says_how_to_fill_it_and_keeps_its_headings_in_sight() -> None:
    book = load_workbook(io.BytesIO(sheets.template(FORM, "other_targets")))
    sheet = book.worksheets[0]
    assert (sheet["A1"].value, sheet["A4"].value, sheet["B4"].value) == ("自行增加的指标", "方向 *", "指标 *")
    assert "第 5 行" in sheet["A2"].value
    assert "没有增加的，不填。" in sheet["A2"].value
    assert sheet.freeze_panes == "B5"
    assert sheet.row_dimensions[3].hidden
    lists = book["choices"]
    assert lists.sheet_state == "hidden"
    assert [cell.value for cell in lists["A"]][:2] == ["主导产业", "创新"]
    assert {check.type for check in sheet.data_validations.dataValidation} == {"list", "textLength"}
    assert sheet.column_dimensions["C"].number_format == "@"


def test_what_a_spreadsheet_would_calculate_stays_text() -> None:
    names = ["=1+1", '=HYPERLINK("http://example.invalid")', "+86", "-1", "@SUM(A1)", "#N/A", "_x000D_"]
    rows = [samples.enterprise(name, output_1="=2*3") for name in names]
    content = sheets.template(FORM, TABLE, {TABLE: rows})
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    kinds = {cell.data_type for row in sheet.iter_rows(min_row=FIRST, max_row=FIRST + 6, max_col=3) for cell in row}
    assert kinds == {"s"}
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")
    assert [row["name"] for row in sheets.read(FORM, TABLE, content).rows] == names


def test_an_unreadable_draft_goes_into_the_template_as_it_was_typed() -> None:
    content = sheets.template(FORM, TABLE, {TABLE: [{"name": "甲", "output_1": "30亿", "staff": True}, "不是行"]})
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert [sheet["A5"].value, sheet["C5"].value, sheet["O5"].value] == ["甲", "30亿", "true"]


def test_columns_are_found_where_they_were_moved_to_and_under_english_headings() -> None:
    book, own = load_workbook(io.BytesIO(edited(put()))), Workbook()
    columns = list(book.worksheets[0].iter_cols(min_row=4, values_only=True, max_row=7))
    for place, column in enumerate(reversed(columns), 1):
        for row, value in enumerate(column, 1):
            own.worksheets[0].cell(row, place).value = value
    own.worksheets[0].cell(1, len(columns)).value = "Enterprise"
    read = sheets.read(FORM, TABLE, saved(own))
    assert (same(read.rows), read.problems) == (same(enterprises()), [])


def test_blank_rows_are_skipped_and_the_others_keep_their_numbers() -> None:
    def edit(sheet: Worksheet) -> None:
        sheet.insert_rows(6, 3)
        sheet["A7"] = "　 "
        sheet["C9"] = "30亿"

    read = imported(edit)
    assert [row["name"] for row in read.rows] == [row["name"] for row in enterprises()]
    assert [(one.row, one.column) for one in read.problems] == [(9, "“产值（亿元）第一年”（C 列）")]


# ---- numbers, days, text -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (2.1, "2.1"),
        (0.1 + 0.2, "0.3"),  # 0.30000000000000004 in the file, 0.3 on the screen
        (1.1000000000000001, "1.1"),
        (Decimal("12.50"), "12.5"),
        ("12.50", "12.50"),  # typed behind an apostrophe
        ((1200, "#,##0"), "1200"),
        ((1200.5, '#,##0.00"亿元"'), "1200.5"),
        ((3, "0.00_);[Red]\\(0.00\\)"), "3"),
        (99999999999.99, "99999999999.99"),
        ("1,200", "1200"),
        ("１，２００．５", "1200.5"),
    ],
)
def test_a_number_is_kept_as_the_sheet_shows_it(value: Any, kept: str) -> None:
    read = imported(put(C5=value))
    assert (read.problems, read.rows[0]["output_1"]) == ([], kept)


C5 = "“产值（亿元）第一年”（C 列）"
IT = f"第 5 行{C5}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("=A1*2", f"{IT}是公式，请粘贴为数值"),
        ("30亿", f"{IT}只填数字，不写单位；本栏以亿元计，现为“30亿”，请换算后填写"),
        ("1,20", f"{IT}应填数字，不带单位和逗号，例如 12.50"),
        (12.345, f"{IT}最多保留小数点后 2 位，现有 3 位，请修改（系统不作四舍五入）"),
        ((12.345, "0.00"), f"{IT}最多保留小数点后 2 位，现有 3 位，请修改（系统不作四舍五入）"),
        (-1, f"{IT}不得小于 0，现为 -1，请核对"),
        (True, f"{IT}应填数字，不带单位和逗号，例如 12.50"),
        ((0.3, "0%"), f"{IT}按百分比显示（30%），请把单元格设为常规格式，再填 30"),
        ((12000, "0.00,"), f"{IT}显示的不是原数（原数为 12000），请把单元格设为常规格式后核对"),
        ((12000, "0\\.0,"), f"{IT}显示的不是原数（原数为 12000），请把单元格设为常规格式后核对"),
        (
            (date(2025, 3, 1), "yyyy/m/d"),
            f"{IT}应是数字，现为日期或时间（2025-03-01），请把单元格设为常规格式后重新填写",
        ),
        ("#DIV/0!", f"{IT}是错误值 #DIV/0!，请改为确定的内容"),
        (None, f"请填写{IT}"),
    ],
)
def test_a_wrong_number_is_told_with_its_row_and_column(value: Any, message: str) -> None:
    assert told(put(C5=value)) == [(5, C5, message)]


def test_an_array_formula_is_a_formula_too() -> None:
    from openpyxl.worksheet.formula import ArrayFormula

    problems = told(put(C5=ArrayFormula("C5", "=SUM(D5:E5)"), D6="=E6"))
    assert [(row, message.rpartition("”")[2]) for row, _column, message in problems] == [
        (5, "（C 列）是公式，请粘贴为数值"),
        (6, "（D 列）是公式，请粘贴为数值"),
    ]


@pytest.mark.parametrize(
    ("value", "kept"), [(20250312, "20250312"), (12.5, "12.5"), ((7, "0"), "7"), ("  无\u3000", "无")]
)
def test_a_number_in_a_column_of_text_is_its_digits(value: Any, kept: str) -> None:
    read = imported(put(B5=value))
    assert (read.problems, read.rows[0]["main_business"]) == ([], kept)


@pytest.mark.parametrize("value", [(0.3, "0%"), (12345678901234567890, "General"), (date(2025, 3, 1), "yyyy-mm-dd")])
def test_text_that_the_sheet_turned_into_something_else_is_refused(value: Any) -> None:
    [(row, column, message)] = told(put(B5=value))
    assert (row, column) == (5, "“主营业务”（B 列）")
    assert message.endswith("请把单元格设为文本格式后重新填写")


def every_kind() -> forms.Form:
    """A form with a table of the kinds that no shipped table has."""
    import json

    used = ("line", "yes_no", "date", "moment", "year", "decimal_or_none", "percent", "file")
    columns = {kind: {"$ref": f"#/$defs/{kind}", "title": f"栏目 {kind}"} for kind in used}
    columns["percent"]["x-ui"] = {"unit": "%"}  # type: ignore[assignment]
    rows = {"type": "object", "additionalProperties": False, "required": ["line"], "properties": columns}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "小表",
        "type": "object",
        "additionalProperties": False,
        "properties": {"things": {"title": "各类[栏目]/表", "type": "array", "items": rows, "maxItems": 4}},
        "$defs": {kind: KINDS[kind] for kind in used},
    }
    return forms.parse(json.dumps(document, ensure_ascii=False).encode())


RIGHT: dict[str, Any] = {
    "line": "甲",
    "yes_no": False,
    "date": "2025-09-26",
    "moment": "2025-09-26T17:30:00+08:00",
    "year": 2025,
    "decimal_or_none": "无",
    "percent": "30",
}


def test_every_kind_of_cell_goes_into_a_sheet_and_comes_back() -> None:
    form = every_kind()
    content = sheets.template(form, "things", {"things": [RIGHT | {"file": "0" * 32}]})
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert sheet["C5"].value.date() == date(2025, 9, 26)
    assert [cell.value for cell in sheet[4]][-1] == "栏目 percent（%）"  # no cell can hold a file
    assert sheets.read(form, "things", content) == sheets.Imported([RIGHT])


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("B5", "也许", "第 5 行“栏目 yes_no”（B 列）请选择“是”或“否”"),
        (
            "C5",
            (45926.73, "yyyy-mm-dd"),
            "第 5 行“栏目 date”（C 列）应是日期，不带时间，请改为 2025-09-26 的样子",
        ),
        ("C5", 45926, "第 5 行“栏目 date”（C 列）应写成 2025-09-26 的样子，且确有这一天"),
        ("C5", "2025年9月", "第 5 行“栏目 date”（C 列）应写成 2025-09-26 的样子，且确有这一天"),
        ("E5", 2025.5, "第 5 行“栏目 year”（E 列）应填整数"),
        (
            "G5",
            (0.3, "0.00%"),
            "第 5 行“栏目 percent（%）”（G 列）按百分比显示（30%），请把单元格设为常规格式，再填 30",
        ),
    ],
)
def test_a_wrong_cell_of_another_kind(place: str, value: Any, message: str) -> None:
    form = every_kind()
    book = load_workbook(io.BytesIO(sheets.template(form, "things", {"things": [RIGHT]})))
    put(**{place: value})(book.worksheets[0])
    assert [one.message for one in sheets.read(form, "things", saved(book)).problems] == [message]


def test_choices_are_chosen_by_their_words() -> None:
    content = sheets.template(FORM, "other_targets")
    book = load_workbook(io.BytesIO(content))
    for row, direction in enumerate(["绿色化", "green", "黑色"], FIRST):
        for place, value in enumerate([direction, "单位产值能耗", "0.35", "30%"], 1):
            book.worksheets[0].cell(row, place).value = value
    read = sheets.read(FORM, "other_targets", saved(book))
    assert [row["direction"] for row in read.rows[:2]] == ["green", "green"]
    assert read.rows[0]["goal"] == "30%"
    assert [(one.row, one.message[:19]) for one in read.problems] == [(7, "第 7 行“方向”（A 列）请从这些选")]


# ---- the table as a whole ----------------------------------------------------------------------


def test_rows_that_say_the_same_twice_are_told_by_the_numbers_of_the_sheet() -> None:
    def edit(sheet: Worksheet) -> None:
        sheet.insert_rows(6)
        sheet["A8"] = sheet["A5"].value

    [(row, column, message)] = told(edit)
    assert (row, column) == (8, "“企业名称”（A 列）")
    assert message == "第 8 行与第 5 行重复，请只留一行"


def test_merged_cells_are_refused_in_the_table_and_welcome_above_it() -> None:
    assert told(lambda sheet: sheet.merge_cells("A1:Q1")) == []
    problems = told(lambda sheet: sheet.merge_cells("B5:B7"))
    assert problems[0] == (5, "“主营业务”（B 列）", "第 5 行的 B5:B7 是合并单元格，请取消合并，每一行都填写")


def test_more_rows_than_the_form_takes() -> None:
    read = imported(put(), count=1000)
    assert (len(read.rows), read.problems) == (1000, [])

    def one_more(sheet: Worksheet) -> None:
        for row in (1005, 1006):
            for place in range(1, 18):
                sheet.cell(row, place).value = sheet.cell(5, place).value

    assert told(one_more, count=1000) == [
        (1005, "", "“企业发展情况表”最多 1000 行，现有 1002 行，请删去第 1005 行起多出的部分")
    ]


def test_a_missing_a_foreign_and_a_doubled_column() -> None:
    def drop(sheet: Worksheet) -> None:
        sheet.delete_cols(2)

    assert told(drop) == [(4, "“主营业务”", "第 4 行的表头缺少“主营业务”，请照模板补上这一列")]
    added = told(put(R4="法定代表人", R5="张三"))
    assert added == [(4, "“法定代表人”（R 列）", "第 4 行的表头“法定代表人”（R 列）：本表没有这一列，请删去")]
    changed = told(put(B4="法定代表人"))
    assert changed == [
        (4, "“法定代表人”（B 列）", "第 4 行的表头“法定代表人”（B 列）：模板里这一列是“主营业务”，请改回")
    ]
    assert told(put(R4="企业名称")) == [
        (4, "“企业名称”（R 列）", "第 4 行的表头“企业名称”（R 列）出现了两次，请只留一列")
    ]
    assert told(put(S6="合计")) == [(6, "S 列", "第 6 行 S 列有内容，但这一列没有表头，请移到相应的列或删去")]


def test_a_heading_left_empty_is_known_by_its_hidden_name() -> None:
    assert told(put(B4=None)) == []


def test_a_sheet_without_rows_or_headings_says_what_to_do() -> None:
    empty = sheets.read(FORM, TABLE, sheets.template(FORM, TABLE))
    assert [one.message for one in empty.problems] == ["表头下面没有内容，请从第 5 行起填写后再导入"]
    own = Workbook()
    own.worksheets[0]["A1"] = "公司"
    assert "没有找到表头" in sheets.read(FORM, TABLE, saved(own)).problems[0].message


def test_other_sheets_are_left_aside_and_named() -> None:
    book = load_workbook(io.BytesIO(edited(put())))
    book.create_sheet("说明", 0)["A1"] = "请先看这里"
    book.create_sheet("旧数据")["A1"] = "=1"
    book.create_sheet("隐藏的").sheet_state = "hidden"
    read = sheets.read(FORM, TABLE, saved(book))
    assert (len(read.rows), read.problems) == (3, [])
    assert read.notes == ["只读取了工作表“企业发展情况表”，其他工作表没有读取：隐藏的、说明、旧数据"]


def test_content_far_outside_is_refused_not_read_for_minutes() -> None:
    start = time.monotonic()
    [(_, _, message)] = told(put(A1048576="末行"))
    assert "第 1048576 行" in message
    [(_, _, message)] = told(put(XFD6="末列"))
    assert "XFD 列" in message
    assert time.monotonic() - start < 3


# ---- the file itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "文件是空的"),
        ("企业名称,主营业务\n甲,乙".encode(), "另存为“Excel 工作簿（.xlsx）”"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "旧版 .xls"),
        (b"PK\x03\x04" + bytes(600), "已损坏"),
        (b"PK\x05\x06" + bytes(18), "另存为"),
    ],
)
def test_what_is_no_xlsx_is_told_how_to_become_one(content: bytes, says: str) -> None:
    read = sheets.read(FORM, TABLE, content)
    assert read.rows == []
    assert says in read.problems[0].message


def repacked(changes: dict[str, bytes | None], extra: dict[str, bytes] | None = None) -> bytes:
    """The filled template with some of its parts replaced, left out or added."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(edited(put()))) as package, zipfile.ZipFile(result, "w", 8) as target:
        for name in package.namelist():
            part = changes.get(name, package.read(name))
            if part is not None:
                target.writestr(name, part)
        for name, part in (extra or {}).items():
            target.writestr(name, part)
    return result.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_macro_a_bomb_and_a_broken_part_are_refused() -> None:
    assert sheets.read(FORM, TABLE, repacked({})).problems == []
    assert "含有宏" in sheets.read(FORM, TABLE, repacked({}, {"xl/vbaProject.bin": b"x"})).problems[0].message
    start = time.monotonic()
    bomb = repacked({}, {"xl/media/image1.png": bytes(container.LARGEST_UNPACKED)})
    assert "解压后过大" in sheets.read(FORM, TABLE, bomb).problems[0].message
    assert time.monotonic() - start < 2
    many = repacked({}, {"xl/many.xml": b"<a>" + b"<b/>" * container.MOST_TAGS + b"</a>"})
    assert "解压后过大" in sheets.read(FORM, TABLE, many).problems[0].message
    for part in (b"<worksheet", b"", b"<worksheet/>"):
        assert sheets.read(FORM, TABLE, repacked({SHEET: part})).problems
    for name in (SHEET, "xl/styles.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
        assert sheets.read(FORM, TABLE, repacked({name: None})).problems, name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-7"])
@pytest.mark.parametrize("part", [SHEET, "xl/styles.xml", "xl/workbook.xml", "docProps/core.xml"])
def test_a_document_type_is_refused_whatever_it_is_written_in(part: str, encoding: str) -> None:
    with zipfile.ZipFile(io.BytesIO(edited(put()))) as package:
        text = package.read(part).decode().partition("?>")[2] or package.read(part).decode()
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>{text}'
    read = sheets.read(FORM, TABLE, repacked({part: text.encode(encoding)}))
    assert [one.message for one in read.problems] == [container.BROKEN]


def test_a_row_number_beyond_all_sheets_is_refused_at_once() -> None:
    with zipfile.ZipFile(io.BytesIO(edited(put()))) as package:
        part = package.read(SHEET)
    far = part.replace(b'<row r="7"', b'<row r="999999999"')
    assert far != part
    start = time.monotonic()
    assert sheets.read(FORM, TABLE, repacked({SHEET: far})).problems
    assert time.monotonic() - start < 1


def test_a_thousand_rows_are_read_in_seconds() -> None:
    content = sheets.template(FORM, TABLE, {TABLE: enterprises(1000)})
    start = time.monotonic()
    assert len(sheets.read(FORM, TABLE, content).rows) == 1000
    assert time.monotonic() - start < 10  # about half a second on an idle machine
