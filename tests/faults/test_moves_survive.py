"""A move that is killed at any moment has happened whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.db import Database
from tests import movable
from tests.clock import StandingClock
from tests.diagrams import Diagram

ROOT = Path(__file__).parents[2]

# The owner's move, each time in a process that ends itself at another statement, as a power cut would.
KILLED = """
import os, signal, sys
from sqlalchemy import event
from engine import accounts
from engine.db import Database
from engine.moves import moving

def die(url, last):
    database, seen = Database(url), []
    with database.write() as session:
        actor = accounts.actor(session, accounts.by_name(session, "owner"))

        @event.listens_for(session.connection(), "after_cursor_execute")
        def count(*_):
            seen.append(1)
            if len(seen) == last:
                os.kill(os.getpid(), signal.SIGKILL)

        moving.move(session, actor, 1, 2)
        os._exit(0)  # its statements are over, and nothing is committed

for last in range(4, 60, 8):
    child = os.fork()
    if not child:
        die(sys.argv[1], last)
    print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal here")
def test_a_killed_move_leaves_the_case_as_it_was(sqlite_database: Database, clock: StandingClock) -> None:
    bureau = movable.furnish(sqlite_database)
    drawn = Diagram().start().user("a").user("b").end().path("filed", "a", "b", "done")
    wider = Diagram().start().user("a").user("x").user("b").end().path("filed", "a", "x", "b", "done")
    case = bureau.open(bureau.deploy(drawn))
    bureau.deploy(wider)
    before, version = bureau.state(case), bureau.case(case).version
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, str(sqlite_database.url)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    ended = done.stdout.split()
    assert ended.count(str(int(signal.SIGKILL))) > 2, ended
    assert (bureau.number(case), bureau.state(case), bureau.case(case).version) == (1, before, version)
    bureau.move(case, 2)
    for step in "axb":
        bureau.do(case, step)
    assert bureau.case(case).outcome == "done"
