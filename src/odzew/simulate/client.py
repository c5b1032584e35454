"""A client's URL on loopback: answers OK, remembers what it was called with, and fails when told to."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, cast
from urllib.parse import parse_qsl

from odzew.errors import SettingError

Failure = Literal["status", "body", "hang", "close"]

FAILURES: Final[dict[str, str]] = {
    "status": "answers 500",
    "body": "answers 200 with a body that is not the expected one",
    "hang": "takes the request and never answers",
    "close": "closes the connection without an answer",
}
EXPECTED: Final = b"OK"
LARGEST_HEAD: Final = 64 * 1024
LARGEST_BODY: Final = 64 << 20


@dataclass(slots=True)
class Called:
    """One call as it came. Names of headers are in lower case; `failure` is how it was answered, None: with OK."""

    number: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    failure: Failure | None = None

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The values of the query, decoded. `%2B` is a plus; a bare one is a blank, as in forms."""
        return _pairs(self.target.partition("?")[2])

    @property
    def form(self) -> dict[str, str]:
        """The values of a form body, decoded."""
        return _pairs(self.body.decode("utf-8", "replace"))


Fails = Callable[[Called], Failure | None]
"""Says how a call is to fail; None: it is answered OK."""


def never(_called: Called) -> Failure | None:
    """Every call is answered OK."""
    return None


def every(n: int, *hows: Failure) -> Fails:
    """Every n-th call fails, in the given ways in turn; n = 0: none does."""
    turn = itertools.cycle(hows or ("status",))
    return lambda called: next(turn) if n and called.number % n == 0 else None


def read_failure(word: str) -> Failure:
    """SettingError for what is no way to fail."""
    if word not in FAILURES:
        raise SettingError(f"{word!r} is no way to fail: use one of {', '.join(FAILURES)}")
    return cast("Failure", word)


@dataclass(slots=True)
class Client:
    """The server of the URL. `told` hears of each call once it is read, before it is answered."""

    fails: Fails = never
    told: Callable[[Called], None] = lambda called: None
    port: int = 0
    calls: list[Called] = field(default_factory=list)
    keep: int = 10_000
    _count: int = 0
    _server: asyncio.Server | None = None
    _visits: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> Client:
        """Listens on 127.0.0.1, at `port` or (0) at any; `port` is then the real one. SettingError if it cannot."""
        try:
            self._server = await asyncio.start_server(self._visit, "127.0.0.1", self.port, limit=LARGEST_HEAD)
        except (OSError, OverflowError) as error:
            raise SettingError(f"cannot listen on 127.0.0.1:{self.port}: {getattr(error, 'strerror', None) or error}") from None
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """Closes every connection."""
        if self._server is None:
            return
        self._server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await self._server.wait_closed()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        try:
            while await self._one_call(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # the caller has gone, or sent a head that no honest caller sends
        except asyncio.CancelledError:
            pass  # we stop: the streams' own callback would report it as an error
        finally:
            self._visits.discard(visit)
            writer.transport.abort()

    async def _one_call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Reads one call and answers it. Whether the connection is kept."""
        called = _head(await reader.readuntil(b"\r\n\r\n"))
        length = "0" if called is None else called.headers.get("content-length", "0")
        if called is None or "transfer-encoding" in called.headers or not (length.isascii() and length.isdigit()):
            return await _say(writer, b"400 Bad Request", b"", keep=False)
        if len(length) > 10 or int(length) > LARGEST_BODY:
            return await _say(writer, b"413 Content Too Large", b"", keep=False)
        called.body = await reader.readexactly(int(length))
        self._count += 1
        called.number = self._count
        called.failure = self.fails(called)
        self.calls.append(called)
        del self.calls[: -self.keep]
        self.told(called)
        return await _answer(called, reader, writer)


async def _answer(called: Called, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    keep = called.headers.get("connection", "").lower() != "close"
    if called.failure == "close":
        return False
    if called.failure == "hang":
        await reader.read(1)  # until the caller gives up
        return False
    if called.failure == "status":
        return await _say(writer, b"500 Internal Server Error", b"something broke", keep)
    return await _say(writer, b"200 OK", b"not what you expect" if called.failure == "body" else EXPECTED, keep)


async def _say(writer: asyncio.StreamWriter, status: bytes, body: bytes, keep: bool) -> bool:
    end = b"" if keep else b"Connection: close\r\n"
    writer.write(b"HTTP/1.1 %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%b\r\n%b" % (status, len(body), end, body))
    await writer.drain()
    return keep


def _head(octets: bytes) -> Called | None:
    """The head of a request; None if it is none."""
    first, *lines = octets.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    headers = {name.strip().lower(): value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}
    return Called(0, words[0], words[1], headers)


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))
