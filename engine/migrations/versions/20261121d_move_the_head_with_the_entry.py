"""Let an entry of the record move the head of its chain by itself: one statement less in every command."""

import sqlalchemy as sa
from alembic import op

revision = "20261121d"
down_revision = "20261121c"
branch_labels = None
depends_on = None

_MOVE = "UPDATE chain_head SET seq = NEW.seq, hash = NEW.hash WHERE chain = NEW.chain"
_SQLITE = [f"CREATE TRIGGER event_moves_head AFTER INSERT ON event BEGIN {_MOVE}; END"]
_POSTGRESQL = [
    f"CREATE FUNCTION move_chain_head() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_MOVE}; RETURN NULL; END $$",
    "CREATE TRIGGER event_moves_head AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION move_chain_head()",
]


def upgrade() -> None:
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(sa.text(statement))
