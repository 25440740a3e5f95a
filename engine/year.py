"""A bureau's year (年度事项): what is due when and to whom it falls, what is not done, and one click to urge it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias, cast

from sqlalchemy import Row, Select, case, func, literal_column, select
from sqlalchemy.orm import Session

from config.regime import SETTING
from config.sentences import said
from engine import access, calendars, clock, deployments, events, once, particulars, reminders, urging
from engine.access import APPLICANTS, Actor
from engine.errors import NotFound, Refused
from engine.expansion import OWNER
from engine.models import Case, Cluster, Letter, Membership, Notice, Obligation, Organisation, Round, Task

State: TypeAlias = Literal["", "open", "late", "done"]
STATES: tuple[State, ...] = ("", "open", "late", "done")
After: TypeAlias = tuple[datetime, int]  # due_at and id of the last row of the page before


@dataclass(frozen=True)
class Item:
    """Something that is due."""

    id: int
    kind: str
    subject: str  # the cluster, the list that is publicised, or the round
    office: str  # who has to act
    cluster_id: int | None
    round_id: int | None
    notice_id: int | None
    printed_on: date
    effective_on: date
    earliest_on: date
    latest_on: date
    provisional: bool
    due_at: datetime
    clause: str
    state: str  # open, met, lapsed, cancelled
    late: bool
    urged: bool  # on this working day
    may_urge: bool


@dataclass(frozen=True)
class Due:
    """What lies on a day: how much in all, and how much of it is not done."""

    kind: str
    on: date
    count: int
    open: int


@dataclass(frozen=True)
class Limit:
    """The time limit of a step (办理时限) that runs."""

    case_id: int
    round_id: int | None  # whose page urges
    subject: str
    title: str  # of the step
    office: str
    due_at: datetime
    clause: str
    late: bool


def limits(
    session: Session, actor: Actor, bureau_code: str, year: int, *, late: bool = False, limit: int = 50
) -> list[Limit]:
    """The steps of the bureau's cases that end in that year and are not done, the earliest first. Raises Forbidden."""
    access.require(actor, "year.read", bureau_code)
    begins, ends = _ends_of(year)
    query = (
        select(Task, Case, Organisation.name)
        .join(Case, Case.id == Task.case_id)
        .join(Organisation, Organisation.code == Task.organisation_code)
        .where(Task.state == literal_column("'open'"), Case.bureau_code == bureau_code, access.visible_tasks(actor))
        .where(Task.due_at >= begins, Task.due_at < (clock.now() if late else ends))
        .order_by(Task.due_at, Task.id)
        .limit(limit)
    )
    return [_limit(session, *row) for row in session.execute(query)]


def _limit(session: Session, task: Task, case: Case, office: str) -> Limit:
    deployed = deployments.deployed(session, case.deployment_id)
    clause = deployed.clauses.clause_of(f"{task.process}.{task.element}") or SETTING
    due_at = cast(datetime, task.due_at)  # else it is not asked for
    shown = task.title if task.sealed else case.title
    return Limit(case.id, case.round_id, shown, task.title, office, due_at, clause, due_at < clock.now())


def listed(
    session: Session,
    actor: Actor,
    bureau_code: str,
    year: int,
    *,
    kind: str = "",
    state: State = "",
    limit: int = 50,
    after: After | None = None,
) -> list[Item]:
    """What is due to the bureau in that year, the earliest first. Raises Forbidden."""
    access.require(actor, "year.read", bureau_code)
    query = _within(_TOLD, bureau_code, year, kind, state)
    if after is not None:
        later = (Obligation.due_at > after[0]) | ((Obligation.due_at == after[0]) & (Obligation.id > after[1]))
        query = query.where(later)
    rows = session.execute(query.order_by(Obligation.due_at, Obligation.id).limit(limit)).all()
    urged = _urged(session, bureau_code, [row.id for row in rows])
    may = access.may(actor, "obligation.urge", bureau_code)
    return [_item(row, urged, may=may) for row in rows]


def days(session: Session, actor: Actor, bureau_code: str, year: int) -> list[Due]:
    """On which days of the year how much is due, by its kind. Raises Forbidden."""
    access.require(actor, "year.read", bureau_code)
    unfinished = func.count(case((Obligation.state == "open", 1)))
    query = (
        select(Obligation.kind, Obligation.effective_on, func.count(), unfinished)
        .where(Obligation.bureau_code == bureau_code, *_of_year(year), Obligation.state != "cancelled")
        .group_by(Obligation.kind, Obligation.effective_on)
        .order_by(Obligation.effective_on, Obligation.kind)
    )
    return [Due(*row) for row in session.execute(query)]


def counts(session: Session, actor: Actor, bureau_code: str, year: int) -> Mapping[str, int]:
    """How much of the year is open, late and done. Raises Forbidden."""
    access.require(actor, "year.read", bureau_code)
    late = (Obligation.state == "open") & (Obligation.due_at < clock.now())
    asked = {"open": Obligation.state == "open", "late": late, "done": Obligation.state.in_(("met", "lapsed"))}
    columns = [func.count(case((which, 1))) for which in asked.values()]
    query = select(*columns).where(Obligation.bureau_code == bureau_code, *_of_year(year))
    return dict(zip(asked, session.execute(query).one(), strict=True))


