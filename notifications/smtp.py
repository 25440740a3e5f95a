"""The conversation with a mail server: one sign-in at a time, an end to every wait, and the phase it is in."""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import Any

LONGEST_REPLY = 64 * 1024  # octets; a server that says more is not answering
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")  # the first that is offered is the only one tried
GOODBYE_SECONDS = 3.0


class Late(TimeoutError):
    """The conversation took longer than it may, though each answer came in time."""


class Endless(smtplib.SMTPResponseException):
    """A reply that does not come to an end."""

    def __init__(self) -> None:
        super().__init__(-1, b"a reply without an end")


class Dialogue(smtplib.SMTP):
    """An SMTP connection whose every wait ends.

    smtplib's time-out begins anew with each octet, so that a server that dribbles holds a sender for ever; here the
    whole conversation has an end as well (`allow`). And smtplib tries one mechanism after the other to sign in:
    a wrong password counts double at the server, which locks the account the sooner.
    """

    def __init__(self, *given: Any, seconds: float, **named: Any) -> None:
        self.allow(seconds)
        super().__init__(*given, **named)

    def allow(self, seconds: float) -> None:
        """The conversation may last so long from now on."""
        self._until = time.monotonic() + seconds
        self.heard = 0  # answers in it

    def left(self) -> float:
        """Seconds of the time allowed. Raises Late."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise Late("the conversation took too long")
        return left

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Lines(self, self.sock, float(self.timeout))
        if self.file is not None:
            self.file.begin()
        answer = super().getreply()
        self.heard += 1
        return answer

    def send(self, s: Any) -> None:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        content = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        try:
            while content:
                self.sock.settimeout(min(self.left(), self.timeout))
                content = content[self.sock.send(content) :]
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(str(error) or "Server not connected") from error

    def login(self, user: str, password: str, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        self.ehlo_or_helo_if_needed()
        offered = str(self.esmtp_features.get("auth", "")).upper().split()
        mechanism = next((name for name in MECHANISMS if name in offered), None)
        if mechanism is None:
            raise smtplib.SMTPNotSupportedError("the server offers no sign-in that we know")
        self.user, self.password = user, password
        # smtplib names its three ways to sign in after the mechanisms.
        act = getattr(self, "auth_" + mechanism.lower().replace("-", "_"))
        return self.auth(mechanism, act, initial_response_ok=initial_response_ok)

    def say(self, command: str) -> tuple[int, bytes]:
        """One command and the answer to it."""
        self.putcmd(command)
        return self.getreply()

    def ask(self, commands: Sequence[str]) -> Iterator[tuple[int, bytes]]:
        """The answers to these, one after the other; all are said at once to a server that takes that (RFC 2920)."""
        if not self.pipelining:
            yield from map(self.say, commands)
            return
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("a line break in a command")
        self.send("".join(command + "\r\n" for command in commands))
        for _ in commands:
            yield self.getreply()

    @property
    def pipelining(self) -> bool:
        return self.has_extn("pipelining")

    def hand_over(self, content: bytes) -> tuple[int, bytes]:
        """The mail itself, its lines ended by CRLF, after a 354; what the server says to it."""
        quoted = content.replace(b"\r\n.", b"\r\n..")
        self.send((b"." + quoted if quoted.startswith(b".") else quoted) + b".\r\n")
        return self.getreply()

    def part(self) -> None:
        """Say goodbye if the server listens, and close in any case."""
        self.allow(GOODBYE_SECONDS)
        try:
            if self.sock is not None:
                self.quit()
        except (OSError, smtplib.SMTPException):  # it was going anyway
            pass
        finally:
            self.close()


class PrivateDialogue(Dialogue, smtplib.SMTP_SSL):
    """The same within TLS from the first octet on."""


class _Lines:
    """The server's lines, as smtplib reads them, with an end to the waiting for each octet and to their number."""

    def __init__(self, dialogue: Dialogue, sock: socket.socket, seconds: float) -> None:
        self._dialogue, self._sock, self._seconds = dialogue, sock, seconds
        self._read = b""
        self._octets = 0

    def begin(self) -> None:
        self._octets = 0

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self._read and len(self._read) < limit:
            self._sock.settimeout(min(self._dialogue.left(), self._seconds))
            try:
                more = self._sock.recv(4096)
            except TimeoutError:
                self._dialogue.left()  # it is the whole that was too long, if it was
                raise
            if not more:
                break
            self._octets += len(more)
            if self._octets > LONGEST_REPLY:
                raise Endless
            self._read += more
        end = self._read.find(b"\n") + 1 or limit
        line, self._read = self._read[:end], self._read[end:]
        return line

    def close(self) -> None:
        """The socket is closed by who owns it."""


def verified(ca_file: str) -> ssl.SSLContext:
    """TLS that believes only a certificate for this very host, by the system's authorities or that of `ca_file`."""
    return ssl.create_default_context(cafile=ca_file or None)
