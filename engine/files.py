"""Files: uploads, kept in the data folder under their hash; the row comes after the bytes."""

import hashlib
import io
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import said
from engine import access, clock, deployments, events, photos, uploads
from engine import scanner as malware
from engine.access import Actor
from engine.db import Database
from engine.errors import NotFound, Refused
from engine.models import Case, StoredFile, Task

MEGABYTE = 1024 * 1024
ORPHAN_SECONDS = 3600  # bytes without a row are an upload that never ended, after this long


class FileRefused(JiqunError):
    """An upload of a kind, size or content that is not taken."""

    code = "file_refused"


class FileTooLarge(FileRefused):
    """An upload over the limit."""

    code = "file_too_large"


@dataclass(frozen=True)
class Received:
    """Bytes that lie safely in the data folder, and have no row yet."""

    name: str
    media_type: str
    sha256: str
    size: int  # bytes
    taken_at: datetime | None = None  # of a photograph, as its camera says


def receive(folder: Path, stream: IO[bytes], name: str, *, megabytes: int, scanner: str) -> Received:
    """Take an upload's bytes: hashed while they come, synced, then moved under their hash. Touches no database.

    `scanner` is the setting of that name. Raises FileRefused, FileTooLarge, ScanFailed; then nothing stays behind.
    """
    name = uploads.clean_name(name)
    waiting = folder / "incoming" / secrets.token_hex(16)
    waiting.parent.mkdir(parents=True, exist_ok=True)
    try:
        sha256, size = _copy(stream, waiting, megabytes)
        problem = uploads.problem(waiting, name)
        if problem:
            raise FileRefused(said("“%(name)s”不能上传：%(problem)s", name=name, problem=problem))
        if malware.finds(scanner, waiting):
            raise FileRefused(
                said("“%(name)s”不能上传：病毒扫描发现可疑内容；请查杀后再上传，或改用 PDF 扫描件", name=name)
            )
        taken_at = photos.taken_at(waiting)
        _settle(waiting, path(folder, sha256))
    finally:
        waiting.unlink(missing_ok=True)
    return Received(name, uploads.MEDIA_TYPES[uploads.ending(name)], sha256, size, taken_at)


def add(session: Session, actor: Actor, received: Received, *, organisation_code: str = "") -> StoredFile:
    """The row of an upload; it belongs to who uploaded it until a form names it. Raises Forbidden, Refused.

    `organisation_code` says for which of the actor's organisations, where there are several.
    """
    access.require(actor, "file.upload")
    unnamed = select(func.coalesce(func.sum(StoredFile.size), 0)).where(
        StoredFile.case_id.is_(None), StoredFile.uploaded_by == actor.name
    )
    _require_room(session, session.scalar(unnamed) or 0, received.size, said("您已上传而未使用的文件"))
    offices = [office.organisation_code for office in actor.as_any_of(access.HANDLERS)]
    chosen = organisation_code if organisation_code in offices else offices[0]
    return keep(session, received, chosen, actor.name)


def keep(session: Session, received: Received, organisation_code: str, uploaded_by: str) -> StoredFile:
    """The row of bytes that lie in the data folder. Nobody is asked: the callers have done so."""
    stored = StoredFile(
        id=secrets.token_hex(16),
        organisation_code=organisation_code,
        sha256=received.sha256,
        name=received.name,
        media_type=received.media_type,
        size=received.size,
        uploaded_at=clock.now(),
        uploaded_by=uploaded_by,
        taken_at=received.taken_at,
    )
    session.add(stored)
    session.flush()
    return stored


def make(session: Session, case: Case, name: str, content: bytes) -> StoredFile:
    """A file that the system itself makes for a case. A roll-back leaves bytes that no row names: swept later."""
    database: Database = session.info["database"]
    sha256 = hashlib.sha256(content).hexdigest()
    waiting = database.files / "incoming" / secrets.token_hex(16)
    waiting.parent.mkdir(parents=True, exist_ok=True)
    _copy(io.BytesIO(content), waiting, database.case_megabytes)
    _settle(waiting, path(database.files, sha256))
    stored = StoredFile(
        id=secrets.token_hex(16),
        case_id=case.id,
        organisation_code=case.bureau_code,
        sha256=sha256,
        name=uploads.clean_name(name),
        media_type=uploads.MEDIA_TYPES[uploads.ending(name)],
        size=len(content),
        uploaded_at=clock.now(),
        uploaded_by=events.SYSTEM,
    )
    session.add(stored)
    session.flush()
    return stored


