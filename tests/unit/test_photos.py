"""When a photograph was taken: as its camera says, and nothing where it says nothing or what cannot be."""

import random
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import photos
from engine.clock import SHANGHAI
from tests.clock import StandingClock


def jpeg(original: str = "2025:07:08 10:15:30", offset: str = "", *, order: str = "<") -> bytes:
    """The beginning of a JPEG with these two Exif values, in either byte order."""
    texts = {0x9003: original.encode() + b"\x00"} | ({0x9011: offset.encode() + b"\x00"} if offset else {})
    inner_at = 8 + 2 + 12 + 4
    values_at = inner_at + 2 + 12 * len(texts) + 4
    entries, values = b"", b""
    for tag, text in texts.items():
        entries += struct.pack(f"{order}HHII", tag, 2, len(text), values_at + len(values))
        values += text
    tiff = {"<": b"II*\x00", ">": b"MM\x00*"}[order] + struct.pack(f"{order}I", 8)
    tiff += struct.pack(f"{order}HHHIII", 1, 0x8769, 4, 1, inner_at, 0)
    tiff += struct.pack(f"{order}H", len(texts)) + entries + struct.pack(f"{order}I", 0) + values
    part = b"Exif\x00\x00" + tiff
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    return b"\xff\xd8" + app0 + b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part + b"\xff\xda\x00\x02\xff\xd9"


def taken(folder: Path, content: bytes) -> datetime | None:
    file = folder / "photo"
    file.write_bytes(content)
    return photos.taken_at(file)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_cameras_own_clock_is_read_as_shanghais(order: str, tmp_path: Path, clock: StandingClock) -> None:
    assert taken(tmp_path, jpeg(order=order)) == datetime(2025, 7, 8, 10, 15, 30, tzinfo=SHANGHAI)


def test_a_camera_that_knows_its_zone_is_believed(tmp_path: Path, clock: StandingClock) -> None:
    assert taken(tmp_path, jpeg(offset="+00:00")) == datetime(2025, 7, 8, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xd9",
        jpeg("0000:00:00 00:00:00"),
        jpeg("1980:01:01 00:00:00"),
        jpeg("2026:03:03 00:00:00"),
        jpeg("yesterday at noon."),
        jpeg()[:60],
        jpeg().replace(b"II*", b"XX*"),
    ],
    ids=[
        "nothing",
        "a PNG",
        "no Exif",
        "zeros",
        "a clock never set",
        "tomorrow",
        "words",
        "cut short",
        "no byte order",
    ],
)
def test_where_nothing_credible_is_said_nothing_is_known(content: bytes, tmp_path: Path, clock: StandingClock) -> None:
    assert taken(tmp_path, content) is None


def test_damaged_pictures_never_break_anything(tmp_path: Path, clock: StandingClock) -> None:
    whole, chance = jpeg(offset="+08:00"), random.Random(20250708)
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        found = taken(tmp_path, bytes(damaged[: chance.randint(2, len(damaged))]))
        assert found is None or found.tzinfo is not None
