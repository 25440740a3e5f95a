"""公示 and 公布: what the public is shown, frozen as it was shown, with the reckoning behind its dates."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.regime import Regime
from engine import calendar, clock
from engine.models import Case, Cluster, Notice, Organisation


def publish(session: Session, case: Case, kind: str, *, title: str, body: str, shown: list[dict[str, Any]]) -> Notice:
    """Put a notice on the public site, from this moment."""
    notice = Notice(
        regime=case.regime,
        bureau_code=case.bureau_code,
        round_id=case.round_id,
        kind=kind,
        title=title,
        body=body,
        entries=shown,
        published_at=clock.now(),
        basis={},
    )
    session.add(notice)
    session.flush()
    return notice


def open_period(session: Session, case: Case, regime: Regime, period: str, listed: Iterable[int]) -> Notice:
    """Begin a publicity period today. Its length and how it counts are the regime's; the counted days are kept.

    The day of the event does not count (民法典 第二百零一条) unless the regime says so.
    清远 第十五条（二）: 7 working days.
    """
    rule = regime.periods[period]
    today = clock.today()
    counted = calendar.shipped().nth_working_day(today, rule.working_days, count_first=rule.count_first)
    last = counted.latest  # on days without an official notice the public gets the longer period
    title = f"关于{clock.today().year}年度{regime.title}拟认定名单的公示"
    body = (
        f"根据{regime.source}{rule.clause or ''}，现将拟认定的{regime.title}名单予以公示。"
        f"公示期为{rule.working_days}个工作日，自{today.isoformat()}发布起至{last.isoformat()}止。"
    )
    notice = publish(session, case, "publicity", title=title, body=body, shown=entries(session, listed))
    notice.first_day, notice.last_day = today, last
    notice.basis = {
        "period": period,
        "working_days": rule.working_days,
        "count_first": rule.count_first,
        "clause": rule.clause,
        "published_on": today,
        "counted": [day.date for day in counted.days if day.working],
        "provisional": counted.provisional,
        "calendar": calendar.shipped().revision,
    }
    session.flush()
    return notice


def entries(session: Session, listed: Iterable[int]) -> list[dict[str, Any]]:
    """The list of clusters as the public sees it: name and place, no persons."""
    query = (
        select(Case.id, Cluster.name, Organisation.name.label("applicant"), Organisation.division)
        .join(Cluster, Cluster.id == Case.cluster_id)
        .join(Organisation, Organisation.code == Cluster.organisation_code)
        .where(Case.id.in_(list(listed)))
        .order_by(Organisation.division, Case.id)
    )
    return [
        {"case": row.id, "cluster": row.name, "applicant": row.applicant, "division": row.division}
        for row in session.execute(query)
    ]
