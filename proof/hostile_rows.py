"""The clients that mean harm, a row each: what they do when they are called, and how the call must end.

A script plays one connection. It never ends by itself where the harm is that it goes on; the connection's end ends it.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from odzew.clock import Clock
from proof.hostile_names import PEER

START: Final = b"HTTP/1.1 200 OK\r\n"
OK: Final = START + b"Content-Length: 2\r\n\r\nOK"
CHUNKED: Final = START + b"Transfer-Encoding: chunked\r\n\r\n"
PIECE: Final = b"x" * 16_384
BOMB: Final = gzip.compress(bytes(1 << 24), mtime=0)
"""16 MiB in 16 kB; a stream of these unpacks to a thousand times its size."""

_length: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE).search


class Visit:
    """One connection as a hostile client sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock) -> None:
        self.clock = clock
        self._reader = reader
        self._writer = writer

    async def request(self) -> None:
        """Reads the head of a request."""
        await self._reader.readuntil(b"\r\n\r\n")

    async def whole_request(self) -> None:
        """Reads a request with its body."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        if (length := _length(head)) is not None:
            await self._reader.readexactly(int(length[1]))

    async def some(self) -> None:
        """Reads whatever comes first."""
        await self._reader.read(65_536)

    async def say(self, octets: bytes) -> None:
        """Sends as fast as the caller reads. ConnectionError when it has gone."""
        if self._writer.transport.is_closing():
            raise ConnectionResetError
        self._writer.write(octets)
        await self._writer.drain()

    async def stay(self) -> None:
        """Waits until the caller has gone; what it sends is thrown away."""
        while await self._reader.read(65_536):
            pass

    async def lost(self) -> None:
        """Waits until the connection is gone without reading from it."""
        await self._writer.wait_closed()

    def reset(self) -> None:
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Script = Callable[[Visit], Awaitable[None]]


def says(octets: bytes) -> Script:
    """Answers so, every request."""

    async def script(visit: Visit) -> None:
        while True:
            await visit.request()
            await visit.say(octets)

    return script


def closes(octets: bytes = b"") -> Script:
    """Answers so and closes."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(octets)

    return script


def never_ends(start: bytes, again: bytes) -> Script:
    """Answers so, and then for ever so."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(start)
        while True:
            await visit.say(again)

    return script


def drips(start: bytes) -> Script:
    """Answers so, and then an octet a second."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(start)
        while True:
            await visit.clock.sleep(1.0)
            await visit.say(b"x")

    return script


async def resets_at_once(visit: Visit) -> None:
    visit.reset()


async def resets_after_the_request(visit: Visit) -> None:
    await visit.request()
    visit.reset()


async def closes_at_once(visit: Visit) -> None:
    """Nothing is read and nothing is said."""


async def never_reads(visit: Visit) -> None:
    await visit.lost()


async def is_early(visit: Visit) -> None:
    while True:
        await visit.say(OK)
        await visit.request()


async def is_well(visit: Visit) -> None:
    while True:
        await visit.whole_request()
        await visit.say(OK)


async def speaks_no_tls(visit: Visit) -> None:
    await visit.some()
    await visit.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await visit.stay()


@dataclass(slots=True, frozen=True)
class Row:
    """A hostile client. `expected`: the outcomes that its attempts may have, all of which must occur, or with `either` any of them.

    `script` None: it must not even be called. `certificate`: what it shows, of `proof.hostile_certificates`; with `https` and none it
    speaks no TLS. `mms`: what it gets is an MMS. `seconds`: how long it is watched.
    """

    name: str
    expected: tuple[str, ...]
    script: Script | None = None
    host: str = PEER
    https: bool = False
    certificate: str = ""
    mms: bool = False
    either: bool = False
    seconds: float = 5.0

    def url(self, port: int) -> str:
        return f"{'https' if self.https else 'http'}://{self.host}:{port}/in?id=#ID#"


