"""Know a cluster again in another regime."""

import sqlalchemy as sa
from alembic import op

revision = "20261126"
down_revision = "20261125"
branch_labels = None
depends_on = None

# An office that has applied twice under one name has applied for one cluster.
_SAME = """UPDATE cluster SET same_as = before.first
    FROM (SELECT organisation_code, name, min(id) AS first FROM cluster GROUP BY organisation_code, name) AS before
    WHERE cluster.organisation_code = before.organisation_code AND cluster.name = before.name
      AND cluster.id > before.first"""


def upgrade() -> None:
    with op.batch_alter_table("cluster", schema=None) as batch_op:
        batch_op.add_column(sa.Column("same_as", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_cluster_same_as"), ["same_as"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_cluster_same_as"), "cluster", ["same_as"], ["id"])
    with op.batch_alter_table("round", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_batch", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(_SAME)
