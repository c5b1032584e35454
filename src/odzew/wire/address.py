"""The addresses of SMPP: type of number, and octets, to one of our spellings (SMPP 3.4 s.5.2.5)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

INTERNATIONAL: Final = 1
NATIONAL: Final = 2
ALPHANUMERIC: Final = 5

_SHORT_CODE: Final = 6
"""Digits that no international number is as short as."""


_LONGEST_KEPT: Final = 20
"""Octets that an address has at most in a deliver_sm; a longer one is read, but not remembered."""


def read(ton: int, octets: bytes, national_prefix: str = "") -> str:
    """The address as `+` and digits, a short code as bare digits, all else as it is. Never fails.

    `national_prefix` is the country code for numbers of the type national; without one they stay as they are.
    """
    return _known(ton, octets, national_prefix) if len(octets) <= _LONGEST_KEPT else _spelled(ton, octets, national_prefix)


def _spelled(ton: int, octets: bytes, national_prefix: str) -> str:
    text = _text(octets)
    if ton == ALPHANUMERIC:
        return text
    plus = text.startswith("+")
    digits = text[1:] if plus else text
    if not (digits.isascii() and digits.isdigit()):
        return text
    if len(digits) <= _SHORT_CODE:
        return digits
    if plus:
        return text
    if ton == INTERNATIONAL:
        return "+" + digits.removeprefix("00")
    if ton == NATIONAL and national_prefix:
        return f"+{national_prefix.removeprefix('+')}{digits}"
    return text


# Few numbers receive most messages, and the parts of a message have one sender.
_known = lru_cache(maxsize=8192)(_spelled)


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")