SLOW: Final = 12.0  # seconds: more than a call may take
ROWS: Final[tuple[Row, ...]] = (
    Row("an octet of the headers a second", ("timeout_response",), drips(START + b"X: "), seconds=SLOW),
    Row("an octet of the body a second", ("timeout_response",), drips(START + b"Content-Length: 1000\r\n\r\n"), seconds=SLOW),
    Row("a body without end", ("ok",), never_ends(START + b"\r\n", PIECE)),
    Row("headers without end", ("too_large",), never_ends(START, b"X: 123456\r\n" * 1000)),
    Row("10,000 headers", ("too_large",), says(START + b"X: 123456\r\n" * 10_000 + b"Content-Length: 2\r\n\r\nOK")),
    Row("a chunk extension without end", ("ok",), never_ends(CHUNKED + b"1;a=", PIECE)),
    Row("trailers without end", ("ok",), never_ends(CHUNKED + b"2\r\nOK\r\n0\r\n", b"X: 123456\r\n" * 1000)),
    Row("a gzip bomb without end", ("ok",), never_ends(START + b"Content-Encoding: gzip\r\n\r\n", BOMB)),
    Row("interim answers without end", ("protocol",), never_ends(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 100)),
    Row("100 Continue and nothing more", ("timeout_response",), says(b"HTTP/1.1 100 Continue\r\n\r\n"), seconds=SLOW),
    Row("reset before the request", ("reset",), resets_at_once),
    Row("reset after the request", ("reset",), resets_after_the_request),
    Row("closed before the request", ("reset",), closes_at_once),
    Row("closed after the request", ("reset",), closes()),
    Row("no answer", ("timeout_response",), says(b""), seconds=SLOW),
    Row("an MMS is not read", ("timeout_response",), never_reads, mms=True, seconds=20.0),
    Row("a length that is too short", ("ok",), says(START + b"Content-Length: 2\r\n\r\nOK and more")),
    Row("a length that is too long", ("reset",), closes(START + b"Content-Length: 10\r\n\r\nOK")),
    Row("a negative length", ("protocol",), says(START + b"Content-Length: -1\r\n\r\n")),
    Row("two lengths", ("protocol",), says(START + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nOKK")),
    Row("chunks that are none", ("protocol",), says(CHUNKED + b"zz\r\nOK\r\n")),
    Row("HTTP/0.9", ("protocol",), closes(b"<html>OK</html>")),
    Row("a NUL in a header", ("protocol",), says(START + b"X: a\0b\r\nContent-Length: 2\r\n\r\nOK")),
    Row("a control octet in a header's name", ("protocol",), says(START + b"X\x01: ab\r\nContent-Length: 2\r\n\r\nOK")),
    Row("an answer before the request", ("ok", "reset"), is_early, either=True),
    Row(
        "a redirect to a metadata address", ("http_3xx",),
        says(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n"),
    ),
    Row("an expired certificate", ("tls",), says(OK), https=True, certificate="expired"),
    Row("another host's certificate", ("tls",), says(OK), https=True, certificate="other"),
    Row("a certificate signed by itself", ("tls",), says(OK), https=True, certificate="itself"),
    Row("a handshake that stops", ("timeout_tls",), Visit.stay, https=True),
    Row("plain HTTP at a port of TLS", ("tls",), speaks_no_tls, https=True),
    Row("DNS: nothing", ("dns",), host="nothing.hostile.test"),
    Row("DNS: later, please", ("dns",), host="later.hostile.test"),
    Row("DNS: no answer", ("timeout_dns",), host="hangs.hostile.test"),
    Row("DNS: 10,000 addresses, others each time", ("dns",), host="many.hostile.test"),
    Row("DNS: a metadata address", ("blocked",), host="metadata.hostile.test"),
    Row("DNS: our own loopback address", ("blocked",), host="loopback.hostile.test"),
    Row("DNS: a metadata address beside a right one", ("blocked",), says(OK), host="partly.hostile.test"),
    Row("DNS: a metadata address from the second time on", ("ok", "blocked"), says(OK), host="changes.hostile.test", seconds=34.0),
)  # fmt: skip
WELL: Final = Row("a client that is well", ("ok",), is_well)
"""What stands in the place of a hostile one, for comparison."""
