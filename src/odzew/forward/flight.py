"""A call on a kept connection, without a task of its own: the connection's callbacks drive it (architecture, "The forwarding engine").

Most calls are such: the host's addresses are known, a connection is idle and the request has no body. All else goes through
`Sender.send`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from odzew.clock import Clock, Handle
from odzew.forward.call import Answer, Call
from odzew.forward.connection import Connection

log = structlog.get_logger("odzew.forward")

Again = Callable[["Flight"], Coroutine[Any, Any, Answer]]
"""Makes the call of a flight once more, on a fresh connection."""
Landed = Callable[["Flight"], Answer]
"""The answer of a flight whose connection has ended its exchange."""


class Flight:
    """One call under way. `begun` and `until`: when it began and when its time is over (monotonic seconds)."""

    __slots__ = ("_done", "_over", "_task", "begun", "call", "connection", "until")

    def __init__(
        self, call: Call, connection: Connection, begun: float, until: float, over: Flights, done: Callable[[Answer], None]
    ) -> None:
        self.call = call
        self.connection = connection
        self.begun = begun
        self.until = until
        self._over = over
        self._done: Callable[[Answer], None] | None = done
        self._task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Calls it off: nobody is told any more."""
        self._done = None
        self._over.drop(self)
        if self._task is None:
            self.connection.abort()
        else:
            self._task.cancel()

    def ended(self) -> None:
        """The connection has ended the exchange."""
        over, connection = self._over, self.connection
        if self._done is None:
            return
        if connection.failure == "reset" and connection.first_octet_at is None:
            # Closed by the peer while our request was under way, and not an octet of an answer came: once more, on a fresh one.
            self._task = asyncio.get_running_loop().create_task(self._once_more(over.again), name="odzew-call")
            return
        over.drop(self)
        self._done(over.landed(self))

    async def _once_more(self, again: Again) -> None:
        try:
            answer = await again(self)
        except Exception:
            log.exception("call_failed")
            answer = Answer("internal", detail="an error on our side, see the log")
        self._over.drop(self)
        if self._done is not None:
            self._done(answer)


class Flights:
    """The flights of one sender. All have the same time, so one timer, for the one that began first, is enough for all of them."""

    def __init__(self, clock: Clock, landed: Landed, again: Again) -> None:
        self._clock = clock
        self.landed = landed
        self.again = again
        self._under_way: dict[Flight, None] = {}  # as they began, so as their times end
        self._timer: Handle | None = None
        self._unsaid: list[tuple[Connection, bytes]] = []

    def __len__(self) -> int:
        return len(self._under_way)

    def add(self, flight: Flight, head: bytes) -> None:
        """A flight begins. Its request goes out with all others of this turn of the loop.

        Whom each request wakes up, on this machine or another, is busy with the first ones then, and need not be woken again.
        """
        self._under_way[flight] = None
        if not self._unsaid:
            asyncio.get_running_loop().call_soon(self._say)
        self._unsaid.append((flight.connection, head))
        if self._timer is None:
            self._timer = self._clock.call_later(flight.until - flight.begun, self._expire)

    def _say(self) -> None:
        unsaid, self._unsaid = self._unsaid, []
        for connection, head in unsaid:
            connection.say(head)

    def drop(self, flight: Flight) -> None:
        """A flight has ended. The timer stays: it is for others too."""
        self._under_way.pop(flight, None)

    def close(self) -> None:
        """Calls off all of them."""
        for flight in list(self._under_way):
            flight.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        for flight in list(self._under_way):
            if flight.until > now:
                self._timer = self._clock.call_later(flight.until - now, self._expire)
                return
            if flight.connection.is_asked:
                flight.connection.expire()
