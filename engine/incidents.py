"""Incidents: an instance that cannot go on is undone, and seen. engine.repairs is what people do about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import said
from engine import clock, events
from engine.errors import (
    BudgetExceeded,
    CaseStopped,
    ExpressionFailed,
    ExpressionInvalid,
    ScriptInvalid,
    StepFailed,
)
from engine.models import Case, Incident
from engine.scripts import held

# the diagram's fault, not the person's
STOPPING = (BudgetExceeded, ExpressionFailed, ExpressionInvalid, ScriptInvalid, StepFailed)


@contextmanager
def guarded(case: Case, actor: str) -> Iterator[None]:
    """Within the block a failing step raises CaseStopped: the command is undone and the incident stays."""
    try:
        yield
    except STOPPING as error:
        stopped = Stopped(case.id, case.opened_at, actor, error.code, error.message, **_facts(error))
        raise CaseStopped(
            said(
                "办件“%(case)s”无法继续办理，已转异常处理，您提交的内容没有生效：%(reason)s",
                case=case.title,
                reason=error.message,
            ),
            stopped.leave,
            case=case.id,
        ) from error


def _facts(error: JiqunError) -> dict[str, str | None]:
    return {name: error.facts.get(name) for name in ("element", "script")}


@dataclass(frozen=True)
class Stopped:
    """What happened to a case, to be written once the command that met it is undone."""

    case_id: int
    opened_at: datetime  # tells the case from one that took its number after an opening was undone
    actor: str
    code: str
    message: str
    element: str | None
    script: str | None = None  # that used up its processor time

    def leave(self, session: Session) -> None:
        """Open the incident if the case still stands: it may have ended meanwhile, have one, or never been opened."""
        if self.script is not None:
            held.count(session, self.script)
        case = session.get(Case, self.case_id, with_for_update=True)
        if case is None or case.opened_at != self.opened_at or case.status != "open":
            return
        case.status = "incident"
        facts = {"code": self.code, "message": self.message}
        session.add(Incident(case_id=case.id, element=self.element, happened_at=clock.now(), **facts))
        entry = events.Entry("case.stopped", case.id, element=self.element, payload=facts)
        events.append(session, case.bureau_code, self.actor, [entry])
