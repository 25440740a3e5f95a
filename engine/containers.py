"""Containers: what lies inside a document that is a zip or an OLE file, told by its content and not by its name."""

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Final

from lxml import etree

from config.sentences import Said, said

MOST_ENTRIES = 2_000
LARGEST_UNPACKED = 1024 * 1024 * 1024  # as the directory tells it
SUSPICIOUS_UNPACKED = 64 * 1024 * 1024  # below this nobody asks how well it was packed
HIGHEST_RATIO = 100
LARGEST_PART = 4 * 1024 * 1024  # of the parts that are read whole: the list of types, the relationships
LARGEST_WITHIN = 64 * 1024 * 1024  # of a document within a document, which is looked into as well
MOST_READ = 256 * 1024 * 1024  # unpacked bytes that are read of one upload: documents in documents multiply
MEGABYTE = 1024 * 1024

OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP: Final = b"PK\x03\x04"

_MUST_HOLD = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "ofd": "OFD.xml"}
_WITHIN = (".docx", ".xlsx", ".pptx", ".vsdx")  # an embedded table or drawing
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".bz2", ".xz", ".tar", ".jar", ".cab", ".iso")
_PROGRAMS = (".exe", ".dll", ".com", ".bat", ".cmd", ".js", ".vbs", ".ps1", ".sh", ".msi", ".scr", ".hta", ".lnk")
_MACROS = (".docm", ".xlsm", ".pptm", ".dotm", ".xltm", ".xlsb", "vbaproject.bin")
_FONTS = (".odttf", ".fntdata")  # disguised by their format: their first bytes mean nothing
_PACKED_PICTURES = (".emz", ".wmz")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".webp", ".ico", ".wdp")
# Offices take a JPEG called .png without a word, so any picture will do where a picture is named.
_PICTURE_STARTS = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"II\xbc", b"RIFF",
    b"\x01\x00\x00\x00", b"\xd7\xcd\xc6\x9a", b"\x01\x00\x09\x00", b"\x02\x00\x09\x00", b"\x00\x00\x01\x00",
)  # fmt: skip
PROGRAM_STARTS = (
    b"MZ", b"\x7fELF", b"#!", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"\x4c\x00\x00\x00\x01\x14\x02\x00", b"ITSF", b"dex\n", b"\x00asm",
)  # fmt: skip
_ARCHIVE_STARTS = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"MSCF")
_END_OF_DIRECTORY = b"PK\x05\x06"

