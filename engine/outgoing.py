"""Letters on their way out: claimed, marked, sent, finished, each step a row that outlives whoever takes it.

claimed  a sender has it; it has not left: when the lease runs out it is simply due again
sending  it may have left at any moment: when the lease runs out it is in doubt, and goes again under the same
         Message-ID, or waits for a person where the installation says so
Who holds an older fence than the row's writes nothing into it. The attempt's row is the evidence of each try.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, case, func, insert, or_, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine import clock, once
from engine.models import Attempt, Delivery, MailAccount, Person

LEASE: Final = timedelta(minutes=5)  # far longer than a mail takes
WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))  # between tries; then give up
MOST_IN_DOUBT: Final = 3  # copies that may have arrived; then a person is asked
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15))  # of an account, one after the other
MINUTE: Final = timedelta(minutes=1)

IN_DOUBT: Final = "邮件可能已送达，也可能没有：对方服务器没有回音"
TOO_OFTEN: Final = "多次发送未成"
NO_ADDRESS: Final = "收件人没有可用的邮箱地址"
RETURNED: Final = "退信"
BOUNCED: Final = "bounced"
DISABLED: Final = "收件人的账号已停用"


@dataclass(frozen=True)
class Claim:
    """A delivery that one sender has for the time of its lease."""

    delivery_id: int
    fence: int
    holder: str


@dataclass(frozen=True)
class Answer:
    """What the mailer says of a try, in the words of `Attempt`."""

    outcome: str  # sent, retry, limited, refused, in_doubt, config
    phase: str
    code: str
    text: str
    wait: timedelta | None = None
    nobody: bool = False  # there is no such address


# The words of the index letter by letter: else SQLite cannot know that it holds what is asked for.
_TO_SEND: Final = text("delivery.status IN ('due', 'claimed', 'sending')")

# Built once: putting the statements together costs more than what they do.
_ROWS, _TRIES = cast(Table, Delivery.__table__), cast(Table, Attempt.__table__)
_OF_CLAIM = (Delivery.id == bindparam("of"), Delivery.fence == bindparam("by"))
_CLAIM = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("of"))
    .values(
        status="claimed",
        locked_by=bindparam("holder"),
        lock_until=bindparam("until"),
        fence=bindparam("by"),
        message_id=bindparam("name"),
    )
)
_BEGIN = (
    update(Delivery)
    .where(*_OF_CLAIM, Delivery.status == "claimed")
    .values(status="sending", attempts=Delivery.attempts + 1, lock_until=bindparam("until"))
)
_BEGUN = insert(_TRIES)
_SENT = (  # also where the lease ran out before the answer came, and nobody has claimed it since: the fence says so
    update(Delivery)
    .where(*_OF_CLAIM, Delivery.status.in_(("sending", "due", "failed")))
    .values(status="sent", sent_at=bindparam("at"), last_code=bindparam("code"), last_error=None, locked_by=None)
)
_FINISHED = (
    update(Attempt)
    .where(
        Attempt.delivery_id == bindparam("of"),
        Attempt.fence == bindparam("by"),
        Attempt.outcome.is_distinct_from(BOUNCED),
    )
    .values(
        finished_at=bindparam("at"),
        phase=bindparam("during"),
        outcome=bindparam("became"),
        code=bindparam("said"),
        text=bindparam("words"),
    )
)


# PostgreSQL takes two at once, and each is a way there and back that a sender waits for.
_begun = _BEGIN.returning(Delivery.id, Delivery.fence).cte("begun")
_TOLD = [bindparam(name, type_=_TRIES.c[name].type) for name in ("node", "started_at", "account", "address")]
_BEGIN_AT_ONCE = (
    insert(_TRIES)
    .from_select(["delivery_id", "fence", *(each.key for each in _TOLD)], select(_begun.c.id, _begun.c.fence, *_TOLD))
    .returning(_TRIES.c.id)
)
_SENT_AT_ONCE = _FINISHED.add_cte(_SENT.returning(Delivery.id).cte("gone"))


def waiting(session: Session) -> bool:
    """Whether a letter is due: one question to an index."""
    query = select(Delivery.id).where(_TO_SEND, Delivery.status == "due", Delivery.not_before <= clock.now())
    return session.scalar(query.limit(1)) is not None


def stranded(session: Session, alive: Collection[str] = ()) -> Sequence[int]:
    """Letters in the hands of senders that are gone, by their leases.

    `alive` are the holders of this process: a clock that was set forward ends no lease of theirs.
    """
    held = Delivery.status.in_(("claimed", "sending"))
    query = select(Delivery.id).where(_TO_SEND, held, _run_out(clock.now()), Delivery.locked_by.not_in(alive))
    return session.scalars(query).all()


def claim(
    session: Session, holder: str, most: int, name: Callable[[Delivery], str], lease: timedelta = LEASE
) -> list[tuple[Claim, Delivery, Person]]:
    """Up to `most` letters that are due, earliest first; no other sender has them meanwhile.

    `name` gives the Message-ID of a letter that has none yet; it is kept from now on, whoever sends it.
    """
    now = clock.now()
    query = (
        select(Delivery, Person)
        .join(Person, Person.id == Delivery.person_id)
        .where(_TO_SEND, Delivery.status == "due", Delivery.not_before <= now)
        .order_by(Delivery.not_before, Delivery.id)
        .limit(most)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    found = [(row[0], row[1]) for row in session.execute(query)]
    for delivery, _ in found:  # written below, all at once: the unit of work takes longer for it than all the rest
        set_committed_value(delivery, "message_id", delivery.message_id or name(delivery))
        set_committed_value(delivery, "fence", delivery.fence + 1)
        for field, value in (("status", "claimed"), ("locked_by", holder), ("lock_until", now + lease)):
            set_committed_value(delivery, field, value)
    if found:
        held = {"holder": holder, "until": now + lease}
        rows = [held | {"of": each.id, "by": each.fence, "name": each.message_id} for each, _ in found]
        session.connection().execute(_CLAIM, rows)
    return [(Claim(delivery.id, delivery.fence, holder), delivery, person) for delivery, person in found]


def begin(session: Session, claimed: Claim, *, account: str, address: str, lease: timedelta = LEASE) -> bool:
    """Mark it as being sent, before the network hears of it. False if it is no longer this sender's, or called off."""
    now = clock.now()
    of = {"of": claimed.delivery_id, "by": claimed.fence, "until": now + lease}
    told = {"node": claimed.holder, "started_at": now, "account": account, "address": address}
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return connection.execute(_BEGIN_AT_ONCE, of | told).first() is not None
    if not connection.execute(_BEGIN, of).rowcount:
        return False
    connection.execute(_BEGUN, told | {"delivery_id": claimed.delivery_id, "fence": claimed.fence})
    return True


