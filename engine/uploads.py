"""What may be uploaded: kinds by ending, and whether the content is what the ending says."""

import re
import unicodedata
import zipfile
from pathlib import Path
from types import MappingProxyType

MEDIA_TYPES = MappingProxyType(
    {
        "pdf": "application/pdf",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "png": "image/png",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "doc": "application/msword",
        "xls": "application/vnd.ms-excel",
        "wps": "application/wps-office.wps",
        "et": "application/wps-office.et",
        "ofd": "application/ofd",
        "txt": "text/plain",
        "csv": "text/csv",
    }
)

LONGEST_NAME = 150  # characters
MOST_ENTRIES = 2_000  # in a zip container
LARGEST_UNPACKED = 1024 * 1024 * 1024
SUSPICIOUS_UNPACKED = 64 * 1024 * 1024  # below this nobody asks how well it was packed
HIGHEST_RATIO = 100

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_STARTS = {
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "docx": (_ZIP,),
    "xlsx": (_ZIP,),
    "ofd": (_ZIP,),
    "doc": (_OLE,),
    "xls": (_OLE,),
    "wps": (_OLE, _ZIP),
    "et": (_OLE, _ZIP),
}
_MUST_HOLD = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "ofd": "OFD.xml"}
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".bz2", ".xz", ".tar", ".jar", ".cab", ".iso")
_PROGRAMS = (".exe", ".dll", ".com", ".bat", ".cmd", ".js", ".vbs", ".ps1", ".sh", ".msi", ".scr", ".hta")
_MACROS = (".docm", ".xlsm", ".dotm", ".xltm", ".xlsb", "vbaproject.bin")
_END_OF_DIRECTORY = b"PK\x05\x06"

# Control characters break headers and logs; the bidirectional ones make "fdp.exe" read as "exe.pdf".
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean_name(name: str) -> str:
    """The name alone, without folders and unseen characters, short enough, the ending kept."""
    name = _UNSEEN.sub("", unicodedata.normalize("NFC", name)).replace("\\", "/").rpartition("/")[2].strip(" .")
    if len(name) > LONGEST_NAME:
        stem, dot, tail = name.rpartition(".")
        name = stem[: LONGEST_NAME - len(tail) - 1] + dot + tail if len(tail) < 10 else name[:LONGEST_NAME]
    return name or "未命名"


def ending(name: str) -> str:
    """What stands after the last dot, in lower case; empty without one."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def problem(file: Path, name: str) -> str | None:
    """Why this file is not taken, in a sentence; None if it is. Reads the beginning and, of a container, the directory.

    Nothing is unpacked: sizes and names are the container's own words, and we never unpack it later.
    """
    kind = ending(name)
    if kind not in MEDIA_TYPES:
        return f"不接收 .{kind} 文件；可用 {'、'.join(MEDIA_TYPES)}" if kind else "文件名没有扩展名"
    with file.open("rb") as opened:
        head = opened.read(4096)
    if not _begins_right(kind, head):
        return f"内容与扩展名 .{kind} 不符"
    return _container_problem(file, kind) if head.startswith(_ZIP) else None


def _begins_right(kind: str, head: bytes) -> bool:
    if kind == "pdf":
        return b"%PDF-" in head[:1024]
    if kind in ("txt", "csv"):
        return b"\x00" not in head
    return head.startswith(_STARTS[kind])


def _container_problem(file: Path, kind: str) -> str | None:
    too_many = f"内含文件超过 {MOST_ENTRIES} 个"
    if _entries_claimed(file) > MOST_ENTRIES:
        return too_many
    try:
        with zipfile.ZipFile(file) as container:
            entries = container.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return "文件已损坏，无法打开"
    unpacked, packed = sum(entry.file_size for entry in entries), file.stat().st_size
    if len(entries) > MOST_ENTRIES:  # the directory claimed fewer
        found: str | None = too_many
    elif kind in _MUST_HOLD and all(entry.filename != _MUST_HOLD[kind] for entry in entries):
        found = f"内容与扩展名 .{kind} 不符"
    elif unpacked > LARGEST_UNPACKED or (unpacked > SUSPICIOUS_UNPACKED and unpacked > HIGHEST_RATIO * packed):
        found = "解压后过大"
    elif any(entry.flag_bits & 1 for entry in entries):
        found = "文件已加密，请去掉密码后再上传"
    else:
        found = next((text for entry in entries if (text := _entry_problem(entry.filename))), None)
    return found


def _entry_problem(name: str) -> str | None:
    lower = name.lower()
    if (
        name.startswith(("/", "\\"))
        or ".." in re.split(r"[/\\]", name)
        or "\x00" in name
        or re.match("[A-Za-z]:", name)
    ):
        return "内含不安全的文件名"
    if lower.endswith(_MACROS):
        return "含有宏，请另存为不含宏的格式"
    if lower.endswith((*_ARCHIVES, *_PROGRAMS)):
        return "内含压缩包或可执行程序，请取出后再上传"
    return None


def _entries_claimed(file: Path) -> int:
    """How many entries the directory says it has, before anything reads them all."""
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - 65_557))  # the record and its longest comment
        tail = opened.read()
    at = tail.rfind(_END_OF_DIRECTORY)
    return int.from_bytes(tail[at + 10 : at + 12], "little") if at >= 0 else 0
