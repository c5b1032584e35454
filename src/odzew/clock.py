"""The only clock. Everything that needs the time, a wait or a deadline is handed a `Clock`.

Instants are `int` microseconds since 1970-01-01T00:00:00Z; spans of time are `float` seconds unless a name says otherwise.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Handle(Protocol):
    """A call that was planned and can still be called off."""

    def cancel(self) -> None: ...


class Clock:
    """The clock of the machine. `FixedClock` is the one for tests and simulations."""

    def now(self) -> int:
        """The present instant, in microseconds since the epoch, UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds on a scale that never goes back; only differences mean anything."""
        return time.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Handle:
        """Calls `callback` on the running loop after `seconds`."""
        return asyncio.get_running_loop().call_later(seconds, callback)

    async def sleep(self, seconds: float) -> None:
        """Waits `seconds` of this clock's time."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        handle = self.call_later(max(0.0, seconds), lambda: None if done.done() else done.set_result(None))
        try:
            await done
        finally:
            handle.cancel()

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Waits until `event` is set (True) or `seconds` of this clock's time have passed (False)."""
        try:
            async with self.deadline(seconds):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True

    @asynccontextmanager
    async def deadline(self, seconds: float) -> AsyncIterator[None]:
        """Cancels what runs inside after `seconds` of this clock's time and raises TimeoutError in its place."""
        async with asyncio.timeout(None) as limit:
            loop = asyncio.get_running_loop()
            handle = self.call_later(seconds, lambda: limit.reschedule(loop.time()))
            try:
                yield
            finally:
                handle.cancel()


class _Planned:
    """One planned call of a `FixedClock`."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FixedClock(Clock):
    """A clock that stands still until it is advanced. Waits and deadlines follow it."""

    def __init__(self, start: int = 1_413_883_083 * SECOND) -> None:
        self._now = start
        self._monotonic = 1000.0
        self._planned: list[tuple[float, int, _Planned]] = []
        self._order = itertools.count()

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Handle:
        planned = _Planned(callback)
        heapq.heappush(self._planned, (self._monotonic + seconds, next(self._order), planned))
        return planned

    def advance(self, seconds: float) -> None:
        """Moves on by `seconds`, calling on the way what falls due, each at its own instant."""
        end = self._monotonic + seconds
        while self._planned and self._planned[0][0] <= end:
            due, _, planned = heapq.heappop(self._planned)
            self._move_to(max(due, self._monotonic))
            callback, planned.callback = planned.callback, None
            if callback is not None:
                callback()
        self._move_to(end)

    def next_due(self) -> float | None:
        """Seconds until the next planned call, or None when nothing is planned."""
        while self._planned and self._planned[0][2].callback is None:
            heapq.heappop(self._planned)
        return max(0.0, self._planned[0][0] - self._monotonic) if self._planned else None

    def set_wall(self, instant: int) -> None:
        """Sets the wall clock alone, as an operator or a time server would; the monotonic scale does not move."""
        self._now = instant

    def _move_to(self, monotonic: float) -> None:
        self._now += round((monotonic - self._monotonic) * SECOND)
        self._monotonic = monotonic


def to_datetime(instant: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    seconds, micros = divmod(instant, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def from_datetime(moment: datetime) -> int:
    """The instant of an aware datetime."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone is no instant")
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * SECOND + moment.microsecond
