"""Late filings (逾期受理): a bureau lets one office file or recommend after its closing minute, and says why.

No article speaks of it, so it is the bureau's own decision: it stands in the record and on the round's page.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.chain import LEVELS
from config.sentences import said
from engine import access, cases, clock, events, filing
from engine.access import Actor
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import Case, LateFiling, Notice, Organisation, Person, Round, RoundLevel, Task

Row: TypeAlias = Mapping[str, Any]

REASON = 500  # characters


def grant(
    session: Session, actor: Actor, round_id: int, organisation_code: str, *, until: datetime, reason: str
) -> LateFiling:
    """Let an office open applications and file them until then; one of the chain, recommend.

    Granted anew, the later moment takes the place. What the office has not filed yet
    gets the new time too. The same grant again changes nothing.
    Raises Forbidden, NotFound, FormInvalid, Refused once the round's list is public.
    """
    until = until.astimezone(UTC)
    round_ = session.scalar(select(Round).where(Round.id == round_id).with_for_update())
    if round_ is None:
        raise NotFound(said("没有这个批次，或者您无权查看"))
    access.require(actor, "round.extend", round_)
    _require_running(session, round_)
    problems = list(_problems(session, round_, organisation_code, until, reason.strip()))
    if problems:
        raise FormInvalid(problems)
    granted = session.scalar(
        select(LateFiling).where(LateFiling.round_id == round_id, LateFiling.organisation_code == organisation_code)
    )
    if granted and granted.until == until and granted.reason == reason.strip():
        return granted
    before = granted.until if granted else None
    if granted is None:
        granted = LateFiling(round_id=round_id, organisation_code=organisation_code)
        session.add(granted)
    granted.until, granted.reason = until, reason.strip()
    granted.granted_at, granted.granted_by = clock.now(), actor.name
    session.flush()
    extended: list[events.Entry] = []
    for case_id in _unfiled(session, round_, organisation_code):
        extended += _extend(session, case_id, until)
    payload = {"organisation": organisation_code, "until": until, "reason": granted.reason, "before": before}
    entry = events.Entry("round.late_filing", round_.case_id, payload=payload)
    events.append(session, round_.bureau_code, actor.name, [entry, *extended])
    return granted


def listed(session: Session, actor: Actor, round_id: int) -> list[Row]:
    """The exceptions of a round, oldest first: all to its bureau, their own to the offices. Raises NotFound."""
    round_ = session.get(Round, round_id)
    if round_ is None:
        raise NotFound(said("没有这个批次，或者您无权查看"))
    access.require(actor, "round.read", round_)
    query = (
        select(
            LateFiling.id,
            LateFiling.organisation_code,
            Organisation.name.label("organisation"),
            LateFiling.until,
            LateFiling.reason,
            LateFiling.granted_at,
            Person.display_name.label("granted_by"),
        )
        .join(Organisation, Organisation.code == LateFiling.organisation_code)
        .outerjoin(Person, Person.name == LateFiling.granted_by)
        .where(LateFiling.round_id == round_id)
        .order_by(LateFiling.granted_at, LateFiling.id)
    )
    if not access.of_bureau(actor, round_.bureau_code):
        own = access.offices(actor, access.APPLICANTS | access.BUREAU)
        query = query.where(LateFiling.organisation_code.in_(own))
    return [dict(row) for row in session.execute(query).mappings()]


def offices(session: Session, round_: Round) -> list[tuple[str, str]]:
    """Who may be let in late: counties and parks of the bureau, and the offices between; code and name."""
    query = select(Organisation.code, Organisation.name).where(_applicants_of(round_))
    return [(code, name) for code, name in session.execute(query.order_by(Organisation.path))]


def _require_running(session: Session, round_: Round) -> None:
    public = select(Notice.id).where(Notice.round_id == round_.id, Notice.kind == "publicity").limit(1)
    if round_.state == "draft" or round_.closes_at is None:
        raise Refused(said("本批次的申报通知尚未发布，不需要逾期受理"), round=round_.id)
    if round_.state not in filing.RUNNING or session.scalar(public):
        raise Refused(said("本批次的名单已经公示，不能再受理申报；请在下一批次受理"), round=round_.id)


def _problems(session: Session, round_: Round, code: str, until: datetime, reason: str) -> Iterator[Problem]:
    level = session.scalar(select(Organisation.level).where(Organisation.code == code, _applicants_of(round_)))
    if level is None:
        yield Problem("organisation_code", "not_an_applicant", said("请选择本局管辖的主管部门或园区管委会"))
    told = session.get(RoundLevel, (round_.id, level)) if level in LEVELS else None
    closing = told.closes_at if told else round_.closes_at
    if until <= clock.now() or (closing and until <= closing):
        yield Problem("until", "not_later", said("补报期限应晚于现在，也晚于该单位的申报或推荐截止时间"))
    if not reason:
        yield Problem("reason", "required", said("请写明同意逾期受理的理由"))
    elif len(reason) > REASON or not reason.isprintable():
        yield Problem("reason", "too_long", said("理由不超过 %(limit)s 字，不能换行", limit=REASON))


def _applicants_of(round_: Round) -> Any:
    below = Organisation.path.contains(f"/{round_.bureau_code}/", autoescape=True)
    return below & (Organisation.code != round_.bureau_code) & Organisation.level.in_(("county", "park", *LEVELS))


def _unfiled(session: Session, round_: Round, code: str) -> list[int]:
    """The office's cases that run in the round, in the order in which commands lock them."""
    query = select(Case.id).where(
        Case.round_id == round_.id, Case.organisation_code == code, Case.status.in_(("open", "suspended"))
    )
    return list(session.scalars(query.order_by(Case.id)))


def _extend(session: Session, case_id: int, until: datetime) -> Iterator[events.Entry]:
    """Move the timers and the time limits that end with the round; a case beyond its filing has none of them."""
    case, workflow = cases.lock(session, case_id)
    steps = [step.id for step in workflow.ready() if step.properties.get("closes_with") == "round"]
    if not steps:
        return
    workflow.postpone("closes_at", until.isoformat())
    for task in session.scalars(select(Task).where(Task.id.in_(steps), Task.state == "open")):
        task.due_at = until
    yield events.Entry("case.extended", case.id, payload={"closes_at": until})
    yield from cases.keep(session, case, workflow)
