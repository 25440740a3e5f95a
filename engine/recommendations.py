"""Recommendations (逐级推荐): an office of the chain sends an application on, within its number, in time, one a niche.

Numbers and closing moments belong to the round's notice; what it does not say the regime does. What becomes of more
than an office may send is for people above to decide; here it cannot be sent.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.chain import Quota
from config.regime import Regime
from config.sentences import said
from engine import clock, deployments, filing, organisations, panels, ties
from engine.errors import FormInvalid, Refused
from engine.forms import Problem
from engine.models import Case, LateFiling, Organisation, Recommendation, Round, RoundLevel, Task

if TYPE_CHECKING:
    from engine.acts import Answered

DECISION, RECOMMEND, OVERRIDE, RELAXED = "decision", "recommend", "niche_override_reason", "relaxation_reason"
NICHE: Final = "niche"  # of the application: 细分领域
NOTHING: Final = "无"  # where a form asks for words and there are none
_FIELDS: Final = {"closes_at": "closes_at", "most": "quota", "special_most": "special_quota"}  # behind "<level>_"


@dataclass(frozen=True)
class Terms:
    """推荐要求 of a level in a round."""

    level: str  # of organisations.LEVELS
    closes_at: datetime | None  # None: whenever they like
    most: int | None  # None: as many as they like
    special_most: int | None  # 计划单列市 and 兵团; None: as the others
    basis: str  # of the numbers


def recommend(answered: "Answered") -> Mapping[str, Any]:
    """Keep a recommendation; another answer of the step leaves nothing.

    Raises Refused after the closing moment of the level and beyond the office's number, whoever is quicker;
    FormInvalid for a second cluster of one niche without a reason, and for a relaxation outside the west.
    """
    session, case, answers = answered.session, answered.case, answered.answers
    problems = list(_unfounded_relaxation(session, answered))
    if problems:
        raise FormInvalid(problems)
    if answers[DECISION] != RECOMMEND:
        return {}
    office = session.get_one(Organisation, answered.task.organisation_code, with_for_update={"key_share": True})
    level, round_ = answered.step.place, session.get_one(Round, case.round_id)
    regime = deployments.deployed(session, case.deployment_id).regime
    _require_open(session, round_, level, office)
    _require_room(session, round_, office, terms(session, round_, regime, level))
    quota, niche, override = regime.quota.get(level), _niche(session, case), _reason(answers, OVERRIDE)
    if quota and quota.niche and override is None:
        _require_other_niche(session, round_, office, quota, niche)
    kept = session.get(Recommendation, (case.id, office.code))
    if kept is None:  # once sent on it counts, whatever becomes of it above
        kept = Recommendation(case_id=case.id, organisation_code=office.code, round_id=round_.id, level=level)
        session.add(kept)
    kept.niche, kept.override = niche, override
    kept.recommended_at, kept.recommended_by = clock.now(), answered.actor.name
    facts = {"organisation": office.code, "level": level, "override": override, "relaxed": _reason(answers, RELAXED)}
    panels.record(answered, "case.recommended", facts)
    return {}


def sent(session: Session, round_id: int, organisation_code: str) -> int:
    """How many the office has recommended in the round."""
    query = select(func.count()).where(
        Recommendation.round_id == round_id, Recommendation.organisation_code == organisation_code
    )
    return session.scalar(query) or 0


def most(office: Organisation, asked: Terms) -> int | None:
    """How many the office may recommend by these terms; None: as many as it likes."""
    return asked.special_most if office.special and asked.special_most is not None else asked.most


def terms(session: Session, round_: Round, regime: Regime, level: str) -> Terms:
    """What the round asks of the offices of a level: as its notice says, and where that says nothing, the regime."""
    quota = regime.quota.get(level)
    number, special = printed = (quota.most, quota.special) if quota else (None, None)
    told = session.get(RoundLevel, (round_.id, level))
    if told:
        number = number if told.most is None else told.most
        special = special if told.special_most is None else told.special_most
    basis = quota.basis if quota and (number, special) == printed else said("本批次申报通知")
    return Terms(level, told.closes_at if told else None, number, special, basis)


def of_round(session: Session, round_: Round) -> list[Terms]:
    """The terms of each level of the chain, from below; none before the call for applications is out."""
    regime = deployments.deployed(session, session.get_one(Case, round_.case_id).deployment_id).regime
    return [terms(session, round_, regime, level) for level in regime.levels] if round_.closes_at else []


def closes_at(session: Session, round_: Round, level: str, organisation_code: str) -> datetime | None:
    """Until when the office may recommend: the notice's moment for its level, or the later end of its exception."""
    told = session.get(RoundLevel, (round_.id, level))
    if told is None or told.closes_at is None:
        return None
    until = select(LateFiling.until).where(
        LateFiling.round_id == round_.id, LateFiling.organisation_code == organisation_code
    )
    return filing.later(told.closes_at, session.scalar(until))


