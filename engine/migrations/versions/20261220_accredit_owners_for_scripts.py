"""Accredit owners for scripts, and hold back scripts that overrun."""

import sqlalchemy as sa
from alembic import op

revision = "20261220"
down_revision = "20261216"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accreditation",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_accreditation_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_accreditation")),
    )
    op.create_table(
        "script_hold",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("overruns", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_script_hold")),
    )