def find(session: Session, actor: Actor, file_id: str) -> StoredFile:
    """A file the actor may read. Raises NotFound, for files of others as well."""
    stored = session.get(StoredFile, file_id)
    if stored is None:
        raise NotFound(said("没有这个文件，或者您无权查看"))
    access.require(actor, "file.read", stored)
    return stored


def bind(session: Session, case_id: int, ids: Iterable[str], actor: Actor) -> list[StoredFile]:
    """Make files part of a case, when a form names them: own uploads, or files the case has already.

    Raises NotFound for a file that is neither, Refused when the case's files grow over what the installation allows.
    """
    named = sorted(set(ids))
    rows = session.scalars(select(StoredFile).where(StoredFile.id.in_(named)).with_for_update())
    found = {stored.id: stored for stored in rows}
    for file_id in named:
        stored = found.get(file_id)
        own = stored is not None and stored.case_id is None and stored.uploaded_by == actor.name
        if not own and (stored is None or stored.case_id != case_id):
            raise NotFound(
                said("没有编号为 %(file)s 的文件，或者它不是您为本办件上传的；请重新上传", file=file_id[:40]),
                file=file_id[:40],
            )
    fresh = [stored for stored in found.values() if stored.case_id is None]
    if fresh:
        held = session.scalar(select(func.coalesce(func.sum(StoredFile.size), 0)).where(StoredFile.case_id == case_id))
        _require_room(session, held or 0, sum(stored.size for stored in fresh), said("本办件的文件"))
    for stored in fresh:
        stored.case_id = case_id
    session.flush()
    return [found[file_id] for file_id in named]


def in_use(session: Session, case: Case) -> set[str]:
    """The ids of the files that the newest answers of a case name; the others are earlier versions of them.

    An office answers a form anew in whichever step it is asked again; each seat of a panel has answers of its own.
    """
    deployed = deployments.deployed(session, case.deployment_id)
    newest: dict[tuple[str, str, str], Any] = {}
    answered = (
        select(Task.form, Task.organisation_code, Task.instance_path, Task.answers)
        .where(Task.case_id == case.id, Task.state == "done")
        .order_by(Task.closed_at, Task.pass_number, Task.id)
    )
    for form, office, path_, answers in session.execute(answered):
        seat = "/".join(part for part in path_.split("/") if "[" in part)
        newest[form, office, seat] = answers or {}
    return {file_id for (form, *_), answers in newest.items() for file_id in deployed.form(form).files_in(answers)}


def path(folder: Path, sha256: str) -> Path:
    """Where the bytes with this hash lie."""
    return folder / sha256[:2] / sha256[2:4] / sha256


def sweep(session: Session, folder: Path) -> int:
    """Remove bytes that are older than an hour and that no row names. Answers how many."""
    oldest, removed = time.time() - ORPHAN_SECONDS, 0
    for file in [*folder.glob("incoming/*"), *folder.glob("??/??/*")]:
        if file.stat().st_mtime >= oldest:
            continue
        named = select(StoredFile.id).where(StoredFile.sha256 == file.name).limit(1)
        # Looked at twice: the same bytes may have come again while we asked, and then lie here fresh.
        if session.scalar(named) is None and file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
            removed += 1
    return removed


def _copy(stream: IO[bytes], target: Path, megabytes: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        os.chmod(target, 0o640)
        while chunk := stream.read(MEGABYTE):
            size += len(chunk)
            if size > megabytes * MEGABYTE:
                raise FileTooLarge(said("文件超过 %(megabytes)s MB；请压缩图片或拆分后再上传", megabytes=megabytes))
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if size == 0:
        raise FileRefused(said("文件是空的，请重新选择"))
    return digest.hexdigest(), size


def _settle(waiting: Path, final: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    os.replace(waiting, final)  # the same bytes under the same name, with a fresh age for the sweep
    with suppress(OSError, AttributeError):  # Windows cannot sync a folder, and need not
        handle = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _require_room(session: Session, held: int, more: int, what: str) -> None:
    megabytes: int = session.info["database"].case_megabytes
    if held + more > megabytes * MEGABYTE:
        raise Refused(
            said(
                "%(what)s合计不得超过 %(megabytes)s MB，现有 %(held)s MB",
                what=what,
                megabytes=megabytes,
                held=held // MEGABYTE,
            )
        )
