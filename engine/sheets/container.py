"""The file itself before openpyxl sees it: a small, honest xlsx without macros, document types or foreign encodings.

openpyxl reads some parts with lxml (entities off) and streams others with expat, which expands what a document type
declares. No part of a spreadsheet has one, so a part that does is refused before either looks.
"""

import io
import re
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lxml import etree
from openpyxl.utils.cell import coordinate_to_tuple

from config.sentences import said
from engine import containers, uploads

LARGEST = 10 * 1024 * 1024
LARGEST_UNPACKED = 16 * 1024 * 1024  # a thousand rows of seventeen columns take one
MOST_TAGS = 400_000  # … and seventy thousand tags; what they cost openpyxl is seconds, and memory by the gigabyte

_OLE = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"\x00\x00\x00<", b"\x4c\x6f\xa7\x94")  # UTF-16, -32, EBCDIC
_DECLARED: Final = re.compile(rb"^<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"']*)")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
BROKEN: Final = said("文件已损坏，无法打开；请用表格软件打开后另存为“Excel 工作簿（.xlsx）”再导入")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError)
_TOO_MUCH = said("文件解压后过大，请删去多余的空行、图片和其他工作表，另存后再导入")
_NOT_XLSX = said("这不是 .xlsx 表格，请用表格软件打开后另存为“Excel 工作簿（.xlsx）”再导入")


@dataclass
class Outline:
    """How far the cells of a sheet go, and its merged ranges: what openpyxl does not say of a sheet it streams."""

    last_row: int = 0
    last_column: int = 0
    merged: list[str] = field(default_factory=list)


def refusal(content: bytes) -> str | None:
    """Why this file is not read at all, in a sentence; None if it may be."""
    if not content:
        return said("文件是空的，请重新选择")
    if len(content) > LARGEST:
        megabytes = LARGEST // 1024 // 1024
        return said("文件超过 %(megabytes)s MB，请只保留要导入的表格，另存后再导入", megabytes=megabytes)
    if content.startswith(_OLE):
        return said("这是旧版 .xls 文件，或者设了打开密码；请在表格软件中去掉密码，另存为“Excel 工作簿（.xlsx）”再导入")
    if not content.startswith(_ZIP):
        return _NOT_XLSX
    return _size(content) or _upload(content) or _parts(content)


def outline(part: bytes) -> Outline:
    """Where a sheet's filled cells end, and what is merged; reads the XML of the sheet once."""
    found = Outline()
    row = column = 0
    events = etree.iterparse(io.BytesIO(part), events=("start", "end"), resolve_entities=False, no_network=True)
    for event, element in events:
        tag = element.tag.removeprefix(_MAIN) if isinstance(element.tag, str) else ""
        if event == "start" and tag == "row":
            row, column = int(element.get("r") or row + 1), 0
        elif event == "end" and tag == "c":
            column = coordinate_to_tuple(element.get("r", ""))[1] if element.get("r") else column + 1
            if len(element):  # a value, a text or a formula; a cell with a border only has none
                found.last_row = max(found.last_row, row)
                found.last_column = max(found.last_column, column)
        elif event == "end" and tag == "mergeCell":
            found.merged.append(element.get("ref", ""))
        if event == "end" and tag == "row":
            element.clear()
    return found


def _size(content: bytes) -> str | None:
    """Before anything is unpacked. Reading stops at the size that an entry claims, so the sum is a promise."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as container:
            unpacked = sum(entry.file_size for entry in container.infolist())
    except _UNREADABLE:
        return BROKEN
    if unpacked > LARGEST_UNPACKED:
        return _TOO_MUCH
    return None


def _upload(content: bytes) -> str | None:
    """What every uploaded file is asked: macros, programs, things fetched from the net."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sheet.xlsx")
        file.write_bytes(content)
        why = uploads.problem(file, file.name)
    if why is None:
        return None
    if why == containers.misnamed("xlsx"):
        return _NOT_XLSX
    return said("%(why)s；请在表格软件中另存为“Excel 工作簿（.xlsx）”再导入", why=why)


def _parts(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as container:
            tags = 0
            for entry in container.infolist():
                part = container.read(entry)
                tags += part.count(b"<")
                if not _honest(part):
                    return BROKEN
    except _UNREADABLE:
        return BROKEN
    return _TOO_MUCH if tags > MOST_TAGS else None


def _honest(part: bytes) -> bool:
    """Whether a part is either no XML at all, or UTF-8 without a document type."""
    text = part.removeprefix(_BOM)
    if not text.lstrip().startswith(b"<"):
        return not part.startswith(_OTHER_ENCODINGS)
    declared = _DECLARED.match(text)
    return (
        b"\x00" not in text
        and (declared is None or declared[1].lower() in (b"utf-8", b"us-ascii"))
        and b"<!DOCTYPE" not in text
        and b"<!ENTITY" not in text
    )
