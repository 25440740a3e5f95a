"""`jiqun bench` on SQLite and on a PostgreSQL of its own: python -m tests.bench [--quick]."""

import sys

from tests import postgres
from web.cli import main

session = postgres.Session(durable=True)
try:
    postgres.ensure(session.folder, lambda: postgres.make_template(session.folder, "empty"))
    with postgres.database(session.folder, "bench", template="empty") as url:
        main(["bench", "--postgres", url, *sys.argv[1:]])
finally:
    session.close()
