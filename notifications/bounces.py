"""Returned mail (退信): read from the mailbox that our letters come back to, and matched to them by Message-ID."""

import email
import email.policy
import imaplib
import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage, Message
from typing import Any

from config.mail import Bounces
from engine import outgoing
from engine.db import Database
from notifications import smtp, verdicts

log = logging.getLogger(__name__)

MOST = 200  # mails looked at in one turn
OCTETS = 256 * 1024  # of each; what is returned stands at its beginning
CONVERSATION_SECONDS = 120  # a server that dribbles holds nobody for longer

_NAME = re.compile(r"^\s*message-id:\s*(<[^<>\s]{1,250}>)", re.I | re.M)
_CODE = re.compile(r"\b([45]\d\d)[ -]|\b([45]\.\d{1,3}\.\d{1,3})\b")
_MACHINES = re.compile(r"^(mailer-daemon|postmaster)@", re.I)


@dataclass(frozen=True)
class Bounce:
    """What came back, for good: the names of mails in it, and why."""

    message_ids: frozenset[str]
    code: str
    text: str


class MailboxAwayError(Exception):
    """The mailbox cannot be read; the message says why, in one line."""


def collect(database: Database, settings: Bounces) -> int:
    """Read what has come back and mark the letters. Answers how many letters that were. Raises MailboxAwayError.

    A mail counts as read only once its letter is marked: after a crash it is read again, which changes nothing more.
    """
    try:
        with _mailbox(settings) as mailbox:
            return sum(_marked(database, mailbox, number) for number in _unread(mailbox))
    except (imaplib.IMAP4.error, OSError, ValueError, IndexError) as error:
        raise MailboxAwayError(f"退信邮箱无法读取：{verdicts.plain(str(error))}") from error


def trouble(settings: Bounces) -> str:
    """Why the mailbox cannot be read; empty where it can."""
    try:
        with _mailbox(settings):
            return ""
    except (imaplib.IMAP4.error, OSError, ValueError, IndexError) as error:
        return verdicts.plain(str(error))


def read(content: bytes) -> Bounce | None:
    """What a mail says came back; None where it says nothing of the kind, as delays and holiday answers do."""
    try:
        mail = email.message_from_bytes(content, policy=email.policy.default)
        report = next((part for part in mail.walk() if part.get_content_type() == "message/delivery-status"), None)
        told = _of_report(report) if report else _of_machine(mail)
        if told is None:
            return None
        names = frozenset(_NAME.findall(_inside(mail)))
    except Exception as error:  # whoever writes to the mailbox may have written anything
        log.info("a mail could not be read: %s", type(error).__name__)
        return None
    return Bounce(names, *told) if names else None


class _Timed(imaplib.IMAP4):
    """A conversation that ends: imaplib's time-out begins anew with each octet, its greeting's too."""

    def open(self, *given: Any, **named: Any) -> None:
        super().open(*given, **named)
        self.end = threading.Timer(CONVERSATION_SECONDS, _hang_up, [self])
        self.end.start()

    def shutdown(self) -> None:
        self.end.cancel()
        super().shutdown()


class _TimedPrivate(_Timed, imaplib.IMAP4_SSL):
    """The same within TLS from the first octet on."""


@contextmanager
def _mailbox(settings: Bounces) -> Iterator[imaplib.IMAP4]:
    server = settings.server
    context = smtp.verified(server.ca_file)
    mailbox: imaplib.IMAP4
    if server.security == "ssl":
        mailbox = _TimedPrivate(server.host, server.port, ssl_context=context, timeout=server.timeout_seconds)
    else:
        mailbox = _Timed(server.host, server.port, timeout=server.timeout_seconds)
    try:
        if server.security == "starttls":
            mailbox.starttls(context)
        mailbox.login(server.user, server.password)
        if "ID" in mailbox.capabilities:
            mailbox.xatom("ID", '("name" "jiqun")')  # NetEase lets nobody in who does not say this: "Unsafe Login"
        status, told = mailbox.select(f'"{settings.folder}"')
        if status != "OK":
            raise imaplib.IMAP4.error(str(told[0]))
        yield mailbox
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            mailbox.logout()


def _hang_up(mailbox: imaplib.IMAP4) -> None:
    with suppress(OSError):  # past TLS, whose own shutdown waits for the other side
        socket.socket.shutdown(mailbox.socket(), socket.SHUT_RDWR)


def _unread(mailbox: imaplib.IMAP4) -> list[str]:
    _, found = mailbox.uid("search", "UNSEEN")
    return (found[0] or b"").decode("ascii").split()[:MOST]


def _marked(database: Database, mailbox: imaplib.IMAP4, number: str) -> int:
    _, answer = mailbox.uid("fetch", number, f"(BODY.PEEK[]<0.{OCTETS}>)")
    content = next((part[1] for part in answer if isinstance(part, tuple)), b"")
    bounce = read(content)
    letters = 0
    if bounce:
        with database.write() as session:
            letters = outgoing.bounced(session, bounce.message_ids, bounce.code, bounce.text)
    mailbox.uid("store", number, "+FLAGS", r"(\Seen)")
    return letters


def _of_report(report: Message) -> tuple[str, str] | None:
    """Code and reason of a delivery status (RFC 3464) that says it failed."""
    for group in report.get_payload():
        if isinstance(group, Message) and str(group.get("Action", "")).strip().lower() == "failed":
            status = str(group.get("Status", "")).split()[:1]
            reason = str(group.get("Diagnostic-Code", "")).partition(";")[2] or "没有说明"
            return (status[0] if status else ""), verdicts.plain(reason)
    return None


def _of_machine(mail: EmailMessage) -> tuple[str, str] | None:
    """The same of a mail without a report, as QQ and others send it: a mail server's own, about a number of ours."""
    sender = mail.get("From")
    addresses = sender.addresses if sender else ()
    if not any(_MACHINES.match(address.addr_spec) for address in addresses):
        return None
    text = " ".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")
    found = _CODE.search(text)
    if found is None or (found[1] or found[2]).startswith("4"):
        return None
    return (found[1] or found[2]), verdicts.plain(text[found.start() :])


def _inside(mail: EmailMessage) -> str:
    """All that is in a mail behind its own headers, decoded: the letter that came back stands somewhere in it."""
    parts = []
    for part in mail.walk():
        if part is not mail and part.get("Message-ID"):
            parts.append(f"Message-ID: {part['Message-ID']}")
        if not part.is_multipart() and isinstance(content := part.get_content(), str):
            parts.append(content)
    return "\n".join(parts)
