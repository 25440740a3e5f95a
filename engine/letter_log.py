"""The log of letters (通知记录): what was said to whom, what became of it, try by try; and saying it once more."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from config import addresses
from config.sentences import said
from engine import access, clock, deliveries, events, mailbox, once
from engine.access import BUREAU, Actor
from engine.errors import NotFound, Refused
from engine.models import Attempt, Case, Delivery, Letter, Obligation, Person, Reminder, Task

TRIAL = "trial"  # the template of a letter that its writer tries out on themselves
MOST_TRIALS = 20  # of a person in an hour
UNDER_WAY = ("due", "claimed", "sending", "held")

# What the log is asked for, and what stands in `delivery.status` then.
STATES = {
    "waiting": "待发送",
    "sent": "已发送",
    "failed": "未送达",
    "told": "已电话告知",
    "shown": "仅站内",
    "cancelled": "不再发送",
}
_AMONG = {
    "waiting": UNDER_WAY,
    "sent": ("sent",),
    "failed": ("failed", "refused"),
    "told": ("told",),
    "shown": ("none",),
    "cancelled": ("cancelled",),
}


def state(status: str) -> str:
    """What that means to people, of STATES."""
    return next(name for name, among in _AMONG.items() if status in among)


def became(session: Session, delivery: Delivery) -> str:
    """What became of it: its status, or its digest's once it is in one."""
    return str(session.scalar(select(deliveries.became()).where(Delivery.id == delivery.id)))


def entries(
    session: Session,
    actor: Actor,
    *,
    state: str = "",
    case_id: int | None = None,
    limit: int = 50,
    before: int | None = None,
) -> Sequence[tuple[Delivery, Person, str]]:
    """The deliveries of the actor's bureau with whoever gets them and what became of them, newest first."""
    access.require(actor, "letter.list")
    query = select(Delivery, Person, deliveries.became()).join(Person, Person.id == Delivery.person_id)
    query = query.where(_visible(actor))
    if state in _AMONG:
        query = query.where(deliveries.became().in_(_AMONG[state]))
    if case_id is not None:
        query = query.where(_of_cases(select(Case.id).where(Case.id == case_id)))
    if before is not None:
        query = query.where(Delivery.id < before)
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(Delivery.id.desc()).limit(limit))]


def find(session: Session, actor: Actor, delivery_id: int) -> Delivery:
    """A delivery of the actor's bureau. Raises Forbidden, NotFound."""
    access.require(actor, "letter.list")
    found = session.scalar(select(Delivery).where(Delivery.id == delivery_id, _visible(actor)))
    if found is None:
        raise NotFound(said("没有这件通知，或者您无权查看"))
    return found


def attempts(session: Session, delivery: Delivery) -> Sequence[Attempt]:
    """Each try at it, the first one first."""
    query = select(Attempt).where(Attempt.delivery_id == delivery.id)
    return session.scalars(query.order_by(Attempt.fence, Attempt.id)).all()


def case_of(session: Session, delivery: Delivery) -> Case | None:
    """The case that a delivery is about, if it is about one."""
    letter = session.get(Letter, delivery.letter_id) if delivery.letter_id else None
    reminder = session.get(Reminder, delivery.reminder_id) if delivery.reminder_id else None
    task = session.get(Task, reminder.task_id) if reminder and reminder.task_id else None
    number = letter.case_id if letter else task.case_id if task else None
    return session.get(Case, number) if number else None


def send_again(session: Session, actor: Actor, delivery_id: int) -> Delivery:
    """One mail more of the same words to the same person, under a name of its own.

    Raises Forbidden, NotFound; Refused where it is still on its way, or where there is nowhere to send it.
    """
    delivery = find(session, actor, delivery_id)
    access.require(actor, "letter.send")
    person = session.get_one(Person, delivery.person_id)
    if delivery.subject is None or delivery.body is None or delivery.status in UNDER_WAY:
        raise Refused(said("这件通知还没有发出，不需要重发"))
    if person.disabled_at is not None or not addresses.usable(person.email):
        raise Refused(said("%(name)s没有可用的邮箱地址，不能重发；可以电话告知", name=person.display_name))
    begun = f"{mailbox.AGAIN}{delivery.id}."
    before = session.scalars(select(Delivery).where(Delivery.dedupe_key.startswith(begun, autoescape=True))).all()
    if any(each.status in UNDER_WAY for each in before):
        raise Refused(said("上一次重发还没有发出，请稍候"))
    again = _copy(session, delivery, f"{begun}{len(before) + 1}")
    case = case_of(session, delivery)
    payload = {"delivery": delivery.id, "again": again.id, "account": person.name, "template": delivery.template}
    chain = bureau_of(session, delivery)
    events.record(session, chain, actor.name, "letter.sent_again", case_id=case.id if case else None, payload=payload)
    return again


