"""The mailer: letters handed to a mail server, one at a time, and what the server said to each.

The only place that knows yagmail. yagmail keeps the account, opens the connection and signs in; its `send` is never
called: it signs in anew for each mail, sends a second and third copy when the connection breaks, answers failures
with a falsy value like successes, attaches files that a text happens to name and fetches stylesheets (ARCHITECTURE).
"""

import smtplib
import ssl
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import yagmail

from config.mail import Account
from notifications import mime, smtp, verdicts
from notifications.mime import Mail
from notifications.verdicts import Verdict

CONVERSATIONS = 3  # a whole mail, connection and sign-in each may take so many times one answer's time

_WELCOME: Final = {"mail": {250}, "rcpt": {250, 251}, "data": {354}}


class Mailer:
    """One account, one connection. It is opened by `connect` and reopened by nobody while a mail is under way."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._client = _Client(account)
        self._open: smtp.Dialogue | None = None
        self._sent = 0  # over this connection
        self._lock = Lock()  # an SMTP connection has one speaker

    @property
    def connected(self) -> bool:
        """Whether the next mail finds a connection that may take it."""
        return self._open is not None and self._sent < self.account.per_connection

    def connect(self) -> Verdict | None:
        """Open a connection and sign in; nothing if that went well. No letter is touched by what goes wrong here."""
        with self._lock:
            return self._connect()

    def send(self, mail: Mail) -> Verdict:
        """Hand one mail over. Once. Only a connection that died while it was idle is opened again, before a word of it.

        A verdict `in_doubt` means that the server may have it.
        """
        try:
            content = mime.written(mail)
        except (ValueError, UnicodeEncodeError) as error:
            return Verdict("refused", "envelope", "", f"邮件无法写成：{verdicts.plain(str(error))}")
        with self._lock:
            fresh = not self.connected
            if fresh and (trouble := self._connect()):
                return trouble
            verdict = self._told(mail, content)
            if verdict is None and not fresh:  # the idle connection was gone; nothing of the mail has left
                verdict = self._connect() or self._told(mail, content)
            return verdict or Verdict("limited", "connect", "", "邮件服务器一连接就断开")

    def close(self) -> None:
        """Say goodbye to the server."""
        with self._lock:
            self._part()

    def _connect(self) -> Verdict | None:
        self._part()
        try:
            self._open = self._client.opened()
        except Exception as error:  # each library has its own; none may end the sender
            return _trouble("connect", error)
        self._sent = 0
        return None

    def _part(self) -> None:
        if self._open is not None:
            self._open.part()
        self._open = None

    def _told(self, mail: Mail, content: bytes) -> Verdict | None:
        """The conversation about one mail; nothing where the connection turns out to be gone at its first word."""
        talk = self._open
        if talk is None:
            return None
        talk.allow(self.account.server.timeout_seconds * CONVERSATIONS)
        phase = "envelope"
        try:
            if refused := self._announced(talk, mail, len(content)):
                return self._refused(refused)
            phase = "body"
            code, answer = talk.hand_over(content)
            verdict = verdicts.of_answer(phase, "content", code if code == 250 or code >= 400 else -1, answer)
            self._sent += 1
            return verdict if verdict.outcome == "sent" else self._refused(verdict)
        except smtplib.SMTPServerDisconnected as error:
            begun = talk.heard
            self._part()
            return _trouble(phase, error) if begun else None
        except Exception as error:  # as above: whatever it is, it is the verdict on this mail
            self._part()
            return _trouble(phase, error)

    def _announced(self, talk: smtp.Dialogue, mail: Mail, octets: int) -> Verdict | None:
        """From whom and to whom; nothing where the server is ready for the content."""
        size = f" size={octets}" if talk.has_extn("size") else ""
        commands = {"mail": f"mail FROM:<{mail.sender}>{size}", "rcpt": f"rcpt TO:<{mail.recipient}>", "data": "data"}
        refused = None
        for step, (code, answer) in zip(commands, talk.ask([*commands.values()]), strict=True):
            if refused is None and code not in _WELCOME[step]:
                refused = verdicts.of_answer("envelope", step, code if code >= 400 else -1, answer)
                if not talk.pipelining or refused.outcome == "limited":  # nothing more is said, or listened to
                    return refused
            elif refused is not None and code in _WELCOME["data"]:
                self._part()  # it waits for the content all the same, and is to have none
        return refused

    def _refused(self, verdict: Verdict) -> Verdict:
        """The next mail begins anew: in this connection if the server still speaks, in another if not."""
        talk = self._open
        try:
            if verdict.outcome in ("limited", "in_doubt") or talk is None or talk.say("rset")[0] != 250:
                self._part()
        except (OSError, smtplib.SMTPException):
            self._part()
        return verdict


class _Client(yagmail.SMTP):  # type: ignore[misc]  # yagmail has no types
    """yagmail's account and sign-in, over connections of ours."""

    def __init__(self, account: Account) -> None:
        server = account.server
        context = smtp.verified(server.ca_file) if server.security != "plain" else None
        named: dict[str, Any] = {
            "timeout": server.timeout_seconds,
            "seconds": server.timeout_seconds * CONVERSATIONS,
            "local_hostname": account.address.partition("@")[2],  # smtplib would ask the name server for ours
        }
        super().__init__(
            user=server.user or account.address,
            password=server.password or "unused",  # without one yagmail asks a keyring, or waits at the terminal
            host=server.host,
            port=server.port,
            smtp_ssl=server.security == "ssl",
            smtp_starttls={"context": context} if server.security == "starttls" else False,
            smtp_skip_login=not server.user,
            soft_email_validation=False,
            **named | ({"context": context} if server.security == "ssl" else {}),
        )
        self.user = server.user or account.address  # yagmail makes "notice" notice@gmail.com

    @property
    def connection(self) -> Callable[..., smtp.Dialogue]:
        return smtp.PrivateDialogue if self.ssl else smtp.Dialogue

    def opened(self) -> smtp.Dialogue:
        """A connection that is signed in, and greeted where no sign-in did so. Raises what smtplib and ssl raise."""
        try:
            self.login()
            self.smtp.ehlo_or_helo_if_needed()
        except Exception:
            if self.smtp is not None:
                self.smtp.close()
            raise
        opened: smtp.Dialogue = self.smtp
        self.is_closed = True  # else yagmail, when it is collected, closes it under us
        return opened


