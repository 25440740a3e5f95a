"""Keep the pools and the typical cases; say who owes."""

import sqlalchemy as sa
from alembic import op

revision = "20261128"
down_revision = "20261127"
branch_labels = None
depends_on = None


_IN_POOL = sa.text("state != 'out'")


def upgrade() -> None:
    op.create_table(
        "prospect",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("bureau_code", sa.Text(), nullable=False),
        sa.Column("keeper_code", sa.Text(), nullable=False),
        sa.Column("organisation_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("industry", sa.Text(), nullable=False),
        sa.Column("niche", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["bureau_code"], ["organisation.code"], name=op.f("fk_prospect_bureau_code")),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_prospect_case_id")),
        sa.ForeignKeyConstraint(["keeper_code"], ["organisation.code"], name=op.f("fk_prospect_keeper_code")),
        sa.ForeignKeyConstraint(
            ["organisation_code"], ["organisation.code"], name=op.f("fk_prospect_organisation_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prospect")),
        sa.UniqueConstraint("case_id", name=op.f("uq_prospect_case_id")),
    )
    with op.batch_alter_table("prospect", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prospect_keeper_code"), ["keeper_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_prospect_organisation_code"), ["organisation_code"], unique=False)
        batch_op.create_index(
            "uq_prospect_in_pool",
            ["regime", "organisation_code", "name"],
            unique=True,
            sqlite_where=_IN_POOL,
            postgresql_where=_IN_POOL,
        )
    op.create_table(
        "measurement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measured_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospect.id"], name=op.f("fk_measurement_prospect_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurement")),
        sa.UniqueConstraint("prospect_id", "year", name=op.f("uq_measurement_prospect_id_year")),
    )
    op.create_table(
        "typical_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("bureau_code", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("organisation_code", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), server_default="[]", nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["bureau_code"], ["organisation.code"], name=op.f("fk_typical_case_bureau_code")),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_typical_case_case_id")),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], name=op.f("fk_typical_case_cluster_id")),
        sa.ForeignKeyConstraint(
            ["organisation_code"], ["organisation.code"], name=op.f("fk_typical_case_organisation_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_typical_case")),
        sa.UniqueConstraint("case_id", name=op.f("uq_typical_case_case_id")),
    )
    with op.batch_alter_table("typical_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_typical_case_bureau_code"), ["bureau_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_typical_case_cluster_id"), ["cluster_id"], unique=False)
    with op.batch_alter_table("obligation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owed_by", sa.Text(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_obligation_owed_by"), "organisation", ["owed_by"], ["code"])
