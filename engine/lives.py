"""The life of a cluster (集群档案) on one line: what was, from its cases, dates and record; and what is ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine import access, assessments, clock, cluster_history, clusters
from engine.access import Actor
from engine.assessments import Assessment
from engine.models import (
    Case,
    Cluster,
    ClusterChange,
    Event,
    Finding,
    Membership,
    Obligation,
    Organisation,
    Person,
    StoredFile,
)

Row: TypeAlias = Mapping[str, Any]

RENEWED, REVOKED = "cluster.renewed", "cluster.revoked"  # in the record


@dataclass(frozen=True)
class Moment:
    """One thing in a cluster's life."""

    on: date
    kind: str  # recognised, renewed, revoked, changed, met, case
    what: str  # a kind of obligation, a process; empty where the kind says it
    case_id: int | None = None
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Life:
    """A cluster with all that the actor may know of its life."""

    cluster: Cluster
    applicant: str
    past: Sequence[Moment]  # newest first
    ahead: Sequence[Obligation]  # open, by date
    changes: Sequence[ClusterChange]
    assessments: Sequence[Assessment]  # newest first
    findings: Sequence[Finding]  # the bureau's alone, newest first
    files: Sequence[StoredFile]  # of its cases, each name once, newest first
    people: Sequence[Person]  # who look after it at its applicant's, for these and the bureau


def life(session: Session, actor: Actor, cluster_id: int) -> Life:
    """Raises NotFound, also where its existence is not the actor's to know."""
    cluster = clusters.find(session, actor, cluster_id)
    owed = session.scalars(
        select(Obligation).where(Obligation.cluster_id == cluster.id).order_by(Obligation.due_at, Obligation.id)
    ).all()
    changes = cluster_history.of_cluster(session, cluster.id)
    past = [
        *_milestones(session, cluster),
        *(Moment(each.changed_on, "changed", "", each.case_id, each.told) for each in changes),
        *(
            Moment(
                _day(each.settled_at),
                "met",
                each.kind,
                each.case_id,
                {"year": each.year, "by_bureau": bool(each.owed_by)},
            )
            for each in owed
            if each.state == "met" and each.settled_at
        ),
        *_cases(session, actor, cluster),
    ]
    return Life(
        cluster=cluster,
        applicant=session.get_one(Organisation, cluster.organisation_code).name,
        past=sorted(past, key=lambda moment: moment.on, reverse=True),
        ahead=[each for each in owed if each.state == "open"],
        changes=changes,
        assessments=assessments.of_cluster(session, cluster.id),
        findings=listed(session, actor, cluster_id=cluster.id),
        files=_files(session, actor, cluster),
        people=_people(session, actor, cluster),
    )


def listed(session: Session, actor: Actor, *, cluster_id: int | None = None, state: str = "") -> Sequence[Finding]:
    """The findings that the actor may see, newest first: those of one cluster, those in one state."""
    query = select(Finding).where(access.visible_findings(actor))
    if cluster_id is not None:
        query = query.where(Finding.cluster_id == cluster_id)
    if state:
        query = query.where(Finding.state == state)
    return session.scalars(query.order_by(Finding.id.desc())).all()


def _milestones(session: Session, cluster: Cluster) -> list[Moment]:
    found = []
    if cluster.recognised_on:
        told = {"number": cluster.number, "first": cluster.first_day}
        found.append(Moment(cluster.recognised_on, "recognised", "", None, told))
    about = select(Case.id).where(Case.cluster_id == cluster.id)
    entries = select(Event).where(Event.case_id.in_(about), Event.kind.in_((RENEWED, REVOKED))).order_by(Event.seq)
    for entry in session.scalars(entries):
        found.append(Moment(_day(entry.at), entry.kind.partition(".")[2], "", entry.case_id, entry.payload))
    return found


def _cases(session: Session, actor: Actor, cluster: Cluster) -> list[Moment]:
    query = select(Case).where(Case.cluster_id == cluster.id, access.visible_cases(actor)).order_by(Case.id)
    return [
        Moment(_day(each.opened_at), "case", each.process, each.id, {"status": each.status, "outcome": each.outcome})
        for each in session.scalars(query)
    ]


def _files(session: Session, actor: Actor, cluster: Cluster) -> list[StoredFile]:
    query = (
        select(StoredFile)
        .join(Case, Case.id == StoredFile.case_id)
        .where(Case.cluster_id == cluster.id, access.visible_files(actor))
        .order_by(StoredFile.uploaded_at.desc(), StoredFile.id.desc())
    )
    latest: dict[tuple[int | None, str], StoredFile] = {}
    for stored in session.scalars(query):
        latest.setdefault((stored.case_id, stored.name), stored)
    return list(latest.values())


def _people(session: Session, actor: Actor, cluster: Cluster) -> Sequence[Person]:
    own = {each.organisation_code for each in actor.as_any_of(access.APPLICANTS | access.BUREAU)}
    if not own & {cluster.organisation_code, cluster.bureau_code}:
        return []
    holds = exists().where(
        Membership.person_id == Person.id,
        Membership.organisation_code == cluster.organisation_code,
        Membership.role.in_(access.APPLICANTS),
    )
    return session.scalars(select(Person).where(holds, Person.disabled_at.is_(None)).order_by(Person.id)).all()


def _day(moment: datetime) -> date:
    return moment.astimezone(clock.SHANGHAI).date()
