"""The speed of sending: from outbox row to a local mail server, beside bare commits and bare SMTP in the same run."""

import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.db import Database

# ruff: noqa: PLC0415  # only this command needs it

ROOT = Path(__file__).parent.parent
SERVER = ROOT / "tests" / "smtp" / "server.py"
TURNS = 5  # ours and the bare ones by turns, so that a slow minute of the machine meets both of them
SENDER, RECIPIENT = "notice@office.example.cn", "officer@county.example.cn"
SUBJECT = "关于报送年度培育情况信息表的提醒"
BODY = "英德市中小企业主管部门：\n\n请于3月15日前报送上一年度集群培育情况信息表。逾期未报送的，按有关规定处理。\n" * 5


def measured(url: str, letters: int, connections: int = 1) -> dict[str, Any]:
    """Letters a second, and what share that is of what bare commits and bare SMTP by turns make.

    Nothing outside a checkout, where there is no mail server to send to.
    """
    if not SERVER.exists():
        return {}
    from engine.db import Database

    database = Database(url)
    try:
        database.upgrade()
        with _mail_server() as port:
            return _measured(database, port, letters // TURNS, connections)
    finally:
        database.close()


def _measured(database: "Database", port: int, letters: int, connections: int) -> dict[str, Any]:
    from config.mail import Account, Mail, Server
    from notifications.sender import Post

    account = Account(
        "bench", Server("localhost", port, "plain", "", "", "", 20), SENDER, "集群通", 0, 10_000, connections
    )
    begun = _put(database, _person(database), letters * (TURNS + 1))
    spent = {"jiqun": 0.0, "bare": 0.0}
    with database.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS bare_mail (id INTEGER PRIMARY KEY, state TEXT)")
        connection.exec_driver_sql("DELETE FROM bare_mail")
        connection.exec_driver_sql("INSERT INTO bare_mail VALUES (1, '')")
    post = Post(database, Mail((account,)), "bench")
    try:
        for turn in range(-1, TURNS):  # the first one warms up and does not count
            _let_go(database, begun, letters)
            took = {
                "jiqun": _timed(lambda: _require(post.tick(), letters)),
                "bare": _timed(lambda: _bare(database, port, letters)),
            }
            if turn >= 0:
                spent = {name: seconds + took[name] for name, seconds in spent.items()}
    finally:
        post.close()
    sent = letters * TURNS
    return {
        "database": database.dialect,
        "connections": connections,
        "letters_a_second": round(sent / spent["jiqun"]),
        "bare_letters_a_second": round(sent / spent["bare"]),
        "share_of_bare": round(spent["bare"] / spent["jiqun"], 2),
    }


@contextmanager
def _mail_server() -> Iterator[int]:
    """A mail server in another process, which forgets what it takes, and takes commands at once as most do."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "forget").touch()
        command = [sys.executable, "-m", "tests.smtp.server", folder, "--pipelining"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.kill()
            process.communicate()


def _person(database: "Database") -> int:
    from sqlalchemy import select

    from engine import accounts
    from engine.models import Person

    with database.write() as session:
        person = session.scalar(select(Person).where(Person.name == "bench-mail"))
        person = person or accounts.add(session, "bench-mail", by="bench")
        person.email = RECIPIENT
        session.flush()
        return person.id


def _put(database: "Database", person: int, letters: int) -> str:
    """So many letters that wait; what their keys begin with."""
    from sqlalchemy import insert

    from engine import clock
    from engine.models import Delivery

    now = clock.now()
    begun = f"bench.{now.isoformat()}."
    row = {"person_id": person, "template": "task_due", "statutory": True, "subject": SUBJECT, "body": BODY}
    row |= {"created_at": now, "status": "held", "not_before": now}
    with database.write() as session:
        session.execute(insert(Delivery), [row | {"dedupe_key": f"{begun}{number}"} for number in range(letters)])
    return begun


def _let_go(database: "Database", begun: str, letters: int) -> None:
    """So many of them are due."""
    from sqlalchemy import select, update

    from engine.models import Delivery

    held = select(Delivery.id).where(Delivery.dedupe_key.startswith(begun), Delivery.status == "held").limit(letters)
    with database.write() as session:
        session.execute(update(Delivery).where(Delivery.id.in_(session.scalars(held).all())).values(status="due"))


def _bare(database: "Database", port: int, letters: int) -> None:
    """So many turns of one bare commit, of as many characters as a letter has, and one mail of smtplib, built once."""
    from sqlalchemy import text

    from engine import clock
    from notifications import html, mime

    sheet = html.of(SUBJECT, BODY, "zh-CN")
    mail = mime.Mail(SENDER, "集群通", RECIPIENT, SUBJECT, BODY, "<bench@office.example.cn>", clock.now(), sheet)
    content = mime.written(mail)
    statement = text("UPDATE bare_mail SET state = :state WHERE id = 1")
    with smtplib.SMTP("localhost", port, "bench") as server:
        for number in range(letters):
            with database.writer.begin() as connection:
                connection.execute(statement, {"state": f"{number} {SUBJECT} {BODY}"})
            server.sendmail(SENDER, [RECIPIENT], content)


def _require(sent: int, letters: int) -> None:
    if sent != letters:
        raise RuntimeError(f"{sent} of {letters} letters left")


def _timed(act: Any) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
