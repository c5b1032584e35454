"""One HTTP request over a connection of its own, as a simple program would make it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httptools
import msgspec

from odzew.clock import Clock
from odzew.errors import OdzewError

Address = tuple[str, int]

SECONDS: Final = 30.0
PIECE: Final = 256 * 1024


class Unanswered(OdzewError):
    """There was no whole answer: nobody listens, the connection broke, or it took too long."""

    temporary = True


@dataclass(slots=True)
class Reply:
    """A whole answer. Names of headers are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON. Unanswered if it is none."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            raise Unanswered(f"the answer with status {self.status} is no JSON") from None


class _Reading:
    """What the parser tells of one answer."""

    def __init__(self) -> None:
        self.reply = Reply()
        self.whole = False
        self._pieces: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.reply.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self.whole = True
        self.reply.body = b"".join(self._pieces)


async def request(
    clock: Clock, to: Address, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, seconds: float = SECONDS
) -> Reply:
    """Makes the request and reads the whole answer. Unanswered."""
    host, port = to
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    try:
        async with clock.deadline(seconds):
            return await _talk(host, port, head + body)
    except TimeoutError:
        raise Unanswered(f"no answer in {seconds:g} s") from None
    except (OSError, httptools.HttpParserError) as error:
        raise Unanswered(f"no answer from {host}:{port}: {getattr(error, 'strerror', None) or error}") from None


async def _talk(host: str, port: int, octets: bytes) -> Reply:
    reader, writer = await asyncio.open_connection(host, port)
    reading = _Reading()
    parser = httptools.HttpResponseParser(reading)
    try:
        writer.write(octets)
        await writer.drain()
        while not reading.whole:
            piece = await reader.read(PIECE)
            if not piece:
                raise Unanswered("the connection was closed before the answer was whole")
            parser.feed_data(piece)
            if not reading.reply.status and reading.reply.headers:
                reading.reply.status = parser.get_status_code()
        reading.reply.status = parser.get_status_code()
        return reading.reply
    finally:
        writer.transport.abort()
