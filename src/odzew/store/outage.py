"""Says in the log that the database cannot be used, once, and once that it can be used again.

Everybody who uses the database notices by himself and tries again; without this there would be a line for each try, or none that says
what is the matter.
"""

from __future__ import annotations

from typing import Final, Literal

import structlog

from odzew.clock import Clock
from odzew.errors import StoreError

CALM: Final = 1.0
"""Seconds without a failure until it counts as over: where back ends are killed one after the other, that is one outage."""

Kind = Literal["read", "write"]
log = structlog.get_logger("odzew.store")


class Outage:
    """Of reads, or of writes: on a full disk reads still work, and say nothing about the writes."""

    __slots__ = ("_clock", "_failures", "_kind", "_last", "_since", "is_on")

    def __init__(self, clock: Clock, kind: Kind) -> None:
        self._clock = clock
        self._kind = kind
        self.is_on = False
        self._since = self._last = 0.0
        self._failures = 0

    def failed(self, error: StoreError) -> None:
        """A use of the database failed. One that would fail again is no outage."""
        if not error.temporary:
            return
        self._last = self._clock.monotonic()
        self._failures += 1
        if not self.is_on:
            self.is_on, self._since = True, self._last
            log.error("store_unavailable", kind=self._kind, error=str(error))

    def worked(self) -> None:
        """A use of the database succeeded while `is_on`."""
        now = self._clock.monotonic()
        if now - self._last >= CALM:
            log.warning("store_available", kind=self._kind, seconds=round(self._last - self._since, 1), failures=self._failures)
            self.is_on, self._failures = False, 0
