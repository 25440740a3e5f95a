"""Move cases to another deployment."""

import sqlalchemy as sa
from alembic import op

revision = "20261214"
down_revision = "20261210"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state_format", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("tasks", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_move")),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_case_move_case_id")),
        sa.ForeignKeyConstraint(["from_id"], ["deployment.id"], name=op.f("fk_case_move_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["deployment.id"], name=op.f("fk_case_move_to_id")),
    )
    op.create_index(op.f("ix_case_move_case_id"), "case_move", ["case_id"])
