"""Letters that did not get through (未送达), and what a clerk does: send once more, call off, or tell by telephone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, events, letter_log, outgoing
from engine.access import Actor
from engine.errors import FormInvalid, Refused
from engine.forms import Problem
from engine.models import Delivery, MailAccount, Person

WAITING = ("due", "claimed", "sending")  # `delivery.status` of what waits to be sent …
FAILED = ("failed", "refused")  # … and for a person
MAX_NOTE = 500  # characters


def retry(session: Session, actor: Actor, delivery_id: int) -> Delivery:
    """Try it once more, now, under the name it had: whoever got it after all gets a second copy of the same letter.

    If that fails too it waits for a person again. Raises Forbidden, NotFound, Refused.
    """
    delivery = _failed(session, actor, delivery_id)
    delivery.status, delivery.not_before = "due", clock.now()
    session.get_one(Person, delivery.person_id).email_suspect = None  # somebody has looked at the address
    _record(session, actor, delivery, "retried")
    return delivery


def cancel(session: Session, actor: Actor, delivery_id: int, reason: str) -> Delivery:
    """It is not sent any more; it still stands in the person's notices here.

    Raises Forbidden, NotFound, Refused, FormInvalid without a reason.
    """
    note = _noted(reason, said("请写明不再发送的理由"))
    delivery = _failed(session, actor, delivery_id)
    delivery.status = "cancelled"
    _record(session, actor, delivery, "cancelled", reason=note)
    return delivery


def told(session: Session, actor: Actor, delivery_id: int, note: str) -> Delivery:
    """Somebody has told the person by telephone (电话告知). `note`: who was spoken to, and when.

    Raises Forbidden, NotFound, Refused, FormInvalid without a note.
    """
    note = _noted(note, said("请写明何时告知了谁"))
    delivery = _failed(session, actor, delivery_id)
    delivery.status = "told"
    _record(session, actor, delivery, "told", note=note)
    return delivery


def resume(session: Session, name: str, by: str) -> MailAccount:
    """Let a mail account send again after its settings were put right. Raises Refused where it was not stopped."""
    account = session.get(MailAccount, name, with_for_update=True)
    if account is None or account.state == "ok":
        raise Refused(said("发信账号 %(name)s 没有停用，无需恢复", name=name))
    reason = account.reason
    outgoing.restore(account)
    events.record(session, events.SYSTEM, by, "mail_account.resumed", payload={"account": name, "reason": reason})
    return account


def pass_over(session: Session, by: str) -> int:
    """Send none of the letters that wait now; they stay in the notices here. Answers how many.

    For an installation that begins to send mail: what gathered before would all go out at once.
    """
    waiting = update(Delivery).where(Delivery.status == "due").values(status="none")
    passed = session.connection().execute(waiting).rowcount
    events.record(session, events.SYSTEM, by, "letters.passed_over", payload={"letters": passed})
    return passed


@dataclass(frozen=True)
class State:
    """How the mail fares, for the operator: no names, no addresses."""

    accounts: Sequence[MailAccount]
    waiting: int
    failed: int


def state(session: Session) -> State:
    """All accounts that ever sent, and how many letters wait for them or for a person."""
    accounts = session.scalars(select(MailAccount).order_by(MailAccount.name)).all()
    return State(accounts, _count(session, WAITING), _count(session, FAILED))


def halted(session: Session) -> Sequence[MailAccount]:
    """The accounts that send nothing now: stopped until a person says otherwise, or paused until later."""
    paused = (MailAccount.state == "paused") & (MailAccount.paused_until > clock.now())
    query = select(MailAccount).where(or_(MailAccount.state == "stopped", paused))
    return session.scalars(query.order_by(MailAccount.name)).all()


def _count(session: Session, among: Sequence[str]) -> int:
    """How many letters have one of these statuses, which are written out: else no partial index is used."""
    these: BindParameter[Any] = bindparam(None, among, expanding=True, literal_execute=True)
    return session.scalar(select(func.count()).select_from(Delivery).where(Delivery.status.in_(these))) or 0


def _failed(session: Session, actor: Actor, delivery_id: int) -> Delivery:
    delivery = letter_log.find(session, actor, delivery_id)
    access.require(actor, "letter.send")
    session.refresh(delivery, with_for_update=True)
    if delivery.status not in FAILED:
        raise Refused(said("这件通知没有等待处理的问题，请刷新后查看"))
    return delivery


def _noted(text: str, missing: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise FormInvalid([Problem("note", "required", missing)])
    if len(text) > MAX_NOTE:
        raise FormInvalid([Problem("note", "too_long", said("说明不超过 %(most)s 字", most=MAX_NOTE))])
    return text


def _record(session: Session, actor: Actor, delivery: Delivery, deed: str, **facts: str) -> None:
    case = letter_log.case_of(session, delivery)
    payload = {"delivery": delivery.id, "template": delivery.template, "trouble": delivery.last_error, **facts}
    chain = letter_log.bureau_of(session, delivery)
    events.record(session, chain, actor.name, f"letter.{deed}", case_id=case.id if case else None, payload=payload)
