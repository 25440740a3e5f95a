"""Keep the names of cases together: a search for words reads them without the states beside them."""

from alembic import op

revision = "20261121e"
down_revision = "20261121d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_case_run_named", "case_run", ["title", "organisation_code", "status", "round_id"])