def finish(session: Session, claimed: Claim, answer: Answer, ask: Collection[str] = ()) -> None:
    """Write down what became of a try. `ask`: the templates that are not sent again while they are in doubt."""
    now = clock.now()
    of = {"of": claimed.delivery_id, "by": claimed.fence}
    told = {"during": answer.phase, "became": answer.outcome, "said": answer.code, "words": answer.text}
    connection = session.connection()
    if answer.outcome == "sent" and connection.dialect.name == "postgresql":
        connection.execute(_SENT_AT_ONCE, of | told | {"at": now, "code": answer.code})
        return
    connection.execute(_FINISHED, of | told | {"at": now})
    if answer.outcome == "sent":
        connection.execute(_SENT, of | {"at": now, "code": answer.code})
        return
    delivery = session.scalar(
        select(Delivery)
        .where(Delivery.id == claimed.delivery_id, Delivery.fence == claimed.fence, Delivery.status == "sending")
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if delivery is None:
        return
    delivery.last_code, delivery.last_error = answer.code, answer.text
    _free(delivery)
    match answer.outcome:
        case "limited" | "config":  # the account's trouble: the letter is as it was
            delivery.status = "due"
        case "refused":
            delivery.status = "refused"
            if answer.nobody:
                _suspect(session, delivery.person_id, answer.text)
        case "in_doubt":
            delivery.in_doubt += 1
            _again(session, delivery, answer.wait, ask)
        case _:
            _again(session, delivery, answer.wait, ())


def release(session: Session, claims: Sequence[Claim]) -> None:
    """Give back what was claimed and has not left."""
    for claimed in claims:
        of = (Delivery.id == claimed.delivery_id, Delivery.fence == claimed.fence, Delivery.status == "claimed")
        session.execute(update(Delivery).where(*of).values(status="due", locked_by=None, lock_until=None))


def give_up(delivery: Delivery, why: str) -> None:
    """This letter cannot be sent as it is: a person has to see to it."""
    delivery.status, delivery.last_code, delivery.last_error = "failed", None, why
    _free(delivery)


def bounced(session: Session, message_ids: Collection[str], code: str, why: str) -> int:
    """The letters of these names came back. Answers how many; one that has come back already is not counted again."""
    query = select(Delivery).where(Delivery.message_id.in_(message_ids)).with_for_update()
    returned = 0
    for delivery in session.scalars(query).all():
        tries = session.scalars(select(Attempt).where(Attempt.delivery_id == delivery.id).order_by(Attempt.id)).all()
        if not tries or tries[-1].outcome == BOUNCED:
            continue
        now, last = clock.now(), tries[-1]
        told = {"code": code, "text": why, "outcome": BOUNCED, "started_at": now, "finished_at": now}
        of = {"delivery_id": delivery.id, "node": last.node, "fence": last.fence, "account": last.account}
        session.add(Attempt(address=last.address, **of, **told))
        if delivery.status in ("sent", "due", "failed"):
            delivery.status, delivery.last_code, delivery.last_error = "refused", code, f"{RETURNED}：{why}"
        if not code.startswith(
            "5.7"
        ):  # 5.7 is about what was written, or by whom (RFC 3463): the address is as good as before
            _suspect(session, delivery.person_id, why)
        returned += 1
    return returned


def reclaim(session: Session, stranded: Collection[int], ask: Collection[str] = ()) -> int:
    """Take these back from senders that are gone, unless somebody else has. Answers how many."""
    now = clock.now()
    held = Delivery.status.in_(("claimed", "sending"))
    query = select(Delivery).where(Delivery.id.in_(stranded), held, _run_out(now))
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for delivery in rows:
        doubtful = delivery.status == "sending"
        _free(delivery)
        delivery.status = "due"
        if doubtful:
            delivery.in_doubt += 1
            delivery.not_before = now  # behind the others: it may be this letter that ends its senders
            delivery.last_code, delivery.last_error = None, IN_DOUBT
            open_tries = (Attempt.delivery_id == delivery.id, Attempt.outcome.is_(None))
            session.execute(update(Attempt).where(*open_tries).values(outcome="in_doubt"))
            if delivery.in_doubt > MOST_IN_DOUBT or _asks(delivery, ask):
                delivery.status = "failed"
    return len(rows)


# ---- accounts -------------------------------------------------------------------------------------


def room(session: Session, account: str, per_minute: int) -> int | None:
    """How many letters this account may send now; None: as many as there are. Locks the account for the transaction.

    0 while it is stopped or paused.
    """
    now = clock.now()
    row = _account(session, account)
    if row.state == "stopped" or (row.state == "paused" and now < (row.paused_until or now) <= now + max(PAUSES) * 4):
        return 0
    if not per_minute:
        return None
    began = row.window_began_at
    if began is None or not began <= now < began + MINUTE:  # a window that lies ahead is of a clock that was set back
        row.window_began_at, row.sent_in_window = now, 0
    return max(0, per_minute - row.sent_in_window)


def spend(session: Session, account: str, letters: int) -> None:
    """So many letters of the minute are taken."""
    row = _account(session, account)
    row.sent_in_window += letters


def troubled(session: Session, account: str, answer: Answer) -> None:
    """Stop the account, or let it wait: as long as the server asks, or a little longer each time."""
    row = _account(session, account)
    row.reason, row.changed_at = f"{answer.code} {answer.text}".strip(), clock.now()
    if answer.outcome == "config":
        row.state, row.paused_until = "stopped", None
        return
    wait = answer.wait or PAUSES[min(row.pauses, len(PAUSES) - 1)]
    row.state, row.paused_until, row.pauses = "paused", clock.now() + wait, row.pauses + 1


def well(session: Session, account: str) -> None:
    """The account sends (again)."""
    row = _account(session, account)
    if row.state == "paused" or row.pauses:
        restore(row)


def restore(row: MailAccount) -> None:
    """As if nothing had been wrong with it."""
    row.state, row.reason, row.paused_until, row.pauses, row.changed_at = "ok", None, None, 0, clock.now()


def _account(session: Session, name: str) -> MailAccount:
    row = session.get(MailAccount, name, with_for_update=True)
    if row is None:
        once.insert(session, MailAccount, name=name, state="ok", changed_at=clock.now())
        row = session.get_one(MailAccount, name, with_for_update=True)
    return row


# ---- what becomes of a letter ---------------------------------------------------------------------


def _run_out(now: datetime) -> Any:
    """A lease is over when its time has come, or lies further ahead than any lease reaches: the clock was set back."""
    return or_(Delivery.lock_until <= now, Delivery.lock_until > now + 2 * LEASE)


def _free(delivery: Delivery) -> None:
    delivery.locked_by, delivery.lock_until = None, None


def _again(session: Session, delivery: Delivery, wait: timedelta | None, ask: Collection[str]) -> None:
    """Once more after a while, unless it was tried often enough, or may have arrived often enough."""
    counted = case((Attempt.outcome.in_(("retry", "in_doubt")), 1))
    tried = session.scalar(select(func.count(counted)).where(Attempt.delivery_id == delivery.id)) or 0
    if tried > len(WAITS) or delivery.in_doubt > MOST_IN_DOUBT or (ask and _asks(delivery, ask)):
        delivery.status = "failed"
        delivery.last_error = f"{TOO_OFTEN}：{delivery.last_error}"
        return
    delivery.status = "due"
    delivery.not_before = clock.now() + (wait or WAITS[max(tried, 1) - 1])


def _asks(delivery: Delivery, ask: Collection[str]) -> bool:
    """Twice is better than never for what the law asks us to say; the rest may wait for a person's word."""
    return delivery.template in ask and not delivery.statutory


def _suspect(session: Session, person_id: int, why: str) -> None:
    session.get_one(Person, person_id).email_suspect = why
