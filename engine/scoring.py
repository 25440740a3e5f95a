"""Scoring (评分、互评): an expert's opinion kept blind, what the members say to each other, and the chair's last word.

Acts of the diagrams expert_seat and expert_review.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import clock, deployments, figures, panels, ties
from engine.errors import FormInvalid, Refused
from engine.forms import Problem
from engine.forms import scores as form_scores
from engine.models import Draft, Opinion, Panel, PoolMember, Seat, Stance

if TYPE_CHECKING:
    from engine.acts import Answered

_ASKED = frozenset({"decision", "question"})  # of a question; the rest of the sheet waits for the answer


def give(answered: "Answered") -> dict[str, Any]:
    """Keep the scores as an opinion on what the applicant has filed so far; a question leaves none.

    Raises FormInvalid for an expert who has a tie to the case by now, Refused for anybody but the seat's holder.
    """
    session, case, seat = answered.session, answered.case, panels.seat_of(answered)
    if answered.answers["decision"] != "submit":
        draft = session.get(Draft, (answered.task.id, answered.actor.person_id))
        seat.kept = {name: value for name, value in (draft.data if draft else {}).items() if name not in _ASKED}
        return {"scored": seat.id}
    if seat.state == "invited":
        raise Refused(said("请先声明利害关系，再评分"), task=answered.task.id)
    if tie := ties.of(session, case, session.get_one(PoolMember, seat.member_id)):
        why = said("您与本件有利害关系（%(tie)s），不能评分；请告知组织评审的部门更换专家", tie=tie)
        raise FormInvalid([Problem("decision", "has_a_tie", why)])
    revision = panels.filed_last(session, case)
    if revision is None:
        raise Refused(said("申报主体尚未提交材料，不能评分"), case=case.id)
    form = deployments.deployed(session, case.deployment_id).form(answered.task.form)
    scored = form.scored(answered.answers)
    session.add(
        Opinion(
            task_id=answered.task.id,
            seat_id=seat.id,
            case_id=case.id,
            round_id=case.round_id,
            person_id=seat.person_id,
            revision=revision,
            scores=[
                {
                    "indicator": one.indicator,
                    "score": _plain(one.score),
                    "weight": _plain(one.weight),
                    "reason": one.reason,
                }
                for one in scored
            ],
            total=_plain(form_scores.total(scored)),
            conclusion=answered.answers["conclusion"],
            made_at=clock.now(),
        )
    )
    seat.state, seat.kept = "done", None
    session.flush()
    panels.record(answered, "opinion.given", {"panel": seat.panel_id, "seat": seat.number, "revision": revision})
    return {"scored": seat.id}


def take_stance(answered: "Answered") -> dict[str, Any]:
    """What a member says to the others' newest opinions. Raises FormInvalid for a number that is nobody else's."""
    session, seat = answered.session, panels.seat_of(answered)
    panel = session.get_one(Panel, seat.panel_id)
    others = {number: opinion for number, opinion in newest(session, panel).items() if number != seat.number}
    against = {row["expert"]: row["remark"] for row in answered.answers.get("disagreements", ())}
    problems = [
        Problem(
            f"disagreements[{row}].expert", "nobody", said("没有编号为 %(number)s 的其他专家，请核对", number=number)
        )
        for row, number in enumerate(against)
        if number not in others
    ]
    if problems:
        raise FormInvalid(problems)
    session.add_all(
        Stance(
            task_id=answered.task.id,
            opinion_id=opinion.task_id,
            seat_id=seat.id,
            agrees=number not in against,
            remark=against.get(number, ""),
            made_at=clock.now(),
        )
        for number, opinion in others.items()
    )
    session.flush()
    facts = {"panel": panel.id, "seat": seat.number, "against": sorted(against)}
    panels.record(answered, "stance.taken", facts)
    return {"concurred": seat.id}


def conclude(answered: "Answered") -> dict[str, Any]:
    """The chair's opinion ends the panel's work; the record holds what its members' scores came to."""
    session, seat = answered.session, panels.seat_of(answered)
    panel = session.get_one(Panel, seat.panel_id)
    panel.concluded_at = clock.now()
    session.flush()
    totals = figures.of([Decimal(opinion.total) for opinion in newest(session, panel).values()])
    facts = {
        "panel": panel.id,
        "decision": answered.answers["expert_decision"],
        "opinions": totals.count,
        "mean": _plain(figures.shown(totals.mean)),
        "spread": _plain(totals.spread),
    }
    panels.record(answered, "panel.concluded", facts)
    return {}


def newest(session: Session, panel: Panel) -> dict[int, Opinion]:
    """The newest opinion of each seat of a panel, by the seat's number."""
    query = select(Seat.number, Opinion).join(Seat, Seat.id == Opinion.seat_id).where(Seat.panel_id == panel.id)
    return {row.number: row.Opinion for row in session.execute(query.order_by(Seat.number, Opinion.made_at))}


def _plain(number: Decimal) -> str:
    return format(number, "f")
