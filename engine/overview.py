"""Lists of cases and what stands still: at which step each one is, who has it, since when, until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session

from engine import access, deployments, inbox
from engine.access import Actor
from engine.diagrams import Diagram
from engine.models import Case, Deployment, Notice, Obligation, Organisation, Person, Round, Task

Row: TypeAlias = Mapping[str, Any]

STATUSES = ("open", "incident", "suspended", "ended", "cancelled")
MOST_IN_ROUND = 2000  # cases that a round's page shows
_UNTOUCHED = "waiting"  # the stage of a case that waits for no person


@dataclass(frozen=True)
class Filters:
    """Which cases are wanted; everything together must hold."""

    round_id: int | None = None
    stage: str = ""  # element of an open task; "waiting": there is none
    status: str = ""  # of STATUSES
    words: str = ""


def cases(session: Session, actor: Actor, filters: Filters, *, limit: int = 50, before: int | None = None) -> list[Row]:
    """Cases about clusters that the actor may see, newest first; `before` is the number of the page's last."""
    rules: list[ColumnElement[bool]] = [access.visible_cases(actor), _ABOUT_CLUSTERS]
    open_task = exists().where(Task.case_id == Case.id, Task.state == "open").correlate(Case)
    if before is not None:
        rules.append(Case.id < before)
    if filters.round_id is not None:
        rules.append(Case.round_id == filters.round_id)
    if filters.status:
        rules.append(Case.status == filters.status)
    if filters.words:
        rules.append(inbox.named(filters.words))
    if filters.stage == _UNTOUCHED:
        rules += [Case.status == "open", ~open_task]
    elif filters.stage:
        rules.append(open_task.where(Task.element == filters.stage))
    return _standing(session, actor, rules, limit)


def round_cases(session: Session, actor: Actor, round_id: int) -> list[Row]:
    """The cases of a round, as far as the actor may see them, newest first: none of a round that is not theirs."""
    rules = [access.visible_cases(actor), _ABOUT_CLUSTERS, Case.round_id == round_id]
    return _standing(session, actor, rules, MOST_IN_ROUND)


