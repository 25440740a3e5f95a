"""The cases that a rehearsal lived from beginning to end, as examples that an owner may keep."""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.checking import keeping
from engine.errors import Refused
from engine.models import Case

OF_EACH: Final = 2  # of each process and way to end
MOST: Final = 60


def cases(session: Session, regime: str, since: datetime, *, with_answers: bool) -> list[dict[str, Any]]:
    """Those opened since then and ended. `with_answers` where nobody but the rehearsal has written any."""
    query = select(Case).where(Case.regime == regime, Case.opened_at >= since, Case.status == "ended")
    found: list[dict[str, Any]] = []
    counted: Counter[tuple[str, str | None]] = Counter()
    for case in session.scalars(query.order_by(Case.id)):
        counted[case.process, case.outcome] += 1
        if counted[case.process, case.outcome] > OF_EACH or len(found) >= MOST:
            continue
        try:
            content = keeping.recorded(session, case, case.title[:60], with_answers=with_answers)
        except Refused:
            continue
        about = {"case": case.id, "process": case.process, "title": case.title, "end": case.outcome}
        found.append({**about, "example": content.decode()})
    return found
