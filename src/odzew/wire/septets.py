"""Septets packed into octets and back (3GPP 23.038 6.1.2.1.1): the first septet lies in the low bits of the first octet."""

from __future__ import annotations

from typing import Final

_CR: Final = 0x0D

# Seven octets hold eight septets. Each step halves a field of 56, 28 or 14 bits and moves its upper half up by 4, 2 or 1 bits,
# so that after three steps each septet has an octet of its own.
_LOW_28: Final = 0x0FFF_FFFF
_LOW_14: Final = 0x0000_3FFF_0000_3FFF
_LOW_7: Final = 0x007F_007F_007F_007F


def fill_bits(octets: int) -> int:
    """How many bits (0 to 6) follow a header of `octets` so that the text starts at a septet (3GPP 23.040 9.2.3.24)."""
    return -8 * octets % 7


def unpack(octets: bytes, fill: int = 0, count: int | None = None) -> bytes:
    """One septet in each octet. `fill` bits (0 to 6) are left out first; `count` is the number of septets, where it is known.

    Where it is not, a last septet that ends with the last octet is padding if it is 0 (the seven bits left over by 8n-1
    septets) or CR (3GPP 23.038 6.1.2.3.1). A real `@` at that place is lost: nothing on the wire tells the two apart.
    A `count` over what is there gives what is there.
    """
    whole = max(0, len(octets) * 8 - fill) // 7
    if fill:
        octets = (int.from_bytes(octets, "little") >> fill).to_bytes(len(octets), "little")
    out = bytearray()
    for start in range(0, len(octets), 7):
        bits = int.from_bytes(octets[start : start + 7], "little")
        bits = bits & _LOW_28 | (bits & ~_LOW_28) << 4
        bits = bits & _LOW_14 | (bits & _LOW_14 << 14) << 2
        bits = bits & _LOW_7 | (bits & _LOW_7 << 7) << 1
        out += bits.to_bytes(8, "little")
    del out[whole if count is None else min(count, whole) :]
    if count is None and out and whole * 7 + fill == len(octets) * 8 and out[-1] in (0, _CR):
        del out[-1]
    return bytes(out)


def pack(septets: bytes, fill: int = 0) -> bytes:
    """The octets of `septets` (0 to 127, one in each octet) after `fill` zero bits; what is left over is zero."""
    out = bytearray()
    for start in range(0, len(septets), 8):
        eight = septets[start : start + 8]
        bits = int.from_bytes(eight, "little")
        bits = bits & _LOW_7 | bits >> 1 & _LOW_7 << 7
        bits = bits & _LOW_14 | bits >> 2 & _LOW_14 << 14
        bits = bits & _LOW_28 | bits >> 4 & _LOW_28 << 28
        out += bits.to_bytes(7, "little")
    size = (len(septets) * 7 + fill + 7) // 8
    return (int.from_bytes(out, "little") << fill).to_bytes(max(size, len(out) + 1), "little")[:size]
