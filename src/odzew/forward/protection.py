"""Protection of a client's URL that is in trouble, and of everybody else from it (contract 5.5; architecture, "The forwarding engine").

Fewer calls at once, down to one: halved by a sign of overload (by all calls that were in flight together once), one more after every 20
successes. Attempts are never skipped or
used up; one that begins more than 60 s late because of it is marked as delayed. Pure.
"""

from __future__ import annotations

from typing import Final

FAILING: Final = 5
"""Failed attempts in a row after which a target is failing: all of those together get at most a fifth of the slots."""
RAISED: Final = 20
"""Successes after which one call more is made at once."""

OVERLOAD: Final = frozenset(
    {"http_5xx", "timeout_dns", "timeout_connect", "timeout_tls", "timeout_response", "refused", "reset", "unreachable", "too_many"}
)
"""Outcomes that fewer calls at once may heal; `too_many` stands for the status 429. A refusal or a wrong answer is none of them."""


class Protection:
    """What is known of one target's health in this process."""

    __slots__ = ("_at_once", "_halved_at", "_successes", "failures")

    def __init__(self) -> None:
        self.failures = 0
        self._successes = 0
        self._at_once: int | None = None  # None: as many as are allowed
        self._halved_at = 0

    @property
    def is_failing(self) -> bool:
        """Whether its last attempts failed, all of them."""
        return self.failures >= FAILING

    def at_once(self, allowed: int) -> int:
        """How many calls may be in flight, of those that the settings allow."""
        return allowed if self._at_once is None else min(self._at_once, allowed)

    def succeeded(self, allowed: int) -> None:
        """An attempt succeeded."""
        self.failures = 0
        if self._at_once is None:
            return
        self._successes += 1
        if self._successes >= RAISED:
            self._successes = 0
            self._at_once += 1
            if self._at_once >= allowed:
                self._at_once = None

    def failed(self, outcome: str, allowed: int, started_at: int, now: int) -> None:
        """An attempt that began then has failed now (microseconds)."""
        self.failures += 1
        self._successes = 0
        if outcome in OVERLOAD and started_at >= self._halved_at:
            self._at_once = max(1, self.at_once(allowed) // 2)
            self._halved_at = now
