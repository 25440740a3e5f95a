"""The calendar of a bureau: its own decisions over imported notices, over the library's, over the estimate."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine import calendar
from engine.actors import Actor
from engine.calendar import Announced, Calendar, Counted, Day, Decided, Estimate, Imported, Layer, Notice
from engine.models import DayOverride, HolidayNotice

RECHECK_SECONDS = 5.0  # after which the tables are asked again; what was worked out meanwhile is put right every hour

Stamp: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]  # ids of the notices and decisions that count


@dataclass
class Held:
    """A calendar as this process last read it."""

    calendar: Calendar
    stamp: Stamp
    read_at: float  # of the monotonic clock


class Followed:
    """The calendar of a bureau as it stands whenever it is asked, for what lives longer than one command."""

    def __init__(self, held: dict[str, Held], bureau_code: str) -> None:
        self._held = held
        self._bureau = bureau_code

    def nth_working_day(self, start: date, n: int, count_first: bool = False) -> Counted:
        """As `Calendar.nth_working_day`."""
        held = self._held.get(self._bureau)
        return (held.calendar if held else calendar.shipped()).nth_working_day(start, n, count_first)


def of(session: Session, bureau_code: str) -> Calendar:
    """The calendar of a bureau: override > confirmed notice > library > estimate. Kept, and read again at times."""
    known: dict[str, Held] = session.info["database"].calendars
    held = known.get(bureau_code)
    if held is not None and time.monotonic() - held.read_at < RECHECK_SECONDS and not session.info.get("days_changed"):
        return held.calendar
    stamp = _stamp(session, bureau_code)
    if held is None or held.stamp != stamp:
        held = Held(_read(session, stamp), stamp, time.monotonic())
    else:
        held = Held(held.calendar, stamp, time.monotonic())
    if not session.info.get("days_changed"):  # what is not committed yet is for nobody else
        known[bureau_code] = held
    return held.calendar


def for_actor(session: Session, actor: Actor) -> Calendar:
    """The calendar by which somebody counts: of the nearest office above theirs that has decided on days of its own."""
    codes = [code for each in actor.memberships for code in reversed(each.path.strip("/").split("/"))]
    for code in codes:
        found = of(session, code)
        if session.info["database"].calendars[code].stamp[1]:
            return found
    return of(session, codes[0]) if codes else common(session)


def follower(session: Session) -> Callable[[str], Followed]:
    """Whoever keeps a calendar longer than one command gets it by the bureau's code; `of` brings it up to date."""
    return partial(Followed, session.info["database"].calendars)


def common(session: Session, beside: HolidayNotice | None = None) -> Calendar:
    """The calendar without any bureau's own decisions; `beside`: as it will be with this notice confirmed."""
    notices = {each.year: each for each in _notices(session)}
    if beside is not None:
        notices[beside.year] = beside
    return _layered([], tuple(_notice(each) for each in notices.values()))


def changed(session: Session) -> None:
    """The session has changed a calendar: it reads anew from now on, and everybody else once it is committed."""
    known = session.info["database"].calendars
    session.info["days_changed"] = True
    event.listen(session, "after_commit", lambda _: known.clear(), once=True)


def _stamp(session: Session, bureau_code: str) -> Stamp:
    notices = select(HolidayNotice.id).where(HolidayNotice.state == "confirmed").order_by(HolidayNotice.id)
    decided = select(DayOverride.id).where(DayOverride.bureau_code == bureau_code, DayOverride.withdrawn_at.is_(None))
    return tuple(session.scalars(notices)), tuple(session.scalars(decided.order_by(DayOverride.id)))


def _read(session: Session, stamp: Stamp) -> Calendar:
    decided = session.scalars(select(DayOverride).where(DayOverride.id.in_(stamp[1])).order_by(DayOverride.id)).all()
    own: list[Layer] = []
    if decided:
        own = [Decided({each.day: _decided(each) for each in decided}, "本局调整 " + "、".join(map(str, stamp[1])))]
    return _layered(own, tuple(_notice(each) for each in _notices(session)))


def _notices(session: Session) -> Iterable[HolidayNotice]:
    return session.scalars(select(HolidayNotice).where(HolidayNotice.state == "confirmed")).all()


def _layered(own: list[Layer], notices: tuple[tuple[int, Notice], ...]) -> Calendar:
    if not own and not notices:
        return calendar.shipped()
    imported: list[Layer] = [Imported(dict(notices))] if notices else []
    return Calendar([*own, *imported, Announced(), Estimate()])


def _notice(row: HolidayNotice) -> tuple[int, Notice]:
    days: Any = row.days
    return row.year, Notice(
        row.id, row.number, {date.fromisoformat(text): (name, working) for text, (name, working) in days.items()}
    )


def _decided(row: DayOverride) -> Day:
    why = f"本局调整{'上班' if row.working else '放假'}：{row.reason}"
    return Day(row.day, row.working, True, row.number, why=why)
