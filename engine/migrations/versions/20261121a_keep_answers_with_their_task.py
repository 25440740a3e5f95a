"""Keep the answers with the task that they answer."""

import sqlalchemy as sa
from alembic import op

revision = "20261121a"
down_revision = "20261121"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task", sa.Column("answers", sa.Text(), nullable=True))
    op.execute(
        "UPDATE task SET answers = (SELECT data FROM submission WHERE submission.task_id = task.id)"
        " WHERE EXISTS (SELECT 1 FROM submission WHERE submission.task_id = task.id)"
    )
    op.drop_table("submission")
