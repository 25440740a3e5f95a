"""Let the offices between county and bureau recommend."""

import sqlalchemy as sa
from alembic import op

revision = "20261125"
down_revision = "20261124"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("special", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("western", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("case_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("chain", sa.Text(), server_default=" ", nullable=False))
    op.create_table(
        "round_level",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("special_most", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_level_round_id")),
        sa.PrimaryKeyConstraint("round_id", "level", name=op.f("pk_round_level")),
    )
    op.create_table(
        "recommendation",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("organisation_code", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("niche", sa.Text(), nullable=False),
        sa.Column("override", sa.Text(), nullable=True),
        sa.Column("recommended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recommended_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_recommendation_case_id")),
        sa.ForeignKeyConstraint(
            ["organisation_code"], ["organisation.code"], name=op.f("fk_recommendation_organisation_code")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_recommendation_round_id")),
        sa.PrimaryKeyConstraint("case_id", "organisation_code", name=op.f("pk_recommendation")),
    )
    op.create_index("ix_recommendation_round", "recommendation", ["round_id", "organisation_code"])
