"""A client's URL that is cheap to call and remembers every call: which message, when it began, when it was answered, and how."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from odzew.clock import Clock

_request = re.compile(rb"^GET [^ ?]*\?((?:[^ ]*&)?id=([0-9]+)[^ ]*) HTTP/1\.1\r\n").match
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
_FAILED: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


@dataclass(slots=True)
class Called:
    """One call. `answered` None: still open, or its caller was gone before the answer. Instants by the monotonic clock.

    `query`: all that it said, as it stood in the URL.
    """

    message_id: int
    begun: float
    failed: bool
    answered: float | None = None
    query: bytes = b""


@dataclass
class Sink:
    """Answers OK after `delay` seconds (from 0 to this, at random); a share `fails` of the calls is answered 500 instead."""

    clock: Clock
    delay: float = 0.0
    fails: float = 0.0
    calls: list[Called] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    told: Callable[[Called], None] = lambda called: None
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> Sink:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Visit(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


class _Visit(asyncio.Protocol):
    """One connection: calls one after another, none with a body."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            request, self._data = self._data[: end + 4], self._data[end + 4 :]
            found = _request(request)
            assert self._transport is not None
            if found is None:
                self._transport.abort()
                return
            sink = self._sink
            called = Called(int(found[2]), sink.clock.monotonic(), sink.chance.random() < sink.fails, query=found[1])
            sink.calls.append(called)
            sink.told(called)
            if sink.delay:
                sink.clock.call_later(sink.chance.random() * sink.delay, partial(self._answer, called))
            else:
                self._answer(called)

    def _answer(self, called: Called) -> None:
        if self._transport is not None and not self._transport.is_closing():
            called.answered = self._sink.clock.monotonic()
            self._transport.write(_FAILED if called.failed else _OK)