def urge(session: Session, actor: Actor, obligation_id: int) -> Obligation:
    """Ask those who owe it to get on with it; at most once a working day, each time in the record.

    Raises Forbidden, NotFound, Refused where it is done, is the bureau's own, or was urged on this working day.
    """
    owed = session.get(Obligation, obligation_id)
    if owed is None or not access.may(actor, "year.read", owed.bureau_code):
        access.require(actor, "obligation.urge")
        raise NotFound(said("没有这项义务，或者您无权查看"))
    access.require(actor, "obligation.urge", owed.bureau_code)
    cluster = session.get(Cluster, owed.cluster_id) if owed.cluster_id else None
    if cluster is None or owed.owed_by:
        raise Refused(said("这一事项由本局办理，不需要催办"))
    if owed.state != "open":
        raise Refused(said("这一事项已经办结，不需要催办"))
    day = urging.working_day(calendars.of(session, owed.bureau_code))
    held = select(Membership.role).where(Membership.organisation_code == cluster.organisation_code)
    roles = sorted(set(session.scalars(held.where(Membership.role.in_(APPLICANTS)))))
    if not roles:
        raise Refused(said("申报主体尚无经办人账号，无从催办；请电话联系"))
    fields = particulars.of_obligation(session, owed)
    put = [
        once.insert(
            session,
            Letter,
            dedupe_key=_key(owed.id, day, role),
            template=reminders.template_of(owed.kind),
            organisation_code=cluster.organisation_code,
            role=role,
            fields=fields,
            created_at=clock.now(),
        )
        for role in roles
    ]
    if not any(put):
        raise Refused(said("该事项今日已催办；每个工作日至多催办一次"))
    payload = {"obligation": owed.id, "kind": owed.kind, "organisation": cluster.organisation_code, "day": day}
    events.record(session, owed.bureau_code, actor.name, "obligation.urged", payload=payload)
    return owed


_COLUMNS: tuple[Any, ...] = (
    *(Obligation.id, Obligation.kind, Obligation.cluster_id, Obligation.round_id, Obligation.notice_id),
    *(Obligation.printed_on, Obligation.effective_on, Obligation.earliest_on, Obligation.latest_on),
    *(Obligation.provisional, Obligation.due_at, Obligation.clause, Obligation.state),
    func.coalesce(Cluster.name, Notice.title, Round.title).label("subject"),
    (Cluster.id.is_not(None) & Obligation.owed_by.is_(None)).label("may_urge"),
    Organisation.name.label("office"),
)
_TOLD: Select[Any] = (
    select(*_COLUMNS)
    .outerjoin(Cluster, Cluster.id == Obligation.cluster_id)
    .outerjoin(Notice, Notice.id == Obligation.notice_id)
    .outerjoin(Round, Round.id == Obligation.round_id)
    .join(Organisation, Organisation.code == OWNER)
)


def _of_year(year: int) -> tuple[Any, ...]:
    """By the moment it is due, along which the index runs; a year of Shanghai begins eight hours before one of UTC."""
    begins, ends = _ends_of(year)
    return Obligation.due_at >= begins, Obligation.due_at < ends


def _ends_of(year: int) -> tuple[datetime, datetime]:
    return datetime(year, 1, 1, tzinfo=clock.SHANGHAI), datetime(year + 1, 1, 1, tzinfo=clock.SHANGHAI)


def _within(query: Select[Any], bureau_code: str, year: int, kind: str, state: State) -> Select[Any]:
    query = query.where(Obligation.bureau_code == bureau_code, *_of_year(year), Obligation.state != "cancelled")
    if kind:
        query = query.where(Obligation.kind == kind)
    if state == "done":
        return query.where(Obligation.state != "open")
    if state == "late":
        query = query.where(Obligation.due_at < clock.now())
    return query.where(Obligation.state == "open") if state else query


def _item(row: Row[Any], urged: set[int], *, may: bool) -> Item:
    unfinished = row.state == "open"
    return Item(
        **{**row._mapping, "may_urge": may and unfinished and bool(row.may_urge) and row.id not in urged},
        late=unfinished and row.due_at < clock.now(),
        urged=row.id in urged,
    )


def _urged(session: Session, bureau_code: str, ids: Sequence[int]) -> set[int]:
    """Those of these that were urged on this working day."""
    day = urging.working_day(calendars.of(session, bureau_code))
    keys = {_key(each, day, role): each for each in ids for role in APPLICANTS}
    found = session.scalars(select(Letter.dedupe_key).where(Letter.dedupe_key.in_(list(keys))))
    return {keys[key] for key in found}


def _key(obligation_id: int, day: date, role: str) -> str:
    return f"urge:o{obligation_id}:{day.isoformat()}:{role}"
