"""A mailbox to read by IMAP: TLS, one folder, and as few commands as reading it takes."""

import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from tests.smtp import PASSWORD, USER


class Mailbox:
    """The mails in it, and which of them were read. `strict` is NetEase: nobody selects a folder who gave no name."""

    def __init__(self, folder: Path, mails: list[bytes], *, strict: bool = False) -> None:
        self.mails = mails
        self.strict = strict
        self.seen: set[int] = set()
        self.said: list[str] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem")

    def serve(self, connection: socket.socket) -> None:
        """One conversation, for tests.smtp.answering."""
        with self._context.wrap_socket(connection, server_side=True) as private:
            lines = private.makefile("rb")
            private.sendall(b"* OK ready\r\n")
            named = False
            while line := lines.readline().decode("ascii").strip():
                tag, _, command = line.partition(" ")
                self.said.append(command)
                word = command.upper().split()[0]
                named = named or word == "ID"
                answer, state = self._answered(word, command, named=named)
                private.sendall(answer + f"{tag} {state} {word}\r\n".encode())
                if word == "LOGOUT":
                    break
            lines.close()

    def _answered(self, word: str, command: str, *, named: bool) -> tuple[bytes, str]:
        given: dict[str, Callable[[], bytes]] = {
            "CAPABILITY": lambda: b"* CAPABILITY IMAP4rev1 ID\r\n",
            "SELECT": f"* {len(self.mails)} EXISTS\r\n".encode,
            "UID": lambda: self._uid(command),
        }
        refused = (word == "LOGIN" and f'{USER} "{PASSWORD}"' not in command) or (
            word == "SELECT" and self.strict and not named
        )
        return given.get(word, bytes)(), "NO Unsafe Login" if refused else "OK"

    def _uid(self, command: str) -> bytes:
        number = int((re.findall(r"\d+", command) or ["0"])[0])
        if "SEARCH" in command.upper():
            unread = [str(each) for each in range(1, len(self.mails) + 1) if each not in self.seen]
            return f"* SEARCH {' '.join(unread)}\r\n".encode()
        if "STORE" in command.upper():
            self.seen.add(number)
            return b""
        mail = self.mails[number - 1]
        return f"* {number} FETCH (UID {number} BODY[]<0> {{{len(mail)}}}\r\n".encode() + mail + b")\r\n"
