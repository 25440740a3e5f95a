"""Bulk actions (批量办理) on the cases of a round: one transaction and one record a case, and what became of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import JiqunError
from config.sentences import said
from engine import access, tasks, urging
from engine.access import Actor
from engine.errors import NotFound
from engine.models import Case, Membership, Person, Task

MOST = 500  # cases at once

DEEDS: Mapping[str, str] = MappingProxyType({"claim": "认领", "urge": "催办", "assign": "转交同事"})


@dataclass(frozen=True)
class Outcome:
    """What became of one case."""

    case_id: int
    title: str
    done: tuple[str, ...]  # titles of the tasks that it was done to
    same: int  # tasks that were so already
    refused: tuple[str, ...]  # why it was not done to others, each reason once


def do(session: Session, actor: Actor, deed: str, case_id: int, colleague: int | None = None) -> Outcome:
    """Do one of DEEDS to the open tasks of a case. A refusal of one task leaves the others as they are done.

    Each command refuses before it writes, so that a refused one leaves nothing behind. Raises NotFound for a case
    that the actor does not see.
    """
    case = session.get(Case, case_id)
    if case is None or not access.may(actor, "case.read", case):
        raise NotFound(said("没有这个办件，或者您无权查看"))
    done: list[str] = []
    refused: dict[str, None] = {}
    same = 0
    for task in _open_tasks(session, actor, case_id):
        try:
            changed = _DEEDS[deed](session, actor, task, colleague)
        except JiqunError as error:
            refused[error.message] = None
            continue
        done += [task.title] if changed else []
        same += not changed
    if not done and not same and not refused:
        refused[said("没有可以办理的待办：办件已办结，或在等待批次结果")] = None
    return Outcome(case_id, case.title, tuple(dict.fromkeys(done)), same, tuple(refused))


def colleagues(session: Session, actor: Actor) -> list[tuple[int, str]]:
    """Those who handle cases in the actor's offices, to hand tasks over to: id and name."""
    query = (
        select(Person.id, Person.display_name)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.organisation_code.in_(access.offices(actor, access.APPLICANTS | access.BUREAU)),
            Membership.role.in_(access.APPLICANTS | access.BUREAU),
            Person.disabled_at.is_(None),
        )
        .distinct()
        .order_by(Person.display_name, Person.id)
    )
    return [(row.id, row.display_name) for row in session.execute(query)]


def _open_tasks(session: Session, actor: Actor, case_id: int) -> list[Task]:
    query = select(Task).where(Task.case_id == case_id, Task.state == "open", access.visible_tasks(actor))
    return list(session.scalars(query.order_by(Task.opened_at, Task.id)))


def _claim(session: Session, actor: Actor, task: Task, _colleague: int | None) -> bool:
    before = task.assignee_id
    return tasks.claim(session, actor, task.id).assignee_id != before


def _urge(session: Session, actor: Actor, task: Task, _colleague: int | None) -> bool:
    urging.urge(session, actor, task.id)
    return True


def _assign(session: Session, actor: Actor, task: Task, colleague: int | None) -> bool:
    before = task.assignee_id
    return tasks.assign(session, actor, task.id, colleague or 0).assignee_id != before


_DEEDS: Mapping[str, Callable[[Session, Actor, Task, int | None], bool]] = {
    "claim": _claim,
    "urge": _urge,
    "assign": _assign,
}
