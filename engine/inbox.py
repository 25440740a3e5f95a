"""The inbox: what lies on a person's desk, due first, read in such a way that a hundred thousand cost what fifty do.

The desk holds piles: the open tasks of an office for the same roles, held by nobody or by the person. In the index
`ix_task_open_pile` each pile lies in the order of its dates, so a page touches no more rows than it shows, and a count
no more than it says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from engine import access, calendars, clock
from engine.access import Actor
from engine.calendar import Calendar
from engine.columns import Moment
from engine.models import Case, Organisation, Person, Task

Row: TypeAlias = Mapping[str, Any]
After: TypeAlias = tuple[datetime | None, datetime, str]  # due_at, opened_at, id of the last row of the page before

SOON = 3  # working days
MOST = 1000  # tasks are counted one by one up to here; beyond it is "1000+"
FEW = 500  # cases that a question names one by one
NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # where a task without a time limit stands among the others
State: TypeAlias = Literal["all", "late", "soon", "free"]  # free: nobody has it yet
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True)
class Pile:
    """Open tasks of one office for the same roles."""

    organisation_code: str
    roles: str


@dataclass(frozen=True)
class Filters:
    """What of the inbox is wanted; everything together must hold."""

    state: State = "all"
    own: bool = False  # what the person has claimed
    round_id: int | None = None
    step: str = ""  # element
    words: str = ""  # in the case's title or applicant, or the case's number
    soon: datetime | None = None  # `tasks` and `counts` set it: until when what is due falls due soon


def piles(session: Session, actor: Actor) -> list[Pile]:
    """The piles on the desk: each pair of office and roles is looked up once, whatever lies there."""
    found = []
    for office in sorted({membership.organisation_code for membership in actor.as_any_of(access.HANDLERS)}):
        found += [Pile(office, roles) for roles in session.scalars(_ROLES, {"office": office})]
    mine = actor.as_any_of(access.HANDLERS)
    return [
        pile
        for pile in found
        if any(each.organisation_code == pile.organisation_code and f" {each.role} " in pile.roles for each in mine)
    ]


def tasks(
    session: Session,
    actor: Actor,
    on: Sequence[Pile],
    filters: Filters,
    *,
    limit: int = 50,
    after: After | None = None,
) -> list[Row]:
    """What the actor may act on now, due first, then the older; what has no time limit comes last."""
    filters = replace(filters, soon=soon_until(calendars.for_actor(session, actor)))
    rules = _about(filters)
    few = _few(session, rules)
    if few is not None:
        found = session.execute(_of_few(actor, few, filters, limit, after)).all() if few else []
        return _told(session, actor, [row.id for row in found])
    meets = [exists().where(Case.id == Task.case_id, *rules).correlate(Task)] if rules else []
    found = []
    if after is None or after[0] is not None:
        branches = _branches(actor, on, filters, meets, limit, dated=True, after=after)
        found += session.execute(_merged(branches, limit)).all()
    if len(found) < limit and filters.state in {"all", "free"}:
        rest = limit - len(found)
        following = after if after and after[0] is None else None
        branches = _branches(actor, on, filters, meets, rest, dated=False, after=following)
        found += session.execute(_merged(branches, rest)).all()
    return _told(session, actor, [row.id for row in found])


def counts(session: Session, actor: Actor, on: Sequence[Pile]) -> dict[str, int]:
    """How many wait in all, are late, fall due soon, have no holder; each at most MOST + 1."""
    asked, soon = [], soon_until(calendars.for_actor(session, actor))
    for state in STATES:
        counted = _counted(actor, on, Filters(state=state, soon=soon), MOST + 1).subquery()
        asked.append(select(func.count()).select_from(counted).scalar_subquery())
    return dict(zip(STATES, session.execute(select(*asked)).one(), strict=True))


def waiting(session: Session, actor: Actor, most: int) -> int:
    """How many tasks the actor may act on now, counted up to `most`."""
    on = piles(session, actor)
    return session.scalar(select(func.count()).select_from(_counted(actor, on, Filters(), most).subquery())) or 0


def _told(session: Session, actor: Actor, ids: Sequence[str]) -> list[Row]:
    """The tasks as the list shows them; the rule about rows is asked once more."""
    query = (
        select(
            Task.id,
            Task.case_id,
            Case.title.label("case_title"),
            Case.process,
            Case.regime,
            Case.round_id,
            Case.status.label("case_status"),
            _APPLICANT.name.label("applicant"),
            Task.title,
            Task.element,
            Task.opened_at,
            Task.due_at,
            Task.priority,
            Task.assignee_id,
            Task.seat_id,
            Person.display_name.label("holder"),
        )
        .join(Case, Case.id == Task.case_id)
        .join(_APPLICANT, _APPLICANT.code == Case.organisation_code)
        .outerjoin(Person, Person.id == Task.assignee_id)
        .where(Task.id.in_(ids), access.tasks_for(actor))
    )
    rows = {row["id"]: dict(row) for row in session.execute(query).mappings()} if ids else {}
    return [rows[task_id] for task_id in ids if task_id in rows]


def _branches(
    actor: Actor,
    on: Iterable[Pile],
    filters: Filters,
    meets: Sequence[ColumnElement[bool]],
    limit: int,
    *,
    dated: bool,
    after: After | None,
) -> list[Any]:
    """For each pile the rows it could give to the page, in the order of the index."""
    found: list[Any] = []
    for pile in on:
        for held in (False,) if filters.state == "free" else (True,) if filters.own else (False, True):
            query = (
                select(Task.id, Task.due_at, Task.opened_at)
                .where(*_within(actor, pile, filters, held=held), *meets)
                .where(Task.due_at.is_not(None) if dated else Task.due_at.is_(None))
                # Named first though it is the same throughout: PostgreSQL sees no order behind an IS NULL otherwise.
                .order_by(Task.assignee_id, Task.due_at, Task.opened_at, Task.id)
                .limit(limit)
            )
            if after and dated:
                query = query.where(tuple_(Task.due_at, Task.opened_at, Task.id) > tuple_(*_bound(after)))
            elif after:
                query = query.where(tuple_(Task.opened_at, Task.id) > tuple_(*_bound(after)[1:]))
            found.append(query)
    return found


def _bound(after: After) -> tuple[Any, ...]:
    due_at, opened_at, task_id = after
    return literal(due_at, Moment()), literal(opened_at, Moment()), task_id


def _within(actor: Actor, pile: Pile, filters: Filters, *, held: bool) -> list[ColumnElement[bool]]:
    """The rows of a pile that the filters let through; `held`: those of the actor, else those of nobody."""
    rules: list[ColumnElement[bool]] = [
        _OPEN,
        Task.organisation_code == pile.organisation_code,
        Task.roles == pile.roles,
        Task.assignee_id == actor.person_id if held else Task.assignee_id.is_(None),
    ]
    return rules + _asked(filters)


def _asked(filters: Filters) -> list[ColumnElement[bool]]:
    """What the filters ask of the task itself, beside who holds it."""
    rules: list[ColumnElement[bool]] = []
    if filters.state == "late":
        rules.append(Task.due_at < clock.now())
    elif filters.state == "soon":
        rules += [Task.due_at >= clock.now(), Task.due_at < filters.soon]
    if filters.step:
        rules.append(Task.element == filters.step)
    return rules


def _about(filters: Filters) -> list[ColumnElement[bool]]:
    """What the filters ask of a task's case."""
    rules: list[ColumnElement[bool]] = []
    if filters.round_id is not None:
        rules.append(Case.round_id == filters.round_id)
    if filters.words:
        rules.append(named(filters.words))
    return rules


