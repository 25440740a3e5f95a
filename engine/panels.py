"""Panels (专家组): drawn at random among those free of ties, with everything kept that is needed to repeat the draw.

Acts of the diagrams expert_review and expert_seat, and the officer's command to replace somebody who does not act.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from config.sentences import enumerated, in_turn, said
from engine import access, cases, clock, events, incidents, lots, pool, ties
from engine.access import Actor
from engine.errors import FormInvalid, NotFound, Refused
from engine.forms import Problem
from engine.models import Case, Opinion, Panel, Person, PoolMember, Seat, Task
from engine.ties import Candidate

if TYPE_CHECKING:
    from engine.acts import Answered

EXPERT: Final = "expert"
REPLACED: Final = "replaced"  # the decision along which the diagram leads a seat to its next holder
_REASON = 200  # characters


def sequence(seed: str, candidates: Iterable[Mapping[str, Any]]) -> list[int]:
    """The members in the order in which seats are given out; `candidates` as a panel keeps them.

    Those who are free and know one of the wanted fields come first, in the order of their lots (`lots.order`), then
    the others who are free, in theirs: as many as possible from the fields asked for, the rest from all. A panel takes
    the first ones, and its substitutes the next. Who was free only later (`later` 1, 2 …) comes after all of those.
    Anybody can repeat it from seed and candidates.
    """
    groups: dict[tuple[int, bool], list[int]] = {}
    for each in candidates:
        if each["excluded"] is None:
            groups.setdefault((each["later"], not each["wanted"]), []).append(each["member"])
    return [member for group in sorted(groups) for member in lots.order(seed, groups[group])]


def convene(answered: "Answered") -> dict[str, Any]:
    """Draw the experts of a case (清远 第十五条（二）：组织专家组). Raises FormInvalid for more than are free."""
    session, case, answers = answered.session, answered.case, answered.answers
    found = ties.candidates(session, case, EXPERT, answers["fields"])
    size, free = answers["size"], [each for each in found if each.excluded is None]
    if size > len(free):
        raise FormInvalid([Problem("size", "too_many", too_few(size, found))])
    seed = lots.seed()
    kept = _kept(seed, found)
    drawn = sequence(seed, kept)[:size]
    if answers["chair_rule"] == "longest_serving":  # among equals the one drawn first
        since = {each.member_id: each.since for each in free}
        chair = min(drawn, key=since.__getitem__)
        drawn = [chair, *(member for member in drawn if member != chair)]
    wanted = {"size": size, "fields": answers["fields"], "chair_rule": answers["chair_rule"]}
    panel = Panel(
        case_id=case.id,
        round_id=case.round_id,
        kind=EXPERT,
        number=_number(session, case),
        wanted=wanted,
        seed=seed,
        candidates=kept,
        drawn_at=clock.now(),
        drawn_by=answered.actor.name,
    )
    session.add(panel)
    session.flush()
    people = {each.member_id: each.person_id for each in found}
    seats = [_seat(panel, number, member, people[member], "drawn") for number, member in enumerate(drawn, 1)]
    session.add_all(seats)
    session.flush()
    facts = {"panel": panel.id, "wanted": wanted, "seed": seed, "candidates": kept, "drawn": drawn}
    record(answered, "panel.drawn", facts)
    places = {str(seat.number): seat.id for seat in seats}
    return {"seats": places, "all_seats": places, "chair": seats[0].id}


def declare(answered: "Answered") -> dict[str, Any]:
    """A member takes the seat, or leaves it to the next by lot, who declares in turn.

    Raises FormInvalid for a member whom the pool shows to have a tie, Refused where nobody is left.
    """
    session, seat = answered.session, seat_of(answered)
    member = session.get_one(PoolMember, seat.member_id)
    if answered.answers["decision"] == "accept":
        if tie := ties.of(session, answered.case, member):
            why = said("您与本件有利害关系（%(tie)s），请选择“回避”", tie=tie)
            raise FormInvalid([Problem("decision", "has_a_tie", why)])
        seat.state = "declared"
        session.flush()
        record(answered, "seat.declared", {"panel": seat.panel_id, "seat": seat.number})
        return {}
    grounds, reason = answered.answers["grounds"], answered.answers["reason"]
    before = _hand_over(session, answered.case, seat)
    if grounds == "interest":
        pool.keep_tie(session, answered.actor, member, reason, cluster_id=answered.case.cluster_id)
    facts = {"panel": seat.panel_id, "seat": seat.number, "from": before, "to": seat.member_id}
    record(answered, "seat.recused", {**facts, "grounds": grounds, "reason": reason})
    return {}


def open_or_add(answered: "Answered") -> dict[str, Any]:
    """Open the opinions to the panel; or one seat more (加签); or a second look for those who read older material."""
    session, case = answered.session, answered.case
    panel = current(session, case)
    seats = seats_of(session, panel)
    decision = answered.answers["decision"]
    if decision == "open":
        panel.opened_at = clock.now()
        session.flush()
        given = list(session.scalars(_latest(panel)))
        told = [{"task": each.task_id, "seat": each.seat_id, "total": each.total} for each in given]
        record(answered, "panel.opened", {"panel": panel.id, "opinions": told})
        again = seats
    elif decision == "add":
        member_id, person_id = _next(session, case, panel)
        seat = _seat(panel, len(seats) + 1, member_id, person_id, "added")
        session.add(seat)
        session.flush()
        facts = {"panel": panel.id, "seat": seat.number, "to": member_id, "reason": answered.answers["reason"]}
        record(answered, "seat.added", facts)
        seats, again = [*seats, seat], [seat]
    else:
        newest = filed_last(session, case)
        behind = {each.seat_id for each in session.scalars(_latest(panel)) if each.revision != newest}
        again = [seat for seat in seats if seat.id in behind]
        if not again:
            why = said("各位专家看到的都是最新的材料，不需要再评；请公开意见，或者加签")
            raise FormInvalid([Problem("decision", "nobody_behind", why)])
        for seat in again:
            seat.state = "declared"
        facts = {"panel": panel.id, "seats": [seat.number for seat in again], "reason": answered.answers["reason"]}
        record(answered, "panel.asked_again", facts)
    return {"seats": _places(again), "all_seats": _places(seats)}


def replace(session: Session, actor: Actor, seat_id: int, reason: str) -> Seat:
    """Give the seat of somebody who does not act to the next by lot; their open step ends, the next one declares.

    Raises Forbidden, NotFound, FormInvalid without a reason, Refused where the seat waits for nothing or where nobody
    is left.
    """
    seat = find_seat(session, actor, seat_id)
    panel = session.get_one(Panel, seat.panel_id)
    reason = " ".join(reason.split())
    if not reason or len(reason) > _REASON:
        why = said("请写明更换的理由，不超过 %(limit)s 字", limit=_REASON)
        raise FormInvalid([Problem("reason", "required", why)])
    case, workflow = cases.lock(session, panel.case_id)
    if case.status != "open":
        raise Refused(said("该办件处于异常状态，待流程管理人员处理后方可继续办理"), case=case.id)
    session.refresh(seat, with_for_update=True)
    task = session.scalar(
        select(Task).where(Task.case_id == case.id, Task.seat_id == seat.id, Task.state == "open").limit(1)
    )
    if task is None or seat.state == "done" or panel.opened_at is not None:
        raise Refused(
            said("该席位没有等待办理的声明或评分，不需要更换；申报主体正在答复提问的，待答复后再更换"), seat=seat.id
        )
    before = _hand_over(session, case, seat)
    with incidents.guarded(case, actor.name):
        workflow.complete(task.id, {"decision": REPLACED})
    facts = {"panel": panel.id, "seat": seat.number, "from": before, "to": seat.member_id, "reason": reason}
    replaced = events.Entry("seat.replaced", case.id, task.id, task.instance_path + task.element, facts)
    cases.save(session, case, workflow, actor.name, replaced)
    return seat


def listed(session: Session, actor: Actor, case_id: int) -> list[dict[str, Any]]:
    """The panels of a case, oldest first, with seats, seed and candidates: for the bureau's own people."""
    case = cases.find(session, actor, case_id)
    access.require(actor, "panel.list", case)
    query = select(Panel).where(Panel.case_id == case_id, Panel.kind == EXPERT).order_by(Panel.number)
    return [_told(session, panel) for panel in session.scalars(query)]


