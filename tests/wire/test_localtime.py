"""Times of the contract: local, inclusive, and right in the two odd hours of a year."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew import clock
from odzew.errors import WireError
from odzew.wire import localtime

WARSAW = "Europe/Warsaw"
EPOCH = datetime.fromisoformat("1970-01-01")
ZONES = (WARSAW, "UTC", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Monrovia", "America/St_Johns")


def utc(text: str) -> int:
    """The instant of an ISO time in UTC, by the standard library."""
    return clock.from_datetime(datetime.fromisoformat(text + "+00:00"))


RENDERED = (
    ("2014-10-21T09:18:03", WARSAW, "2014-10-21 11:18:03"),  # the documentation's sample
    ("2014-10-21T09:18:03.999999", WARSAW, "2014-10-21 11:18:03"),
    ("2014-01-01T00:00:00", WARSAW, "2014-01-01 01:00:00"),
    ("2014-10-26T00:30:00", WARSAW, "2014-10-26 02:30:00"),
    ("2014-10-26T01:30:00", WARSAW, "2014-10-26 02:30:00"),  # the repeated hour
    ("2014-03-30T00:59:59", WARSAW, "2014-03-30 01:59:59"),
    ("2014-03-30T01:00:00", WARSAW, "2014-03-30 03:00:00"),  # the skipped hour
    ("1970-01-01T00:00:00", "UTC", "1970-01-01 00:00:00"),
    ("1969-12-31T23:59:59.5", "UTC", "1969-12-31 23:59:59"),
    ("1972-01-07T00:44:29", "Africa/Monrovia", "1972-01-06 23:59:59"),  # an offset with seconds in it
    ("2026-06-01T12:00:00", "Asia/Kathmandu", "2026-06-01 17:45:00"),
)

# text, zone, the first instant, the last second
READ = (
    ("2014-10-21 11:18:03", WARSAW, "2014-10-21T09:18:03", "2014-10-21T09:18:03"),
    ("2014-10-21T11:18:03", WARSAW, "2014-10-21T09:18:03", "2014-10-21T09:18:03"),
    (" 2014-10-21 11:18:03 ", WARSAW, "2014-10-21T09:18:03", "2014-10-21T09:18:03"),
    ("2014-10-21", WARSAW, "2014-10-20T22:00:00", "2014-10-21T21:59:59"),
    ("2014-10-26", WARSAW, "2014-10-25T22:00:00", "2014-10-26T22:59:59"),  # a day of 25 hours
    ("2014-03-30", WARSAW, "2014-03-29T23:00:00", "2014-03-30T21:59:59"),  # a day of 23 hours
    ("2014-10-26 02:30:00", WARSAW, "2014-10-26T00:30:00", "2014-10-26T01:30:00"),  # repeated: earlier, later
    ("2014-10-26 02:00:00", WARSAW, "2014-10-26T00:00:00", "2014-10-26T01:00:00"),
    ("2014-10-26 03:00:00", WARSAW, "2014-10-26T02:00:00", "2014-10-26T02:00:00"),
    ("2014-03-30 02:30:00", WARSAW, "2014-03-30T01:30:00", "2014-03-30T01:30:00"),  # skipped: forward
    ("2014-03-30 03:00:00", WARSAW, "2014-03-30T01:00:00", "2014-03-30T01:00:00"),
    ("2016-10-16", "America/Sao_Paulo", "2016-10-16T03:00:00", "2016-10-17T01:59:59"),  # midnight itself was skipped
    ("1970-01-01", "UTC", "1970-01-01T00:00:00", "1970-01-01T23:59:59"),
    ("2016-02-29", "UTC", "2016-02-29T00:00:00", "2016-02-29T23:59:59"),
    ("9999-12-31", "UTC", "9999-12-31T00:00:00", "9999-12-31T23:59:59"),
)

UNREADABLE = (
    "", " ", "2014", "2014-02-30", "2014-13-01", "2014-00-10", "2014-1-1", "0000-01-01", "1969-12-31", "1969-12-31 23:59:59",
    "10000-01-01", "2014-10-21 24:00:00", "2014-10-21 23:60:00", "2014-10-21 23:59:60", "2014-10-21 11:18", "2014-10-21 11:18:03.5",
    "2014-10-21 11:18:03Z", "2014-10-21 11:18:03 +02:00", "2014-10-21  11:18:03", "2014-10-21\n11:18:03", "2014-10-21 11:18:03 x",
    "21-10-2014", "2014/10/21", "-2014-10-21", "٢٠١٤-١٠-٢١", "2014-10-21\0", "yesterday", "\ud800", " " * 1000 + "2014-10-21",
)  # fmt: skip

RFC3339 = (
    ("2014-10-21T09:18:03Z", "2014-10-21T09:18:03"),
    ("2014-10-21t09:18:03z", "2014-10-21T09:18:03"),
    ("2014-10-21 09:18:03Z", "2014-10-21T09:18:03"),
    ("2014-10-21T11:18:03+02:00", "2014-10-21T09:18:03"),
    ("2014-10-21T05:48:03-03:30", "2014-10-21T09:18:03"),
    ("2014-10-21T09:18:03-00:00", "2014-10-21T09:18:03"),
    ("2014-10-21T09:18:03.5Z", "2014-10-21T09:18:03.500000"),
    ("2014-10-21T09:18:03.123456789Z", "2014-10-21T09:18:03.123456"),
    ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),  # the leap second
    ("1970-01-01T00:00:00+23:59", "1969-12-31T00:01:00"),
)

NOT_RFC3339 = (
    "", "2014-10-21", "2014-10-21T09:18:03", "2014-10-21 09:18:03", "2014-10-21T09:18:03+0200", "2014-10-21T09:18:03+24:00",
    "2014-10-21T09:18:03+02:60", "2014-02-30T00:00:00Z", "2014-10-21T09:18:61Z", "2014-10-21T25:18:00Z", "1969-01-01T00:00:00Z",
    "2014-10-21T09:18:03.Z", "2014-10-21T09:18:03ZZ", "2014-10-21T09:18:03.1" + "0" * 60 + "Z", "２014-10-21T09:18:03Z",
)  # fmt: skip


@pytest.mark.parametrize(("instant", "zone", "shown"), RENDERED)
def test_render(instant: str, zone: str, shown: str) -> None:
    assert localtime.render(utc(instant), zone) == shown


@pytest.mark.parametrize(("text", "zone", "first", "last"), READ)
def test_read(text: str, zone: str, first: str, last: str) -> None:
    assert localtime.parse_from(text, zone) == utc(first)
    assert localtime.parse_to(text, zone) == utc(last) + 999_999


@pytest.mark.parametrize("text", UNREADABLE)
def test_unreadable(text: str) -> None:
    with pytest.raises(WireError):
        localtime.parse_from(text, WARSAW)
    with pytest.raises(WireError):
        localtime.parse_to(text, WARSAW)


@pytest.mark.parametrize(("text", "instant"), RFC3339)
def test_rfc3339(text: str, instant: str) -> None:
    assert localtime.parse_rfc3339(text) == utc(instant)


@pytest.mark.parametrize("text", NOT_RFC3339)
def test_not_rfc3339(text: str) -> None:
    with pytest.raises(WireError):
        localtime.parse_rfc3339(text)


@pytest.mark.parametrize(
    "name", ("", "Mars/Olympus", "Europe", "../Europe/Warsaw", "/Europe/Warsaw", "Europe/Warsaw\0", "\ud800", "x" * 9000)
)
def test_unknown_zone(name: str) -> None:
    with pytest.raises(WireError):
        localtime.zone_of(name)
    with pytest.raises(WireError):
        localtime.render(0, name)


@pytest.mark.parametrize("instant", (2**63 - 1, -(2**63), 10**30, -62_135_596_800_000_001 * 10))
def test_an_instant_that_no_calendar_has(instant: int) -> None:
    with pytest.raises(WireError):
        localtime.render(instant, WARSAW)


SECONDS = st.integers(86_400, int(datetime.fromisoformat("9998-12-31T00:00:00+00:00").timestamp()))


@given(SECONDS, st.sampled_from(ZONES))
def test_what_is_shown_is_read_as_an_interval_around_it(second: int, zone: str) -> None:
    instant = second * clock.SECOND
    shown = localtime.render(instant, zone)
    assert localtime.parse_from(shown, zone) <= instant <= localtime.parse_to(shown, zone)
    assert shown == (clock.to_datetime(instant).astimezone(ZoneInfo(zone))).strftime("%Y-%m-%d %H:%M:%S")


@given(st.datetimes(EPOCH), st.sampled_from(ZONES))
def test_every_wall_time_is_a_growing_interval(wall: datetime, zone: str) -> None:
    text = wall.isoformat(" ")[:19]
    first, last = localtime.parse_from(text, zone), localtime.parse_to(text, zone)
    assert 999_999 <= last - first <= 2 * clock.HOUR
    day_first, day_last = localtime.parse_from(text[:10], zone), localtime.parse_to(text[:10], zone)
    assert day_first <= first
    assert last <= day_last
    assert day_last - day_first < 2 * clock.DAY


@given(st.datetimes(EPOCH, timezones=st.timezones()))
def test_rfc3339_reads_what_the_standard_library_writes(moment: datetime) -> None:
    offset = moment.utcoffset() or timedelta(0)
    if offset % timedelta(minutes=1):  # RFC 3339 has no seconds in an offset
        return
    since_epoch = moment.replace(tzinfo=None) - EPOCH - offset
    assert localtime.parse_rfc3339(moment.isoformat()) == since_epoch // timedelta(microseconds=1)


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([zZ]|[+-]\d\d:\d\d)?"), st.sampled_from(ZONES))
def test_any_text_is_a_time_or_a_wire_error(text: str, zone: str) -> None:
    read: tuple[Callable[[], int], ...] = (
        lambda: localtime.parse_from(text, zone),
        lambda: localtime.parse_to(text, zone),
        lambda: localtime.parse_rfc3339(text),
    )
    for reader in read:
        with suppress(WireError):
            assert reader() > -clock.DAY