def _few(session: Session, rules: Sequence[ColumnElement[bool]]) -> Sequence[int] | None:
    """The cases in question where they are few. None: there are many, so that any pile soon meets one."""
    if not rules:
        return None
    query = select(Case.id).where(Case.status.in_(("open", "incident", "suspended")), *rules).limit(FEW + 1)
    found = session.scalars(query).all()
    return found if len(found) <= FEW else None


def _of_few(actor: Actor, few: Sequence[int], filters: Filters, limit: int, after: After | None) -> Any:
    """The page out of a few cases: their tasks are gathered first and put in order then."""
    key = (func.coalesce(Task.due_at, literal(NEVER, Moment()), type_=Moment), Task.opened_at, Task.id)
    query = select(Task.id, Task.due_at, Task.opened_at).where(
        _OPEN, Task.case_id.in_(few), access.tasks_for(actor), *_asked(filters)
    )
    if filters.state == "free":
        query = query.where(Task.assignee_id.is_(None))
    if filters.own:
        query = query.where(Task.assignee_id == actor.person_id)
    if after:
        query = query.where(tuple_(*key) > tuple_(*_bound((after[0] or NEVER, *after[1:]))))
    return query.order_by(*key).limit(limit)


def named(words: str) -> ColumnElement[bool]:
    """Cases with these words in their title or in their applicant's name, or with this number."""
    applicants = select(Organisation.code).where(Organisation.name.contains(words, autoescape=True))
    rules = [Case.title.contains(words, autoescape=True), Case.organisation_code.in_(applicants)]
    if words.isascii() and words.isdigit() and len(words) < 10:
        rules.append(Case.id == int(words))
    return or_(*rules)


