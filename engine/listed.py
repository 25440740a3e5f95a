"""SQL for a column that holds one of a list, or none of it: however long it is, one parameter holds it all."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import String, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session


def among(session: Session, column: Any, ids: Sequence[Any]) -> Any:
    if session.connection().dialect.name == "postgresql":
        return column == func.any(literal(ids, ARRAY(column.type)))
    return column.in_(_rows(ids))


def not_among(session: Session, column: Any, ids: Sequence[Any]) -> Any:
    if session.connection().dialect.name == "postgresql":
        return column != func.all(literal(ids, ARRAY(column.type)))
    return column.not_in(_rows(ids))


def _rows(ids: Sequence[Any]) -> Any:
    return select(func.json_each(literal(json.dumps(ids), String)).table_valued("value").c.value)
