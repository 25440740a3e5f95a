"""Senders in processes of their own, which a test kills. Run as a program: it has everything imported and forks them.

A line of JSON on standard input begins one, answered by its process number; production knows nothing of this.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from tests import smtp

LEASE = timedelta(seconds=10)  # longer than a busy machine takes for a letter: a living sender keeps what it has
BUGS = ("a letter that may have left counts as sent", "a letter that may have left is simply due")


class Postmen:
    """The senders, as the test holds them."""

    def __init__(self, database: str, port: int, bug: str = "") -> None:
        self._given = {"database": database, "port": port, "bug": bug}
        command = [sys.executable, "-m", "tests.faults.postmen"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=smtp.ROOT, stdin=pipe, stdout=pipe, text=True)

    def begin(self) -> int:
        """One more sender; its process number."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(self._given) + "\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], 60)[0]
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """No sender is left."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def kill(postman: int) -> None:
    """As when the machine dies: nothing is said and nothing put away."""
    os.kill(postman, signal.SIGKILL)


def main() -> None:
    import psycopg

    from notifications import sender

    _ = (psycopg, sender)  # imported once, and not by each
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    postmen = []
    for line in sys.stdin:
        postman = os.fork()
        if not postman:
            _send(**json.loads(line))
        postmen.append(postman)
        print(postman, flush=True)  # noqa: T201
    for postman in postmen:
        try:
            os.kill(postman, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _send(database: str, port: int, bug: str) -> None:
    try:
        from config.mail import Mail
        from engine.db import Database
        from notifications.sender import Post
        from tests import letters_due

        if bug:
            _plant(bug)
        account = smtp.account(port, seconds=20)
        post = Post(
            Database(database), Mail((account,)), str(os.getpid()), writer=letters_due.as_it_stands, lease=LEASE
        )
        while True:
            post.tick()
            time.sleep(0.02)
    finally:
        os._exit(1)


def _plant(bug: str) -> None:
    """Break what the test must notice."""
    from engine import outgoing
    from engine.models import Delivery

    old = outgoing.reclaim

    def careless(session: Any, *given: Any) -> int:
        rows = session.query(Delivery).filter(Delivery.status == "sending", Delivery.lock_until <= outgoing.clock.now())
        rows.update({"status": "sent" if bug == BUGS[0] else "claimed"}, synchronize_session=False)
        return old(session, *given)

    outgoing.reclaim = careless  # type: ignore[assignment]


if __name__ == "__main__":
    main()
