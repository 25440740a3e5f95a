"""Filing (报送): from when until when an office may apply in a round, and what one that comes too late is told."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock
from engine.conventions import NOTICE_FORMS
from engine.errors import Refused
from engine.models import LateFiling, Organisation, Round, Task

RUNNING = ("open", "closed")  # states of a round in which an exception still leads somewhere


def closes_at(session: Session, round_: Round, organisation_code: str) -> datetime | None:
    """Until when this office may file in the round: the closing minute, or the later end of its exception.

    None while the round has no closing minute yet. The moment itself still counts.
    """
    until = exceptions(session, [round_.id], {organisation_code}).get((round_.id, organisation_code))
    return later(round_.closes_at, until)


def exceptions(session: Session, round_ids: Collection[int], codes: Collection[str]) -> dict[tuple[int, str], datetime]:
    """The ends of the exceptions that these offices have in these rounds, by round and office."""
    query = select(LateFiling.round_id, LateFiling.organisation_code, LateFiling.until).where(
        LateFiling.round_id.in_(list(round_ids)), LateFiling.organisation_code.in_(list(codes))
    )
    return {(row.round_id, row.organisation_code): row.until for row in session.execute(query)}


def later(closing: datetime | None, until: datetime | None) -> datetime | None:
    """The closing minute of an office: an exception never ends before the round does."""
    return max(closing, until) if closing and until else closing


def takes(state: str, opens_at: datetime | None, closes_at: datetime | None, until: datetime | None) -> bool:
    """Whether a round in this state takes an application now, from an office whose exception ends at `until`."""
    now, closing = clock.now(), later(closes_at, until)
    if opens_at and now < opens_at:
        return False
    if state == "open" and (closes_at is None or now <= closes_at):
        return True
    return state in RUNNING and closing is not None and now <= closing


def require_open(session: Session, round_: Round, organisation_code: str) -> None:
    """Nothing, if the office may apply in the round now; else Refused, which says the date and what can be done."""
    closing = closes_at(session, round_, organisation_code)
    if takes(round_.state, round_.opens_at, round_.closes_at, closing):
        return
    if round_.state == "draft":
        raise Refused(said("本批次的申报通知尚未发布，请待通知发布后申报"), round=round_.id)
    if round_.opens_at and clock.now() < round_.opens_at:
        raise Refused(said("本批次自%(time)s起接受申报，请届时再来", time=in_words(round_.opens_at)), round=round_.id)
    if round_.state not in RUNNING or closing is None:
        raise Refused(said("本批次已办结，不再接受申报；请在下一批次申报"), round=round_.id)
    raise Refused(
        said(
            "申报已于%(time)s截止，本次不能再申报。确有特殊原因的，请向%(contact)s说明，"
            "经同意并记录后可在延长的期限内补报；也可以在下一批次申报",
            time=in_words(closing),
            contact=contact(session, round_),
        ),
        round=round_.id,
        closed_at=closing,
    )


def contact(session: Session, round_: Round) -> str:
    """The bureau, and the office that its call for applications names."""
    query = select(Task.answers).where(
        Task.case_id == round_.case_id, Task.form == NOTICE_FORMS["call"], Task.state == "done"
    )
    answers = session.scalar(query.order_by(Task.closed_at.desc()).limit(1)) or {}
    bureau = session.get_one(Organisation, round_.bureau_code).name
    office = answers.get("contact_office")
    return f"{bureau}（{office}）" if office else bureau


def in_words(moment: datetime) -> str:
    """A moment as people read it, in Shanghai."""
    at = moment.astimezone(clock.SHANGHAI)
    return f"{at.year}年{at.month}月{at.day}日{at:%H:%M}"