def candidates(session: Session, actor: Actor, case_id: int, fields: Sequence[str] = ()) -> list[Candidate]:
    """Who could be drawn for a case now, and why the others could not: for the bureau's own people."""
    case = cases.find(session, actor, case_id)
    access.require(actor, "panel.list", case)
    return ties.candidates(session, case, EXPERT, fields)


def find_seat(session: Session, actor: Actor, seat_id: int) -> Seat:
    """An expert's seat whose holder the actor may replace. Raises NotFound, Forbidden."""
    seat = session.get(Seat, seat_id)
    panel = session.get_one(Panel, seat.panel_id) if seat else None
    if seat is None or panel is None or panel.kind != EXPERT:
        raise NotFound(said("没有这个席位，或者您无权查看"))
    access.require(actor, "panel.replace", session.get_one(Case, panel.case_id))
    return seat


def case_of(session: Session, seat: Seat) -> int:
    """The case on whose panel a seat is."""
    return session.get_one(Panel, seat.panel_id).case_id


def any_of(session: Session, case: Case) -> bool:
    """Whether experts were ever drawn for this case."""
    drawn = exists().where(Panel.case_id == case.id, Panel.kind == EXPERT)
    return session.scalar(select(drawn)) is True


def current(session: Session, case: Case, kind: str = EXPERT) -> Panel:
    """The case's newest panel of this kind. Raises Refused where there is none."""
    query = select(Panel).where(Panel.case_id == case.id, Panel.kind == kind).order_by(Panel.number.desc()).limit(1)
    panel = session.scalar(query)
    if panel is None:
        raise Refused(said("本件还没有组成专家组"), case=case.id)
    return panel


