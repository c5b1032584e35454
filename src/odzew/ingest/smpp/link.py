"""Whether the other side is still there: enquire_link after a silence (SMPP 3.4 s.4.11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from odzew.clock import Clock, Handle

UNANSWERED: Final = 2  # enquire_links that may stay without an answer


class Link:
    """Asks by `ask` after `seconds` of silence, and by `lost` says that two questions in turn were not answered within `answer` each."""

    __slots__ = ("_answer", "_ask", "_asked", "_clock", "_heard_at", "_lost", "_seconds", "_timer")

    def __init__(self, clock: Clock, seconds: float, answer: float, ask: Callable[[], None], lost: Callable[[str], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._answer = answer
        self._ask = ask
        self._lost = lost
        self._asked = 0
        self._heard_at = 0.0
        self._timer: Handle | None = None

    def heard(self) -> float:
        """Something came: whatever it is, it is an answer. Gives the instant."""
        self._heard_at = self._clock.monotonic()
        self._asked = 0
        return self._heard_at

    def start(self) -> None:
        """Watches from now on."""
        self.heard()
        self._timer = self._clock.call_later(self._seconds, self._look)

    def stop(self) -> None:
        """Watches no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        silent = self._clock.monotonic() - self._heard_at
        wait = self._answer
        if self._asked >= UNANSWERED:
            self._lost(f"{UNANSWERED} enquire_links were not answered")
            return
        if silent < self._seconds and not self._asked:
            wait = self._seconds - silent
        else:
            self._asked += 1
            self._ask()
        self._timer = self._clock.call_later(wait, self._look)
