"""The server that ships: a request that is too large is heard to its end, answered, and held nowhere."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from waitress.buffers import OverflowableBuffer

from config.settings import Settings
from engine.db import Database
from tests.integration.http import serving
from web.app import create_app

MEGABYTE = 1024 * 1024
KIND = "multipart/form-data; boundary=x"


@pytest.fixture
def connection(sqlite_database: Database, tmp_path: Path) -> Iterator[HTTPConnection]:
    """A line to an office that takes files of one megabyte."""
    settings = Settings(data=tmp_path, file_megabytes=1, objection_megabytes=0)
    with (
        serving(create_app(settings, sqlite_database)) as address,
        closing(HTTPConnection(*address, timeout=30)) as line,
    ):
        yield line


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what the server puts by, in memory or on the disk."""
    sizes: list[int] = []
    put = OverflowableBuffer.append

    def weighed(self: OverflowableBuffer, data: bytes) -> None:
        sizes.append(len(data))
        put(self, data)

    monkeypatch.setattr(OverflowableBuffer, "append", weighed)
    return sizes


def body(megabytes: int) -> Iterator[bytes]:
    yield from [bytes(MEGABYTE)] * megabytes


@pytest.mark.parametrize("length", [{"Content-Length": str(40 * MEGABYTE)}, {}], ids=["announced", "in chunks"])
def test_a_body_over_the_limit_is_answered_and_not_kept(
    connection: HTTPConnection, held: list[int], length: dict[str, str]
) -> None:
    connection.request(
        "POST",
        "/sign-in",
        body(40),
        {"Content-Type": KIND, "Accept": "text/html", **length},
        encode_chunked=not length,
    )
    answer = connection.getresponse()
    assert answer.status == 413
    assert "单个文件不超过 1 MB" in answer.read().decode()
    assert sum(held) < (1 if length else 3) * MEGABYTE  # in chunks: as much as might still have been accepted
    connection.request("GET", "/sign-in")  # on the same line: the next request is read from its beginning
    assert connection.getresponse().status == 200


def test_a_body_within_the_limit_arrives_whole(connection: HTTPConnection) -> None:
    form = b"aside=" + b"a" * MEGABYTE + b"&name=somebody-at-the-end&password=x"
    connection.request("POST", "/sign-in", form, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    assert answer.status == 401
    assert 'value="somebody-at-the-end"' in answer.read().decode()
