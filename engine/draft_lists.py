"""Draft lists (拟定名单): what reviews and inspections propose, and what moving a case by hand asks for.

清远 第十五条（二）: the list rests on the results of expert review and inspection. Who departs from them says why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import automatic, events, results
from engine.conventions import CHOSEN_AT_THE_END, CHOSEN_WAITING_FOR
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.models import Case
from engine.results import Result

if TYPE_CHECKING:
    from engine.acts import Answered

SAID = {
    "conforms": said("实地抽查相符"),
    "does_not_conform": said("实地抽查不符"),
    "falsehood": said("实地抽查发现虚假"),
}


@dataclass(frozen=True)
class Candidate:
    """A case that may stand on the list, with its result."""

    case_id: int
    title: str
    result: Result

    @property
    def words(self) -> str:
        """The result in words: how it ranks, what the panel and the inspectors say."""
        result = self.result
        told: list[str] = []
        if result.mean is not None:
            told.append(said("专家评审平均%(mean)s分，排名第%(rank)s", mean=str(result.mean), rank=result.rank))
        if result.recommended is not None:
            told.append(said("建议认定") if result.recommended else said("不建议认定"))
        if result.inspected is not None:
            told.append(SAID.get(result.inspected, result.inspected))
        return reduce(lambda before, last: said("%(before)s，%(last)s", before=before, last=last), told) if told else ""


def ready(session: Session, case: Case, form: str) -> dict[int, str]:
    """The cases of the round that this form may choose now, number and title: those that wait for what it leads to.

    For a list that is the outcome of the round: review, and inspection where there is one, are over.
    """
    message = CHOSEN_WAITING_FOR.get(form, CHOSEN_AT_THE_END)
    query = (
        select(Case.id, Case.title)
        .where(
            Case.round_id == case.round_id,
            Case.id != case.id,
            Case.status == "open",
            Case.awaits.contains(f" {message} ", autoescape=True),
        )
        .order_by(Case.id)
    )
    return {row.id: row.title for row in session.execute(query)} if case.round_id else {}


def candidates(session: Session, case: Case, form: str) -> list[Candidate]:
    """Who may be chosen, in the order of the ranking: automatic ones first, those without a score last."""
    found = results.of_round(session, case.round_id) if case.round_id else {}
    titles = ready(session, case, form)
    listed = [Candidate(number, title, found.get(number, Result(number))) for number, title in titles.items()]
    return sorted(
        listed, key=lambda each: (not each.result.automatic, each.result.rank or len(listed) + 1, each.case_id)
    )


def proposal(session: Session, case: Case, form: str) -> dict[str, Any]:
    """The list as reviews and inspections propose it, with a reason for each: where a draft begins."""
    proposed = [each for each in candidates(session, case, form) if each.result.proposed]
    reasons = [{"case": each.case_id, "reason": _why(session, case, each)} for each in proposed]
    return {"cases": [each.case_id for each in proposed], "reasons": reasons} if proposed else {}


def draft(answered: "Answered") -> Mapping[str, Any]:
    """The list as somebody draws it up; what it departs from stands in the record beside it.

    Raises FormInvalid where a case is left out that review and inspection speak for, without a reason of its own.
    The form itself asks a reason for each case on the list.
    """
    session, case, answers = answered.session, answered.case, answered.answers
    listed = set(answers["cases"])
    reasons = {row["case"]: row["reason"] for row in answers["reasons"]}
    known = candidates(session, case, answered.task.form)
    problems = list(_unexplained(session, case, known, listed, reasons))
    if problems:
        raise FormInvalid(problems)
    payload = {"proposal": [_recorded(each, listed, reasons) for each in known]}
    events.record(
        session,
        case.bureau_code,
        answered.actor.name,
        "list.drafted",
        case_id=case.id,
        task_id=answered.task.id,
        element=answered.task.element,
        payload=payload,
    )
    return {}


def _unexplained(
    session: Session, case: Case, known: Sequence[Candidate], listed: set[int], reasons: Mapping[int, str]
) -> Iterator[Problem]:
    for each in known:
        if each.result.proposed and each.case_id not in listed:
            reason = reasons.get(each.case_id)
            if reason is None:
                message = said(
                    "办件 %(case)s（%(title)s）%(result)s，没有列入名单；请在“理由”中写明不列入的理由",
                    case=each.case_id,
                    title=each.title,
                    result=each.words or said("已通过上级认定并经核实"),
                )
                yield Problem("cases", "left_out", message)
            elif reason == _why(session, case, each):
                message = said(
                    "办件 %(case)s 没有列入名单，而所写的是列入的理由；请改写为不列入的理由", case=each.case_id
                )
                yield Problem("reasons", "left_out", message)
        elif not each.result.proposed and each.case_id in listed and reasons.get(each.case_id) == each.words:
            message = said(
                "办件 %(case)s（%(title)s）%(result)s，仍列入名单的，请写明列入的理由",
                case=each.case_id,
                title=each.title,
                result=each.words,
            )
            yield Problem("reasons", "against_results", message)


def _why(session: Session, case: Case, each: Candidate) -> str:
    """The reason that a draft begins with for a case that is proposed."""
    if not each.result.automatic:
        return each.words
    return f"已通过上级认定并经核实，{automatic.words(session, case.deployment_id)}"


def _recorded(each: Candidate, listed: set[int], reasons: Mapping[int, str]) -> dict[str, Any]:
    result = each.result
    return {
        "case": each.case_id,
        "rank": result.rank,
        "mean": None if result.mean is None else str(result.mean),
        "recommended": result.recommended,
        "inspected": result.inspected,
        "automatic": result.automatic,
        "proposed": result.proposed,
        "listed": each.case_id in listed,
        "reason": reasons.get(each.case_id),
    }
