"""The header Retry-After (RFC 9110 s.10.2.3): how long a URL that is busy asks to be left alone."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Final

from odzew.clock import SECOND

BUSY: Final = frozenset({429, 503})
"""Statuses with which it is heard."""
LONGEST: Final = 60.0
"""Seconds for which a URL is left alone at most: the contract's times stand, and a first attempt is not late before a minute."""


def seconds_of(value: bytes, now: int) -> float | None:
    """The seconds that a header asks for, at most `LONGEST`; None where it says nothing that can be read. `now` in microseconds."""
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if until.tzinfo is None:
        return None
    try:
        left = until.timestamp() - now / SECOND
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, left), LONGEST)
