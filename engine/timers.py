"""Timers, messages, reminders and letters are rows; a tick does what they say is due.

Any number of workers may tick at once: row locks, the second look under them and unique keys decide.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Date, Integer, bindparam, func, literal_column, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.errors import JiqunError
from engine import cases, clock, deliveries, deploying, events, expansion, findings, incidents, openings, reminders
from engine.columns import Moment
from engine.db import Database
from engine.errors import StateUnreadable
from engine.models import Case, Delivery, Deployment, Letter, Message, Obligation, Reminder, Task

log = logging.getLogger(__name__)

Duty: TypeAlias = Callable[[Session, int], int]  # does at most so many in one transaction; answers how many it did


@dataclass(frozen=True)
class Sweep:
    """What a tick does for reminders and letters: whether there is anything, and how much in one transaction."""

    duty: Duty
    batch: int
    first: Any  # SQL for the row that has waited longest, at :now; along its index, whatever the statistics say


def tick(database: Database, limit: int = 100) -> int:
    """Wake the cases whose timer is due, earliest first, then deliver what recipients wait for. Answers how many."""
    found = {"now": clock.now(), "most": limit}
    return _sweep(database, _DUE, found, _wake) + _sweep(database, _WAITING, found, _deliver)


def post(database: Database) -> list[str]:
    """Apply deployments, open cases, plan reminders, spread letters, expand them, gather digests; answers what failed.

    Each in this order and by itself: one that fails is tried again at the next tick, and the others are done.
    """
    if not _anything(database):
        return []
    failed = []
    for each in SWEEPS:
        try:
            while _once(database, each) == each.batch:
                pass
        except Exception as error:  # what broke one must not keep the others back
            log.exception("%s", each.duty.__name__)
            failed.append(type(error).__name__)
    return failed


def oldest_due(session: Session) -> datetime | None:
    """Since when the longest overdue timer, reminder, letter or new task waits for a tick; None where none does."""
    now = clock.now()
    waiting = (
        select(func.min(Case.wake_at)).where(Case.status == "open", Case.wake_at <= now),
        select(func.min(Reminder.fire_at)).where(
            Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None), Reminder.fire_at <= now
        ),
        select(func.min(Letter.created_at)).where(Letter.spread_at.is_(None)),
        select(func.min(Task.opened_at)).where(Task.state == _OPEN, Task.planned_at.is_(None)),
    )
    return min((at for at in map(session.scalar, waiting) if at), default=None)


def oldest_unsent(session: Session) -> datetime | None:
    """Since when the longest overdue mail waits to be sent; None where none does."""
    due = (Delivery.status.in_(("due", "claimed", "sending")), Delivery.not_before <= clock.now())
    return session.scalar(select(func.min(Delivery.not_before)).where(*due))


def _anything(database: Database) -> bool:
    """Asked by a reader, in one question: an idle tick takes no writer's turn."""
    try:
        with database.read() as session:
            return bool(session.scalar(_ANYTHING, {"now": clock.now(), "today": clock.today()}))
    except SQLAlchemyError:  # whoever does it will say what is wrong
        return True


def _once(database: Database, each: Sweep) -> int:
    with database.write() as session:
        done = each.duty(session, each.batch)
    if done:
        log.info("%s: %s", each.duty.__name__, done)
    return done


def _sweep(database: Database, query: Any, asked: Mapping[str, Any], act: Callable[..., int]) -> int:
    with database.read() as session:
        rows: Iterable[Any] = session.execute(query, asked).all()
    done = 0
    for row in rows:
        try:
            with database.write() as session:
                done += act(session, *row)
        except StateUnreadable as error:
            log.warning("%s %s: %s", act.__name__, tuple(row), error.code)
            _stop(database, row[-1], error.code, error.message)
        except JiqunError as error:  # CaseStopped has left its incident
            log.warning("%s %s: %s", act.__name__, tuple(row), error.code)
        except SQLAlchemyError:  # the database's trouble is no fault of the case: it is tried again
            log.exception("%s %s", act.__name__, tuple(row))
        except Exception as error:  # one broken case must not stop the others, nor be tried at every tick
            log.exception("%s %s", act.__name__, tuple(row))
            _stop(database, row[-1], "unexpected", type(error).__name__)
    return done


