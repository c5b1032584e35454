"""Packed septets, held against a packer that works bit by bit, and against packed texts as they are published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire import gsm7, septets

SEPTETS = st.binary().map(lambda octets: bytes(octet & 0x7F for octet in octets))
FILL = st.integers(0, 6)

PUBLISHED = (
    ("", ""),
    ("a", "61"),
    ("Hello", "C8329BFD06"),
    ("hellohello", "E8329BFD4697D9EC37"),
    ("How are you?", "C8F71D14969741F977FD07"),
    ("€", "9B32"),
    ("12345678", "31D98C56B3DD70"),
)

# 3GPP 23.040 9.2.3.24: so many octets of header, its length octet counted -> so many bits until the next septet.
FILL_BITS = ((0, 0), (1, 6), (4, 3), (5, 2), (6, 1), (7, 0), (8, 6), (12, 2), (13, 1), (14, 0), (140, 0))

# Octets, fill bits, count or None -> the septets.
UNPACKED = (
    ("31D98C56B3DD70", 0, None, "3132333435363738"),  # 56 bits: eight septets, the last one a digit
    ("31D98C56B3DD00", 0, None, "31323334353637"),  # seven, and seven bits of padding
    ("31D98C56B3DD00", 0, 8, "3132333435363700"),  # counted: the last one is a commercial at
    ("31D98C56B3DD00", 0, 7, "31323334353637"),
    ("31D98C56B3DD1A", 0, None, "31323334353637"),  # padded with CR (3GPP 23.038 6.1.2.3.1)
    ("31D98C56B3DD1A", 0, 8, "313233343536370D"),
    ("31D98C56B3DD1A0D", 0, None, "313233343536370D0D"),  # a CR that is meant: written twice, and not at the end of the octets
    ("0000", 0, None, "0000"),  # two bits left over: nothing to doubt
    ("00", 0, None, "00"),
    ("00", 1, None, ""),  # exactly one septet, and it may be padding
    ("00", 1, 1, "00"),
    ("00", 1, 0, ""),
    ("C2", 1, None, "61"),
    ("31D98C56B3DD70", 0, 3, "313233"),
    ("31D98C56B3DD70", 0, 99, "3132333435363738"),  # more announced than there are
    ("", 0, None, ""),
    ("", 6, None, ""),
    ("", 0, 5, ""),
    ("FF", 6, None, ""),
    ("FFFF", 0, None, "7F7F"),
)


def bit_by_bit(values: bytes, fill: int) -> bytes:
    """The definition: each septet's lowest bit first, eight bits to an octet, zeros to the end."""
    bits = "0" * fill + "".join(f"{value:07b}"[::-1] for value in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


@pytest.mark.parametrize(("text", "packed"), PUBLISHED)
def test_published_texts(text: str, packed: str) -> None:
    assert septets.pack(gsm7.encode(text)) == bytes.fromhex(packed)
    assert gsm7.decode(septets.unpack(bytes.fromhex(packed))) == text


@pytest.mark.parametrize(("header", "bits"), FILL_BITS)
def test_fill_bits(header: int, bits: int) -> None:
    assert septets.fill_bits(header) == bits
    assert (header * 8 + bits) % 7 == 0


@pytest.mark.parametrize(("octets", "fill", "count", "unpacked"), UNPACKED)
def test_unpack(octets: str, fill: int, count: int | None, unpacked: str) -> None:
    assert septets.unpack(bytes.fromhex(octets), fill, count) == bytes.fromhex(unpacked)


@given(SEPTETS, FILL)
def test_pack_is_the_definition(values: bytes, fill: int) -> None:
    assert septets.pack(values, fill) == bit_by_bit(values, fill)


@given(SEPTETS, FILL)
def test_a_counted_text_comes_back_whole(values: bytes, fill: int) -> None:
    assert septets.unpack(septets.pack(values, fill), fill, len(values)) == values


@given(SEPTETS, FILL)
def test_an_uncounted_text_comes_back_but_for_a_last_at_or_cr(values: bytes, fill: int) -> None:
    back = septets.unpack(septets.pack(values, fill), fill)
    if (len(values) * 7 + fill) % 8 == 0 and values[-1:] in (b"\x00", b"\r"):
        values = values[:-1]
    assert back == values


@given(st.binary(), FILL, st.none() | st.integers(0, 400))
def test_any_octets_give_septets(octets: bytes, fill: int, count: int | None) -> None:
    out = septets.unpack(octets, fill, count)
    assert all(octet < 128 for octet in out)
    assert len(out) * 7 + fill <= len(octets) * 8 or not out
    assert count is None or len(out) <= count


@given(st.binary(), FILL)
def test_what_lies_before_the_text_does_not_matter(octets: bytes, fill: int) -> None:
    cleared = bytes((octets[0] >> fill << fill,)) + octets[1:] if octets else octets
    assert septets.unpack(octets, fill) == septets.unpack(cleared, fill)


def test_a_whole_part_of_160_and_153_septets() -> None:
    assert len(septets.pack(bytes(160))) == 140
    assert len(septets.pack(bytes(153), septets.fill_bits(6))) == 134
    assert septets.unpack(bytes(140), 0, 160) == bytes(160)
    assert septets.unpack(bytes(134), 1, 153) == bytes(153)


def test_a_megabyte_is_unpacked() -> None:
    """A hostile payload costs in proportion to its length."""
    values = bytes(range(1, 128)) * 9000
    assert septets.unpack(septets.pack(values, 3), 3, len(values)) == values
