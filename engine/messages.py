"""Messages between instances: rows written with the sender's change; engine.timers delivers them."""

from collections.abc import Iterable

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine import clock, events
from engine.instance.journal import Thrown
from engine.models import Case, Event, Message, Round


def send(session: Session, sender: Case, thrown: Iterable[Thrown]) -> list[events.Entry]:
    """A row a recipient for each thrown message: the round's own case, or every open case in it."""
    entries = []
    for number, message in enumerate(thrown):
        recipients = _recipients(session, sender, message.to)
        rows = [
            {
                "key": f"{sender.id}.{sender.version}.{number}.{recipient}",
                "name": message.name,
                "sender_id": sender.id,
                "recipient_id": recipient,
                "payload": message.payload,
                "sent_at": clock.now(),
            }
            for recipient in recipients
        ]
        if rows:
            session.execute(insert(Message), rows)
        payload = {"name": message.name, "to": message.to, "recipients": recipients, "payload": message.payload}
        entries.append(events.Entry("message.sent", sender.id, element=message.element, payload=payload))
    return entries


def catch_up(session: Session, newcomer: Case) -> None:
    """Tell a case that is opened late what its round has told all others before: the last of each message."""
    spoken = (
        select(Event.payload, Event.case_id)
        .join(Round, Round.case_id == Event.case_id)
        .where(Round.id == newcomer.round_id, Event.chain == newcomer.bureau_code, Event.kind == "message.sent")
        .order_by(Event.seq)
    )
    said = {row.payload["name"]: row for row in session.execute(spoken) if (row.payload or {}).get("to") == "cases"}
    rows = [
        {
            "key": f"{row.case_id}.late.{name}.{newcomer.id}",
            "name": name,
            "sender_id": row.case_id,
            "recipient_id": newcomer.id,
            "payload": row.payload["payload"],
            "sent_at": clock.now(),
        }
        for name, row in said.items()
    ]
    if rows:
        session.execute(insert(Message), rows)


def _recipients(session: Session, sender: Case, to: str) -> list[int]:
    if to == "round":
        return list(session.scalars(select(Round.case_id).where(Round.id == sender.round_id)))
    others = select(Case.id).where(
        Case.round_id == sender.round_id, Case.id != sender.id, Case.status.in_(("open", "incident", "suspended"))
    )
    return list(session.scalars(others.order_by(Case.id)))
