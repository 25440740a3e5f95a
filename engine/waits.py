"""Waits: where the cases of a bureau wait and for how long, and how long its steps have taken, in working days.

Both read along an index (`ix_task_open_of_case`, `ix_task_done`) and come back as a few hundred counted rows, however
many tasks there are; medians are taken of the counts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from math import ceil
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    and_,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from engine import access, calendars, clock, deployments, diagrams
from engine.access import Actor
from engine.columns import Moment
from engine.deployments import Deployed
from engine.diagrams import Diagram, Node
from engine.models import Case, Deployment, Suspension, Task

Place: TypeAlias = tuple[str, str]  # process, element

READERS = frozenset({"bureau_officer", "bureau_leader"})
LEVELS = 4  # of heat
DEPTH = 10  # calls within calls


@dataclass(frozen=True)
class Filters:
    """Whose waits are wanted; everything together must hold."""

    regime: str
    round_id: int | None = None
    process: str = ""  # of the case; empty: every


@dataclass(frozen=True)
class Wait:
    """How many tasks wait at a place, and for how long."""

    process: str
    element: str
    name: str
    called: bool  # a step that calls a process: the tasks in it counted together
    count: int
    late: int
    median: int  # working days
    longest: int
    level: int  # of heat, 1 to LEVELS: by the working days waited there in all


@dataclass(frozen=True)
class Took:
    """How long a step has taken in a month, or in all of them (`month` is empty)."""

    process: str
    element: str
    name: str
    month: str  # "2026-03"
    limit: int | None  # working days that the regime gives it
    count: int
    median: int  # working days
    ninth: int  # the 90th percentile: nine of ten took no longer
    longest: int
    late: int  # done after their own time limit


def heat(session: Session, actor: Actor, bureau: str, filters: Filters) -> list[Wait]:
    """Where tasks wait now, in the order of the diagrams; steps that call a process with what waits in it.

    What is suspended does not wait: its time stands still.
    """
    access.require(actor, "waits.read", bureau)
    deployed = deployments.deployed(session, deployments.current(session, filters.regime).id)
    days = calendars.of(session, bureau)
    today = clock.today()
    opened = _day(session, Task.opened_at)
    late = cast(func.coalesce(Task.due_at < literal(clock.now(), Moment()), False), Integer)
    suspended = select(Suspension.case_id).where(Suspension.resumed_at.is_(None))
    query = (
        select(Case.process.label("runs"), Task.process, Task.element, Task.instance_path)
        .add_columns(opened.label("day"), func.count().label("tasks"), func.sum(late).label("late"))
        .join(Case, Case.id == Task.case_id)
        .where(Task.state == literal_column("'open'"), Task.case_id.not_in(suspended), *_of(actor, bureau, filters))
        .group_by(Case.process, Task.process, Task.element, Task.instance_path, opened)
    )
    waited: dict[date, int] = {}
    found: dict[Place, Counter[int]] = {}
    late_at: Counter[Place] = Counter()
    for row in session.execute(query):
        day = row.day if isinstance(row.day, date) else date.fromisoformat(row.day)
        if day not in waited:
            waited[day] = max(0, days.working_days(day, today))
        for place in _places(deployed, row.runs, row.process, row.element, row.instance_path):
            found.setdefault(place, Counter())[waited[day]] += row.tasks
            late_at[place] += row.late
    most = max((_total(counted) for counted in found.values()), default=0)
    return [
        Wait(
            place[0],
            place[1],
            _name(deployed, place),
            _is_call(deployed, place),
            found[place].total(),
            late_at[place],
            _nearest(found[place], 0.5),
            max(found[place]),
            max(1, ceil(LEVELS * _total(found[place]) / most)) if most else 1,
        )
        for place in _in_order(deployed, found)
    ]


def took(session: Session, actor: Actor, bureau: str, filters: Filters, year: int) -> list[Took]:
    """How long the steps have taken that were done in a year: each in all, then by month, in the order of the diagrams.

    Days that a case was suspended do not count, nor does the day on which the step began.
    """
    access.require(actor, "waits.read", bureau)
    deployed = deployments.deployed(session, deployments.current(session, filters.regime).id)
    rules = [Task.state == literal_column("'done'"), Task.took.is_not(None), *_of(actor, bureau, filters)]
    late = cast(func.coalesce(Task.closed_at > Task.due_at, False), Integer)
    months = [
        select(literal(month).label("month"), Task.process, Task.element, Task.took, late.label("late"))
        .add_columns(func.count().label("tasks"))
        .join(Case, Case.id == Task.case_id)
        .where(Task.closed_at >= begins, Task.closed_at < ends, *rules)
        .group_by(Task.process, Task.element, Task.took, late)
        for month, begins, ends in _months(year)
    ]
    counted: dict[Place, dict[str, Counter[int]]] = {}
    late_in: Counter[tuple[Place, str]] = Counter()
    for row in session.execute(union_all(*months)):
        place = row.process, row.element
        for month in ("", row.month):
            counted.setdefault(place, {}).setdefault(month, Counter())[row.took] += row.tasks
            late_in[place, month] += row.late * row.tasks
    return [
        _took(deployed, place, month, counted[place][month], late_in[place, month])
        for place in _in_order(deployed, counted)
        for month in sorted(counted[place])
    ]


def regimes(session: Session, bureau: str) -> dict[str, str]:
    """The regimes under which the bureau has cases, with their titles."""
    names = session.scalars(select(Deployment.regime).distinct().order_by(Deployment.regime)).all()
    there = [
        name
        for name in names
        if session.scalar(select(exists().where(Case.bureau_code == bureau, Case.regime == name)))
    ]
    found = {name: deployments.rules(session, name) for name in there}
    return {name: rules.title for name, rules in found.items() if rules}


def processes(session: Session, regime: str) -> dict[str, str]:
    """The processes that a case of the regime may run, by id, with their names."""
    deployed = deployments.deployed(session, deployments.current(session, regime).id)
    called = {node.calls for drawn in deployed.diagrams.values() for node in drawn.nodes.values()}
    return {name: drawn.name for name, drawn in deployed.diagrams.items() if name not in called}


def names(session: Session, regime: str) -> dict[str, str]:
    """What the diagrams of the regime are called, by their process."""
    there = deployments.deployed(session, deployments.current(session, regime).id).diagrams
    return {name: drawn.name for name, drawn in there.items()}


def drawn(session: Session, regime: str, process: str) -> list[tuple[str, Diagram]]:
    """The diagram of a process and those that it calls, each with its path: "intake/"."""
    there = deployments.deployed(session, deployments.current(session, regime).id).diagrams
    found: list[tuple[str, Diagram]] = []

    def walk(path: str, name: str) -> None:
        if name in there and path.count("/") <= DEPTH:
            found.append((path, there[name]))
            for node in there[name].nodes.values():
                if node.calls:
                    walk(f"{path}{node.id}/", node.calls)

    walk("", process)
    return found


def years(session: Session, bureau: str) -> list[int]:
    """The years in which the bureau's cases were opened and after, newest first."""
    first = session.scalar(select(func.min(Case.opened_at)).where(Case.bureau_code == bureau))
    this = clock.today().year
    return list(range(this, (first.astimezone(clock.SHANGHAI).year if first else this) - 1, -1))


