"""Deliveries: letters and reminders made into rows for the persons who get them, set by set, each once.

Any number of nodes may do it at once: a letter or reminder is in one node's hand, and the key of a delivery says
whose it is and of what, so that a second one is none.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import (
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from engine import calendars, clock
from engine.calendar import Calendar
from engine.columns import Moment
from engine.models import (
    Delivery,
    Digest,
    Letter,
    LetterChoice,
    Membership,
    Person,
    Substitute,
)

DIGEST: Final = "digest"  # the letter that gathers others
DIGEST_AT: Final = time(8, 30)  # in Asia/Shanghai
QUIET: Final = (21, 7)  # hours: from, until; of those who have chosen nothing
MAY_WAIT: Final = ("task_assigned", "urged")  # letters that no law asks for: a digest may gather them

_INSERT: Final[dict[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_AS_READ: Final = {"synchronize_session": False}

# What became of a letter, the first that is true of one of its deliveries.
_BECAME: Final = (
    ("due", ("due", "claimed", "sending", "held")),
    ("failed", ("failed", "refused")),
    ("sent", ("sent", "told")),
    ("shown", ("none",)),
    ("cancelled", ("cancelled",)),
)


def became() -> Any:
    """SQL for what became of a row of Delivery: its own status, or its digest's once it is in one."""
    mail = aliased(Delivery)
    gathered = select(mail.status).where(mail.digest_id == Delivery.digest_id, mail.template == DIGEST)
    return func.coalesce(gathered.correlate(Delivery).scalar_subquery(), Delivery.status)


def letter_status() -> Any:
    """SQL for what became of a row of Letter: due, failed, sent, shown (here and not by mail) or cancelled.

    A letter that is not spread yet is due; one that found nobody is only shown.
    """
    ranked = case(*((became().in_(among), rank) for rank, (_, among) in enumerate(_BECAME)))
    first = select(func.min(ranked)).where(Delivery.letter_id == Letter.id).correlate(Letter).scalar_subquery()
    named = {rank: name for rank, (name, _) in enumerate(_BECAME)}
    return case((Letter.spread_at.is_(None), "due"), else_=case(named, value=first, else_="shown"))


def spread(session: Session, limit: int) -> int:
    """Make letters into deliveries: to the members of the role in the office, or the one person; answers of how many.

    Who substitutes for one of them today gets it beside them. A letter that finds nobody is spread all the same. What
    one change says of one task to several roles reaches who has them all once.
    """
    query = select(Letter.id).where(Letter.spread_at.is_(None)).order_by(Letter.id).limit(limit)
    letters = list(session.scalars(query.with_for_update(skip_locked=True, key_share=True)))
    if not letters:
        return 0
    of = (
        literal("l").concat(func.coalesce(_first_of_change(), Letter.id)).label("key"),
        Letter.id.label("letter_id"),
        literal(None, Letter.id.type).label("reminder_id"),
    )
    told = (
        Letter.template,
        Letter.template.not_in(MAY_WAIT).label("statutory"),
        literal(None, Moment()).label("due_at"),
    )
    members = and_(Membership.organisation_code == Letter.organisation_code, Membership.role == Letter.role)
    to_office = select(*of, Membership.person_id, *told).join(Membership, members).where(Letter.person_id.is_(None))
    to_one = select(*of, Letter.person_id, *told).where(Letter.person_id.is_not(None))
    deliver(session, [part.where(Letter.id.in_(letters)) for part in (to_office, to_one)])
    done = update(Letter).where(Letter.id.in_(letters)).values(spread_at=clock.now())
    session.execute(done, execution_options=_AS_READ)
    return len(letters)


def _first_of_change() -> Any:
    """SQL for the first letter that says the same of the same task at the same moment; NULL for one of no task."""
    same = aliased(Letter)
    said = (same.task_id == Letter.task_id, same.template == Letter.template, same.created_at == Letter.created_at)
    return select(func.min(same.id)).where(*said).correlate(Letter).scalar_subquery()


def deliver(session: Session, told: Iterable[Select[*tuple[Any, ...]]]) -> None:
    """Write deliveries for the rows of these queries, and for the substitutes of today; what is there stays.

    Each gives key, letter_id, reminder_id, person_id, template, statutory and due_at, in this order. What is
    statutory is never held for a digest nor kept from the mail. Quiet hours only move the moment, and never past
    the deadline.
    """
    rows = union_all(*told).cte("told")
    everybody: Any = rows
    if session.scalar(select(exists().where(_standing_in()))):
        instead = [Substitute.substitute_id if column.name == "person_id" else column for column in rows.c]
        beside = select(*instead).join(Substitute, and_(Substitute.person_id == rows.c.person_id, _standing_in()))
        everybody = union_all(select(rows), beside).cte("everybody")
    told_ = everybody.c
    now = literal(clock.now(), Moment())
    wants = func.coalesce(LetterChoice.mail, True)
    status = case(
        (Person.email.is_(None), "none"),
        (told_.statutory, "due"),
        (~wants, "none"),
        (func.coalesce(LetterChoice.digest, False), "held"),
        else_="due",
    )
    awake = _awake(session)
    not_before = case(
        (status == "held", literal(next_digest(clock.now()), Moment())),
        (and_(told_.due_at > now, told_.due_at < awake), now),
        else_=awake,
    )
    columns = {
        "dedupe_key": told_.key.concat(".p").concat(Person.id),
        "letter_id": told_.letter_id,
        "reminder_id": told_.reminder_id,
        "person_id": Person.id,
        "template": told_.template,
        "statutory": told_.statutory,
        "created_at": now,
        "status": status,
        "not_before": not_before,
    }
    chosen = (
        select(*columns.values())
        .select_from(everybody)
        .join(Person, Person.id == told_.person_id)
        .outerjoin(LetterChoice, LetterChoice.person_id == Person.id)
        .where(Person.disabled_at.is_(None))
    )
    into = _INSERT[session.connection().dialect.name](Delivery.__table__)
    session.execute(into.from_select(list(columns), chosen, include_defaults=False).on_conflict_do_nothing())