def _trouble(phase: str, error: Exception) -> Verdict:
    """The verdict on what was raised instead of an answer."""
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, Exception):
        error = error.__context__  # smtplib tells any trouble as this one
    match error:
        case smtplib.SMTPAuthenticationError():
            return verdicts.of_answer(phase, "login", error.smtp_code, error.smtp_error)
        case smtplib.SMTPResponseException():
            return verdicts.of_answer(phase, phase, error.smtp_code, error.smtp_error)
        case smtplib.SMTPNotSupportedError():
            return Verdict("config", phase, "", f"邮件服务器不提供所设的加密或登录方式：{verdicts.plain(str(error))}")
        case ssl.SSLCertVerificationError():
            return Verdict("config", phase, "", f"邮件服务器的证书不可信：{verdicts.plain(error.verify_message)}")
    # Nobody answered: before the mail was handed over it is the account that waits, afterwards nobody knows.
    return Verdict("in_doubt" if phase == "body" else "limited", phase, "", _in_words(error))


def _in_words(error: Exception) -> str:
    match error:
        case smtp.Late():
            return "邮件服务器应答太慢，已放弃本次连接"
        case TimeoutError():
            return "邮件服务器没有应答"
        case ssl.SSLError():
            return f"加密连接失败：{verdicts.plain(error.reason or str(error))}"
        case OSError():  # those of smtplib are among them
            return f"与邮件服务器的连接中断：{verdicts.plain(str(error))}"
    return f"{type(error).__name__}：{verdicts.plain(str(error))}"
