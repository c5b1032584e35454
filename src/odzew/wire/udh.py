"""The user data header in front of a short message's text (3GPP 23.040 9.2.3.24)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from odzew.errors import WireError
from odzew.model import Part
from odzew.wire import national

# Information element identifiers.
CONCATENATION_8: Final = 0x00
PORTS_8: Final = 0x04
PORTS_16: Final = 0x05
CONCATENATION_16: Final = 0x08
SINGLE_SHIFT: Final = 0x24
LOCKING_SHIFT: Final = 0x25

_SIZES: Final = {CONCATENATION_8: 3, PORTS_8: 2, PORTS_16: 4, CONCATENATION_16: 4, SINGLE_SHIFT: 1, LOCKING_SHIFT: 1}


class Ports(NamedTuple):
    """Application port addresses (3GPP 23.040 9.2.3.24.3 and .4)."""

    destination: int
    originator: int


class UserDataHeader(NamedTuple):
    """What a header says. `elements` are (identifier, octets) in order, also the unknown ones; `faults` are sentences for people.

    `locking` and `single` are national language identifiers that `wire.national` has tables for, else 0.
    """

    elements: tuple[tuple[int, bytes], ...] = ()
    part: Part | None = None
    ports: Ports | None = None
    locking: int = 0
    single: int = 0
    faults: tuple[str, ...] = ()


def parse(octets: bytes) -> tuple[UserDataHeader, int]:
    """The header at the start of `octets`, and where the text after it begins. WireError: it is longer than `octets`.

    Of elements that repeat or exclude each other the last one counts; one whose content is reserved is passed over; if the
    last one does not end with the header, none counts (all 3GPP 23.040 9.2.3.24).
    """
    if not octets:
        raise WireError("a user data header is announced, but there is no user data")
    end = octets[0] + 1
    if end > len(octets):
        raise WireError(f"the user data header has {end} octets, the user data only {len(octets)}")
    elements: list[tuple[int, bytes]] = []
    at = 1
    while at < end:
        start = at + 2
        at = start + octets[at + 1] if start <= end else end + 1
        if at > end:
            return UserDataHeader(faults=("the user data header does not end with an element; it is ignored",)), end
        elements.append((octets[start - 2], octets[start:at]))
    return _read(elements), end


def encode(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """The header of `elements` (identifier, octets), its length in front. ValueError: more than a header holds."""
    body = b"".join(bytes((identifier, len(value))) + value for identifier, value in elements)
    return bytes((len(body),)) + body


def concatenation(reference: int, total: int, number: int, *, wide: bool = False) -> tuple[int, bytes]:
    """The element that makes a message part `number` (from 1) of `total`. `wide`: with a 16-bit reference."""
    if wide:
        return CONCATENATION_16, reference.to_bytes(2, "big") + bytes((total, number))
    return CONCATENATION_8, bytes((reference, total, number))


def _read(elements: list[tuple[int, bytes]]) -> UserDataHeader:
    part: Part | None = None
    ports: Ports | None = None
    locking = single = 0
    faults: list[str] = []
    for identifier, value in elements:
        size = _SIZES.get(identifier)
        if size is None:
            continue
        if len(value) != size:
            faults.append(f"element 0x{identifier:02X} of the user data header has {len(value)} octets, not {size}; it is ignored")
        elif identifier in (CONCATENATION_8, CONCATENATION_16):
            total, number = value[-2:]
            if 1 <= number <= total:
                form = "u8" if identifier == CONCATENATION_8 else "u16"
                part = Part(f"{form}:{int.from_bytes(value[:-2], 'big')}", total, number)
            else:
                faults.append(f"part {number} of {total} makes no sense; it is ignored")
        elif identifier in (PORTS_8, PORTS_16):
            half = size // 2
            ports = Ports(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))
        elif identifier == LOCKING_SHIFT:
            locking = _language(value[0], national.LOCKING, faults)
        else:
            single = _language(value[0], national.SINGLE, faults)
    return UserDataHeader(tuple(elements), part, ports, locking, single, tuple(faults))


def _language(identifier: int, tables: Iterable[int], faults: list[str]) -> int:
    if identifier in tables:
        return identifier
    # 3GPP 23.040 9.2.3.24.15 and .16: a receiver without the table takes the default one.
    faults.append(f"no such national language table: {identifier}; the default one is used")
    return 0
