"""Returned mail, read from a mailbox by IMAP: the letter is marked, and nothing else is taken for one."""

import time
from pathlib import Path

import pytest

from config.mail import Bounces, Server
from engine.db import Database
from engine.models import Person
from notifications import bounces
from notifications.bounces import MailboxAwayError
from tests import letters_due, smtp
from tests.clock import StandingClock
from tests.smtp import PASSWORD, USER, answering, dribbling, saying
from tests.smtp.imap import Mailbox

OURS = "<r7.p7.20260302@office.example.cn>"

REPORT = f"""\
From: MAILER-DAEMON@mx.example.cn
To: notice@office.example.cn
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@mx.example.cn>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

The mail could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.cn

Final-Recipient: rfc822; zhang@county.example.cn
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b
Content-Type: message/rfc822

From: notice@office.example.cn
To: zhang@county.example.cn
Subject: x
Message-ID: {OURS}

x
--b--
"""
DELAYED = REPORT.replace("Action: failed", "Action: delayed").replace("5.1.1", "4.4.1")
FULL = REPORT.replace("5.1.1 User unknown", "5.7.1 looks like spam").replace("Status: 5.1.1", "Status: 5.7.1")
HEADERS = REPORT.replace("message/rfc822", "text/rfc822-headers")
PLAIN = f"""\
From: PostMaster@qq.com
Subject: =?utf-8?b?57O757uf6YCA5L+h?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

抱歉，您的邮件被退回来了。
收件人邮件地址（zhang@qq.com）不存在，邮件无法送达。 550 Mailbox not found
Message-ID: {OURS}
"""
HOLIDAY = f"""\
From: zhang@county.example.cn
In-Reply-To: {OURS}
Auto-Submitted: auto-replied
Content-Type: text/plain; charset=utf-8

我在休假，550 元的报销请找李四。
Message-ID: {OURS}
"""
BUSY = PLAIN.replace("550 Mailbox not found", "450 try later")
STRANGE = REPORT.replace(OURS, "<somebody-elses@x.cn>")
BROKEN = "Content-Type: multipart/report; boundary=\n\n--\x00\nContent-Type: message/delivery-status\n\nAction"


def octets(mail: str) -> bytes:
    return mail.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("mail", "code"),
    [(REPORT, "5.1.1"), (FULL, "5.7.1"), (HEADERS, "5.1.1"), (PLAIN, "550")],
    ids=["report", "spam", "headers only", "QQ"],
)
def test_what_came_back_is_known_by_its_name(mail: str, code: str) -> None:
    found = bounces.read(octets(mail))
    assert found is not None
    assert OURS in found.message_ids
    assert "<bounce@mx.example.cn>" not in found.message_ids
    assert found.code == code


@pytest.mark.parametrize("mail", [DELAYED, HOLIDAY, BUSY, BROKEN, "", "\x00" * 100], ids=range(6))
def test_what_did_not_come_back_is_left_alone(mail: str) -> None:
    assert bounces.read(octets(mail)) is None


@pytest.fixture
def letter(database: Database, clock: StandingClock) -> int:
    """A letter that was sent."""
    (number,) = letters_due.put(database, ["zhang@county.example.cn"], status="claimed", fence=1, message_id=OURS)
    from engine import outgoing

    with database.write() as session:
        claim = outgoing.Claim(number, 1, "node")
        assert outgoing.begin(session, claim, account="notice", address="zhang@county.example.cn")
        outgoing.finish(session, claim, outgoing.Answer("sent", "body", "250", "OK"))
    return number


def collected(database: Database, folder: Path, box: Mailbox, password: str = PASSWORD) -> int:
    with answering(box.serve) as port:
        server = Server(smtp.HOST, port, "ssl", USER, password, str(folder / "ca.pem"), 5)
        return bounces.collect(database, Bounces(server, "INBOX"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    smtp.certify(tmp_path)
    return tmp_path


def test_a_letter_that_came_back_waits_for_a_person_and_its_address_is_suspect(
    database: Database, folder: Path, letter: int
) -> None:
    box = Mailbox(folder, [octets(mail) for mail in (HOLIDAY, STRANGE, REPORT, BROKEN)])
    assert collected(database, folder, box) == 1
    assert box.seen == {1, 2, 3, 4}
    row = letters_due.found(database)[letter]
    assert (row.status, row.last_code) == ("refused", "5.1.1")
    with database.read() as session:
        assert session.get_one(Person, row.person_id).email_suspect == "550 5.1.1 User unknown"
    assert [attempt.outcome for attempt in letters_due.attempts(database)] == ["sent", "bounced"]
    box.seen.clear()  # as if it had been killed before the mails counted as read
    assert collected(database, folder, box) == 0
    assert len(letters_due.attempts(database)) == 2


def test_spam_says_nothing_of_the_address(database: Database, folder: Path, letter: int) -> None:
    assert collected(database, folder, Mailbox(folder, [octets(FULL)])) == 1
    row = letters_due.found(database)[letter]
    with database.read() as session:
        assert session.get_one(Person, row.person_id).email_suspect is None


def test_a_provider_that_asks_who_we_are_is_told(database: Database, folder: Path, letter: int) -> None:
    assert collected(database, folder, Mailbox(folder, [octets(REPORT)], strict=True)) == 1


def test_a_wrong_password_is_one_line_and_changes_nothing(database: Database, folder: Path, letter: int) -> None:
    box = Mailbox(folder, [octets(REPORT)])
    with pytest.raises(MailboxAwayError, match="退信邮箱无法读取") as told:
        collected(database, folder, box, password="wrong")
    assert "\n" not in str(told.value)
    assert box.seen == set()
    assert letters_due.found(database)[letter].status == "sent"


def test_a_certificate_of_somebody_else_gets_no_password(database: Database, folder: Path, letter: int) -> None:
    box = Mailbox(folder, [])
    other = folder / "other"
    other.mkdir()
    smtp.certify(other)
    with pytest.raises(MailboxAwayError):
        collected(database, other, box)
    assert box.said == []


@pytest.mark.parametrize(
    "act", [saying(b"HTTP/1.1 400 Bad Request\r\n"), saying(b"* BYE\r\n"), dribbling(), saying(b"")], ids=range(4)
)
def test_a_server_that_speaks_nonsense_is_one_line(
    sqlite_database: Database, act: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounces, "CONVERSATION_SECONDS", 1)
    began = time.monotonic()
    with answering(act) as port:  # type: ignore[arg-type]
        server = Server(smtp.HOST, port, "starttls", USER, PASSWORD, "", 2)
        with pytest.raises(MailboxAwayError) as told:
            bounces.collect(sqlite_database, Bounces(server, "INBOX"))
        assert time.monotonic() - began < 20
    assert "\n" not in str(told.value)
