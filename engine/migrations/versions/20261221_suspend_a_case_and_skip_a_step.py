"""Suspend a case and skip a step."""

import sqlalchemy as sa
from alembic import op

revision = "20261221"
down_revision = "20261220"
branch_labels = None
depends_on = None

_UNRESUMED = sa.text("resumed_at IS NULL")
_OPEN, _DONE = sa.text("state = 'open'"), sa.text("state = 'done'")
_UNDECIDED = sa.text("decided_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "suspension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("suspended_by", sa.Text(), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumed_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("working_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_suspension_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    with op.batch_alter_table("suspension", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suspension_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            "uq_suspension_open", ["case_id"], unique=True, sqlite_where=_UNRESUMED, postgresql_where=_UNRESUMED
        )
    op.create_table(
        "skip_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_skip_request_case_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_skip_request_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skip_request")),
    )
    with op.batch_alter_table("skip_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_skip_request_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            "uq_skip_request_open", ["case_id"], unique=True, sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED
        )
    op.add_column("task", sa.Column("put_off", sa.Integer(), server_default="0", nullable=False))
    op.add_column("task", sa.Column("took", sa.Integer(), nullable=True))
    op.drop_index("ix_task_open_of_case", "task")
    op.create_index(
        "ix_task_open_of_case",
        "task",
        ["case_id", "process", "element", "instance_path", "opened_at", "due_at", "state"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_task_done",
        "task",
        ["closed_at", "case_id", "process", "element", "took", "due_at", "state"],
        sqlite_where=_DONE,
        postgresql_where=_DONE,
    )
    op.drop_index("ix_case_run_bureau_code", "case_run")
    columns = ["bureau_code", "id", "regime", "process", "round_id", "chain"]
    op.create_index("ix_case_run_of_bureau", "case_run", columns)
