"""Pile the open tasks of an office by role and holder, in the order of their dates."""

import sqlalchemy as sa
from alembic import op

revision = "20261121c"
down_revision = "20261121b"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")
_ORDER = ["organisation_code", "roles", "assignee_id", "due_at", "opened_at", "id", "element", "case_id"]


def upgrade() -> None:
    op.create_index("ix_task_open_pile", "task", _ORDER, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.drop_index("ix_task_open_of_office", "task")
