"""The mailer at a real mail server in another process, and at servers that answer as none should."""

import email
import email.policy
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from config.mail import Account
from notifications.mailer import Mailer
from notifications.mime import Attachment, Mail
from tests import smtp
from tests.smtp import PASSWORD, SENDER, Post, answering, dribbling, saying, serving

NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)
GREETING = (b"220 post.test\r\n", b"250 post.test\r\n")
TO_THE_BODY = (*GREETING, b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n")


def letter(to: str = "zhang@county.example.cn", number: int = 1, **other: Any) -> Mail:
    given: dict[str, Any] = {"subject": "关于报送年度培育情况的提醒", "text": "请于3月15日前报送。\n"} | other
    return Mail(
        sender=SENDER,
        sender_name="集群通",
        recipient=to,
        message_id=f"<r{number}.p1@office.example.cn>",
        written_at=NINE,
        **given,
    )


def read(mail: dict[str, Any]) -> EmailMessage:
    return email.message_from_bytes(mail["content"].encode("ascii"), policy=email.policy.default)  # type: ignore[return-value]


@pytest.fixture(scope="module", params=[False, True], ids=["one by one", "pipelining"])
def post(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Post]:
    """A plain relay that asks for no name."""
    with serving(tmp_path_factory.mktemp("post"), pipelining=request.param) as running:
        yield running


@pytest.fixture
def mailer(post: Post) -> Iterator[Mailer]:
    with opened(smtp.account(post.port, seconds=1)) as made:
        yield made


@contextmanager
def opened(account: Account) -> Iterator[Mailer]:
    made = Mailer(account)
    try:
        yield made
    finally:
        made.close()


# ---- what the server says, and what it means ------------------------------------------------------

MEANT = [
    ("zhang", "sent", "body", "250"),
    ("busy", "retry", "envelope", "450"),
    ("gone", "refused", "envelope", "550"),
    ("quota", "limited", "envelope", "550"),  # QQ's word for "too many", under the number for "no such person"
    ("sender", "config", "body", "550"),  # nor is this the recipient's fault
    ("spam", "refused", "body", "554"),
    ("late", "sent", "body", "250"),
    ("dropped", "in_doubt", "body", ""),
    ("silent", "in_doubt", "body", ""),
    ("garbled", "in_doubt", "body", ""),
]


@pytest.mark.parametrize(("kind", "outcome", "phase", "code"), MEANT)
def test_each_answer_is_understood(mailer: Mailer, kind: str, outcome: str, phase: str, code: str) -> None:
    verdict = mailer.send(letter(f"{kind}.1@county.example.cn"))
    assert (verdict.outcome, verdict.phase, verdict.code) == (outcome, phase, code)
    assert "\n" not in verdict.text
    assert mailer.send(letter()).outcome == "sent"  # whatever it was, the next letter leaves


def test_only_a_person_who_is_not_there_makes_an_address_suspect(mailer: Mailer) -> None:
    assert mailer.send(letter("gone.1@county.example.cn")).nobody
    assert not mailer.send(letter("quota.1@county.example.cn")).nobody
    assert not mailer.send(letter("spam.1@county.example.cn")).nobody


@pytest.mark.parametrize(
    ("answer", "step", "outcome"),
    [
        (b"550 Domain frequency limited.", b"RCPT", "limited"),
        (b"550 Connection frequency limited", b"MAIL", "limited"),
        (b"550 Ip frequency limited", b"content", "limited"),
        (b"451 MI:SFQ 163 smtp1,abc", b"RCPT", "limited"),
        (b"450 MI:DMC 163 smtp1,abc", b"MAIL", "limited"),
        (b"421 HL:ICC 163 smtp1,abc", b"MAIL", "limited"),
        (b"421 HL:IFC 163 smtp1,abc", b"MAIL", "limited"),
        (b"451 DT:SPM 163 smtp1,abc", b"content", "retry"),
        (b"554 DT:SPM 163 smtp1,abc", b"content", "refused"),
        (b"440 mail from account doesn't conform with authentication", b"MAIL", "config"),
        (b"553 Mail from must equal authorized user", b"MAIL", "config"),
        (b"530 Authentication required", b"MAIL", "config"),
        (b"550 relaying denied", b"RCPT", "config"),
        (b"501 sender syntax", b"MAIL", "config"),
        (b"552 message too large", b"MAIL", "refused"),
        (b"452 mailbox full", b"RCPT", "retry"),
        (b"550 5.1.1 User unknown", b"RCPT", "refused"),
    ],
)
def test_the_providers_own_codes(answer: bytes, step: bytes, outcome: str) -> None:
    before = {b"MAIL": GREETING, b"RCPT": (*GREETING, b"250 OK\r\n"), b"content": TO_THE_BODY}[step]
    with answering(saying(*before, answer + b"\r\n", b"250 OK\r\n")) as port, opened(smtp.account(port)) as mailer:
        verdict = mailer.send(letter())
    assert (verdict.outcome, verdict.code) == (outcome, answer[:3].decode())


# ---- servers that answer as none should -----------------------------------------------------------


def _nothing(connection: socket.socket) -> None:
    connection.recv(100)
    time.sleep(2)


def _endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"220-and another thing\r\n" * 1000)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (_nothing, "没有应答"),
        (dribbling(), "太慢"),
        (_endless, "不合协议"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n"), "不合协议"),
        (saying(b"\x00\xff\xfe\r\n"), "不合协议"),
        (saying(b""), "连接中断"),
        (saying(b"554 no mail from here\r\n"), "no mail from here"),
        (saying(b"220 ok\r\n", b"999 what\r\n", b"999 what\r\n"), "不合协议"),
    ],
    ids=["silent", "dribbling", "endless", "a web server", "octets", "hangs up", "not for us", "numbers"],
)
def test_a_server_that_speaks_nonsense_is_told_in_one_line(act: Any, told: str) -> None:
    """And no letter is touched: the account waits."""
    with answering(act) as port:
        mailer = Mailer(smtp.account(port, seconds=1))
        began = time.monotonic()
        verdict = mailer.connect()
        assert time.monotonic() - began < 20
    assert verdict is not None
    assert (verdict.outcome, verdict.phase) == ("limited", "connect")
    assert told in verdict.text
    assert "\n" not in verdict.text
    assert len(verdict.text) < 400


