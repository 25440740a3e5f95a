"""Settlement (异议与名单): which clusters of a list an objection holds back, and what may become of those held.

清远 第十五条（二）: 经公示无异议的 are recognised. An objection holds back its cluster, never the list.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.sentences import Said, enumerated, said
from engine import deployments
from engine.errors import FormInvalid
from engine.forms import Problem
from engine.models import Case, Notice, Objection, Task
from engine.objections import UNDECIDED

if TYPE_CHECKING:
    from engine.acts import Answered

OPEN, UPHELD, DISMISSED, NONE = "open", "upheld", "dismissed", "none"

_HOLDING_FORMS = ("check_objections", "settle_held")  # their field `blocked` says who is held back from then on


def standings(session: Session, round_case: Case) -> dict[int, str]:
    """How each case that was ever publicised in the round stands: open, upheld, dismissed, or none objected in time.

    Undecided ones hold it back whenever they came; of the decided ones those against its newest publicity count,
    for what was upheld before has been put right since. One upheld among several dismissed is upheld.
    """
    notices = session.scalars(
        select(Notice).where(Notice.round_id == round_case.round_id, Notice.kind == "publicity").order_by(Notice.id)
    ).all()
    newest = {entry["case"]: shown.id for shown in notices for entry in shown.entries}
    found = dict.fromkeys(newest, NONE)
    in_time = select(Objection.target_case_id, Objection.notice_id, Objection.state).where(
        Objection.notice_id.in_([shown.id for shown in notices]), Objection.late.is_(False)
    )
    for case_id, notice_id, state in session.execute(in_time):
        if state in UNDECIDED:
            found[case_id] = OPEN
        elif notice_id == newest[case_id] and found[case_id] != OPEN:
            found[case_id] = UPHELD if UPHELD in (state, found[case_id]) else DISMISSED
    return found


def check_begun(session: Session, round_case: Case, _form: str) -> dict[str, Any]:
    """What the check after the period begins with: every cluster that an objection holds back."""
    known = standings(session, round_case)
    objected = any(known[case_id] != NONE for case_id in _publicised(session, round_case))
    blocked = sorted(_to_block(session, round_case, known))
    return {"objections": "some" if objected or blocked else "none", "blocked": blocked}


def settlement_begun(session: Session, round_case: Case, _form: str) -> dict[str, Any]:
    """What settling begins with: dismissed ones are published, open ones wait, upheld ones leave or go public anew."""
    known, held = standings(session, round_case), held_back(session, round_case)
    by = {state: [case_id for case_id in held if known.get(case_id, NONE) == state] for state in (OPEN, UPHELD)}
    free = [case_id for case_id in held if known.get(case_id) == DISMISSED]
    anew = by[UPHELD] if _publicised_anew(session, round_case) else []
    if free:
        return {"decision": "publish", "cases": free, "blocked": sorted([*by[OPEN], *anew])}
    if anew:
        return {"decision": "publicise", "cases": anew, "blocked": by[OPEN]}
    return {"blocked": by[OPEN]} if by[OPEN] else {"decision": "close", "cases": [], "blocked": []}


def held_back(session: Session, round_case: Case) -> list[int]:
    """The cases that the last check, or the last settling, held back."""
    last = (
        select(Task.answers)
        .where(Task.case_id == round_case.id, Task.form.in_(_HOLDING_FORMS), Task.state == "done")
        .order_by(Task.closed_at.desc(), Task.pass_number.desc())
        .limit(1)
    )
    return sorted((session.scalar(last) or {}).get("blocked", []))


# ---- what a person's step does ------------------------------------------------------------------


def check(answered: "Answered") -> Mapping[str, Any]:
    """After the period: no cluster with an open or upheld objection is confirmed; the others are free.

    An officer may hold back more, for what came on paper. Raises FormInvalid.
    """
    session, case, answers = answered.session, answered.case, answered.answers
    known = standings(session, case)
    must, blocked = _to_block(session, case, known), set(answers["blocked"])
    listed = _publicised(session, case)
    problems = [
        Problem(
            "blocked",
            "objection_not_dismissed",
            said("%(names)s的异议%(state)s，不能确认；请选入暂不认定的集群", names=names, state=_WHY[state]),
        )
        for state, names in _by_state(session, must - blocked, known)
    ]
    strangers = blocked - listed - must
    problems += _told(session, "blocked", "not_listed", strangers, said("不在本次公示的名单中，请去掉"))
    if answers["objections"] == "none" and any(known[case_id] != NONE for case_id in listed):
        problems.append(Problem("objections", "there_are_some", said("公示期内收到过异议，请选“有异议”并写明办理情况")))
    if problems:
        raise FormInvalid(problems)
    return {}


def settle(answered: "Answered") -> Mapping[str, Any]:
    """After publication: what becomes of each cluster held back. Raises FormInvalid.

    Published are those whose objections are all dismissed; upheld ones leave the list, or are publicised anew where
    the regime's setting says so; open ones stay held back, and while one is, the round does not close.
    """
    session, case = answered.session, answered.case
    problems = list(_unsettled(session, case, answered.answers))
    if problems:
        raise FormInvalid(problems)
    return {}


def _unsettled(session: Session, case: Case, answers: Mapping[str, Any]) -> Iterator[Problem]:
    decision, chosen, blocked = answers["decision"], set(answers["cases"]), set(answers["blocked"])
    known, held, anew = standings(session, case), set(held_back(session, case)), _publicised_anew(session, case)
    of = {state: {each for each in held if known.get(each, NONE) == state} for state in (OPEN, UPHELD, DISMISSED)}

    told = partial(_told, session)
    if decision == "publicise" and not anew:
        message = said("按本局设置，异议成立的集群移出名单，不重新公示；请改选“增补公布”或“不再办理”")
        yield Problem("decision", "not_the_setting", message)
    if decision == "close" and (chosen or blocked):
        yield Problem("decision", "still_blocked", said("仍有暂缓或选定的集群，不能结束；请待异议办结后再办理"))
    yield from told("cases", "not_listed", chosen - held, said("不在暂缓的集群中，请去掉"))
    yield from told("blocked", "not_listed", blocked - held, said("不在暂缓的集群中，请去掉"))
    yield from told("blocked", "twice", chosen & blocked, said("不能既选定又暂缓，请去掉一处"))
    yield from told(
        "cases", "objection_open", chosen & of[OPEN], said("的异议尚未办结，不能选定；请留在仍需暂缓的集群中")
    )
    yield from told("blocked", "objection_open", of[OPEN] - blocked - chosen, said("的异议尚未办结，应仍予暂缓"))
    yield from told("cases", "dropped", of[DISMISSED] - chosen - blocked, said("的异议不成立，应予公布；请选入"))
    if decision == "publicise":
        yield from told(
            "cases", "objection_dismissed", chosen & of[DISMISSED], said("的异议不成立，无需重新公示，应予公布")
        )
    else:
        yield from told("cases", "objection_upheld", chosen & of[UPHELD], said("的异议成立，不能公布；请去掉"))
    if not anew:
        yield from told(
            "blocked", "objection_upheld", blocked & of[UPHELD], said("的异议成立，应移出名单，不再暂缓；请去掉")
        )


def _to_block(session: Session, round_case: Case, known: Mapping[int, str]) -> set[int]:
    """Those publicised last whose objection is open or upheld, and those still held back from an earlier publicity."""
    last = _publicised(session, round_case)
    return {case_id for case_id in last if known[case_id] in (OPEN, UPHELD)} | (
        set(held_back(session, round_case)) - last
    )


def _publicised(session: Session, round_case: Case) -> set[int]:
    """The cases in the newest publicity notice of the round."""
    query = select(Notice.entries).where(Notice.round_id == round_case.round_id, Notice.kind == "publicity")
    return {entry["case"] for entry in session.scalar(query.order_by(Notice.id.desc()).limit(1)) or ()}


def _publicised_anew(session: Session, round_case: Case) -> bool:
    regime = deployments.deployed(session, round_case.deployment_id).regime
    return regime.objections.upheld == "publicise_anew"


def _by_state(session: Session, cases: Collection[int], known: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    for state in (OPEN, UPHELD, DISMISSED, NONE):
        if of := [case_id for case_id in cases if known.get(case_id, NONE) == state]:
            yield state, _names(session, of)


def _told(session: Session, field: str, code: str, cases: Collection[int], what: Said) -> Iterator[Problem]:
    """What is wrong with these cases, if there are any."""
    if cases:
        yield Problem(field, code, said("%(names)s%(what)s", names=_names(session, cases), what=what))


def _names(session: Session, cases: Collection[int]) -> str:
    titles = session.scalars(select(Case.title).where(Case.id.in_(list(cases))).order_by(Case.id))
    return enumerated(said("“%(title)s”", title=title) for title in titles)


_WHY = {
    OPEN: said("尚未办结"),
    UPHELD: said("成立"),
    DISMISSED: said("所涉集群仍在暂缓"),
    NONE: said("所涉集群仍在暂缓"),
}
