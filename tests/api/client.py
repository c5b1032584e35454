"""A plain HTTP client on sockets, which sends exactly the octets that a test wants sent."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from tests.builders import TOKEN

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Answer:
    """What came back. `complete` is False where the connection ended before the answer did."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = True

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)

    @property
    def ids(self) -> list[int]:
        return [item["id"] for item in self.json["items"]]

    @property
    def code(self) -> int | None:
        """The code of an error, None for another answer."""
        code: int | None = self.json.get("error", {}).get("code")
        return code


@dataclass
class Client:
    """Calls one server on the loopback interface, each time over a new connection."""

    port: int

    async def post(self, path: str, body: object = b"", headers: dict[str, str] | None = None, content_type: str = "") -> Answer:
        """Octets go as they are, everything else as JSON; with the test's token unless `headers` says otherwise."""
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"Content-Length": str(len(octets)), "Content-Type": content_type} | (BEARER if headers is None else headers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        return await self.raw(f"POST {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{lines}\r\n".encode() + octets)

    async def get(self, path: str, method: str = "GET") -> Answer:
        return await self.raw(f"{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode())

    async def raw(self, request: bytes) -> Answer:
        """Sends octets and reads until the server ends the connection."""
        reader, writer = await self.connect()
        try:
            writer.write(request)
            return parse(await reader.read())
        finally:
            writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)


def parse(octets: bytes) -> Answer:
    """An answer from all that came over the connection."""
    while octets.startswith(b"HTTP/1.1 100"):
        octets = octets.partition(b"\r\n\r\n")[2]
    head, _, body = octets.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    complete = len(body) == int(headers.get("content-length", "-1"))
    if headers.get("transfer-encoding") == "chunked":
        body, complete = _whole(body)
    return Answer(int(first.split()[1]), headers, body, complete)


def _whole(chunks: bytes) -> tuple[bytes, bool]:
    body = bytearray()
    while chunks:
        line, _, chunks = chunks.partition(b"\r\n")
        size = int(line, 16)
        if not size:
            return bytes(body), True
        body += chunks[:size]
        chunks = chunks[size + 2 :]
    return bytes(body), False