def gather(session: Session, limit: int) -> int:
    """Make one mail a person and day of what is held and has waited for it; answers for how many.

    What was read here meanwhile needs no mail: a digest of nothing is not sent.
    """
    due = (
        Delivery.status == literal_column("'held'"),
        Delivery.digest_id.is_(None),
        Delivery.not_before <= clock.now(),
    )
    read = update(Delivery).where(*due, Delivery.read_at.is_not(None)).values(status="none")
    has_todays = exists().where(Digest.person_id == Delivery.person_id, Digest.day == clock.today())
    # Along the index of what is held: asked for persons at once, both databases walk through all there ever was.
    longest = select(Delivery.person_id).where(*due, ~has_todays).order_by(Delivery.not_before).limit(100 * limit)
    people = sorted(set(session.scalars(longest)))[:limit]
    if not people:
        return 0
    session.execute(read, execution_options=_AS_READ)
    for person_id in people:
        # The row of the day decides which node gathers: the other one waits for it and finds it made.
        digest_id = session.scalar(_new_digest(session, person_id))
        if digest_id is None:
            continue  # another node was faster; what came later goes tomorrow
        members = update(Delivery).where(*due, Delivery.person_id == person_id).values(digest_id=digest_id)
        if not session.connection().execute(members).rowcount:
            session.execute(delete(Digest).where(Digest.id == digest_id), execution_options=_AS_READ)
            continue
        mail = {"dedupe_key": f"g{digest_id}.p{person_id}", "digest_id": digest_id, "person_id": person_id}
        told = {"template": DIGEST, "statutory": False, "status": "due"}
        moments = {"created_at": clock.now(), "not_before": clock.now(), "read_at": clock.now()}  # its members are here
        session.execute(insert(Delivery).values(**mail, **told, **moments))
    return len(people)


def next_digest(now: datetime) -> datetime:
    """When what is held from now on is gathered."""
    local = now.astimezone(clock.SHANGHAI)
    today = datetime.combine(local.date(), DIGEST_AT, clock.SHANGHAI)
    return today if local < today else today + timedelta(days=1)


def awake(now: datetime, quiet: tuple[int, int], working_days_only: bool, calendar: Calendar) -> datetime:
    """The first moment from now on that is in nobody's quiet hours and, if they wish, on a working day."""
    at = now.astimezone(clock.SHANGHAI)
    first, until = quiet
    if _is_quiet(at.hour, first, until):
        at = _at_hour(at if at.hour < until else at + timedelta(days=1), until)
    while working_days_only and not calendar.is_working(at.date()):
        at = _at_hour(at + timedelta(days=1), until if first != until else DIGEST_AT.hour)
    return at


def _is_quiet(hour: int, first: int, until: int) -> bool:
    if first <= until:
        return first <= hour < until
    return hour >= first or hour < until


def _at_hour(at: datetime, hour: int) -> datetime:
    return at.replace(hour=hour, minute=0, second=0, microsecond=0)


def _awake(session: Session) -> Any:
    """SQL for the moment from which a person's mail may leave. Few ways are chosen, so each is worked out once."""
    now, calendar = clock.now(), calendars.common(session)
    ways = (LetterChoice.quiet_from, LetterChoice.quiet_until, LetterChoice.working_days_only)
    moments = []
    for first, until, working in session.execute(select(*ways).distinct()):
        at = awake(now, (first, until), working, calendar)
        if at > now:
            same = and_(ways[0] == first, ways[1] == until, ways[2] == working)
            moments.append((same, literal(at, Moment())))
    otherwise = literal(awake(now, QUIET, False, calendar), Moment())
    return case((LetterChoice.person_id.is_(None), otherwise), *moments, else_=literal(now, Moment()))


def _standing_in() -> Any:
    return and_(Substitute.first_day <= clock.today(), Substitute.last_day >= clock.today())


def _new_digest(session: Session, person_id: int) -> Any:
    row = {"person_id": person_id, "day": clock.today(), "made_at": clock.now()}
    into = _INSERT[session.connection().dialect.name](Digest.__table__).values(row)
    return into.on_conflict_do_nothing().returning(Digest.id)
