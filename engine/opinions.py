"""Opinions (评审意见) of an open panel and what they come to: figures, conflicts, what members say to each other.

Read for the pages of a case and of a round; engine.scoring writes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.regime import Review
from config.sentences import said
from engine import access, cases, deployments, differences, figures, panels
from engine.access import Actor
from engine.deployments import Deployed
from engine.differences import Change
from engine.errors import NotFound
from engine.forms import Form
from engine.models import Case, Opinion, Panel, Person, Seat, Stance, Task


@dataclass(frozen=True)
class Indicator:
    """An indicator over all opinions of a panel."""

    name: str  # the field of the score sheet
    title: str
    weight: Decimal
    figures: figures.Figures
    conflicting: bool


@dataclass(frozen=True)
class Said:
    """What a colleague said of an opinion: by seat, whether they agree, and why not."""

    seat: int
    agrees: bool
    remark: str


@dataclass(frozen=True)
class Given:
    """An opinion as it may be read once the panel is open."""

    task_id: str
    seat: int
    expert: str  # the name for the bureau's own people, “专家1” for everybody else
    total: Decimal
    conclusion: str
    opinion: str
    scores: Sequence[Mapping[str, Any]]  # indicator, score, weight, reason
    comments: Sequence[Mapping[str, Any]]  # field, comment
    made_at: datetime
    latest: bool  # an older opinion of the same seat stands beside its successor
    stale: bool  # the applicant has handed in something since
    stances: Sequence[Said]


@dataclass(frozen=True)
class Result:
    """The result of a panel that is open."""

    panel_id: int
    case_id: int
    opened_at: datetime
    total: figures.Figures
    indicators: Sequence[Indicator]
    recommended: int  # opinions that recommend
    conflicting: bool
    why: Sequence[str]  # what conflicts, in words
    given: Sequence[Given]  # by seat, the newest of each last


def of_case(session: Session, actor: Actor, case_id: int) -> list[Result]:
    """The results of a case's open panels, oldest first: for the bureau's people and who sits on the panel.

    Raises NotFound for whoever may not read the case, Forbidden for the applicant's side.
    """
    case = cases.find(session, actor, case_id)
    access.require(actor, "panel.read", case)
    found = select(Panel).where(Panel.case_id == case_id, Panel.kind == panels.EXPERT, Panel.opened_at.is_not(None))
    return [_result(session, actor, case, panel) for panel in session.scalars(found.order_by(Panel.number))]


def of_round(session: Session, actor: Actor, round_id: int) -> dict[int, figures.Figures]:
    """The totals of every opened panel of a round by case, the newest of each case; for the bureau's own people."""
    query = (
        select(Opinion.case_id, Panel.number, Opinion.seat_id, Opinion.total)
        .join(Seat, Seat.id == Opinion.seat_id)
        .join(Panel, Panel.id == Seat.panel_id)
        .join(Case, Case.id == Opinion.case_id)
        .where(Opinion.round_id == round_id, Panel.opened_at.is_not(None))
        .where(Case.bureau_code.in_(access.offices(actor, access.BUREAU)))
        .order_by(Panel.number, Opinion.made_at, Opinion.task_id)
    )
    newest: dict[int, tuple[int, dict[int, Decimal]]] = {}
    for row in session.execute(query):
        number, totals = newest.setdefault(row.case_id, (row.number, {}))
        if number != row.number:
            newest[row.case_id] = (row.number, totals := {})
        totals[row.seat_id] = Decimal(row.total)
    return {case_id: figures.of(list(totals.values())) for case_id, (_number, totals) in newest.items()}


def news(session: Session, actor: Actor, case: Case, since: str | None) -> list[tuple[Task, list[Change]]]:
    """What the applicant has handed in after the revision `since`, oldest first, with what changed in each form.

    None: nothing was read before, so nothing is news.
    """
    if since is None:
        return []
    read = session.get(Task, since)
    if read is None:
        raise NotFound(said("没有这一版申报材料"))
    filed = list(
        session.scalars(
            select(Task)
            .where(Task.case_id == case.id, Task.state == "done", Task.organisation_code == case.organisation_code)
            .where(access.visible_tasks(actor))
            .order_by(Task.closed_at, Task.opened_at, Task.id)
        )
    )
    deployed = deployments.deployed(session, case.deployment_id)
    before: dict[str, Any] = {}
    found, after = [], False
    for task in filed:
        form: Form = deployed.form(task.form)
        if after:
            found.append((task, differences.changes(form, before.get(task.form, {}), task.answers or {})))
        before[task.form] = task.answers or {}
        after = after or task.id == read.id
    return found