def _of(actor: Actor, bureau: str, filters: Filters) -> Iterator[ColumnElement[bool]]:
    yield Case.bureau_code == bureau
    yield Case.regime == filters.regime
    if filters.round_id is not None:
        yield Case.round_id == filters.round_id
    if filters.process:
        yield Case.process == filters.process
    # Of a chain the bureau sees only what has come to it; the others are asked for by the list's own rule.
    yield or_(
        Case.chain == literal_column("' '"), and_(Case.chain != literal_column("' '"), access.visible_cases(actor))
    )


def _places(deployed: Deployed, runs: str, process: str, element: str, path: str) -> Iterator[Place]:
    """The step itself, and every step above it that called its process."""
    yield process, element
    name = runs
    for part in path.split("/"):
        step = part.partition("[")[0]
        node = _node(deployed, (name, step))
        if node is not None and node.calls:
            yield name, step
            name = node.calls


def _in_order(deployed: Deployed, found: Iterable[Place]) -> list[Place]:
    known = [(drawn.process, node) for drawn in diagrams.in_order(deployed.diagrams) for node in drawn.nodes]
    order = {place: at for at, place in enumerate(known)}
    return sorted(found, key=lambda place: (order.get(place, len(order)), place))


def _took(deployed: Deployed, place: Place, month: str, counted: Counter[int], late: int) -> Took:
    return Took(
        *place,
        _name(deployed, place),
        month,
        _limit(deployed, place),
        counted.total(),
        _nearest(counted, 0.5),
        _nearest(counted, 0.9),
        max(counted),
        late,
    )


def _limit(deployed: Deployed, place: Place) -> int | None:
    name = deployed.step(place[0], *place).get("limit") if _node(deployed, place) else None
    period = {**deployed.regime.limits, **deployed.regime.periods}.get(name or "")
    return period.working_days if period else None


def _name(deployed: Deployed, place: Place) -> str:
    node = _node(deployed, place)
    return node.name if node else place[1]  # a step of an earlier deployment


def _node(deployed: Deployed, place: Place) -> Node | None:
    drawn = deployed.diagrams.get(place[0])
    return drawn.nodes.get(place[1]) if drawn else None


def _is_call(deployed: Deployed, place: Place) -> bool:
    node = _node(deployed, place)
    return node is not None and bool(node.calls)


def _total(counted: Mapping[int, int]) -> int:
    """Working days waited in all; who came today counts a little, so that no place is without."""
    return sum((days + 1) * count for days, count in counted.items())


def _nearest(counted: Counter[int], share: float) -> int:
    """The smallest number of days that so large a share does not exceed (nearest rank)."""
    wanted, seen = ceil(share * counted.total()), 0
    for days in sorted(counted):
        seen += counted[days]
        if seen >= wanted:
            return days
    return max(counted)


def _months(year: int) -> Iterator[tuple[str, datetime, datetime]]:
    firsts = [date(year + number // 12, number % 12 + 1, 1) for number in range(13)]
    moments = [datetime.combine(first, time(), clock.SHANGHAI) for first in firsts]
    for first, begins, ends in zip(firsts, moments, moments[1:], strict=False):
        yield f"{first:%Y-%m}", begins, ends


def _day(session: Session, column: Any) -> Any:
    """SQL for the civil date in Asia/Shanghai of a moment, which has had no summer time since 1991."""
    if session.connection().dialect.name == "postgresql":
        return cast(func.timezone(literal_column("'Asia/Shanghai'"), column), Date)
    return func.date(column, literal_column("'+8 hours'"))
