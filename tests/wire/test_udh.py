"""The user data header: what each element says, and what is passed over (3GPP 23.040 9.2.3.24)."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.model import Part
from odzew.wire import udh

# Header in hex, what it says.
PARTS = (
    ("05 00 03 11 03 02", Part("u8:17", 3, 2)),
    ("06 08 04 10 01 03 02", Part("u16:4097", 3, 2)),
    ("05 00 03 00 01 01", Part("u8:0", 1, 1)),
    ("05 00 03 FF FF FF", Part("u8:255", 255, 255)),
    ("06 08 04 FF FF FF 01", Part("u16:65535", 255, 1)),
    ("05 00 03 11 00 00", None),  # total 0: the element is ignored (9.2.3.24.1)
    ("05 00 03 11 00 01", None),
    ("05 00 03 11 03 00", None),  # number 0
    ("05 00 03 11 03 04", None),  # number over total
    ("04 00 02 11 03", None),  # too short
    ("06 00 04 11 03 02 00", None),  # too long
    ("05 08 03 11 03 02", None),
    ("0B 05 04 0B 84 23 F0 00 03 11 03 02", Part("u8:17", 3, 2)),  # behind the ports
    ("0A 00 03 11 03 02 00 03 12 04 01", Part("u8:18", 4, 1)),  # repeated: the last counts
    ("0B 00 03 11 03 02 08 04 10 01 04 01", Part("u16:4097", 4, 1)),  # both widths: the last counts
    ("0B 08 04 10 01 04 01 00 03 11 03 02", Part("u8:17", 3, 2)),
    ("0A 00 03 11 03 02 00 03 12 00 00", Part("u8:17", 3, 2)),  # the last one is ignored: the one before it counts
)

PORTS = (
    ("06 05 04 0B 84 23 F0", (2948, 9200)),
    ("04 04 02 F0 0A", (240, 10)),
    ("0A 05 04 0B 84 23 F0 04 02 F0 0A", (240, 10)),
    ("0A 04 02 F0 0A 05 04 0B 84 23 F0", (2948, 9200)),
    ("05 05 03 0B 84 23", None),
    ("00", None),
)

# Header, locking table, single shift table.
LANGUAGES = (
    ("03 25 01 01", 1, 0),
    ("03 24 01 02", 0, 2),
    ("06 24 01 03 25 01 03", 3, 3),
    ("06 25 01 0D 24 01 06", 13, 6),
    ("06 25 01 01 25 01 03", 3, 0),
    ("03 25 01 02", 0, 0),  # Spanish has no locking table
    ("03 25 01 00", 0, 0),
    ("03 24 01 0E", 0, 0),
    ("03 24 01 FF", 0, 0),
    ("04 24 02 01 01", 0, 0),
    ("02 24 00", 0, 0),
)

IGNORED = (
    "01 00",  # a length is missing
    "02 00 03",  # an element goes over the end
    "06 00 03 11 03 02 00",  # a lone octet is left
    "07 00 03 11 03 02 25 01",
    "05 00 04 11 03 02",
)

OVERRUNS = ("", "01", "05 00 03 11 03", "FF 00", "06 08 04 10 01 03")


def parsed(header: str) -> udh.UserDataHeader:
    octets = bytes.fromhex(header)
    found, end = udh.parse(octets + b"text")
    assert end == len(octets)
    return found


@pytest.mark.parametrize(("header", "part"), PARTS)
def test_part(header: str, part: Part | None) -> None:
    assert parsed(header).part == part


@pytest.mark.parametrize(("header", "ports"), PORTS)
def test_ports(header: str, ports: tuple[int, int] | None) -> None:
    found = parsed(header).ports
    assert found == ports
    assert found is None or (found.destination, found.originator) == ports


@pytest.mark.parametrize(("header", "locking", "single"), LANGUAGES)
def test_languages(header: str, locking: int, single: int) -> None:
    found = parsed(header)
    assert (found.locking, found.single) == (locking, single)
    assert bool(found.faults) == ((locking, single) == (0, 0))


@pytest.mark.parametrize("header", IGNORED)
def test_a_header_that_does_not_end_with_an_element_is_ignored_whole(header: str) -> None:
    found = parsed(header)
    assert found == udh.UserDataHeader(faults=found.faults)
    assert "ignored" in found.faults[0]


@pytest.mark.parametrize("header", OVERRUNS)
def test_a_header_longer_than_the_user_data(header: str) -> None:
    with pytest.raises(WireError, match="user data"):
        udh.parse(bytes.fromhex(header))


@pytest.mark.parametrize("header", [header for header, part in PARTS if part is None])
def test_an_element_that_makes_no_sense_is_said(header: str) -> None:
    assert "ignored" in parsed(header).faults[0]


def test_an_unknown_language_is_said_by_its_number() -> None:
    assert "14" in parsed("03 24 01 0E").faults[0]


def test_an_empty_header() -> None:
    assert udh.parse(b"\0text") == (udh.UserDataHeader(), 1)


def test_elements_are_kept_in_order_also_unknown_ones() -> None:
    found = parsed("0B 70 02 AA BB 00 03 11 03 02 A0 00")
    assert found.elements == ((0x70, b"\xaa\xbb"), (0x00, b"\x11\x03\x02"), (0xA0, b""))
    assert found.part == Part("u8:17", 3, 2)
    assert not found.faults


def test_elements_in_every_order() -> None:
    elements = ((0x00, b"\x11\x03\x02"), (0x05, b"\x0b\x84\x23\xf0"), (0x25, b"\x01"), (0x24, b"\x03"), (0x70, b"?"))
    for order in permutations(elements):
        found, _ = udh.parse(udh.encode(order))
        assert (found.part, found.ports, found.locking, found.single) == (Part("u8:17", 3, 2), (2948, 9200), 1, 3)
        assert found.elements == order


@pytest.mark.parametrize(
    ("reference", "wide", "octets"),
    ((17, False, "05 00 03 11 03 02"), (4097, True, "06 08 04 10 01 03 02"), (17, True, "06 08 04 00 11 03 02")),
)
def test_concatenation(reference: int, wide: bool, octets: str) -> None:
    assert udh.encode([udh.concatenation(reference, 3, 2, wide=wide)]) == bytes.fromhex(octets)


ELEMENTS = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=20)), max_size=11)


@given(ELEMENTS, st.binary())
def test_what_was_encoded_is_parsed(elements: list[tuple[int, bytes]], text: bytes) -> None:
    header = udh.encode(elements)
    found, end = udh.parse(header + text)
    assert end == len(header)
    assert found.elements == tuple(elements)


@given(st.binary())
def test_any_octets_give_a_header_or_a_wire_error(octets: bytes) -> None:
    try:
        found, end = udh.parse(octets)
    except WireError:
        assert not octets or octets[0] >= len(octets)
        return
    assert end == octets[0] + 1
    assert found.part is None or 1 <= found.part.number <= found.part.total <= 255


@given(st.data(), ELEMENTS)
def test_a_damaged_header_gives_a_header_or_a_wire_error(data: st.DataObject, elements: list[tuple[int, bytes]]) -> None:
    octets = bytearray(udh.encode(elements) + b"text")
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] = data.draw(st.integers(0, 255))
    try:
        _, end = udh.parse(bytes(octets))
    except WireError:
        return
    assert end <= len(octets)
