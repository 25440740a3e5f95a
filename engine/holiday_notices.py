"""Holiday notices (放假通知): imported as a file by one person, shown as a difference, confirmed by another."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, calendar, calendars, clock, events, moving, once, particulars
from engine.access import Actor
from engine.calendar import DAY, Day
from engine.errors import Conflict, NotFound, NoticeInvalid, Refused
from engine.expansion import BUREAU_ROLE
from engine.models import HolidayNotice, Letter, Membership, Organisation

MOST_BYTES = 256 * 1024  # a year's file has three kilobytes
MOST_DAYS = 120  # a year's notice speaks of some thirty-five
YEARS = 2021, 2060  # as far as the estimate reaches, which stands behind every notice
WARN_FROM = 11, 1  # month and day: the State Council publishes the notice in October or November
MISSING = "calendar_missing"  # the letter that says so

_BUREAUS = select(Membership.organisation_code).where(Membership.role == BUREAU_ROLE)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True)
class Content:
    """What a file says: of which year, by which papers, and the days that do not simply follow the week."""

    year: int
    papers: tuple[str, ...]  # addresses of the notices it was made from
    days: Mapping[date, tuple[str, bool]]  # the holiday, and whether the day is worked
    sha256: str


@dataclass(frozen=True)
class Change:
    """A day about which the notice says something, or something else than the calendar does now."""

    before: Day
    after: Day

    @property
    def turns(self) -> bool:
        """A day that was thought to be worked is not, or the other way round."""
        return self.before.working != self.after.working


def read(content: bytes) -> Content:
    """A file in the format of holiday-cn: {"year", "papers": [...], "days": [{"name", "date", "isOffDay"}]}.

    The year is the notice's; its days may lie in the December before as well. Raises NoticeInvalid with one sentence
    for the first thing that is wrong.
    """
    told = _json(content)
    year = told.get("year")
    if not isinstance(year, int) or isinstance(year, bool) or not YEARS[0] <= year <= YEARS[1]:
        raise NoticeInvalid(
            said("日历文件的年份（year）应为 %(first)s 至 %(last)s 的整数", first=YEARS[0], last=YEARS[1])
        )
    papers = told.get("papers")
    if not isinstance(papers, list) or not papers or not all(isinstance(each, str) and each.strip() for each in papers):
        raise NoticeInvalid(said("日历文件没有写明所依据的通知（papers）；%(year)s 年的通知可能尚未公布", year=year))
    rows = told.get("days")
    if not isinstance(rows, list) or not rows:
        raise NoticeInvalid(said("日历文件里没有任何日期（days）；%(year)s 年的通知可能尚未公布", year=year))
    if len(rows) > MOST_DAYS:
        raise NoticeInvalid(
            said(
                "日历文件有 %(given)s 个日期，超过 %(most)s 个：只应列出放假和调休上班的日子",
                given=len(rows),
                most=MOST_DAYS,
            )
        )
    days: dict[date, tuple[str, bool]] = {}
    for number, row in enumerate(rows, 1):
        on, name, working = _row(year, number, row)
        if on in days:
            raise NoticeInvalid(
                said("日历文件第 %(number)s 个日期 %(day)s 重复：同一天只能列一次", number=number, day=on)
            )
        days[on] = name, working
    missing = sorted(on for on in calendar.statutory(year) if on not in days or days[on][1])
    if missing:
        raise NoticeInvalid(said("日历文件没有把法定节假日 %(day)s 列为放假；请核对文件是否完整", day=missing[0]))
    return Content(year, tuple(papers), days, hashlib.sha256(content).hexdigest())


def propose(session: Session, actor: Actor, content: bytes, number: str) -> HolidayNotice:
    """Keep what a file says until somebody else confirms it. `number` is the notice's 文号.

    Raises Forbidden, NoticeInvalid, Conflict where the calendar says this already or the file waits already.
    """
    access.require(actor, "calendar.import")
    number = _number(number)
    found = read(content)
    waiting = select(HolidayNotice.id).where(
        HolidayNotice.sha256 == found.sha256, HolidayNotice.state.in_(("proposed", "confirmed"))
    )
    if session.scalar(waiting) is not None:
        raise Conflict(said("这份日历文件已经导入，不必重复导入"))
    notice = HolidayNotice(
        year=found.year,
        number=number,
        papers=list(found.papers),
        days={on.isoformat(): [name, working] for on, (name, working) in sorted(found.days.items())},
        sha256=found.sha256,
        state="proposed",
        proposed_at=clock.now(),
        proposed_by=actor.name,
    )
    session.add(notice)
    session.flush()
    _record(session, actor, "calendar.proposed", notice)
    return notice


def confirm(session: Session, actor: Actor, notice_id: int) -> HolidayNotice:
    """The notice counts from now; one that was imported for its year before is replaced.

    What rests on its days is counted anew at once: `moving.everywhere`.
    Raises Forbidden, NotFound, Conflict where it is decided already, Refused where the actor imported it.
    """
    notice = _waiting(session, actor, notice_id)
    if notice.proposed_by == actor.name:
        raise Refused(said("放假通知须由另一人确认：确认人不得与导入人相同"))
    earlier = (HolidayNotice.year == notice.year, HolidayNotice.state == "confirmed")
    session.execute(update(HolidayNotice).where(*earlier).values(state="replaced"))
    _decide(notice, actor, "confirmed")
    session.flush()
    calendars.changed(session)
    moving.everywhere(session)
    _record(session, actor, "calendar.confirmed", notice)
    return notice


def reject(session: Session, actor: Actor, notice_id: int) -> HolidayNotice:
    """The file is put aside; who imported it may do so too. Raises Forbidden, NotFound, Conflict."""
    notice = _waiting(session, actor, notice_id)
    _decide(notice, actor, "rejected")
    _record(session, actor, "calendar.rejected", notice)
    return notice


def find(session: Session, actor: Actor, notice_id: int) -> HolidayNotice:
    """An imported notice. Raises Forbidden, NotFound."""
    access.require(actor, "calendar.read")
    notice = session.get(HolidayNotice, notice_id)
    if notice is None:
        raise NotFound(said("没有这份放假通知"))
    return notice


def listed(session: Session, actor: Actor) -> list[HolidayNotice]:
    """Every imported notice, the newest first. Raises Forbidden."""
    access.require(actor, "calendar.read")
    return list(session.scalars(select(HolidayNotice).order_by(HolidayNotice.id.desc())))


def difference(session: Session, notice: HolidayNotice) -> list[Change]:
    """What becomes of each day that the notice names, and of each other day of its year that turns. In their order."""
    now = calendars.common(session)
    then = calendars.common(session, beside=notice)
    named = {date.fromisoformat(text) for text in notice.days}
    first = min(named | {date(notice.year, 1, 1)})
    changes = []
    for n in range((date(notice.year, 12, 31) - first).days + 1):
        change = Change(now.day(first + n * DAY), then.day(first + n * DAY))
        if change.turns or change.before.date in named:
            changes.append(change)
    return changes


def missing(session: Session) -> int | None:
    """Next year, where it is the first of November and no notice for it is known; else None."""
    today = clock.today()
    late = (today.month, today.day) >= WARN_FROM
    known = calendars.common(session).day(date(today.year + 1, 6, 30)).official
    return today.year + 1 if late and not known else None


def tell_missing(session: Session) -> int | None:
    """Write to each bureau's officers, once a year, where next year's notice is `missing`; answers which year's."""
    year = missing(session)
    if year is None:
        return None
    offices = select(Organisation).where(Organisation.code.in_(_BUREAUS)).order_by(Organisation.code)
    for office in session.scalars(offices):
        once.insert(
            session,
            Letter,
            dedupe_key=f"{MISSING}:{year}:{office.code}",
            template=MISSING,
            organisation_code=office.code,
            role=BUREAU_ROLE,
            fields=particulars.whole({"机构": office.name, "年份": str(year)}),
            created_at=clock.now(),
        )
    return year


