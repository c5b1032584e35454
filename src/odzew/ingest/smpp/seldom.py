"""A limit on how often one thing is logged: a network can make it happen a thousand times a second."""

from __future__ import annotations

from odzew.clock import Clock


class Seldom:
    """Counts what happens; `count` says now and then how often it has happened since it was told last."""

    __slots__ = ("_clock", "_count", "_next", "_seconds")

    def __init__(self, clock: Clock, seconds: float = 60.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._count = 0
        self._next = 0.0

    def count(self, times: int = 1) -> int:
        """How many there were since the last telling, where it is time to tell; else 0."""
        self._count += times
        now = self._clock.monotonic()
        if now < self._next:
            return 0
        self._next = now + self._seconds
        told, self._count = self._count, 0
        return told
