"""The GSM 7 bit alphabets, one septet in each octet: the default one (3GPP 23.038 6.2.1) and the national languages' (6.2.1.2)."""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import Final

from odzew.errors import WireError
from odzew.wire import national
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

EXTENSION: Final = national.EXTENSION

_ESCAPES: Final = re.compile(rb"(\x1b.?)", re.DOTALL)
_OVER_127: Final = REPLACEMENT * 128
_DEFAULT: Final = BASIC + _OVER_127
# Language -> its 256 characters by octet: a table of this shape is the fastest that the interpreter's own decoder has.
_CHARACTERS: Final = {0: _DEFAULT, **{language: table + _OVER_127 for language, table in national.LOCKING.items()}}


def decode(octets: bytes, locking: int = 0, single: int = 0) -> str:
    """The text of unpacked septets. `locking` and `single` are national language identifiers; 0, or one without a table: the default.

    An octet over 127, and a code that the table leaves open, are U+FFFD. An escape of nothing or of an escape is a space; one of a
    code that the single shift table leaves open shows the locking table's character (3GPP 23.038 6.2.1.1, 6.2.1.2.2).
    """
    table = _CHARACTERS.get(locking, _DEFAULT)
    if ESCAPE not in octets:
        return codecs.charmap_decode(octets, None, table)[0]
    out = _ESCAPES.split(octets)  # every second piece is an escape with the octet that follows it
    escaped = _escaped(locking, single)
    return "".join([escaped[piece] if index % 2 else codecs.charmap_decode(piece, None, table)[0] for index, piece in enumerate(out)])


def encode(text: str, locking: int = 0, single: int = 0) -> bytes:
    """Unpacked septets of `text`. WireError names the first character that the two tables do not have."""
    try:
        return b"".join(map(_octets(locking, single).__getitem__, text))
    except KeyError as missing:
        raise WireError(f"no character of the GSM 7 bit alphabet: U+{ord(missing.args[0]):04X}") from None


@cache
def _escaped(locking: int, single: int) -> dict[bytes, str]:
    """An escape, alone or with any octet behind it -> the character shown for it."""
    table, shifted = _CHARACTERS.get(locking, _DEFAULT), national.SINGLE.get(single, EXTENSION)
    return {b"\x1b": " ", **{bytes((ESCAPE, code)): shifted.get(code, table[code]) for code in range(256)}, b"\x1b\x1b": " "}


@cache
def _octets(locking: int, single: int) -> dict[str, bytes]:
    """Character -> its octets: of the locking table where that has it, else behind an escape; the lowest code of several."""
    table, shifted = _CHARACTERS.get(locking, _DEFAULT)[:128], national.SINGLE.get(single, EXTENSION)
    out: dict[str, bytes] = {}
    for code, character in enumerate(table):
        if code != ESCAPE and character != REPLACEMENT:
            out.setdefault(character, bytes((code,)))
    for code, character in sorted(shifted.items()):
        out.setdefault(character, bytes((ESCAPE, code)))
    return out
