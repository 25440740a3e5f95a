"""Open the process owner's workshop: drafts of a regime's files."""

import sqlalchemy as sa
from alembic import op

revision = "20261210"
down_revision = "20261201"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bundle_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("bureau_code", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hands", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("submitted_by", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_hash", sa.Text(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_why", sa.Text(), nullable=True),
        sa.Column("deployment_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["bureau_code"], ["organisation.code"], name="fk_bundle_draft_bureau_code"),
        sa.ForeignKeyConstraint(["based_on"], ["deployment.id"], name="fk_bundle_draft_based_on"),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployment.id"], name="fk_bundle_draft_deployment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bundle_draft"),
    )
    op.create_index("ix_bundle_draft_bureau_code", "bundle_draft", ["bureau_code"])
    op.create_table(
        "bundle_draft_file",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["bundle_draft.id"], name="fk_bundle_draft_file_draft_id"),
        sa.PrimaryKeyConstraint("draft_id", "path", name="pk_bundle_draft_file"),
    )
