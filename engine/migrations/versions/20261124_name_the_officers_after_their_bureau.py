"""Name the officers after their bureau: it may be a city's, a province's or the ministry's."""

from alembic import op

revision = "20261124"
down_revision = "20261123"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE membership SET role = 'bureau_officer' WHERE role = 'city_officer'")
    op.execute("UPDATE letter SET role = 'bureau_officer' WHERE role = 'city_officer'")
    op.execute("UPDATE task SET roles = replace(roles, ' city_officer ', ' bureau_officer ')")
