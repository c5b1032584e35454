"""Notices that the wall clock leapt ahead: somebody set it, or the machine slept. Nobody was served in that time."""

from __future__ import annotations

from typing import Final

from odzew.clock import MINUTE, SECOND, Clock

LEAP: Final = MINUTE
"""Microseconds that the wall clock gains on the monotonic scale between two looks. A time server that pulls gently stays far below."""


class Leaps:
    """Compares the two scales of the clock from one look to the next."""

    __slots__ = ("_ahead", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = clock.now() - clock.monotonic() * SECOND

    def leapt(self, now: int) -> bool:
        """Whether it leapt since the last look; `now` is the instant by the wall clock."""
        before, self._ahead = self._ahead, now - self._clock.monotonic() * SECOND
        return self._ahead - before > LEAP
