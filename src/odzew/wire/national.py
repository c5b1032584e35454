"""The national language tables of the GSM 7 bit alphabet (3GPP 23.038 annex A), by national language identifier.

1 Turkish, 2 Spanish (single shift only), 3 Portuguese, 4 Bengali, 5 Gujarati, 6 Hindi, 7 Kannada, 8 Malayalam, 9 Oriya,
10 Punjabi, 11 Tamil, 12 Telugu, 13 Urdu. The scripts of India share one frame, and their letters stand at the same places of
their Unicode blocks; so only what differs is written here. Slips in prints of the standard (one letter of a block out of order,
or of another block) are put right by the block's order.
"""

from __future__ import annotations

from typing import Final

from odzew.wire.clean import REPLACEMENT

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
"""The default alphabet's extension table (3GPP 23.038 6.2.1.1). Every national single shift table holds all of it."""

# A.3.1 and A.3.3: sixteen rows of eight, as the default alphabet in `wire.gsm7`. At 1B stands the escape.
# fmt: off
_TURKISH: Final = (
    "@£$¥€éùı"
    "òÇ\nĞğ\rÅå"
    "Δ_ΦΓΛΩΠΨ"
    "ΣΘΞ ŞşßÉ"
    " !\"#¤%&'"
    "()*+,-./"
    "01234567"
    "89:;<=>?"
    "İABCDEFG"
    "HIJKLMNO"
    "PQRSTUVW"
    "XYZÄÖÑÜ§"
    "çabcdefg"
    "hijklmno"
    "pqrstuvw"
    "xyzäöñüà"
)
_PORTUGUESE: Final = (
    "@£$¥êéúí"
    "óç\nÔô\rÁá"
    "Δ_ªÇÀ∞^\\"
    "€Ó| ÂâÊÉ"
    " !\"#º%&'"
    "()*+,-./"
    "01234567"
    "89:;<=>?"
    "ÍABCDEFG"
    "HIJKLMNO"
    "PQRSTUVW"
    "XYZÃÕÚÜ§"
    "~abcdefg"
    "hijklmno"
    "pqrstuvw"
    "xyzãõ`üà"
)
# fmt: on
# A.2.1 to A.2.3: what they add to the default extension table.
_LATIN: Final[dict[int, dict[int, str]]] = {
    1: {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"},
    2: {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"},
    3: {
        0x05: "ê",
        0x09: "ç",
        0x0B: "Ô",
        0x0C: "ô",
        0x0E: "Á",
        0x0F: "á",
        0x12: "Φ",
        0x13: "Γ",
        0x15: "Ω",
        0x16: "Π",
        0x17: "Ψ",
        0x18: "Σ",
        0x19: "Θ",
        0x1F: "Ê",
        0x41: "À",
        0x49: "Í",
        0x4F: "Ó",
        0x55: "Ú",
        0x5B: "Ã",
        0x5C: "Õ",
        0x61: "Â",
        0x69: "í",
        0x6F: "ó",
        0x75: "ú",
        0x7B: "ã",
        0x7C: "õ",
        0x7F: "â",
    },
}  # fmt: skip

# A.3.4 to A.3.13: "·" is where a language's own character stands. The brackets are meant so: these tables have ")" first.
# fmt: off
_LOCKING_FRAME: Final = (
    "········"
    "··\n··\r··"
    "········"
    "··· ····"
    " !······"
    ")(··,·.·"
    "01234567"
    "89:;···?"
    "········"
    "········"
    "········"
    "········"
    "·abcdefg"
    "hijklmno"
    "pqrstuvw"
    "xyz·····"
)
# fmt: on
# The own characters of the scripts of India: the letters and signs of the block in its order, then six that differ.
_LETTERS: Final = (*range(0x01, 0x04), *range(0x05, 0x3A), *range(0x3C, 0x4E))
# Identifier -> the first code point of the block, the places in it that have no letter (their codes are open), the six.
_INDIC: Final[dict[int, tuple[int, str, str]]] = {
    4: (0x0980, "0D-0E 11-12 29 31 33-35 45-46 49-4A", "09CE 09D7 09DC 09DD 09F0 09F1"),
    5: (0x0A80, "0E 12 29 31 34 46 4A", "0AD0 0AE0 0AE1 0AE2 0AE3 0AF1"),
    6: (0x0900, "", "0950 0972 097B 097C 097E 097F"),
    7: (0x0C80, "01 0D 11 29 34 45 49", "0CD5 0CD6 0CE0 0CE1 0CE2 0CE3"),
    8: (0x0D00, "01 0D 11 29 3C 45 49", "0D57 0D60 0D61 0D62 0D63 0D79"),
    9: (0x0B00, "0D-0E 11-12 29 31 34 45-46 49-4A", "0B56 0B57 0B60 0B61 0B62 0B63"),
    10: (0x0A00, "0B-0E 11-12 29 31 34 37 3D 43-46 49-4A", "0A51 0A70 0A71 0A72 0A73 0A74"),
    11: (0x0B80, "01 0B-0D 11 16-18 1B 1D 20-22 25-27 2B-2D 3C-3D 43-45 49", "0BD0 0BD7 0BF0 0BF1 0BF2 0BF9"),
    12: (0x0C00, "0D 11 29 34 3C 45 49", "0C55 0C56 0C60 0C61 0C62 0C63"),
}
# A.3.13
_URDU: Final = (
    "0627 0622 0628 067B 0680 067E 06A6 062A 06C2 067F 0679 067D 067A 067C 062B 062C 0681 0684 0683 0685 0686 0687 062D 062E 062F "
    "068C 0688 0689 068A 068F 068D 0630 0631 0691 0693 0699 0632 0696 0698 069A 0633 0634 0635 0636 0637 0638 0639 0641 0642 06A9 "
    "06AA 06AB 06AF 06B3 06B1 0644 0645 0646 06BA 06BB 06BC 0648 06C4 06D5 06C1 06BE 0621 06CC 06D0 06D2 064D 0650 064F 0657 0654 "
    "0655 0651 0653 0656 0670"
)

# A.2.4 to A.2.13: what they have in common beside the default extension table, and the codes of each language's own characters.
_SIGNS: Final = {
    **dict(enumerate("@£$¥¿\"¤%&'")), **dict(enumerate("*+", 0x0B)), **dict(enumerate("-/<=>¡^¡_#*", 0x0E)),
    **dict(enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0x41)),
}  # fmt: skip
_OWN: Final = (0x19, 0x1A, *range(0x1C, 0x28), *range(0x2A, 0x2F), *range(0x30, 0x3C), 0x3F)
# Identifier -> its own characters in the order of those codes; 0: the code is open.
_SHIFTED: Final = {
    4: "09E6-09EF 09DF-09E3 09F2-09FA",
    5: "0964-0965 0AE6-0AEF",
    6: "0964-096F 0951-0954 0958-0963 0970-0971",
    7: "0964-0965 0CE6-0CEF 0CDE 0CF1-0CF2",
    8: "0964-0965 0D66-0D75 0D7A-0D7F",
    9: "0964-0965 0B66-0B6F 0B5C-0B5D 0B5F 0B70-0B71",
    10: "0964-0965 0A66-0A6F 0A59-0A5C 0A5E 0A75",
    11: "0964-0965 0BE6-0BEF 0BF3-0BF8 0BFA",
    12: "0 0 0C66-0C6F 0C58-0C59 0C78-0C7F",
    13: "0600-0601 06F0-06F9 060C-0614 061B 061F 0640 0652 0658 066B-066C 0672-0673 06CD 06D4",
}


def _points(words: str) -> list[int]:
    """The numbers of `words`: hexadecimal, single or as ranges with both ends."""
    ends = [[int(end, 16) for end in word.split("-")] for word in words.split()]
    return [point for first, *last in ends for point in range(first, (last or [first])[0] + 1)]


def _framed(points: list[int]) -> str:
    """A locking table: the frame, its own places taken by `points` in order."""
    own = iter(points)
    return "".join(chr(next(own)) if character == "·" else character for character in _LOCKING_FRAME)


def _indic(block: int, without: str, six: str) -> str:
    open_places = _points(without)
    return _framed([ord(REPLACEMENT) if place in open_places else block + place for place in _LETTERS] + _points(six))


def _shifted(words: str) -> dict[int, str]:
    return {**EXTENSION, **_SIGNS, **{code: chr(point) for code, point in zip(_OWN, _points(words), strict=False) if point}}


LOCKING: Final[dict[int, str]] = {
    1: _TURKISH,
    3: _PORTUGUESE,
    **{language: _indic(*row) for language, row in _INDIC.items()},
    13: _framed(_points(_URDU)),
}
"""National language identifier -> the 128 characters of its locking shift table; a space at the escape, U+FFFD at an open code."""

SINGLE: Final[dict[int, dict[int, str]]] = {
    **{language: {**EXTENSION, **own} for language, own in _LATIN.items()},
    **{language: _shifted(words) for language, words in _SHIFTED.items()},
}
"""National language identifier -> code -> character of its single shift table (codes that are open or control are not in it)."""
