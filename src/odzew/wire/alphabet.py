"""The octets of a text message, decoded by what the network says of them: a charset's name, or a data coding."""

from __future__ import annotations

from typing import Final

from odzew.wire import clean, gsm7

GSM: Final = "gsm"
BINARY: Final = "binary"

_CHARSETS: Final[dict[str, tuple[str, ...]]] = {
    GSM: ("GSM", "GSM7", "GSM0338", "GSM-7", "GSM-7BIT", "GSM 03.38", "GSM-03.38", "GSM_03.38", "SMSC-DEFAULT", "7-BIT", "7BIT"),
    BINARY: ("BINARY", "8-BIT", "8BIT", "OCTET"),
    "utf-8": ("UTF-8", "UTF8", "UNICODE-1-1-UTF-8"),
    "utf-16-be": ("UTF-16BE", "UTF16BE", "UTF16-BE", "UCS-2", "UCS2", "UCS-2BE", "ISO-10646-UCS-2", "UNICODE"),
    "utf-16-le": ("UTF-16LE", "UTF16LE", "UCS-2LE", "UNICODELITTLE"),
    "utf-16": ("UTF-16", "UTF16"),
    "ascii": ("ASCII", "US-ASCII", "ISO646-US", "ANSI_X3.4-1968"),
    "latin-1": ("ISO-8859-1", "ISO8859-1", "ISO_8859-1", "LATIN1", "LATIN-1", "L1"),
    "iso8859-2": ("ISO-8859-2", "ISO8859-2", "ISO_8859-2", "LATIN2", "LATIN-2", "L2"),
    "iso8859-15": ("ISO-8859-15", "ISO8859-15", "LATIN9", "LATIN-9"),
    **{f"iso8859-{part}": (f"ISO-8859-{part}", f"ISO8859-{part}") for part in (3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 16)},
    **{f"cp{page}": (f"WINDOWS-{page}", f"CP{page}", f"CP-{page}") for page in range(1250, 1259)},
    "koi8-r": ("KOI8-R", "KOI8R"),
}
# Only these names reach Python's codecs: some of those are no charsets, and some take quadratic time.
_CODEC_OF: Final = {name: codec for codec, names in _CHARSETS.items() for name in names}

# What a coding means when no charset is given. Kannel hands out 7 bit texts as UTF-8 (userguide, escape codes %c and %C).
_CODEC_OF_CODING: Final[dict[int | None, str]] = {None: "utf-8", 0: "utf-8", 1: BINARY, 2: "utf-16-be"}


def decode(octets: bytes, charset: str | None, coding: int | None) -> tuple[str, bool]:
    """The text of `octets`, and whether it is binary: then the text is the octets as upper-case hex.

    `coding` is Kannel's: 0 seven bit, 1 binary, 2 UCS-2; None or any other number leaves it to the charset. A charset
    that is given wins, but over binary. What cannot be decoded becomes U+FFFD, or hex where the charset is unknown.
    """
    codec = _codec(charset, coding)
    if codec == GSM:
        return clean.text(gsm7.decode(octets)), False
    if codec == BINARY:
        return octets.hex().upper(), True
    return clean.text(octets.decode(_byte_order(codec, octets), "replace")), False


def _codec(charset: str | None, coding: int | None) -> str:
    if coding == 1:
        return BINARY
    name = (charset or "").strip().upper()
    if name:
        return _CODEC_OF.get(name, BINARY)
    return _CODEC_OF_CODING.get(coding, "utf-8")


def _byte_order(codec: str, octets: bytes) -> str:
    # RFC 2781 4.3: without a mark UTF-16 is big-endian; Python would take the machine's own order.
    if codec == "utf-16" and octets[:2] not in (b"\xfe\xff", b"\xff\xfe"):
        return "utf-16-be"
    return codec
