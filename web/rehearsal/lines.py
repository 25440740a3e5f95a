"""The lines of a rehearsal: what the record and the letters tell, each at its moment."""

import heapq
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.regime import Regime
from engine import clock, deployments, due_dates
from engine.models import (
    Case,
    Cluster,
    Delivery,
    Event,
    Finding,
    Letter,
    Membership,
    Obligation,
    Organisation,
    Reminder,
    Task,
)

Line: TypeAlias = dict[str, Any]

KINDS: Final = {  # of the record → as a line says it
    "case.opened": "case.opened",
    "task.opened": "task.opened",
    "task.closed": "task.completed",
    "timer.fired": "timer.fired",
    "cluster.recognised": "cluster.recognised",
    "cluster.renewed": "cluster.renewed",
    "cluster.revoked": "cluster.revoked",
    "obligation.met": "obligation.met",
    "finding.noted": "finding.noted",
    "case.ended": "case.ended",
}
ALL_KINDS: Final = (*KINDS.values(), "task.overdue", "letter.sent", "cluster.expired")
SECOND: Final = timedelta(seconds=1)  # after which a limit is over


class Teller:
    """What has happened since the last time it was asked."""

    def __init__(self, regime: Regime) -> None:
        self.regime = regime
        self.opened: list[str] = []  # tasks that came since somebody took them from here
        self._seq, self._letters = 0, 0
        self._limits: list[tuple[datetime, int, str, str]] = []  # heaps: when a limit is over, when a letter leaves
        self._leaving: list[tuple[datetime, int]] = []
        self._looked_on: date | None = None  # the last day on which validities were looked at
        self._offices: dict[str, str] = {}

    def begin(self, session: Session) -> None:
        """What there is so far is not told."""
        last = select(Event.seq).where(Event.chain == self.regime.bureau).order_by(Event.seq.desc()).limit(1)
        self._seq = session.scalar(last) or 0
        self._letters = session.scalar(select(Delivery.id).order_by(Delivery.id.desc()).limit(1)) or 0
        self._looked_on = clock.today()
        query = select(Task).where(Task.state == "open").order_by(Task.case_id, Task.instance_path, Task.element)
        for task in session.scalars(query):
            self.opened.append(task.id)
            self._limit(task)

    def next_at(self) -> Iterator[datetime]:
        """The next moments at which there is something to tell that no worker does."""
        for heap in (self._limits, self._leaving):
            if heap:
                yield heap[0][0]

    def lines(self, session: Session) -> Iterator[Line]:
        """What is new, in the order in which it happened."""
        yield from self._recorded(session)
        yield from self._sent(session)
        yield from self._overdue(session)
        yield from self._expired(session)

    # ---- the record -----------------------------------------------------------------------------

    def _recorded(self, session: Session) -> Iterator[Line]:
        query = select(Event).where(Event.chain == self.regime.bureau, Event.seq > self._seq).order_by(Event.seq)
        for event in session.scalars(query):
            self._seq = event.seq
            if event.kind == "task.opened" and event.task_id:
                self.opened.append(event.task_id)
                self._limit(session.get_one(Task, event.task_id))
            if event.kind in KINDS:
                yield self._of_event(session, event)

    def _of_event(self, session: Session, event: Event) -> Line:
        case = session.get(Case, event.case_id) if event.case_id else None
        task = session.get(Task, event.task_id) if event.task_id else None
        line = _line(KINDS[event.kind], case, event.element)
        told = event.payload or {}
        if event.kind.startswith("cluster.") and (cluster := session.get(Cluster, told.get("cluster") or 0)):
            line["subject"] = cluster.name
        elif event.kind == "finding.noted":
            found = session.get_one(Finding, told["finding"])
            name = session.get_one(Cluster, found.cluster_id).name
            line |= {"element": found.ground, "subject": name, "clause": found.clause}
        elif event.kind == "obligation.met":
            owed = session.get_one(Obligation, told["obligation"])
            line |= {"element": owed.kind, "clause": owed.clause}
        elif task and case:
            line |= {"role": task.roles.strip(), "to": self._office(session, task.organisation_code)}
            line |= {"subject": task.title, "clause": _clause(session, case, task)}
        return line

    # ---- letters --------------------------------------------------------------------------------

    def _sent(self, session: Session) -> Iterator[Line]:
        """A letter is sent when it leaves: quiet hours hold it. What waits for a digest leaves with it."""
        written = select(Delivery).where(Delivery.id > self._letters).order_by(Delivery.id)
        for delivery in session.scalars(written):
            self._letters = delivery.id
            if delivery.status != "held":
                heapq.heappush(self._leaving, (delivery.not_before, delivery.id))
        found = []
        while self._leaving and self._leaving[0][0] <= clock.now():
            delivery = session.get_one(Delivery, heapq.heappop(self._leaving)[1])
            found.append((self._of_letter(session, delivery), delivery.person_id))
        # Rows of one moment are written in the order of random ids: a second run has them in another.
        yield from (line for line, _ in sorted(found, key=lambda each: (_order(each[0]), each[1])))

    def _of_letter(self, session: Session, delivery: Delivery) -> Line:
        letter = session.get(Letter, delivery.letter_id) if delivery.letter_id else None
        reminder = session.get(Reminder, delivery.reminder_id) if delivery.reminder_id else None
        task = session.get(Task, reminder.task_id) if reminder and reminder.task_id else None
        owed = session.get(Obligation, reminder.obligation_id) if reminder and reminder.obligation_id else None
        number = letter.case_id if letter else task.case_id if task else owed.case_id if owed else None
        case = session.get(Case, number) if number else None
        line = _line("letter.sent", case, delivery.template)
        if letter:
            line["subject"] = letter.fields.get("集群名称") or letter.fields.get("办件标题")
            line["clause"] = letter.fields.get("条款") or None
        elif task and case:
            line |= {"subject": case.title, "clause": _clause(session, case, task)}
        elif owed:
            cluster = session.get(Cluster, owed.cluster_id) if owed.cluster_id else None
            line |= {"subject": cluster.name if cluster else None, "clause": owed.clause}
        sits = (letter.role, letter.organisation_code) if letter else self._desk(session, delivery.person_id)
        if sits:
            line |= {"role": sits[0], "to": self._office(session, sits[1])}
        return line | {"_letter": delivery.id}

    def _desk(self, session: Session, person_id: int) -> tuple[str, str] | None:
        """A role and an office of a person; None of one who has left while a task was still theirs."""
        query = select(Membership.role, Membership.organisation_code).where(Membership.person_id == person_id)
        found = session.execute(query.order_by(Membership.organisation_code, Membership.role).limit(1)).first()
        return (found.role, found.organisation_code) if found else None

    # ---- dates ----------------------------------------------------------------------------------

    def _limit(self, task: Task) -> None:
        if task.due_at and task.due_at + SECOND > clock.now():
            which = (task.case_id, task.instance_path + task.element, task.id)
            heapq.heappush(self._limits, (task.due_at + SECOND, *which))

    def _overdue(self, session: Session) -> Iterator[Line]:
        while self._limits and self._limits[0][0] <= clock.now():
            task = session.get_one(Task, heapq.heappop(self._limits)[-1])
            if task.state != "open" or task.due_at is None:
                continue
            if task.due_at >= clock.now():  # its limit was moved meanwhile
                self._limit(task)
                continue
            case = session.get_one(Case, task.case_id)
            line = _line("task.overdue", case, task.element)
            line |= {"role": task.roles.strip(), "to": self._office(session, task.organisation_code)}
            yield line | {"subject": task.title, "clause": _clause(session, case, task)}

    def _expired(self, session: Session) -> Iterator[Line]:
        if self._looked_on == clock.today():
            return
        query = select(Cluster).where(
            Cluster.regime == self.regime.name,
            Cluster.state == "recognised",
            Cluster.last_day < clock.today(),
            Cluster.last_day >= self._looked_on,
        )
        for cluster in session.scalars(query.order_by(Cluster.last_day, Cluster.id)):
            line = _line("cluster.expired", None, None)
            yield line | {"subject": cluster.name, "clause": self.regime.validity.clause}
        self._looked_on = clock.today()

    def _office(self, session: Session, code: str) -> str:
        if code not in self._offices:
            self._offices[code] = session.get_one(Organisation, code).name
        return self._offices[code]


def _order(line: Line) -> tuple[int, str, str]:
    return line["case"] or 0, line["element"], line["subject"] or ""


def expires_at(session: Session, regime: Regime) -> datetime | None:
    """The first moment after the next last valid day."""
    query = select(Cluster.last_day).where(Cluster.regime == regime.name, Cluster.state == "recognised")
    last = session.scalar(query.where(Cluster.last_day >= clock.today()).order_by(Cluster.last_day).limit(1))
    return due_dates.start_of(last + timedelta(days=1)) if last else None


def _clause(session: Session, case: Case, task: Task) -> str | None:
    clauses = deployments.deployed(session, case.deployment_id).clauses
    return clauses.clause_of(f"{task.process}.{task.element}")


def _line(kind: str, case: Case | None, element: str | None) -> Line:
    """A line with all its keys, in their order."""
    about = {"case": case.id if case else None, "process": case.process if case else None, "element": element}
    line: Line = {"kind": kind, **about, "role": None, "to": None, "subject": None, "clause": None}
    return line | {"subject": case.title} if case else line
