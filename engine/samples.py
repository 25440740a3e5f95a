"""Samples (实地抽查样本): which of a round's reviewed clusters inspectors visit, drawn so that anybody can repeat it.

清远 第十五条（二） asks for 实地抽查 and leaves open how many and which: the rule is the regime's setting.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import not_, or_, select
from sqlalchemy.orm import Session

from config.regime import Inspection as Rule
from config.sentences import enumerated, said
from engine import access, clock, deployments, draft_lists, lots, panels, rounds
from engine.access import Actor
from engine.conventions import CHOSEN_AT_THE_END, CHOSEN_WAITING_FOR
from engine.errors import FormInvalid, Refused
from engine.forms import Problem
from engine.models import Case, Sample, Task

if TYPE_CHECKING:
    from engine.acts import Answered

FORM = "draw_sample"
LATE_FORM, INSPECT = "late_sample", "inspect"  # what is asked about a case that came after the draw, and the answer
REVIEWED = (CHOSEN_WAITING_FOR[FORM], CHOSEN_AT_THE_END)  # what an application waits for once its review is over

Titles = Mapping[int, str]


@dataclass(frozen=True)
class Reviewed:
    """Where a round stands before the draw."""

    rule: Rule
    ready: Titles  # cases it is drawn from: number and title, in the order listed
    unfinished: Titles  # cases whose review goes on: no part of it

    @property
    def size(self) -> int:
        """How many would be drawn now."""
        return self.rule.sample_size(len(self.ready))


@dataclass(frozen=True)
class Drawn:
    """A sample as it is told: who may read it has been asked."""

    sample: Sample
    titles: Titles
    order: Sequence[int]  # all that were listed, as the lots ordered them

    @property
    def repeated(self) -> bool:
        """Whether the seed and the list give the same sample once more."""
        return list(self.order[: len(self.sample.drawn)]) == list(self.sample.drawn)


@dataclass(frozen=True)
class Added:
    """A case that somebody added to the sample after the draw."""

    case_id: int
    title: str
    reason: str


def draw(answered: "Answered") -> Mapping[str, Any]:
    """Draw the sample of the round; gives `sampled`, those drawn and added, and `drawn_from`, both in ascending order.

    It is drawn from the cases that wait for it, whose panel has concluded: the regime's share of them rounded up to a
    whole case, never fewer than its least number, never more than there are (`Inspection.sample_size`), by
    `lots.draw`. A case recognised from above does not wait for it and is never drawn. Raises FormInvalid where a
    review goes on and nobody said not to wait for it, and for an added case that is not among those listed.
    """
    session, case, answers = answered.session, answered.case, answered.answers
    reviewed = standing(session, case)
    added = [{"case": row["case"], "reason": row["reason"]} for row in answers["added"]]
    problems = list(_problems(reviewed, added, waits=not answers.get("without_unfinished")))
    if problems:
        raise FormInvalid(problems)
    seed, listed = lots.seed(), list(reviewed.ready)
    drawn = lots.draw(seed, listed, reviewed.size)
    told: dict[str, Any] = {
        "rule": {"share_pct": str(reviewed.rule.share_pct), "at_least": reviewed.rule.at_least},
        "seed": seed,
        "listed": listed,
        "drawn": drawn,
        "added": added,
    }
    session.add(
        Sample(
            round_id=case.round_id,
            task_id=answered.task.id,
            drawn_at=clock.now(),
            drawn_by=answered.actor.name,
            **told,
        )
    )
    payload = {**told, "basis": reviewed.rule.basis, "unfinished": list(reviewed.unfinished)}
    panels.record(answered, "sample.drawn", payload)
    return {"sampled": sorted({*drawn, *(row["case"] for row in added)}), "drawn_from": listed}


def decide_visit(answered: "Answered") -> Mapping[str, Any]:
    """Decide on a case whose review ended after the draw; gives `sample` as it is for this case from now on.

    Nobody could draw it: a person decides whether it is visited, as with those added at the draw, and says why.
    """
    case, answers = answered.case, answered.answers
    visited = answers["decision"] == INSPECT
    if visited:
        panels.record(answered, "sample.added", {"case": case.id, "reason": answers["reason"]})
    return {"sample": {"cases": [case.id] if visited else [], "listed": [case.id]}}


def standing(session: Session, case: Case) -> Reviewed:
    """What a draw in the round of this case, the round's own, would be made from now.

    Raises Refused where the regime has no rule to draw by.
    """
    rule = deployments.deployed(session, case.deployment_id).regime.inspection
    if rule is None:
        raise Refused(said("本规则体系没有写明实地抽查的抽取规则，请流程管理人员补充后再抽取"), case=case.id)
    over = (Case.awaits.contains(f" {message} ", autoescape=True) for message in REVIEWED)
    query = (
        select(Case.id, Case.title)
        .where(
            Case.round_id == case.round_id,
            Case.id != case.id,
            Case.cluster_id.is_not(None),
            Case.status.in_(("open", "incident", "suspended")),
            or_(Case.status != "open", not_(or_(*over))),
        )
        .order_by(Case.id)
    )
    unfinished = {row.id: row.title for row in session.execute(query)}
    return Reviewed(rule, draft_lists.ready(session, case, FORM), unfinished)


def of_round(session: Session, actor: Actor, round_id: int) -> list[Drawn]:
    """The samples of a round, the newest first, for the people of its bureau. Raises NotFound, Forbidden."""
    round_ = rounds.find(session, actor, round_id)
    access.require(actor, "sample.read", round_.bureau_code)
    samples = session.scalars(select(Sample).where(Sample.round_id == round_id).order_by(Sample.id.desc())).all()
    ids = {number for sample in samples for number in sample.listed}
    titles = {row.id: row.title for row in session.execute(select(Case.id, Case.title).where(Case.id.in_(ids)))}
    return [Drawn(sample, titles, lots.order(sample.seed, sample.listed)) for sample in samples]


def added_later(session: Session, actor: Actor, round_id: int) -> list[Added]:
    """The cases of a round that somebody added after the draw, in that order. Raises NotFound, Forbidden."""
    round_ = rounds.find(session, actor, round_id)
    access.require(actor, "sample.read", round_.bureau_code)
    query = (
        select(Case.id, Case.title, Task.answers)
        .join(Task, Task.case_id == Case.id)
        .where(Case.round_id == round_id, Task.form == LATE_FORM, Task.state == "done")
        .order_by(Task.closed_at, Task.id)
    )
    return [
        Added(row.id, row.title, row.answers["reason"])
        for row in session.execute(query)
        if row.answers["decision"] == INSPECT
    ]


def _problems(reviewed: Reviewed, added: Sequence[Mapping[str, Any]], *, waits: bool) -> Iterator[Problem]:
    if reviewed.unfinished and waits:
        first = list(reviewed.unfinished.items())[:10]
        named = [said("%(case)s（%(title)s）", case=number, title=title) for number, title in first]
        why = said(
            "还有 %(count)s 件评审尚未完成：%(cases)s；请等待评审完成，或勾选确认不再等待",
            count=len(reviewed.unfinished),
            cases=enumerated(named),
        )
        yield Problem("without_unfinished", "review_unfinished", why)
    for place, row in enumerate(added):
        if row["case"] not in reviewed.ready:
            why = said("办件 %(case)s 不在可以抽查的办件之中；只能另加已完成评审、等待抽取的办件", case=row["case"])
            yield Problem(f"added[{place}].case", "case_not_ready", why)
