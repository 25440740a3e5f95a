"""运行状况."""

from datetime import timedelta

from flask import Blueprint
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock
from engine.models import Case, Heartbeat
from web import context
from web.errors import NotReady
from web.guard import guard
from web.operations import operation
from web.told import Health, Readiness

routes = Blueprint("health", __name__)

TICKS_MISSED = 4  # so many in a row and the worker counts as gone
SHORTEST_SILENCE = timedelta(minutes=1)


@routes.get("/healthz")
@guard("health.read")
@operation()
def healthz(session: Session) -> Health:  # noqa: ARG001  # every operation is given one
    """进程在运行"""
    return Health()


@routes.get("/readyz")
@guard("health.read")
@operation(problems={503})
def readyz(session: Session) -> Readiness:
    """可以提供服务

    数据库可用，调度按时进行。否则返回 503。
    """
    last = session.scalar(select(func.max(Heartbeat.last_tick_at)))
    oldest = session.scalar(select(func.min(Case.wake_at)).where(Case.status == "open", Case.wake_at <= clock.now()))
    allowed = max(SHORTEST_SILENCE, TICKS_MISSED * timedelta(seconds=context.current().settings.tick_seconds))
    if last is None or clock.now() - last > allowed:
        raise NotReady(
            "调度没有运行：请确认 jiqun serve 或 jiqun worker 正在运行", last_tick_at=last, oldest_due_at=oldest
        )
    return Readiness(last_tick_at=last, oldest_due_at=oldest)
