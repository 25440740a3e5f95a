"""Keep what the whole check of a draft came to, with the hash of what was checked."""

import sqlalchemy as sa
from alembic import op

revision = "20261216"
down_revision = "20261214"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bundle_draft_check",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["bundle_draft.id"], name="fk_bundle_draft_check_draft_id"),
        sa.PrimaryKeyConstraint("draft_id", name="pk_bundle_draft_check"),
    )
