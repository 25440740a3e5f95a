"""Dispatches (纸质报送登记): what an office has to send on paper with a recommendation, held against what it sent."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from config.chain import Papers
from config.sentences import enumerated, said
from engine import deployments
from engine.errors import FormInvalid
from engine.forms import Problem

if TYPE_CHECKING:
    from engine.acts import Answered

NOTE, NOTHING = "note", "无"


def register(answered: "Answered") -> Mapping[str, Any]:
    """Refuse what is fewer than the notice asks for, unless a reason is noted. Raises FormInvalid."""
    regime = deployments.deployed(answered.session, answered.case.deployment_id).regime
    problems = list(_too_few(regime.paper[answered.step.place], answered.answers))
    if problems:
        raise FormInvalid(problems)
    return {}


def in_words(due: Papers) -> str:
    """What is due, as one sentence with its clause."""
    told = {"papers": enumerated(map(str, due.papers)), "copies": due.copies, "discs": due.discs}
    told |= {"how": due.how, "basis": due.basis}
    if due.originals is None:
        return said("%(papers)s各一式 %(copies)s 份，光盘 %(discs)s 份，%(how)s（%(basis)s）", **told)
    told |= {"originals": due.originals, "duplicates": due.copies - due.originals}
    return said(
        "%(papers)s各一式 %(copies)s 份（正本 %(originals)s 份、副本 %(duplicates)s 份），光盘 %(discs)s 份，"
        "%(how)s（%(basis)s）",
        **told,
    )


def _too_few(due: Papers, answers: Mapping[str, Any]) -> Iterator[Problem]:
    if answers.get(NOTE) not in {None, "", NOTHING}:
        return
    counted = {
        "copies": (due.copies, said("纸质材料 %(number)s 份", number=due.copies)),
        "discs": (due.discs, said("光盘 %(number)s 份", number=due.discs)),
    }
    for field, (least, asked) in counted.items():
        if answers[field] < least:
            why = said(
                "应报送%(asked)s（%(basis)s）；确实少于规定份数的，请在“备注”中写明原因", asked=asked, basis=due.basis
            )
            yield Problem(field, "too_few", why)
