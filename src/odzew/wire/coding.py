"""What an SMPP data_coding says of the octets beside it, and what a source's own settings say of it.

Two standards share the octet: SMPP 3.4 s.5.2.19 gives 0x00 to 0x0F, 3GPP 23.038 s.4 the groups above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

GSM7: Final = "gsm7"
BINARY: Final = "binary"
UNKNOWN: Final = "unknown"
UTF_16: Final = MappingProxyType({"big": "utf-16-be", "little": "utf-16-le"})

_PACKED: Final = "gsm7-packed"
_UCS2: Final = "ucs2"
DEFAULT_ALPHABETS: Final = (GSM7, _PACKED, "latin1", "ascii", "utf8", _UCS2)
"""What a source may mean by its default alphabet (data_coding 0)."""
WORDS: Final = (
    GSM7, "ascii", "latin1", "utf8", *UTF_16.values(), BINARY, "iso8859-2", "iso8859-5", "iso8859-8", "cp1250", "cp1252",
    "shift_jis", "iso2022_jp", "euc_jp", "euc_kr", UNKNOWN,
)  # fmt: skip
"""Every coding of a segment. All but `gsm7`, `binary` and `unknown` are names of Python's codecs too."""
ALPHABETS: Final = frozenset((*DEFAULT_ALPHABETS, *WORDS))
"""What a source may mean by any one data_coding."""

# SMPP 3.4 s.5.2.19, but 0x00 and 0x08, which follow the source's settings. 0x09 (pictograms) and the reserved ones have no
# alphabet to decode by; 0x0A is "ISO-2022-JP (music codes)", read as ISO-2022-JP.
_SMPP: Final[Mapping[int, str]] = {
    0x01: "ascii",
    0x02: BINARY,
    0x03: "latin1",
    0x04: BINARY,
    0x05: "shift_jis",
    0x06: "iso8859-5",
    0x07: "iso8859-8",
    0x0A: "iso2022_jp",
    0x0D: "euc_jp",
    0x0E: "euc_kr",
}


class Coding(NamedTuple):
    """How user data is to be read: a word of `WORDS`, its message class (0 to 3) if it has one, and for `gsm7` if it is packed."""

    word: str
    message_class: int | None = None
    packed: bool = False


@dataclass(slots=True, frozen=True)
class Reading:
    """How one source's network is to be read: the part of a source's options that decoding needs.

    `codings`: data_coding -> a word of `ALPHABETS`, for networks that mean something else by it.
    """

    default_alphabet: str = GSM7
    ucs2_order: str = "big"
    codings: Mapping[int, str] = field(default_factory=dict)
    national_number_prefix: str = ""
    text_receipts: bool = False
    table: tuple[Coding, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Made once for each source, so that a message costs one look-up.
        object.__setattr__(self, "table", tuple(_coding(value, self) for value in range(256)))

    @staticmethod
    def of(options: Mapping[str, object]) -> Reading:
        """The reading that a source's options ask for. What is missing or makes no sense is the default."""
        default, order = options.get("default_alphabet"), options.get("ucs2_order")
        prefix, alphabets = options.get("national_number_prefix"), options.get("alphabets")
        return Reading(
            default_alphabet=default if isinstance(default, str) and default in DEFAULT_ALPHABETS else GSM7,
            ucs2_order=order if isinstance(order, str) and order in UTF_16 else "big",
            codings=_codings(alphabets) if isinstance(alphabets, Mapping) else {},
            national_number_prefix=prefix if isinstance(prefix, str) else "",
            text_receipts=options.get("text_receipts") is True,
        )


def of(data_coding: int, reading: Reading) -> Coding:
    """What `data_coding` (one octet) means on a network that is read as `reading`."""
    return reading.table[data_coding & 0xFF]


def _codings(alphabets: Mapping[object, object]) -> dict[int, str]:
    """The usable rows of a table `{"8": "utf8"}`; a key is a decimal or `0x` number as a string, or an integer."""
    out: dict[int, str] = {}
    for key, word in alphabets.items():
        try:
            value = int(key, 0) if isinstance(key, str) else key
        except ValueError:
            continue
        if isinstance(value, int) and 0 <= value <= 0xFF and isinstance(word, str) and word in ALPHABETS:
            out[value] = word
    return out


def _coding(value: int, reading: Reading) -> Coding:
    standard, message_class = _standard(value)
    word = reading.codings.get(value) or standard or reading.default_alphabet
    # A network that packs its default alphabet packs GSM texts under every data_coding; one named in `codings` says so itself.
    packed = word == _PACKED or (word == GSM7 and value not in reading.codings and reading.default_alphabet == _PACKED)
    if word == _UCS2:
        word = UTF_16.get(reading.ucs2_order, UTF_16["big"])
    elif packed:
        word = GSM7
    return Coding(word if word in WORDS else UNKNOWN, message_class, packed)


def _standard(value: int) -> tuple[str, int | None]:
    """What the standards call `value`: an alphabet ("" the default one) and a message class."""
    group = value >> 4
    if group == 0x0:
        return ("", None) if value == 0 else (_UCS2, None) if value == 0x08 else (_SMPP.get(value, UNKNOWN), None)
    if group <= 0x7:  # general data coding, and from 0x4 on the same marked for automatic deletion
        message_class = value & 0x03 if value & 0x10 else None
        if value & 0x20:
            return UNKNOWN, message_class  # compressed by 3GPP 23.042
        return (GSM7, BINARY, _UCS2, "")[value >> 2 & 0x03], message_class
    if group == 0xF:  # data coding and message class
        return (BINARY if value & 0x04 else GSM7), value & 0x03
    if group == 0xE:  # message waiting, stored, in UCS-2
        return _UCS2, None
    # Message waiting in the GSM alphabet. Reserved codings are to be taken for the default alphabet (3GPP 23.038 s.4).
    return (GSM7 if group >= 0xC else ""), None
