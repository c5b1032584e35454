"""Times as SMPP writes them: the absolute form of its fields, and the dates in receipts. Instants are `int` microseconds, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_QUARTER: Final = 15 * 60 * 1_000_000
_TENTH: Final = 100_000
_CENTURY: Final = 2000

# s.7.1.1: YYMMDDhhmmss, tenths, the offset from UTC in quarters of an hour, its sign.
_ABSOLUTE = re.compile(r"(\d{12})(\d)(\d\d)([+-])", re.ASCII)
_DASHED = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?(?:\.\d{1,9})?", re.ASCII)
# Twelve digits are tried as they should be first. Where they begin with a century instead, no such month exists.
_DIGITS: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?",
        r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?",
    )
)


def absolute(text: str) -> int | None:
    """The instant of the absolute form `YYMMDDhhmmsstnnp` (SMPP 3.4 s.7.1.1); None for the relative form, and for all else."""
    found = _ABSOLUTE.fullmatch(text)
    if found is None:
        return None
    digits, tenth, quarters, sign = found.groups()
    instant = _read(_DIGITS[0], digits)
    if instant is None or int(quarters) > 48:
        return None
    offset = int(quarters) * _QUARTER
    return instant + int(tenth) * _TENTH - (offset if sign == "+" else -offset)


@lru_cache(maxsize=1024)
def in_receipt(text: str) -> int | None:
    """The date in a receipt: YYMMDDhhmm (SMPP 3.4 appendix B), or with seconds, a century, dashes, or in the absolute form.

    Without an offset it is the message centre's own time of day, which nothing tells; it is read as UTC. None when unreadable.
    Cached, for the receipts of one minute have the same dates.
    """
    for pattern in (*_DIGITS, _DASHED):
        instant = _read(pattern, text)
        if instant is not None:
            return instant
    return absolute(text)


def _read(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    if year < 100:
        year += _CENTURY
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND if moment >= _EPOCH else None
