"""Timers and messages are rows; a tick does what they say is due, one transaction a case.

Any number of workers may tick at once: the row lock and the second look under it decide.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.errors import JiqunError
from engine import cases, clock, events, incidents
from engine.db import Database
from engine.errors import StateUnreadable
from engine.models import Case, Message

log = logging.getLogger(__name__)


def tick(database: Database, limit: int = 100) -> int:
    """Wake the cases whose timer is due, earliest first, then deliver what recipients wait for. Answers how many."""
    due = select(Case.id).where(Case.status == "open", Case.wake_at <= clock.now()).order_by(Case.wake_at).limit(limit)
    waiting = (
        select(Message.id, Message.recipient_id)
        .join(Case, Case.id == Message.recipient_id)
        .where(Message.delivered_at.is_(None), Case.status == "open", Case.awaits.contains(" " + Message.name + " "))
        .order_by(Message.id)
        .limit(limit)
    )
    return _sweep(database, due, _wake) + _sweep(database, waiting, _deliver)


def _sweep(database: Database, query: Any, act: Callable[..., int]) -> int:
    with database.read() as session:
        rows: Iterable[Any] = session.execute(query).all()
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
