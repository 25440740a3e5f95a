"""Rows are worked on together; where one breaks, each by itself: it is named and put aside, and the others are done."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import true
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import listed

AGAIN = 3600.0  # seconds after which a row that broke is tried once more

log = logging.getLogger(__name__)

Thing = TypeVar("Thing")


def each(session: Session, rows: Sequence[Thing], act: Callable[[Thing], None]) -> list[Thing]:
    """Do it to all of these rows; answers those to which it could be done. The others are told in the log, once.

    Trouble of the database is no fault of a row: it is raised.
    """
    if not rows:
        return []
    try:
        with session.begin_nested():
            for row in rows:
                act(row)
    except OperationalError:
        raise
    except Exception:  # which of them it was is seen when each is done by itself
        return [row for row in rows if _done(session, row, act)]
    return list(rows)


def not_aside(session: Session, model: Any) -> Any:
    """SQL for the rows that are not put aside."""
    now = time.monotonic()
    waiting = [key for (table, key), until in _aside(session).items() if table == model.__tablename__ and until > now]
    return listed.not_among(session, model.id, waiting) if waiting else true()


def _done(session: Session, row: Any, act: Callable[[Any], None]) -> bool:
    key = row.__tablename__, row.id
    try:
        with session.begin_nested():
            act(row)
    except OperationalError:
        raise
    except Exception:  # whatever is wrong with it, the others are done
        if key not in _aside(session):
            log.exception("%s %s is put aside and tried again every hour", *key)
        _aside(session)[key] = time.monotonic() + AGAIN
        return False
    _aside(session).pop(key, None)
    return True


def _aside(session: Session) -> dict[tuple[str, Any], float]:
    found: dict[tuple[str, Any], float] = session.info["database"].aside
    return found
