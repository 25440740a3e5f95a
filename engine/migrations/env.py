"""How alembic reaches the database: always through the connection of `engine.db.Database.upgrade`.

The whole upgrade is the caller's one transaction: it arrives at its revision or changes nothing.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, TypeDecorator, text

from engine.columns import Base
from engine.models import Event  # noqa: F401  # reading the module fills Base.metadata

UPGRADE_LOCK = 0x6A697175  # "jiqu": one number of PostgreSQL's advisory locks is ours


def upgrade(connection: Connection) -> None:
    """Run the migrations asked for; of several nodes that start at once one works and the others wait."""
    if connection.dialect.name == "postgresql":
        # SQLite needs no such lock: the caller's BEGIN IMMEDIATE lets only one writer in.
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": UPGRADE_LOCK})
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,  # SQLite changes a table by copying it
        render_item=_plain_type,
    )
    with context.begin_transaction():
        context.run_migrations()


def _plain_type(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """History must not depend on our code: a column of ours is written down as the type it is stored as."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


upgrade(context.config.attributes["connection"])
