"""The public board: what anybody may read. Only what a notice froze and what stands in the register."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, deployments
from engine.errors import NotFound
from engine.models import Case, Cluster, Notice, Organisation, Round

Row: TypeAlias = Mapping[str, Any]

NOTICE_KINDS: Mapping[str, str] = MappingProxyType({"call": "申报通知", "publicity": "公示", "publication": "认定公布"})
STATES: Mapping[str, str] = MappingProxyType({"recognised": "有效", "expired": "待复核", "revoked": "已撤销"})

_NOTICE = (Notice.id, Notice.regime, Notice.kind, Notice.title, Notice.published_at, Notice.first_day, Notice.last_day)


def notices(session: Session, *, kind: str | None = None, limit: int = 50, after: int | None = None) -> list[Row]:
    """Public notices, newest first."""
    query = select(*_NOTICE)
    if kind:
        query = query.where(Notice.kind == kind)
    if after is not None:
        query = query.where(Notice.id < after)
    return _rows(session, query.order_by(Notice.id.desc()).limit(limit))


def notice(session: Session, notice_id: int) -> Row:
    """A public notice as it was shown. Raises NotFound."""
    rows = _rows(session, select(*Notice.__table__.columns).where(Notice.id == notice_id))
    if not rows:
        raise NotFound(said("没有这条公告"))
    return rows[0]


def open_rounds(session: Session) -> list[Row]:
    """Rounds that take applications now, the one that closes first before the others."""
    call = select(func.max(Notice.id)).where(Notice.round_id == Round.id, Notice.kind == "call").correlate(Round)
    query = (
        select(
            Round.id,
            Round.title,
            Round.closes_at,
            Organisation.name.label("bureau"),
            call.scalar_subquery().label("notice_id"),
        )
        .join(Organisation, Organisation.code == Round.bureau_code)
        .where(Round.state == "open", Round.closes_at > clock.now())
    )
    return _rows(session, query.order_by(Round.closes_at, Round.id))


def register(
    session: Session,
    *,
    words: str = "",
    division: str = "",
    state: str = "",
    limit: int | None = None,
    after: tuple[str, str, int] | None = None,
) -> list[Row]:
    """The register of recognised clusters, by regime and place. `after`: regime, division, id of the row before."""
    query = _registered()
    if words:
        named = [column.contains(words, autoescape=True) for column in (Cluster.name, Organisation.name)]
        query = query.where(or_(*named))
    if division:
        query = query.where(Organisation.division == division)
    if state:
        query = query.where(_standing() == state)
    key = (Cluster.regime, Organisation.division, Cluster.id)
    if after:
        query = query.where(tuple_(*key) > tuple_(*after))
    return _rows(session, query.order_by(*key).limit(limit))


def how_many(session: Session) -> int:
    """The recognised clusters within their validity."""
    standing = select(Cluster.id).where(Cluster.recognised_on.is_not(None), _standing() == "recognised").subquery()
    return session.scalar(select(func.count()).select_from(standing)) or 0


def divisions(session: Session) -> dict[str, str]:
    """The places that have a recognised cluster: division code → the name of the office there."""
    query = (
        select(Organisation.division)
        .join(Cluster, Cluster.organisation_code == Organisation.code)
        .where(Cluster.recognised_on.is_not(None))
        .distinct()
    )
    codes = sorted(session.scalars(query))
    named = select(Organisation.code, Organisation.name).where(Organisation.code.in_(codes))
    names = dict(session.execute(named).all())
    return {code: names.get(code, code) for code in codes}


def cluster(session: Session, cluster_id: int) -> Row:
    """A recognised cluster with its regime's title and the notices that named it, oldest first. Raises NotFound."""
    rows = _rows(session, _registered().where(Cluster.id == cluster_id))
    if not rows:
        raise NotFound(said("名录中没有这个集群"))
    return {
        **rows[0],
        "regime_title": regime_title(session, rows[0]["regime"]),
        "notices": _named_in(session, cluster_id),
    }


def regime_title(session: Session, regime: str) -> str:
    """What a cluster of this regime is called once it is recognised. Raises NotFound for one not deployed."""
    return deployments.deployed(session, deployments.current(session, regime).id).regime.title


def _registered() -> Any:
    return (
        select(
            Cluster.id,
            Cluster.regime,
            Cluster.name,
            Organisation.name.label("applicant"),
            Organisation.division,
            _standing().label("state"),
            Cluster.recognised_on,
            Cluster.first_day,
            Cluster.last_day,
        )
        .join(Organisation, Organisation.code == Cluster.organisation_code)
        .where(Cluster.recognised_on.is_not(None))
    )


def _standing() -> ColumnElement[str]:
    """After its last valid day a cluster waits for its renewal to be decided, whoever has noted that yet."""
    over = (Cluster.state == "recognised") & (Cluster.last_day < clock.today())
    return case((over, "expired"), else_=Cluster.state)


def _named_in(session: Session, cluster_id: int) -> list[Row]:
    """Notices whose frozen list has a case of this cluster."""
    own = dict(session.execute(select(Case.id, Case.round_id).where(Case.cluster_id == cluster_id)).all())
    query = select(*_NOTICE, Notice.entries).where(Notice.round_id.in_(set(own.values())))
    found = _rows(session, query.order_by(Notice.id))
    return [row for row in found if any(entry.get("case") in own for entry in row["entries"])]


def _rows(session: Session, query: Any) -> list[Row]:
    return [dict(row) for row in session.execute(query).mappings()]
