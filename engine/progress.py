"""Where a case stands and how it came there: its way through its diagrams, and each step in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine import access, cases, deployments, diagrams, queries
from engine.access import Actor
from engine.diagrams import Diagram, Node
from engine.instance import way
from engine.instance.way import Move, Way
from engine.models import Case, Event, Organisation, Person, Seat, Task

Row: TypeAlias = Mapping[str, Any]

MOST_TOLD = 2000  # entries of a record that a page shows

_TOLD = frozenset({"userTask", "manualTask", "serviceTask", "businessRuleTask", "sendTask", "receiveTask"})
_EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
_BY_ITSELF = frozenset({"serviceTask", "businessRuleTask", "sendTask", *_EVENTS})


@dataclass(frozen=True)
class Run:
    """One diagram that the case walks or has walked: its own, or one that a step of it calls."""

    path: str  # call activities above it, "publicity/"
    diagram: Diagram
    way: Way
    inside: bool  # a token is in it now
    last: Mapping[str, datetime]  # element → when it was last passed

    @property
    def current(self) -> list[str]:
        """The elements at which the case stands now; where branches wait for each other nobody has anything to do."""
        if not self.inside:
            return []
        return [element for element in self.way.current if not self.diagram.nodes[element].kind.endswith("Gateway")]


@dataclass(frozen=True)
class Stop:
    """A place where the case stands now."""

    path: str
    element: str
    name: str
    task_id: str | None  # none where it waits for a moment, a message or another branch
    due_at: datetime | None
    holder: str  # who has it, as far as the actor may know; else the office
    opened_at: datetime | None


@dataclass(frozen=True)
class Step:
    """A step of a diagram, in words."""

    path: str
    element: str
    name: str
    lane: str
    by_itself: bool  # nobody does it
    called: bool  # it is a process of its own; its steps follow
    depth: int
    state: str  # done, now, ahead, aside: not taken by a case that has ended
    times: int
    by: str
    at: datetime | None  # when it was last done
    task_id: str | None  # whose form may be read


@dataclass(frozen=True)
class Progress:
    """All of it, as far as the actor may know."""

    runs: Sequence[Run]
    stops: Sequence[Stop]
    steps: Sequence[Step]


def of_case(session: Session, actor: Actor, case_id: int) -> Progress:
    """How far a case has come. Raises NotFound."""
    case = cases.find(session, actor, case_id)
    drawn = deployments.deployed(session, case.deployment_id).diagrams
    runs = _runs(case, drawn, _record(session, case))
    tasks = _tasks(session, actor, case)
    stops = list(_stops(case, runs, tasks))
    return Progress(runs, stops, list(_steps(case, runs, runs[0], tasks, 0)) if runs else [])


def _record(session: Session, case: Case) -> list[Any]:
    query = select(Event.at, Event.kind, Event.element, Event.payload).where(
        Event.chain == case.bureau_code, Event.case_id == case.id
    )
    return list(session.execute(query.order_by(Event.seq)).all())


def _moves(record: Sequence[Any]) -> Iterator[tuple[datetime, Move]]:
    """What the record says of elements, with their paths. A payload that was erased by law says nothing.

    Of a step that several do at a time each item is reached; it is passed when all are, which the engine says itself.
    """
    for row in record:
        place = _whole(row.element or "")
        if row.kind == "task.closed" and place == row.element:
            yield row.at, ("passed", place)
        elif row.kind == "task.opened" and place:
            yield row.at, ("reached", place)
        elif row.kind == "task.cancelled" and place == row.element:
            yield row.at, ("left", place)
        for element in (row.payload or {}).get("passed", ()):
            yield row.at, ("passed", element)


def _whole(place: str) -> str:
    """The place of the step itself, for one of the items that several do at a time: "review/[2]/concur"."""
    return "/".join(part for part in place.split("/") if not part.startswith("["))


def _runs(case: Case, drawn: Mapping[str, Diagram], record: Sequence[Any]) -> list[Run]:
    moves: dict[str, list[Move]] = {"": []}
    last: dict[str, dict[str, datetime]] = {"": {}}
    for at, (what, where) in _moves(record):
        above, _, element = where.rpartition("/")
        path = f"{above}/" if above else ""
        if what == "passed" and path and _begins(drawn, case.process, path, element):
            upper, step = _caller(above)
            moves.setdefault(upper, []).append(("entered", step))
        moves.setdefault(path, []).append((what, element))
        if what == "passed":
            last.setdefault(path, {})[element] = at
    runs: list[Run] = []
    for path, made in moves.items():
        diagram = diagrams.within(drawn, case.process, path)
        if diagram is None:
            continue
        walked = way.walked(diagram, made)
        inside = case.status in cases.RUNNING and (path == "" or _stands_at(runs, path))
        runs.append(Run(path, diagram, walked, inside, last.get(path, {})))
    return runs


def _begins(drawn: Mapping[str, Diagram], process: str, path: str, element: str) -> bool:
    """Whether a called process begins with this element: the step that calls it is entered."""
    diagram = diagrams.within(drawn, process, path)
    node = diagram.nodes.get(element) if diagram else None
    return node is not None and node.kind == "startEvent"


def _caller(above: str) -> tuple[str, str]:
    """The path of the run that called what lies at "above", and the step there; one of several counts as the step."""
    parts = above.split("/")
    while len(parts) > 1 and parts[-1].startswith("["):
        parts.pop()
    step = parts.pop().partition("[")[0]
    return "".join(f"{part}/" for part in parts), step


def _stands_at(runs: Sequence[Run], path: str) -> bool:
    """Whether the run above stands at the step that called this one."""
    above, _, step = path.removesuffix("/").rpartition("/")
    upper = next((run for run in runs if run.path == (f"{above}/" if above else "")), None)
    return upper is not None and step.partition("[")[0] in upper.current


def _tasks(session: Session, actor: Actor, case: Case) -> list[Row]:
    """Every task of the case, oldest first; persons only where the actor may see the task."""
    closer = aliased(Person)
    query = (
        select(
            Task.id,
            Task.element,
            Task.instance_path,
            Task.state,
            Task.pass_number,
            Task.opened_at,
            Task.due_at,
            Task.closed_at,
            Organisation.name.label("office"),
            Person.display_name.label("holder"),
            closer.display_name.label("closed_by"),
            access.visible_tasks(actor).label("seen"),
            Seat.number.label("seat"),
            Task.roles,
        )
        .join(Organisation, Organisation.code == Task.organisation_code)
        .outerjoin(Seat, Seat.id == Task.seat_id)
        .outerjoin(Person, Person.id == Task.assignee_id)
        .outerjoin(closer, closer.name == Task.closed_by)
        .where(Task.case_id == case.id)
        .order_by(Task.opened_at, Task.pass_number, Task.id)
    )
    return [dict(row) for row in session.execute(query).mappings()]


def _stops(case: Case, runs: Sequence[Run], tasks: Sequence[Row]) -> Iterator[Stop]:
    waiting: dict[str, list[Row]] = {}
    for task in tasks:
        if task["state"] == "open":
            waiting.setdefault(_whole(task["instance_path"] + task["element"]), []).append(task)
    for run in runs:
        for element in run.current:
            node, held = run.diagram.nodes[element], waiting.get(run.path + element, [])
            for task in held:
                who = _who(task, "holder")
                yield Stop(run.path, element, node.name, task["id"], task["due_at"], who, task["opened_at"])
            if not held and not node.calls:
                yield Stop(run.path, element, node.name, None, case.wake_at if node.timer else None, "", None)


def _steps(case: Case, runs: Sequence[Run], run: Run, tasks: Sequence[Row], depth: int) -> Iterator[Step]:
    """The steps of a run in reading order, those of a called process after the step that calls it."""
    over = case.status in {"ended", "cancelled"}
    for node in run.diagram.nodes.values():
        if node.kind not in _TOLD | _EVENTS and not node.calls:
            continue
        here = [task for task in tasks if _whole(task["instance_path"] + task["element"]) == run.path + node.id]
        done = [task for task in here if task["state"] == "done"]
        waiting = [task for task in here if task["state"] == "open"]
        times = run.way.passed.get(node.id, 0)
        now = node.id in run.current
        yield Step(
            path=run.path,
            element=node.id,
            name=node.name,
            lane=node.lane,
            by_itself=node.kind in _BY_ITSELF,
            called=bool(node.calls),
            depth=depth,
            state="now" if now else "done" if times else "aside" if over else "ahead",
            times=times,
            by=_who(waiting[0], "holder") if waiting else _who(done[-1], "closed_by") if done else "",
            at=run.last.get(node.id),
            task_id=done[-1]["id"] if done and done[-1]["seen"] else None,
        )
        for inner in _called(runs, run, node):
            yield from _steps(case, runs, inner, tasks, depth + 1)


def _called(runs: Sequence[Run], run: Run, node: Node) -> list[Run]:
    """The runs of what this step calls: one, or one for each of several at a time."""
    return [
        inner
        for inner in runs
        if node.calls
        and inner.path.startswith(run.path + node.id)
        and inner.path[len(run.path) :].count("/") == 1
        and inner.path[len(run.path) :].partition("/")[0].partition("[")[0] == node.id
    ]


def _who(task: Row, person: str) -> str:
    """The person, where the actor sees the task; else the office, and of a panel the number of the seat: 专家1."""
    numbered = f"专家{task['seat']}" if task["seat"] and " expert " in task["roles"] else None
    named = task[person] if task["seen"] else numbered
    return f"{named}（{task['office']}）" if named else str(task["office"])


def told(session: Session, actor: Actor, case_id: int) -> list[Row]:
    """The record of a case, newest first, with the steps' names and, for the bureau's own people, who did what."""
    case = cases.find(session, actor, case_id)
    drawn = deployments.deployed(session, case.deployment_id).diagrams
    rows = queries.history(session, actor, case_id, limit=MOST_TOLD)
    names = {row["actor"] for row in rows if row.get("actor")}
    people = dict(session.execute(select(Person.name, Person.display_name).where(Person.name.in_(names))).all())
    return [
        {
            **row,
            "who": people.get(row.get("actor") or "", ""),
            "name": _named(drawn, case.process, row["element"]),
            "fired": [_named(drawn, case.process, place) for place in (row.get("payload") or {}).get("fired", ())],
        }
        for row in reversed(rows)
    ]


def _named(drawn: Mapping[str, Diagram], process: str, where: str | None) -> str:
    """The words of a diagram for an element with its path, or for one whose path the record leaves out."""
    above, _, element = (where or "").rpartition("/")
    diagram = diagrams.within(drawn, process, f"{above}/" if above else "")
    places = [diagram] if diagram and element in diagram.nodes else list(drawn.values())
    return next((place.nodes[element].name for place in places if element in place.nodes), "")
