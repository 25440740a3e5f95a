"""运行状况."""

from datetime import datetime, timedelta

from flask import Blueprint
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, posting, timers
from engine.models import Heartbeat
from web import context
from web.errors import NotReady
from web.guard import guard
from web.operations import operation
from web.told import Health, MailHalt, Readiness

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
    并告知最近一次调度、最早到期而未处理的事项和未发出的邮件各已过去多少秒，哪些发信账号现在不发信。
    发信账号停用不影响服务，仍返回 200。
    """
    last = session.scalar(select(func.max(Heartbeat.last_tick_at)))
    mail = posting.state(session)
    oldest, unsent = timers.oldest_due(session), timers.oldest_unsent(session)
    allowed = max(SHORTEST_SILENCE, TICKS_MISSED * timedelta(seconds=context.current().settings.tick_seconds))
    if last is None or clock.now() - last > allowed:
        raise NotReady(
            "调度没有运行：请确认 jiqun serve 或 jiqun worker 正在运行", last_tick_at=last, oldest_due_at=oldest
        )
    return Readiness(
        last_tick_at=last,
        tick_age_seconds=_age(last) or 0,
        oldest_due_at=oldest,
        oldest_due_age_seconds=_age(oldest),
        oldest_unsent_at=unsent,
        oldest_unsent_age_seconds=_age(unsent),
        mail_halted=[
            MailHalt(name=each.name, state=each.state, since=each.changed_at, until=each.paused_until)
            for each in posting.halted(session)
        ],
        letters_waiting=mail.waiting,
        letters_failed=mail.failed,
    )


def _age(moment: datetime | None) -> int | None:
    """Whole seconds since then; a clock that was set back makes nothing younger than it is."""
    return None if moment is None else max(0, int((clock.now() - moment).total_seconds()))
