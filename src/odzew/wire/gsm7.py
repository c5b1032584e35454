"""The GSM 7 bit default alphabet and its extension table (3GPP 23.038 6.2.1), one septet in each octet."""

from __future__ import annotations

from typing import Final

from odzew.errors import WireError
from odzew.wire.clean import REPLACEMENT

ESCAPE: Final = 0x1B

# 3GPP 23.038 6.2.1: sixteen rows of eight. The escape itself, met where it escapes nothing, is shown as a space.
# fmt: off
BASIC: Final = (
    "@£$¥èéùì"
    "òÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨ"
    "ΣΘΞ ÆæßÉ"
    " !\"#¤%&'"
    "()*+,-./"
    "01234567"
    "89:;<=>?"
    "¡ABCDEFG"
    "HIJKLMNO"
    "PQRSTUVW"
    "XYZÄÖÑÜ§"
    "¿abcdefg"
    "hijklmno"
    "pqrstuvw"
    "xyzäöñüà"
)
# fmt: on

# 3GPP 23.038 6.2.1.1
EXTENSION: Final[dict[int, str]] = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

_TO_CHARACTER: Final = (*BASIC, *(REPLACEMENT for _ in range(128)))
_TO_OCTETS: Final[dict[str, bytes]] = {
    **{character: bytes((ESCAPE, code)) for code, character in EXTENSION.items()},
    **{character: bytes((code,)) for code, character in enumerate(BASIC) if code != ESCAPE},
}


def decode(octets: bytes) -> str:
    """The text of unpacked septets. An octet over 127 is U+FFFD; an unknown escape shows the basic table's character."""
    if ESCAPE not in octets:
        return "".join(map(_TO_CHARACTER.__getitem__, octets))
    out: list[str] = []
    escaped = False
    for octet in octets:
        if escaped:
            out.append(EXTENSION.get(octet) or _TO_CHARACTER[octet])
            escaped = False
        elif octet == ESCAPE:
            escaped = True
        else:
            out.append(_TO_CHARACTER[octet])
    if escaped:
        out.append(_TO_CHARACTER[ESCAPE])
    return "".join(out)


def encode(text: str) -> bytes:
    """Unpacked septets of `text`. WireError names the first character that the alphabet does not have."""
    try:
        return b"".join(map(_TO_OCTETS.__getitem__, text))
    except KeyError as missing:
        raise WireError(f"no character of the GSM 7 bit alphabet: U+{ord(missing.args[0]):04X}") from None
