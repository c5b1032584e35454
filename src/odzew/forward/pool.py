"""The connections that are kept for the next call to the same host at the same judged address."""

from __future__ import annotations

from collections.abc import Iterable

from odzew.clock import Clock, Handle
from odzew.forward.call import SenderLimits
from odzew.forward.connection import Connection, PoolKey


class Pool:
    """Idle connections by (scheme, host, port, address), the one used last taken first. One timer for all of them."""

    def __init__(self, clock: Clock, limits: SenderLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._idle: dict[PoolKey, list[Connection]] = {}
        self._count = 0
        self._sweeping: Handle | None = None
        self._closed = False

    def __len__(self) -> int:
        return self._count

    def take(self, keys: Iterable[PoolKey]) -> Connection | None:
        """A live idle connection of the first key that has one."""
        now = self._clock.monotonic()
        for key in keys:
            idle = self._idle.get(key)
            while idle:
                connection = idle.pop()
                self._count -= 1
                if not connection.dead and now < connection.idle_until:
                    connection.reused = True
                    return connection
                connection.abort()
            self._idle.pop(key, None)
        return None

    def put(self, connection: Connection) -> None:
        """Keeps a connection whose exchange is over; one too many is closed."""
        idle = self._idle.setdefault(connection.key, [])
        if self._closed or len(idle) >= self._limits.idle_per_host or self._count >= self._limits.idle_in_all:
            connection.abort()
            if not idle:
                del self._idle[connection.key]
            return
        connection.idle_until = self._clock.monotonic() + self._limits.idle
        idle.append(connection)
        self._count += 1
        if self._sweeping is None:
            self._sweeping = self._clock.call_later(self._limits.idle, self._sweep)

    def close(self) -> None:
        """Closes all of them, and those that come back later at once."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for idle in self._idle.values():
            for connection in idle:
                connection.abort()
        self._idle.clear()
        self._count = 0

    def _sweep(self) -> None:
        """Closes what has been idle for too long and forgets what the peer has closed."""
        now = self._clock.monotonic()
        self._sweeping = None
        for key, idle in list(self._idle.items()):
            live = [connection for connection in idle if not connection.dead and now < connection.idle_until]
            for connection in idle:
                if connection not in live:
                    connection.abort()
            self._count += len(live) - len(idle)
            if live:
                self._idle[key] = live
            else:
                del self._idle[key]
        if self._idle:
            first = min(connection.idle_until for idle in self._idle.values() for connection in idle)
            self._sweeping = self._clock.call_later(max(0.0, first - now), self._sweep)
