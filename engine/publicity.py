"""公示 and 公布: what the public is shown, frozen as it was shown, with the reckoning behind its dates."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.regime import Regime
from engine import calendar, clock
from engine.calendar import Counted
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
        f"公示期为{rule.working_days}个工作日，自{_in_words(today)}发布起至{_in_words(last)}止。"
    )
    notice = publish(session, case, "publicity", title=title, body=body, shown=entries(session, listed))
    notice.first_day, notice.last_day = today, last
    notice.basis = {
        "period": period,
        "working_days": rule.working_days,
        "count_first": rule.count_first,
        "source": regime.source,
        "clause": rule.clause,
        "published_on": today,
        "counted": [day.date for day in counted.days if day.working],
        "days": _reckoning(today, counted),
        "provisional": counted.provisional,
        "calendar": calendar.shipped().revision,
    }
    session.flush()
    return notice


def _reckoning(published_on: date, counted: Counted) -> list[dict[str, Any]]:
    """Every day from the publication to the end of the period: its number where it counts, and why it does or not."""
    walked = {day.date: day for day in counted.days}
    rows: list[dict[str, Any]] = []
    number = 0
    if published_on not in walked:
        rows.append({"date": published_on, "number": None, "why": "发布当日不计入（民法典第二百零一条）"})
    for day in counted.days:
        number += day.working
        rows.append({"date": day.date, "number": number if day.working else None, "why": calendar.reason(day)})
    on = counted.date + calendar.DAY
    while on <= counted.latest:  # the notice to come may make holidays of the days before
        rows.append({"date": on, "number": None, "why": "放假通知尚未公布，公示期从宽延至此日"})
        on += calendar.DAY
    return rows


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


def _in_words(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
