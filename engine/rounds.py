"""Rounds: a bureau's campaign, with a diagram of its own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, cases, clock, deployments
from engine.access import Actor
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Form, Problem
from engine.models import Case, Round


def open_round(session: Session, actor: Actor, regime: str, year: int, title: str) -> Round:
    """Begin a round of the regime's bureau; its call for applications is the first task of its diagram.

    Raises Forbidden, NotFound (regime not deployed), Refused when the regime's text is not in force today:
    then no new round opens without a successor text.
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
    round_ = Round(
        regime=regime,
        bureau_code=rules.bureau,
        year=year,
        title=title,
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
        answers={"year": year, "title": title},
    )
    round_.case_id = case.id
    session.flush()
    return round_


def require_fit(session: Session, case: Case, form: Form, answers: Mapping[str, Any]) -> None:
    """Answers that speak of the round speak of this case's: its year, and applications that wait for the outcome.

    Raises FormInvalid: a case whose review or inspection is not finished is on no list (清远 第十五条（二）).
    """
    problems = list(_unready(session, case, form.cases_in(answers)))
    if case.round_id and "application_year" in answers:
        year = session.get_one(Round, case.round_id).year
        if answers["application_year"] != year:
            why = said("本批次为 %(year)s 年度；请改为 %(year)s", year=year)
            problems.append(Problem("application_year", "not_the_round", why))
    if problems:
        raise FormInvalid(problems)


def _unready(session: Session, case: Case, chosen: Mapping[str, Sequence[int]]) -> Iterator[Problem]:
    ids = {case_id for listed in chosen.values() for case_id in listed}
    if not ids:
        return
    waiting = select(Case.id).where(
        Case.id.in_(ids), Case.round_id == case.round_id, Case.id != case.id, Case.status == "open", Case.awaits != " "
    )
    ready = set(session.scalars(waiting))
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
