"""Open the cases of what is owed."""

import sqlalchemy as sa
from alembic import op

revision = "20261127"
down_revision = "20261126"
branch_labels = None
depends_on = None


_UNOPENED = sa.text("state = 'open' AND case_id IS NULL AND opens_at IS NOT NULL")
_UNMET = sa.text("state = 'open' AND finds_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("bureau_code", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("obligation_id", sa.Integer(), nullable=True),
        sa.Column("seen_in", sa.Integer(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["bureau_code"], ["organisation.code"], name=op.f("fk_finding_bureau_code")),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_finding_case_id")),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], name=op.f("fk_finding_cluster_id")),
        sa.ForeignKeyConstraint(["obligation_id"], ["obligation.id"], name=op.f("fk_finding_obligation_id")),
        sa.ForeignKeyConstraint(["seen_in"], ["case_run.id"], name=op.f("fk_finding_seen_in")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("obligation_id", name=op.f("uq_finding_obligation_id")),
        sa.UniqueConstraint("seen_in", "ground", name=op.f("uq_finding_seen_in_ground")),
    )
    op.create_table(
        "cluster_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("industry_before", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_run.id"], name=op.f("fk_cluster_change_case_id")),
        sa.ForeignKeyConstraint(["cluster_id"], ["cluster.id"], name=op.f("fk_cluster_change_cluster_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_change")),
        sa.UniqueConstraint("case_id", name=op.f("uq_cluster_change_case_id")),
    )
    with op.batch_alter_table("cluster_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cluster_change_cluster_id"), ["cluster_id"], unique=False)
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_cluster_id"), ["cluster_id"], unique=False)
        batch_op.create_index("ix_finding_open", ["bureau_code", "state", "id"], unique=False)

    with op.batch_alter_table("obligation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("case_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("finds_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_obligation_to_open", ["opens_at"], unique=False, sqlite_where=_UNOPENED, postgresql_where=_UNOPENED
        )
        batch_op.create_index(
            "ix_obligation_unmet", ["finds_at"], unique=False, sqlite_where=_UNMET, postgresql_where=_UNMET
        )
        batch_op.create_unique_constraint(batch_op.f("uq_obligation_case_id"), ["case_id"])
        batch_op.create_foreign_key(batch_op.f("fk_obligation_case_id"), "case_run", ["case_id"], ["id"])
