"""Insert a row unless its key is there already, in the same words for both databases."""

from functools import lru_cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(session: Session, model: type[DeclarativeBase], **values: Any) -> bool:
    """True if the row is new. Waits for another transaction that is inserting the same key just now."""
    connection = session.connection()
    kept = {"preserve_rowcount": True}  # else PostgreSQL's count is -1, whatever became of the row
    return connection.execute(_statement(connection.dialect.name, model), values, execution_options=kept).rowcount == 1


@lru_cache(maxsize=64)
def _statement(dialect: str, model: type[DeclarativeBase]) -> Any:
    return _INSERT[dialect](model.__table__).on_conflict_do_nothing()
