"""The public register: recognised clusters, their numbers and how long they are valid. It holds no person.

Its questions read one narrow index in the order of regime and applicant, whose code begins with the place: a
hundred thousand entries are looked through in well under 50 ms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from config.regime import Regime
from config.sentences import said
from engine import bulletin, clock, deployments, identities
from engine.errors import NotFound
from engine.models import Case, Cluster, Notice, Organisation

Row: TypeAlias = Mapping[str, Any]

STATES: Mapping[str, str] = MappingProxyType({"recognised": "有效", "expired": "待复核", "revoked": "已撤销"})
MOST_INDUSTRIES = 300  # that can be chosen among


@dataclass(frozen=True)
class Wanted:
    """Which entries are wanted; everything together must hold, empty asks nothing."""

    words: str = ""  # in the names of cluster and applicant, in number and industry
    division: str = ""  # six digits
    industry: str = ""  # 主导产业 as it stands there
    state: str = ""  # of STATES


def entries(
    session: Session, wanted: Wanted, *, limit: int | None = None, after: tuple[str, str, int] | None = None
) -> list[Row]:
    """Entries by regime and applicant. `after`: regime, organisation_code and id of the row before."""
    query = _listed().where(*_rules(wanted))
    key = (Cluster.regime, Cluster.organisation_code, Cluster.id)
    if after:
        query = query.where(tuple_(*key) > tuple_(*after))
    chosen = query.order_by(*key).limit(limit).subquery()  # so few rows need their applicant's name
    named = select(chosen, Organisation.name.label("applicant"), Organisation.division).join(
        Organisation, Organisation.code == chosen.c.organisation_code
    )
    return _rows(session, named.order_by(*(chosen.c[column.key] for column in key)))


def entry(session: Session, cluster_id: int) -> Row:
    """An entry with what its regime says of it, its other recognitions and the notices that named it, oldest first.

    Raises NotFound.
    """
    query = _listed(Organisation.name.label("applicant"), Organisation.division)
    query = query.join(Organisation, Organisation.code == Cluster.organisation_code)
    rows = _rows(session, query.where(Cluster.id == cluster_id))
    if not rows:
        raise NotFound(said("名录中没有这个集群"))
    rules = _rules_of(session, rows[0]["regime"])
    others = identities.recognitions(session, session.get_one(Cluster, cluster_id), clock.today())
    told = {"regime_title": rules.title, "holds_meanwhile": rules.renewal.holds_meanwhile, "others": others}
    return {**rows[0], **told, "notices": _named_in(session, cluster_id)}


def by_place(session: Session, wanted: Wanted) -> list[Row]:
    """How many entries each place has, by state: division, name of the office there, recognised, expired, revoked."""
    standing = _standing()
    counts = [func.sum(case((standing == state, 1), else_=0)).label(state) for state in STATES]
    counted = (
        select(Cluster.organisation_code, *counts)
        .where(_REGISTERED, *_rules(wanted))
        .group_by(Cluster.regime, Cluster.organisation_code)  # as the index goes
        .subquery()
    )
    query = (
        select(Organisation.division, *(func.sum(counted.c[state]).label(state) for state in STATES))
        .join(counted, counted.c.organisation_code == Organisation.code)
        .group_by(Organisation.division)
        .order_by(Organisation.division)
    )
    rows = _rows(session, query)
    names = _offices(session, [row["division"] for row in rows])
    return [
        {
            **row,
            **{state: int(row[state]) for state in STATES},
            "name": names.get(row["division"], row["division"]),
            "total": int(sum(row[state] for state in STATES)),
        }
        for row in rows
    ]


def how_many(session: Session) -> int:
    """The recognised clusters within their validity."""
    return session.scalar(select(func.count()).where(_REGISTERED, _standing() == "recognised")) or 0


def divisions(session: Session) -> dict[str, str]:
    """The places that have an entry: division code → the name of the office there."""
    has = exists().where(Cluster.organisation_code == Organisation.code, _REGISTERED)
    codes = sorted(set(session.scalars(select(Organisation.division).where(has))))
    names = _offices(session, codes)
    return {code: names.get(code, code) for code in codes}


def industries(session: Session) -> list[str]:
    """The industries that have an entry."""
    query = select(Cluster.industry).where(_REGISTERED, Cluster.industry != "").distinct()
    found = session.scalars(query.order_by(Cluster.industry).limit(MOST_INDUSTRIES))
    return [industry for industry in found if industry]


def regime_title(session: Session, regime: str) -> str:
    """What a cluster of this regime is called once it is recognised. Raises NotFound for one not deployed."""
    return _rules_of(session, regime).title


def _rules_of(session: Session, regime: str) -> Regime:
    return deployments.deployed(session, deployments.current(session, regime).id).regime


_REGISTERED = Cluster.recognised_on.is_not(None)


def _listed(*more: Any) -> Any:
    return select(
        Cluster.id,
        Cluster.regime,
        Cluster.organisation_code,
        Cluster.number,
        Cluster.name,
        Cluster.industry,
        _standing().label("state"),
        Cluster.recognised_on,
        Cluster.first_day,
        Cluster.last_day,
        *more,
    ).where(_REGISTERED)


def _rules(wanted: Wanted) -> list[ColumnElement[bool]]:
    rules: list[ColumnElement[bool]] = []
    if wanted.words:
        applicants = select(Organisation.code).where(Organisation.name.contains(wanted.words, autoescape=True))
        looked_in = (Cluster.name, Cluster.number, Cluster.industry)
        named = [column.contains(wanted.words, autoescape=True) for column in looked_in]
        rules.append(or_(*named, Cluster.organisation_code.in_(applicants)))
    if wanted.division:
        there = select(Organisation.code).where(Organisation.division == wanted.division)
        rules.append(Cluster.organisation_code.in_(there))
    if wanted.industry:
        rules.append(Cluster.industry == wanted.industry)
    if wanted.state:
        rules.append(_standing() == wanted.state)
    return rules


def _standing() -> ColumnElement[str]:
    """After its last valid day a cluster waits for its renewal to be decided, whoever has noted that yet."""
    over = and_(Cluster.state == "recognised", Cluster.last_day < clock.today())
    return case((over, "expired"), else_=Cluster.state)


def _offices(session: Session, codes: list[str]) -> dict[str, str]:
    query = select(Organisation.code, Organisation.name).where(Organisation.code.in_(codes))
    return {row.code: row.name for row in session.execute(query)}


def _named_in(session: Session, cluster_id: int) -> list[Row]:
    """Notices whose frozen list has a case of this cluster."""
    own = dict(session.execute(select(Case.id, Case.round_id).where(Case.cluster_id == cluster_id)).all())
    query = select(*bulletin.COLUMNS, Notice.files, Notice.entries).where(Notice.round_id.in_(set(own.values())))
    found = _rows(session, query.order_by(Notice.id))
    return [row for row in found if any(entry.get("case") in own for entry in row["entries"])]


def _rows(session: Session, query: Any) -> list[Row]:
    return [dict(row) for row in session.execute(query).mappings()]