def try_out(session: Session, actor: Actor, subject: str, body: str) -> Delivery:
    """A letter as its writer wants it, sent to the writer alone. Raises Refused without an address, or too often."""
    access.require(actor, "letter.try")
    person = session.get_one(Person, actor.person_id)
    if not addresses.usable(person.email):
        raise Refused(said("您还没有填写邮箱地址，请先到“个人设置”填写"))
    tried = select(func.count()).where(
        Delivery.person_id == person.id,
        Delivery.template == TRIAL,
        Delivery.created_at > clock.now() - timedelta(hours=1),
    )
    if (session.scalar(tried) or 0) >= MOST_TRIALS:
        raise Refused(said("每小时至多试发 %(most)s 次，请稍后再试", most=MOST_TRIALS))
    key = f"{mailbox.TRIED}{secrets.token_hex(8)}"
    return _put(session, key, person_id=person.id, template=TRIAL, statutory=False, subject=subject, body=body)


def _copy(session: Session, delivery: Delivery, key: str) -> Delivery:
    return _put(
        session,
        key,
        person_id=delivery.person_id,
        template=delivery.template,
        subject=delivery.subject,
        body=delivery.body,
        letter_id=delivery.letter_id,
        reminder_id=delivery.reminder_id,
        statutory=delivery.statutory,
    )


def _put(session: Session, key: str, **told: Any) -> Delivery:
    """A delivery whose words are fixed already, to go out now. Raises Refused where it is there already."""
    now = clock.now()
    row = {"dedupe_key": key, "created_at": now, "read_at": now, "status": "due", "not_before": now}
    if not once.insert(session, Delivery, **(row | told)):
        raise Refused(said("上一次重发还没有发出，请稍候"))
    return session.scalars(select(Delivery).where(Delivery.dedupe_key == key)).one()


def bureau_of(session: Session, delivery: Delivery) -> str:
    """The bureau whose record it belongs in."""
    if (case := case_of(session, delivery)) is not None:
        return case.bureau_code
    letter = session.get(Letter, delivery.letter_id) if delivery.letter_id else None
    reminder = session.get(Reminder, delivery.reminder_id) if delivery.reminder_id else None
    number = letter.obligation_id if letter else reminder.obligation_id if reminder else None
    return session.get_one(Obligation, number).bureau_code if number else events.SYSTEM


def _visible(actor: Actor) -> Any:
    """通知 about the bureau's cases that the actor sees, what is owed to it, and what is said to its own offices."""
    bureaus = access.offices(actor, BUREAU)
    cases = select(Case.id).where(Case.bureau_code.in_(bureaus), access.visible_cases(actor))
    owed = select(Obligation.id).where(Obligation.bureau_code.in_(bureaus))
    letters = select(Letter.id).where(or_(Letter.obligation_id.in_(owed), Letter.organisation_code.in_(bureaus)))
    reminders = select(Reminder.id).where(Reminder.obligation_id.in_(owed))
    told = (_of_cases(cases), Delivery.letter_id.in_(letters), Delivery.reminder_id.in_(reminders))
    gathered = select(Delivery.digest_id).where(Delivery.digest_id.is_not(None), or_(*told)).correlate(None)
    return or_(*told, Delivery.digest_id.in_(gathered))  # and the digests that they came in


def _of_cases(cases: Any) -> Any:
    tasks = select(Task.id).where(Task.case_id.in_(cases))
    return or_(
        Delivery.letter_id.in_(select(Letter.id).where(Letter.case_id.in_(cases))),
        Delivery.reminder_id.in_(select(Reminder.id).where(Reminder.task_id.in_(tasks))),
    )
