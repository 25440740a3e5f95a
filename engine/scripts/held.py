"""Scripts held back: one that used up its processor time again and again is not run until an owner has looked at it."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, deployments, once, scripts
from engine.errors import ScriptHeld, ScriptOverran
from engine.instance.journal import Words
from engine.models import Case, Incident, ScriptHold
from engine.scripts import sources

MOST: Final = 3  # overruns, then it is held


def runner(session: Session) -> scripts.Runner:
    """Has scripts run in their sandbox, unless they are held. Nothing is asked before the first script runs."""

    def run(_place: str, script: str, variables: Mapping[str, Any], words: Words) -> dict[str, Any]:
        known = sources.digest(script)
        hold = session.get(ScriptHold, known)
        if hold is not None and hold.held_at is not None:
            why = said(
                "脚本已连续 %(times)s 次用完运行时间，暂不运行；请流程管理人员查看脚本后重试", times=hold.overruns
            )
            raise ScriptHeld(why, line=None)
        try:
            return scripts.run(script, variables, words)
        except ScriptOverran as overran:
            overran.facts["script"] = known
            raise

    return run


def count(session: Session, digest: str) -> None:
    """One overrun more, written after the command that met it was undone."""
    once.insert(session, ScriptHold, digest=digest, overruns=0, last_at=clock.now(), held_at=None)
    hold = session.get_one(ScriptHold, digest, with_for_update=True, populate_existing=True)
    hold.overruns, hold.last_at = hold.overruns + 1, clock.now()
    if hold.overruns >= MOST and hold.held_at is None:
        hold.held_at = clock.now()
    session.flush()


def release(session: Session, case: Case, incident: Incident) -> list[str]:
    """An owner has looked at what stopped the case: its scripts run again. Answers the digests of those released."""
    if incident.code not in (ScriptHeld.code, ScriptOverran.code):
        return []
    files = deployments.deployed(session, case.deployment_id).files
    here = {each.digest for each in sources.listed(files) if each.element == incident.element}
    query = select(ScriptHold).where(ScriptHold.digest.in_(here), ScriptHold.held_at.is_not(None))
    held = session.scalars(query.with_for_update()).all()
    for hold in held:
        session.delete(hold)
    session.flush()
    return sorted(hold.digest for hold in held)