def last_read(session: Session, seat_id: int, person_id: int) -> str | None:
    """The revision that this person's newest opinion on this seat rests on."""
    query = select(Opinion.revision).where(Opinion.seat_id == seat_id, Opinion.person_id == person_id)
    return session.scalar(query.order_by(Opinion.made_at.desc()).limit(1))


def _result(session: Session, actor: Actor, case: Case, panel: Panel) -> Result:
    deployed = deployments.deployed(session, case.deployment_id)
    rule = deployed.regime.review
    rows = _opinions(session, panel)
    newest = {seat.number: opinion for opinion, seat, _task, _person in rows}
    total = figures.of([Decimal(opinion.total) for opinion in newest.values()])
    titles = {name: str(schema["title"]) for _o, _s, task, _p in rows for name, schema in _fields(deployed, task)}
    indicators = list(_indicators(newest.values(), titles, rule))
    concluded = {opinion.conclusion for opinion in newest.values()}
    why = [
        said("“%(title)s”分差 %(spread)s 分", title=each.title, spread=str(each.figures.spread))
        for each in indicators
        if each.conflicting
    ]
    if figures.conflicts(rule, total.spread):
        why.insert(0, said("总分分差 %(spread)s 分", spread=figures.shown(total.spread)))
    if rule is not None and rule.conclusions_differ and len(concluded) > 1:
        why.insert(0, said("评审结论不一致"))
    return Result(
        panel_id=panel.id,
        case_id=case.id,
        opened_at=panel.opened_at or panel.drawn_at,
        total=total,
        indicators=indicators,
        recommended=sum(1 for opinion in newest.values() if opinion.conclusion == "recommend"),
        conflicting=bool(why),
        why=why,
        given=_given(session, actor, case, panel, rows),
    )


def _given(session: Session, actor: Actor, case: Case, panel: Panel, rows: Sequence[Any]) -> list[Given]:
    named = access.of_bureau(actor, case.bureau_code)
    last = panels.filed_last(session, case)
    newest = {seat.number: opinion.task_id for opinion, seat, _task, _person in rows}
    stances: dict[str, list[Said]] = {}
    query = select(Stance, Seat.number).join(Seat, Seat.id == Stance.seat_id).where(Seat.panel_id == panel.id)
    for stance, number in session.execute(query.order_by(Seat.number, Stance.made_at)):
        stances.setdefault(stance.opinion_id, []).append(Said(number, stance.agrees, stance.remark))
    return [
        Given(
            task_id=opinion.task_id,
            seat=seat.number,
            expert=person if named else said("专家%(number)s", number=seat.number),
            total=Decimal(opinion.total),
            conclusion=opinion.conclusion,
            opinion=str((task.answers or {}).get("opinion", "")),
            scores=opinion.scores,
            comments=(task.answers or {}).get("comments", ()),
            made_at=opinion.made_at,
            latest=newest[seat.number] == opinion.task_id,
            stale=opinion.revision != last,
            stances=stances.get(opinion.task_id, ()),
        )
        for opinion, seat, task, person in rows
    ]


def _indicators(opinions: Iterable[Opinion], titles: Mapping[str, str], rule: Review | None) -> Iterable[Indicator]:
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for opinion in opinions:
        for one in opinion.scores:
            found.setdefault(one["indicator"], []).append((Decimal(one["score"]), Decimal(one["weight"])))
    for name, scored in found.items():
        each = figures.of([score for score, _weight in scored])
        yield Indicator(name, titles.get(name, name), scored[0][1], each, figures.conflicts(rule, each.spread))


def _opinions(session: Session, panel: Panel) -> Sequence[Any]:
    """The opinions of a panel with seat, task and name, by seat, the older before the newer."""
    query = (
        select(Opinion, Seat, Task, Person.display_name)
        .join(Seat, Seat.id == Opinion.seat_id)
        .join(Task, Task.id == Opinion.task_id)
        .join(Person, Person.id == Opinion.person_id)
        .where(Seat.panel_id == panel.id)
        .order_by(Seat.number, Opinion.made_at, Task.pass_number)
    )
    return session.execute(query).all()


def _fields(deployed: Deployed, task: Task) -> Iterable[tuple[str, Any]]:
    fields: Mapping[str, Any] = deployed.form(task.form).document["properties"]
    return fields.items()