def _json(content: bytes) -> dict[str, Any]:
    if len(content) > MOST_BYTES:
        raise NoticeInvalid(said("日历文件超过 %(most)s KB，不像是放假通知的数据", most=MOST_BYTES // 1024))
    try:
        told = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NoticeInvalid(said("日历文件不是 UTF-8 文本，请另存为 UTF-8")) from error
    except (ValueError, RecursionError) as error:
        raise NoticeInvalid(said("日历文件不是有效的 JSON")) from error
    if not isinstance(told, dict):
        raise NoticeInvalid(said("日历文件应是一个 JSON 对象，含 year、papers、days"))
    return told


def _row(year: int, number: int, row: Any) -> tuple[date, str, bool]:
    """One day of the file. Raises NoticeInvalid."""
    name, text, off = (row.get(key) for key in ("name", "date", "isOffDay")) if isinstance(row, dict) else (None,) * 3
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 40 or not isinstance(off, bool):
        raise NoticeInvalid(
            said("日历文件第 %(number)s 个日期应写明 name（节日名称）、date、isOffDay（true 或 false）", number=number)
        )
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        raise NoticeInvalid(said("日历文件第 %(number)s 个日期应写作 2027-01-01 的样子", number=number))
    try:
        on = date.fromisoformat(text)
    except ValueError as error:
        raise NoticeInvalid(said("日历文件第 %(number)s 个日期 %(day)s 不存在", number=number, day=text)) from error
    if not date(year - 1, 12, 1) <= on <= date(year, 12, 31):
        raise NoticeInvalid(
            said(
                "日历文件第 %(number)s 个日期 %(day)s 不在 %(year)s 年（或上年 12 月）",
                number=number,
                day=on,
                year=year,
            )
        )
    if not off and on.weekday() < 5:
        raise NoticeInvalid(
            said("日历文件第 %(number)s 个日期 %(day)s 列为调休上班，但这天本来就是周一至周五", number=number, day=on)
        )
    return on, name.strip(), not off


def _number(text: str) -> str:
    number = text.strip()
    if not 0 < len(number) <= 60 or not number.isprintable():
        raise NoticeInvalid(said("请填写放假通知的文号，不超过 60 个字"))
    return number


def _waiting(session: Session, actor: Actor, notice_id: int) -> HolidayNotice:
    access.require(actor, "calendar.import")
    notice = session.scalar(select(HolidayNotice).where(HolidayNotice.id == notice_id).with_for_update())
    if notice is None:
        raise NotFound(said("没有这份放假通知"))
    if notice.state != "proposed":
        raise Conflict(said("这份放假通知已经处理过了"))
    return notice


def _decide(notice: HolidayNotice, actor: Actor, state: str) -> None:
    notice.state, notice.decided_at, notice.decided_by = state, clock.now(), actor.name


def _record(session: Session, actor: Actor, kind: str, notice: HolidayNotice) -> None:
    payload = {"notice": notice.id, "year": notice.year, "number": notice.number, "sha256": notice.sha256}
    events.record(session, events.SYSTEM, actor.name, kind, payload=payload)
