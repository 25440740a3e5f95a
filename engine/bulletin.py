"""The public board: notices as they were frozen, with what hangs on them, and the rounds that are open."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock
from engine.errors import NotFound
from engine.models import Notice, Organisation, Round, StoredFile

Row: TypeAlias = Mapping[str, Any]

NOTICE_KINDS: Mapping[str, str] = MappingProxyType(
    {"call": "申报通知", "publicity": "公示", "publication": "认定公布", "revocation": "撤销公布"}
)

COLUMNS = (  # what a list of notices tells of each
    Notice.id,
    Notice.regime,
    Notice.kind,
    Notice.number,
    Notice.title,
    Notice.published_at,
    Notice.first_day,
    Notice.last_day,
)


def notices(session: Session, *, kind: str | None = None, limit: int = 50, after: int | None = None) -> list[Row]:
    """Public notices, newest first."""
    query = select(*COLUMNS)
    if kind:
        query = query.where(Notice.kind == kind)
    if after is not None:
        query = query.where(Notice.id < after)
    return _rows(session, query.order_by(Notice.id.desc()).limit(limit))


def notice(session: Session, notice_id: int) -> Row:
    """A public notice as it was shown, with the files that hang on it. Raises NotFound."""
    rows = _rows(session, select(*Notice.__table__.columns).where(Notice.id == notice_id))
    if not rows:
        raise NotFound(said("没有这条公告"))
    return {**rows[0], "files": files(session, rows[0]["files"])}


def open_rounds(session: Session) -> list[Row]:
    """Rounds that take applications now, the one that closes first before the others."""
    call = select(func.max(Notice.id)).where(Notice.round_id == Round.id, Notice.kind == "call").correlate(Round)
    query = (
        select(
            Round.id,
            Round.title,
            Round.opens_at,
            Round.closes_at,
            Organisation.name.label("bureau"),
            call.scalar_subquery().label("notice_id"),
        )
        .join(Organisation, Organisation.code == Round.bureau_code)
        .where(Round.state == "open", Round.closes_at >= clock.now())
    )
    return _rows(session, query.order_by(Round.closes_at, Round.id))


def file(session: Session, notice_id: int, file_id: str) -> StoredFile:
    """A file that hangs on a notice. Raises NotFound for every other, of the same case as well."""
    shown = session.scalar(select(Notice.files).where(Notice.id == notice_id))
    stored = session.get(StoredFile, file_id) if file_id in (shown or ()) else None
    if stored is None:
        raise NotFound(said("公告没有这个附件"))
    return stored


def files(session: Session, ids: Sequence[str]) -> list[Row]:
    """What hangs on a notice, in its order: id, name, media_type, size, sha256."""
    columns = (StoredFile.id, StoredFile.name, StoredFile.media_type, StoredFile.size, StoredFile.sha256)
    found = {row["id"]: row for row in _rows(session, select(*columns).where(StoredFile.id.in_(ids)))}
    return [found[file_id] for file_id in ids if file_id in found]


def _rows(session: Session, query: Any) -> list[Row]:
    return [dict(row) for row in session.execute(query).mappings()]
