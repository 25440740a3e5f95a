"""公示 and 公布: what the public is shown, frozen as it was shown, with the reckoning behind its dates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.regime import Regime
from engine import automatic, calendar, calendars, clock, obligations
from engine.calendar import Counted
from engine.conventions import NO_NUMBER, NUMBER_FORMS
from engine.models import Case, Cluster, Notice, Organisation, Task


@dataclass(frozen=True)
class Period:
    """The days of a publicity, and how they were counted."""

    first_day: date
    last_day: date
    basis: dict[str, Any]


def publish(
    session: Session,
    case: Case,
    kind: str,
    *,
    title: str,
    body: str,
    shown: list[dict[str, Any]],
    number: str | None = None,
    files: Iterable[str] = (),
    period: Period | None = None,
) -> Notice:
    """Put a notice on the public site, from this moment. The database lets nobody change it afterwards."""
    notice = Notice(
        regime=case.regime,
        bureau_code=case.bureau_code,
        round_id=case.round_id,
        kind=kind,
        number=number,
        title=title,
        body=body,
        files=list(files),
        entries=shown,
        published_at=clock.now(),
        first_day=period.first_day if period else None,
        last_day=period.last_day if period else None,
        basis=period.basis if period else {},
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
    days = calendars.of(session, case.bureau_code)
    counted = days.nth_working_day(today, rule.working_days, count_first=rule.count_first)
    last = counted.latest  # on days without an official notice the public gets the longer period
    basis = {
        "period": period,
        "working_days": rule.working_days,
        "count_first": rule.count_first,
        "source": regime.source,
        "clause": rule.clause,
        "published_on": today.isoformat(),
        "counted": [day.date.isoformat() for day in counted.days if day.working],
        "days": _reckoning(today, counted),
        "provisional": counted.provisional,
        "calendar": days.revision,
    }
    again = newest(session, case) is not None
    title = f"关于{today.year}年度{regime.title}拟认定名单的{'重新' if again else ''}公示"
    body = (
        f"根据{regime.source}{rule.clause or ''}，现将拟认定的{regime.title}名单予以{'重新' if again else ''}公示。"
        f"公示期为{rule.working_days}个工作日，自{_in_words(today)}发布起至{_in_words(last)}止。"
    )
    notice = publish(
        session,
        case,
        "publicity",
        title=title,
        body=body,
        shown=entries(session, listed),
        number=_number_given(session, case),
        period=Period(today, last, basis),
    )
    if case.round_id is not None:
        obligations.settle(session, "cancelled", publicity_of=case.round_id)  # this one replaces it
    obligations.of_publicity(session, notice, counted, rule.basis, days)
    return notice


def newest(session: Session, case: Case) -> Notice | None:
    """The newest publicity notice of a round, given the round's own case."""
    query = select(Notice).where(Notice.round_id == case.round_id, Notice.kind == "publicity")
    return session.scalar(query.order_by(Notice.id.desc()).limit(1)) if case.round_id else None


def is_over(notice: Notice) -> bool:
    """Whether the last day has passed: until its midnight an objection counts (`file_until` of the regime)."""
    return notice.last_day is None or clock.today() > notice.last_day


def _reckoning(published_on: date, counted: Counted) -> list[dict[str, Any]]:
    """Every day from the publication to the end of the period: its number where it counts, and why it does or not."""
    walked = {day.date: day for day in counted.days}
    rows: list[dict[str, Any]] = []
    number = 0
    if published_on not in walked:
        rows.append({"date": published_on.isoformat(), "number": None, "why": "发布当日不计入（民法典第二百零一条）"})
    for day in counted.days:
        number += day.working
        counts = number if day.working else None
        rows.append({"date": day.date.isoformat(), "number": counts, "why": calendar.reason(day)})
    on = counted.date + calendar.DAY
    while on <= counted.latest:  # the notice to come may make holidays of the days before
        rows.append({"date": on.isoformat(), "number": None, "why": "放假通知尚未公布，公示期从宽延至此日"})
        on += calendar.DAY
    return rows


def entries(session: Session, listed: Iterable[int]) -> list[dict[str, Any]]:
    """The list of clusters as the public sees it: name and place, no persons; and which were recognised automatically.

    清远 第十五条（二）: those stand on it without review, with the words for that and its clause as `basis`.
    """
    listed = list(listed)
    automatically = automatic.among(session, listed)
    query = (
        select(Case.id, Cluster.name, Organisation.name.label("applicant"), Organisation.division)
        .join(Cluster, Cluster.id == Case.cluster_id)
        .join(Organisation, Organisation.code == Cluster.organisation_code)
        .where(Case.id.in_(listed))
        .order_by(Organisation.division, Case.id)
    )
    return [
        {"case": row.id, "cluster": row.name, "applicant": row.applicant, "division": row.division}
        | ({"basis": automatically[row.id]} if row.id in automatically else {})
        for row in session.execute(query)
    ]


def _number_given(session: Session, case: Case) -> str | None:
    """The 文号 that was given since the last publicity, in one of the forms that ask for it; usually it comes later."""
    given = (
        select(Task.answers)
        .where(Task.case_id == case.id, Task.form.in_(NUMBER_FORMS), Task.state == "done")
        .order_by(Task.closed_at.desc())
        .limit(1)
    )
    number = (session.scalar(given) or {}).get("publicity_number")
    return None if number == NO_NUMBER else number


def _in_words(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
