"""Rounds: a bureau's campaign, with a diagram of its own."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.regime import Regime
from config.sentences import said
from engine import access, cases, clock, deployments, draft_lists, recommendations
from engine.access import Actor
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Form, Problem
from engine.models import Case, Organisation, Round, Task

if TYPE_CHECKING:
    from engine.acts import Answered

FIRST_BATCH = "first_batch"  # a field of the call, where the criteria ask for a recognition of the level below
AGAIN = 500  # characters of the reason for one round more in a year


def open_round(session: Session, actor: Actor, regime: str, year: int, title: str, *, again: str = "") -> Round:
    """Begin a round of the regime's bureau; its call for applications is the first task of its diagram.

    `again` says why there is one more in this year than the regime's text has in principle (清远 第十三条:
    原则上每年开展一次); it stands in the record. Raises Forbidden, NotFound (regime not deployed), FormInvalid
    without that reason, Refused when the regime's text is not in force today: then no new round opens without
    a successor text.
    """
    deployment = deployments.current(session, regime)
    rules = deployments.deployed(session, deployment.id).regime
    access.require(actor, "round.open", rules.bureau)
    until = rules.in_force_until
    if clock.today() < rules.in_force_from or (until and clock.today() > until):
        raise Refused(
            said(
                "%(source)s的施行期间为%(since)s至%(until)s，今日不能开启批次",
                source=rules.source,
                since=rules.in_force_from,
                until=until or said("另行通知"),
            ),
            regime=regime,
        )
    reason = _reason_for_another(session, rules, year, again.strip())
    round_ = Round(
        regime=regime,
        bureau_code=rules.bureau,
        year=year,
        title=title,
        again=reason,
        state="draft",
        created_at=clock.now(),
        created_by=actor.name,
    )
    session.add(round_)
    session.flush()
    case = cases.begin(
        session,
        actor,
        deployment.id,
        "round",
        title=title,
        bureau_code=rules.bureau,
        organisation_code=rules.bureau,
        round_=round_,
        cluster=None,
        answers={"year": year, "title": title} | ({"again": reason} if reason else {}),
    )
    round_.case_id = case.id
    session.flush()
    return round_


def call(answered: "Answered") -> Mapping[str, Any]:
    """The call for applications, once it is written: the round learns from when on it takes them.

    Raises FormInvalid where it opens only after it closes, or speaks of another year than the round's.
    """
    answers = answered.answers
    round_ = answered.session.get_one(Round, answered.case.round_id)
    opens_at = datetime.fromisoformat(answers["opens_at"]) if answers.get("opens_at") else None
    problems = []
    if opens_at and opens_at >= datetime.fromisoformat(answers["closes_at"]):
        problems.append(Problem("opens_at", "not_before", said("申报开始时间应早于申报截止时间，请核对两个时间")))
    if answers["year"] != round_.year:
        why = said("本批次为 %(year)s 年度；请改为 %(year)s", year=round_.year)
        problems.append(Problem("year", "not_the_round", why))
    problems += recommendations.level_problems(answered)
    if problems:
        raise FormInvalid(problems)
    round_.opens_at = opens_at
    round_.first_batch = answers.get(FIRST_BATCH) is True
    recommendations.keep_levels(answered)
    return {}


def call_begun(session: Session, case: Case, form: str) -> dict[str, Any]:
    """What a call for applications begins with: the round's year, a title after the regime's, and what it prints."""
    round_, deployed = session.get_one(Round, case.round_id), deployments.deployed(session, case.deployment_id)
    begun = {"title": f"关于组织申报{round_.year}年度{deployed.regime.title}的通知", "year": round_.year}
    return begun | recommendations.begun(round_, deployed.regime, deployed.form(form).fields())


def _reason_for_another(session: Session, rules: Regime, year: int, again: str) -> str | None:
    """The reason where the year has its rounds already; None where it has not. Raises FormInvalid without one."""
    if rules.rounds is None:
        return None
    # Two officers who open one at the same moment come one after the other. Who opens a task of the bureau's, which
    # names its row, does not wait for them: they may hold the record that these two want next.
    bureau = select(Organisation.code).where(Organisation.code == rules.bureau)
    session.execute(bureau.with_for_update(key_share=True))
    query = select(Round.title).where(
        Round.regime == rules.name, Round.bureau_code == rules.bureau, Round.year == year, Round.state != "cancelled"
    )
    there = session.scalars(query.order_by(Round.id)).all()
    if len(there) < rules.rounds.most_a_year:
        return None
    if not again:
        why = said(
            "%(year)s年度已有批次“%(round)s”，而认定工作原则上每年开展%(most)s次（%(source)s %(basis)s）；"
            "确需再次开展的，请写明理由",
            year=str(year),
            round=there[-1],
            most=rules.rounds.most_a_year,
            source=rules.source,
            basis=rules.rounds.basis,
        )
        raise FormInvalid([Problem("again", "reason_required", why)])
    if len(again) > AGAIN or not again.isprintable():
        raise FormInvalid([Problem("again", "too_long", said("理由不超过 %(limit)s 字，不能换行", limit=AGAIN))])
    return again


def require_fit(session: Session, case: Case, task: Task, form: Form, answers: Mapping[str, Any]) -> None:
    """Answers that speak of the round speak of this case's: its year, and applications that wait for the outcome.

    Raises FormInvalid: a case whose review or inspection is not finished is on no list (清远 第十五条（二）).
    """
    problems = list(_unready(session, case, task.form, form.cases_in(answers)))
    if case.round_id and "application_year" in answers:
        year = session.get_one(Round, case.round_id).year
        if answers["application_year"] != year:
            why = said("本批次为 %(year)s 年度；请改为 %(year)s", year=year)
            problems.append(Problem("application_year", "not_the_round", why))
    if problems:
        raise FormInvalid(problems)


def _unready(session: Session, case: Case, form: str, chosen: Mapping[str, Sequence[int]]) -> Iterator[Problem]:
    if not any(chosen.values()):
        return
    ready = draft_lists.ready(session, case, form)
    for field, listed in chosen.items():
        for place, case_id in enumerate(listed):
            if case_id not in ready:
                why = said("办件 %(case)s 不属于本批次，或评审、抽查尚未完成；请从名单中去掉", case=case_id)
                yield Problem(f"{field}[{place}]", "case_not_ready", why)


def find(session: Session, actor: Actor, round_id: int) -> Round:
    """A round the actor may see. Raises NotFound."""
    round_ = session.get(Round, round_id)
    if round_ is None:
        raise NotFound(said("没有这个批次，或者您无权查看"))
    access.require(actor, "round.read", round_)
    return round_