def seats_of(session: Session, panel: Panel) -> list[Seat]:
    return list(session.scalars(select(Seat).where(Seat.panel_id == panel.id).order_by(Seat.number)))


def seat_of(answered: "Answered") -> Seat:
    """The seat that a step is for; it is the actor's. Raises Refused for anybody else."""
    seat = answered.session.get(Seat, answered.task.seat_id, with_for_update=True) if answered.task.seat_id else None
    if seat is None or seat.person_id != answered.actor.person_id:
        raise Refused(said("该席位已由他人担任，您不再办理"), task=answered.task.id)
    return seat


def filed_last(session: Session, case: Case) -> str | None:
    """The task with which the applicant handed something in last: the revision that an opinion reads."""
    query = select(Task.id).where(
        Task.case_id == case.id, Task.state == "done", Task.organisation_code == case.organisation_code
    )
    return session.scalar(query.order_by(Task.closed_at.desc(), Task.opened_at.desc(), Task.id).limit(1))


def record(answered: "Answered", kind: str, facts: Mapping[str, Any]) -> None:
    """Write what a step decided into the record, under the step."""
    task = answered.task
    where = {"case_id": task.case_id, "task_id": task.id, "element": task.instance_path + task.element}
    events.record(answered.session, answered.case.bureau_code, answered.actor.name, kind, **where, payload=dict(facts))


def too_few(size: int, found: Sequence[Candidate]) -> str:
    """That so many cannot be drawn: how many are free, and why the others are not."""
    free = sum(1 for each in found if each.excluded is None)
    reasons: dict[str, list[str]] = {}
    for each in found:
        if each.excluded is not None:
            reasons.setdefault(each.excluded, []).append(each.name)
    told = said(
        "要抽取 %(size)s 人，专家库中可以抽取的只有 %(free)s 人；请减少人数，或先在专家库中增补专家",
        size=size,
        free=free,
    )
    if not reasons:
        return told
    others = in_turn(
        said("%(names)s（%(reason)s）", names=enumerated(names), reason=reason) for reason, names in reasons.items()
    )
    return said("%(told)s。不能抽取的：%(others)s", told=told, others=others)


def _told(session: Session, panel: Panel) -> dict[str, Any]:
    held = (
        select(Seat.id, Seat.number, Seat.origin, Seat.state, Seat.since, Person.display_name, PoolMember.employer)
        .join(Person, Person.id == Seat.person_id)
        .join(PoolMember, PoolMember.id == Seat.member_id)
        .where(Seat.panel_id == panel.id)
        .order_by(Seat.number)
    )
    named = select(PoolMember.id, Person.display_name, PoolMember.employer).join(
        Person, Person.id == PoolMember.person_id
    )
    members = {row.id: row for row in session.execute(named.where(PoolMember.bureau_code == _bureau(session, panel)))}
    waiting = set(
        session.scalars(
            select(Task.seat_id).where(Task.case_id == panel.case_id, Task.seat_id.is_not(None), Task.state == "open")
        )
    )
    return {
        "id": panel.id,
        "number": panel.number,
        "size": panel.wanted["size"],
        "fields": panel.wanted["fields"],
        "chair_rule": panel.wanted["chair_rule"],
        "seed": panel.seed,
        "drawn_at": panel.drawn_at,
        "drawn_by": panel.drawn_by,
        "opened_at": panel.opened_at,
        "concluded_at": panel.concluded_at,
        "seats": [
            {
                **row,
                "replaceable": row["state"] != "done" and panel.opened_at is None and row["id"] in waiting,
                "passable": panel.opened_at is not None and row["id"] in waiting,
            }
            for row in session.execute(held).mappings()
        ],
        "candidates": [
            {**each, "name": members[each["member"]].display_name, "employer": members[each["member"]].employer}
            for each in panel.candidates
        ],
    }


