"""A client's URL that fails a share of its calls, and remembers of each call which message, which attempt, and who signed it.

Every server process of a proof has a signing secret of its own, so that a signature tells which of them made the call.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from odzew.clock import Clock

DELAY: Final = 0.004  # seconds, at most, until a call is answered
SLOW: Final = 0.25
TOO_SLOW: Final = 5.0  # later than every server of these proofs waits
FAULTS: Final = (("500", 0.02), ("wrong answer", 0.03), ("reset", 0.015), ("slow", 0.01), ("too slow", 0.001))
"""What a call meets, and how many of all calls do; the others are answered OK at once. `slow` is OK, late."""
RECEIVED: Final = ("", "slow")
"""Calls that the client takes as received."""
_ANSWERS: Final = {
    "500": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "wrong answer": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nLATER",
}
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
_request = re.compile(rb"^GET /1/(?P<place>[0-9]+)\?(?P<query>id=(?P<message>[0-9]+)[^ ]*) HTTP/1\.1\r\n").match
_header = re.compile(rb"\r\n(x-attempt|webhook-id|webhook-timestamp|webhook-signature): *([^\r]*)", re.IGNORECASE).findall


@dataclass(slots=True)
class Call:
    """One call. `number`: of the attempt, from 1. `fault`: "" for none. `at`: when it began, microseconds UTC.

    `begun` and `answered` (None where its caller was gone before) by the monotonic clock.
    """

    message_id: int
    webhook_id: bytes
    number: int
    at: int
    begun: float
    fault: str
    signed: bytes
    signature: bytes
    answered: float | None = None

    @property
    def received(self) -> bool:
        return self.fault in RECEIVED

    @property
    def delivery_id(self) -> int:
        return int(self.webhook_id.removeprefix(b"msg_"))

    def is_by(self, key: bytes) -> bool:
        """Whether the holder of this key signed it."""
        return b"v1," + base64.b64encode(hmac.digest(key, self.signed, hashlib.sha256)) == self.signature


class Client:
    """`calls`: all that came. `missing`: targets, by the place in their URL, that `await_all` still waits for."""

    def __init__(self, clock: Clock, seed: int = 1) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        self.chance = random.Random(seed)
        self.port = 0
        self._missing: set[int] = set()
        self._all_called = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> Client:
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

    async def all_called(self, places: Iterable[int], within: float) -> bool:
        """Waits until each of these targets has been called, from now on."""
        self._missing = set(places)
        self._all_called.clear()
        return await self.clock.wait(self._all_called, within)

    def told(self, place: int) -> None:
        """A target was called."""
        self._missing.discard(place)
        if not self._missing:
            self._all_called.set()

    def fault(self) -> str:
        """What the next call meets."""
        drawn = self.chance.random()
        for fault, share in FAULTS:
            drawn -= share
            if drawn < 0:
                return fault
        return ""


class _Visit(asyncio.Protocol):
    """One connection: calls one after another, none with a body."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._data += data
        while self._transport is not None and (end := self._data.find(b"\r\n\r\n")) >= 0:
            request, self._data = self._data[:end], self._data[end + 4 :]
            self._called(request)

    def _called(self, request: bytes) -> None:
        assert self._transport is not None
        found, client = _request(request), self._client
        if found is None:
            self._transport.abort()
            return
        head = {name.lower(): value for name, value in _header(request)}
        webhook_id = head[b"webhook-id"]
        signed = webhook_id + b"." + head[b"webhook-timestamp"] + b"." + found["query"]
        number = int(head[b"x-attempt"].partition(b"/")[0])
        fault = client.fault()
        at, begun = client.clock.now(), client.clock.monotonic()
        call = Call(int(found["message"]), webhook_id, number, at, begun, fault, signed, head[b"webhook-signature"])
        client.calls.append(call)
        client.told(int(found["place"]))
        if fault == "reset":
            self._transport.abort()
            return
        wait = {"slow": SLOW, "too slow": TOO_SLOW}.get(fault, client.chance.random() * DELAY)
        client.clock.call_later(wait, partial(self._answer, call))

    def _answer(self, call: Call) -> None:
        if self._transport is not None and not self._transport.is_closing():
            call.answered = self._client.clock.monotonic()
            self._transport.write(_ANSWERS.get(call.fault, _OK))
