"""A private copy of the live data for a rehearsal: read in one transaction, cut off from everything that leaves.

No password, session, token, address or file goes into it, nor what was told before; letters are addressed to nobody.
"""

from typing import Any, Final

from sqlalchemy import Connection, Table, insert, literal, select, update
from sqlalchemy.orm import Session

from engine import bundle, clock, deployments
from engine.columns import Base
from engine.db import Database
from engine.errors import NotFound
from engine.models import (
    ApiToken,
    Attempt,
    Case,
    Delivery,
    Digest,
    Draft,
    Event,
    Feed,
    Heartbeat,
    IdempotencyKey,
    Letter,
    MailAccount,
    Obligation,
    Person,
    SignIn,
    SignInFailure,
    Tally,
    Task,
)

AT_ONCE: Final = 500  # rows
_LEFT_OUT: Final = frozenset(
    model.__tablename__
    for models in (
        (ApiToken, SignIn, SignInFailure, Feed, IdempotencyKey, Tally),  # secrets, and what counts tries
        (Letter, Delivery, Digest, Attempt, MailAccount, Draft, Heartbeat),  # what was told, and by which way
    )
    for model in models
)
_READ_AGAIN: Final = ("case.opened", "message.sent")  # entries of the record that commands look up
_NOWHERE: Final = "rehearsal.invalid"  # RFC 2606: no mail can ever go there


def copy(source: Database, scratch: Database, regime: str) -> None:
    """Copy what the regime's future hangs on, as it stands at one moment. Raises NotFound where it is not deployed.

    What other regimes have under way stands still in the copy.
    """
    with source.read() as session:
        deployments.current(session, regime)
        read = session.connection()
        with scratch.writer.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute("PRAGMA foreign_keys = OFF")  # rows of one table point to each other
            with connection.begin():
                for table in Base.metadata.sorted_tables:
                    if table.name not in _LEFT_OUT:
                        _copy(read, connection, table)
                _cut_off(connection)
            driver.execute("PRAGMA foreign_keys = ON")
    with scratch.write() as session:
        _stand_still(session, regime)


def deployed_files(source: Database, regime: str) -> bundle.Files | None:
    """The files of the regime as it is deployed last; None where it is not."""
    with source.read() as session:
        try:
            return dict(deployments.deployed(session, deployments.current(session, regime).id).files)
        except NotFound:
            return None


def _copy(read: Connection, write: Connection, table: Table) -> None:
    query = select(table)
    if table.name == Event.__tablename__:
        query = query.where(table.c.kind.in_(_READ_AGAIN)).order_by(table.c.chain, table.c.seq)
    for rows in read.execution_options(yield_per=AT_ONCE).execute(query).mappings().partitions():
        write.execute(insert(table), [dict(row) for row in rows])


def _cut_off(connection: Connection) -> None:
    """Nobody can sign in to it, and no address leads anywhere."""
    connection.execute(update(Person).values(password_hash=None, password_changed_at=None))
    address = literal("p").concat(Person.id).concat(f"@{_NOWHERE}")
    connection.execute(update(Person).where(Person.email.is_not(None)).values(email=address))


def _stand_still(session: Session, regime: str) -> None:
    others = select(Case.id).where(Case.regime != regime)
    session.execute(update(Case).where(Case.regime != regime).values(wake_at=None, awaits=" "))
    session.execute(update(Task).where(Task.case_id.in_(others), Task.state == "open").values(state="cancelled"))
    owed = update(Obligation).where(Obligation.regime != regime, Obligation.state == "open")
    session.execute(owed.values(state="cancelled", settled_at=clock.now()))
