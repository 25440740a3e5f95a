"""Archives whose bytes follow from their contents alone: entries in order, one moment, one mode."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

MOMENT = (1980, 1, 1, 0, 0, 0)  # the first that the format knows
CHUNK = 1024 * 1024  # bytes


@contextmanager
def entry(archive: zipfile.ZipFile, name: str, size: int) -> Iterator[IO[bytes]]:
    """Write an entry of `size` bytes piece by piece. `archive` has to be a file one can go back in.

    It is stored as it is: compressed bytes differ from one zlib to the next.
    """
    with archive.open(_about(name, size), "w") as opened:
        yield opened


def put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Write an entry whose content is at hand."""
    with entry(archive, name, len(content)) as opened:
        opened.write(content)


def settled(content: bytes) -> bytes:
    """The same archive with nothing in it of the moment and the machine that made it; its entries keep their order."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as made, zipfile.ZipFile(out, "w") as kept:
        for info in made.infolist():
            about = _about(info.filename, info.file_size)
            about.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(about, made.read(info))
    return out.getvalue()


def _about(name: str, size: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, MOMENT)
    info.compress_type = zipfile.ZIP_STORED
    info.create_system = 3  # Unix, wherever it is made
    info.external_attr = 0o644 << 16
    info.file_size = size  # above 2 GB the entry needs the longer header from the start
    return info
