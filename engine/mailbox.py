"""The mailbox (站内消息): what a person was told, here to be read whether a mail of it left or not."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from config.sentences import said
from engine import access, clock, deliveries
from engine.access import Actor
from engine.errors import NotFound
from engine.models import Delivery

AGAIN, TRIED = "again", "tried"  # how the keys of copies by mail begin, which are no messages of their own


def unread(session: Session, actor: Actor, most: int) -> int:
    """How many messages the person has not read, counted up to `most`."""
    some = _own(actor).where(Delivery.read_at.is_(None)).with_only_columns(Delivery.id).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def messages(
    session: Session, actor: Actor, *, only_unread: bool = False, limit: int = 50, before: int | None = None
) -> Sequence[Delivery]:
    """The person's messages, newest first; `before` is the last one of the page before."""
    access.require(actor, "own.read")
    query = _own(actor)
    if only_unread:
        query = query.where(Delivery.read_at.is_(None))
    if before is not None:
        query = query.where(Delivery.id < before)
    return session.scalars(query.order_by(Delivery.id.desc()).limit(limit)).all()


def message(session: Session, actor: Actor, delivery_id: int) -> Delivery:
    """One of the person's own messages, from now on read. Raises NotFound."""
    access.require(actor, "own.read")
    found = session.scalar(_own(actor).where(Delivery.id == delivery_id).with_for_update())
    if found is None:
        raise NotFound(said("没有这条消息，或者不是发给您的"))
    found.read_at = found.read_at or clock.now()
    return found


def read_all(session: Session, actor: Actor, until: int) -> None:
    """All messages up to this one are read: those that came while the person looked at the list are not."""
    access.require(actor, "own.read")
    own = _own(actor).with_only_columns(Delivery.id).where(Delivery.id <= until, Delivery.read_at.is_(None))
    read = update(Delivery).where(Delivery.id.in_(own)).values(read_at=clock.now())
    session.execute(read, execution_options={"synchronize_session": False})


def _own(actor: Actor) -> Select[Delivery]:
    """A digest only gathers what stands here one by one; what was sent again, or tried out, stands here already."""
    key = Delivery.dedupe_key
    of_copies = key.startswith(AGAIN) | key.startswith(TRIED)
    return select(Delivery).where(
        Delivery.person_id == actor.person_id, Delivery.template != deliveries.DIGEST, ~of_copies
    )
