"""Which answers of a session may not have reached the network: what it may send again after the session is lost.

An answer counts as arrived when it was handed to the system's socket at least 5 s before the loss. Of a network that has fallen silent
nobody knows when it was lost: then the last that was heard of it counts.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from odzew.store.sessions import Candidate

RECENT: Final = 5.0  # seconds


class Watch:
    """What was answered when, one entry for each chunk of answers. Instants are the clock's monotonic seconds."""

    __slots__ = ("_answered", "_blocked", "_heard_at", "_settled", "_unheard", "_unwritten", "_waiting")

    def __init__(self) -> None:
        self._answered: deque[tuple[float, list[Candidate]]] = deque()
        self._waiting: list[list[Candidate]] = []  # their answers wait in our own buffer, because the peer does not read
        self._unwritten: list[Candidate] = []
        self._blocked = False
        self._settled = 0
        self._heard_at = 0.0
        self._unheard: deque[tuple[float, list[Candidate]]] = deque()  # settled, but nothing was heard since

    @property
    def blocked(self) -> bool:
        """True while answers wait in our own buffer."""
        return self._blocked

    def block(self) -> None:
        """The system's socket takes no more."""
        self._blocked = True

    def unblock(self, at: float) -> None:
        """All that waited is with the system's socket now."""
        self._blocked = False
        self._answered.extend((at, stored) for stored in self._waiting)
        self._waiting.clear()

    def written(self, at: float, stored: list[Candidate]) -> None:
        """The answers of these went out, or into our own buffer."""
        if self._blocked:
            self._waiting.append(stored)
            return
        self._answered.append((at, stored))
        self._forget(at)

    def unwritten(self, stored: list[Candidate]) -> None:
        """The answers of these can never be written: the connection is gone."""
        self._unwritten += stored

    def heard(self, at: float) -> None:
        """Something came from the network."""
        self._heard_at = at
        while self._unheard and at - self._unheard[0][0] >= RECENT:
            self._unheard.popleft()

    def settled(self, now: float) -> int:
        """The highest arrival up to which every one was answered at least 5 s ago; 0 for none yet.

        What is still being stored has a higher id than all that is stored: one process hands its ids out in the order of arrival.
        """
        self._forget(now)
        unsettled = [stored for _, stored in self._answered] + self._waiting
        lowest = min((min(stored)[0] for stored in unsettled), default=self._settled + 1)
        return min(self._settled, lowest - 1)

    def candidates(self, lost_at: float, silent: bool = False) -> list[Candidate]:
        """What the network may send again, where the connection was lost at `lost_at`; `silent`: it was given up for its silence."""
        if silent:
            lost_at = self._heard_at
        known = [*self._unheard, *self._answered] if silent else self._answered
        found = [pair for at, stored in known if lost_at - at < RECENT for pair in stored]
        for stored in self._waiting:
            found += stored
        return found + self._unwritten

    def _forget(self, now: float) -> None:
        while self._answered and now - self._answered[0][0] >= RECENT:
            at, stored = self._answered.popleft()
            self._settled = max(self._settled, max(stored)[0])
            if self._heard_at - at < RECENT:
                self._unheard.append((at, stored))
