"""Feeds (日历订阅): a secret address under which a calendar program reads a person's deadlines. It can be revoked."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, accounts, clock, events
from engine.access import BUREAU, Actor
from engine.errors import NotFound, Refused
from engine.models import Case, Cluster, Feed, Obligation, Person, Task

PREFIX = "jqf_"
MOST = 5  # feeds of a person that nobody revoked
MARK = 16  # of a hash: what a page calls a feed by
BACK, AHEAD = timedelta(days=30), timedelta(days=400)  # what is over is shown as cancelled for a while, then forgotten
LONGEST = 1000  # entries of each kind


@dataclass(frozen=True)
class Dates:
    """What stands in a feed: tasks with their cases' titles, and what is owed with whom or what it is about."""

    tasks: Sequence[tuple[Task, str]]
    obligations: Sequence[tuple[Obligation, str]]


def issue(session: Session, actor: Actor) -> str:
    """The secret of a new feed; it is told here and stands nowhere. Raises Refused."""
    access.require(actor, "own.change")
    if len(of(session, actor)) >= MOST:
        raise Refused(said("每人至多 %(most)s 个日历订阅，请先吊销不再使用的", most=MOST))
    secret = PREFIX + secrets.token_urlsafe(32)
    session.add(Feed(token_hash=_hash(secret), person_id=actor.person_id, created_at=clock.now()))
    session.flush()
    events.record(session, events.SYSTEM, actor.name, "feed.issued", payload={"account": actor.name})
    return secret


def of(session: Session, actor: Actor) -> Sequence[Feed]:
    """The person's feeds that nobody revoked, the newest first."""
    access.require(actor, "own.read")
    query = select(Feed).where(Feed.person_id == actor.person_id, Feed.revoked_at.is_(None))
    return session.scalars(query.order_by(Feed.created_at.desc(), Feed.token_hash)).all()


def mark(feed: Feed) -> str:
    """What a page calls a feed by: a part of its hash, which opens nothing."""
    return feed.token_hash[:MARK]


def revoke(session: Session, actor: Actor, marked: str) -> None:
    """Nobody reads this feed any more. Raises NotFound."""
    access.require(actor, "own.change")
    found = next((feed for feed in of(session, actor) if mark(feed) == marked), None)
    if found is None:
        raise NotFound(said("没有这个日历订阅，可能已经吊销"))
    found.revoked_at = clock.now()
    session.flush()
    events.record(session, events.SYSTEM, actor.name, "feed.revoked", payload={"account": actor.name})


def reader(session: Session, secret: str) -> Actor:
    """Whose feed it is, as far as reading goes. Raises NotFound: it never was, was revoked, or its owner is gone."""
    query = (
        select(Person)
        .join(Feed, Feed.person_id == Person.id)
        .where(Feed.token_hash == _hash(secret), Feed.revoked_at.is_(None), Person.disabled_at.is_(None))
    )
    person = session.scalar(query)
    if person is None:
        raise NotFound(said("没有这个日历订阅，或者已经吊销"))
    return accounts.actor(session, person, frozenset({"read"}))


def dates(session: Session, actor: Actor) -> Dates:
    """The deadlines of the person: what they may act on, what their clusters owe, what their bureau has to see to.

    Tasks that were theirs and are over stay for a month, to be taken out of calendars that only ever add.
    """
    now = clock.now()
    near = (now - BACK, now + AHEAD)
    mine = access.tasks_for(actor)
    over = (Task.state != "open") & (Task.closed_at > now - BACK) & (Task.closed_by == actor.name)
    tasks = (
        select(Task, Case.title)
        .join(Case, Case.id == Task.case_id)
        .where(or_(mine, over), Task.due_at.between(*near))
        .order_by(Task.due_at, Task.id)
    )
    bureaus = access.offices(actor, BUREAU)
    of_bureau = Obligation.cluster_id.is_(None) & Obligation.bureau_code.in_(bureaus)
    of_cluster = Obligation.owed_by.is_(None) & access.visible_clusters(actor)
    obligations = (
        select(Obligation, Cluster.name)
        .outerjoin(Cluster, Cluster.id == Obligation.cluster_id)
        .where(or_(of_bureau, Obligation.owed_by.in_(bureaus), of_cluster), Obligation.due_at.between(*near))
        .where(or_(Obligation.state == "open", Obligation.settled_at > now - BACK))
        .order_by(Obligation.due_at, Obligation.id)
    )
    return Dates(
        [(task, title) for task, title in session.execute(tasks.limit(LONGEST))],
        [(row, name or "") for row, name in session.execute(obligations.limit(LONGEST))],
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()  # 256 random bits need no slow hash
