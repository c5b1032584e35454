"""How long to wait before the next try: longer each time, with a little chance, so that many do not come back at once."""

from __future__ import annotations

import random
from typing import Final

LONGEST: Final = 60.0  # seconds
JITTER: Final = 0.1


class Waits:
    """Starts with `first` seconds and doubles up to `longest`; each wait is up to a tenth longer than that."""

    __slots__ = ("_first", "_longest", "_next")

    def __init__(self, first: float, longest: float = LONGEST) -> None:
        self._first = self._next = first
        self._longest = max(first, longest)

    def next(self) -> float:
        """Seconds."""
        seconds, self._next = self._next, min(self._longest, 2 * self._next)
        return seconds * random.uniform(1.0, 1.0 + JITTER)

    def reset(self) -> None:
        """What was waited for went well."""
        self._next = self._first
