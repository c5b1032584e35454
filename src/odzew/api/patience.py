"""The HTTP protocol that the server runs with: patient with honest callers only.

uvicorn takes a head of any length, and waits for ever for one that does not end. Here a request has to arrive: its head in at
most about `HEAD_OCTETS` and within `PATIENCE`, its body at `SLOWEST` or faster. What is too slow or too much is hung up on.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from odzew.api.connection import Connection
from odzew.clock import Clock, Handle

HEAD_OCTETS: Final = 64 * 1024
PATIENCE: Final = 30.0  # seconds for a head; a body has as many again, and more the more of it has come
SLOWEST: Final = 16 * 1024  # octets a second of a body
FRAMING: Final = 1 << 20  # octets around a body (chunk sizes, trailers) beyond eight for each of its own
DISCARDED: Final = 64 << 20  # octets that are still taken, and thrown away, of a request that has its answer
LOOK: Final = 5.0  # seconds between two looks at what is awaited

_HEAD_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_upgrade = re.compile(rb"\r\nupgrade:", re.IGNORECASE).search


class PatientConnection(Connection):
    """For `uvicorn.Config(http=...)`, as it is or as `patient` makes it for another clock."""

    clock = Clock()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._in_head = True
        self._since: float | None = self.clock.monotonic()  # when what is awaited began; None: nothing is
        self._received = 0  # octets of the present request
        self._body = 0  # those of them that are its body
        self._timer: Handle = self.clock.call_later(LOOK, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._since is None:
            self._since = self.clock.monotonic()
        self._received += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(_without_upgrade(data) if self._in_head else data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.send_400_response("Invalid HTTP request received.")
        if self.transport.is_closing():
            return
        if self._in_head and self._received > HEAD_OCTETS:
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()
        elif self._received > FRAMING + 9 * self._body or self._discards():
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._body = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers are no headers: they come after these have been judged.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            raise ValueError("an upgrade that was not seen in time: the parser would lose the body")
        self._in_head = False
        self._received = 0
        super().on_headers_complete()
        if self.parser.get_http_version() == "1.0":
            _unframed(self.cycle)

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True
        self._received = 0
        self._since = None

    def _discards(self) -> bool:
        return not self._in_head and self.cycle.response_complete and self._received > DISCARDED

    def _look(self) -> None:
        self._timer = self.clock.call_later(LOOK, self._look)
        if self._since is None:
            return
        now = self.clock.monotonic()
        if self.flow.read_paused or (self._in_head and self.cycle is not None and not self.cycle.response_complete):
            self._since = now  # it is we who do not read, or who owe an answer: some clients send a blank line after a body
        elif now > self._since + PATIENCE + (0.0 if self._in_head else PATIENCE + self._body / SLOWEST):
            self.transport.abort()


def patient(clock: Clock) -> type[PatientConnection]:
    """The protocol with another clock."""
    return type("PatientConnection", (PatientConnection,), {"clock": clock})


def _without_upgrade(data: bytes) -> bytes:
    """The same octets asking for no upgrade: it is not granted, and the parser would take the request for one without a body.

    Java's own client asks for h2c in this way whenever it calls over plain HTTP (RFC 9110 7.8 lets a server ignore it).
    """
    found = _upgrade(data)
    end = data.find(b"\r\n\r\n")
    if found is None or 0 <= end < found.start():
        return data
    return data[: found.start()] + b"\r\nx-asked:" + data[found.end() :]


def _unframed(cycle: RequestResponseCycle) -> None:
    """HTTP/1.0 knows no chunks: an answer of unknown length ends with the connection."""
    send = cycle.send

    async def unframed(message: Any) -> None:
        if message["type"] == "http.response.start":
            cycle.chunked_encoding = None if any(name.lower() == b"content-length" for name, _ in message["headers"]) else False
            open_ended[:] = [cycle.chunked_encoding is False]
        elif open_ended == [True]:
            cycle.expected_content_length = len(message.get("body", b""))
        await send(message)

    open_ended: list[bool] = []
    cycle.send = unframed  # type: ignore[method-assign]  # the one place where uvicorn frames an answer