def relaxation(session: Session, case: Case) -> str | None:
    """Why an office that recommended the case relaxed the conditions for it (适当放宽); None: none did."""
    if not case.chain.strip():
        return None
    recommended = (
        select(Task.answers)
        .where(Task.case_id == case.id, Task.form == RECOMMEND, Task.state == "done")
        .order_by(Task.closed_at.desc())
    )
    told = (answers for answers in session.scalars(recommended) if answers and answers.get(DECISION) == RECOMMEND)
    return next((reason for answers in told if (reason := _reason(answers, RELAXED))), None)


def begun(round_: Round, regime: Regime, fields: Collection[str]) -> dict[str, Any]:
    """What the call of a round begins with: the regime's numbers, and the closing moments printed for its year."""
    found: dict[str, Any] = {}
    for level, quota in regime.quota.items():
        found |= {f"{level}_quota": quota.most, f"{level}_special_quota": quota.special}
    for closing in regime.closings:
        if closing.year == round_.year:
            found[f"{closing.level}_closes_at"] = closing.at.isoformat()
    return {name: value for name, value in found.items() if name in fields and value is not None}


def keep_levels(answered: "Answered") -> None:
    """Keep what the call for applications says of each level of the chain."""
    session, round_id = answered.session, answered.case.round_id
    for level in _levels(answered):
        told = {column: answered.answers.get(f"{level}_{field}") for column, field in _FIELDS.items()}
        told["closes_at"] = datetime.fromisoformat(told["closes_at"]) if told["closes_at"] else None
        row = session.get(RoundLevel, (round_id, level)) or RoundLevel(round_id=round_id, level=level)
        for column, value in told.items():
            setattr(row, column, value)
        session.add(row)


def level_problems(answered: "Answered") -> Iterator[Problem]:
    """No level closes before the one below it, and none before the filing."""
    before = datetime.fromisoformat(answered.answers["closes_at"])
    for level in _levels(answered):
        text = answered.answers.get(f"{level}_closes_at")
        if text and datetime.fromisoformat(text) < before:
            why = said("%(level)s推荐的截止时间不应早于申报截止和下一级推荐的截止时间", level=_named(level))
            yield Problem(f"{level}_closes_at", "before_the_lower", why)
        before = max(before, datetime.fromisoformat(text)) if text else before


def _levels(answered: "Answered") -> tuple[str, ...]:
    return deployments.deployed(answered.session, answered.case.deployment_id).regime.levels


def _named(level: str) -> str:
    return said(organisations.LEVELS[level])


def _require_open(session: Session, round_: Round, level: str, office: Organisation) -> None:
    closing = closes_at(session, round_, level, office.code)
    if closing is not None and clock.now() > closing:
        why = said(
            "本批次%(level)s推荐已于%(time)s截止，不能再推荐。确有特殊原因的，请向%(contact)s说明，"
            "经同意并记录后可在延长的期限内推荐",
            level=_named(level),
            time=filing.in_words(closing),
            contact=filing.contact(session, round_),
        )
        raise Refused(why, round=round_.id, closed_at=closing)


def _require_room(session: Session, round_: Round, office: Organisation, asked: Terms) -> None:
    number = most(office, asked)
    if number is not None and sent(session, round_.id, office.code) >= number:
        why = said(
            "%(office)s本批次最多推荐 %(most)s 个集群（%(basis)s），已推荐满额，不能再推荐",
            office=office.name,
            most=number,
            basis=asked.basis,
        )
        raise Refused(why, round=round_.id, most=number)


def _require_other_niche(session: Session, round_: Round, office: Organisation, quota: Quota, niche: str) -> None:
    query = (
        select(Case.title)
        .join(Recommendation, Recommendation.case_id == Case.id)
        .where(
            Recommendation.round_id == round_.id,
            Recommendation.organisation_code == office.code,
            Recommendation.niche == niche,
        )
    )
    other = session.scalar(query.order_by(Case.id).limit(1))
    if niche and other is not None:
        why = said(
            "同一细分领域已推荐“%(other)s”，每个细分领域推荐 1 个集群（%(basis)s）；确需再推荐的，请在此写明理由",
            other=other,
            basis=quota.niche,
        )
        raise FormInvalid([Problem(OVERRIDE, "niche_taken", why)])


def _unfounded_relaxation(session: Session, answered: "Answered") -> Iterator[Problem]:
    """适当放宽 is for a provincial department of a western region alone (工信厅企业函〔2022〕236号 二)."""
    office = session.get_one(Organisation, answered.task.organisation_code)
    if _reason(answered.answers, RELAXED) and not (office.western and answered.step.place == "province"):
        why = said("只有西部地区的省级主管部门推荐时可以适当放宽；请清空本栏")
        yield Problem(RELAXED, "not_western", why)


def _reason(answers: Mapping[str, Any], field: str) -> str | None:
    """What was written there; a "无" is no reason."""
    text = answers.get(field)
    return None if text in {None, "", NOTHING} else str(text)


def _niche(session: Session, case: Case) -> str:
    """The 细分领域 as last filed, folded for comparing."""
    filed = (
        select(Task.answers)
        .where(Task.case_id == case.id, Task.state == "done", Task.organisation_code == case.organisation_code)
        .order_by(Task.closed_at.desc())
    )
    named = (answers.get(NICHE) for answers in session.scalars(filed) if answers)
    return ties.fold(next((niche for niche in named if niche), ""))
