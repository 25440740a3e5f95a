"""Insert a row unless its key is there already, in the same words for both databases."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(session: Session, model: type[DeclarativeBase], **values: Any) -> bool:
    """True if the row is new. Waits for another transaction that is inserting the same key just now."""
    statement = _INSERT[session.get_bind().dialect.name](model).values(**values).on_conflict_do_nothing()
    kept = {"preserve_rowcount": True}  # else PostgreSQL's count is -1, whatever became of the row
    return session.connection().execute(statement, execution_options=kept).rowcount == 1
