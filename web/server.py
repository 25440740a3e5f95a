"""The server: waitress, which takes a request that is too large to its end, so that the answer says what is wrong.

A browser reads no answer before it has sent everything: cut off in the middle it shows a broken connection. So the
rest of such a body is received and forgotten; the application sees how long it was, and refuses it.
"""

from functools import partial
from io import BytesIO
from typing import Any

import waitress
from flask import Flask
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer

MOST_HEARD = 2 * 1024**3  # bytes of a body that are listened to; whoever sends more is cut off


def create(app: Flask, **options: Any) -> Any:
    """A server for the application, listening and not yet running. `options` are waitress's. Raises OSError."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(app, map=sockets, ident=None, max_request_body_size=MOST_HEARD, **options)
    parser = partial(_Parser, most=app.config["MAX_CONTENT_LENGTH"])
    channel = type("Channel", (HTTPChannel,), {"parser_class": staticmethod(parser)})
    for one in sockets.values():
        if isinstance(one, BaseWSGIServer):
            one.channel_class = channel
    return server


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """A request whose body is kept while the application could accept it."""

    def __init__(self, adj: Any, most: int) -> None:
        super().__init__(adj)
        self._most = most

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.body_rcv is not None:
            self.body_rcv.buf = _Body(self.adj.inbuf_overflow, self._most, self.content_length)


class _Body(OverflowableBuffer):  # type: ignore[misc]  # waitress has no types
    """The bytes of a body, none of them once they are more than `most`; `announced` is its length, 0 if not known."""

    def __init__(self, overflow: int, most: int, announced: int) -> None:
        super().__init__(overflow)
        self._most, self._heard, self._dropped = most, 0, announced > most

    def __len__(self) -> int:
        return self._heard

    def append(self, data: bytes) -> None:
        self._heard += len(data)
        if self._heard > self._most and not self._dropped:  # of a body that comes in chunks the length shows late
            self.close()
            self._dropped = True
        if not self._dropped:
            super().append(data)

    def getfile(self) -> Any:
        return BytesIO() if self._dropped else super().getfile()
