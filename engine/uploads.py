"""What may be uploaded: kinds by ending, and whether the content is what the ending says."""

import re
import unicodedata
from pathlib import Path
from types import MappingProxyType

from config.sentences import enumerated, said
from engine import containers
from engine.containers import OLE, PROGRAM_STARTS, ZIP

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

_STARTS = {
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "docx": (ZIP,),
    "xlsx": (ZIP,),
    "ofd": (ZIP,),
    "doc": (OLE,),
    "xls": (OLE,),
    "wps": (OLE, ZIP),
    "et": (OLE, ZIP),
}

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
    """Why this file is not taken, in a sentence; None if it is. Of a container its parts are looked at as well.

    Nothing is unpacked to the disk, and nothing of it is ever carried out.
    """
    kind = ending(name)
    if kind not in MEDIA_TYPES:
        if not kind:
            return said("文件名没有扩展名")
        return said("不接收 .%(kind)s 文件；可用 %(kinds)s", kind=kind, kinds=enumerated(MEDIA_TYPES))
    with file.open("rb") as opened:
        head = opened.read(4096)
    if not _begins_right(kind, head):
        return containers.misnamed(kind)
    return containers.problem(file, kind)


def _begins_right(kind: str, head: bytes) -> bool:
    if kind == "pdf":
        return b"%PDF-" in head[:1024] and not head.startswith(PROGRAM_STARTS)  # some write a line before it
    if kind in ("txt", "csv"):
        return b"\x00" not in head
    return head.startswith(_STARTS[kind])