def test_nobody_listens() -> None:
    with socket.create_server((smtp.HOST, 0)) as taken:
        port = taken.getsockname()[1]
    verdict = Mailer(smtp.account(port)).connect()
    assert verdict is not None
    assert verdict.outcome == "limited"


def test_a_server_that_dribbles_after_the_mail_leaves_it_in_doubt() -> None:
    with answering(saying(*TO_THE_BODY, b"2", then=dribbling())) as port:
        began = time.monotonic()
        assert Mailer(smtp.account(port, seconds=1)).send(letter()).outcome == "in_doubt"
        assert time.monotonic() - began < 20


def test_a_server_that_reads_no_more_does_not_hold_the_sender() -> None:
    given_up = Event()

    def act(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        saying(*TO_THE_BODY[:-1])(connection)
        connection.sendall(b"354 go on\r\n")
        given_up.wait(30)

    with answering(act) as port:
        began = time.monotonic()
        verdict = Mailer(smtp.account(port, seconds=1)).send(letter(text="长" * 3_000_000))
        assert time.monotonic() - began < 20
        given_up.set()
    assert verdict.outcome == "in_doubt"


def test_a_server_that_takes_all_at_once_and_waits_for_the_content_of_a_refused_mail_gets_none() -> None:
    heard: list[bytes] = []
    pipelining = (GREETING[0], b"250-post.test\r\n250 PIPELINING\r\n")

    def rest(connection: socket.socket) -> None:
        heard.append(connection.recv(1000))

    act = saying(*pipelining, b"250 OK\r\n", b"550 5.1.1 no such user\r\n")

    def refusing(connection: socket.socket) -> None:
        act(connection)
        connection.sendall(b"354 go on\r\n")
        rest(connection)

    with answering(refusing) as port, opened(smtp.account(port)) as mailer:
        assert mailer.send(letter()).outcome == "refused"
        assert not mailer.connected
    assert b"Subject" not in b"".join(heard)


def test_an_idle_connection_that_died_is_opened_again_before_the_letter_leaves() -> None:
    turns: list[int] = []

    def act(connection: socket.socket) -> None:
        turns.append(1)
        saying(*TO_THE_BODY, b"250 OK\r\n")(connection)  # and hangs up

    with answering(act) as port:
        mailer = Mailer(smtp.account(port))
        assert [mailer.send(letter()).outcome for _ in range(3)] == ["sent"] * 3
        mailer.close()
    assert len(turns) == 3


# ---- what yagmail would do ------------------------------------------------------------------------


def test_one_sign_in_serves_many_mails_and_ends_with_a_goodbye(tmp_path: Path) -> None:
    """yagmail's `send` signs in for each, and drops the connection without a word."""
    with serving(tmp_path, security="ssl", login=True) as post:
        account = smtp.account(post.port, security="ssl", ca_file=tmp_path / "ca.pem", password=PASSWORD)
        mailer = Mailer(replace(account, per_connection=4))
        assert [mailer.send(letter(number=number)).outcome for number in range(10)] == ["sent"] * 10
        mailer.close()
        assert len({mail["connection"] for mail in post.mails()}) == len(post.logins()) == 3
        assert post.goodbyes() == 3


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_certificate_of_somebody_else_gets_no_password(tmp_path: Path, security: str) -> None:
    """Unknown authorities and other hosts' names: both are taken by yagmail and smtplib as they come."""
    with serving(tmp_path, security=security, login=True, certificate="elsewhere.example.cn") as post:
        for ca_file in ("", tmp_path / "ca.pem"):
            made = smtp.account(post.port, security=security, ca_file=ca_file, password=PASSWORD)
            verdict = Mailer(made).connect()
            assert verdict is not None
            assert (verdict.outcome, verdict.phase) == ("config", "connect")
            assert "证书不可信" in verdict.text
        assert post.logins() == []


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_encrypted_and_signed_in(tmp_path: Path, security: str) -> None:
    with serving(tmp_path, security=security, login=True) as post:
        made = smtp.account(post.port, security=security, ca_file=tmp_path / "ca.pem", password=PASSWORD)
        mailer = Mailer(made)
        assert mailer.connect() is None
        assert mailer.send(letter()).outcome == "sent"
        mailer.close()
        assert [(login["user"], login["password"]) for login in post.logins()] == [(SENDER, PASSWORD)]


def test_a_server_without_starttls_gets_no_password(post: Post) -> None:
    """Somebody in between may have taken the offer away."""
    verdict = Mailer(smtp.account(post.port, security="starttls", password=PASSWORD)).connect()
    assert verdict is not None
    assert verdict.outcome == "config"
    assert post.logins() == []


def test_a_wrong_code_counts_once_at_the_server(tmp_path: Path) -> None:
    """smtplib goes on to the next mechanism, so that one wrong code counts as two."""
    with serving(tmp_path, security="ssl", login=True) as post:
        made = smtp.account(post.port, security="ssl", ca_file=tmp_path / "ca.pem", password="wrong")
        verdict = Mailer(made).connect()
        assert verdict is not None
        assert (verdict.outcome, verdict.code) == ("config", "535")
        assert len(post.logins()) == 1
    assert PASSWORD not in repr(made)
    assert "wrong" not in repr(made.server).replace(str(tmp_path), "")


def test_a_login_that_is_no_address_stays_as_it_is(tmp_path: Path) -> None:
    """yagmail makes it one of gmail.com."""
    with serving(tmp_path, security="ssl", login=True) as post:
        made = smtp.account(post.port, security="ssl", ca_file=tmp_path / "ca.pem", password=PASSWORD)
        with opened(replace(made, server=replace(made.server, user="notice"))) as mailer:
            mailer.connect()
        assert [login["user"] for login in post.logins()] == ["notice"]


def test_a_mail_that_may_have_arrived_is_not_sent_again_by_the_mailer(mailer: Mailer, post: Post) -> None:
    """yagmail hands over three copies, sleeps 18 seconds and answers False."""
    before = len(post.mails())
    began = time.monotonic()
    assert mailer.send(letter("dropped.once@county.example.cn")).outcome == "in_doubt"
    assert len(post.mails()) - before == 1
    assert time.monotonic() - began < 15


def test_four_threads_with_one_mailer_do_not_speak_at_once(post: Post, mailer: Mailer) -> None:
    before = len(post.mails())
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda number: mailer.send(letter(number=number)), range(80)))
    assert {verdict.outcome for verdict in verdicts} == {"sent"}
    assert len(post.mails()) - before == 80