def soon_until(days: Calendar) -> datetime:
    """The moment from which on a time limit is further away than SOON working days."""
    day = days.nth_working_day(clock.today(), SOON + 1).date
    return datetime.combine(day, time(), clock.SHANGHAI)


def _merged(branches: Sequence[Any], limit: int) -> Any:
    """The first of all branches together."""
    if not branches:
        return select(Task.id, Task.due_at, Task.opened_at).where(false())
    parts = union_all(*(select(branch.subquery()) for branch in branches)).subquery()
    return select(parts).order_by(parts.c.due_at, parts.c.opened_at, parts.c.id).limit(limit)


def _counted(actor: Actor, on: Sequence[Pile], filters: Filters, most: int) -> Select[Any]:
    """One row for each task that counts, up to `most`."""
    branches = [
        select(Task.id)
        .where(*_within(actor, pile, filters, held=held))
        .order_by(Task.assignee_id, Task.due_at)  # or PostgreSQL would look through the whole table for them
        .limit(most)
        for pile in on
        for held in ((False,) if filters.state == "free" else (False, True))
    ]
    if not branches:
        return select(Task.id).where(false())
    parts = union_all(*(select(branch.subquery()) for branch in branches)).subquery()
    return select(parts).limit(most)


# `state = 'open'` in the words of the partial index: both databases compare the text of the condition.
_OPEN = Task.state == literal_column("'open'")
_APPLICANT = aliased(Organisation)
_FIRST, _NEXT = aliased(Task), aliased(Task)


def _roles() -> Select[Any]:
    """The different `roles` of an office's open tasks, each found by one step in the index."""
    first = select(func.min(_FIRST.roles)).where(
        _FIRST.state == literal_column("'open'"), _FIRST.organisation_code == bindparam("office")
    )
    step = select(first.scalar_subquery().label("roles")).cte("step", recursive=True)
    following = select(func.min(_NEXT.roles)).where(
        _NEXT.state == literal_column("'open'"),
        _NEXT.organisation_code == bindparam("office"),
        _NEXT.roles > step.c.roles,
    )
    step = step.union_all(select(following.scalar_subquery()).where(step.c.roles.is_not(None)))
    return select(step.c.roles).where(step.c.roles.is_not(None))


_ROLES = _roles()
