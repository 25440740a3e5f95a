"""Mail servers to test with: a real one in a process of its own, and raw ones that answer as no server should."""

import contextlib
import json
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from config.mail import Account, Server

ROOT = Path(__file__).parents[2]
HOST = "localhost"
SENDER = "notice@office.example.cn"
USER, PASSWORD = SENDER, "abcdefghijklmnop"


@dataclass(frozen=True)
class Post:
    """A running mail server: where it is, what it took and who signed in."""

    port: int
    folder: Path
    before: int = 0  # mails of earlier tests, which are not told

    def mails(self) -> list[dict[str, Any]]:
        """What it accepted, in that order: `to`, `from`, `id`, `connection`, `content` unless it is to forget that."""
        return self._lines("mails.jsonl")[self.before :]

    def logins(self) -> list[dict[str, Any]]:
        """Each try to sign in: `user`, `password`, `mechanism`, `connection`."""
        return self._lines("logins.jsonl")

    def goodbyes(self) -> int:
        return len(self._lines("goodbyes.jsonl"))

    def _lines(self, name: str) -> list[dict[str, Any]]:
        file = self.folder / name
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


@contextmanager
def serving(
    folder: Path,
    *,
    security: str = "plain",
    login: bool = False,
    port: int = 0,
    certificate: str = HOST,
    pipelining: bool = False,
) -> Iterator[Post]:
    """A mail server in another process, until the block ends. With TLS its authority's certificate is folder/ca.pem."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.smtp.server", str(folder), "--security", security, "--port", str(port)]
    if security != "plain" and not (folder / "ca.pem").exists():
        certify(folder, certificate)
    if pipelining:
        command.append("--pipelining")
    if login:
        command += ["--login", f"{USER}:{PASSWORD}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert select.select([process.stdout], [], [], 60)[0], "the mail server did not start"
        yield Post(int(process.stdout.readline()), folder)
    finally:
        process.kill()
        process.communicate()


def certify(folder: Path, host: str = HOST) -> None:
    """An authority of its own, and its certificate for `host`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")


def account(
    port: int,
    *,
    security: str = "plain",
    ca_file: Path | str = "",
    password: str = "",
    seconds: int = 5,
    key: str = "notice",
    per_minute: int = 0,
    per_connection: int = 50,
    connections: int = 1,
) -> Account:
    """An account at a server on this machine; with a password it signs in."""
    user = USER if password else ""
    server = Server(HOST, port, security, user, password, str(ca_file), seconds)
    return Account(key, server, SENDER, "集群通", per_minute, per_connection, connections)


@contextmanager
def answering(act: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does `act` with each connection, and nothing else. For what no real server says."""
    listening = socket.create_server((HOST, 0))
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            if not select.select([listening], [], [], 0.05)[0]:
                continue
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                act(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        over.set()
        thread.join(20)
        listening.close()


def saying(*replies: bytes, then: Callable[[socket.socket], None] | None = None) -> Callable[[socket.socket], None]:
    """One reply first, one to each line, after a 354 one to the whole mail. Then it hangs up, or does `then`."""

    def act(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        connection.sendall(replies[0])
        content = replies[0].startswith(b"354")
        for reply in replies[1:]:
            while (line := lines.readline()) and content and line != b".\r\n":
                pass
            connection.sendall(reply)
            content = reply.startswith(b"354")
        while content and (line := lines.readline()) and line != b".\r\n":
            pass
        if then:
            then(connection)
        lines.close()

    return act


def dribbling(pause: float = 0.05) -> Callable[[socket.socket], None]:
    """One octet after the other, for a minute: each comes in time, and no answer ever does."""

    def act(connection: socket.socket) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            connection.sendall(b"2")
            time.sleep(pause)

    return act
