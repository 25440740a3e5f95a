"""Keep what a precheck said of the answers in hand."""

import sqlalchemy as sa
from alembic import op

revision = "20261121b"
down_revision = "20261121a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "precheck",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdicts", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_precheck_case_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_precheck_task_id")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_precheck")),
    )
    op.create_index(op.f("ix_precheck_case_id"), "precheck", ["case_id"])
