"""年度报告报送情况: who has filed the report of a year, who has not and where it lies; urging all of them at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, reports, urging, year
from engine.access import Actor
from engine.errors import NotFound, Refused
from engine.models import Cluster, Draft, Obligation, Organisation, Person, Task

KIND: Final = "annual_report"  # of obligation
CHECK: Final = "check_report"  # the form in which an office above the applicant decides
RECEIVED, AT_BUREAU, CHECKED, BEGUN, OPENED, AHEAD, LAPSED = (
    "received", "at_bureau", "checked", "begun", "opened", "ahead", "lapsed",
)  # fmt: skip
UNFILED: Final = frozenset({CHECKED, BEGUN, OPENED, AHEAD})


@dataclass(frozen=True)
class Report:
    """The report of one cluster about one year."""

    obligation_id: int
    bureau_code: str
    cluster_id: int
    cluster: str
    number: str
    county: str  # whose report it is
    state: str  # received, at_bureau; checked by an office below the bureau, begun, opened, ahead; lapsed
    office: str  # that has it now; empty where nobody has
    case_id: int | None
    printed_on: date
    effective_on: date
    provisional: bool
    clause: str
    filed_on: date | None  # it went to the bureau
    filed_by: str  # the office and the person that sent it; empty before
    days_late: int  # of a filed one, or so far
    may_urge: bool


@dataclass(frozen=True)
class Year:
    """The reports about a year under one regime, as far as the actor may see them."""

    regime: str
    year: int  # that is reported about; due in the next
    reports: Sequence[Report]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many in all, filed, filed late, not filed, not filed and late."""
        filed = [each for each in self.reports if each.filed_on]
        unfiled = [each for each in self.reports if each.state in UNFILED]
        return {
            "all": len(self.reports),
            "filed": len(filed),
            "filed_late": sum(each.days_late > 0 for each in filed),
            "unfiled": len(unfiled),
            "late": sum(each.days_late > 0 for each in unfiled),
        }


def regimes(session: Session, actor: Actor) -> list[str]:
    """The regimes whose clusters owe reports that the actor may see, that of the actor's own bureau first."""
    query = select(Obligation.regime, Cluster.bureau_code).join(Cluster, Cluster.id == Obligation.cluster_id)
    rows = session.execute(query.where(Obligation.kind == KIND, _seen(actor)).distinct())
    own = {membership.organisation_code for membership in actor.memberships}
    return list(dict.fromkeys(regime for _, regime in sorted((bureau not in own, regime) for regime, bureau in rows)))


def years(session: Session, actor: Actor, regime: str) -> list[int]:
    """The years that are reported about, as far as their date has come near: the coming one and those before."""
    query = select(Obligation.year).where(Obligation.kind == KIND, Obligation.regime == regime, _seen(actor))
    return sorted({due - 1 for due in session.scalars(query.distinct()) if due <= clock.today().year + 1})


def of_year(session: Session, actor: Actor, regime: str, about: int) -> Year:
    """The reports about that year, by cluster number and name."""
    query = (
        select(Obligation, Cluster, Organisation.name)
        .join(Cluster, Cluster.id == Obligation.cluster_id)
        .join(Organisation, Organisation.code == Cluster.organisation_code)
        .where(Obligation.kind == KIND, Obligation.regime == regime, Obligation.year == about + 1, _seen(actor))
        .where(Obligation.state != "cancelled")
        .order_by(Cluster.number, Cluster.name, Cluster.id)
    )
    rows = session.execute(query).all()
    at = _At(session, actor, [owed for owed, _cluster, _county in rows])
    return Year(regime, about, [_report(at, owed, cluster, county) for owed, cluster, county in rows])


def urge(session: Session, actor: Actor, obligation_id: int) -> None:
    """Ask whoever has the report: the office that checks it, or else who owes it; at most once a working day.

    Raises Forbidden, NotFound, Refused.
    """
    owed = session.get(Obligation, obligation_id)
    if owed is None or owed.kind != KIND:
        raise NotFound(said("没有这项义务，或者您无权查看"))
    access.require(actor, "obligation.urge", owed.bureau_code)
    waiting = _waiting(session, [owed]).get(owed.case_id or 0)
    if owed.state == "open" and waiting and waiting.task.form == CHECK:
        urging.urge(session, actor, waiting.task.id)
    else:
        year.urge(session, actor, obligation_id)


