"""What an action answers: a whole document, or pieces that are sent as they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Whole:
    """An answer that is held in memory. `ending`: where it matters whether the client got it."""

    body: bytes
    ending: Ending | None = None


@dataclass(slots=True)
class Streamed:
    """An answer in pieces; the first one comes before anything is sent, so that until then an error can still be told."""

    pieces: AsyncIterator[bytes]
    ending: Ending | None = None


@dataclass(slots=True)
class Ending:
    """Exactly one of the two is called: when the client has it all, or when it will never get it all."""

    sent: Callable[[], None]
    broken: Callable[[], None]


Answer = Whole | Streamed
