"""The archive of a dossier: written piece by piece, and checked piece by piece."""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import said
from engine import archives, events
from engine.dossier import pages
from engine.dossier.parts import GROUPS, Dossier, Part, made

MANIFEST = "manifest.json"
FORMAT = 1


class Broken(JiqunError):
    """A file of the case is not there any more, or not as it was when it was uploaded."""

    code = "dossier_broken"


def written(dossier: Dossier, out: IO[bytes]) -> None:
    """Write the archive into `out`, a file one can go back in. Memory holds one file's piece at a time.

    Raises Broken where a file's bytes are not those that its row names.
    """
    parts = [
        made("", "index.html", "目录", pages.index(dossier.title, dossier.facts, dossier.parts, GROUPS)),
        made("", "style.css", "版式", pages.STYLE),
        *dossier.parts,
    ]
    pack(parts, {"format": FORMAT, "case": dossier.case_id, "title": dossier.title}, out)


def pack(parts: Sequence[Part], about: Mapping[str, Any], out: IO[bytes]) -> None:
    """Write an archive of these parts, and behind them the manifest: what it is about, and each file's size and hash.

    Raises Broken as `written`.
    """
    listed = [{"path": part.path, "size": part.size, "sha256": part.sha256} for part in parts]
    manifest = {**about, "files": listed}
    with zipfile.ZipFile(out, "w") as archive:
        for part in parts:
            if part.content is not None:
                archives.put(archive, part.path, part.content)
            else:
                _copy(archive, part)
        archives.put(archive, MANIFEST, (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode())


def note_taken(session: Session, by: str, dossier: Dossier, archive: IO[bytes]) -> None:
    """The record says who took this archive, of which case, with which bytes: it is full of personal data.

    In the chain of the installation and not among the entries of the case: those are in the dossier, which would be
    another one each time it is taken.
    """
    digest = hashlib.sha256()
    archive.seek(0)
    while chunk := archive.read(archives.CHUNK):
        digest.update(chunk)
    payload = {"case": dossier.case_id, "sha256": digest.hexdigest()}
    events.record(session, events.SYSTEM, by, "dossier.taken", payload=payload)


def problems(file: Path) -> list[str]:
    """What is wrong with an archive, in sentences; nothing when it is whole.

    Every file has the hash that the manifest names, nothing is missing and nothing was added; every entry of the
    record has the hash that its contents give.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return list(_problems(archive))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        return [f"无法读取：{error}"]


def _copy(archive: zipfile.ZipFile, part: Part) -> None:
    assert part.source is not None  # noqa: S101  # a part has bytes or a place
    digest, size = hashlib.sha256(), 0
    try:
        with part.source.open("rb") as source, archives.entry(archive, part.path, part.size) as out:
            while chunk := source.read(archives.CHUNK):
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
    except FileNotFoundError as error:
        raise Broken(
            said("文件“%(title)s”已不在数据目录中，请从备份恢复后再制作", title=part.title), file=part.path
        ) from error
    if (size, digest.hexdigest()) != (part.size, part.sha256):
        raise Broken(
            said("文件“%(title)s”的内容与登记的散列值不符，请从备份恢复后再制作", title=part.title), file=part.path
        )


def _problems(archive: zipfile.ZipFile) -> Iterator[str]:
    names = archive.namelist()
    if len(names) != len(set(names)):
        yield "同一路径出现两次"
    listed = _manifest(archive) if MANIFEST in names else None
    if listed is None:
        yield f"没有 {MANIFEST}，或者它不可读"
        return
    for name in sorted(set(names) - listed.keys() - {MANIFEST}):
        yield f"{name}：清单上没有，是后来加入的"
    for name in sorted(listed.keys() - set(names)):
        yield f"{name}：清单上有，卷宗中没有"
    for name in names:
        if name in listed and _sha256(archive, name) != listed[name]:
            yield f"{name}：内容被改动，与清单上的散列值不符"
    if "record.jsonl" in names:
        yield from _faults(archive)


def _manifest(archive: zipfile.ZipFile) -> dict[str, str] | None:
    try:
        read = json.loads(archive.read(MANIFEST))
        return {str(row["path"]): str(row["sha256"]) for row in read["files"]}
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with archive.open(name) as opened:
            while chunk := opened.read(archives.CHUNK):
                digest.update(chunk)
    except zipfile.BadZipFile:  # its own check sum does not hold
        return ""
    return digest.hexdigest()


def _faults(archive: zipfile.ZipFile) -> Iterator[str]:
    """Entries of the record that are not what their hashes say."""
    try:
        text = archive.read("record.jsonl").decode()
    except (zipfile.BadZipFile, UnicodeDecodeError):
        yield "record.jsonl：不可读"
        return
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        if not line:
            continue
        try:
            row: Mapping[str, Any] = json.loads(line)
            why = events.fault({**row, "at": datetime.fromisoformat(row["at"])})
        except (ValueError, KeyError, TypeError):
            why = "不可读"
        if why:
            yield f"record.jsonl 第 {number} 行：{why}"