def urge_all(session: Session, actor: Actor, regime: str, about: int) -> tuple[int, int]:
    """Ask everybody who has not filed; answers how many were asked, and how many could not be asked today.

    Raises Forbidden.
    """
    access.require(actor, "obligation.urge")
    waiting = [each for each in of_year(session, actor, regime, about).reports if each.may_urge]
    asked = 0
    for each in waiting:
        try:
            urge(session, actor, each.obligation_id)
        except Refused:  # asked on this working day already, or nobody is there to be asked
            continue
        asked += 1
    return asked, len(waiting) - asked


def _seen(actor: Actor) -> ColumnElement[bool]:
    return exists().where(Cluster.id == Obligation.cluster_id, access.visible_clusters(actor)).correlate(Obligation)


@dataclass(frozen=True)
class _Waiting:
    task: Task  # the open step
    begun: bool  # somebody has a draft of it
    office: str


class _At:
    """What stands beside the dates, asked for once for all of them."""

    def __init__(self, session: Session, actor: Actor, owed: Sequence[Obligation]) -> None:
        self.actor = actor
        self.waiting = _waiting(session, owed)
        self.sent = _sent(session, actor, owed)


def _report(at: _At, owed: Obligation, cluster: Cluster, county: str) -> Report:
    waiting = at.waiting.get(owed.case_id or 0)
    state = _state(owed, waiting)
    filed_on = owed.settled_at.astimezone(clock.SHANGHAI).date() if owed.state == "met" and owed.settled_at else None
    until = filed_on or (clock.today() if state in UNFILED else owed.effective_on)
    return Report(
        obligation_id=owed.id,
        bureau_code=owed.bureau_code,
        cluster_id=cluster.id,
        cluster=cluster.name,
        number=cluster.number or "",
        county=county,
        state=state,
        office=waiting.office if waiting else "",
        case_id=owed.case_id,
        printed_on=owed.printed_on,
        effective_on=owed.effective_on,
        provisional=owed.provisional,
        clause=owed.clause,
        filed_on=filed_on,
        filed_by=at.sent.get(owed.case_id or 0, "") if filed_on else "",
        days_late=max(0, (until - owed.effective_on).days),
        may_urge=state in UNFILED and access.may(at.actor, "obligation.urge", owed.bureau_code),
    )


def _state(owed: Obligation, waiting: _Waiting | None) -> str:
    if owed.state == "met":
        return AT_BUREAU if waiting else RECEIVED
    if owed.state == "lapsed":
        return LAPSED
    if owed.case_id is None or waiting is None:
        return AHEAD
    if waiting.task.form == CHECK:
        return CHECKED
    return BEGUN if waiting.begun or waiting.task.assignee_id or waiting.task.pass_number > 1 else OPENED


def _waiting(session: Session, owed: Sequence[Obligation]) -> dict[int, _Waiting]:
    """The open step of each case."""
    drafted = exists().where(Draft.task_id == Task.id)
    query = (
        select(Task, drafted, Organisation.name)
        .join(Organisation, Organisation.code == Task.organisation_code)
        .where(Task.case_id.in_(_cases(owed)), Task.state == "open")
        .order_by(Task.opened_at)
    )
    return {task.case_id: _Waiting(task, begun, office) for task, begun, office in session.execute(query)}


def _sent(session: Session, actor: Actor, owed: Sequence[Obligation]) -> dict[int, str]:
    """Who sent the report to the bureau, by case, as far as the actor may read it: the last step until it was met."""
    query = (
        select(Task.case_id, Organisation.name, Person.display_name)
        .join(Organisation, Organisation.code == Task.organisation_code)
        .join(Obligation, Obligation.case_id == Task.case_id)
        .outerjoin(Person, Person.name == Task.closed_by)
        .where(Task.case_id.in_(_cases(owed)), Task.state == "done", Task.form.in_((reports.FORM, CHECK)))
        .where(Task.closed_at <= Obligation.settled_at, access.visible_tasks(actor))
        .order_by(Task.closed_at)
    )
    return {case_id: f"{office} {person or ''}".strip() for case_id, office, person in session.execute(query)}


def _cases(owed: Sequence[Obligation]) -> list[int]:
    return [each.case_id for each in owed if each.case_id]