# Names of streams stand in an OLE file's directory as UTF-16: of a macro project, and of a file packed whole.
_MACRO_STREAMS = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "VBA_PROJECT_CUR"))
_PACKAGE_STREAM = "\x01Ole10Native".encode("utf-16-le")
_MACRO_TYPES = re.compile(r"vbaProject|vbaData|macroEnabled|macrosheet|activeX|ms-office\.attachedToolbars", re.I)
_LEFT_ALONE = ("/hyperlink", "/externalLinkPath")  # a person clicks, or is asked, before anything is fetched
_OF_THE_NET = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+:|file:/{2}[^/]|file:/{4,}|file:/*\\\\|[\\/]{2}", re.I)

_MACRO = said("含有宏或控件，请另存为不含宏的格式")
_PACKED = said("内含压缩包或可执行程序，请取出后再上传")
_LINKED = said("引用了网上的模板、对象或图片，打开时会联网；请断开链接或改为嵌入后再上传")
_DAMAGED = said("文件已损坏，无法打开")
_TOO_LARGE = said("解压后过大")
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, ValueError, OSError, EOFError)


class _TooMuch(Exception):
    """More would be read of an upload than any honest one holds."""


class _Reader:
    """Reads unpacked bytes until there were too many. Raises _TooMuch."""

    def __init__(self, left: int) -> None:
        self._left = left

    def read(self, opened: IO[bytes], most: int) -> bytes:
        chunk = opened.read(most)
        self._left -= len(chunk)
        if self._left < 0:
            raise _TooMuch
        return chunk


def problem(file: Path, kind: str) -> str | None:
    """Why this document is not taken, in a sentence; None if it is, or if it is no container."""
    size = file.stat().st_size
    reader = _Reader(size + MOST_READ)
    with file.open("rb") as opened:
        head = opened.read(8)
        opened.seek(0)
        try:
            if head.startswith(OLE):
                return _ole_problem(reader, opened)
            return _zip_problem(reader, opened, size, kind) if head.startswith(ZIP) else None
        except _TooMuch:
            return _TOO_LARGE


def misnamed(kind: str) -> Said:
    """For a file whose content is not what its ending says."""
    return said("内容与扩展名 .%(kind)s 不符", kind=kind)


def _zip_problem(reader: _Reader, opened: IO[bytes], packed: int, kind: str, *, within: bool = False) -> str | None:
    too_many = said("内含文件超过 %(most)s 个", most=MOST_ENTRIES)
    if _entries_claimed(opened, packed) > MOST_ENTRIES:
        return too_many
    try:
        with zipfile.ZipFile(opened) as container:
            entries = container.infolist()
            if len(entries) > MOST_ENTRIES:  # the directory claimed fewer
                return too_many
            found = next(_directory_problems(entries, packed, kind), None)
            looked = (_content_problem(reader, container, entry, within) for entry in entries)
            return found or next((text for text in looked if text), None)
    # RuntimeError: an entry that is encrypted after all; the others are how zipfile and lxml say "broken".
    except (*_BROKEN, RuntimeError, etree.XMLSyntaxError):
        return _DAMAGED


def _directory_problems(entries: list[zipfile.ZipInfo], packed: int, kind: str) -> Iterator[str]:
    """What the container's own words, sizes and names, give away."""
    names = [entry.filename for entry in entries]
    if kind in _MUST_HOLD and _MUST_HOLD[kind] not in names:
        yield misnamed(kind)
    if len({name.lower() for name in names}) < len(names):
        yield said("内含重名文件")  # which of the two a program opens is anybody's guess
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > LARGEST_UNPACKED or (unpacked > SUSPICIOUS_UNPACKED and unpacked > HIGHEST_RATIO * packed):
        yield _TOO_LARGE
    if any(entry.flag_bits & 1 for entry in entries):
        yield said("文件已加密，请去掉密码后再上传")
    yield from (text for name in names if (text := _name_problem(name)))


def _name_problem(name: str) -> str | None:
    lower = name.lower()
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or ".." in parts or "\x00" in name or re.match("[A-Za-z]:", name):
        return said("内含不安全的文件名")
    if lower.endswith(_MACROS):
        return _MACRO
    return _PACKED if lower.endswith((*_ARCHIVES, *_PROGRAMS)) else None


def _content_problem(reader: _Reader, container: zipfile.ZipFile, entry: zipfile.ZipInfo, within: bool) -> str | None:
    name = entry.filename.lower()
    with container.open(entry) as opened:
        head = reader.read(opened, 64)
        if head.startswith(ZIP):
            return _document_within(reader, opened, head, name, within)
        if head.startswith(OLE):
            return _ole_problem(reader, opened, head)
        if name == "[content_types].xml" or name.endswith(".rels"):
            return _part_problem(name, head + reader.read(opened, LARGEST_PART))
    return _start_problem(name, head)


def _start_problem(name: str, head: bytes) -> str | None:
    if name.endswith(_FONTS) or not head:
        return None
    if head.startswith(PROGRAM_STARTS):
        return _PACKED
    if head.startswith(_ARCHIVE_STARTS) and not name.endswith(_PACKED_PICTURES):
        return _PACKED
    if name.endswith(_PICTURES) and not head.startswith(_PICTURE_STARTS):
        return said("其中的图片“%(name)s”不是图片", name=name.rpartition("/")[2][:60])
    return None


def _document_within(reader: _Reader, opened: IO[bytes], head: bytes, name: str, within: bool) -> str | None:
    """A document embedded in the document; one more within that is more than an office needs."""
    if within or not name.endswith(_WITHIN):
        return _PACKED
    content = head + reader.read(opened, LARGEST_WITHIN)
    if len(content) > LARGEST_WITHIN:
        return _TOO_LARGE
    return _zip_problem(reader, BytesIO(content), len(content), name.rpartition(".")[2], within=True)


def _part_problem(name: str, content: bytes) -> str | None:
    """The list of types names macros whatever their files are called; a relationship may lead out to the net."""
    if len(content) > LARGEST_PART:
        return _TOO_LARGE
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    if root.getroottree().docinfo.internalDTD is not None:
        return _DAMAGED  # no office writes one
    for element in root.iter("{*}Override", "{*}Default", "{*}Relationship"):
        kind = element.get("ContentType") or element.get("Type") or ""
        if _MACRO_TYPES.search(kind):
            return _MACRO
        outside = element.get("TargetMode") == "External" and not kind.endswith(_LEFT_ALONE)
        if outside and name.endswith(".rels") and _OF_THE_NET.match((element.get("Target") or "").strip()):
            return _LINKED
    return None


def _ole_problem(reader: _Reader, opened: IO[bytes], begun: bytes = b"") -> str | None:
    """Read through once, a megabyte at a time, with enough of the last one to see a name across the seam."""
    seam = begun
    while chunk := reader.read(opened, MEGABYTE):
        piece = seam + chunk
        if any(name in piece for name in _MACRO_STREAMS):
            return _MACRO
        if _PACKAGE_STREAM in piece:
            return _PACKED
        seam = piece[-64:]
    return None


def _entries_claimed(opened: IO[bytes], size: int) -> int:
    """How many entries the directory says it has, before anything reads them all."""
    opened.seek(max(0, size - 65_557))  # the record and its longest comment
    tail = opened.read()
    opened.seek(0)
    at = tail.rfind(_END_OF_DIRECTORY)
    return int.from_bytes(tail[at + 10 : at + 12], "little") if at >= 0 else 0
