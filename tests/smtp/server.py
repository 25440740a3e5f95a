"""A mail server of aiosmtpd, run as a program. What it does with a mail stands before the dot of its recipient:

busy 450 · gone 550 no such user · quota QQ's 550 rate limit · sender 550 wrong From · spam 554 · once 451 at first
late accepts and answers late · slow answers late and then accepts · dropped accepts and hangs up · silent says nothing
more · garbled accepts and answers nonsense. `python -m tests.smtp.server FOLDER` prints its port.
"""

# ruff: noqa: N802  # aiosmtpd names what it calls after the commands

import argparse
import asyncio
import json
import logging
import ssl
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")  # aiosmtpd warns of each way in which a test wants it less safe

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session  # noqa: E402

LATE_SECONDS = 0.05
QQ_LIMIT = "550 Sender frequency limited. https://service.mail.qq.com/detail/0/340"
QQ_FROM = '550 The "From" header is missing or invalid. Please follow RFC5322'
REFUSED = {"busy": "450 4.2.0 mailbox busy", "gone": "550 5.1.1 no such user here", "quota": QQ_LIMIT}
REFUSED_CONTENT = {"sender": QQ_FROM, "spam": "554 DT:SPM rejected as spam"}


class Office:
    """aiosmtpd's handler: keeps what comes, or does not."""

    def __init__(self, folder: Path, *, pipelining: bool) -> None:
        self.folder = folder
        self.pipelining = pipelining
        self.seen: set[str] = set()
        self.files: dict[str, Any] = {}

    def note(self, name: str, **facts: Any) -> None:
        """One line more in a file; it stands there before the server answers."""
        file = self.files.get(name) or self.files.setdefault(name, (self.folder / name).open("a", encoding="utf-8"))
        file.write(json.dumps(facts) + "\n")
        file.flush()

    async def handle_EHLO(  # aiosmtpd's own number
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*answers[:-1], "250-PIPELINING", answers[-1]] if self.pipelining else answers

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        kind = address.partition(".")[0]
        if kind == "once" and address not in self.seen:
            self.seen.add(address)
            return "451 4.3.0 try again"
        if kind in REFUSED:
            return REFUSED[kind]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        self.note("goodbyes.jsonl")
        return "221 Bye"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        kind = envelope.rcpt_tos[0].partition(".")[0]
        if kind in REFUSED_CONTENT:
            return REFUSED_CONTENT[kind]
        if kind == "silent":
            await asyncio.sleep(3600)
        if kind == "slow":
            await asyncio.sleep(LATE_SECONDS)
        self._take(session, envelope)
        if kind == "late":
            await asyncio.sleep(LATE_SECONDS)
        if kind == "dropped":
            server.transport.abort()
        return "banana" if kind == "garbled" else "250 OK"

    def _take(self, session: Session, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        head = content.partition(b"\r\n\r\n")[0].decode("ascii", "replace")
        named = [line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith("message-id:")]
        kept = {} if (self.folder / "forget").exists() else {"content": content.decode("ascii", "replace")}
        about = {"to": envelope.rcpt_tos, "from": envelope.mail_from, "id": named[0] if named else ""}
        self.note("mails.jsonl", **about, connection=session.peer[1], **kept)


async def serve(folder: Path, security: str, login: str, port: int, pipelining: bool) -> None:
    """Listen until killed."""
    office = Office(folder, pipelining=pipelining)

    def known(_server: SMTP, session: Session, _envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        user, password = data.login.decode(), data.password.decode()
        office.note("logins.jsonl", user=user, password=password, mechanism=mechanism, connection=session.peer[1])
        return AuthResult(success=f"{user}:{password}" == login, handled=False)

    context = None
    if security != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
    named: dict[str, Any] = {"hostname": "post.test", "ident": "test", "data_size_limit": 10_000_000}
    if security == "starttls":
        named |= {"tls_context": context, "require_starttls": True}
    if login:
        named |= {"authenticator": known, "auth_required": True, "auth_require_tls": security == "starttls"}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(office, loop=loop, **named), "localhost", port, ssl=context if security == "ssl" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--security", default="plain")
    parser.add_argument("--login", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pipelining", action="store_true")
    given = parser.parse_args()
    logging.disable()
    asyncio.run(serve(given.folder, given.security, given.login, given.port, given.pipelining))
