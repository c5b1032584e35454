"""Addresses of SMPP by their type of number (SMPP 3.4 s.5.2.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire import address

UNKNOWN, INTERNATIONAL, NATIONAL, NETWORK, SUBSCRIBER, ALPHANUMERIC, ABBREVIATED = range(7)

ADDRESSES = (
    # type of number, octets, prefix of national numbers, address
    (INTERNATIONAL, b"48500600700", "", "+48500600700"),
    (INTERNATIONAL, b"+48500600700", "", "+48500600700"),
    (INTERNATIONAL, b"0048500600700", "", "+48500600700"),
    (INTERNATIONAL, b"48500600700", "+48", "+48500600700"),
    (NATIONAL, b"500600700", "", "500600700"),
    (NATIONAL, b"500600700", "48", "+48500600700"),
    (NATIONAL, b"500600700", "+48", "+48500600700"),
    (NATIONAL, b"+48500600700", "+48", "+48500600700"),
    (UNKNOWN, b"48500600700", "+48", "48500600700"),
    (UNKNOWN, b"500600700", "+48", "500600700"),
    (UNKNOWN, b"+48500600700", "", "+48500600700"),
    (NETWORK, b"500600700", "+48", "500600700"),
    (SUBSCRIBER, b"500600700", "+48", "500600700"),
    (7, b"48500600700", "", "48500600700"),
    (255, b"48500600700", "", "48500600700"),
    # short codes, whatever type they are given
    (INTERNATIONAL, b"71200", "+48", "71200"),
    (NATIONAL, b"71200", "+48", "71200"),
    (NETWORK, b"7120", "+48", "7120"),
    (ABBREVIATED, b"112", "+48", "112"),
    (INTERNATIONAL, b"601234", "", "601234"),
    (INTERNATIONAL, b"+71200", "", "71200"),
    (INTERNATIONAL, b"6834000", "", "+6834000"),
    # names
    (ALPHANUMERIC, b"BANK", "+48", "BANK"),
    (ALPHANUMERIC, b"71200", "+48", "71200"),
    (ALPHANUMERIC, b"500600700", "+48", "500600700"),
    (ALPHANUMERIC, "Łódź".encode(), "", "Łódź"),
    (ALPHANUMERIC, b"Caf\xe9", "", "Café"),
    (INTERNATIONAL, b"BANK", "+48", "BANK"),
    (INTERNATIONAL, b"48 500-600", "+48", "48 500-600"),
    # what no network ought to send
    (INTERNATIONAL, b"", "", ""),
    (INTERNATIONAL, b"+", "", "+"),
    (INTERNATIONAL, b"++48500600700", "", "++48500600700"),
    (INTERNATIONAL, "٤٨٥٠٠٦٠٠٧٠٠".encode(), "", "٤٨٥٠٠٦٠٠٧٠٠"),
    (INTERNATIONAL, b"4" * 300, "", "+" + "4" * 300),
    (INTERNATIONAL, b"\x01\xff", "", "\x01ÿ"),
)


@pytest.mark.parametrize(("ton", "octets", "prefix", "expected"), ADDRESSES)
def test_addresses(ton: int, octets: bytes, prefix: str, expected: str) -> None:
    assert address.read(ton, octets, prefix) == expected


@given(st.integers(0, 255), st.binary(max_size=70), st.sampled_from(["", "48", "+48"]))
def test_any_octets_are_an_address(ton: int, octets: bytes, prefix: str) -> None:
    assert bool(address.read(ton, octets, prefix)) == bool(octets)