def test_a_text_that_names_a_file_is_a_text(mailer: Mailer, post: Post, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("机密", encoding="utf-8")
    mailer.send(letter(text=str(secret), html=str(secret), subject=str(secret)))
    found = read(post.mails()[-1])
    assert [part.get_content_type() for part in found.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "机密" not in post.mails()[-1]["content"]
    assert found.get_body(("plain",)).get_content().strip() == str(secret)  # type: ignore[union-attr]


def test_no_stylesheet_is_fetched_and_nothing_is_read_as_a_tag(mailer: Mailer, post: Post) -> None:
    asked: list[int] = []
    with answering(lambda connection: asked.append(1)) as port:
        html = f'<link rel="stylesheet" href="http://localhost:{port}/a.css"><p>5 &lt; 7</p>'
        mailer.send(letter(text="5 < 7", html=html))
    found = read(post.mails()[-1])
    assert found.get_body(("plain",)).get_content().strip() == "5 < 7"  # type: ignore[union-attr]
    assert found.get_body(("html",)).get_content().strip() == html  # type: ignore[union-attr]
    assert asked == []


def test_the_mail_reads_as_it_was_written(mailer: Mailer, post: Post) -> None:
    files = [
        Attachment("期限.ics", "text/calendar; charset=utf-8", b"BEGIN:VCALENDAR\r\n"),
        Attachment("公示 名单.ofd", "application/ofd", bytes(range(256))),
        Attachment("无扩展名", "application/octet-stream", b""),
    ]
    text = "第一行\n.\n.以点开头\n\n末行"
    mailer.send(letter(number=77, text=text, html="<p>第一行</p>", attachments=files))
    kept = post.mails()[-1]
    found = read(kept)
    assert not found.defects
    assert found["subject"] == "关于报送年度培育情况的提醒"
    assert found["to"] == "zhang@county.example.cn"
    assert found["from"] == f"集群通 <{SENDER}>"
    assert found["message-id"] == kept["id"] == "<r77.p1@office.example.cn>"
    assert found["date"].datetime == NINE
    assert kept["from"] == SENDER
    plain = found.get_body(("plain",))
    assert plain is not None
    assert plain.get_content() == text.replace("\n", "\r\n") or plain.get_content() == text
    attached = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in found.iter_attachments()
    ]
    assert attached == [(file.name, file.media_type.partition(";")[0], file.content) for file in files]
    lines = kept["content"].split("\r\n")
    assert max(map(len, lines)) <= 998
    assert not any("\n" in line or "\r" in line for line in lines)  # no bare LF, which some servers take for an end


def test_two_mails_with_one_subject_have_two_names(mailer: Mailer, post: Post) -> None:
    """yagmail's name is a hash of sender, recipient and subject: next year's reminder would be a duplicate."""
    for number in (1, 2):
        mailer.send(letter(number=number))
    first, second = post.mails()[-2:]
    assert first["id"] != second["id"]


@pytest.mark.parametrize("field", ["subject", "recipient", "sender_name", "message_id"])
def test_a_line_break_writes_no_header(mailer: Mailer, post: Post, field: str) -> None:
    before = len(post.mails())
    mail = replace(letter(), **{field: "a@b.cn\r\nBcc: all@example.cn"})
    assert mailer.send(mail).outcome == "refused"
    assert len(post.mails()) == before
    assert mailer.send(letter()).outcome == "sent"


def test_an_address_outside_ascii_is_refused_and_the_next_letter_leaves(mailer: Mailer) -> None:
    assert mailer.send(letter("张三@county.example.cn")).outcome == "refused"
    assert mailer.send(letter()).outcome == "sent"


def test_without_a_password_nobody_is_asked_for_one(post: Post) -> None:
    """yagmail asks a keyring, or waits at the terminal for ever."""
    code = f"""
from tests import smtp
from notifications.mailer import Mailer
print(Mailer(smtp.account({post.port})).connect())
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=smtp.ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stdout.strip() == "None", ran.stderr
