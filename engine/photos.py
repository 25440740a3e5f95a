"""Photographs: when the camera says that one was taken, read from the Exif part of a JPEG and nothing else of it."""

import struct
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from engine import clock

MOST_HEADER = 256 * 1024  # bytes that are looked at; Exif stands in the first 64 KB part behind the start
MOST_ENTRIES = 200  # of one directory; cameras write some dozens

_POINTER, _ORIGINAL, _OFFSET = 0x8769, 0x9003, 0x9011  # Exif 2.31: ExifIFD, DateTimeOriginal, OffsetTimeOriginal
_ASCII, _LONG = 2, 4
_SIZES = {_ASCII: 1, _LONG: 4}
_START_OF_SCAN, _APP1 = 0xDA, 0xE1


def taken_at(file: Path) -> datetime | None:
    """The moment a JPEG says it was taken; None for another file, without Exif, or for a moment that cannot be.

    A camera without an offset (Exif before 2.31) means the time on its own clock: read as Asia/Shanghai. What lies in
    the future or before 2000 is a clock that was never set, and says nothing.
    """
    with file.open("rb") as opened:
        head = opened.read(MOST_HEADER)
    try:
        tiff = _exif(head)
        if tiff is None:
            return None
        order, first = _byte_order(tiff)
        directory = _entries(tiff, order, first)
        inner = _entries(tiff, order, _number(order, directory[_POINTER])) if _POINTER in directory else {}
        moment = _moment(inner.get(_ORIGINAL, b""), inner.get(_OFFSET, b""))
    except (struct.error, ValueError):  # cut short, or made by somebody who tries us
        return None
    return moment if moment and moment.year >= 2000 and moment <= clock.now() else None


def _exif(head: bytes) -> bytes | None:
    """The TIFF structure inside the first Exif part."""
    if not head.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF and head[at + 1] != _START_OF_SCAN:
        (length,) = struct.unpack_from(">H", head, at + 2)
        part = head[at + 4 : at + 2 + length]
        if head[at + 1] == _APP1 and part.startswith(b"Exif\x00\x00"):
            return part[6:]
        at += 2 + max(length, 2)  # a length counts its own two bytes: so it always goes on
    return None


def _byte_order(tiff: bytes) -> tuple[str, int]:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        raise ValueError("no TIFF")
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    return order, first


def _entries(tiff: bytes, order: str, at: int) -> Mapping[int, bytes]:
    """Tag → the bytes of its value, of the texts and long numbers of one directory."""
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    found = {}
    for place in range(min(count, MOST_ENTRIES)):
        tag, kind, length = struct.unpack_from(f"{order}HHI", tiff, at + 2 + 12 * place)
        size = _SIZES.get(kind, 0) * length
        if not 0 < size <= 64:
            continue
        where = at + 2 + 12 * place + 8
        if size > 4:  # longer values stand elsewhere, and here is where
            (where,) = struct.unpack_from(f"{order}I", tiff, where)
        found[tag] = tiff[where : where + size]
    return found


def _number(order: str, value: bytes) -> int:
    (number,) = struct.unpack(f"{order}I", value)
    return int(number)


def _moment(original: bytes, offset: bytes) -> datetime | None:
    text, zone = (part.split(b"\x00")[0].decode("ascii", "replace").strip() for part in (original, offset))
    if not text:
        return None
    try:
        return datetime.strptime(f"{text} {zone}", "%Y:%m:%d %H:%M:%S %z")
    except ValueError:
        return datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
