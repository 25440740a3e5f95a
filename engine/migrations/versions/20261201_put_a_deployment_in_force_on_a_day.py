"""Put a deployment in force on a day."""

import sqlalchemy as sa
from alembic import op

revision = "20261201"
down_revision = "20261128"
branch_labels = None
depends_on = None

_UNAPPLIED = sa.text("applied_at IS NULL")
_ON = {"sqlite": "deployment", "postgresql": "deployment FOR EACH ROW"}
_REFUSED = {
    "sqlite": "BEGIN SELECT RAISE(ABORT, 'deployment: it stays as it was deployed'); END",
    "postgresql": "EXECUTE FUNCTION deployment_stays_as_deployed()",
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    # Its triggers would be lost if SQLite had to build the table anew.
    op.add_column("deployment", sa.Column("effective_on", sa.Date(), server_default="2000-01-01", nullable=False))
    op.add_column("deployment", sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE deployment SET applied_at = deployed_at")
    op.create_index(
        "ix_deployment_to_apply",
        "deployment",
        ["effective_on"],
        sqlite_where=_UNAPPLIED,
        postgresql_where=_UNAPPLIED,
    )
    op.execute(
        "CREATE TRIGGER deployment_day_is_never_changed BEFORE UPDATE OF effective_on ON"
        f" {_ON[dialect]} {_REFUSED[dialect]}"
    )