def tasks_of(session: Session, actor: Actor, case_id: int) -> list[Row]:
    """The open tasks of a case that the actor may act on now."""
    query = (
        select(Task.id, Task.title, Task.due_at, Task.assignee_id)
        .where(Task.case_id == case_id, access.tasks_for(actor))
        .order_by(Task.opened_at, Task.id)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def answered(session: Session, actor: Actor, case_id: int) -> list[Row]:
    """The finished tasks of a case whose forms the actor may read, oldest first."""
    query = (
        select(Task.id, Task.title, Task.pass_number, Task.closed_at, Person.display_name.label("by"))
        .outerjoin(Person, Person.name == Task.closed_by)
        .where(Task.case_id == case_id, Task.state == "done", access.visible_tasks(actor))
        .order_by(Task.closed_at, Task.pass_number, Task.id)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def round_notices(session: Session, round_id: int) -> list[Row]:
    """What was published of a round, oldest first: it is the public's."""
    query = select(
        *(Notice.id, Notice.kind, Notice.title, Notice.published_at, Notice.first_day, Notice.last_day, Notice.basis),
        case((Obligation.earliest_on > Obligation.effective_on, Obligation.latest_on)).label("should_last_until"),
    ).outerjoin(Obligation, Obligation.notice_id == Notice.id)
    found = session.execute(query.where(Notice.round_id == round_id).order_by(Notice.id)).mappings()
    return [dict(row) for row in found]


def round_choices(session: Session, actor: Actor, limit: int = 30) -> list[Row]:
    """The rounds to choose from in a list of cases, newest first."""
    query = select(Round.id, Round.title, Round.state).where(access.visible_rounds(actor))
    return [dict(row) for row in session.execute(query.order_by(Round.id.desc()).limit(limit)).mappings()]


def steps(session: Session, actor: Actor, *, own: bool) -> dict[str, str]:
    """The steps that people do where the actor sees rounds, by element, in the order of the diagrams; `own`: theirs."""
    found: dict[str, str] = {}
    seen = Deployment.regime.in_(select(Round.regime).where(access.visible_rounds(actor)))
    for newest in session.scalars(select(func.max(Deployment.id)).where(seen).group_by(Deployment.regime)).all():
        for diagram in deployments.deployed(session, newest).diagrams.values():
            for node in diagram.nodes.values():
                if node.roles and (not own or node.roles & actor.roles):
                    found.setdefault(node.id, node.name)
    return found


def regimes(session: Session, actor: Actor) -> dict[str, str]:
    """The regimes in which the actor may open a round, with the title that clusters are given."""
    newest = session.scalars(select(func.max(Deployment.id)).group_by(Deployment.regime)).all()
    rules = [deployments.deployed(session, deployment).regime for deployment in newest]
    return {each.name: each.title for each in rules if access.may(actor, "round.open", each.bureau)}


def _standing(session: Session, actor: Actor, rules: Sequence[ColumnElement[bool]], limit: int) -> list[Row]:
    query = (
        select(
            Case.id,
            Case.title,
            Case.process,
            Case.deployment_id,
            Case.status,
            Case.outcome,
            Case.awaits,
            Case.opened_at,
            Case.ended_at,
            Case.round_id,
            Round.title.label("round"),
            Case.organisation_code,
            Organisation.name.label("applicant"),
            Organisation.division,
        )
        .join(Organisation, Organisation.code == Case.organisation_code)
        .outerjoin(Round, Round.id == Case.round_id)
        .where(*rules)
        .order_by(Case.id.desc())
        .limit(limit)
    )
    rows: list[dict[str, Any]] = [dict(row) for row in session.execute(query).mappings()]
    held = _held(session, actor, [row["id"] for row in rows if row["status"] in {"open", "incident", "suspended"}])
    orders: dict[tuple[int, str], dict[str, int]] = {}
    for row in rows:
        drawn = deployments.deployed(session, row["deployment_id"]).diagrams
        kind = (row["deployment_id"], row["process"])
        if kind not in orders:
            orders[kind] = _order(drawn, row["process"])
        order = orders[kind]
        row["tasks"] = sorted(held.get(row["id"], ()), key=lambda task: order.get(task["element"], len(order)))
        row["stage"], row["place"] = _stage(row, drawn, order)
        row["at"] = row["outcome"] or (row["tasks"][0]["element"] if row["tasks"] else row["awaits"].strip())
        dues = [task["due_at"] for task in row["tasks"] if task["due_at"]]
        row["due_at"] = min(dues) if dues else None
        row["since"] = min((task["opened_at"] for task in row["tasks"]), default=None)
    return [*rows]


def _held(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, list[Row]]:
    """The open tasks of these cases and who has each: the person where the actor may see the task, else the office."""
    query = (
        select(
            Task.case_id,
            Task.id,
            Task.title,
            Task.element,
            Task.opened_at,
            Task.due_at,
            Organisation.name.label("office"),
            Person.display_name.label("holder"),
            access.visible_tasks(actor).label("seen"),
        )
        .join(Organisation, Organisation.code == Task.organisation_code)
        .outerjoin(Person, Person.id == Task.assignee_id)
        .where(Task.case_id.in_(ids), Task.state == "open")
        .order_by(Task.opened_at, Task.id)
    )
    found: dict[int, list[Row]] = {}
    for row in session.execute(query).mappings() if ids else ():
        known = row["holder"] if row["seen"] else None
        found.setdefault(row["case_id"], []).append({**row, "holder": known})
    return found


def _stage(row: Row, drawn: Mapping[str, Diagram], order: Mapping[str, int]) -> tuple[str, tuple[int, int]]:
    """Where a case stands, in the diagram's words, and where that comes among the stages."""
    nodes = drawn[row["process"]].nodes if row["process"] in drawn else {}
    if row["outcome"]:
        named = nodes[row["outcome"]].name if row["outcome"] in nodes else row["outcome"]
        return named, (2, order.get(row["outcome"], len(order)))
    if row["status"] == "cancelled":
        return "", (3, 0)
    if row["tasks"]:
        titles = dict.fromkeys(task["title"] for task in row["tasks"])
        return "、".join(titles), (0, order.get(row["tasks"][0]["element"], len(order)))
    reached = [node for diagram in drawn.values() for node in diagram.nodes.values() if node.id in order]
    awaited = (node for node in reached if node.message and f" {node.message} " in row["awaits"])
    return next(((node.name, (1, order[node.id])) for node in awaited), ("", (1, 0)))


def _order(drawn: Mapping[str, Diagram], process: str) -> dict[str, int]:
    """The place of each element among all in reading order, those of a called process after the step that calls it."""
    found: dict[str, int] = {}

    def walk(name: str) -> None:
        for node in drawn[name].nodes.values() if name in drawn else ():
            if node.id not in found:
                found[node.id] = len(found)
                walk(node.calls)

    walk(process)
    return found


_ABOUT_CLUSTERS = Case.cluster_id.is_not(None)  # a round's own run stands on the round's page