def _stop(database: Database, case_id: int, code: str, message: str) -> None:
    with database.write() as session:
        case = session.get_one(Case, case_id)
        incidents.Stopped(case.id, case.opened_at, "worker", code, message, None).leave(session)


def _wake(session: Session, case_id: int) -> int:
    case, workflow = cases.lock(session, case_id)
    if case.status != "open" or case.wake_at is None or case.wake_at > clock.now():
        return 0  # another worker was faster
    due = case.wake_at
    with incidents.guarded(case, "worker"):
        workflow.wake()
    payload = {"due": due, **cases.ran(workflow)}
    cases.save(session, case, workflow, "worker", events.Entry("timer.fired", case.id, payload=payload))
    log.info("case %s woken", case_id)
    return 1


def _deliver(session: Session, message_id: int, case_id: int) -> int:
    case, workflow = cases.lock(session, case_id)
    message = session.get_one(Message, message_id, populate_existing=True)
    if message.delivered_at is not None or case.status != "open" or message.name not in workflow.awaits:
        return 0  # another worker was faster, or the case went on by itself
    with incidents.guarded(case, "worker"):
        workflow.deliver(message.name, message.payload)
    message.delivered_at = clock.now()
    payload = {"name": message.name, "from": message.sender_id, "payload": message.payload, **cases.ran(workflow)}
    cases.save(session, case, workflow, "worker", events.Entry("message.received", case.id, payload=payload))
    log.info("message %s delivered to case %s", message_id, case_id)
    return 1


# Built once: an idle tick costs little more than the questions themselves.
_NOW = bindparam("now", type_=Moment())
_TODAY = bindparam("today", type_=Date())
_OPEN: Any = literal_column("'open'")  # written out, so that the indexes of what is open are seen to hold it
_DUE = (
    select(Case.id)
    .where(Case.status == "open", Case.wake_at <= _NOW)
    .order_by(Case.wake_at)
    .limit(bindparam("most", type_=Integer))
)
_WAITING = (
    select(Message.id, Message.recipient_id)
    .join(Case, Case.id == Message.recipient_id)
    .where(Message.delivered_at.is_(None), Case.status == "open", Case.awaits.contains(" " + Message.name + " "))
    .order_by(Message.id)
    .limit(bindparam("most", type_=Integer))
)

# What there is to do beside the cases, in the order in which one leads to the next.
SWEEPS = (
    Sweep(
        deploying.apply_due,
        10,
        select(Deployment.id)
        .where(Deployment.applied_at.is_(None), Deployment.effective_on <= _TODAY)
        .order_by(Deployment.effective_on),
    ),
    Sweep(
        openings.open_due,
        50,
        select(Obligation.id)
        .where(Obligation.state == _OPEN, Obligation.case_id.is_(None), Obligation.opens_at <= _NOW)
        .order_by(Obligation.opens_at),
    ),
    Sweep(
        findings.note_unmet,
        50,
        select(Obligation.id)
        .where(Obligation.state == _OPEN, Obligation.finds_at <= _NOW)
        .order_by(Obligation.finds_at),
    ),
    Sweep(
        reminders.plan_obligations,
        200,
        select(Obligation.id).where(Obligation.state == _OPEN, Obligation.planned_at.is_(None)).order_by(Obligation.id),
    ),
    Sweep(
        reminders.plan_tasks,
        200,
        select(Task.id).where(Task.state == _OPEN, Task.planned_at.is_(None)).order_by(Task.id),
    ),
    Sweep(deliveries.spread, 1000, select(Letter.id).where(Letter.spread_at.is_(None)).order_by(Letter.id)),
    Sweep(
        expansion.expand,
        20_000,
        select(Reminder.id)
        .where(Reminder.expanded_at.is_(None), Reminder.withdrawn_at.is_(None), Reminder.fire_at <= _NOW)
        .order_by(Reminder.fire_at, Reminder.id),
    ),
    Sweep(
        deliveries.gather,
        100,
        select(Delivery.id)
        .where(Delivery.status == literal_column("'held'"), Delivery.digest_id.is_(None), Delivery.not_before <= _NOW)
        .order_by(Delivery.not_before),
    ),
)
_ANYTHING = select(or_(*(each.first.limit(1).scalar_subquery().is_not(None) for each in SWEEPS)))
