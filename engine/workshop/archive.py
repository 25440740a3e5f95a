"""Files in and out (收发文件): a bundle as one archive, the same twice; and what an archive or single files bring."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from config.sentences import said
from engine import archives, xml
from engine.bundle import Files
from engine.errors import IntakeRefused, XmlRefused
from engine.workshop import intake

MAX_PACKED: Final = 20 * 1024 * 1024  # bytes of an archive
MAX_UNPACKED: Final = 40 * 1024 * 1024  # bytes of all its files together
MAX_ENTRIES: Final = 1_000
_FOLDERS: Final = ("forms", "letters", "examples")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    EOFError,
)


@dataclass(frozen=True)
class Brought:
    """What came: files by the name a bundle has them under, and the names of those that no bundle takes."""

    files: Mapping[str, bytes]
    left: Sequence[str]


def packed(files: Files) -> bytes:
    """The files as one archive: the same files make the same bytes, whenever and wherever."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in sorted(files.items()):
            archives.put(archive, name, content)
    return out.getvalue()


def brought(name: str, content: bytes) -> Brought:
    """What a file from outside brings: an archive, or one diagram, table, form, letter or file of numbers.

    A folder around everything is taken off. Names that lead out of the archive, too many or too large files and
    archives in disguise refuse the whole. Raises IntakeRefused.
    """
    if len(content) > MAX_PACKED:
        _refuse(name, said("压缩包有 %(size)s 字节，上限为 %(most)s；请分几次带入", size=len(content), most=MAX_PACKED))
    if not content.startswith(b"PK"):
        path = _single(name, content)
        return Brought({path: content}, ()) if intake.takes(path) else Brought({}, (name,))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _sorted(_unpacked(name, archive))
    except _BROKEN as error:
        raise _refusal(name, said("压缩包已损坏或加了密；请重新压缩后再带入")) from error


def _unpacked(name: str, archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_ENTRIES:
        _refuse(name, said("压缩包有 %(count)s 个文件，上限为 %(most)s", count=len(entries), most=MAX_ENTRIES))
    found: dict[str, bytes] = {}
    room = MAX_UNPACKED
    for entry in entries:
        path = entry.filename.replace("\\", "/")
        if path.startswith("/") or ":" in path or ".." in path.split("/") or not path.isprintable():
            _refuse(name, said("压缩包中的文件名 %(path)s 指向压缩包之外；请重新压缩", path=path[:100]))
        if path in found:
            _refuse(name, said("压缩包中有两个 %(path)s；请留一个", path=path[:100]))
        with archive.open(entry) as opened:  # what the directory says of sizes is not believed
            found[path] = opened.read(min(intake.MAX_BYTES, room) + 1)
        if len(found[path]) > intake.MAX_BYTES:
            raise intake.too_large(path, max(entry.file_size, len(found[path])))
        room -= len(found[path])
        if room < 0:
            _refuse(name, said("压缩包解开后超过 %(most)s 字节；请分几次带入", most=MAX_UNPACKED))
    return found


def _sorted(found: Mapping[str, bytes]) -> Brought:
    tops = {path.partition("/")[0] for path in found}
    if len(tops) == 1 and all("/" in path for path in found) and not tops & {*_FOLDERS}:
        found = {path.partition("/")[2]: content for path, content in found.items()}
    return Brought(
        {path: content for path, content in sorted(found.items()) if intake.takes(path)},
        tuple(path for path in sorted(found) if not intake.takes(path)),
    )


def _single(name: str, content: bytes) -> str:
    """Where a bundle has a file that comes alone: a diagram under its process's name, whatever it is called."""
    own = name.replace("\\", "/").rpartition("/")[2]
    if own.endswith(".bpmn"):
        try:
            process = xml.admitted(own, content).find(xml.tag("process"))
        except XmlRefused as refused:
            raise IntakeRefused(refused.message, **refused.facts) from refused
        return own if process is None else f"{process.get('id')}.bpmn"
    folder = {"json": "forms/", "txt": "letters/"}.get(own.rpartition(".")[2], "")
    return folder + own


def _refuse(name: str, why: str) -> None:
    raise _refusal(name, why)


def _refusal(name: str, why: str) -> IntakeRefused:
    told = said("%(place)s：%(why)s", place=name[:100], why=why)
    return IntakeRefused(told, file=name[:100], line=None, element="", rule="archive", why=why)
