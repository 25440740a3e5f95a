"""Idempotency keys: a request that comes again gets the first answer again, and nothing happens twice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine import clock, once
from engine.errors import KeyReused
from engine.models import IdempotencyKey

KEPT = timedelta(days=7)
LONGEST_KEY = 200  # characters


@dataclass(frozen=True)
class Answer:
    """A status and a JSON text, as they went out or go out again."""

    status: int
    body: str
    replayed: bool = False


def carried_out(session: Session, person_id: int, key: str, request_hash: str, effect: Callable[[], Answer]) -> Answer:
    """The answer of `effect`, which runs once for this person and key. Raises KeyReused, and what `effect` raises.

    The key's row is written before the effect and in its transaction. So a second click waits for the first one's
    commit, and then finds its answer; a refusal leaves neither effect nor key, and may be tried again.
    """
    now = clock.now()
    old = IdempotencyKey.created_at < now - KEPT
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.person_id == person_id, IdempotencyKey.key == key, old))
    fresh = {"request_hash": request_hash, "status": 0, "body": "", "created_at": now}
    new = once.insert(session, IdempotencyKey, person_id=person_id, key=key, **fresh)
    stored = session.get_one(IdempotencyKey, (person_id, key), populate_existing=True)
    if not new:
        if stored.request_hash != request_hash:
            raise KeyReused("这个 Idempotency-Key 已用于另一请求；新的请求请换一个")
        return Answer(stored.status, stored.body, replayed=True)
    answer = effect()
    stored.status, stored.body = answer.status, answer.body
    session.flush()
    return answer


def forget(session: Session) -> None:
    """Drop keys older than seven days."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < clock.now() - KEPT))
