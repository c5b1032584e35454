"""Times as the contract writes them (contract 1, "times"). Instants are `int` microseconds since 1970, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from odzew.errors import WireError

_SECOND: Final = 1_000_000
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR: Final = 1970

_LOCAL = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?", re.ASCII)
_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
_LONGEST: Final = 64


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name such as `Europe/Warsaw`. WireError when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # KeyError: not found; ValueError: no name at all, or one that climbs out; OSError: the name of a folder of zones.
        raise WireError(f"unknown time zone: {name[:_LONGEST]!r}") from None


def render(instant: int, zone: str) -> str:
    """`YYYY-MM-DD HH:MM:SS` in `zone`, the fraction of a second cut off. WireError outside the years 1 to 9999."""
    return _second(instant // _SECOND, zone)


@lru_cache(maxsize=4096)
def _second(second: int, zone: str) -> str:
    try:
        # One conversion in C costs as little as any cache of offsets, and is right in zones with odd ones.
        return datetime.fromtimestamp(second, zone_of(zone)).isoformat(" ")[:19]
    except (ValueError, OverflowError, OSError):
        raise WireError("an instant that no calendar has") from None


def parse_from(text: str, zone: str) -> int:
    """The first instant that `text` names; a bare date is the start of that day.

    In a repeated hour it is the earlier of the two; a skipped time moves forward. WireError when unreadable.
    """
    local, _ = _local(text)
    return _to_utc(local, zone_of(zone))


def parse_to(text: str, zone: str) -> int:
    """The last microsecond that `text` names: of its second, or for a bare date of that day.

    In a repeated hour it is the later of the two; a skipped time moves forward. WireError when unreadable.
    """
    local, bare = _local(text)
    if bare:
        local = local.replace(hour=23, minute=59, second=59)
    where = zone_of(zone)
    # In a skipped hour the second reading is the one that moves back (PEP 495), so the later one is right there too.
    return max(_to_utc(local, where), _to_utc(local.replace(fold=1), where)) + _SECOND - 1


def parse_rfc3339(text: str) -> int:
    """The instant of an RFC 3339 date-time; the offset is required, digits past the microsecond are cut off.

    A leap second counts as the first of the next minute. WireError when unreadable.
    """
    found = _RFC3339.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise WireError("not a time of RFC 3339 with an offset")
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = found.groups()
    leap = second == "60"
    moment = _moment(int(year), int(month), int(day), int(hour), int(minute), 59 if leap else int(second))
    if sign and (int(offset_hours) > 23 or int(offset_minutes) > 59):
        raise WireError("not an offset from UTC")
    offset = int(f"{sign}{int(offset_hours) * 60 + int(offset_minutes)}") * 60 * _SECOND if sign else 0
    micros = _SECOND if leap else int((fraction or "0")[:6].ljust(6, "0"))
    return _since_epoch(moment) + micros - offset


def _local(text: str) -> tuple[datetime, bool]:
    """The wall time that `text` names, as if it were UTC, and whether it is a bare date."""
    found = _LOCAL.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        raise WireError("not a time like 2014-10-21 11:18:03")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return _moment(year, month, day, hour, minute, second), found[4] is None


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise WireError("no such day or time of day") from None
    if year < _FIRST_YEAR:
        raise WireError("a time before 1970")
    return moment


def _to_utc(local: datetime, zone: ZoneInfo) -> int:
    offset = local.replace(tzinfo=zone).utcoffset() or timedelta(0)
    return _since_epoch(local) - offset // _MICROSECOND


def _since_epoch(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
