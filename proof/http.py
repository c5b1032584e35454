"""A light HTTP client: one kept connection on a plain socket, so that little of the machine goes into asking."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import httptools

from proof import words

PIECE: Final = 256 * 1024
_length = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE).search
_retry = re.compile(rb"\r\nretry-after: *([0-9]+)", re.IGNORECASE).search


class Broken(Exception):
    """There was no whole answer."""


@dataclass(slots=True)
class Reply:
    """A whole answer."""

    status: int
    head: bytes
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def retry_after(self) -> int | None:
        found = _retry(self.head)
        return int(found[1]) if found else None


class Connection:
    """One connection to 127.0.0.1, for `async with`. `buffer`: SO_RCVBUF in octets, set before connecting."""

    def __init__(self, port: int, buffer: int | None = None) -> None:
        self._port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._socket.setblocking(False)
        self._rest = b""

    async def __aenter__(self) -> Connection:
        try:
            await asyncio.get_running_loop().sock_connect(self._socket, ("127.0.0.1", self._port))
        except OSError as error:
            self.close()
            raise Broken(str(error)) from None
        return self

    async def __aexit__(self, *_fault: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def abort(self) -> None:
        """Closes with a reset: what was not read is thrown away."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()

    async def send(self, octets: bytes) -> None:
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, octets)
        except OSError as error:
            raise Broken(str(error)) from None

    async def exchange(self, octets: bytes) -> Reply:
        """Sends a request and reads an answer that says its length. Broken."""
        await self.send(octets)
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += await self.read()
        head = data[: end + 4]
        found = _length(head)
        if found is None:
            raise Broken("an answer without a length")
        whole = end + 4 + int(found[1])
        pieces = [data[end + 4 :]]
        got = len(data)
        while got < whole:
            pieces.append(await self.read())
            got += len(pieces[-1])
        body = b"".join(pieces)
        length = int(found[1])
        self._rest = body[length:]
        return Reply(int(head[9:12]), head, body[:length])

    async def read(self, most: int = PIECE) -> bytes:
        """What has come in. Broken at the end of the connection."""
        try:
            octets = await asyncio.get_running_loop().sock_recv(self._socket, most)
        except OSError as error:
            raise Broken(str(error)) from None
        if not octets:
            raise Broken("the connection ended")
        return octets

    async def stream(self, octets: bytes) -> AsyncIterator[bytes]:
        """Sends a request and gives the pieces of the body of its answer as they come; ends with a whole one. Broken."""
        await self.send(octets)
        reading = _Reading()
        parser = httptools.HttpResponseParser(reading)
        while not reading.whole:
            parser.feed_data(await self.read(64 * 1024))
            yield b"".join(reading.pieces)
            reading.pieces.clear()


class _Reading:
    """What the parser tells of one answer."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.whole = False

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.whole = True


def post(path: str, token: str, value: Any) -> bytes:
    """The octets of a POST of JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def push(items: Any) -> bytes:
    """The octets of a push to the source of the set-up: one item or a list of them."""
    return post(f"/ingest/{words.SOURCE}", words.SOURCE_TOKEN, items)


def poll(account: int = 1, **parameters: Any) -> bytes:
    """The octets of a poll for incoming messages."""
    return post("/messages/recived", words.token_of(account), parameters)