def _bureau(session: Session, panel: Panel) -> str:
    return session.get_one(Case, panel.case_id).bureau_code


def _hand_over(session: Session, case: Case, seat: Seat) -> int:
    """Give the seat to the next by lot; answers who held it. Raises Refused where nobody is left."""
    before = seat.member_id
    panel = session.get_one(Panel, seat.panel_id)
    seat.member_id, seat.person_id = _next(session, case, panel)
    seat.state, seat.origin, seat.since, seat.kept = "invited", "substitute", clock.now(), None
    session.flush()
    return before


def _next(session: Session, case: Case, panel: Panel) -> tuple[int, int]:
    """The next member by the panel's own draw, and their account; when it is used up, whoever has become free since.

    Nobody sits twice on a panel, and who has a tie by now is passed over. Raises Refused where nobody is left.
    """
    session.refresh(panel, with_for_update=True)  # two who leave at once do not get the same substitute
    found = ties.candidates(session, case, panel.kind, panel.wanted["fields"])
    free = {each.member_id: each for each in found if each.excluded is None}
    for member in _ever_seated(session, panel):
        free.pop(member, None)
    order = [member for member in sequence(panel.seed, panel.candidates) if member in free]
    if not order and free:
        later = 1 + max((each["later"] for each in panel.candidates), default=0)
        panel.candidates = [*panel.candidates, *(_candidate(each, later) for each in free.values())]
        order = [member for member in sequence(panel.seed, panel.candidates) if member in free]
    if not order:
        raise Refused(
            said(
                "没有可以递补的专家：没有利害关系的在库专家都已在本专家组任过席位。"
                "请主管部门先在专家库中增补专家，再办理本步骤"
            ),
            case=case.id,
        )
    return order[0], free[order[0]].person_id


def _ever_seated(session: Session, panel: Panel) -> set[int]:
    """Members who sit on the panel or have sat on it: of the seats themselves, and of the steps they left."""
    now = select(Seat.member_id).where(Seat.panel_id == panel.id)
    people = (
        select(Task.assignee_id).join(Seat, Seat.id == Task.seat_id).where(Seat.panel_id == panel.id)
    )  # a step keeps whom it was for
    before = select(PoolMember.id).where(PoolMember.kind == panel.kind, PoolMember.person_id.in_(people))
    return set(session.scalars(now)) | set(session.scalars(before))


def _latest(panel: Panel) -> Any:
    """The newest opinion of each seat of a panel, by seat."""
    newest = select(func.max(Opinion.made_at)).where(Opinion.seat_id == Seat.id).correlate(Seat).scalar_subquery()
    return (
        select(Opinion)
        .join(Seat, Seat.id == Opinion.seat_id)
        .where(Seat.panel_id == panel.id, Opinion.made_at == newest)
        .order_by(Seat.number)
    )


def _kept(seed: str, found: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The candidates as a panel keeps them: in the order drawn from, then those who were left out."""
    rows = {each.member_id: _candidate(each) for each in found}
    order = sequence(seed, rows.values())
    return [rows[member] for member in order] + [rows[each.member_id] for each in found if each.excluded is not None]


def _candidate(each: Candidate, later: int = 0) -> dict[str, Any]:
    return {"member": each.member_id, "excluded": each.excluded, "wanted": each.wanted, "later": later}


def _seat(panel: Panel, number: int, member_id: int, person_id: int, origin: str) -> Seat:
    return Seat(
        panel_id=panel.id,
        number=number,
        member_id=member_id,
        person_id=person_id,
        origin=origin,
        state="invited",
        since=clock.now(),
    )


def _places(seats: Iterable[Seat]) -> dict[str, int]:
    """As the diagram goes through them: by number, so that each has a path of its own, whatever round of scoring."""
    return {str(seat.number): seat.id for seat in seats}


def _number(session: Session, case: Case) -> int:
    query = select(func.coalesce(func.max(Panel.number), 0)).where(Panel.case_id == case.id, Panel.kind == EXPERT)
    return (session.scalar(query) or 0) + 1
