"""The API over a real socket: a server in a thread on the test's clock, and clients that do things once or twice."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from threading import Thread
from typing import Any

from flask import Flask
from waitress import wasyncore

from web import server as servers

V1 = "/api/v1"
PROBLEM = "application/problem+json"

_keys = count(1)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code of a problem document; an answer that is none fails the test."""
        assert self.headers["content-type"] == PROBLEM, (self.status, self.body)
        assert self.json["status"] == self.status
        return self.status, self.json["code"]


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token; none for who has none."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def exchange(
    address: tuple[str, int], method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
) -> Answer:
    """A request on a connection of its own, and what comes back."""
    connection = HTTPConnection(*address, timeout=60)
    try:
        connection.request(method, target, body, dict(headers))
        response = connection.getresponse()
        told = {name.lower(): text for name, text in response.getheaders()}
        return Answer(response.status, told, response.read())
    finally:
        connection.close()


@dataclass(frozen=True)
class Client:
    """Somebody with a token, or without one. Paths begin behind /api/v1."""

    address: tuple[str, int]
    token: str = ""

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, {})

    def put(self, path: str, data: Any) -> Answer:
        return self._ask("PUT", path, {"Content-Type": "application/json"}, json.dumps(data).encode())

    def post(self, path: str, data: Any = None) -> Answer:
        """A command. Without data it has no body."""
        if data is None:
            return self._command(path, {})
        return self._command(path, {"Content-Type": "application/json"}, json.dumps(data).encode())

    def upload(self, name: str, content: bytes) -> Answer:
        """A file, as a browser sends it."""
        boundary = "----jiqun"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self._command("/files", {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body)

    def _command(self, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        return self._ask("POST", path, headers, body)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        return exchange(self.address, method, V1 + path, {**headers, **bearer(self.token)}, body)


class Doubter(Client):
    """Somebody whose line breaks after every command, and who sends it again.

    With the same Idempotency-Key it is the same command: the answer is the first one, and nothing happens twice.
    With another key finishing a task is a second command, and comes too late.
    """

    def _command(self, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        key = f"key-{next(_keys)}"
        first = self._ask("POST", path, {**headers, "Idempotency-Key": key}, body)
        again = self._ask("POST", path, {**headers, "Idempotency-Key": key}, body)
        assert (again.status, again.body) == (first.status, first.body), (first.body.decode(), again.body.decode())
        assert again.headers.get("location") == first.headers.get("location")
        done = first.status < 400
        assert again.headers.get("idempotency-replayed") == ("true" if done else None)
        if done and path.endswith(("/complete", "/return")):
            late = self._ask("POST", path, {**headers, "Idempotency-Key": f"{key}-late"}, body)
            seen = self.get(path.rpartition("/")[0]).status == 200  # who has left a panel sees nothing of it any more
            assert late.refusal == ((409, "task_already_done") if seen else (404, "not_found"))
        return first


@contextmanager
def serving(app: Flask, **options: Any) -> Iterator[tuple[str, int]]:
    """The application on the server that ships, in a thread; answers host and port. It is gone after the block.

    `options` are waitress's.
    """
    server = servers.create(app, host="127.0.0.1", port=0, threads=4, **options)
    thread = Thread(target=server.run, name="server")
    thread.start()
    try:
        yield "127.0.0.1", int(server.effective_port)
    finally:
        # Sockets are closed by the thread that looks at them; without any its loop ends. Under the lock, because a loop
        # that is awake already, by the last answer, would close the trigger before it is pulled.
        with server.trigger.lock:
            server.trigger.thunks.append(lambda: wasyncore.close_all(server._map))
            server.trigger._physical_pull()
        thread.join(30)
        server.task_dispatcher.shutdown()
    assert not thread.is_alive()
