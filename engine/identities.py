"""Identities: one and the same cluster in several regimes, and what it is recognised as, by whom and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from config.sentences import enumerated, said
from engine import clock, deployments, organisations
from engine.carriers import RECOMMENDATION
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.models import Cluster, Deployment, Organisation

FIELD: Final = "earlier_cluster"  # of the form that begins an application
FACTS: Mapping[str, str] = {
    "province": "provincial",
    "ministry": "national",
}  # level of a bureau → what criteria call it


@dataclass(frozen=True)
class Recognition:
    """认定 of a cluster in one regime."""

    cluster_id: int
    regime: str
    title: str  # that it gives; empty where the regime is not deployed any more
    number: str | None  # 登记编号
    bureau: str  # who recognised, by name
    level: str  # of organisations.LEVELS
    first_day: date | None
    last_day: date | None
    state: str  # recognised, expired, revoked: on the day that was asked about


@dataclass(frozen=True)
class Asked:
    """What a text of an office's own asks of those it recommends upwards, and how the cluster stands to it."""

    source: str  # 文号
    clause: str
    gist: str
    title: str  # of the recognition it speaks of
    recognition: Recognition | None  # the cluster's, if it has one


def earlier(session: Session, office: str) -> list[tuple[int, str]]:
    """The clusters that an application of this office can be about: identity, and its name with what it is already.

    They are its own in whichever regime, and those of the parks below it.
    """
    rows: dict[int, list[Cluster]] = {}
    for cluster in session.scalars(select(Cluster).where(_of_office(session, office)).order_by(Cluster.id)):
        rows.setdefault(cluster.identity, []).append(cluster)
    regimes = {row.regime for known in rows.values() for row in known}
    titles = {regime: _title(session, regime) for regime in regimes}
    return [(identity, _called(known, titles)) for identity, known in sorted(rows.items())]


def known_as(session: Session, office: str, name: str, chosen: int | None) -> int | None:
    """The identity of the cluster that an application is about: the one chosen, else that of the office's own name.

    None for a cluster that is new. Raises FormInvalid for another office's.
    """
    if chosen is not None:
        found = session.scalar(select(Cluster).where(Cluster.id == chosen, _of_office(session, office)))
        if found is None:
            why = said("只能选择本单位此前已登记的集群；新的集群请留空")
            raise FormInvalid([Problem(FIELD, "not_of_this_office", why)])
        return found.identity
    same_name = select(func.min(func.coalesce(Cluster.same_as, Cluster.id)))
    return session.scalar(same_name.where(Cluster.organisation_code == office, Cluster.name == name))


def recognitions(session: Session, cluster: Cluster, on: date) -> list[Recognition]:
    """Its recognitions in other regimes, as they stand on that day, the highest bureau's first."""
    query = (
        select(Cluster, Organisation)
        .join(Organisation, Organisation.code == Cluster.bureau_code)
        .where(
            or_(Cluster.id == cluster.identity, Cluster.same_as == cluster.identity),
            Cluster.regime != cluster.regime,
            Cluster.recognised_on.is_not(None),
        )
        .order_by(Cluster.id)
    )
    found = [_recognition(session, row, bureau, on) for row, bureau in session.execute(query)]
    from_above = list(organisations.LEVELS)
    return sorted(found, key=lambda each: from_above.index(each.level))


def above(session: Session, cluster: Cluster, on: date) -> list[Recognition]:
    """Those of its recognitions that the province or the nation gave."""
    return [each for each in recognitions(session, cluster, on) if each.level in FACTS]


def higher_level(session: Session, cluster_id: int | None) -> str | None:
    """The highest recognition that is valid today, as criteria call it: "national", "provincial"; None: none known."""
    cluster = session.get(Cluster, cluster_id) if cluster_id else None
    known = above(session, cluster, clock.today()) if cluster else []
    return next((FACTS[each.level] for each in known if _counts(session, each)), None)


def _counts(session: Session, known: Recognition) -> bool:
    """Is it valid, or over and holding until its renewal is decided, as its bureau's setting says?"""
    if known.state != "expired":
        return known.state == "recognised"
    rules = deployments.rules(session, known.regime)
    return rules is not None and rules.renewal.holds_meanwhile


def asked_before(session: Session, office: str, cluster: Cluster) -> list[Asked]:
    """What the office's own regimes ask of a cluster that it recommends in another: shown, and left to the office."""
    known = {each.regime: each for each in recognitions(session, cluster, clock.today())}
    found = []
    for name in session.scalars(select(Deployment.regime).distinct().order_by(Deployment.regime)):
        deployed = deployments.deployed(session, deployments.current(session, name).id)
        if name == cluster.regime or deployed.regime.bureau != office:
            continue
        source, title = deployed.regime.source, deployed.regime.title
        for duty in deployed.clauses.duties:
            if RECOMMENDATION in duty.carriers:
                found.append(Asked(source, duty.clause, duty.gist, title, known.get(name)))
    return found


def _of_office(session: Session, office: str) -> ColumnElement[bool]:
    path = organisations.get(session, office).path
    below = select(Organisation.code).where(Organisation.path.startswith(path, autoescape=True))
    return Cluster.organisation_code.in_(below)


def _called(known: list[Cluster], titles: Mapping[str, str]) -> str:
    """Its latest name, and each regime that has it."""
    told = [f"{titles[row.regime]} {row.number or ''}".strip() for row in known if row.recognised_on]
    standing = enumerated(told) if told else said("尚未认定")
    return said("%(name)s（%(standing)s）", name=known[-1].name, standing=standing)


def _recognition(session: Session, row: Cluster, bureau: Organisation, on: date) -> Recognition:
    over = row.state == "recognised" and row.last_day is not None and row.last_day < on
    return Recognition(
        cluster_id=row.id,
        regime=row.regime,
        title=_title(session, row.regime),
        number=row.number,
        bureau=bureau.name,
        level=bureau.level,
        first_day=row.first_day,
        last_day=row.last_day,
        state="expired" if over else row.state,
    )


def _title(session: Session, regime: str) -> str:
    rules = deployments.rules(session, regime)
    return rules.title if rules else ""
