"""Deadlines as calendar entries: attached to the letters that tell of them, and one after the other in a feed."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, feeds, particulars
from engine.models import Case, Cluster, Delivery, Letter, Obligation, Reminder, Round, Task
from notifications import ics
from notifications.mime import Attachment

CHANGED = "date_changed"  # the letter that tells of a date that moved


def attached(session: Session, delivery: Delivery) -> Attachment | None:
    """The calendar file of the deadline that a letter or reminder tells of; None where it tells of none."""
    task_id, obligation_id = _of_what(session, delivery)
    task = session.get(Task, task_id) if task_id is not None else None
    obligation = session.get(Obligation, obligation_id) if obligation_id is not None else None
    if task and task.due_at:
        title = session.get_one(Case, task.case_id).title
        entry = _of_task(task, title, _moves(session, Reminder.task_id, Letter.task_id, [task.id]))
    elif obligation:
        about = _about(session, obligation)
        moves = _moves(session, Reminder.obligation_id, Letter.obligation_id, [obligation.id])
        entry = _of_obligation(obligation, about, moves)
    else:
        return None
    return Attachment("deadline.ics", "text/calendar", ics.deadlines([entry]))


def feed(session: Session, dates: feeds.Dates, title: str) -> bytes:
    """The calendar of a person's deadlines. No person stands in it."""
    tasks, owed = [task.id for task, _ in dates.tasks], [row.id for row, _ in dates.obligations]
    of_tasks = _moves(session, Reminder.task_id, Letter.task_id, tasks)
    of_owed = _moves(session, Reminder.obligation_id, Letter.obligation_id, owed)
    entries = [_of_task(task, name, of_tasks) for task, name in dates.tasks]
    entries += [_of_obligation(row, name or _about(session, row), of_owed) for row, name in dates.obligations]
    return ics.deadlines(entries, title=title)


def _of_task(task: Task, case_title: str, moves: Mapping[Any, int]) -> ics.Deadline:
    """The entry of a task with a time limit. What is over is cancelled in the calendars that hold it."""
    assert task.due_at is not None, "only a time limit makes an entry"  # noqa: S101  # for the type checker
    over = task.state != "open"
    return ics.Deadline(
        uid=f"task-{task.id}@jiqun",
        sequence=moves.get(task.id, 0) + over,
        changed_at=clock.now(),
        day=task.due_at.astimezone(clock.SHANGHAI).date(),
        summary=task.title if task.sealed else f"{task.title}：{case_title}",
        description="" if task.sealed else f"办件编号：{task.case_id}",
        cancelled=over,
    )


def _of_obligation(obligation: Obligation, about: str, moves: Mapping[Any, int]) -> ics.Deadline:
    """The entry of what is owed. What is met, lapsed or called off is cancelled in the calendars that hold it."""
    over = obligation.state != "open"
    provisional = particulars.PROVISIONAL if obligation.provisional else ""
    return ics.Deadline(
        uid=f"obligation-{obligation.id}@jiqun",
        sequence=moves.get(obligation.id, 0) + over,
        changed_at=clock.now(),
        day=obligation.due_at.astimezone(clock.SHANGHAI).date(),
        summary=f"{particulars.duty(obligation.kind)}：{about}",
        description="\n".join(line for line in (f"依据：{obligation.clause}", provisional) if line),
        cancelled=over,
    )


def _about(session: Session, obligation: Obligation) -> str:
    """The cluster that owes it, or the round whose publicity or closing it is."""
    if obligation.cluster_id is not None:
        return session.get_one(Cluster, obligation.cluster_id).name
    number = particulars.round_of(session, obligation)
    return session.get_one(Round, number).title if number else ""


def _of_what(session: Session, delivery: Delivery) -> tuple[str | None, int | None]:
    """The task or the obligation whose date it tells."""
    if delivery.reminder_id is not None:
        reminder = session.get_one(Reminder, delivery.reminder_id)
        return reminder.task_id, reminder.obligation_id
    if delivery.letter_id is not None:
        letter = session.get_one(Letter, delivery.letter_id)
        return letter.task_id, letter.obligation_id
    return None, None


def _moves(session: Session, reminded: Any, told: Any, of: Collection[Any]) -> Counter[Any]:
    """How often dates have moved: whenever reminders were planned anew or a change was told. It never falls."""
    planned = select(reminded, func.max(Reminder.revision) - 1).where(reminded.in_(of)).group_by(reminded)
    changes = select(told, func.count()).where(told.in_(of), Letter.template == CHANGED).group_by(told)
    found = Counter[Any]()
    for rows in (planned, changes):
        for thing, times in session.execute(rows):
            found[thing] += times
    return found
